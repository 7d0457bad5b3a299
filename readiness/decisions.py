"""Who decides on a region, on what, under which conditions, and who says that a condition was kept?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.commands import Choice, Decide, MeetCondition, Role
from readiness.consent_refusals import (
    ConditionClosed,
    ConditionDueBadly,
    ConditionNotYours,
    ConditionsMissing,
    ConditionsNotWanted,
    ConditionUnknown,
    TooManyConditions,
)
from readiness.evaluate import evaluate, is_broken, standing_conditions
from readiness.events import (
    Condition,
    ConditionMet,
    ConditionMissed,
    DecisionTaken,
    HoldCause,
    RegionEvent,
    RegionHeld,
)
from readiness.evidence import Evidence
from readiness.ownership import has_owned, owner_words
from readiness.policy import GATED_STAGES, LEARNING_STAGES
from readiness.poll import require_votes
from readiness.readiness import Readiness
from readiness.refusals import (
    AlreadyDecided,
    DeciderInWaiver,
    DeciderIsOwner,
    DeciderNotAllowed,
    DeciderSigned,
    EvidenceMissing,
    GatesNotMet,
    LaunchInstantPassed,
    ReasonMissing,
    RegionHeldByPerson,
    ReviewDateMissing,
    ReviewDatePast,
    ReviewDateTooFar,
    UnmetCriterion,
)
from readiness.refusing import by, refuse, require_reason
from readiness.region import GOES, ConditionStatus, PromisedCondition, RegionLaunch
from readiness.short_path import proven_by
from readiness.waivers import parties


def require_executive(region: RegionLaunch, command: Decide) -> None:
    """Raise CommandRefused unless an executive asks who does not own the launch, and never did."""
    if command.role is not Role.EXECUTIVE:
        raise refuse(DeciderNotAllowed, "Only an executive for this region decides.")
    if has_owned(region, command.person):
        raise refuse(
            DeciderIsOwner, f"{owner_words(region, command)} this launch, so another executive decides on it."
        )
    require_reason(command, "A decision")


def decided(
    region: RegionLaunch, command: Decide, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return the decision go, conditional go or no-go; raises CommandRefused."""
    why_not = why_not_decider(region, command.person)
    if why_not is not None:
        raise why_not
    if region.holding is not None and region.holding.is_by_person:
        raise refuse(
            RegionHeldByPerson,
            "A person holds this region. Resume it first, then decide.",
            by=region.holding.person or "",
            at=region.holding.at,
        )
    _require_review(region, command, now)
    _require_conditions(region, command, now)
    if command.choice in GOES and region.launch_at <= now:
        raise refuse(
            LaunchInstantPassed,
            f"The launch instant {region.plan.wall_clock} has passed. Reschedule the region, then decide.",
        )
    readiness = met_readiness(region, evidence, with_poll=command.choice in GOES)
    if command.choice in GOES:
        require_votes(region, command.dissents_accepted, is_spared=proven_by(region, evidence) is not None)
    standing = region.decision
    if standing is not None and standing.choice is command.choice and command.choice is Choice.GO:
        raise refuse(AlreadyDecided, "The same decision stands already.", by=standing.person, at=standing.at)
    return (
        DecisionTaken(
            choice=command.choice,
            launch_at=region.launch_at,
            review_at=command.review_at if command.choice is Choice.NO_GO else None,
            judged=readiness.judged(),
            gathered_at=readiness.as_of,
            audience=next((c.audience for c in readiness.criteria if c.audience is not None), None),
            conditions=tuple(
                Condition(id=f"{command.command_id}-{number}", **promise.model_dump())
                for number, promise in enumerate(command.conditions, 1)
            ),
            # A criterion has a waiver where it is passed by one, and only there.
            waivers=tuple(each.waiver.id for each in readiness.criteria if each.waiver is not None),
            ballots=region.poll.opened if region.poll is not None else (),
            dissents_accepted=tuple(dissent.function for dissent in command.dissents_accepted),
            **by(command, now),
        ),
    )


def why_not_decider(region: RegionLaunch, person: str) -> Exception | None:
    """Return the refusal of `person` as the one who decides on this region; None where their hands are clean."""
    if any(signature.person == person for signature in region.sign_offs):
        return refuse(DeciderSigned, "You signed a stage of this launch, so another executive decides on it.")
    if person in parties(region):
        return refuse(DeciderInWaiver, "You asked for or answered a waiver here, so another executive decides.")
    return None


