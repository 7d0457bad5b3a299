"""What has happened to a launch or a region launch?"""

# Events are the rows of the ledger: past tense, added and never edited. What `evolve` makes of a written event never
# changes, so a new meaning is a new event type. They carry opaque ids and digests, no words that a person wrote.

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from readiness.commands import Choice, Stance
from readiness.evidence import AudienceChange
from readiness.happened import Happened
from readiness.impact import TierGrounds
from readiness.lasting import GoRevived, RegionSlipped
from readiness.lesson_events import LessonAddressed
from readiness.permit_events import PermitRevoked
from readiness.plan import Assessment, Course, LaunchPlan, RegionPlan
from readiness.policy import CriterionKey, Function, Policy, Stage
from readiness.policy_events import (
    PolicyChangeAsked,
    PolicyChangeConfirmed,
    PolicyChanged,
    PolicyChangeDeclined,
)
from readiness.seat_events import SeatIdled, SeatNamed
from readiness.values import BasisPoints, Digest, Frozen, Identifier, Moment, Slug


class CriterionStatus(StrEnum):
    """How a criterion stands."""

    MET = "met"
    UNMET = "unmet"
    WAIVED = "waived"
    NO_EVIDENCE = "no_evidence"


class HoldCause(StrEnum):
    """Why a region is held."""

    PERSON = "person"
    GATE_UNMET = "gate-unmet"
    LAUNCH_INSTANT_MISSED = "launch-instant-missed"
    LAUNCH_REFUSED = "launch-refused"
    CONDITION_MISSED = "condition-missed"
    ROLE_WITHDRAWN = "role-withdrawn"


class Judged(Frozen):
    """How one criterion was judged; the figures are for reading, they decide nothing later."""

    key: CriterionKey
    status: CriterionStatus
    numerator: int
    denominator: int


class RegionLaunchStarted(Happened):
    """A region launch began, with the whole plan and policy that it keeps."""

    type: Literal["region_launch_started"] = "region_launch_started"
    launch_run: int
    product: Slug
    product_name: str
    tier: int
    owner: Identifier
    plan: RegionPlan
    courses: tuple[Course, ...]
    assessment: Assessment
    policy: Policy
    below_tier: tuple[str, ...] = ()
    tier_grounds: TierGrounds | None = None
    """Why it has this tier, as its plan said."""


class CriteriaJudged(Happened):
    """At least one criterion changed its status; all of them as they stand."""

    type: Literal["criteria_judged"] = "criteria_judged"
    judged: tuple[Judged, ...]


class StageOpened(Happened):
    """The stage before was passed, so this one is worked on."""

    type: Literal["stage_opened"] = "stage_opened"
    stage: Stage


class StagePassed(Happened):
    """Every criterion of the stage is met."""

    type: Literal["stage_passed"] = "stage_passed"
    stage: Stage


class StageWaived(Happened):
    """Every criterion of the stage is met or covered by a waiver, and at least one only by a waiver."""

    type: Literal["stage_waived"] = "stage_waived"
    stage: Stage


class StageReopened(Happened):
    """A passed stage became unmet."""

    type: Literal["stage_reopened"] = "stage_reopened"
    stage: Stage
    criteria: tuple[CriterionKey, ...]


class SignedOff(Happened):
    """A function approved one revision of a stage's content."""

    type: Literal["signed_off"] = "signed_off"
    stage: Stage
    function: Function
    digest: Digest


class SentBack(Happened):
    """A function sent one revision back; a sign-off of its own on that stage ends with it."""

    type: Literal["sent_back"] = "sent_back"
    stage: Stage
    function: Function
    digest: Digest


class SignOffVoided(Happened):
    """The content moved on materially, so the sign-off counts no more."""

    type: Literal["sign_off_voided"] = "sign_off_voided"
    stage: Stage
    function: Function
    digest: Digest
    edited_by: Identifier | None = None
    """Who moved it on; None where nobody knows."""


