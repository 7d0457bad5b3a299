"""For which reasons is refused what takes several people to agree: waivers, polls, conditions, owners, policies?"""

from typing import Literal

from readiness.refusal_bases import CameSecond, RefusalBase
from readiness.values import Moment


class PolicyUnchanged(RefusalBase):
    """The policy that was asked for is the one that counts."""

    kind: Literal["policy-unchanged"] = "policy-unchanged"


class PolicyChangeOpen(RefusalBase):
    """Another change of policy waits."""

    kind: Literal["policy-change-open"] = "policy-change-open"
    change: str
    by: str


class PolicyChangeImpossible(RefusalBase):
    """What was asked for cannot change in a running launch."""

    kind: Literal["policy-change-impossible"] = "policy-change-impossible"


class PolicyChangeDated(RefusalBase):
    """The moment from which a change counts is missing, superfluous, past or too late."""

    kind: Literal["policy-change-dated"] = "policy-change-dated"


class PolicyChangeUnknown(RefusalBase):
    """No such change of policy waits for an answer."""

    kind: Literal["policy-change-unknown"] = "policy-change-unknown"


class PolicyChangeNotYours(RefusalBase):
    """The change of policy is answered by others."""

    kind: Literal["policy-change-not-yours"] = "policy-change-not-yours"


class PolicyChangeByAsker(RefusalBase):
    """Nobody confirms the change that they asked for."""

    kind: Literal["policy-change-by-asker"] = "policy-change-by-asker"


class OwnerUnchanged(RefusalBase):
    """The launch belongs to that person already."""

    kind: Literal["owner-unchanged"] = "owner-unchanged"


class OwnerChangeNotYours(RefusalBase):
    """Only a product manager, or who owns the launch, hands it over."""

    kind: Literal["owner-change-not-yours"] = "owner-change-not-yours"
    owner: str


class OwnerTookDecision(RefusalBase):
    """The person took the decision that stands, and an owner does not decide."""

    kind: Literal["owner-took-decision"] = "owner-took-decision"
    person: str


class OwnerWaived(RefusalBase):
    """The person granted a waiver that runs, and nobody waives what they own."""

    kind: Literal["owner-granted-waiver"] = "owner-granted-waiver"
    person: str
    waiver: str


class ConditionsMissing(RefusalBase):
    """A conditional go names its conditions."""

    kind: Literal["conditions-missing"] = "conditions-missing"


class ConditionsNotWanted(RefusalBase):
    """Only a conditional go has conditions."""

    kind: Literal["conditions-not-wanted"] = "conditions-not-wanted"


class TooManyConditions(RefusalBase):
    """The policy allows fewer conditions: with more it is not a go."""

    kind: Literal["too-many-conditions"] = "too-many-conditions"
    allowed: int


class ConditionDueBadly(RefusalBase):
    """A condition is due in the past, or later than the policy allows."""

    kind: Literal["condition-due-badly"] = "condition-due-badly"
    latest: Moment


class ConditionUnknown(CameSecond):
    """The standing decision has no such condition."""

    kind: Literal["condition-unknown"] = "condition-unknown"


class ConditionClosed(CameSecond):
    """The condition was met or missed already."""

    kind: Literal["condition-closed"] = "condition-closed"
    status: str


class ConditionNotYours(RefusalBase):
    """Only who promised a condition, or the launch owner, says that it is met."""

    kind: Literal["condition-not-yours"] = "condition-not-yours"
    owner: str


class NotWaivable(RefusalBase):
    """The criterion cannot be waived under this policy."""

    kind: Literal["not-waivable"] = "not-waivable"


class NothingToWaive(CameSecond):
    """The criterion is met, so there is nothing to waive."""

    kind: Literal["nothing-to-waive"] = "nothing-to-waive"


class WaiverAlreadyOpen(CameSecond):
    """A waiver of the same criterion is asked for or runs."""

    kind: Literal["waiver-already-open"] = "waiver-already-open"
    waiver: str


class WaiverBudgetSpent(RefusalBase):
    """As many waivers are open as the policy allows."""

    kind: Literal["waiver-budget-spent"] = "waiver-budget-spent"
    allowed: int
    scope: Literal["region", "launch"]


