"""For which reasons is a command refused?"""

# Each refusal is a value with a stable `kind`, which is also its problem type at the API, and a whole sentence that
# says what to do next.

from typing import Annotated, Literal

from pydantic import Field

from readiness.consent_refusals import (
    ConditionClosed,
    ConditionDueBadly,
    ConditionNotYours,
    ConditionsMissing,
    ConditionsNotWanted,
    ConditionUnknown,
    DissentNotAccepted,
    DissentUnknown,
    LessonAddressedAlready,
    LessonAddresserNotAllowed,
    LessonUnknown,
    NothingToWaive,
    NotWaivable,
    OwnerChangeNotYours,
    OwnerTookDecision,
    OwnerUnchanged,
    OwnerWaived,
    PolicyChangeByAsker,
    PolicyChangeDated,
    PolicyChangeImpossible,
    PolicyChangeNotYours,
    PolicyChangeOpen,
    PolicyChangeUnknown,
    PolicyUnchanged,
    PollAlreadyOpen,
    PollNotHeld,
    PollNotOpen,
    SeatHasVoted,
    SeatNamedSelf,
    SeatNamerNotAllowed,
    SeatNotIdle,
    SeatUnknown,
    TooManyConditions,
    TwoSeatsOnePerson,
    VotesMissing,
    WaiverAlreadyOpen,
    WaiverApproverNotAllowed,
    WaiverBudgetSpent,
    WaiverByDecider,
    WaiverByOwner,
    WaiverByRequester,
    WaiverExpiryBad,
    WaiverFloorBad,
    WaiverNotOpen,
    WaiverUnknown,
)
from readiness.permit_refusals import PermitNotGiven, PermitRevokedAlready
from readiness.policy import CriterionKey, Stage
from readiness.refusal_bases import CameSecond, RefusalBase
from readiness.values import Frozen, Moment


class UnmetCriterion(Frozen):
    """A criterion that stands in the way, with the reasons for it."""

    stage: Stage
    criterion: CriterionKey
    reasons: tuple[str, ...]


class LaunchAlreadyRunning(RefusalBase):
    """The product has a launch that has not ended."""

    kind: Literal["launch-already-running"] = "launch-already-running"


class LaunchHasEnded(RefusalBase):
    """Every region of the launch has ended."""

    kind: Literal["launch-ended"] = "launch-ended"


class RegionAlreadyRunning(RefusalBase):
    """The region is part of the launch and has not ended."""

    kind: Literal["region-already-running"] = "region-already-running"


class RegionEnded(CameSecond):
    """The region has launched or was cancelled."""

    kind: Literal["region-ended"] = "region-ended"


class Expired(RefusalBase):
    """The command was not carried out in time and is not carried out later."""

    kind: Literal["expired"] = "expired"


class RoleWithdrawn(RefusalBase):
    """The role by which the command was asked for was withdrawn meanwhile."""

    kind: Literal["role-withdrawn"] = "role-withdrawn"


class RolesAreOwn(RefusalBase):
    """Nobody changes their own roles."""

    kind: Literal["roles-are-own"] = "roles-are-own"


class RoleChangePast(RefusalBase):
    """A role changes now or later, never in the past."""

    kind: Literal["role-change-past"] = "role-change-past"


class KeyScopeBad(RefusalBase):
    """A key of a program takes no role of people."""

    kind: Literal["key-scope-bad"] = "key-scope-bad"


class KeyLifeBad(RefusalBase):
    """A key of a program ends within a year."""

    kind: Literal["key-life-bad"] = "key-life-bad"
    latest: Moment


class Overtaken(RefusalBase):
    """A newer decision, hold, resume, cancel or reschedule was carried out first."""

    kind: Literal["overtaken"] = "overtaken"
    by: str
    at: Moment | None = None


class ReasonMissing(RefusalBase):
    """The act needs a reason."""

    kind: Literal["reason-missing"] = "reason-missing"


class ReadinessMovedOn(RefusalBase):
    """The person acted on an older version of the readiness."""

    kind: Literal["readiness-moved-on"] = "readiness-moved-on"
    seen: int
    version: int
    by: str | None = None
    """Who moved it on last, where a person did."""
    at: Moment | None = None


class NotSigned(RefusalBase):
    """Nothing is signed at that stage, or not by that function."""

    kind: Literal["not-a-signer"] = "not-a-signer"


class FunctionNotHeld(RefusalBase):
    """The person does not act for that function."""

    kind: Literal["function-not-held"] = "function-not-held"


class TwoKeysOneHand(RefusalBase):
    """The person signed the same stage for another function."""

    kind: Literal["two-keys-one-hand"] = "two-keys-one-hand"


class StageLocked(CameSecond):
    """The stage before is not passed yet."""

    kind: Literal["stage-locked"] = "stage-locked"


class ContentIncomplete(RefusalBase):
    """A segment has no statement yet."""

    kind: Literal["content-is-incomplete"] = "content-is-incomplete"
    missing: tuple[str, ...]


class DigestStale(CameSecond):
    """The content moved on since the signer read it."""

    kind: Literal["digest-is-stale"] = "digest-is-stale"
    current: str | None


