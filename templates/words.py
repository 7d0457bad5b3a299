"""Which words stand for the values of the core?"""

# Every word that a page says of a verdict, a colour or a stage is here, so that a translation has one place to go to.

from typing import assert_never

from readiness.ball import Holder
from readiness.commands import Choice, Role, Stance
from readiness.events import (
    BallotCast,
    ConditionMet,
    ConditionMissed,
    CriteriaJudged,
    CriterionStatus,
    DecisionTaken,
    OwnerChanged,
    PermitRestored,
    PermitSuspended,
    PollClosed,
    PollOpened,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionLaunchStarted,
    RegionRescheduled,
    RegionResumed,
    ReviewCame,
    SentBack,
    SignedOff,
    SignOffVoided,
    StageOpened,
    StagePassed,
    StageReopened,
    StageWaived,
    WaiverDenied,
    WaiverGranted,
    WaiverLapsed,
    WaiverLapseNears,
    WaiverRequested,
    WaiverRevoked,
)
from readiness.lasting import GoRevived, RegionSlipped
from readiness.lesson_events import LessonAddressed
from readiness.permit_events import PermitRevoked
from readiness.policy import CriterionKey, Function, Stage
from readiness.policy_events import (
    Applies,
    PolicyChangeAsked,
    PolicyChangeConfirmed,
    PolicyChanged,
    PolicyChangeDeclined,
)
from readiness.readiness import Rag
from readiness.region import ConditionStatus, StageStatus, Verdict, WaiverStatus
from readiness.seat_events import SeatIdled, SeatNamed
from templates.moments import in_utc

VERDICTS: dict[Verdict, str] = {
    Verdict.NOT_READY: "Not ready",
    Verdict.READY: "Ready to decide",
    Verdict.GO: "Go",
    Verdict.CONDITIONAL_GO: "Conditional go",
    Verdict.NO_GO: "No-go",
    Verdict.HELD: "Held",
    Verdict.LAUNCHED: "Launched",
    Verdict.CANCELLED: "Cancelled",
}

VERDICTS_MEAN: dict[Verdict, str] = {
    Verdict.NOT_READY: "At least one learning gate is not met.",
    Verdict.READY: "All four learning gates are met; the executive decides next.",
    Verdict.GO: "An executive said go, and it still stands: it launches at its instant.",
    Verdict.CONDITIONAL_GO: "An executive said go with conditions, and none has lapsed.",
    Verdict.NO_GO: "An executive said no, with a date to look again.",
    Verdict.HELD: "Stopped, by a person or by a rule; nothing launches until it is decided anew.",
    Verdict.LAUNCHED: "The product may be sold in the region.",
    Verdict.CANCELLED: "Ended without a launch.",
}

COLOURS: dict[Rag, str] = {Rag.RED: "Red", Rag.AMBER: "Amber", Rag.GREY: "Grey", Rag.GREEN: "Green"}

COLOURS_MEAN: dict[Rag, str] = {
    Rag.RED: "Will miss its date, or has",
    Rag.AMBER: "Unmet, but in time so far",
    Rag.GREY: "No evidence yet",
    Rag.GREEN: "Met, and still met on the day",
}

STAGES: dict[Stage, str] = {
    Stage.VALUE_PROPOSITIONS: "Value propositions",
    Stage.OBJECTION_HANDLING: "Objection handling",
    Stage.TRAINING: "Training",
    Stage.CERTIFICATION: "Certification",
    Stage.GO_NO_GO: "Go/no-go",
    Stage.LAUNCHED: "Launched",
}

STAGE_STATUSES: dict[StageStatus, str] = {
    StageStatus.LOCKED: "Locked",
    StageStatus.OPEN: "Open",
    StageStatus.PASSED: "Passed",
    StageStatus.WAIVED: "Waived",
    StageStatus.REOPENED: "Reopened",
}

CRITERIA: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "Value propositions signed off",
    CriterionKey.OBJECTIONS_ANSWERED: "Top objections answered",
    CriterionKey.OBJECTIONS_SIGNED: "Objection answers signed off",
    CriterionKey.TRAINING_COMPLETION: "Audience trained",
    CriterionKey.CERTIFIED_SHARE: "Audience certified on launch day",
    CriterionKey.POLL_COMPLETE: "Poll complete",
}

