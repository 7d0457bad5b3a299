"""What must come of each act on a region launch, by the design's rules alone?"""

# Written from the design and the rule book, not from the core, of which nothing is imported: it keeps notes of its
# own on who signed what, who decided, and for when, and works out from them what must come of each act. A rule of the
# design that governs what may be asked is a row of `MAY`, what follows from it a row of `EFFECTS`.

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from tests.readiness.small_world import (
    ANSWERS,
    AUDIENCES,
    CERTIFICATION,
    FIRST,
    KEYS,
    LEEWAY,
    LINKED,
    MESSAGE,
    NONE,
    OWNER,
    ROLE_FOR,
    SIGNED,
    TRAINING,
    UNANSWERED,
    VALID,
    Act,
    Cast,
    World,
)

Signed = tuple[str, str, str, str]
"""Stage, function, person, revision."""


@dataclass(frozen=True)
class Notes:
    """What stands, as the auditor remembers it."""

    instant: datetime = FIRST
    signed: frozenset[Signed] = frozenset()
    go: tuple[str, datetime] | None = None
    """Who said go, and for which launch instant."""
    no_go_until: datetime | None = None
    hold: str | None = None
    """`person`, or the rule that held it: `gate-unmet`, `launch-instant-missed`, `launch-refused`."""
    ended: str | None = None


@dataclass(frozen=True)
class Seen:
    """What a region launch of the core says of itself, in plain words."""

    statuses: tuple[tuple[str, str], ...]
    signed: frozenset[Signed]
    decision: tuple[str, str, datetime, datetime | None] | None
    """Choice, person, the instant it was taken for, the date to look again."""
    hold: str | None
    ended: str | None
    instant: datetime
    verdict: str
    version: int
    sent_back: int
    """How many revisions were sent back; what was sent back stays visible."""

    def status(self, stage: str) -> str:
        """Return the status of `stage`."""
        return dict(self.statuses)[stage]


# --- gates, by what is outside and who signed


def is_trained(world: World, at: datetime) -> bool:
    """Say whether everyone is trained at `at`; nobody of nobody is."""
    people = AUDIENCES[world.people]
    known_at = min(at, world.now)
    return bool(people) and all(one.trained_at is not None and one.trained_at <= known_at for one in people)


def certified(world: World, at: datetime) -> int:
    """Return how many passed after they were trained, as far as is known now, and hold that pass at `at`."""
    known_at = min(at, world.now)
    return sum(
        one.trained_at is not None
        and one.passed_at is not None
        and one.trained_at <= one.passed_at <= known_at
        and at < one.passed_at + VALID
        for one in AUDIENCES[world.people]
    )


def is_certified(world: World, at: datetime) -> bool:
    """Say whether one in two holds a pass at `at`; nobody of nobody does."""
    people = AUDIENCES[world.people]
    return bool(people) and 2 * certified(world, at) >= len(people)


def counts(signature: Signed, world: World) -> bool:
    """Say whether what was signed is what the region says now, but for case, space and punctuation."""
    stage, _, _, revision = signature
    return revision == world.revision(stage) or (revision, world.revision(stage)) in LINKED


def has_both_keys(notes: Notes, world: World, stage: str) -> bool:
    """Say whether two people have signed what is said now, one for each function."""
    standing = [signature for signature in notes.signed if signature[0] == stage and counts(signature, world)]
    hands = {function: person for _, function, person, _ in standing}
    return set(hands) == set(KEYS) and len(set(hands.values())) == len(KEYS)


def criteria(notes: Notes, world: World, at: datetime) -> dict[str, bool]:
    """Return which criteria are met at `at`."""
    return {
        "value_propositions_signed": world.message != "" and has_both_keys(notes, world, MESSAGE),
        "objections_answered": world.answers not in {NONE, UNANSWERED},
        "objections_signed": world.answers != NONE and has_both_keys(notes, world, ANSWERS),
        "training_completion": is_trained(world, at),
        "certified_share": is_certified(world, at),
    }


STAGE_OF = {
    "value_propositions_signed": MESSAGE,
    "objections_answered": ANSWERS,
    "objections_signed": ANSWERS,
    "training_completion": TRAINING,
    "certified_share": CERTIFICATION,
}


