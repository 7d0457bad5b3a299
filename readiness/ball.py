"""Who has held a region launch at which stage, and for how long?"""

# Told by events alone: what nobody wrote into the ledger, such as a text that is still missing, moves no ball. At
# every moment from the start to the end the region is at one stage, and at least one function holds it there.

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import NamedTuple, assert_never

from readiness.blockers import current_stage
from readiness.events import HoldCause, RegionEvent, RegionLaunchStarted
from readiness.evolve import begin, evolve
from readiness.keys import RegionKey
from readiness.policy import Function, Stage
from readiness.poll import moved_seats
from readiness.region import GOES, RegionLaunch, WaiverStatus
from readiness.values import Frozen, Moment
from readiness.working_days import working_days


class Holder(StrEnum):
    """Who may hold the ball."""

    MARKETING = "marketing"
    SALES = "sales"
    ENABLEMENT = "enablement"
    PRODUCT = "product"
    EXECUTIVE = "executive"
    CLOCK = "clock"
    """Nobody: a go stands, and its launch instant has not come."""


class Spell(Frozen):
    """A stretch of time in which one function held the region at one stage; `ended_at` None while it lasts."""

    stage: Stage
    function: Holder
    began_at: Moment
    ended_at: Moment | None = None


class Ball(Frozen):
    """Where the ball of one region launch has been, as far as its events tell."""

    at: Moment
    """The latest moment so far: a clock that was put back does not make time run backwards."""
    holding: tuple[Spell, ...]
    """Who holds it now; nobody once the region launch has ended."""
    over: tuple[Spell, ...] = ()


class Tally(NamedTuple):
    """How long one function held the ball at one stage, over how many regions, and how many it holds now."""

    stage: Stage
    function: Holder
    span: timedelta
    working_days: Fraction
    regions: int
    holding: int

    @property
    def hours(self) -> float:
        """The hours, cut to hundredths."""
        return hours_of(self.span)

    @property
    def days(self) -> float:
        """The working days, cut to hundredths."""
        return days_of(self.working_days)


def passed_on(
    key: RegionKey, region: RegionLaunch | None, ball: Ball | None, events: Iterable[RegionEvent]
) -> Ball | None:
    """Return where the ball has been after `events`, which follow on those that left the region launch as `region`
    and its ball as `ball`; None while nothing began.

    Raises ValueError where the first event is not the start.
    """
    for event in events:
        if region is not None and ball is not None:
            region = evolve(region, event)
            ball = _after(ball, region, at=event.at)
        elif isinstance(event, RegionLaunchStarted):
            region = begin(key, event)
            ball = Ball(at=event.at, holding=_begun(holders(region), at=event.at))
        else:
            raise ValueError(f"{event.type} cannot be the first event of {key}")
    return ball


def spells(ball: Ball, *, now: datetime) -> tuple[Spell, ...]:
    """Return every stretch of time in which a function held the region, in order; what lasts still ends at `now`."""
    until = max(ball.at, now)
    lasting = (spell.model_copy(update={"ended_at": until}) for spell in ball.holding if spell.began_at < until)
    order = tuple(Holder)
    return tuple(sorted((*ball.over, *lasting), key=lambda each: (each.began_at, order.index(each.function))))


def tallies(ball: Ball, *, zone: str, now: datetime) -> tuple[Tally, ...]:
    """Return how long each function has held the region at each stage as of `now`, in working days of its zone."""
    held: dict[tuple[Stage, Holder], Tally] = {}

    def count(spell: Spell, span: timedelta, days: Fraction, *, holding: int) -> None:
        pair = spell.stage, spell.function
        before = held.get(pair)
        if before is None:
            held[pair] = Tally(*pair, span, days, 1, holding)
        else:
            held[pair] = Tally(*pair, before.span + span, before.working_days + days, 1, before.holding + holding)

    for spell in ball.over:
        ended_at = spell.ended_at or ball.at
        count(spell, ended_at - spell.began_at, _days_over(spell.began_at, ended_at, zone), holding=0)
    until = max(ball.at, now)
    for spell in ball.holding:
        count(spell, until - spell.began_at, working_days(spell.began_at, until, zone), holding=1)
    return _ordered(held.values())


def total(each: Iterable[Tally]) -> tuple[Tally, ...]:
    """Return the sums of tallies over regions, by stage and function."""
    found: dict[tuple[Stage, Holder], list[Tally]] = {}
    for tally in each:
        found.setdefault((tally.stage, tally.function), []).append(tally)
    return _ordered(
        Tally(
            *pair,
            span=sum((tally.span for tally in of_pair), timedelta()),
            working_days=_sum_of([tally.working_days for tally in of_pair]),
            regions=sum(tally.regions for tally in of_pair),
            holding=sum(tally.holding for tally in of_pair),
        )
        for pair, of_pair in found.items()
    )


