"""What follows in a region if people do not learn in time, who are they, and who may remind them?"""

from collections.abc import Iterator

from api.identity import Actor
from api.rights import RIGHTS, Action, can
from readiness.people import WAITED_FOR
from readiness.policy import SHARES
from readiness.readiness import Readiness
from readiness.region import RegionLaunch
from templates.pages import IfMissed, Lacking, PeopleFilters


def if_missed(actor: Actor, region: RegionLaunch, readiness: Readiness) -> IfMissed | None:
    """Return what follows if people miss their gates in `region`; None where that is over."""
    if region.ending is not None:
        return None
    waivable = SHARES.intersection(region.policy.waivers.waivable)
    return IfMissed(
        lacking=tuple(_lacking(actor, readiness)),
        waivable=tuple(each.key for each in readiness.of_people if each.key in waivable),
        asked_by=RIGHTS[Action.REQUEST_WAIVER].roles,
        granted_by=RIGHTS[Action.ANSWER_WAIVER].roles,
        reminded_by=RIGHTS[Action.NUDGE].roles,
    )


def _lacking(actor: Actor, readiness: Readiness) -> Iterator[Lacking]:
    for each in readiness.of_people:
        people = PeopleFilters(product=readiness.product, region=readiness.region, statuses=WAITED_FOR[each.key])
        yield Lacking(
            criterion=each.key,
            people=each.denominator - each.numerator,
            needed=each.needed,
            is_satisfied=each.is_satisfied,
            due_at=each.due_at,
            people_address=people.address() if can(actor, Action.READ_PEOPLE, readiness.region) else None,
            nudge_address=people.address("/nudge") if can(actor, Action.NUDGE, readiness.region) else None,
        )
