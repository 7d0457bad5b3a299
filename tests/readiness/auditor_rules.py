"""Where does a core say or do what the design's rules forbid?"""

# What must hold after every step is a row of `RULES`; what a reader must never be told is `false_appearances`. Like
# the auditor whose notes it compares with, it knows nothing of the core but what the core says in plain words.

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.readiness.auditor import (
    STAGE_OF,
    Notes,
    Seen,
    criteria,
    is_certified,
    may_launch,
    nothing_to_go_by,
    on_the_day,
    told,
    unmet,
    wants_launch,
)
from tests.readiness.small_world import CERTIFICATION, DUE_DAYS, LEEWAY, STAGES, TRAINING, Act, World


@dataclass(frozen=True)
class Shown:
    """What a reader is shown of a region now, and what the launch transaction would say."""

    verdict: str
    criteria: dict[str, tuple[str, str, str]]
    """Of each criterion the status, the colour and the first reason."""
    index: float
    second_lock_is_open: bool
    due_at: datetime | None
    """When the region would look again by itself."""


@dataclass(frozen=True)
class Edge:
    """One step of one region: what the auditor and the core say before it and after it."""

    act: Act
    world: World
    before: Seen
    looked: Seen
    """What the region says once it has looked, before a command is carried out."""
    notes: Notes
    after: Seen
    is_accepted: bool
    was_accepted: bool
    """By the core; `is_accepted` is by the rules."""
    wrote: int
    """How many events were written."""
    only_due: bool
    """True where nothing was written but what a look would have written anyway."""
    judges_gates: bool
    """False where the facts at hand were for another instant, so that no gate was judged."""


def _only_what_may_be_is_accepted(edge: Edge) -> str | None:
    if edge.was_accepted and not edge.is_accepted:
        return "it was accepted, and must be refused"
    return "it was refused, and must be accepted" if edge.is_accepted and not edge.was_accepted else None


def _a_refusal_changes_nothing(edge: Edge) -> str | None:
    return None if edge.was_accepted or edge.only_due else "it was refused, and something was written for it"


def _every_event_is_one_version(edge: Edge) -> str | None:
    grown = edge.after.version - edge.before.version
    return None if grown == edge.wrote else f"{edge.wrote} events moved the version by {grown}"


def _what_was_sent_back_stays_visible(edge: Edge) -> str | None:
    grown = edge.after.sent_back - edge.before.sent_back
    is_sent_back = edge.act.kind == "send back" and edge.is_accepted
    return None if grown == is_sent_back else f"{grown} more revisions are kept as sent back"


def _signatures_stand_exactly_where_they_should(edge: Edge) -> str | None:
    lost, kept = edge.notes.signed - edge.after.signed, edge.after.signed - edge.notes.signed
    return f"signatures lost {sorted(lost)}, wrongly kept {sorted(kept)}" if lost or kept else None


def _a_go_stands_exactly_while_it_should(edge: Edge) -> str | None:
    is_go = edge.after.decision is not None and edge.after.decision[0] in {"go", "conditional_go"}
    stands = edge.after.decision[1:3] if is_go and edge.after.decision is not None else None
    is_gone_with_its_end = edge.notes.ended == "launched"
    return None if stands == edge.notes.go or is_gone_with_its_end else f"go {stands}, and it must be {edge.notes.go}"


def _a_no_go_stands_until_it_is_looked_at_again(edge: Edge) -> str | None:
    is_no_go = edge.after.decision is not None and edge.after.decision[0] == "no_go"
    until = edge.after.decision[3] if is_no_go and edge.after.decision is not None else None
    return None if until == edge.notes.no_go_until else f"no-go until {until}, must be {edge.notes.no_go_until}"


def _a_hold_stands_exactly_while_it_should(edge: Edge) -> str | None:
    hold = edge.after.hold
    return None if hold == edge.notes.hold else f"hold {hold}, and it must be {edge.notes.hold}"


def _it_ends_once_and_rightly(edge: Edge) -> str | None:
    return None if edge.after.ended == edge.notes.ended else f"{edge.after.ended}, and it must be {edge.notes.ended}"


