"""May a person do what they ask of a region launch, and what follows from it?"""

from datetime import datetime
from typing import assert_never

from readiness.commands import (
    ROLE_OF_FUNCTION,
    AddressLesson,
    Asked,
    AskPolicyChange,
    Cancel,
    CastBallot,
    ChangeOwner,
    Choice,
    ConfirmPolicyChange,
    Decide,
    DeclinePolicyChange,
    DenyWaiver,
    GrantWaiver,
    Hold,
    MeetCondition,
    NameSeat,
    OpenPoll,
    Position,
    RegionCommand,
    RequestWaiver,
    Reschedule,
    Resume,
    RevokePermit,
    RevokeWaiver,
    SignOff,
)
from readiness.decisions import condition_met, decided, met_readiness, readiness_at_hand, require_executive
from readiness.events import (
    HoldCause,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionResumed,
    SentBack,
    SignedOff,
)
from readiness.evidence import ContentEvidence, Evidence
from readiness.lessons import lesson_addressed
from readiness.ownership import owner_changed
from readiness.permit import permit_revoked
from readiness.policy import Stage
from readiness.policy_changes import asked, confirmed, declined
from readiness.poll import ballot_cast, poll_opened
from readiness.refusals import (
    AlreadySigned,
    CommandRefused,
    ContentIncomplete,
    DigestStale,
    EvidenceMissing,
    FunctionNotHeld,
    LaunchInstantPassed,
    NotSigned,
    ReadinessMovedOn,
    RegionEnded,
    RegionHeldByPerson,
    RegionNotHeld,
    ReviewDatePast,
    StageLocked,
    TwoKeysOneHand,
)
from readiness.refusing import by, refuse, require_reason, told_who
from readiness.region import RegionLaunch, Signature, StageStatus
from readiness.reinforcement import owed
from readiness.seats import seat_named
from readiness.slips import moved
from readiness.waivers import answered, requested


