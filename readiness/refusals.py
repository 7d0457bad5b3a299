"""For which reasons is a command refused?"""

# Each refusal is a value with a stable `kind`, which is also its problem type at the API, and a whole sentence that
# says what to do next.

from typing import Annotated, Literal

from pydantic import Field

from readiness.policy import CriterionKey, Stage
from readiness.values import Frozen, Moment


class UnmetCriterion(Frozen):
    """A criterion that stands in the way, with the reasons for it."""

    stage: Stage
    criterion: CriterionKey
    reasons: tuple[str, ...]


class _Refused(Frozen):
    detail: str


class _CameSecond(_Refused):
    by: str | None = None
    """Who was first, or moved the region on last; None where nobody did."""
    at: Moment | None = None
    """When that was."""


class LaunchAlreadyRunning(_Refused):
    """The product has a launch that has not ended."""

    kind: Literal["launch-already-running"] = "launch-already-running"


class LaunchHasEnded(_Refused):
    """Every region of the launch has ended."""

    kind: Literal["launch-ended"] = "launch-ended"


class RegionAlreadyRunning(_Refused):
    """The region is part of the launch and has not ended."""

    kind: Literal["region-already-running"] = "region-already-running"


class RegionEnded(_CameSecond):
    """The region has launched or was cancelled."""

    kind: Literal["region-ended"] = "region-ended"


class Expired(_Refused):
    """The command was not carried out in time and is not carried out later."""

    kind: Literal["expired"] = "expired"


class Overtaken(_Refused):
    """A newer decision, hold, resume, cancel or reschedule was carried out first."""

    kind: Literal["overtaken"] = "overtaken"
    by: str
    at: Moment | None = None


class ReasonMissing(_Refused):
    """The act needs a reason."""

    kind: Literal["reason-missing"] = "reason-missing"


class ReadinessMovedOn(_Refused):
    """The person acted on an older version of the readiness."""

    kind: Literal["readiness-moved-on"] = "readiness-moved-on"
    seen: int
    version: int
    by: str | None = None
    """Who moved it on last, where a person did."""
    at: Moment | None = None


class NotSigned(_Refused):
    """Nothing is signed at that stage, or not by that function."""

    kind: Literal["not-a-signer"] = "not-a-signer"


class FunctionNotHeld(_Refused):
    """The person does not act for that function."""

    kind: Literal["function-not-held"] = "function-not-held"


class TwoKeysOneHand(_Refused):
    """The person signed the same stage for another function."""

    kind: Literal["two-keys-one-hand"] = "two-keys-one-hand"


class StageLocked(_CameSecond):
    """The stage before is not passed yet."""

    kind: Literal["stage-locked"] = "stage-locked"


class ContentIncomplete(_Refused):
    """A segment has no statement yet."""

    kind: Literal["content-is-incomplete"] = "content-is-incomplete"
    missing: tuple[str, ...]


class DigestStale(_CameSecond):
    """The content moved on since the signer read it."""

    kind: Literal["digest-is-stale"] = "digest-is-stale"
    current: str | None


class AlreadySigned(_Refused):
    """The function has signed this very revision."""

    kind: Literal["already-signed"] = "already-signed"
    by: str
    at: Moment | None = None


class DeciderNotAllowed(_Refused):
    """Only an executive for the region decides."""

    kind: Literal["decider-not-allowed"] = "decider-not-allowed"


class DeciderIsOwner(_Refused):
    """The launch owner does not decide on it."""

    kind: Literal["decider-is-owner"] = "decider-is-owner"


class PolicyUnchanged(_Refused):
    """The policy that was asked for is the one that counts."""

    kind: Literal["policy-unchanged"] = "policy-unchanged"


class PolicyChangeOpen(_Refused):
    """Another change of policy waits."""

    kind: Literal["policy-change-open"] = "policy-change-open"
    change: str
    by: str


class PolicyChangeImpossible(_Refused):
    """What was asked for cannot change in a running launch."""

    kind: Literal["policy-change-impossible"] = "policy-change-impossible"


class PolicyChangeDated(_Refused):
    """The moment from which a change counts is missing, superfluous, past or too late."""

    kind: Literal["policy-change-dated"] = "policy-change-dated"


class PolicyChangeUnknown(_Refused):
    """No such change of policy waits for an answer."""

    kind: Literal["policy-change-unknown"] = "policy-change-unknown"


class PolicyChangeNotYours(_Refused):
    """The change of policy is answered by others."""

    kind: Literal["policy-change-not-yours"] = "policy-change-not-yours"


class PolicyChangeByAsker(_Refused):
    """Nobody confirms the change that they asked for."""

    kind: Literal["policy-change-by-asker"] = "policy-change-by-asker"