class OpenedBallot(Frozen):
    """What a seat of a closed poll said; nobody where the seat was absent."""

    function: Function
    stance: Stance | None
    """None for an absent seat that counts as an abstention."""
    person: Identifier | None = None
    at: Moment | None = None
    command_id: str | None = None

    @property
    def is_absent(self) -> bool:
        """Say whether nobody voted in time."""
        return self.person is None


class PollOpened(Happened):
    """Every function was asked for its position; `carried` are ballots of the poll before that still count."""

    type: Literal["poll_opened"] = "poll_opened"
    seats: tuple[Function, ...]
    closes_at: Moment
    carried: tuple[OpenedBallot, ...] = ()


class BallotCast(Happened):
    """A function handed in its ballot, sealed."""

    type: Literal["ballot_cast"] = "ballot_cast"
    function: Function


class PollClosed(Happened):
    """The ballots were opened: every seat had voted, or the clock had run out."""

    type: Literal["poll_closed"] = "poll_closed"
    ballots: tuple[OpenedBallot, ...]


class Condition(Frozen):
    """Something promised with a conditional go; the words stay in the command log."""

    id: str
    owner: Identifier
    due_at: Moment
    text_digest: Digest


class DecisionTaken(Happened):
    """An executive decided, for one launch instant."""

    type: Literal["decision_taken"] = "decision_taken"
    choice: Choice
    launch_at: Moment
    review_at: Moment | None = None
    judged: tuple[Judged, ...] = ()
    """The criteria as the decision was taken on them; what was known then stays known."""
    gathered_at: Moment | None = None
    """When that evidence was gathered."""
    audience: AudienceChange | None = None
    """How the audience had changed by then."""
    conditions: tuple[Condition, ...] = ()
    """What was promised with a conditional go."""
    waivers: tuple[str, ...] = ()
    """The waivers that covered a criterion as it was taken."""
    ballots: tuple[OpenedBallot, ...] = ()
    """The poll as it was taken on."""
    dissents_accepted: tuple[Function, ...] = ()
    """The dissents that the decider accepted by name; they stand beside the go for ever."""


class ConditionMet(Happened):
    """A condition was met, with a proof that stays in the command log."""

    type: Literal["condition_met"] = "condition_met"
    condition: str
    proof_digest: Digest


class ConditionMissed(Happened):
    """A condition was not met by its due date."""

    type: Literal["condition_missed"] = "condition_missed"
    condition: str


class WaiverRequested(Happened):
    """Somebody asked to pass an unmet criterion, down to `floor`, until `expires_at`."""

    type: Literal["waiver_requested"] = "waiver_requested"
    waiver: str
    criterion: CriterionKey
    floor: BasisPoints
    expires_at: Moment


class WaiverGranted(Happened):
    """An executive granted a waiver that another asked for."""

    type: Literal["waiver_granted"] = "waiver_granted"
    waiver: str


class WaiverDenied(Happened):
    """An executive denied a waiver."""

    type: Literal["waiver_denied"] = "waiver_denied"
    waiver: str


class WaiverRevoked(Happened):
    """An executive took a granted waiver back."""

    type: Literal["waiver_revoked"] = "waiver_revoked"
    waiver: str


class WaiverLapseNears(Happened):
    """A granted waiver lapses soon: who asked for it and who granted it are told."""

    type: Literal["waiver_lapse_nears"] = "waiver_lapse_nears"
    waiver: str


class WaiverLapsed(Happened):
    """A waiver came to its end, granted or still only asked for."""

    type: Literal["waiver_lapsed"] = "waiver_lapsed"
    waiver: str


class PermitSuspended(Happened):
    """Conditions were missed after the launch and not made good in time: the product may not be sold meanwhile."""

    type: Literal["permit_suspended"] = "permit_suspended"
    conditions: tuple[str, ...]


class PermitRestored(Happened):
    """What had been missed after the launch was met after all."""

    type: Literal["permit_restored"] = "permit_restored"


class ReviewCame(Happened):
    """The date to look again at a no-go came; the question is open again."""

    type: Literal["review_came"] = "review_came"