def decide(
    region: RegionLaunch, command: RegionCommand, *, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return the events that `command` leads to; raises CommandRefused with the reason where it may not be.

    The region must have been brought up to date with the evidence first (`tick`), so that no one decides on a state
    that the facts have left behind.
    """
    try:
        return _followed(region, command, evidence, now)
    except CommandRefused as refused:
        raise CommandRefused(told_who(refused.refusal, region)) from None


def _followed(
    region: RegionLaunch, command: RegionCommand, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    if isinstance(command, RevokePermit):
        # What takes the permit away is never refused for want of the newest version, and asks itself what has ended.
        return (permit_revoked(region, command, now),)
    if region.ending is not None and not (isinstance(command, MeetCondition) and owed(region)):
        raise refuse(
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
            require_reason(command, "A cancellation")
            return (RegionCancelled(**by(command, now)),)
        case Reschedule():
            return (moved(region, command, evidence, now),)
        case OpenPoll():
            met_readiness(region, evidence)
            return poll_opened(region, command, evidence, now)
        case CastBallot():
            return ballot_cast(region, command, now)
        case RequestWaiver():
            readiness = readiness_at_hand(region, evidence)
            if evidence is None or evidence.waivers_elsewhere is None:
                raise refuse(EvidenceMissing, "What is waived in other regions is not at hand. Try again.")
            return requested(region, command, readiness, elsewhere=evidence.waivers_elsewhere, now=now)
        case GrantWaiver() | DenyWaiver() | RevokeWaiver():
            return answered(region, command, now)
        case NameSeat():
            return seat_named(region, command, now)
        case AddressLesson():
            return lesson_addressed(region, command, evidence, now)
        case MeetCondition():
            return condition_met(region, command, now)
        case AskPolicyChange():
            return asked(region, command, now)
        case ConfirmPolicyChange():
            return confirmed(region, command, now)
        case DeclinePolicyChange():
            return declined(region, command, now)
        case ChangeOwner():
            return owner_changed(region, command, now)
        case _:
            assert_never(command)


def _require_current(region: RegionLaunch, command: Asked) -> None:
    if command.seen is not None and command.seen != region.version:
        raise refuse(
            ReadinessMovedOn,
            f"You acted on version {command.seen}; the region is at version {region.version}. "
            "Look at what changed, then act on that.",
            seen=command.seen,
            version=region.version,
        )


def _sign_off(
    region: RegionLaunch, command: SignOff, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    _require_signer(region, command)
    if region.stage(command.stage).status is StageStatus.LOCKED:
        raise refuse(
            StageLocked,
            f"{_words(command.stage)} opens when the stage before it is passed. Close that one first.",
        )
    content = evidence.content_of(command.stage) if evidence is not None else None
    _require_digest(command, content)
    standing = region.signature(command.stage, command.function)
    if command.position is Position.SEND_BACK:
        require_reason(command, "Sending content back")
        return (SentBack(stage=command.stage, function=command.function, digest=command.digest, **by(command, now)),)
    _require_complete(content)
    _require_two_hands(region, command)
    lost = (
        evidence.lost(standing.person, ROLE_OF_FUNCTION[standing.function], given_at=standing.at)
        if standing is not None and evidence is not None
        else None
    )
    if standing is not None and lost is None and _counts(standing, content):
        raise refuse(
            AlreadySigned,
            f"{command.function.capitalize()} has signed this revision already.",
            by=standing.person,
            at=standing.at,
        )
    return (SignedOff(stage=command.stage, function=command.function, digest=command.digest, **by(command, now)),)


def _require_signer(region: RegionLaunch, command: SignOff) -> None:
    signers = region.policy.signers_of(command.stage)
    if command.function not in signers:
        allowed = ", ".join(signers) or "nobody"
        raise refuse(NotSigned, f"{_words(command.stage)} is signed by {allowed}, not by {command.function.value}.")
    if command.role is not ROLE_OF_FUNCTION[command.function]:
        raise refuse(
            FunctionNotHeld,
            f"Only someone with the role {ROLE_OF_FUNCTION[command.function].value} in this region "
            f"signs for {command.function.value}.",
        )


def _require_digest(command: SignOff, content: ContentEvidence | None) -> None:
    if content is None or command.digest != content.digest:
        raise refuse(
            DigestStale,
            "The content has changed since you read it, so nothing was signed. Read it again, then sign.",
            current=content.digest if content is not None else None,
            by=content.changed_by if content is not None else None,
            at=content.changed_at if content is not None else None,
        )


def _require_complete(content: ContentEvidence | None) -> None:
    if content is not None and content.stage is Stage.VALUE_PROPOSITIONS and content.missing:
        raise refuse(
            ContentIncomplete,
            f"These segments have no statement yet: {', '.join(content.missing)}. Write them, then sign.",
            missing=content.missing,
        )


def _require_two_hands(region: RegionLaunch, command: SignOff) -> None:
    for signature in region.sign_offs:
        is_same_stage = signature.stage is command.stage
        if is_same_stage and signature.function is not command.function and signature.person == command.person:
            raise refuse(
                TwoKeysOneHand,
                f"You signed this stage for {signature.function.value}. Someone else signs for "
                f"{command.function.value}: two functions, two people.",
            )


def _counts(signature: Signature, content: ContentEvidence | None) -> bool:
    return content is not None and signature.digest in (content.digest, *content.same_as)


def _decide(
    region: RegionLaunch, command: Decide, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    require_executive(region, command)
    if command.choice is Choice.HOLD:
        return (_held(region, command, command.review_at, now),)
    return decided(region, command, evidence, now)


def _held(region: RegionLaunch, command: Hold | Decide, review_at: datetime | None, now: datetime) -> RegionHeld:
    require_reason(command, "A hold")
    if region.holding is not None and region.holding.is_by_person:
        raise refuse(
            RegionHeldByPerson,
            "A person holds this region already.",
            by=region.holding.person or "",
            at=region.holding.at,
        )
    if review_at is not None and review_at <= now:
        raise refuse(ReviewDatePast, "The date to look again lies in the past. Name a later one.")
    return RegionHeld(cause=HoldCause.PERSON, review_at=review_at, **by(command, now))


def _resumed(region: RegionLaunch, command: Resume, now: datetime) -> RegionResumed:
    require_reason(command, "Resuming")
    if region.holding is None:
        raise refuse(RegionNotHeld, "The region is not held, so there is nothing to resume.")
    if region.launch_at <= now:
        raise refuse(
            LaunchInstantPassed,
            f"The launch instant {region.plan.wall_clock} has passed. Reschedule the region first.",
        )
    return RegionResumed(**by(command, now))


def _words(stage: Stage) -> str:
    return stage.value.replace("_", " ").capitalize()
