"""How does a region launch stand, as its events tell?"""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from readiness.commands import Choice
from readiness.events import Condition, CriterionStatus, HoldCause, Judged, OpenedBallot
from readiness.evidence import AudienceChange
from readiness.keys import RegionKey
from readiness.plan import Assessment, Course, RegionPlan
from readiness.policy import CriterionKey, Function, Policy, Stage
from readiness.policy_events import Applies
from readiness.values import BasisPoints, Digest, Frozen, Identifier, Moment


class StageStatus(StrEnum):
    """How a stage stands."""

    LOCKED = "locked"
    OPEN = "open"
    PASSED = "passed"
    WAIVED = "waived"
    REOPENED = "reopened"


class Verdict(StrEnum):
    """What may be said of a region in one word."""

    NOT_READY = "not_ready"
    READY = "ready"
    GO = "go"
    CONDITIONAL_GO = "conditional_go"
    NO_GO = "no_go"
    HELD = "held"
    LAUNCHED = "launched"
    CANCELLED = "cancelled"


class Ending(StrEnum):
    """How a region launch ended."""

    LAUNCHED = "launched"
    CANCELLED = "cancelled"


class StageState(Frozen):
    """One stage; `since` is the moment of its present status."""

    stage: Stage
    status: StageStatus = StageStatus.LOCKED
    opened_at: Moment | None = None
    closed_at: Moment | None = None
    since: Moment | None = None

    @property
    def is_closed(self) -> bool:
        """Say whether the stage is passed or waived."""
        return self.status in {StageStatus.PASSED, StageStatus.WAIVED}


class Signature(Frozen):
    """A sign-off that stands, or a revision that was sent back."""

    stage: Stage
    function: Function
    person: Identifier
    digest: Digest
    at: Moment
    command_id: str | None = None


class WaiverStatus(StrEnum):
    """How a waiver stands."""

    REQUESTED = "requested"
    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"
    LAPSED = "lapsed"


class Waiver(Frozen):
    """Permission to pass an unmet criterion of this region: who asked, who answered, how far and how long."""

    id: str
    criterion: CriterionKey
    floor: BasisPoints
    """The lowest share that it covers; below it the criterion is unmet again."""
    expires_at: Moment
    status: WaiverStatus = WaiverStatus.REQUESTED
    requested_by: Identifier
    requested_at: Moment
    answered_by: Identifier | None = None
    """Who granted or denied it."""
    answered_at: Moment | None = None
    ended_by: Identifier | None = None
    """Who revoked it; None where it lapsed by itself."""
    ended_at: Moment | None = None
    lapse_announced: bool = False

    @property
    def is_open(self) -> bool:
        """Say whether it counts against the budget: asked for, or granted and still running."""
        return self.status in {WaiverStatus.REQUESTED, WaiverStatus.GRANTED}

    def covers_at(self, at: Moment) -> bool:
        """Say whether it is granted and does not lapse before or at `at`."""
        return self.status is WaiverStatus.GRANTED and at < self.expires_at


class SealedBallot(Frozen):
    """That a function has voted, and who for it; never how."""

    function: Function
    person: Identifier
    at: Moment
    command_id: str | None = None


class Poll(Frozen):
    """The latest poll of the region."""

    opened_at: Moment
    opened_by: Identifier | None
    closes_at: Moment
    seats: tuple[Function, ...]
    carried: tuple[OpenedBallot, ...] = ()
    """Ballots of the poll before whose evidence has not changed: these seats are not asked again."""
    sealed: tuple[SealedBallot, ...] = ()
    opened: tuple[OpenedBallot, ...] = ()
    """Every seat's ballot once the poll has closed."""
    closed_at: Moment | None = None

    @property
    def awaited(self) -> tuple[Function, ...]:
        """The seats that have neither voted nor been carried over."""
        voted = {ballot.function for ballot in self.sealed} | {ballot.function for ballot in self.carried}
        return tuple(seat for seat in self.seats if seat not in voted)

    def may_close_at(self, now: Moment) -> bool:
        """Say whether it is open, and every seat has voted or the clock has run out."""
        return self.closed_at is None and (not self.awaited or self.closes_at <= now)