def nothing_to_go_by(key: str, world: World, at: datetime) -> bool:
    """Say whether nothing at all is known that a criterion could be judged by."""
    known_at = min(at, world.now)
    match STAGE_OF[key]:
        case "value_propositions":
            return world.message == ""
        case "objection_handling":
            return world.answers == NONE
        case "training":
            return not any(one.trained_at is not None for one in AUDIENCES[world.people])
        case _:
            return not any(
                one.trained_at and one.passed_at and one.trained_at <= one.passed_at <= known_at
                for one in AUDIENCES[world.people]
            )


@lru_cache(maxsize=65_536)
def unmet(notes: Notes, world: World, at: datetime) -> frozenset[str]:
    """Return the stages whose gate is not met at `at`."""
    return frozenset(STAGE_OF[key] for key, is_met in criteria(notes, world, at).items() if not is_met)


def on_the_day(notes: Notes, world: World) -> datetime:
    """Return the instant that everything is judged at: the later of the launch instant and now."""
    return world.now if notes.ended == "launched" else max(notes.instant, world.now)


def may_launch(notes: Notes, world: World) -> bool:
    """Rule 1: every gate met at the launch instant and now, and a go that stands, by somebody else than the owner."""
    return (
        wants_launch(notes, world)
        and notes.go is not None
        and notes.go[0] != OWNER
        and not unmet(notes, world, notes.instant)
        and not unmet(notes, world, world.now)
    )


def wants_launch(notes: Notes, world: World) -> bool:
    """Say whether a go for this instant stands, and the instant has come not more than the leeway ago."""
    return (
        notes.ended is None
        and notes.hold is None
        and notes.go is not None
        and notes.go[1] == notes.instant
        and notes.instant <= world.now <= notes.instant + LEEWAY
    )


# --- what falls due by itself


@lru_cache(maxsize=65_536)
def fallen_due(notes: Notes, world: World, *, sees_gates: bool = True) -> Notes:
    """Return the notes after everything that time and facts bring about once somebody looks."""
    if notes.ended is not None:
        return notes
    if sees_gates:
        notes = replace(notes, signed=frozenset(s for s in notes.signed if counts(s, world)))
        if notes.go is not None and unmet(notes, world, on_the_day(notes, world)):
            notes = replace(notes, go=None, hold="gate-unmet")
    if notes.no_go_until is not None and notes.no_go_until <= world.now:
        notes = replace(notes, no_go_until=None)
    is_missed = world.now >= notes.instant and not wants_launch(notes, world)
    if is_missed and notes.hold is None and notes.no_go_until is None:
        notes = replace(notes, go=None, hold="launch-instant-missed")
    return notes


# --- what may be asked, of notes that are up to date


class Auditor:
    """Judges what a core does in one small world, whose people hold the roles of `cast`."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def holds(self, act: Act, role: str) -> bool:
        """Say whether the person acts by `role`, and holds it."""
        return act.role == role and role in self.cast[act.person]

    def judged(self, notes: Notes, act: Act, world: World, *, before: Seen, looked: Seen) -> tuple[bool, Notes]:
        """Say whether the rules allow `act`, and what then stands; what falls due comes before it, and after it."""
        notes = fallen_due(notes, world, sees_gates=sees_gates(act, notes))
        if act.kind in MAY:
            has_seen = {"unsaid": True, "stale": False, "current": before.version == looked.version}[act.seen]
            if notes.ended is not None or not has_seen or not MAY[act.kind](self, notes, act, world, looked):
                return False, notes
        return True, fallen_due(EFFECTS[act.kind](notes, act, world), world)


def sees_gates(act: Act, notes: Notes) -> bool:
    """Say whether the facts at hand are for the instant that stands; whoever moves it brings those for another."""
    return act.instant in {None, notes.instant}


def _may_sign(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    others = {person for stage, function, person, _ in notes.signed if (stage, function) == (act.stage, _other(act))}
    is_signed = any((stage, function) == (act.stage, act.function) for stage, function, _, _ in notes.signed)
    is_complete = act.stage != MESSAGE or world.message != ""
    return _may_speak(auditor, act, looked) and is_complete and act.person not in others and not is_signed


def _may_send_back(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    del notes, world
    return _may_speak(auditor, act, looked) and act.has_reason


def _may_speak(auditor: Auditor, act: Act, looked: Seen) -> bool:
    """Rules 2, 4 and 6: a function speaks through who holds its role, of the current revision of an open stage."""
    return (
        act.stage in SIGNED
        and act.function in KEYS
        and auditor.holds(act, ROLE_FOR[act.function])
        and looked.status(act.stage) != "locked"
        and act.revision == "current"
    )


def _other(act: Act) -> str:
    return next(function for function in KEYS if function != act.function)


def _may_decide(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    """Rule 6: an executive decides who neither owns the launch nor signed a stage; rule 1: on gates that are met."""
    if not (auditor.holds(act, "executive") and act.person != OWNER and act.has_reason):
        return False
    if act.choice == "hold":
        return _may_hold(auditor, notes, act, world, looked)
    has_signed = any(signer == act.person for _, _, signer, _ in notes.signed)
    is_open = notes.hold != "person" and not has_signed and not unmet(notes, world, on_the_day(notes, world))
    match act.choice:
        case "go":
            return is_open and notes.go is None and world.now < notes.instant
        case "no_go":
            return is_open and act.review_at is not None and act.review_at > world.now
        case _:
            return False


def _may_hold(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    del auditor, looked
    return act.has_reason and notes.hold != "person" and (act.review_at is None or act.review_at > world.now)


def _may_resume(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    del auditor, looked
    return act.has_reason and notes.hold is not None and world.now < notes.instant


def _may_cancel(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    del auditor, notes, world, looked
    return act.has_reason


def _may_reschedule(auditor: Auditor, notes: Notes, act: Act, world: World, looked: Seen) -> bool:
    del auditor, looked
    return act.has_reason and act.instant is not None and act.instant > world.now and act.instant != notes.instant


MAY: dict[str, Callable[[Auditor, Notes, Act, World, Seen], bool]] = {
    "approve": _may_sign,
    "send back": _may_send_back,
    "decide": _may_decide,
    "hold": _may_hold,
    "resume": _may_resume,
    "cancel": _may_cancel,
    "reschedule": _may_reschedule,
}
"""Each kind of command, and when it is accepted; every other act is nobody's to refuse."""


