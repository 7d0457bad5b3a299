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


class LaunchAlreadyRunning(_Refused):
    """The product has a launch that has not ended."""

    kind: Literal["launch-already-running"] = "launch-already-running"


class LaunchHasEnded(_Refused):
    """Every region of the launch has ended."""

    kind: Literal["launch-ended"] = "launch-ended"


class RegionAlreadyRunning(_Refused):
    """The region is part of the launch and has not ended."""

    kind: Literal["region-already-running"] = "region-already-running"


class RegionEnded(_Refused):
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


class StageLocked(_Refused):
    """The stage before is not passed yet."""

    kind: Literal["stage-locked"] = "stage-locked"


class ContentIncomplete(_Refused):
    """A segment has no statement yet."""

    kind: Literal["content-is-incomplete"] = "content-is-incomplete"
    missing: tuple[str, ...]


class DigestStale(_Refused):
    """The content moved on since the signer read it."""

    kind: Literal["digest-is-stale"] = "digest-is-stale"
    current: str | None


class AlreadySigned(_Refused):
    """The function has signed this very revision."""

    kind: Literal["already-signed"] = "already-signed"
    by: str


class DeciderNotAllowed(_Refused):
    """Only an executive for the region decides."""

    kind: Literal["decider-not-allowed"] = "decider-not-allowed"


class DeciderIsOwner(_Refused):
    """The launch owner does not decide on it."""

    kind: Literal["decider-is-owner"] = "decider-is-owner"


class GatesNotMet(_Refused):
    """A criterion of a learning stage is unmet."""

    kind: Literal["gates-not-met"] = "gates-not-met"
    unmet: tuple[UnmetCriterion, ...]


class ChoiceNotOffered(_Refused):
    """The choice needs something that this launch does not have."""

    kind: Literal["choice-not-offered"] = "choice-not-offered"


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


class RegionHeldByPerson(_Refused):
    """The region is held by a person; resume it first."""

    kind: Literal["region-is-held"] = "region-is-held"
    by: str


class RegionNotHeld(_Refused):
    """There is no hold to end."""

    kind: Literal["region-not-held"] = "region-not-held"


class LaunchInstantPassed(_Refused):
    """The launch instant has passed; only a reschedule helps."""

    kind: Literal["launch-instant-passed"] = "launch-instant-passed"


class LaunchInPast(_Refused):
    """The new launch instant lies in the past."""

    kind: Literal["launch-in-the-past"] = "launch-in-the-past"


class LaunchUnchanged(_Refused):
    """The new launch instant is the one that stands."""

    kind: Literal["launch-instant-unchanged"] = "launch-instant-unchanged"


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
    | ChoiceNotOffered
    | ReviewDateMissing
    | ReviewDatePast
    | AlreadyDecided
    | RegionHeldByPerson
    | RegionNotHeld
    | LaunchInstantPassed
    | LaunchInPast
    | LaunchUnchanged
    | EvidenceMissing,
    Field(discriminator="kind"),
]
"""Any reason for which a command is refused."""


class CommandRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """Carries a refusal out of `decide`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