def _the_instant_moves_only_by_a_reschedule(edge: Edge) -> str | None:
    return None if edge.after.instant == edge.notes.instant else f"instant {edge.after.instant}"


def _stages_move_in_order(edge: Edge) -> str | None:
    """Rule 2: opened and passed only behind passed ones; a passed one reopens, and nothing else undoes it."""
    if edge.after.ended is not None:
        return None
    for number, stage in enumerate(STAGES):
        before, after = edge.looked.status(stage), edge.after.status(stage)
        earlier_are_passed = all(edge.after.status(other) == "passed" for other in STAGES[:number])
        if before != after and (before, after) not in _MOVES:
            return f"{stage} went from {before} to {after}"
        if before != after and after in {"open", "passed"} and not earlier_are_passed:
            return f"{stage} became {after} before the stages ahead of it were passed"
    return None


_MOVES = {
    ("locked", "open"),
    ("locked", "passed"),
    ("open", "passed"),
    ("passed", "reopened"),
    ("reopened", "passed"),
}


def _stages_stand_as_their_gates_do(edge: Edge) -> str | None:
    """Rules 1 to 4: passed only while met on the day; and met, it passes as soon as those before it have."""
    if edge.after.ended is not None or not edge.judges_gates:
        return None
    still_unmet = unmet(edge.notes, edge.world, on_the_day(edge.notes, edge.world))
    for number, stage in enumerate(STAGES):
        status = edge.after.status(stage)
        earlier_are_passed = all(edge.after.status(other) == "passed" for other in STAGES[:number])
        if status == "passed" and stage in still_unmet:
            return f"{stage} is passed, and its gate is not met on the day"
        if status == "locked" and earlier_are_passed:
            return f"{stage} is locked behind passed stages"
        if status != "passed" and earlier_are_passed and stage not in still_unmet:
            return f"{stage} is {status}, though met behind passed stages"
    return None


def _the_last_stage_is_passed_by_a_go_alone(edge: Edge) -> str | None:
    if edge.after.ended is not None:
        return None
    last = edge.after.status("go_no_go")
    if (last == "passed") != (edge.notes.go is not None):
        return f"go_no_go is {last}, and the go {edge.notes.go}"
    was_ready = edge.looked.status("go_no_go") != "locked"
    all_passed = all(edge.after.status(stage) == "passed" for stage in STAGES)
    return f"go_no_go is {last}" if (last == "locked") != (not was_ready and not all_passed) else None


def _the_verdict_says_what_stands(edge: Edge) -> str | None:
    verdict = told(edge.notes, all(edge.after.status(stage) == "passed" for stage in STAGES))
    return None if edge.after.verdict == verdict else f"the verdict is {edge.after.verdict}, and must be {verdict}"


def _only_the_launch_ends_the_last_stage(edge: Edge) -> str | None:
    is_launched = edge.after.status("launched") == "passed"
    return None if is_launched == (edge.notes.ended == "launched") else "the stage launched is not as the region is"


RULES: tuple[tuple[str, Callable[[Edge], str | None]], ...] = (
    ("only what may be is accepted (1, 2, 4, 5, 6)", _only_what_may_be_is_accepted),
    ("a refusal changes nothing (8)", _a_refusal_changes_nothing),
    ("every event is one version (8)", _every_event_is_one_version),
    ("what was sent back stays visible (8)", _what_was_sent_back_stays_visible),
    ("a sign-off is for one revision (4, 6)", _signatures_stand_exactly_where_they_should),
    ("a go stays alive, for one instant (5)", _a_go_stands_exactly_while_it_should),
    ("a no-go stays (5)", _a_no_go_stands_until_it_is_looked_at_again),
    ("a hold stands (5)", _a_hold_stands_exactly_while_it_should),
    ("no launch without learning, and none twice (1, 7, 10)", _it_ends_once_and_rightly),
    ("an instant moves by a reschedule (5)", _the_instant_moves_only_by_a_reschedule),
    ("stages move in order (2)", _stages_move_in_order),
    ("gates are judged on the day (1, 3)", _stages_stand_as_their_gates_do),
    ("the last stage is for the go (2)", _the_last_stage_is_passed_by_a_go_alone),
    ("the launched stage is for the launch (9)", _only_the_launch_ends_the_last_stage),
    ("the verdict says what stands (9)", _the_verdict_says_what_stands),
)
"""Every rule that a step is held to, with its numbers in the design."""


