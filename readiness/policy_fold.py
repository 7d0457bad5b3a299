"""What do events make of a region's policy?"""

# Part of the fold: what these functions make of a written event never changes.

from typing import Any

from readiness.policy import Policy, Stage
from readiness.policy_events import (
    Applies,
    PolicyChangeAsked,
    PolicyChangeConfirmed,
    PolicyChanged,
    PolicyChangeDeclined,
)
from readiness.region import PolicyChange, RegionLaunch


def policy_changed(
    region: RegionLaunch, event: PolicyChangeAsked | PolicyChangeConfirmed | PolicyChangeDeclined | PolicyChanged
) -> dict[str, Any]:
    """Return what `event` changes; one of a change that nobody asked for or confirmed changes nothing."""
    if isinstance(event, PolicyChangeAsked):
        if event.person is None:
            raise ValueError("a change of policy names nobody")
        asked = PolicyChange(
            change=event.change,
            policy=event.policy,
            below_tier=event.below_tier,
            applies=event.applies,
            from_at=event.from_at,
            asked_by=event.person,
            asked_at=event.at,
        )
        return {"policy_change": asked}
    change = region.policy_change
    if change is None or change.change != event.change:
        return {}
    match event:
        case PolicyChangeDeclined():
            return {"policy_change": None}
        case PolicyChangeConfirmed() if event.person != change.asked_by:
            answered = {"confirmed_by": event.person, "confirmed_at": event.at}
            return {"policy_change": change.model_copy(update=answered)}
        case PolicyChanged() if change.is_in_force(event.at):
            return {
                "policy": merged(region, change.policy, change.applies),
                "below_tier": change.below_tier,
                "policy_change": None,
            }
        case _:
            return {}


def merged(region: RegionLaunch, policy: Policy, applies: Applies) -> Policy:
    """Return the policy that counts: from the next gate, what is closed keeps the rules that it was closed by."""
    if applies is Applies.ALL:
        return policy
    closed = [stage.value for stage in Stage if stage is not Stage.LAUNCHED and region.stage(stage).is_closed]
    return policy.model_copy(update={name: getattr(region.policy, name) for name in closed})