class AlreadySigned(RefusalBase):
    """The function has signed this very revision."""

    kind: Literal["already-signed"] = "already-signed"
    by: str
    at: Moment | None = None


class DeciderNotAllowed(RefusalBase):
    """Only an executive for the region decides."""

    kind: Literal["decider-not-allowed"] = "decider-not-allowed"


class DeciderIsOwner(RefusalBase):
    """The launch owner does not decide on it."""

    kind: Literal["decider-is-owner"] = "decider-is-owner"


class GatesNotMet(CameSecond):
    """A criterion of a learning stage is unmet."""

    kind: Literal["gates-not-met"] = "gates-not-met"
    unmet: tuple[UnmetCriterion, ...]


class ReviewDateMissing(RefusalBase):
    """A no-go names the date to look again."""

    kind: Literal["review-date-missing"] = "review-date-missing"


class ReviewDatePast(RefusalBase):
    """The date to look again lies in the past."""

    kind: Literal["review-date-past"] = "review-date-past"


class AlreadyDecided(RefusalBase):
    """The same decision stands."""

    kind: Literal["already-decided"] = "already-decided"
    by: str
    at: Moment | None = None


class RegionHeldByPerson(RefusalBase):
    """The region is held by a person; resume it first."""

    kind: Literal["region-is-held"] = "region-is-held"
    by: str
    at: Moment | None = None


class RegionNotHeld(CameSecond):
    """There is no hold to end."""

    kind: Literal["region-not-held"] = "region-not-held"


class LaunchInstantPassed(RefusalBase):
    """The launch instant has passed; only a reschedule helps."""

    kind: Literal["launch-instant-passed"] = "launch-instant-passed"


class LaunchInPast(RefusalBase):
    """The new launch instant lies in the past."""

    kind: Literal["launch-in-the-past"] = "launch-in-the-past"


class LaunchUnchanged(CameSecond):
    """The new launch instant is the one that stands."""

    kind: Literal["launch-instant-unchanged"] = "launch-instant-unchanged"


class DeciderSigned(RefusalBase):
    """Who signed a stage of this launch does not decide on it."""

    kind: Literal["decider-signed-a-stage"] = "decider-signed-a-stage"


class DeciderInWaiver(RefusalBase):
    """Who asked for a waiver of this region, or answered one, does not decide on it."""

    kind: Literal["decider-in-waiver"] = "decider-in-waiver"


class ReviewDateTooFar(RefusalBase):
    """The date to look again is further away than the policy allows: no silent parking."""

    kind: Literal["review-date-too-far"] = "review-date-too-far"
    latest: Moment


class EvidenceMissing(RefusalBase):
    """The facts could not be gathered for the instant that the command is about."""

    kind: Literal["evidence-missing"] = "evidence-missing"


Refusal = Annotated[
    LaunchAlreadyRunning
    | LaunchHasEnded
    | RegionAlreadyRunning
    | RegionEnded
    | Expired
    | RoleWithdrawn
    | RolesAreOwn
    | RoleChangePast
    | KeyScopeBad
    | KeyLifeBad
    | Overtaken
    | ReasonMissing
    | ReadinessMovedOn
    | NotSigned
    | FunctionNotHeld
    | TwoKeysOneHand
    | StageLocked
    | ContentIncomplete
    | DigestStale
    | AlreadySigned
    | DeciderNotAllowed
    | DeciderIsOwner
    | GatesNotMet
    | ReviewDateMissing
    | ReviewDatePast
    | AlreadyDecided
    | RegionHeldByPerson
    | RegionNotHeld
    | LaunchInstantPassed
    | LaunchInPast
    | LaunchUnchanged
    | DeciderSigned
    | DeciderInWaiver
    | ConditionsMissing
    | ConditionsNotWanted
    | TooManyConditions
    | ConditionDueBadly
    | ConditionUnknown
    | ConditionClosed
    | ConditionNotYours
    | ReviewDateTooFar
    | NotWaivable
    | NothingToWaive
    | WaiverAlreadyOpen
    | WaiverBudgetSpent
    | WaiverFloorBad
    | WaiverExpiryBad
    | WaiverUnknown
    | WaiverNotOpen
    | WaiverApproverNotAllowed
    | WaiverByRequester
    | WaiverByOwner
    | WaiverByDecider
    | PollNotHeld
    | PollAlreadyOpen
    | PollNotOpen
    | SeatUnknown
    | SeatHasVoted
    | TwoSeatsOnePerson
    | SeatNotIdle
    | SeatNamerNotAllowed
    | SeatNamedSelf
    | LessonUnknown
    | LessonAddressedAlready
    | LessonAddresserNotAllowed
    | VotesMissing
    | DissentNotAccepted
    | DissentUnknown
    | PolicyUnchanged
    | PolicyChangeOpen
    | PolicyChangeImpossible
    | PolicyChangeDated
    | PolicyChangeUnknown
    | PolicyChangeNotYours
    | PolicyChangeByAsker
    | OwnerUnchanged
    | OwnerChangeNotYours
    | OwnerTookDecision
    | OwnerWaived
    | PermitNotGiven
    | PermitRevokedAlready
    | EvidenceMissing,
    Field(discriminator="kind"),
]
"""Any reason for which a command is refused."""


class CommandRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """Carries a refusal out of `decide`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