COUNTS: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "signatures",
    CriterionKey.OBJECTIONS_ANSWERED: "answers",
    CriterionKey.OBJECTIONS_SIGNED: "signatures",
    CriterionKey.TRAINING_COMPLETION: "people",
    CriterionKey.CERTIFIED_SHARE: "people",
    CriterionKey.POLL_COMPLETE: "votes",
}
"""What the numerator and the denominator of a criterion count."""

CRITERION_STATUSES: dict[CriterionStatus, str] = {
    CriterionStatus.MET: "Met",
    CriterionStatus.UNMET: "Unmet",
    CriterionStatus.WAIVED: "Waived",
    CriterionStatus.NO_EVIDENCE: "No evidence",
}

CHOICES: dict[Choice, str] = {
    Choice.GO: "Go",
    Choice.CONDITIONAL_GO: "Conditional go",
    Choice.NO_GO: "No-go",
    Choice.HOLD: "Hold",
}

STANCES: dict[Stance, str] = {
    Stance.AGREE: "Agrees",
    Stance.DISAGREE_BUT_SUPPORT: "Disagrees, but supports it",
    Stance.DISSENT: "Dissents",
}

WAIVER_STATUSES: dict[WaiverStatus, str] = {
    WaiverStatus.REQUESTED: "Waits for an answer",
    WaiverStatus.GRANTED: "Granted",
    WaiverStatus.DENIED: "Denied",
    WaiverStatus.REVOKED: "Revoked",
    WaiverStatus.LAPSED: "Lapsed",
}

CONDITION_STATUSES: dict[ConditionStatus, str] = {
    ConditionStatus.OPEN: "Open",
    ConditionStatus.MET: "Met",
    ConditionStatus.MISSED: "Missed",
}

LESSONS: dict[str, str] = {"hold": "A hold", "no_go": "A no-go", "objection": "An objection left unanswered"}

APPLIES: dict[Applies, str] = {
    Applies.NEXT_GATE: "for the stages that are not closed yet",
    Applies.ALL: "for every stage, closed ones too",
}

PERMIT_STANDINGS: dict[str, str] = {
    "valid": "Valid",
    "suspended": "Suspended",
    "revoked": "Revoked",
    "ended": "Not valid any more",
}
"""How it stands with a permit, as anyone who holds it is told."""

PERMIT_STANDINGS_MEAN: dict[str, str] = {
    "valid": "The product may be sold in this region now.",
    "suspended": "The product may not be sold in this region for the time being.",
    "revoked": "The product may not be sold in this region; the permit was taken away for good.",
    "ended": "The product may not be sold in this region on this permit.",
}

FUNCTIONS: dict[Function, str] = {
    Function.MARKETING: "Marketing",
    Function.SALES: "Sales",
    Function.ENABLEMENT: "Enablement",
    Function.PRODUCT: "Product management",
}

ROLES: dict[Role, str] = {
    Role.PRODUCT_MANAGER: "Product manager",
    Role.MARKETING: "Marketing",
    Role.SALES_LEAD: "Sales lead",
    Role.ENABLEMENT: "Enablement",
    Role.EXECUTIVE: "Executive",
    Role.SELLER: "Seller",
    Role.AUDITOR: "Auditor",
    Role.ADMIN: "Administrator",
    Role.SERVICE: "Service",
}


def whom(waiting_on: str) -> str:
    """Return who is waited on: a function of the policy, or a role that acts for none."""
    if waiting_on in set(Function):
        return FUNCTIONS[Function(waiting_on)]
    return waiting_on.replace("_", " ").capitalize()


def holder(of: Holder) -> str:
    """Return who has held a region: a function, the executive, or nobody while the clock runs."""
    return "Nobody: the go waits for its launch" if of is Holder.CLOCK else whom(of.value)


def stance_words(stance: Stance | None) -> str:
    """Return how a seat voted, as a verb; an absent one that counts for nothing abstained."""
    return stance.value.replace("_", " ") if stance is not None else "abstained"


