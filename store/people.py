"""Who in a region is missing what?"""

# A page looks at no more people than it needs: it takes the next ones of the audience by their id, finds out how far
# they have come and, while a filter by status leaves too few of them, goes on with the next, each time more at once.

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Integer, Row, String, TextualSelect, bindparam, column, select, text

from readiness.people import PersonStanding, PersonStatus, valid_until
from readiness.region import Verdict
from store.figures import valid_from
from store.records_schema import region_launches
from store.types import Score, UtcDateTime

LONGEST_PAGE = 1_000
"""People in the longest page of the tracker."""

GROWTH = 4
"""How many times more people than before are looked at, where a status leaves too few: what one in four has takes one
look, and the rarest takes few."""

_NAMED = """
    SELECT held.person_id, held.manager_id
    FROM audience named CROSS JOIN roster held
    WHERE named.product = :product AND named.region = :region AND named.person_id > :cursor AND named.active
        AND named.from_at <= :at AND named.until_at > :at AND held.person_id = named.person_id AND held.active
        AND held.from_at <= :at AND held.until_at > :at {of_manager}
    ORDER BY named.person_id LIMIT :looked_at
"""

_OF_FUNCTIONS = """
    SELECT held.person_id, held.manager_id
    FROM roster held
    WHERE held.region = :region AND held.active = TRUE AND held.function IN :functions AND held.person_id > :cursor
        AND held.from_at <= :at AND held.until_at > :at {of_manager}
    ORDER BY held.person_id LIMIT :looked_at
"""

_TRACKER = """
    WITH members AS MATERIALIZED ({members}),
    learners AS MATERIALIZED (
        SELECT person_id, manager_id, COUNT(first_at) AS completed, {listed} AS listed,
            CASE WHEN COUNT(first_at) = :required THEN MAX(first_at) END AS trained_at
        FROM (
            SELECT members.person_id, members.manager_id, needed.course_id, (
                SELECT MIN(done.completed_at) FROM completions done
                WHERE done.person_id = members.person_id AND done.course_id = needed.course_id
                    AND done.completed_at <= :latest_at AND done.current AND NOT done.void
                    AND (needed.min_score = 0 OR done.score >= needed.min_score)) AS first_at
            FROM members LEFT JOIN required_courses needed ON needed.product = :product
            LIMIT 9223372036854775807) firsts
        GROUP BY person_id, manager_id),
    proofs AS MATERIALIZED (
        SELECT person_id, COUNT(*) AS used, MAX(score) AS best_score,
            MAX(CASE WHEN score >= :pass_mark THEN attempted_at END) AS last_pass_at
        FROM (
            SELECT learners.person_id, taken.attempted_at, taken.score,
                ROW_NUMBER() OVER (PARTITION BY learners.person_id ORDER BY taken.attempted_at) AS turn
            FROM learners CROSS JOIN attempts taken
            WHERE learners.trained_at IS NOT NULL
                AND taken.person_id = learners.person_id AND taken.assessment_id = :assessment_id
                AND taken.attempted_at >= learners.trained_at AND taken.attempted_at <= :latest_at
                AND taken.current AND NOT taken.void) sat
        WHERE :max_attempts IS NULL OR turn <= :max_attempts
        GROUP BY person_id),
    standing AS (
        SELECT learners.person_id, learners.manager_id, learners.trained_at, learners.listed, proofs.best_score,
            proofs.last_pass_at, COALESCE(proofs.used, 0) AS used,
            CASE
                WHEN proofs.last_pass_at > :valid_from THEN 'certified'
                WHEN proofs.last_pass_at > :valid_now_from THEN 'lapses'
                WHEN learners.trained_at IS NOT NULL AND COALESCE(proofs.used, 0) >= :max_attempts THEN 'failed'
                WHEN learners.trained_at IS NOT NULL THEN 'trained'
                WHEN learners.completed > 0 THEN 'learning'
                ELSE 'not_started' END AS status
        FROM learners LEFT JOIN proofs ON proofs.person_id = learners.person_id)
    SELECT looked.people, looked.last_id, standing.person_id, people.name, standing.manager_id, standing.status,
        standing.trained_at, standing.best_score, standing.last_pass_at, standing.used, standing.listed
    FROM (SELECT COUNT(*) AS people, MAX(person_id) AS last_id FROM members) looked
        LEFT JOIN standing ON standing.status IN :statuses
        LEFT JOIN people ON people.person_id = standing.person_id
    ORDER BY standing.person_id
    LIMIT :limit
"""
"""There is one row at least, which says how many people were looked at. The LIMIT that no table reaches keeps both
databases from working out `first_at` once for each time that it is mentioned."""

_LISTED = {
    "sqlite": "GROUP_CONCAT(CASE WHEN first_at IS NOT NULL THEN course_id END, ' ')",
    "postgresql": "STRING_AGG(CASE WHEN first_at IS NOT NULL THEN course_id END, ' ')",
}

