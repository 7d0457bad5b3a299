"""What follows in a region if people do not learn in time, who are they, and who may remind them?"""

from collections.abc import Iterator

from api.identity import Actor
from api.rights import RIGHTS, Action, can
from readiness.people import LACKING, PersonStatus
from readiness.policy import SHARES, CriterionKey, Stage
from readiness.readiness import CriterionResult, Readiness
from readiness.region import RegionLaunch
from templates.pages import IfMissed, Lacking, PeopleFilters

_WAITED_FOR: dict[CriterionKey, tuple[PersonStatus, ...]] = {
    CriterionKey.TRAINING_COMPLETION: LACKING[Stage.TRAINING],
    # Who is not trained is not certified either.
    CriterionKey.CERTIFIED_SHARE: (*LACKING[Stage.TRAINING], *LACKING[Stage.CERTIFICATION]),
}


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
        people = PeopleFilters(product=readiness.product, region=readiness.region, statuses=_WAITED_FOR[each.key])
        yield Lacking(
            criterion=each.key,
            people=_missing(each),
            needed=each.needed,
            is_satisfied=each.is_satisfied,
            due_at=each.due_at,
            people_address=people.address() if can(actor, Action.READ_PEOPLE, readiness.region) else None,
            nudge_address=people.address("/nudge") if can(actor, Action.NUDGE, readiness.region) else None,
        )


def _missing(of: CriterionResult) -> int:
    return of.denominator - of.numerator
