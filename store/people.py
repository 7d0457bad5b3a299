"""Who in a region is missing what?"""

# A page looks at no more people than it needs: it takes the next ones of the audience by their id, finds out how far
# they have come and, while a filter by status leaves too few of them, goes on with the next, each time more at once.

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Row, String, bindparam, column, select, text

from readiness.people import PersonStanding, PersonStatus, valid_until
from readiness.policy import Policy
from readiness.region import Verdict
from store.facts_schema import courses, required_courses
from store.figures import valid_from
from store.people_sql import counts_query, page_query, teams_query
from store.records_schema import region_launches
from store.types import Score, UtcDateTime

LONGEST_PAGE = 1_000
"""People in the longest page of the tracker."""

GROWTH = 4
"""How many times more people than before are looked at, where a status leaves too few: what one in four has takes one
look, and the rarest takes few."""

_ASKED = text("""
    SELECT 'launch' AS what, verdict AS id, 0 AS place, launch_at, NULL AS pass_mark, NULL AS valid_days,
        NULL AS max_attempts
    FROM region_launches WHERE product = :product AND region = :region AND is_latest
    UNION ALL
    SELECT 'proof', assessment_id, 0, NULL, pass_mark, valid_days, max_attempts
    FROM product_requirements WHERE product = :product
    UNION ALL
    SELECT 'course', course_id, place, NULL, NULL, NULL, NULL FROM required_courses WHERE product = :product
    UNION ALL
    SELECT 'function', function, 0, NULL, NULL, NULL, NULL FROM required_functions WHERE product = :product
    UNION ALL
    SELECT 'named', '', 0, NULL, NULL, NULL, NULL WHERE EXISTS (
        SELECT 1 FROM audience
        WHERE product = :product AND region = :region AND from_at <= :at AND until_at > :at)
    UNION ALL
    SELECT 'named on the day', '', 0, NULL, NULL, NULL, NULL WHERE EXISTS (
        SELECT 1 FROM region_launches launch
            JOIN audience ON audience.product = launch.product AND audience.region = launch.region
                AND from_at <= launch.launch_at AND until_at > launch.launch_at
        WHERE launch.product = :product AND launch.region = :region AND launch.is_latest)
    ORDER BY place
""").bindparams(bindparam("at", type_=UtcDateTime))
_ASKED_OF = _ASKED.columns(
    column("what", String),
    column("id", String),
    column("place", Integer),
    column("launch_at", UtcDateTime),
    column("pass_mark", Score),
    column("valid_days", Integer),
    column("max_attempts", Integer),
)
"""All that must be known before people are looked at, at once: each question more is felt in every page."""

_LATEST = select(
    region_launches.c.product_name,
    region_launches.c.name,
    region_launches.c.time_zone,
    region_launches.c.launch_at,
    region_launches.c.verdict,
    region_launches.c.state["policy"].label("policy"),
).where(
    region_launches.c.product == bindparam("product"),
    region_launches.c.region == bindparam("region"),
    region_launches.c.is_latest,
)

_TITLES = (
    select(required_courses.c.course_id, courses.c.title)
    .join_from(required_courses, courses, courses.c.course_id == required_courses.c.course_id, isouter=True)
    .where(required_courses.c.product == bindparam("product"))
    .order_by(required_courses.c.place)
)


class Sought(NamedTuple):
    """Which people of an audience are asked for: all of them, where nothing is said."""

    statuses: tuple[PersonStatus, ...] = ()
    manager: str | None = None
    """The id of the manager that they have at the judged instant."""
    territory: str | None = None
    course: str | None = None
    """Only those who have not completed this course."""
    called: str | None = None
    """Only those whose name or id has this in it, in capitals or not."""

    @property
    def narrowed_by(self) -> tuple[str, ...]:
        """What the roster alone tells of whom is asked for."""
        return tuple(name for name in ("manager", "territory", "called") if getattr(self, name) is not None)


EVERYBODY = Sought()


class Whereabouts(NamedTuple):
    """Which region launch the people are learning for, and at which instant they are judged."""

    product_name: str
    region_name: str
    time_zone: str
    launch_at: datetime
    judged_at: datetime
    policy: Policy


class Counts(NamedTuple):
    """How many of the people sought have each status, and how many lack each required course."""

    statuses: dict[PersonStatus, int]
    courses: dict[str, int]


class Teams(NamedTuple):
    """The ids of the managers, and the territories, that the people of an audience have; each sorted."""

    managers: tuple[str, ...]
    territories: tuple[str, ...]


