"""What would be written for whatever makes a region launch move?"""

# The face of this room: workflows, the launch transaction, the API and the pages all judge through these functions.

from datetime import datetime
from typing import assert_never

from readiness.blockers import current_stage
from readiness.commands import (
    AddressLesson,
    AskPolicyChange,
    Cancel,
    CastBallot,
    ChangeOwner,
    ConfirmPolicyChange,
    Decide,
    DeclinePolicyChange,
    DenyWaiver,
    GrantWaiver,
    Hold,
    MeetCondition,
    NameSeat,
    OpenPoll,
    RequestWaiver,
    Reschedule,
    Resume,
    RevokePermit,
    RevokeWaiver,
    SignOff,
    Stance,
)
from readiness.criteria import waiver_shown
from readiness.decide import decide
from readiness.decisions import broken_conditions
from readiness.evaluate import (
    BEING_CHECKED,
    condition_shown,
    decision_shown,
    evaluate,
    judged_instant,
    standing_conditions,
    verdict_of,
)
from readiness.events import HoldCause, RegionEvent, RegionHeld
from readiness.evidence import Evidence
from readiness.evolve import begin, evolve, fold
from readiness.ledger import Cause, LaunchRefused, Look, Proposal
from readiness.policy import LEARNING_STAGES, Stage
from readiness.refusals import CommandRefused
from readiness.region import GOES, RegionLaunch, WaiverStatus
from readiness.reinforcement import owed
from readiness.roles import why_go_counts_no_more
from readiness.short_path import may_be_spared, proves
from readiness.tick import bearings, due_at, must_look, tick, wants_launch
from readiness.waivers import parties
from readiness.waves import launches_together, waits_for_wave, wave_unsettled

__all__ = [
    "BEING_CHECKED",
    "GOES",
    "bearings",
    "begin",
    "condition_shown",
    "current_stage",
    "decide",
    "decision_shown",
    "due_at",
    "evaluate",
    "evolve",
    "fold",
    "judged_instant",
    "launches_together",
    "may_be_spared",
    "must_look",
    "owed",
    "propose",
    "proves",
    "standing_conditions",
    "tick",
    "verdict_of",
    "waiver_shown",
    "wants_launch",
    "wave_unsettled",
    "why_not_launch",
]


def propose(region: RegionLaunch, cause: Cause, *, evidence: Evidence | None, now: datetime) -> Proposal:
    """Return what should be written for `cause`: what falls due first, then the command, then what follows from it.

    A refused command leaves a refusal in the proposal, beside what fell due anyway.
    """
    events: list[RegionEvent] = []

    def follow(happened: tuple[RegionEvent, ...]) -> RegionLaunch:
        events.extend(happened)
        following = region
        for event in happened:
            following = evolve(following, event)
        return following

    policy = region.policy
    region = follow(tick(region, evidence=evidence, now=now))
    if region.policy != policy:
        # What was gathered was gathered by the policy before: nobody acts on it.
        evidence = None
    match cause:
        case Look():
            return Proposal(events=tuple(events))
        case LaunchRefused():
            if wants_launch(region, now=now):
                follow((RegionHeld(at=now, cause=HoldCause.LAUNCH_REFUSED, objections=cause.objections),))
            return Proposal(events=tuple(events))
        case (
            SignOff()
            | Decide()
            | Hold()
            | Resume()
            | Cancel()
            | Reschedule()
            | RequestWaiver()
            | GrantWaiver()
            | DenyWaiver()
            | RevokeWaiver()
            | MeetCondition()
            | OpenPoll()
            | CastBallot()
            | NameSeat()
            | AddressLesson()
            | ChangeOwner()
            | AskPolicyChange()
            | ConfirmPolicyChange()
            | DeclinePolicyChange()
            | RevokePermit()
        ):
            try:
                region = follow(decide(region, cause, evidence=evidence, now=now))
            except CommandRefused as refused:
                return Proposal(events=tuple(events), refusal=refused.refusal)
            follow(tick(region, evidence=evidence, now=now))
            return Proposal(events=tuple(events))
        case _:
            assert_never(cause)


def why_not_launch(region: RegionLaunch, evidence: Evidence, *, at: datetime) -> tuple[str, ...]:
    """Return every reason for which `region` may not launch, judged as of `at`; empty where it may.

    This is the launch predicate: the launch transaction asks it twice, as of the launch instant and as of the
    database's clock, on evidence gathered in that transaction.
    """
    objections: list[str] = []
    if region.ending is not None:
        objections.append(f"the region was {region.ending.value}")
    if region.holding is not None:
        objections.append(f"the region is held: {region.holding.cause.value}")
    decision = region.decision
    if decision is None or decision.choice not in GOES:
        objections.append("no go stands")
    elif decision.stands_for != region.launch_at:
        objections.append("the go was taken for another launch instant")
    elif region.covered_until is None or not decision.launch_at <= region.launch_at <= region.covered_until:
        objections.append("the launch slipped further than the go covers")
    elif decision.person == region.owner:
        objections.append("the go was taken by the launch owner")
    elif decision.person in region.former_owners:
        objections.append("the go was taken by a former launch owner")
    elif decision.person in parties(region):
        objections.append("the go was taken by a party to a waiver of this region")
    elif any(signature.person == decision.person for signature in region.sign_offs):
        objections.append("the go was taken by someone who signed a stage")
    unmade = why_go_counts_no_more(region, evidence)
    objections.extend((f"the go counts no more: {unmade}",) if unmade is not None else ())
    objections.extend(f"the condition {c.promised.id} is not met" for c in broken_conditions(region, at=at))
    readiness = evaluate(region.policy, evidence, region, at=at)
    for stage in LEARNING_STAGES:
        if not region.stage(stage).is_closed:
            objections.append(f"the stage {stage.value} is {region.stage(stage).status.value}")
        for criterion in readiness.unmet_of(stage):
            reason = criterion.reasons[0] if criterion.reasons else "it is not met"
            objections.append(f"{criterion.key.value}: {reason}")
    objections.extend(
        f"{criterion.key.value}: {criterion.reasons[0]}" for criterion in readiness.unmet_of(Stage.GO_NO_GO)
    )
    waits = waits_for_wave(region, evidence, at=at)
    objections.extend((waits,) if waits is not None else ())
    objections.extend(_dissents(region))
    objections.extend(_two_keys(region))
    objections.extend(
        f"the waiver of {waiver.criterion.value} was granted by whoever asked for it, or owns the launch"
        for waiver in region.waivers
        if waiver.status is WaiverStatus.GRANTED
        and waiver.answered_by in {waiver.requested_by, region.owner, *region.former_owners}
    )
    return tuple(objections)


def _dissents(region: RegionLaunch) -> tuple[str, ...]:
    decision = region.decision
    if decision is None or region.poll is None:
        return ()
    return tuple(
        f"the dissent of {ballot.function.value} was not accepted"
        for ballot in region.poll.opened
        if ballot.stance is Stance.DISSENT and ballot.function not in decision.dissents_accepted
    )


def _two_keys(region: RegionLaunch) -> tuple[str, ...]:
    return tuple(
        f"one person signed {first.stage.value} for {first.function.value} and for {second.function.value}"
        for index, first in enumerate(region.sign_offs)
        for second in region.sign_offs[index + 1 :]
        if first.stage is second.stage and first.person == second.person
    )
