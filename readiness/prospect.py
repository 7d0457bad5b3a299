"""What is still to come before a region that is not ready can be decided on, and what makes it red?"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from readiness.commands import Role
from readiness.policy import LEARNING_STAGES, CriterionKey, Function, Stage
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


AHEAD_IS_OF = {Ahead.POLL: Function.PRODUCT.value, Ahead.DECISION: Role.EXECUTIVE.value}
"""Whose each is, by the word for whom a region waits; the seats of a poll vote."""


class RedFor(StrEnum):
    """What makes a region red."""

    OVERDUE = "overdue"
    LAPSES = "lapses"
    """Enough people count today, and no more on the launch day."""
    WAIVER_ENDS = "waiver_ends"
    """It is waived today, and no more on the launch day."""
    SLOW = "slow"
    """At the pace of the last fourteen days, or with none, a gate misses the day on which it is due."""
    CONDITION = "condition"
    """What was promised with a go was missed."""


class Reddening(Frozen):
    """What makes a region red, and of which criterion; None for a condition."""

    why: RedFor
    criterion: CriterionKey | None = None


class Timeliness(StrEnum):
    """Whether what people have still to do will be done by the day on which it is due."""

    MISSES = "misses"
    """Not as things stand."""
    UNKNOWN = "unknown"
    """Nobody got there in the last fourteen days, so there is no pace to continue."""
    IN_TIME = "in_time"


class Foretold(Frozen):
    """Whether people will do in time what they have still to do, and when, at the pace of the last fourteen days."""

    timeliness: Timeliness
    forecast_at: Moment | None


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
    """Return what comes, in order, once the gates are passed that still stand in the way; nothing where a go
    stands."""
    if readiness.verdict in GO_STANDS:
        return ()
    if not readiness.unmet_of(Stage.GO_NO_GO):
        return (Ahead.DECISION,)
    poll = readiness.poll
    is_open = poll is not None and poll.closed_at is None
    return (Ahead.VOTES, Ahead.DECISION) if is_open else tuple(Ahead)


def voters(readiness: Readiness) -> tuple[Function, ...]:
    """Return the functions that have still to vote; those that vote again where a poll is opened anew are not told
    apart."""
    poll = readiness.poll
    if poll is None or poll.closed_at is not None:
        return readiness.polled
    return tuple(seat.function for seat in poll.seats if not seat.voted)


def decide_by(readiness: Readiness) -> datetime | None:
    """Return by when the last stage, and with it the decision, is due."""
    return next((each.due_at for each in readiness.stages if each.stage is Stage.GO_NO_GO), None)


def fewest_to_launch(readiness: Readiness, key: CriterionKey) -> int | None:
    """Return with how few of those whom a criterion counts it still stands in nobody's way on the launch day, where a
    waiver that covers that day lowers it; None where it is not asked for."""
    criterion = next((each for each in readiness.criteria if each.key is key and each.mandatory), None)
    if criterion is None:
        return None
    floors = (each.floor for each in readiness.waivers if each.criterion is key and each.covers_launch)
    return criterion.fewest(min([criterion.required, *floors]))


def foretell(readiness: Readiness, criteria: Collection[CriterionKey]) -> Foretold | None:
    """Return whether people will do in time what is still unmet of `criteria`; None where nothing is."""
    unmet = [each for each in readiness.of_people if each.key in criteria and not each.is_satisfied]
    if not unmet:
        return None
    forecasts = [each.forecast_at for each in unmet if each.forecast_at is not None]
    latest = max(forecasts) if len(forecasts) == len(unmet) else None
    if any(each.rag is Rag.RED for each in unmet):
        # A pace that would do says nothing where something is overdue or lapses.
        is_late = any(each.forecast_at is not None and each.forecast_at > each.due_at for each in unmet)
        return Foretold(timeliness=Timeliness.MISSES, forecast_at=latest if is_late else None)
    return Foretold(timeliness=Timeliness.UNKNOWN if latest is None else Timeliness.IN_TIME, forecast_at=latest)


def red_for(readiness: Readiness) -> tuple[Reddening, ...]:
    """Return what makes a region red, in the order of `RedFor` and then of the stages; nothing where it is not."""
    if readiness.rag is not Rag.RED:
        return ()
    seen_at = min(readiness.as_of, readiness.at)
    found = [
        Reddening(why=_red_for(each, seen_at), criterion=each.key)
        for each in readiness.criteria
        if each.rag is Rag.RED and not each.is_satisfied
    ]
    if any(
        each.status is ConditionStatus.MISSED or (each.status is ConditionStatus.OPEN and each.due_at <= seen_at)
        for each in readiness.conditions
    ):
        found.append(Reddening(why=RedFor.CONDITION))
    order = tuple(RedFor)
    return tuple(sorted(found, key=lambda each: order.index(each.why)))


def _red_for(criterion: CriterionResult, seen_at: datetime) -> RedFor:
    if seen_at > criterion.due_at:
        return RedFor.OVERDUE
    if 0 < criterion.needed <= criterion.lapsing:
        return RedFor.LAPSES
    if criterion.waiver is not None and not criterion.waiver.covers_launch:
        return RedFor.WAIVER_ENDS
    return RedFor.SLOW