class _Asked(NamedTuple):
    """What a product asks of the people of a region at an instant, and whether these are named; nothing where it asks
    nothing."""

    product: str
    region: str
    at: datetime
    courses: tuple[str, ...]
    functions: tuple[str, ...]
    is_named: bool
    assessment_id: str | None = None
    pass_mark: Decimal | None = None
    valid_days: int | None = None
    max_attempts: int | None = None


_Found = defaultdict[str, list[Row[*tuple[Any, ...]]]]
"""The rows of `_ASKED`, by what they tell of."""


def whereabouts(tx: Connection, product: str, region: str, *, now: datetime) -> Whereabouts | None:
    """Return what the latest run of `product` in `region` is called and when its people are judged, or None."""
    row = tx.execute(_LATEST, {"product": product, "region": region}).first()
    if row is None:
        return None
    policy = Policy.model_validate(row.policy)
    judged_at = _judged_at(row.verdict, row.launch_at, now=now)
    return Whereabouts(row.product_name, row.name, row.time_zone, row.launch_at, judged_at, policy)


def _judged_at(verdict: str, launch_at: datetime, *, now: datetime) -> datetime:
    """Return what `readiness.rules.judged_instant` says of a region launch, without folding it."""
    return now if verdict == Verdict.LAUNCHED.value else max(launch_at, now)


def course_titles(tx: Connection, product: str) -> dict[str, str]:
    """Return the title of each course that `product` asks for, by id, in the order of its plan."""
    return {row.course_id: row.title or row.course_id for row in tx.execute(_TITLES, {"product": product})}