class OwnerUnchanged(_Refused):
    """The launch belongs to that person already."""

    kind: Literal["owner-unchanged"] = "owner-unchanged"


class OwnerChangeNotYours(_Refused):
    """Only a product manager, or who owns the launch, hands it over."""

    kind: Literal["owner-change-not-yours"] = "owner-change-not-yours"
    owner: str


class OwnerTookDecision(_Refused):
    """The person took the decision that stands, and an owner does not decide."""

    kind: Literal["owner-took-decision"] = "owner-took-decision"
    person: str


class OwnerWaived(_Refused):
    """The person granted a waiver that runs, and nobody waives what they own."""

    kind: Literal["owner-granted-waiver"] = "owner-granted-waiver"
    person: str
    waiver: str


class GatesNotMet(_CameSecond):
    """A criterion of a learning stage is unmet."""

    kind: Literal["gates-not-met"] = "gates-not-met"
    unmet: tuple[UnmetCriterion, ...]


class ReviewDateMissing(_Refused):
    """A no-go names the date to look again."""

    kind: Literal["review-date-missing"] = "review-date-missing"


class ReviewDatePast(_Refused):
    """The date to look again lies in the past."""

    kind: Literal["review-date-past"] = "review-date-past"


class AlreadyDecided(_Refused):
    """The same decision stands."""

    kind: Literal["already-decided"] = "already-decided"
    by: str
    at: Moment | None = None


class RegionHeldByPerson(_Refused):
    """The region is held by a person; resume it first."""

    kind: Literal["region-is-held"] = "region-is-held"
    by: str
    at: Moment | None = None


class RegionNotHeld(_CameSecond):
    """There is no hold to end."""

    kind: Literal["region-not-held"] = "region-not-held"


class LaunchInstantPassed(_Refused):
    """The launch instant has passed; only a reschedule helps."""

    kind: Literal["launch-instant-passed"] = "launch-instant-passed"


class LaunchInPast(_Refused):
    """The new launch instant lies in the past."""

    kind: Literal["launch-in-the-past"] = "launch-in-the-past"


class LaunchUnchanged(_CameSecond):
    """The new launch instant is the one that stands."""

    kind: Literal["launch-instant-unchanged"] = "launch-instant-unchanged"


class DeciderSigned(_Refused):
    """Who signed a stage of this launch does not decide on it."""

    kind: Literal["decider-signed-a-stage"] = "decider-signed-a-stage"


class DeciderInWaiver(_Refused):
    """Who asked for a waiver of this region, or answered one, does not decide on it."""

    kind: Literal["decider-in-waiver"] = "decider-in-waiver"


class ConditionsMissing(_Refused):
    """A conditional go names its conditions."""

    kind: Literal["conditions-missing"] = "conditions-missing"


class ConditionsNotWanted(_Refused):
    """Only a conditional go has conditions."""

    kind: Literal["conditions-not-wanted"] = "conditions-not-wanted"


class TooManyConditions(_Refused):
    """The policy allows fewer conditions: with more it is not a go."""

    kind: Literal["too-many-conditions"] = "too-many-conditions"
    allowed: int


class ConditionDueBadly(_Refused):
    """A condition is due in the past, or later than the policy allows."""

    kind: Literal["condition-due-badly"] = "condition-due-badly"
    latest: Moment


class ConditionUnknown(_CameSecond):
    """The standing decision has no such condition."""

    kind: Literal["condition-unknown"] = "condition-unknown"


class ConditionClosed(_CameSecond):
    """The condition was met or missed already."""

    kind: Literal["condition-closed"] = "condition-closed"
    status: str


class ConditionNotYours(_Refused):
    """Only who promised a condition, or the launch owner, says that it is met."""

    kind: Literal["condition-not-yours"] = "condition-not-yours"
    owner: str


class ReviewDateTooFar(_Refused):
    """The date to look again is further away than the policy allows: no silent parking."""

    kind: Literal["review-date-too-far"] = "review-date-too-far"
    latest: Moment


class NotWaivable(_Refused):
    """The criterion cannot be waived under this policy."""

    kind: Literal["not-waivable"] = "not-waivable"


class NothingToWaive(_CameSecond):
    """The criterion is met, so there is nothing to waive."""

    kind: Literal["nothing-to-waive"] = "nothing-to-waive"


class WaiverAlreadyOpen(_CameSecond):
    """A waiver of the same criterion is asked for or runs."""

    kind: Literal["waiver-already-open"] = "waiver-already-open"
    waiver: str


class WaiverBudgetSpent(_Refused):
    """As many waivers are open as the policy allows."""

    kind: Literal["waiver-budget-spent"] = "waiver-budget-spent"
    allowed: int
    scope: Literal["region", "launch"]


