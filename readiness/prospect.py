"""What is still to come before a region that is not ready can be decided on, and what makes it red?"""

from datetime import datetime
from enum import StrEnum

from readiness.policy import LEARNING_STAGES, CriterionKey, Stage
from readiness.readiness import CriterionResult, Rag, Readiness, Shortfall
from readiness.region import ConditionStatus, Verdict
from readiness.values import Frozen, Moment

GO_STANDS = frozenset({Verdict.GO, Verdict.CONDITIONAL_GO})
"""The verdicts of a region that has passed all five gates and has only its launch instant to wait for."""


class Ahead(StrEnum):
    """What comes once every learning stage is passed."""

    POLL = "poll"
    """Product management opens the poll."""
    VOTES = "votes"
    DECISION = "decision"


class RedFor(StrEnum):
    """What makes a region red."""

    OVERDUE = "overdue"
    LAPSES = "lapses"
    """Enough people count today, or a waiver does, and no more on the launch day."""
    SLOW = "slow"
    """At the pace of the last fourteen days, or with none, a gate misses the day on which it is due."""
    CONDITION = "condition"
    """What was promised with a go was missed."""


class Later(Frozen):
    """What is not met either, and nobody is told of yet: what is open stands before it."""

    stage: Stage
    criterion: CriterionKey
    due_at: Moment
    shortfall: Shortfall
    waiting_on: tuple[str, ...]
    """The functions that can move it."""


def later(readiness: Readiness) -> tuple[Later, ...]:
    """Return the criteria of the learning stages that are unmet and block nothing yet, in the order of the stages."""
    told = {blocker.criterion for blocker in readiness.blockers}
    return tuple(
        Later(
            stage=stage,
            criterion=each.key,
            due_at=each.due_at,
            shortfall=each.shortfall,
            waiting_on=each.waiting_on,
        )
        for stage in LEARNING_STAGES
        for each in readiness.unmet_of(stage)
        if each.key not in told
    )


def ahead(readiness: Readiness) -> tuple[Ahead, ...]:
    """Return what comes, in order, once the gates are passed that still stand in the way."""
    if not readiness.unmet_of(Stage.GO_NO_GO):
        return (Ahead.DECISION,)
    poll = readiness.poll
    is_open = poll is not None and poll.closed_at is None
    return (Ahead.VOTES, Ahead.DECISION) if is_open else (Ahead.POLL, Ahead.DECISION)


def decide_by(readiness: Readiness) -> datetime | None:
    """Return by when the last stage, and with it the decision, is due."""
    return next((each.due_at for each in readiness.stages if each.stage is Stage.GO_NO_GO), None)


def red_for(readiness: Readiness) -> tuple[RedFor, ...]:
    """Return what makes a region red, in the order of `RedFor`; nothing where it is not red."""
    if readiness.rag is not Rag.RED:
        return ()
    seen_at = min(readiness.as_of, readiness.at)
    found = {_red_for(each, seen_at) for each in readiness.criteria if each.rag is Rag.RED and not each.is_satisfied}
    if any(
        each.status is ConditionStatus.MISSED or (each.status is ConditionStatus.OPEN and each.due_at <= seen_at)
        for each in readiness.conditions
    ):
        found.add(RedFor.CONDITION)
    return tuple(each for each in RedFor if each in found)


def _red_for(criterion: CriterionResult, seen_at: datetime) -> RedFor:
    if seen_at > criterion.due_at:
        return RedFor.OVERDUE
    is_undone = 0 < criterion.needed <= criterion.lapsing
    if is_undone or (criterion.waiver is not None and not criterion.waiver.covers_launch):
        return RedFor.LAPSES
    return RedFor.SLOW
