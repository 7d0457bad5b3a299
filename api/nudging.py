"""Whom would a reminder reach, and how are they reminded?"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from api.commanding import region_not_found
from api.dependencies import Dependencies
from readiness.people import PersonStanding, PersonStatus
from store.deliver_people import nudge, reminded_since
from store.people import LONGEST_PAGE, Sought, tracker, whereabouts

MOST_NUDGED = 10_000
"""People that one request may remind."""

NOT_CERTIFIED = tuple(status for status in PersonStatus if status is not PersonStatus.CERTIFIED)
"""Everybody whom a launch still waits for: there is nothing to remind the others of."""

LATELY = timedelta(days=1)
"""Whoever was reminded within it is told apart: a digest comes once a day."""


class Chosen(NamedTuple):
    """Whom a reminder is for."""

    anew: tuple[PersonStanding, ...]
    """By id."""
    waiting: int
    """How many wait for their next digest already, and are not reminded twice."""
    lately: int
    """How many of `anew` were told within the last day."""
    is_cut: bool
    """True where there are more than MOST_NUDGED, who are left for another time."""


def chosen_people(
    tx: Connection, product: str, region: str, sought: Sought, people: Collection[str], *, now: datetime
) -> Chosen:
    """Return whom a reminder would reach: those of the audience who are sought, by their statuses, and those of
    `people` that are of it; raises the problem `not-found`."""
    here = whereabouts(tx, product, region, now=now)
    if here is None:
        raise region_not_found(product, region)
    chosen: dict[str, PersonStanding] = {}
    # Without a status only who is named is meant: nobody reminds everybody by leaving something out.
    asked: list[tuple[Sought, Collection[str] | None]] = [(sought, None)] if sought.statuses else []
    asked += [(Sought(), frozenset(people))] if people else []
    for wanted, named in asked:
        cursor: str | None = ""
        while cursor is not None and len(chosen) <= MOST_NUDGED:
            page, cursor = tracker(
                tx,
                product,
                region,
                at=here.judged_at,
                gathered_at=now,
                sought=wanted,
                cursor=cursor,
                limit=LONGEST_PAGE,
            )
            chosen |= {each.person_id: each for each in page if named is None or each.person_id in named}
    told = reminded_since(tx, product, region, since=now - LATELY)
    meant = [chosen[person] for person in sorted(chosen)[:MOST_NUDGED]]
    anew = tuple(each for each in meant if not told.get(each.person_id))
    lately = sum(each.person_id in told for each in anew)
    return Chosen(anew, len(meant) - len(anew), lately, is_cut=len(chosen) > MOST_NUDGED)


def remind(
    deps: Dependencies, product: str, region: str, sought: Sought, people: Collection[str] = (), *, by: str
) -> tuple[tuple[str, ...], int]:
    """Remind those people; return who is, and how many waited for a digest already. Raises `not-found`."""
    with deps.store.writing() as tx:
        now = deps.store.now(tx)
        chosen = chosen_people(tx, product, region, sought, people, now=now)
        fresh = nudge(tx, product, region, [each.person_id for each in chosen.anew], by=by, now=now)
        return fresh, chosen.waiting