def breaches(edge: Edge) -> Iterator[str]:
    """Yield every rule that a step breaks, and how."""
    for name, rule in RULES:
        wrong = rule(edge)
        if wrong is not None:
            yield f"{name}: {wrong}"


def false_appearances(notes: Notes, world: World, seen: Seen, shown: Shown, *, is_up_to_date: bool) -> Iterator[str]:
    """Yield where a reader or the launch transaction is told wrong, also before the region has looked (9, 10)."""
    at = on_the_day(notes, world)
    live = criteria(notes, world, at)
    verdict = told(notes, all(seen.status(stage) == "passed" for stage in STAGES))
    if verdict == "go" and (not all(live.values()) or world.now > notes.instant + LEEWAY):
        verdict = "held"
    if verdict == "ready" and not all(live.values()):
        verdict = "not_ready"
    if shown.verdict != verdict:
        yield f"never a false go (9): {shown.verdict} is shown, and must be {verdict}"
    for key, is_met in live.items():
        status, colour, reason = shown.criteria[key]
        wanted = "met" if is_met else "no_evidence" if nothing_to_go_by(key, world, at) else "unmet"
        if status != wanted:
            yield f"gates are judged on the day (1, 3): {key} is {status}, and must be {wanted}"
        if colour not in _colours(key, notes, world, is_met=is_met, at=at):
            yield f"ready on the day, not today (3): {key} is {colour}"
        if not is_met and not reason:
            yield f"{key} is {status} without a reason (3)"
        if is_lapsing(key, world, at) and "before the launch" not in reason:
            yield f"ready on the day, not today (3): {key} lapses, and the reason is {reason!r}"
    if (shown.index == 100) != all(live.values()):
        yield f"the index is {shown.index}, and the gates are {live}"
    if shown.second_lock_is_open and not may_launch(notes, world):
        yield "two locks (10): the launch transaction would launch, and must not"
    if is_up_to_date and may_launch(notes, world) and not shown.second_lock_is_open:
        yield "two locks (10): the launch transaction would not launch, though nothing stands against it"
    yield from _oversleeps(notes, world, shown)


def is_lapsing(key: str, world: World, at: datetime) -> bool:
    """Say whether enough are certified now, and too few on the day."""
    return key == "certified_share" and not is_certified(world, at) and is_certified(world, world.now)


def _colours(key: str, notes: Notes, world: World, *, is_met: bool, at: datetime) -> set[str]:
    """Green while met; red once due, and for what lapses; else amber, or grey while there is nothing to go by."""
    if is_met:
        return {"green"}
    if is_lapsing(key, world, at) or world.now > notes.instant - timedelta(days=DUE_DAYS):
        return {"red"}
    if nothing_to_go_by(key, world, at):
        return {"grey"}
    # What people do turns red also where their pace would be too slow.
    return {"amber", "red"} if STAGE_OF[key] in {TRAINING, CERTIFICATION} else {"amber"}


def _oversleeps(notes: Notes, world: World, shown: Shown) -> Iterator[str]:
    """What falls due by the clock alone is waited for: a review, the launch instant, and the end of the leeway."""
    if notes.ended is not None:
        return
    coming = [moment for moment in (notes.instant, notes.no_go_until) if moment is not None and moment > world.now]
    if wants_launch(notes, world):
        coming.append(notes.instant + LEEWAY)
    if coming and (shown.due_at is None or shown.due_at > min(coming)):
        yield f"what falls due is waited for (5): {min(coming)} comes, and the region sleeps until {shown.due_at}"
