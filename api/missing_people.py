"""Who, by name, is missing where people have still to learn, as far as the reader may know?"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from api.identity import Actor
from api.rights import Action, can
from readiness.people import WAITED_FOR, PersonStatus
from readiness.policy import CriterionKey
from readiness.readiness import Readiness
from store.people import Sought, tracker_now
from templates.pages import Missing, MissingOnes

MOST_NAMED = 8
"""People who are named: as many as one sees at once, and as one would write to."""

MOST_LOOKED_AT = 500
"""The largest audience that is looked through for those few; a larger one has its own page."""

MOST_NAMED_FOR = 3
"""Regions on one page for which names are read: those of people who are missing, or of texts to be written anew."""

_NEAREST_FIRST = (
    PersonStatus.LAPSES,
    PersonStatus.TRAINED,
    PersonStatus.LEARNING,
    PersonStatus.NOT_STARTED,
    PersonStatus.FAILED,
)


class Naming:
    """Names who is missing in the first regions that a page tells of; each takes two queries."""

    def __init__(self, tx: Connection, actor: Actor, *, now: datetime) -> None:
        self._tx, self._actor, self._now = tx, actor, now
        self._left = MOST_NAMED_FOR

    def missing(self, readiness: Readiness, criteria: Collection[CriterionKey]) -> Missing | None:
        """Return what `missing_people` does; None once that was asked for as many regions as are named."""
        if not criteria or self._left == 0:
            return None
        self._left -= 1
        return missing_people(self._tx, self._actor, readiness, criteria, now=self._now)


def missing_people(
    tx: Connection, actor: Actor, readiness: Readiness, criteria: Collection[CriterionKey], *, now: datetime
) -> Missing | None:
    """Return who has not learned what `criteria` ask for, met or not; None where everybody has, that is not for
    `actor` to know, or the audience is larger than `MOST_LOOKED_AT`. Two queries."""
    short = [each for each in readiness.of_people if each.key in criteria and each.numerator < each.denominator]
    if not short or not can(actor, Action.READ_PEOPLE, readiness.region):
        return None
    if max(each.denominator for each in short) > MOST_LOOKED_AT:
        return None
    lacking = {status for each in short for status in WAITED_FOR[each.key]}
    found = tracker_now(
        tx,
        readiness.product,
        readiness.region,
        now=now,
        sought=Sought(statuses=tuple(lacking)),
        limit=MOST_LOOKED_AT,
    )
    if found is None:
        return None
    people, _ = found
    nearest = sorted(people, key=lambda each: _NEAREST_FIRST.index(each.status))
    named: dict[PersonStatus, list[str]] = {}
    for each in nearest[:MOST_NAMED]:
        named.setdefault(each.status, []).append(each.name or each.person_id)
    return Missing(
        named=tuple(MissingOnes(status, tuple(names)) for status, names in named.items()),
        more=max(0, len(people) - MOST_NAMED),
    )
