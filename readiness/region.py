"""How does a region launch stand, as its events tell?"""

from enum import StrEnum

from pydantic import Field

from readiness.commands import Choice
from readiness.events import CriterionStatus, HoldCause, Judged
from readiness.evidence import AudienceChange
from readiness.keys import RegionKey
from readiness.plan import Assessment, Course, RegionPlan
from readiness.policy import CriterionKey, Function, Policy, Stage
from readiness.values import Digest, Frozen, Identifier, Moment


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


class JudgedStatus(Frozen):
    """How a criterion was judged when the region last looked."""

    key: CriterionKey
    status: CriterionStatus


class Decision(Frozen):
    """The decision that stands: for one launch instant, by one executive."""

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


class RegionLaunch(Frozen):
    """One product's launch in one region: the fold of its events, changed only by `evolve`."""

    key: RegionKey
    version: int
    launch_run: int
    product_name: str
    tier: int
    owner: Identifier
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
    decision: Decision | None = None
    holding: Holding | None = None
    ending: Ending | None = None
    ended_at: Moment | None = None
    last_person: Identifier | None = None
    """Who moved the region on last."""
    last_at: Moment | None = None

    @property
    def launch_at(self) -> Moment:
        """The launch instant, in UTC."""
        return self.plan.launch_at

    def stage(self, stage: Stage) -> StageState:
        """Return the state of `stage`."""
        return next(state for state in self.stages if state.stage is stage)

    def signature(self, stage: Stage, function: Function) -> Signature | None:
        """Return the sign-off of `function` on `stage` that stands, whether or not its digest is current."""
        return next((s for s in self.sign_offs if s.stage is stage and s.function is function), None)