class ConditionStatus(StrEnum):
    """How a condition stands."""

    OPEN = "open"
    MET = "met"
    MISSED = "missed"


class PromisedCondition(Frozen):
    """A condition of the standing conditional go, and whether it was kept."""

    promised: Condition
    status: ConditionStatus = ConditionStatus.OPEN
    closed_by: Identifier | None = None
    closed_at: Moment | None = None
    proof_digest: Digest | None = None
    proof_command_id: str | None = None


class JudgedStatus(Frozen):
    """How a criterion was judged when the region last looked."""

    key: CriterionKey
    status: CriterionStatus


GOES = frozenset({Choice.GO, Choice.CONDITIONAL_GO})
"""The choices that let a region launch."""


class Decision(Frozen):
    """The decision that stands, by one executive: for one launch instant, and the slips that a go covers."""

    choice: Choice
    person: Identifier
    at: Moment
    launch_at: Moment
    version: int
    review_at: Moment | None = None
    command_id: str | None = None
    judged: tuple[Judged, ...] = ()
    """The criteria as it was taken on them."""
    gathered_at: Moment | None = None
    audience: AudienceChange | None = None
    conditions: tuple[PromisedCondition, ...] = ()
    waivers: tuple[str, ...] = ()
    """The waivers that covered a criterion as it was taken."""
    ballots: tuple[OpenedBallot, ...] = ()
    dissents_accepted: tuple[Function, ...] = ()
    slipped_to: Moment | None = None
    """The later instant that slips have carried a go to; None where it is for the one that it was taken for."""

    @property
    def is_go(self) -> bool:
        """Say whether it lets the region launch."""
        return self.choice in GOES

    @property
    def stands_for(self) -> Moment:
        """The launch instant that it holds for."""
        return self.slipped_to if self.slipped_to is not None else self.launch_at

    def covers_until(self, policy: Policy) -> Moment | None:
        """Return the latest launch instant that a go covers by `policy`, slips added up; None for what is no go."""
        return self.launch_at + timedelta(days=policy.go_no_go.go_covers_slip_days) if self.is_go else None


class Holding(Frozen):
    """The hold that stands: by a person, or by a rule (`person` None)."""

    cause: HoldCause
    at: Moment
    person: Identifier | None = None
    criteria: tuple[CriterionKey, ...] = ()
    objections: tuple[str, ...] = ()
    review_at: Moment | None = None
    command_id: str | None = None

    @property
    def is_by_person(self) -> bool:
        """Say whether a person asked for the hold, so that only a resume ends it."""
        return self.cause is HoldCause.PERSON


class IdleSeat(Frozen):
    """A seat that was waited for too long, and whom an executive named for it since."""

    stage: Stage
    function: Function
    since: Moment
    escalated_at: Moment
    named: Identifier | None = None
    named_by: Identifier | None = None
    named_at: Moment | None = None


class PolicyChange(Frozen):
    """Another policy that was asked for, and whether a second person confirmed it."""

    change: Digest
    policy: Policy
    below_tier: tuple[str, ...]
    applies: Applies
    from_at: Moment | None
    asked_by: Identifier
    asked_at: Moment
    confirmed_by: Identifier | None = None
    confirmed_at: Moment | None = None

    def is_in_force(self, at: Moment) -> bool:
        """Say whether it is confirmed and its moment has come by `at`."""
        return self.confirmed_by is not None and (self.from_at is None or self.from_at <= at)


class AddressedLesson(Frozen):
    """What an earlier wave learned and this region addressed: by whom, and where the words lie."""

    lesson: str
    person: Identifier
    at: Moment
    how_digest: Digest
    command_id: str | None = None


class LostGo(Frozen):
    """A go that a gate took away, with everything that a revival gives back, as it stood."""

    decision: Decision
    stages: tuple[StageState, ...]
    held_at: Moment | None = None
    """When the region was held; None while its gates are still being reopened."""