class WaiverFloorBad(_Refused):
    """The floor lies deeper than the policy allows, or not below what is required."""

    kind: Literal["waiver-floor-bad"] = "waiver-floor-bad"
    deepest: float


class WaiverExpiryBad(_Refused):
    """The waiver would end in the past, or later after the launch than the policy allows."""

    kind: Literal["waiver-expiry-bad"] = "waiver-expiry-bad"
    latest: Moment


class WaiverUnknown(_Refused):
    """The region has no such waiver."""

    kind: Literal["waiver-unknown"] = "waiver-unknown"


class WaiverNotOpen(_CameSecond):
    """The waiver was answered already, or has ended."""

    kind: Literal["waiver-not-open"] = "waiver-not-open"
    status: str


class WaiverApproverNotAllowed(_Refused):
    """Only an executive for the region answers or revokes a waiver."""

    kind: Literal["waiver-approver-not-allowed"] = "waiver-approver-not-allowed"


class WaiverByRequester(_Refused):
    """Nobody answers their own request."""

    kind: Literal["waiver-by-requester"] = "waiver-by-requester"


class WaiverByOwner(_Refused):
    """Nobody waives an item of their own: the launch owner and who signed that stage leave it to others."""

    kind: Literal["waiver-by-owner"] = "waiver-by-owner"


class WaiverByDecider(_Refused):
    """Who decided on the region does not loosen its gates afterwards."""

    kind: Literal["waiver-by-decider"] = "waiver-by-decider"


class PollNotHeld(_Refused):
    """The policy gives no function a seat, so nobody is polled."""

    kind: Literal["no-poll-here"] = "no-poll-here"


class PollAlreadyOpen(_CameSecond):
    """A poll is open, or every seat's ballot still counts."""

    kind: Literal["poll-already-open"] = "poll-already-open"


class PollNotOpen(_CameSecond):
    """No poll is open to vote in."""

    kind: Literal["poll-not-open"] = "poll-not-open"


class SeatUnknown(_CameSecond):
    """The function holds no seat in this poll, or its earlier ballot still counts."""

    kind: Literal["no-such-seat"] = "no-such-seat"


class SeatHasVoted(_Refused):
    """The seat's ballot is in; ballots are added, never changed."""

    kind: Literal["seat-has-voted"] = "seat-has-voted"
    by: str
    at: Moment | None = None


class SeatNotIdle(_CameSecond):
    """Another person is named only for a seat that has been idle for too long."""

    kind: Literal["seat-not-idle"] = "seat-not-idle"


class SeatNamerNotAllowed(_Refused):
    """Only an executive for the region names another person for a seat."""

    kind: Literal["seat-namer-not-allowed"] = "seat-namer-not-allowed"


class LessonUnknown(_Refused):
    """No earlier wave left the region such a lesson."""

    kind: Literal["no-such-lesson"] = "no-such-lesson"


class LessonAddressedAlready(_Refused):
    """The lesson has been addressed in this region."""

    kind: Literal["lesson-addressed"] = "lesson-addressed"
    by: str
    at: Moment


class LessonAddresserNotAllowed(_Refused):
    """Only marketing or the product manager says how a lesson is addressed."""

    kind: Literal["lesson-addresser-not-allowed"] = "lesson-addresser-not-allowed"


class SeatNamedSelf(_Refused):
    """Nobody names themselves for a seat."""

    kind: Literal["seat-named-self"] = "seat-named-self"


class TwoSeatsOnePerson(_Refused):
    """Nobody holds two seats."""

    kind: Literal["two-seats-one-person"] = "two-seats-one-person"


class VotesMissing(_CameSecond):
    """Fewer seats have voted than the policy asks for."""

    kind: Literal["votes-missing"] = "votes-missing"
    needed: int
    voted: int


class DissentNotAccepted(_CameSecond):
    """A dissent must be accepted by name, with a reason, before a go."""

    kind: Literal["dissent-not-accepted"] = "dissent-not-accepted"
    functions: tuple[str, ...]


class DissentUnknown(_CameSecond):
    """There is no such dissent to accept."""

    kind: Literal["no-such-dissent"] = "no-such-dissent"
    functions: tuple[str, ...]


class EvidenceMissing(_Refused):
    """The facts could not be gathered for the instant that the command is about."""

    kind: Literal["evidence-missing"] = "evidence-missing"


Refusal = Annotated[
    LaunchAlreadyRunning
    | LaunchHasEnded
    | RegionAlreadyRunning
    | RegionEnded
    | Expired
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
    | EvidenceMissing,
    Field(discriminator="kind"),
]
"""Any reason for which a command is refused."""


class CommandRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """Carries a refusal out of `decide`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