class WaiverFloorBad(RefusalBase):
    """The floor lies deeper than the policy allows, or not below what is required."""

    kind: Literal["waiver-floor-bad"] = "waiver-floor-bad"
    deepest: float


class WaiverExpiryBad(RefusalBase):
    """The waiver would end in the past, or later after the launch than the policy allows."""

    kind: Literal["waiver-expiry-bad"] = "waiver-expiry-bad"
    latest: Moment


class WaiverUnknown(RefusalBase):
    """The region has no such waiver."""

    kind: Literal["waiver-unknown"] = "waiver-unknown"


class WaiverNotOpen(CameSecond):
    """The waiver was answered already, or has ended."""

    kind: Literal["waiver-not-open"] = "waiver-not-open"
    status: str


class WaiverApproverNotAllowed(RefusalBase):
    """Only an executive for the region answers or revokes a waiver."""

    kind: Literal["waiver-approver-not-allowed"] = "waiver-approver-not-allowed"


class WaiverByRequester(RefusalBase):
    """Nobody answers their own request."""

    kind: Literal["waiver-by-requester"] = "waiver-by-requester"


class WaiverByOwner(RefusalBase):
    """Nobody waives an item of their own: the launch owner and who signed that stage leave it to others."""

    kind: Literal["waiver-by-owner"] = "waiver-by-owner"


class WaiverByDecider(RefusalBase):
    """Who decided on the region does not loosen its gates afterwards."""

    kind: Literal["waiver-by-decider"] = "waiver-by-decider"


class PollNotHeld(RefusalBase):
    """The policy gives no function a seat, so nobody is polled."""

    kind: Literal["no-poll-here"] = "no-poll-here"


class PollAlreadyOpen(CameSecond):
    """A poll is open, or every seat's ballot still counts."""

    kind: Literal["poll-already-open"] = "poll-already-open"


class PollNotOpen(CameSecond):
    """No poll is open to vote in."""

    kind: Literal["poll-not-open"] = "poll-not-open"


class SeatUnknown(CameSecond):
    """The function holds no seat in this poll, or its earlier ballot still counts."""

    kind: Literal["no-such-seat"] = "no-such-seat"


class SeatHasVoted(RefusalBase):
    """The seat's ballot is in; ballots are added, never changed."""

    kind: Literal["seat-has-voted"] = "seat-has-voted"
    by: str
    at: Moment | None = None


class SeatNotIdle(CameSecond):
    """Another person is named only for a seat that has been idle for too long."""

    kind: Literal["seat-not-idle"] = "seat-not-idle"


class SeatNamerNotAllowed(RefusalBase):
    """Only an executive for the region names another person for a seat."""

    kind: Literal["seat-namer-not-allowed"] = "seat-namer-not-allowed"


class LessonUnknown(RefusalBase):
    """No earlier wave left the region such a lesson."""

    kind: Literal["no-such-lesson"] = "no-such-lesson"


class LessonAddressedAlready(RefusalBase):
    """The lesson has been addressed in this region."""

    kind: Literal["lesson-addressed"] = "lesson-addressed"
    by: str
    at: Moment


class LessonAddresserNotAllowed(RefusalBase):
    """Only marketing or the product manager says how a lesson is addressed."""

    kind: Literal["lesson-addresser-not-allowed"] = "lesson-addresser-not-allowed"


class SeatNamedSelf(RefusalBase):
    """Nobody names themselves for a seat."""

    kind: Literal["seat-named-self"] = "seat-named-self"


class TwoSeatsOnePerson(RefusalBase):
    """Nobody holds two seats."""

    kind: Literal["two-seats-one-person"] = "two-seats-one-person"


class VotesMissing(CameSecond):
    """Fewer seats have voted than the policy asks for."""

    kind: Literal["votes-missing"] = "votes-missing"
    needed: int
    voted: int


class DissentNotAccepted(CameSecond):
    """A dissent must be accepted by name, with a reason, before a go."""

    kind: Literal["dissent-not-accepted"] = "dissent-not-accepted"
    functions: tuple[str, ...]


class DissentUnknown(CameSecond):
    """There is no such dissent to accept."""

    kind: Literal["no-such-dissent"] = "no-such-dissent"
    functions: tuple[str, ...]
