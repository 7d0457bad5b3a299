"""Who, by name, is missing where people have still to learn, as far as the reader may know?"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from api.identity import Actor
from api.rights import Action, can
from readiness.people import WAITED_FOR, PersonStatus
from readiness.policy import CriterionKey
from readiness.readiness import Readiness
from store.people import Sought, people_judged_at, tracker
from templates.pages import Missing, MissingOnes

MOST_NAMED = 8
"""People who are named: as many as one sees at once, and as one would write to."""

MOST_LOOKED_AT = 500
"""The largest audience that is looked through for those few; a larger one has its own page."""

_NEAREST_FIRST = (
    PersonStatus.LAPSES,
    PersonStatus.TRAINED,
    PersonStatus.LEARNING,
    PersonStatus.NOT_STARTED,
    PersonStatus.FAILED,
)


def missing_people(
    tx: Connection, actor: Actor, readiness: Readiness, criteria: Collection[CriterionKey], *, now: datetime
) -> Missing | None:
    """Return who is missing for those of `criteria` that are unmet; None where that is not for `actor` to know, or
    the audience is larger than `MOST_LOOKED_AT`. Three queries."""
    unmet = [each for each in readiness.of_people if each.key in criteria and not each.is_satisfied]
    if not unmet or not can(actor, Action.READ_PEOPLE, readiness.region):
        return None
    if max(each.denominator for each in unmet) > MOST_LOOKED_AT:
        return None
    at = people_judged_at(tx, readiness.product, readiness.region, now=now)
    if at is None:
        return None
    lacking = {status for each in unmet for status in WAITED_FOR[each.key]}
    found, _ = tracker(
        tx,
        readiness.product,
        readiness.region,
        at=at,
        gathered_at=now,
        sought=Sought(statuses=tuple(lacking)),
        limit=MOST_LOOKED_AT,
    )
    nearest = sorted(found, key=lambda each: _NEAREST_FIRST.index(each.status))
    named: dict[PersonStatus, list[str]] = {}
    for each in nearest[:MOST_NAMED]:
        named.setdefault(each.status, []).append(each.name or each.person_id)
    return Missing(
        named=tuple(MissingOnes(status, tuple(names)) for status, names in named.items()),
        more=max(0, len(found) - MOST_NAMED),
    )