# --- what follows


def _signed(notes: Notes, act: Act, world: World) -> Notes:
    signature = (act.stage, act.function, act.person, world.revision(act.stage))
    return replace(notes, signed=notes.signed | {signature})


def _sent_back(notes: Notes, act: Act, world: World) -> Notes:
    del world
    others = frozenset(s for s in notes.signed if s[:2] != (act.stage, act.function))
    return replace(notes, signed=others)


def _decided(notes: Notes, act: Act, world: World) -> Notes:
    if act.choice == "hold":
        return _held(notes, act, world)
    if act.choice == "go":
        return replace(notes, go=(act.person, notes.instant), no_go_until=None, hold=None)
    return replace(notes, go=None, no_go_until=act.review_at, hold=None)


def _held(notes: Notes, act: Act, world: World) -> Notes:
    del act, world
    return replace(notes, go=None, hold="person")


def _resumed(notes: Notes, act: Act, world: World) -> Notes:
    del act, world
    return replace(notes, go=None, hold=None)


def _cancelled(notes: Notes, act: Act, world: World) -> Notes:
    del act, world
    return replace(notes, go=None, no_go_until=None, hold=None, ended="cancelled")


def _rescheduled(notes: Notes, act: Act, world: World) -> Notes:
    """Rule 5: the go is gone with its instant; who held it, or said no, still does."""
    del world
    hold = "person" if notes.hold == "person" else None
    return replace(notes, go=None, hold=hold, instant=act.instant or notes.instant)


def _launch_tried(notes: Notes, act: Act, world: World) -> Notes:
    del act
    if not wants_launch(notes, world):
        return notes
    if may_launch(notes, world):
        return replace(notes, ended="launched")
    return replace(notes, go=None, hold="launch-refused")


def _second_lock_said_no(notes: Notes, act: Act, world: World) -> Notes:
    del act
    return replace(notes, go=None, hold="launch-refused") if wants_launch(notes, world) else notes


def _nothing(notes: Notes, act: Act, world: World) -> Notes:
    del act, world
    return notes


EFFECTS: dict[str, Callable[[Notes, Act, World], Notes]] = {
    "approve": _signed,
    "send back": _sent_back,
    "decide": _decided,
    "hold": _held,
    "resume": _resumed,
    "cancel": _cancelled,
    "reschedule": _rescheduled,
    "look": _nothing,
    "launch": _launch_tried,
    "second lock says no": _second_lock_said_no,
}
"""Each kind of act on a region, and what follows from it where it is accepted."""


def told(notes: Notes, all_passed: bool) -> str:
    """Return the verdict that the notes give."""
    if notes.ended is not None:
        return notes.ended
    if notes.hold is not None:
        return "held"
    if notes.go is not None:
        return "go"
    if notes.no_go_until is not None:
        return "no_go"
    return "ready" if all_passed else "not_ready"