class RegionHeld(Happened):
    """The launch is stopped; a go that stood is gone."""

    type: Literal["region_held"] = "region_held"
    cause: HoldCause
    criteria: tuple[CriterionKey, ...] = ()
    objections: tuple[str, ...] = ()
    """What the launch transaction found, where it refused."""
    review_at: Moment | None = None


class RegionResumed(Happened):
    """A hold ended; it never leads to go, and a no-go from before stands."""

    type: Literal["region_resumed"] = "region_resumed"


class RegionRescheduled(Happened):
    """The launch instant moved; a go that stood is gone."""

    type: Literal["region_rescheduled"] = "region_rescheduled"
    launch_at: Moment
    wall_clock: str


class OwnerChanged(Happened):
    """The region launch belongs to another person; whoever owned it before still does not decide on it."""

    type: Literal["owner_changed"] = "owner_changed"
    owner: Identifier


class RegionCancelled(Happened):
    """The region launch ended without a launch."""

    type: Literal["region_cancelled"] = "region_cancelled"


class RegionLaunched(Happened):
    """The product may be sold in the region; written by the launch transaction alone."""

    type: Literal["region_launched"] = "region_launched"
    launch_at: Moment
    decision_version: int
    """The version of the decision that this launch rests on."""


RegionEvent = Annotated[
    RegionLaunchStarted
    | CriteriaJudged
    | StageOpened
    | StagePassed
    | StageWaived
    | StageReopened
    | SignedOff
    | SentBack
    | SignOffVoided
    | WaiverRequested
    | WaiverGranted
    | WaiverDenied
    | WaiverRevoked
    | WaiverLapseNears
    | WaiverLapsed
    | PollOpened
    | BallotCast
    | PollClosed
    | SeatIdled
    | SeatNamed
    | LessonAddressed
    | DecisionTaken
    | ConditionMet
    | ConditionMissed
    | PolicyChangeAsked
    | PolicyChangeConfirmed
    | PolicyChangeDeclined
    | PolicyChanged
    | PermitSuspended
    | PermitRestored
    | PermitRevoked
    | ReviewCame
    | RegionHeld
    | RegionResumed
    | GoRevived
    | RegionRescheduled
    | RegionSlipped
    | OwnerChanged
    | RegionCancelled
    | RegionLaunched,
    Field(discriminator="type"),
]
"""Whatever can happen to a region launch."""


class LaunchStarted(Happened):
    """A product's launch began."""

    type: Literal["launch_started"] = "launch_started"
    plan: LaunchPlan


class RegionAdded(Happened):
    """A region joined a running launch."""

    type: Literal["region_added"] = "region_added"
    plan: RegionPlan


class LaunchOwnerChanged(Happened):
    """The launch as a whole belongs to another person: regions that join it do too."""

    type: Literal["launch_owner_changed"] = "launch_owner_changed"
    owner: Identifier


class LaunchEnded(Happened):
    """Every region of the launch has launched or was cancelled."""

    type: Literal["launch_ended"] = "launch_ended"


LaunchEvent = Annotated[LaunchStarted | RegionAdded | LaunchOwnerChanged | LaunchEnded, Field(discriminator="type")]
"""Whatever can happen to a launch as a whole."""

GIVING: dict[str, tuple[str, ...]] = {
    "region_launch_started": ("start_launch", "add_region"),
    "signed_off": ("sign_off",),
    "waiver_requested": ("request_waiver",),
    "waiver_granted": ("grant_waiver",),
    "ballot_cast": ("cast_ballot",),
    "decision_taken": ("decide",),
    "condition_met": ("meet_condition",),
    "region_resumed": ("resume",),
    "region_rescheduled": ("reschedule",),
    "owner_changed": ("change_owner",),
    "policy_change_asked": ("ask_policy_change",),
    "policy_change_confirmed": ("confirm_policy_change",),
    "launch_owner_changed": ("hand_over",),
    "region_slipped": ("reschedule",),
    "lesson_addressed": ("address_lesson",),
}
"""Events that give, each with the kinds of command that may stand behind it: without one in the log they count
for nothing. Every other event takes away, or only records, and always counts."""
