"""May a person do what they ask of a region launch, and what follows from it?"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never

from readiness.commands import (
    ROLE_OF_FUNCTION,
    Asked,
    Cancel,
    Choice,
    Decide,
    Hold,
    Position,
    RegionCommand,
    Reschedule,
    Resume,
    Role,
    SignOff,
)
from readiness.evaluate import evaluate
from readiness.events import (
    DecisionTaken,
    HoldCause,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionRescheduled,
    RegionResumed,
    SentBack,
    SignedOff,
)
from readiness.evidence import ContentEvidence, Evidence
from readiness.evolve import GOES
from readiness.policy import LEARNING_STAGES, SIGNED_STAGES, Stage
from readiness.readiness import Readiness
from readiness.refusals import (
    AlreadyDecided,
    AlreadySigned,
    ChoiceNotOffered,
    CommandRefused,
    ContentIncomplete,
    DeciderIsOwner,
    DeciderNotAllowed,
    DigestStale,
    EvidenceMissing,
    FunctionNotHeld,
    GatesNotMet,
    LaunchInPast,
    LaunchInstantPassed,
    LaunchUnchanged,
    NotSigned,
    ReadinessMovedOn,
    ReasonMissing,
    Refusal,
    RegionEnded,
    RegionHeldByPerson,
    RegionNotHeld,
    ReviewDateMissing,
    ReviewDatePast,
    StageLocked,
    TwoKeysOneHand,
    UnmetCriterion,
)
from readiness.region import RegionLaunch, Signature, StageStatus


def decide(
    region: RegionLaunch, command: RegionCommand, *, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return the events that `command` leads to; raises CommandRefused with the reason where it may not be.

    The region must have been brought up to date with the evidence first (`tick`), so that no one decides on a state
    that the facts have left behind.
    """
    if region.ending is not None:
        raise _refuse(
            RegionEnded, f"{region.plan.name} was {region.ending.value} and takes no more commands in this run."
        )
    _require_current(region, command)
    match command:
        case SignOff():
            return _sign_off(region, command, evidence, now)
        case Decide():
            return _decide(region, command, evidence, now)
        case Hold():
            return (_held(region, command, command.review_at, now),)
        case Resume():
            return (_resumed(region, command, now),)
        case Cancel():
            _require_reason(command, "A cancellation")
            return (RegionCancelled(**_by(command, now)),)
        case Reschedule():
            return (_rescheduled(region, command, now),)
        case _:
            assert_never(command)


def _refuse(refusal: Callable[..., Refusal], detail: str, **fields: Any) -> CommandRefused:
    return CommandRefused(refusal(detail=detail, **fields))


def _by(command: Asked, now: datetime) -> dict[str, Any]:
    return {"at": now, "person": command.person, "command_id": command.command_id}


def _require_reason(command: Asked, what: str) -> None:
    if command.reason_digest is None:
        raise _refuse(ReasonMissing, f"{what} needs a reason. Say why in `reason`.")


def _require_current(region: RegionLaunch, command: Asked) -> None:
    if command.seen is not None and command.seen != region.version:
        raise _refuse(
            ReadinessMovedOn,
            f"You acted on version {command.seen}; the region is at version {region.version}. "
            "Look at what changed, then act on that.",
            seen=command.seen,
            version=region.version,
            by=region.last_person,
            at=region.last_at,
        )


