"""How does the policy of a running region change, and what would it flip?"""

# A policy travels with its launch and is changed only deliberately: one person asks, a second confirms, and then the
# gates are judged anew by it. Facts and sign-offs are never touched.

from collections.abc import Iterator
from datetime import datetime

from readiness.commands import AskPolicyChange, ConfirmPolicyChange, DeclinePolicyChange, Role
from readiness.consent_refusals import (
    PolicyChangeByAsker,
    PolicyChangeDated,
    PolicyChangeImpossible,
    PolicyChangeNotYours,
    PolicyChangeOpen,
    PolicyChangeUnknown,
    PolicyUnchanged,
)
from readiness.evaluate import evaluate
from readiness.events import CriterionStatus, RegionEvent
from readiness.evidence import Evidence
from readiness.ownership import has_owned
from readiness.policy import CriterionKey, Policy, Stage
from readiness.policy_events import (
    Applies,
    PolicyChangeAsked,
    PolicyChangeConfirmed,
    PolicyChanged,
    PolicyChangeDeclined,
)
from readiness.policy_fold import merged
from readiness.readiness import Readiness
from readiness.refusing import by, refuse, require_reason
from readiness.region import PolicyChange, RegionLaunch, Verdict
from readiness.values import Frozen, Moment


def asked(region: RegionLaunch, command: AskPolicyChange, now: datetime) -> tuple[RegionEvent, ...]:
    """Return that another policy was asked for; raises CommandRefused."""
    require_reason(command, "A change of policy")
    if region.policy_change is not None:
        raise refuse(
            PolicyChangeOpen,
            f"{region.policy_change.asked_by} asked for a change already. Have that one confirmed or declined first.",
            change=region.policy_change.change,
            by=region.policy_change.asked_by,
        )
    if command.policy.training.functions != region.policy.training.functions:
        raise refuse(
            PolicyChangeImpossible,
            "Who is in the audience stays as it began. Import a named audience instead, or launch anew.",
        )
    if after(region, command.policy, command.applies).policy == region.policy:
        raise refuse(PolicyUnchanged, "That is the policy already, as far as it would count. Nothing was asked for.")
    is_dated = command.from_at is not None
    if (command.applies is Applies.ALL) is not is_dated:
        raise refuse(
            PolicyChangeDated,
            "A change for all stages names its moment in `from_at`; one from the next gate has none.",
        )
    if command.from_at is not None and not now < command.from_at < region.launch_at:
        raise refuse(
            PolicyChangeDated,
            f"A change counts from after now and before the launch at {region.plan.wall_clock}. Name such a moment.",
        )
    return (
        PolicyChangeAsked(
            change=command.change,
            policy=command.policy,
            below_tier=command.below_tier,
            applies=command.applies,
            from_at=command.from_at,
            **by(command, now),
        ),
    )


def confirmed(region: RegionLaunch, command: ConfirmPolicyChange, now: datetime) -> tuple[RegionEvent, ...]:
    """Return that a second person confirmed the change; raises CommandRefused."""
    change = _open(region, command.change)
    require_reason(command, "Confirming a change of policy")
    if command.role is not Role.EXECUTIVE or has_owned(region, command.person):
        raise refuse(
            PolicyChangeNotYours,
            "An executive for this region, who does not own the launch and never did, confirms a change of policy.",
        )
    if command.person == change.asked_by:
        raise refuse(PolicyChangeByAsker, "You asked for this change, so another executive confirms it.")
    return (PolicyChangeConfirmed(change=change.change, **by(command, now)),)


def declined(region: RegionLaunch, command: DeclinePolicyChange, now: datetime) -> tuple[RegionEvent, ...]:
    """Return that the change is off; raises CommandRefused."""
    change = _open(region, command.change)
    require_reason(command, "Declining a change of policy")
    if command.role is not Role.EXECUTIVE and command.person != change.asked_by:
        raise refuse(
            PolicyChangeNotYours, f"An executive declines a change of policy, or {change.asked_by} who asked for it."
        )
    return (PolicyChangeDeclined(change=change.change, **by(command, now)),)


def comes_into_force(region: RegionLaunch, now: datetime) -> Iterator[RegionEvent]:
    """Yield the change whose moment has come."""
    change = region.policy_change
    if change is not None and change.is_in_force(now):
        yield PolicyChanged(at=now, change=change.change)


def next_change_at(region: RegionLaunch) -> Moment | None:
    """Return when a confirmed change comes into force; None where none waits for its moment."""
    change = region.policy_change
    return change.from_at if change is not None and change.confirmed_by is not None else None


def after(region: RegionLaunch, policy: Policy, applies: Applies) -> RegionLaunch:
    """Return the region as it would stand by `policy`, nothing judged anew yet."""
    return region.model_copy(update={"policy": merged(region, policy, applies)})


def _open(region: RegionLaunch, change: str) -> PolicyChange:
    found = region.policy_change
    if found is None or found.change != change or found.confirmed_by is not None:
        raise refuse(PolicyChangeUnknown, "No such change of policy waits for an answer here. Look at its policy.")
    return found


class Flip(Frozen):
    """One criterion that would stand otherwise by another policy; None where a policy does not ask for it."""

    stage: Stage
    criterion: CriterionKey
    before: CriterionStatus | None
    after: CriterionStatus | None
    reason: str


class Flips(Frozen):
    """What another policy would change in one region, as the facts stand."""

    product: str
    region: str
    verdict: Verdict
    verdict_after: Verdict
    """`held` where a go that stands would be lost."""
    flips: tuple[Flip, ...]


def flips(region: RegionLaunch, policy: Policy, *, before: Evidence, evidence: Evidence, applies: Applies) -> Flips:
    """Return what `policy` would flip in `region`, on evidence as each of the two policies gathers it."""
    now_shown = evaluate(region.policy, before, region, at=before.figures.at)
    changed = after(region, policy, applies)
    then_shown = evaluate(changed.policy, evidence, changed, at=evidence.figures.at)
    return Flips(
        product=region.key.product,
        region=region.key.region,
        verdict=now_shown.verdict,
        verdict_after=then_shown.verdict,
        flips=tuple(_flips(now_shown, then_shown)),
    )


def _flips(now_shown: Readiness, then_shown: Readiness) -> Iterator[Flip]:
    for stage in Stage:
        before = {criterion.key: criterion for criterion in now_shown.of(stage)}
        later = {criterion.key: criterion for criterion in then_shown.of(stage)}
        for key in CriterionKey:
            was, will = before.get(key), later.get(key)
            was_status, will_status = (each.status if each is not None else None for each in (was, will))
            if was_status is not will_status:
                reasons = will.reasons if will is not None else ("It is not asked for any more",)
                reason = reasons[0] if reasons else f"{key.value} is met"
                yield Flip(stage=stage, criterion=key, before=was_status, after=will_status, reason=reason)
