"""Which criteria does each stage have, and with which thresholds?"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from readiness.values import BasisPoints, Frozen, Slug


class Stage(StrEnum):
    """The steps of a region launch, in the order in which they open."""

    VALUE_PROPOSITIONS = "value_propositions"
    OBJECTION_HANDLING = "objection_handling"
    TRAINING = "training"
    CERTIFICATION = "certification"
    GO_NO_GO = "go_no_go"
    LAUNCHED = "launched"


LEARNING_STAGES = (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING, Stage.TRAINING, Stage.CERTIFICATION)
"""The stages that must be passed or waived before anyone may decide."""

SIGNED_STAGES = (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING)
"""The stages whose content is signed."""

GATED_STAGES = (*LEARNING_STAGES, Stage.GO_NO_GO)
"""The stages that have a gate."""


class Function(StrEnum):
    """The functions that speak for something in a launch."""

    MARKETING = "marketing"
    SALES = "sales"
    ENABLEMENT = "enablement"
    PRODUCT = "product"


class CriterionKey(StrEnum):
    """The requirements of the built-in policy."""

    VALUE_PROPOSITIONS_SIGNED = "value_propositions_signed"
    OBJECTIONS_ANSWERED = "objections_answered"
    OBJECTIONS_SIGNED = "objections_signed"
    TRAINING_COMPLETION = "training_completion"
    CERTIFIED_SHARE = "certified_share"
    POLL_COMPLETE = "poll_complete"


Signers = Annotated[tuple[Function, ...], Field(min_length=1)]


class ValuePropositionsPolicy(Frozen):
    """What closes the stage in which the message is agreed; due in days before the launch instant."""

    segments: Annotated[tuple[Slug, ...], Field(min_length=1)] = ("all",)
    signed_by: Signers = (Function.MARKETING, Function.SALES)
    due_days: int = 0


class ObjectionHandlingPolicy(Frozen):
    """What closes the stage in which the answers to objections are agreed."""

    top_objections: Annotated[int, Field(ge=1, le=100)]
    answered_share: BasisPoints = 10_000
    signed_by: Signers = (Function.MARKETING, Function.SALES)
    due_days: int = 0


class TrainingPolicy(Frozen):
    """What closes the stage in which the audience learns; `functions` names who the audience is."""

    required_share: BasisPoints
    functions: Annotated[tuple[Slug, ...], Field(min_length=1)] = ("sales",)
    due_days: int = 0


class CertificationPolicy(Frozen):
    """What closes the stage in which the audience proves that it has learned."""

    required_share: BasisPoints
    due_days: int = 0


class AbsentSeat(StrEnum):
    """What a seat that did not vote in time counts as."""

    DISSENT = "dissent"
    ABSTENTION = "abstention"


class WaveLaunch(StrEnum):
    """Whether a region waits for the others of its wave before it launches."""

    ALONE = "alone"
    TOGETHER = "together"


class WaiverPolicy(Frozen):
    """Which criteria may be waived, how many at once, how far below the share, and for how long.

    Sign-offs, the poll and the go can never be waived, whatever stands here.
    """

    waivable: tuple[CriterionKey, ...] = (
        CriterionKey.OBJECTIONS_ANSWERED,
        CriterionKey.TRAINING_COMPLETION,
        CriterionKey.CERTIFIED_SHARE,
    )
    open_per_region: Annotated[int, Field(ge=0)] = 0
    """Waivers requested or granted at once in one region."""
    open_per_launch: Annotated[int, Field(ge=0)] | None = None
    """The same over all regions of the launch; None for as many as its regions have."""
    deepest_floor: BasisPoints = 0
    """How far below the required share a waiver may reach."""
    days_after_launch: Annotated[int, Field(ge=0)] = 0
    """How long after the launch instant a waiver may last."""


class GoNoGoPolicy(Frozen):
    """Who is polled, who decides, on which conditions, and how late a launch may still happen."""

    polled: tuple[Function, ...] = ()
    """The functions that hold a seat in the poll; without seats there is no poll."""
    votes_needed: Annotated[int, Field(ge=0)] = 0
    """Seats that must have voted before a go, whatever they said: the quorum."""
    absent: AbsentSeat = AbsentSeat.DISSENT
    poll_hours: Annotated[int, Field(ge=1)] = 72
    """How long a poll is open for; then the ballots that are in are opened."""
    decided_by: str = "executive"
    due_days: int = 0
    late_launch_minutes: Annotated[int, Field(ge=0)] = 60
    """How late a launch may still happen after the system was away; later than this it is held."""
    most_conditions: Annotated[int, Field(ge=0)] = 0
    """Conditions of one conditional go; more means that it is not a go."""
    condition_days_after_launch: Annotated[int, Field(ge=0)] = 0
    """How long after the launch instant a condition may be due."""
    suspends_after_days: Annotated[int, Field(ge=0)] = 7
    """How long after a condition was missed, once launched, the permit is suspended: time to escalate and mend."""
    longest_review_days: Annotated[int, Field(ge=1)] | None = None
    """How far away the date to look again at a no-go may be; None for as far as one likes."""
    go_covers_slip_days: Annotated[int, Field(ge=0)] = 0
    """How many days of 24 hours after the instant that it was taken for a go may still launch, slips added up."""
    go_revives_hours: Annotated[int, Field(ge=0)] = 0
    """How long after a gate took it away a go may stand again, once the gate is met and nothing else changed."""
    wave: WaveLaunch = WaveLaunch.ALONE
    """Whether a region launches only while every other one of its wave stands at a go, or has launched."""
    short_path: bool = False
    """Whether a region of a later wave needs no poll where an earlier wave proved the same texts and policy."""


class Policy(Frozen):
    """The rules that one launch keeps from its start: they travel with it as data."""

    tier: Annotated[int, Field(ge=1, le=3)]
    lead_time_days: int
    value_propositions: ValuePropositionsPolicy
    objection_handling: ObjectionHandlingPolicy
    training: TrainingPolicy
    certification: CertificationPolicy
    go_no_go: GoNoGoPolicy
    waivers: WaiverPolicy = WaiverPolicy()
    idle_working_days: Annotated[int, Field(ge=0)] = 0
    """How many working days a seat may be waited for before it goes to the executive; 0 for as many as it takes."""

    def criteria_of(self, stage: Stage) -> tuple[CriterionKey, ...]:
        """Return the criteria of `stage`, in the order in which people read them."""
        match stage:
            case Stage.VALUE_PROPOSITIONS:
                return (CriterionKey.VALUE_PROPOSITIONS_SIGNED,)
            case Stage.OBJECTION_HANDLING:
                return (CriterionKey.OBJECTIONS_ANSWERED, CriterionKey.OBJECTIONS_SIGNED)
            case Stage.TRAINING:
                return (CriterionKey.TRAINING_COMPLETION,)
            case Stage.CERTIFICATION:
                return (CriterionKey.CERTIFIED_SHARE,)
            case Stage.GO_NO_GO:
                return (CriterionKey.POLL_COMPLETE,) if self.go_no_go.polled else ()
            case Stage.LAUNCHED:
                return ()
            case _:
                assert_never(stage)

    def stage_of(self, key: CriterionKey) -> Stage | None:
        """Return the stage that has the criterion `key`; None where this policy does not ask for it."""
        return next((stage for stage in GATED_STAGES if key in self.criteria_of(stage)), None)

    def due_at(self, stage: Stage, launch_at: datetime) -> datetime:
        """Return when `stage` is due for a launch at that instant; it moves with a slip."""
        return launch_at - timedelta(days=self.due_days_of(stage))

    def due_days_of(self, stage: Stage) -> int:
        """Return how many days before the launch instant `stage` is due."""
        match stage:
            case Stage.VALUE_PROPOSITIONS:
                return self.value_propositions.due_days
            case Stage.OBJECTION_HANDLING:
                return self.objection_handling.due_days
            case Stage.TRAINING:
                return self.training.due_days
            case Stage.CERTIFICATION:
                return self.certification.due_days
            case Stage.GO_NO_GO:
                return self.go_no_go.due_days
            case Stage.LAUNCHED:
                return 0
            case _:
                assert_never(stage)

    def signers_of(self, stage: Stage) -> tuple[Function, ...]:
        """Return the functions that sign the content of `stage`; none where nothing is signed."""
        if stage is Stage.VALUE_PROPOSITIONS:
            return self.value_propositions.signed_by
        if stage is Stage.OBJECTION_HANDLING:
            return self.objection_handling.signed_by
        return ()


SHARES = frozenset({CriterionKey.OBJECTIONS_ANSWERED, CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE})
"""The criteria that ask for a share: only these can be waived, down to a floor."""


_SEATS = (Function.MARKETING, Function.SALES, Function.ENABLEMENT, Function.PRODUCT)


TIERS: dict[int, Policy] = {
    1: Policy(
        tier=1,
        lead_time_days=56,
        value_propositions=ValuePropositionsPolicy(due_days=49),
        objection_handling=ObjectionHandlingPolicy(top_objections=5, due_days=42),
        training=TrainingPolicy(required_share=9_000, due_days=14),
        certification=CertificationPolicy(required_share=8_000, due_days=7),
        go_no_go=GoNoGoPolicy(
            polled=_SEATS,
            votes_needed=4,
            absent=AbsentSeat.DISSENT,
            poll_hours=72,
            due_days=3,
            most_conditions=3,
            condition_days_after_launch=30,
            longest_review_days=14,
            go_covers_slip_days=7,
        ),
        waivers=WaiverPolicy(open_per_region=1, open_per_launch=3, deepest_floor=1_000, days_after_launch=30),
        idle_working_days=5,
    ),
    2: Policy(
        tier=2,
        lead_time_days=28,
        value_propositions=ValuePropositionsPolicy(due_days=21),
        objection_handling=ObjectionHandlingPolicy(top_objections=5, due_days=17),
        training=TrainingPolicy(required_share=8_500, due_days=7),
        certification=CertificationPolicy(required_share=7_000, due_days=4),
        go_no_go=GoNoGoPolicy(
            polled=_SEATS[:3],
            votes_needed=2,
            absent=AbsentSeat.DISSENT,
            poll_hours=48,
            due_days=2,
            most_conditions=5,
            condition_days_after_launch=45,
            longest_review_days=14,
            go_covers_slip_days=14,
            go_revives_hours=24,
        ),
        waivers=WaiverPolicy(open_per_region=2, open_per_launch=6, deepest_floor=1_500, days_after_launch=45),
        idle_working_days=3,
    ),
    3: Policy(
        tier=3,
        lead_time_days=7,
        value_propositions=ValuePropositionsPolicy(due_days=5),
        objection_handling=ObjectionHandlingPolicy(top_objections=3, due_days=4),
        training=TrainingPolicy(required_share=8_000, due_days=2),
        certification=CertificationPolicy(required_share=5_000, due_days=1),
        go_no_go=GoNoGoPolicy(
            polled=_SEATS[:2],
            votes_needed=1,
            absent=AbsentSeat.ABSTENTION,
            poll_hours=24,
            due_days=1,
            most_conditions=5,
            condition_days_after_launch=60,
            longest_review_days=7,
            go_covers_slip_days=30,
            go_revives_hours=24,
        ),
        waivers=WaiverPolicy(open_per_region=3, open_per_launch=None, deepest_floor=2_500, days_after_launch=60),
        idle_working_days=2,
    ),
}
"""The defaults of each tier, from the rule book; a plan may ask for more, and is marked where it asks for less."""
