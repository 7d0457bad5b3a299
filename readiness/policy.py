"""Which criteria does each stage have, and with which thresholds?"""

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


class GoNoGoPolicy(Frozen):
    """Who is polled, who decides, and how late a launch may still happen."""

    polled: tuple[Function, ...] = ()
    decided_by: str = "executive"
    due_days: int = 0
    late_launch_minutes: Annotated[int, Field(ge=0)] = 60
    """How late a launch may still happen after the system was away; later than this it is held."""


class Policy(Frozen):
    """The rules that one launch keeps from its start: they travel with it as data."""

    tier: Annotated[int, Field(ge=1, le=3)]
    lead_time_days: int
    value_propositions: ValuePropositionsPolicy
    objection_handling: ObjectionHandlingPolicy
    training: TrainingPolicy
    certification: CertificationPolicy
    go_no_go: GoNoGoPolicy

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


def _tier(
    tier: int,
    *,
    lead_time_days: int,
    due_days: tuple[int, int, int, int, int],
    trained: int,
    certified: int,
    top_objections: int,
) -> Policy:
    message, objections, training, certification, decision = due_days
    return Policy(
        tier=tier,
        lead_time_days=lead_time_days,
        value_propositions=ValuePropositionsPolicy(due_days=message),
        objection_handling=ObjectionHandlingPolicy(top_objections=top_objections, due_days=objections),
        training=TrainingPolicy(required_share=trained, due_days=training),
        certification=CertificationPolicy(required_share=certified, due_days=certification),
        go_no_go=GoNoGoPolicy(due_days=decision),
    )


TIERS: dict[int, Policy] = {
    1: _tier(1, lead_time_days=56, due_days=(49, 42, 14, 7, 3), trained=9_000, certified=8_000, top_objections=5),
    2: _tier(2, lead_time_days=28, due_days=(21, 17, 7, 4, 2), trained=8_500, certified=7_000, top_objections=5),
    3: _tier(3, lead_time_days=7, due_days=(5, 4, 2, 1, 1), trained=8_000, certified=5_000, top_objections=3),
}
"""The defaults of each tier, from the rule book; a plan may ask for more, and is marked where it asks for less."""