def _sign_off(
    region: RegionLaunch, command: SignOff, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    _require_signer(region, command)
    if region.stage(command.stage).status is StageStatus.LOCKED:
        raise _refuse(
            StageLocked,
            f"{_words(command.stage)} opens when the stage before it is passed. Close that one first.",
        )
    content = evidence.content_of(command.stage) if evidence is not None else None
    _require_digest(command, content)
    standing = region.signature(command.stage, command.function)
    if command.position is Position.SEND_BACK:
        _require_reason(command, "Sending content back")
        return (SentBack(stage=command.stage, function=command.function, digest=command.digest, **_by(command, now)),)
    _require_complete(content)
    _require_two_hands(region, command)
    if standing is not None and _counts(standing, content):
        raise _refuse(
            AlreadySigned,
            f"{command.function.capitalize()} has signed this revision already.",
            by=standing.person,
        )
    return (SignedOff(stage=command.stage, function=command.function, digest=command.digest, **_by(command, now)),)


def _require_signer(region: RegionLaunch, command: SignOff) -> None:
    signers = region.policy.signers_of(command.stage)
    if command.stage not in SIGNED_STAGES or command.function not in signers:
        allowed = ", ".join(signers) or "nobody"
        raise _refuse(NotSigned, f"{_words(command.stage)} is signed by {allowed}, not by {command.function.value}.")
    if command.role is not ROLE_OF_FUNCTION[command.function]:
        raise _refuse(
            FunctionNotHeld,
            f"Only someone with the role {ROLE_OF_FUNCTION[command.function].value} in this region "
            f"signs for {command.function.value}.",
        )


def _require_digest(command: SignOff, content: ContentEvidence | None) -> None:
    if content is None or command.digest != content.digest:
        raise _refuse(
            DigestStale,
            "The content has changed since you read it, so nothing was signed. Read it again, then sign.",
            current=content.digest if content is not None else None,
        )


def _require_complete(content: ContentEvidence | None) -> None:
    if content is not None and content.stage is Stage.VALUE_PROPOSITIONS and content.missing:
        raise _refuse(
            ContentIncomplete,
            f"These segments have no statement yet: {', '.join(content.missing)}. Write them, then sign.",
            missing=content.missing,
        )


def _require_two_hands(region: RegionLaunch, command: SignOff) -> None:
    for signature in region.sign_offs:
        is_same_stage = signature.stage is command.stage
        if is_same_stage and signature.function is not command.function and signature.person == command.person:
            raise _refuse(
                TwoKeysOneHand,
                f"You signed this stage for {signature.function.value}. Someone else signs for "
                f"{command.function.value}: two functions, two people.",
            )


def _counts(signature: Signature, content: ContentEvidence | None) -> bool:
    return content is not None and signature.digest in (content.digest, *content.same_as)


def _decide(
    region: RegionLaunch, command: Decide, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    _require_decider(region, command)
    _require_reason(command, "A decision")
    if command.choice is Choice.HOLD:
        return (_held(region, command, command.review_at, now),)
    if region.holding is not None and region.holding.is_by_person:
        raise _refuse(
            RegionHeldByPerson,
            "A person holds this region. Resume it first, then decide.",
            by=region.holding.person or "",
        )
    _require_offered(command, now)
    if command.choice in GOES and region.launch_at <= now:
        raise _refuse(
            LaunchInstantPassed,
            f"The launch instant {region.plan.wall_clock} has passed. Reschedule the region, then decide.",
        )
    readiness = _met_readiness(region, evidence)
    standing = region.decision
    if standing is not None and standing.choice is command.choice and command.choice in GOES:
        raise _refuse(AlreadyDecided, "The same decision stands already.", by=standing.person)
    return (
        DecisionTaken(
            choice=command.choice,
            launch_at=region.launch_at,
            review_at=command.review_at if command.choice is Choice.NO_GO else None,
            judged=readiness.judged(),
            gathered_at=readiness.as_of,
            audience=next((c.audience for c in readiness.criteria if c.audience is not None), None),
            **_by(command, now),
        ),
    )


def _require_decider(region: RegionLaunch, command: Decide) -> None:
    if command.role is not Role.EXECUTIVE:
        raise _refuse(DeciderNotAllowed, "Only an executive for this region decides.")
    if command.person == region.owner:
        raise _refuse(DeciderIsOwner, "You own this launch, so another executive decides on it.")


def _require_offered(command: Decide, now: datetime) -> None:
    if command.choice is Choice.CONDITIONAL_GO:
        raise _refuse(
            ChoiceNotOffered,
            "A conditional go needs conditions, which this version does not keep. Decide go or no_go.",
        )
    if command.choice is Choice.NO_GO:
        if command.review_at is None:
            raise _refuse(ReviewDateMissing, "A no-go names the date to look again. Give it in `review_at`.")
        if command.review_at <= now:
            raise _refuse(ReviewDatePast, "The date to look again lies in the past. Name a later one.")


def _met_readiness(region: RegionLaunch, evidence: Evidence | None) -> Readiness:
    """Return the readiness, in which every criterion of every learning stage is met and every one of them closed."""
    if evidence is None or evidence.launch_at != region.launch_at:
        raise _refuse(EvidenceMissing, "The facts for this launch instant are not at hand. Try again.")
    readiness = evaluate(region.policy, evidence, region, at=evidence.figures.at)
    unmet = _unmet(readiness)
    if unmet or not all(region.stage(stage).is_closed for stage in LEARNING_STAGES):
        names = ", ".join(criterion.criterion.value for criterion in unmet) or "a stage that is not closed yet"
        raise _refuse(
            GatesNotMet, f"These gates are not met yet: {names}. A decision is taken once they are.", unmet=unmet
        )
    return readiness


def _unmet(readiness: Readiness) -> tuple[UnmetCriterion, ...]:
    return tuple(
        UnmetCriterion(stage=stage, criterion=criterion.key, reasons=criterion.reasons)
        for stage in LEARNING_STAGES
        for criterion in readiness.unmet_of(stage)
    )


def _held(region: RegionLaunch, command: Hold | Decide, review_at: datetime | None, now: datetime) -> RegionHeld:
    _require_reason(command, "A hold")
    if region.holding is not None and region.holding.is_by_person:
        raise _refuse(RegionHeldByPerson, "A person holds this region already.", by=region.holding.person or "")
    if review_at is not None and review_at <= now:
        raise _refuse(ReviewDatePast, "The date to look again lies in the past. Name a later one.")
    return RegionHeld(cause=HoldCause.PERSON, review_at=review_at, **_by(command, now))


def _resumed(region: RegionLaunch, command: Resume, now: datetime) -> RegionResumed:
    _require_reason(command, "Resuming")
    if region.holding is None:
        raise _refuse(RegionNotHeld, "The region is not held, so there is nothing to resume.")
    if region.launch_at <= now:
        raise _refuse(
            LaunchInstantPassed,
            f"The launch instant {region.plan.wall_clock} has passed. Reschedule the region first.",
        )
    return RegionResumed(**_by(command, now))


def _rescheduled(region: RegionLaunch, command: Reschedule, now: datetime) -> RegionRescheduled:
    _require_reason(command, "A reschedule")
    if command.launch_at <= now:
        raise _refuse(LaunchInPast, f"{command.wall_clock} has passed in {region.plan.time_zone}. Name a later time.")
    if command.launch_at == region.launch_at:
        raise _refuse(LaunchUnchanged, f"The region launches at {command.wall_clock} already.")
    return RegionRescheduled(launch_at=command.launch_at, wall_clock=command.wall_clock, **_by(command, now))


def _words(stage: Stage) -> str:
    return stage.value.replace("_", " ").capitalize()
