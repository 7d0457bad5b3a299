"""What stands in a file of the people of a region, row by row?"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from api.dependencies import Dependencies
from api.people_page import sought_by, where_people_learn
from api.sheets import Cell
from readiness.people import PersonStanding, PersonStatus, due_at
from store.names import names_of
from store.people import LONGEST_PAGE, Whereabouts, tracker
from templates.pages import PeopleFilters

HEAD = (
    "person_id",
    "name",
    "manager_id",
    "manager",
    "territory",
    "status",
    "missing_courses",
    "best_score",
    "attempts_left",
    "trained_at",
    "certified_until",
    "lapses_before_launch",
    "last_activity_at",
    "due_at",
)
"""The columns; moments are in UTC, and the ids of missing courses have spaces between them."""


def people_found(deps: Dependencies, filters: PeopleFilters) -> tuple[Whereabouts, datetime]:
    """Return where the people learn, and the moment at which all pages of a file are read; raises `not-found`."""
    with deps.store.reading() as tx:
        return where_people_learn(tx, deps, filters), deps.store.now(tx)


def people_rows(
    deps: Dependencies, filters: PeopleFilters, here: Whereabouts, *, read_at: datetime
) -> Iterator[Sequence[Sequence[Cell]]]:
    """Yield everybody who fits the filters, page by page, with the head before the first."""
    yield [HEAD]
    cursor: str | None = ""
    while cursor is not None:
        with deps.store.reading() as tx:
            page, cursor = tracker(
                tx,
                filters.product,
                filters.region,
                at=here.judged_at,
                gathered_at=read_at,
                sought=sought_by(filters),
                cursor=cursor,
                limit=LONGEST_PAGE,
            )
            names = names_of(tx, {each.manager_id for each in page if each.manager_id is not None})
        if page:
            yield [_row(each, here, names) for each in page]


def _row(each: PersonStanding, here: Whereabouts, names: dict[str, str]) -> tuple[Cell, ...]:
    return (
        each.person_id,
        each.name,
        each.manager_id,
        names.get(each.manager_id or ""),
        each.territory,
        each.status.value,
        " ".join(each.missing_courses),
        float(each.best_score) if each.best_score is not None else None,
        each.attempts_left,
        _moment(each.trained_at),
        _moment(each.certified_until),
        "yes" if each.status is PersonStatus.LAPSES else "no",
        _moment(each.last_activity_at),
        _moment(due_at(each.status, here.policy, launch_at=here.launch_at)),
    )


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