def happening(event: RegionEvent) -> str:
    """Return what happened, as a clause without its end."""
    match event:
        case RegionLaunchStarted():
            return "Launch started here"
        case CriteriaJudged():
            met = sum(judged.status in {CriterionStatus.MET, CriterionStatus.WAIVED} for judged in event.judged)
            return f"Criteria judged anew: {met} of {len(event.judged)} met"
        case StageOpened():
            return f"{STAGES[event.stage]} opened"
        case StagePassed():
            return f"{STAGES[event.stage]} passed"
        case StageWaived():
            return f"{STAGES[event.stage]} passed by a waiver"
        case WaiverRequested():
            return f"A waiver of {CRITERIA[event.criterion].lower()} was asked for, down to {event.floor / 100:g} %"
        case WaiverGranted():
            return "A waiver was granted"
        case WaiverDenied():
            return "A waiver was denied"
        case WaiverRevoked():
            return "A waiver was revoked"
        case WaiverLapseNears():
            return "A waiver lapses soon: who asked for it and who granted it are told"
        case WaiverLapsed():
            return "A waiver lapsed"
        case PollOpened():
            asked = [FUNCTIONS[seat] for seat in event.seats if seat not in {each.function for each in event.carried}]
            return f"Poll opened for {', '.join(asked)}"
        case BallotCast():
            return f"{FUNCTIONS[event.function]} voted; the ballot is sealed"
        case PollClosed():
            said = (f"{FUNCTIONS[each.function]} {stance_words(each.stance)}" for each in event.ballots)
            return f"Poll closed: {', '.join(said)}"
        case SeatIdled():
            return f"{FUNCTIONS[event.function]} was waited for too long at {STAGES[event.stage].lower()}"
        case SeatNamed():
            return f"{event.named} was named for the idle seat of {FUNCTIONS[event.function].lower()}"
        case LessonAddressed():
            return "What an earlier wave learned was addressed"
        case ConditionMet():
            return "A condition was met"
        case ConditionMissed():
            return "A condition was missed"
        case PolicyChangeAsked():
            return "Another policy was asked for; a second person confirms or declines it"
        case PolicyChangeConfirmed():
            return "The change of policy was confirmed"
        case PolicyChangeDeclined():
            return "The change of policy was declined"
        case PolicyChanged():
            return "The policy changed; the gates are judged anew by it"
        case PermitSuspended():
            return "Permit suspended: what was promised was missed"
        case PermitRestored():
            return "Permit restored: what had been missed was met"
        case PermitRevoked():
            return "Permit revoked for good: the product may not be sold here in this run"
        case StageReopened():
            unmet = ", ".join(CRITERIA[key].lower() for key in event.criteria)
            return f"{STAGES[event.stage]} reopened, no longer met: {unmet}"
        case SignedOff():
            return f"{FUNCTIONS[event.function]} signed off {STAGES[event.stage].lower()}"
        case SentBack():
            return f"{FUNCTIONS[event.function]} sent {STAGES[event.stage].lower()} back"
        case SignOffVoided():
            return f"The text changed: {FUNCTIONS[event.function]} must sign {STAGES[event.stage].lower()} anew"
        case DecisionTaken():
            return f"Decided: {CHOICES[event.choice].lower()}"
        case ReviewCame():
            return "The date to look again at the no-go came"
        case RegionHeld():
            return "Held by a person" if event.person is not None else "Held by a rule"
        case RegionResumed():
            return "Hold ended; a new decision is needed"
        case GoRevived():
            return f"The gate is met again and nothing else changed: the {CHOICES[event.choice].lower()} stands again"
        case RegionRescheduled():
            return f"Rescheduled to {event.wall_clock.replace('T', ', ')} there ({in_utc(event.launch_at)})"
        case OwnerChanged():
            return f"Handed over to {event.owner}"
        case RegionSlipped():
            day = event.wall_clock.replace("T", ", ")
            return f"Slipped to {day} there ({in_utc(event.launch_at)}); the go covers it"
        case RegionCancelled():
            return "Cancelled"
        case RegionLaunched():
            return "Launched"
        case _:
            assert_never(event)