def condition_met(region: RegionLaunch, command: MeetCondition, now: datetime) -> tuple[RegionEvent, ...]:
    """Return that a condition was met; raises CommandRefused."""
    found = next((c for c in standing_conditions(region) if c.promised.id == command.condition), None)
    if found is None:
        raise refuse(ConditionUnknown, "The decision that stands has no such condition. Look at its readiness.")
    if command.person not in {found.promised.owner, region.owner}:
        raise refuse(
            ConditionNotYours,
            f"{found.promised.owner} promised this. They, or the launch owner, say that it is met.",
            owner=found.promised.owner,
        )
    # Once launched, a missed one can still be made good; before, its go is gone.
    is_mendable = found.status is ConditionStatus.MISSED and region.ending is not None
    if found.status is not ConditionStatus.OPEN and not is_mendable:
        raise refuse(
            ConditionClosed,
            f"The condition is {found.status.value} already.",
            status=found.status.value,
            by=found.closed_by,
            at=found.closed_at,
        )
    if command.proof_digest is None:
        raise refuse(ReasonMissing, "A condition is met with a proof. Give it in `proof`.")
    return (ConditionMet(condition=command.condition, proof_digest=command.proof_digest, **by(command, now)),)


def conditions_missed(region: RegionLaunch, now: datetime) -> Iterator[RegionEvent]:
    """Yield every condition whose date has come without it being met, and the hold that follows."""
    missed = [condition for condition in open_conditions(region) if condition.promised.due_at <= now]
    for condition in missed:
        yield ConditionMissed(at=now, condition=condition.promised.id)
    if missed:
        yield RegionHeld(at=now, cause=HoldCause.CONDITION_MISSED)


def open_conditions(region: RegionLaunch) -> tuple[PromisedCondition, ...]:
    """Return the conditions of the standing decision that are still to be met."""
    return tuple(c for c in standing_conditions(region) if c.status is ConditionStatus.OPEN)


def broken_conditions(region: RegionLaunch, *, at: datetime) -> tuple[PromisedCondition, ...]:
    """Return the conditions of the standing decision that are missed, or due by `at` and not met."""
    return tuple(c for c in standing_conditions(region) if is_broken(c, at=at))


def _require_review(region: RegionLaunch, command: Decide, now: datetime) -> None:
    if command.choice is not Choice.NO_GO:
        return
    if command.review_at is None:
        raise refuse(ReviewDateMissing, "A no-go names the date to look again. Give it in `review_at`.")
    if command.review_at <= now:
        raise refuse(ReviewDatePast, "The date to look again lies in the past. Name a later one.")
    longest = region.policy.go_no_go.longest_review_days
    if longest is not None and command.review_at > now + timedelta(days=longest):
        latest = now + timedelta(days=longest)
        raise refuse(
            ReviewDateTooFar,
            f"A no-go is looked at again within {longest} days, by {latest:%Y-%m-%d %H:%M} UTC: name such a date.",
            latest=latest,
        )


def _require_conditions(region: RegionLaunch, command: Decide, now: datetime) -> None:
    rules = region.policy.go_no_go
    if command.choice is not Choice.CONDITIONAL_GO:
        if command.conditions:
            raise refuse(ConditionsNotWanted, "Conditions belong to a conditional go; leave them out.")
        return
    if not command.conditions:
        raise refuse(ConditionsMissing, "A conditional go names its conditions. Give them, or decide go.")
    if len(command.conditions) > rules.most_conditions:
        raise refuse(
            TooManyConditions,
            f"At most {rules.most_conditions} conditions make a conditional go; with more it is not a go.",
            allowed=rules.most_conditions,
        )
    latest = region.launch_at + timedelta(days=rules.condition_days_after_launch)
    if not all(now < condition.due_at <= latest for condition in command.conditions):
        raise refuse(
            ConditionDueBadly,
            f"Each condition is due after now and at latest on {latest:%Y-%m-%d %H:%M} UTC.",
            latest=latest,
        )


def met_readiness(region: RegionLaunch, evidence: Evidence | None, *, with_poll: bool = False) -> Readiness:
    """Return the readiness, in which every criterion of every learning stage is met or waived and each is closed, and
    with `with_poll` the poll complete too; raises CommandRefused."""
    readiness = readiness_at_hand(region, evidence)
    unmet = tuple(
        UnmetCriterion(stage=stage, criterion=criterion.key, reasons=criterion.reasons)
        for stage in (GATED_STAGES if with_poll else LEARNING_STAGES)
        for criterion in readiness.unmet_of(stage)
    )
    if unmet or not all(region.stage(stage).is_closed for stage in LEARNING_STAGES):
        names = ", ".join(criterion.criterion.value for criterion in unmet) or "a stage that is not closed yet"
        raise refuse(
            GatesNotMet, f"These gates are not met yet: {names}. A decision is taken once they are.", unmet=unmet
        )
    return readiness


def readiness_at_hand(region: RegionLaunch, evidence: Evidence | None) -> Readiness:
    """Return the readiness for the region's launch instant; raises CommandRefused where nobody gathered for it."""
    if evidence is None or evidence.launch_at != region.launch_at:
        raise refuse(EvidenceMissing, "The facts for this launch instant are not at hand. Try again.")
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)