def tracker(
    tx: Connection,
    product: str,
    region: str,
    *,
    at: datetime,
    gathered_at: datetime,
    sought: Sought = EVERYBODY,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[tuple[PersonStanding, ...], str | None]:
    """Return a page of the audience of `region` at `at`, by person id, and the cursor of the next page or None.

    Only people who are `sought`. `cursor` is the last person id of the page before. Each row is
    `readiness.people.standing` of the same facts. Raises ValueError for a page that is not between 1 and LONGEST_PAGE
    people long.
    """
    return _page(tx, _asked(tx, product, region, at), gathered_at, sought, cursor, limit)


def tracker_now(
    tx: Connection,
    product: str,
    region: str,
    *,
    now: datetime,
    sought: Sought = EVERYBODY,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[tuple[PersonStanding, ...], str | None] | None:
    """Return what `tracker` does at the instant at which people of the latest run are judged; None where there was
    none."""
    asked = _asked_now(tx, product, region, now)
    return _page(tx, asked, now, sought, cursor, limit) if asked is not None else None


def _page(
    tx: Connection,
    asked: _Asked,
    gathered_at: datetime,
    sought: Sought,
    cursor: str | None,
    limit: int,
) -> tuple[tuple[PersonStanding, ...], str | None]:
    if not 1 <= limit <= LONGEST_PAGE:
        raise ValueError(f"a page has 1 to {LONGEST_PAGE} people, not {limit}")
    wanted = frozenset(sought.statuses) or frozenset(PersonStatus)
    query = page_query(tx.dialect.name, is_named=asked.is_named, narrowed_by=sought.narrowed_by)
    values = _values(asked, gathered_at=gathered_at, sought=sought)
    values["statuses"] = sorted(wanted)
    found: list[Row[*tuple[Any, ...]]] = []
    is_whole = len(wanted) == len(PersonStatus) and sought.course is None
    looked_at = limit + 1 if is_whole else (limit + 1) * GROWTH
    last_id: str | None = cursor or ""
    while len(found) <= limit and last_id is not None:
        here = {"cursor": last_id, "looked_at": looked_at, "limit": limit + 1 - len(found)}
        rows = tx.execute(query, values | here).all()
        found += [row for row in rows if row.person_id is not None]
        last_id = rows[0].last_id if rows[0].people == looked_at else None
        looked_at *= GROWTH
    standings = _Standings(asked)
    page = tuple(standings.of(row) for row in found[:limit])
    return page, page[-1].person_id if len(found) > limit else None


def counted_people(
    tx: Connection, product: str, region: str, *, at: datetime, gathered_at: datetime, sought: Sought = EVERYBODY
) -> Counts:
    """Count the people sought, whatever their status; those who lack a course are counted whichever is sought."""
    asked = _asked(tx, product, region, at)
    query = counts_query(tx.dialect.name, is_named=asked.is_named, narrowed_by=sought.narrowed_by)
    values = _values(asked, gathered_at=gathered_at, sought=sought)
    counted = Counts(dict.fromkeys(PersonStatus, 0), dict.fromkeys(asked.courses, 0))
    for what, id_, people in tx.execute(query, values | {"cursor": ""}):
        if what == "status":
            counted.statuses[PersonStatus(id_)] = people
        else:
            counted.courses[id_] = people
    return counted


def teams_of(tx: Connection, product: str, region: str, *, at: datetime) -> Teams:
    """Return whom the people of an audience have as managers at `at`, and in which territories they are."""
    asked = _asked(tx, product, region, at)
    values = {"product": product, "region": region, "at": at, "cursor": ""}
    rows = tx.execute(
        teams_query(is_named=asked.is_named), values | ({} if asked.is_named else {"functions": asked.functions})
    ).all()
    return Teams(
        tuple(sorted({row.manager_id for row in rows if row.manager_id is not None})),
        tuple(sorted({row.territory for row in rows if row.territory is not None})),
    )


def _values(asked: _Asked, *, gathered_at: datetime, sought: Sought) -> dict[str, Any]:
    """Return what a query about people is asked with, beside how many of them."""
    at = asked.at
    narrowed = {"manager": sought.manager, "territory": sought.territory, "called": _pattern(sought.called or "")}
    return {
        "product": asked.product,
        "region": asked.region,
        "at": at,
        "latest_at": min(at, gathered_at),
        "required": len(asked.courses),
        "assessment_id": asked.assessment_id,
        "pass_mark": asked.pass_mark,
        "max_attempts": asked.max_attempts,
        "valid_from": valid_from(at, asked.valid_days),
        "valid_now_from": valid_from(gathered_at, asked.valid_days),
        "course": sought.course or "",
        "lacks": 0 if sought.course is None else 1,
        **({} if asked.is_named else {"functions": asked.functions}),
        **{name: narrowed[name] for name in sought.narrowed_by},
    }


def _pattern(called: str) -> str:
    """Return the pattern of names that have this in them, with nothing in it that stands for anything else."""
    plain = called.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{plain}%"


def _asked(tx: Connection, product: str, region: str, at: datetime) -> _Asked:
    found = _found(tx, product, region, at)
    return _asked_at(product, region, at, found, is_named=bool(found["named"]))


def _asked_now(tx: Connection, product: str, region: str, now: datetime) -> _Asked | None:
    """Return what is asked at the instant at which people are judged; None where there was no launch. One query: who
    is named is asked for both instants that it may be."""
    found = _found(tx, product, region, now)
    if not found["launch"]:
        return None
    [launch] = found["launch"]
    at = _judged_at(launch.id, launch.launch_at, now=now)
    return _asked_at(product, region, at, found, is_named=bool(found["named" if at == now else "named on the day"]))


def _found(tx: Connection, product: str, region: str, at: datetime) -> _Found:
    found: _Found = defaultdict(list)
    for row in tx.execute(_ASKED_OF, {"product": product, "region": region, "at": at}):
        found[row.what].append(row)
    return found


def _asked_at(product: str, region: str, at: datetime, found: _Found, *, is_named: bool) -> _Asked:
    asked = _Asked(
        product=product,
        region=region,
        at=at,
        courses=tuple(row.id for row in found["course"]),
        functions=tuple(sorted(row.id for row in found["function"])),
        is_named=is_named,
    )
    if not found["proof"]:
        return asked
    [proof] = found["proof"]
    return asked._replace(
        assessment_id=proof.id,
        pass_mark=proof.pass_mark,
        valid_days=proof.valid_days,
        max_attempts=proof.max_attempts,
    )


class _Standings:
    """Makes rows of the tracker of rows of the query; what is the same for many people is found out once."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._missing: dict[str | None, tuple[str, ...]] = {}

    def of(self, row: Row[*tuple[Any, ...]]) -> PersonStanding:
        _, _, person_id, name, manager_id, territory, status, trained_at, best_score, last_pass_at, used, *more = row
        listed, completed_at, attempted_at = more
        if listed not in self._missing:
            completed = (listed or "").split()
            self._missing[listed] = tuple(course for course in self._asked.courses if course not in completed)
        most = self._asked.max_attempts
        return PersonStanding(
            person_id=person_id,
            name=name,
            manager_id=manager_id,
            status=status,
            missing_courses=self._missing[listed],
            trained_at=trained_at,
            best_score=best_score,
            certified_until=valid_until(last_pass_at, self._asked.valid_days) if last_pass_at else None,
            attempts_left=None if most is None else most - used,
            territory=territory,
            last_activity_at=max(filter(None, (completed_at, attempted_at)), default=None),
        )