def hours_of(span: timedelta) -> float:
    """Return the hours of `span`, cut to hundredths: nothing is rounded up."""
    return (span * 100 // timedelta(hours=1)) / 100


def days_of(exactly: Fraction) -> float:
    """Return working days, cut to hundredths."""
    return (exactly * 100 // 1) / 100


def holders(region: RegionLaunch) -> tuple[tuple[Stage, Holder], ...]:
    """Return at which stage the region is, with each function that holds it there; nothing once it has ended.

    The stage is the first learning stage that is not closed, or else `go_no_go`: one that was reopened holds before
    all that come after it.
    """
    if region.ending is not None:
        return ()
    stage = current_stage(region)
    functions = _held_by(region, stage)
    if Holder.EXECUTIVE not in functions and any(w.status is WaiverStatus.REQUESTED for w in region.waivers):
        functions = (*(function for function in functions if function is not Holder.CLOCK), Holder.EXECUTIVE)
    return tuple((stage, function) for function in functions)


def _held_by(region: RegionLaunch, stage: Stage) -> tuple[Holder, ...]:
    if region.holding is not None and region.holding.is_by_person:
        return (Holder.EXECUTIVE,)
    if region.holding is not None and region.holding.cause is HoldCause.LAUNCH_INSTANT_MISSED:
        return (Holder.PRODUCT,)
    match stage:
        case Stage.VALUE_PROPOSITIONS | Stage.OBJECTION_HANDLING:
            unsigned = [f for f in region.policy.signers_of(stage) if region.signature(stage, f) is None]
            spoken = [f for f in unsigned if _must_rewrite(region, stage, f)]
            # Where all have signed and the stage is not passed, what was signed is not enough: marketing writes on.
            writing = [Function.MARKETING] if not unsigned or spoken else []
            return tuple(_holder(f) for f in dict.fromkeys((*writing, *unsigned)) if f not in spoken)
        case Stage.TRAINING | Stage.CERTIFICATION:
            return (Holder.ENABLEMENT,)
        case Stage.GO_NO_GO | Stage.LAUNCHED:
            return _held_at_the_decision(region)
        case _:
            assert_never(stage)


def _must_rewrite(region: RegionLaunch, stage: Stage, function: Function) -> bool:
    """Say whether marketing stands by the very text that `function` sent back, which has spoken by that."""
    standing = region.signature(stage, Function.MARKETING)
    return standing is not None and any(
        note.stage is stage and note.function is function and note.digest == standing.digest
        for note in region.sent_back
    )


def _held_at_the_decision(region: RegionLaunch) -> tuple[Holder, ...]:
    if region.decision is not None:
        return (Holder.CLOCK if region.decision.choice in GOES else Holder.EXECUTIVE,)
    if not region.policy.go_no_go.polled:
        return (Holder.EXECUTIVE,)
    poll = region.poll
    if poll is None:
        return (Holder.PRODUCT,)
    if poll.closed_at is None:
        return tuple(_holder(seat) for seat in poll.awaited) or (Holder.EXECUTIVE,)
    return (Holder.PRODUCT if moved_seats(region) else Holder.EXECUTIVE,)


def _holder(function: Function) -> Holder:
    return Holder(function.value)


def _after(ball: Ball, region: RegionLaunch, *, at: datetime) -> Ball:
    """Return where the ball has been once an event at `at` has left the region as `region`."""
    at = max(ball.at, at)
    wanted = holders(region)
    kept = {pair: spell for spell in ball.holding if (pair := (spell.stage, spell.function)) in wanted}
    if len(kept) == len(ball.holding) == len(wanted):
        return ball.model_copy(update={"at": at})
    # What was held for no time at all is no spell, and what goes on at the instant at which it ended never ended.
    ended = (
        spell.model_copy(update={"ended_at": at})
        for spell in ball.holding
        if (spell.stage, spell.function) not in kept and spell.began_at < at
    )
    over = (*ball.over, *ended)
    resumed = {(s.stage, s.function): s for s in over if s.ended_at == at and (s.stage, s.function) in wanted}
    begun = {(s.stage, s.function): s for s in _begun((pair for pair in wanted if pair not in kept), at=at)}
    for pair in begun.keys() & resumed.keys():
        begun[pair] = resumed[pair].model_copy(update={"ended_at": None})
    return Ball(
        at=at,
        holding=tuple({**begun, **kept}[pair] for pair in wanted),
        over=tuple(s for s in over if s.ended_at != at or (s.stage, s.function) not in begun),
    )


def _begun(pairs: Iterable[tuple[Stage, Holder]], *, at: datetime) -> tuple[Spell, ...]:
    return tuple(Spell(stage=stage, function=function, began_at=at) for stage, function in pairs)


@lru_cache(maxsize=262_144)
def _days_over(began_at: datetime, ended_at: datetime, zone: str) -> Fraction:
    """Return the working days of what is over: they never change, and every reader of the portfolio asks for them."""
    return working_days(began_at, ended_at, zone)


def _sum_of(fractions: Sequence[Fraction]) -> Fraction:
    """Return the sum over one denominator: for ten thousand regions far faster than fraction by fraction."""
    whole = lcm(*(fraction.denominator for fraction in fractions))
    return Fraction(sum(fraction.numerator * (whole // fraction.denominator) for fraction in fractions), whole)


def _ordered(each: Iterable[Tally]) -> tuple[Tally, ...]:
    stages, functions = tuple(Stage), tuple(Holder)
    return tuple(sorted(each, key=lambda tally: (stages.index(tally.stage), functions.index(tally.function))))