_ASKED = text("""
    SELECT 'proof' AS what, assessment_id AS id, 0 AS place, pass_mark, valid_days, max_attempts
    FROM product_requirements WHERE product = :product
    UNION ALL
    SELECT 'course', course_id, place, NULL, NULL, NULL FROM required_courses WHERE product = :product
    UNION ALL
    SELECT 'function', function, 0, NULL, NULL, NULL FROM required_functions WHERE product = :product
    UNION ALL
    SELECT 'named', '', 0, NULL, NULL, NULL WHERE EXISTS (
        SELECT 1 FROM audience
        WHERE product = :product AND region = :region AND from_at <= :at AND until_at > :at)
    ORDER BY place
""").bindparams(bindparam("at", type_=UtcDateTime))
_ASKED_OF = _ASKED.columns(
    column("what", String),
    column("id", String),
    column("place", Integer),
    column("pass_mark", Score),
    column("valid_days", Integer),
    column("max_attempts", Integer),
)
"""All that must be known before people are looked at, at once: each question more is felt in every page."""

_LATEST = select(region_launches.c.launch_at, region_launches.c.verdict).where(
    region_launches.c.product == bindparam("product"),
    region_launches.c.region == bindparam("region"),
    region_launches.c.is_latest,
)


class _Asked(NamedTuple):
    """What a product asks of the people of a region, and whether these are named; nothing where it asks nothing."""

    courses: tuple[str, ...]
    functions: tuple[str, ...]
    is_named: bool
    assessment_id: str | None = None
    pass_mark: Decimal | None = None
    valid_days: int | None = None
    max_attempts: int | None = None


def people_judged_at(tx: Connection, product: str, region: str, *, now: datetime) -> datetime | None:
    """Return what `readiness.rules.judged_instant` says of the latest run of `product` in `region`, without folding
    it; None where there was none."""
    row = tx.execute(_LATEST, {"product": product, "region": region}).first()
    if row is None:
        return None
    launch_at: datetime = row.launch_at
    return now if row.verdict == Verdict.LAUNCHED.value else max(launch_at, now)


def tracker(
    tx: Connection,
    product: str,
    region: str,
    *,
    at: datetime,
    gathered_at: datetime,
    statuses: Collection[PersonStatus] = (),
    manager: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[tuple[PersonStanding, ...], str | None]:
    """Return a page of the audience of `region` at `at`, by person id, and the cursor of the next page or None.

    Only people of `statuses`, where any are given, and of the manager that they have at `at`. `cursor` is the last
    person id of the page before. Each row is `readiness.people.standing` of the same facts. Raises ValueError for a
    page that is not between 1 and LONGEST_PAGE people long.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise ValueError(f"a page has 1 to {LONGEST_PAGE} people, not {limit}")
    asked = _asked(tx, product, region, at)
    wanted = frozenset(statuses) or frozenset(PersonStatus)
    query = _query(tx.dialect.name, is_named=asked.is_named, is_managed=manager is not None)
    values = {
        "product": product,
        "region": region,
        "at": at,
        "latest_at": min(at, gathered_at),
        "required": len(asked.courses),
        "assessment_id": asked.assessment_id,
        "pass_mark": asked.pass_mark,
        "max_attempts": asked.max_attempts,
        "valid_from": valid_from(at, asked.valid_days),
        "valid_now_from": valid_from(gathered_at, asked.valid_days),
        "statuses": sorted(wanted),
        **({} if asked.is_named else {"functions": asked.functions}),
        **({} if manager is None else {"manager": manager}),
    }
    found: list[Row[*tuple[Any, ...]]] = []
    looked_at = limit + 1 if len(wanted) == len(PersonStatus) else (limit + 1) * GROWTH
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


def _asked(tx: Connection, product: str, region: str, at: datetime) -> _Asked:
    ids: dict[str, list[str]] = defaultdict(list)
    proof: dict[str, Any] = {}
    for what, id_, _, pass_mark, valid_days, max_attempts in tx.execute(
        _ASKED_OF, {"product": product, "region": region, "at": at}
    ):
        ids[what].append(id_)
        if what == "proof":
            proof = {"pass_mark": pass_mark, "valid_days": valid_days, "max_attempts": max_attempts}
            proof["assessment_id"] = id_
    return _Asked(
        courses=tuple(ids["course"]), functions=tuple(sorted(ids["function"])), is_named="named" in ids, **proof
    )


@cache
def _query(dialect: str, *, is_named: bool, is_managed: bool) -> TextualSelect:
    """Return the query: putting it together anew for each page would take longer than carrying it out."""
    of_manager = "AND held.manager_id = :manager" if is_managed else ""
    members = (_NAMED if is_named else _OF_FUNCTIONS).format(of_manager=of_manager)
    typed: list[BindParameter[Any]] = [
        *(bindparam(name, type_=UtcDateTime) for name in ("at", "latest_at", "valid_from", "valid_now_from")),
        *(bindparam(name, expanding=True) for name in ("statuses", *([] if is_named else ["functions"]))),
        bindparam("pass_mark", type_=Score),
        bindparam("max_attempts", type_=Integer),
    ]
    return (
        text(_TRACKER.format(members=members, listed=_LISTED[dialect]))
        .bindparams(*typed)
        .columns(
            column("people", Integer),
            *(column(name, String) for name in ("last_id", "person_id", "name", "manager_id", "status")),
            column("trained_at", UtcDateTime),
            column("best_score", Score),
            column("last_pass_at", UtcDateTime),
            column("used", Integer),
            column("listed", String),
        )
    )


class _Standings:
    """Makes rows of the tracker of rows of the query; what is the same for many people is found out once."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._missing: dict[str | None, tuple[str, ...]] = {}

    def of(self, row: Row[*tuple[Any, ...]]) -> PersonStanding:
        _, _, person_id, name, manager_id, status, trained_at, best_score, last_pass_at, used, listed = row
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
        )