class RegionLaunch(Frozen):
    """One product's launch in one region: the fold of its events, changed only by `evolve`."""

    key: RegionKey
    version: int
    launch_run: int
    product_name: str
    tier: int
    owner: Identifier
    former_owners: tuple[Identifier, ...] = ()
    """Who owned it before, the first first: none of them decides on it either."""
    plan: RegionPlan
    courses: tuple[Course, ...]
    assessment: Assessment
    policy: Policy
    below_tier: tuple[str, ...] = ()
    started_at: Moment
    stages: tuple[StageState, ...]
    sign_offs: tuple[Signature, ...] = ()
    sent_back: tuple[Signature, ...] = ()
    judged: tuple[JudgedStatus, ...] = Field(default=())
    waivers: tuple[Waiver, ...] = ()
    poll: Poll | None = None
    moved_at: Moment | None = None
    """When the launch instant was last moved, and no go covered it."""
    slipped_at: Moment | None = None
    """When the launch instant was last moved under a go that covered it."""
    decision: Decision | None = None
    holding: Holding | None = None
    lost: LostGo | None = None
    """The go that may still revive; forgotten as soon as anything happens but gates that open and close."""
    idle: tuple[IdleSeat, ...] = ()
    """Seats that went to the executive, until they are filled or asked anew."""
    policy_change: PolicyChange | None = None
    """Another policy that waits for a second person, or for its moment."""
    addressed: tuple[AddressedLesson, ...] = ()
    """What earlier waves learned and was addressed here."""
    ending: Ending | None = None
    ended_at: Moment | None = None
    suspended_at: Moment | None = None
    """Since when the permit of a launched region is suspended; None while it holds."""
    revoked_at: Moment | None = None
    """When the permit of a launched region was taken away, for ever in this run."""
    last_person: Identifier | None = None
    """Who moved the region on last."""
    last_at: Moment | None = None

    @property
    def launch_at(self) -> Moment:
        """The launch instant, in UTC."""
        return self.plan.launch_at

    @property
    def covered_until(self) -> Moment | None:
        """The latest launch instant that the standing go covers, slips added up; None where no go stands."""
        return self.decision.covers_until(self.policy) if self.decision is not None else None

    def covers_slip_to(self, launch_at: Moment) -> bool:
        """Say whether a go stands for the present launch instant, and reaches as far as the later one `launch_at`."""
        if self.decision is None or self.covered_until is None:
            return False
        return self.decision.stands_for == self.launch_at < launch_at <= self.covered_until

    @property
    def revives_until(self) -> Moment | None:
        """The last moment at which the go that a gate took away may revive; None where none may."""
        if self.lost is None or self.lost.held_at is None:
            return None
        return self._revives_until(self.lost.held_at)

    def may_revive_at(self, at: Moment) -> bool:
        """Say whether the lost go may stand again at `at`, as far as the ledger tells: in time, after what came last,
        before the launch instant that it was for, and with each stage closed as it was."""
        if self.lost is None or self.lost.held_at is None:
            return False
        closed = [(state.stage, state.status) for state in self.lost.stages if state.is_closed]
        return (
            self.lost.held_at <= (self.last_at or at) <= at <= self._revives_until(self.lost.held_at)
            and at < self.launch_at == self.lost.decision.stands_for
            and all(self.stage(stage).status is status for stage, status in closed if stage is not Stage.GO_NO_GO)
        )

    def _revives_until(self, held_at: Moment) -> Moment:
        return held_at + timedelta(hours=self.policy.go_no_go.go_revives_hours)

    def stage(self, stage: Stage) -> StageState:
        """Return the state of `stage`."""
        return next(state for state in self.stages if state.stage is stage)

    def waiver(self, waiver_id: str) -> Waiver | None:
        """Return the waiver of that id, whatever became of it."""
        return next((waiver for waiver in self.waivers if waiver.id == waiver_id), None)

    def idle_seat(self, stage: Stage, function: Function) -> IdleSeat | None:
        """Return the seat of `function` at `stage` if it went to the executive and is empty still."""
        return next((seat for seat in self.idle if (seat.stage, seat.function) == (stage, function)), None)

    def signature(self, stage: Stage, function: Function) -> Signature | None:
        """Return the sign-off of `function` on `stage` that stands, whether or not its digest is current."""
        return next((s for s in self.sign_offs if s.stage is stage and s.function is function), None)
