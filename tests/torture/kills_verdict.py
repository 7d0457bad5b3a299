"""Is what clients remember exactly what the house kept: nothing lost, nothing doubled, nothing launched in breach?"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tests.torture.kills_book import Said, Wish
from tests.torture.kills_crowd import Swift
from tests.torture.kills_ledger import Asked, Event, Kept

LATEST = timedelta(hours=1)
"""How late a launch may be at most."""

KIND_OF_ACT = {
    "start": "start_launch",
    "hold": "hold",
    "resume": "resume",
    "reschedule": "reschedule",
    "approve": "sign_off",
    "send_back": "sign_off",
    "decide": "decide",
}
"""The kind under which the command log knows an act; what is not here has no command."""

EVENTS_OF_ACT = {
    "start": {"launch_started"},
    "hold": {"region_held"},
    "resume": {"region_resumed"},
    "reschedule": {"region_rescheduled", "region_slipped"},
    "approve": {"signed_off"},
    "send_back": {"sent_back"},
    "decide": {"decision_taken"},
}
"""An act leaves one of these events in the stream that it is about."""

REFUSED_AT_THE_DOOR = frozenset({"plan-refused", "request-invalid"})
"""What is refused without a command, before anything is written: a plan for an instant that has passed meanwhile."""

_ALWAYS = frozenset({"expired"})
_HONEST = {
    "start": _ALWAYS | REFUSED_AT_THE_DOOR | {"launch-in-the-past"},
    "hold": _ALWAYS | {"overtaken", "region-is-held", "region-ended"},
    "resume": _ALWAYS | {"overtaken", "region-not-held"},
    "reschedule": _ALWAYS | {"overtaken"},
    "approve": _ALWAYS | {"digest-is-stale", "already-signed", "stage-locked"},
    "send_back": _ALWAYS | {"digest-is-stale", "stage-locked"},
    "decide": _ALWAYS | {"overtaken", "gates-not-met", "region-is-held", "launch-instant-passed"},
}
"""What each act may be refused with while everything is being killed; all else is a fault."""


def faults(wishes: Iterable[Wish], kept: Kept, scenes: Iterable[Swift]) -> list[str]:
    """Return everything in which the book and the house differ, and every rule that was broken; empty where none."""
    book = list(wishes)
    return [
        *_commands(book, kept),
        *_texts(book, kept),
        *_imports(book, kept),
        *_ledger(kept),
        *_projections(kept),
        *_launches(list(scenes), kept),
        *(f"alarm: {alarm}" for alarm in kept.alarms),
    ]


def _commands(book: list[Wish], kept: Kept) -> Iterator[str]:
    """Each wish has one command with one outcome, the one that was answered; its event is there once, or never."""
    logged: dict[tuple[str, str], list[Asked]] = {}
    for asked in kept.asked:
        logged.setdefault((asked.person, asked.key), []).append(asked)
    for wish in book:
        if wish.act not in KIND_OF_ACT:
            continue
        name = f"{wish.act} of {wish.person} in {wish.where} under {wish.key}"
        found = logged.pop((wish.person, wish.key), [])
        if wish.said is Said.UNKNOWN:
            yield f"{name} stayed unknown"
        if wish.said is Said.REFUSED and wish.refusal not in _HONEST[wish.act]:
            yield f"{name} was refused as {wish.refusal}"
        if not found:
            if wish.said is Said.ACCEPTED:
                yield f"{name} was accepted and is not in the log"
            elif wish.refusal not in REFUSED_AT_THE_DOOR:
                yield f"{name} was refused as {wish.refusal} and is not in the log"
            continue
        if len(found) > 1:
            yield f"{name} is in the log {len(found)} times"
        asked = found[0]
        if (asked.kind, asked.where) != (KIND_OF_ACT[wish.act], wish.where):
            yield f"{name} is in the log as {asked.kind} in {asked.where}"
        if asked.outcome != wish.said.value:
            yield f"{name} was answered {wish.said.value}, and the log has {asked.outcome}"
        elif asked.refusal and asked.refusal != wish.refusal:
            yield f"{name} was refused as {wish.refusal}, and the log has {asked.refusal}"
        events = [each.type for each in kept.ledger.get(wish.where, ()) if each.command_id == asked.id]
        left = sum(type_ in EVENTS_OF_ACT[wish.act] for type_ in events)
        if left != (1 if wish.said is Said.ACCEPTED else 0):
            yield f"{name} was {wish.said.value}, and its event is in the ledger {left} times"
    for (person, key), strangers in logged.items():
        yield f"the log has {len(strangers)} commands of {person} under {key} that nobody sent"


def _texts(book: list[Wish], kept: Kept) -> Iterator[str]:
    """Each text that was accepted is there once, and none that nobody wrote."""
    there = Counter((product, body.get("statement") or body.get("objection")) for product, body in kept.texts)
    written: Counter[tuple[str, str]] = Counter()
    for wish in book:
        if wish.act not in {"edit", "hear"}:
            continue
        said = (wish.where.partition("/")[0], wish.body.get("statement") or wish.body["objection"])
        if wish.said is not Said.ACCEPTED:
            yield f"{wish.act} {said} was {wish.said.value} {wish.refusal}"
        written[said] += 1
    for said in written.keys() | there.keys():
        if there[said] != written[said]:
            yield f"{said} was written {written[said]} times and is there {there[said]} times"


def _imports(book: list[Wish], kept: Kept) -> Iterator[str]:
    """Each fact of each file holds once, as the last file about it said."""
    there = Counter((person, what, moment) for person, what, moment, _ in kept.facts)
    void = {(person, what, moment): is_void for person, what, moment, is_void in kept.facts}
    last: dict[tuple[str, str, datetime], bool] = {}
    for wish in book:
        if wish.act != "import":
            continue
        name = f"the file of {wish.body['kind']} in {wish.where}"
        if wish.said is not Said.ACCEPTED:
            yield f"{name} was {wish.said.value} {wish.refusal}"
            continue
        rows, done = wish.body["rows"], wish.answer
        if done["state"] != "completed" or done["accepted"] + done["unchanged"] != len(rows):
            yield f"{name} ended as {done}"
        for row in rows:
            if wish.body["kind"] != "audience":
                what = row.get("course_id") or row["assessment_id"]
                moment = datetime.fromisoformat(row.get("completed_at") or row["attempted_at"])
                last[row["person_id"], what, moment] = row.get("void") == "true"
    for fact, is_void in last.items():
        if there[fact] != 1:
            yield f"the fact {fact} holds {there[fact]} times"
        elif void[fact] != is_void:
            yield f"the fact {fact} is {'void' if void[fact] else 'not void'}"


def _ledger(kept: Kept) -> Iterator[str]:
    """Every stream is numbered from 1 without gaps, is told once, names only logged commands, and reads the same."""
    accepted = {asked.id for asked in kept.asked if asked.outcome == "accepted"}
    for where, events in kept.ledger.items():
        versions = [event.version for event in events]
        if versions != list(range(1, len(events) + 1)):
            yield f"the ledger of {where} is numbered {versions}"
        if sorted(kept.told.get(where, ())) != [(event.version, event.type) for event in events]:
            yield f"the outbox of {where} does not tell what its ledger does"
        strangers = {event.command_id for event in events if event.command_id is not None} - accepted
        if strangers:
            yield f"events of {where} come from commands that were not accepted: {sorted(strangers)}"
        shown = [each[:2] for each in kept.timelines.get(where, ())]
        held = [(event.version, event.type) for event in events]
        if "/" in where and shown != held:
            yield f"the timeline of {where} shows {shown[-3:]}, and not what its ledger holds, {held[-3:]}"


def _projections(kept: Kept) -> Iterator[str]:
    for where in kept.ledger.keys() | kept.folded.keys():
        row, fold = kept.folded.get(where, (None, None))
        # A launch that was refused has a row, and nothing in it.
        if row != fold or (where in kept.ledger) != (fold is not None):
            yield f"the row of {where} is not the fold of its ledger"


def _launches(scenes: list[Swift], kept: Kept) -> Iterator[str]:
    """What launched was allowed to, once; what nobody stopped launched; what was stopped in time did not."""
    for where, events in kept.ledger.items():
        launched = [each for each in events if each.type == "region_launched"]
        if len(launched) != (where in kept.launched):
            yield f"{where} has {len(launched)} launches in its ledger and {int(where in kept.launched)} on record"
        for event in launched:
            yield from (f"{where} launched in breach: {breach}" for breach in _breaches(events, event))
    facts = {(person, what): is_void for person, what, _, is_void in kept.facts}
    for scene in scenes:
        where = f"{scene.product}/north"
        has_launched = any(each.type == "region_launched" for each in kept.ledger.get(where, ()))
        if scene.must_launch and not has_launched:
            yield f"{where} had a go that stood, and was not launched"
        if has_launched and scene.must_not_launch:
            yield f"{where} was stopped in time and launched"
        if has_launched and scene.ending != 2:
            missing = [what for what, is_void in facts.items() if what[1].startswith(f"{scene.product}-") and is_void]
            if missing or sum(what[1].startswith(f"{scene.product}-") for what in facts) < 4:
                yield f"{where} launched although its people had not learned"


def _breaches(events: list[Event], launched: Event) -> Iterator[str]:
    before = [event for event in events if event.version < launched.version]
    decision = next((event for event in reversed(before) if event.type == "decision_taken"), None)
    if decision is None or decision.data["choice"] != "go" or decision.command_id is None:
        yield "no go stands"
        return
    revivals = [event.version for event in before if event.type == "go_revived" and event.version > decision.version]
    revived_at = max(revivals, default=decision.version)
    since = {event.type for event in before if event.version > revived_at}
    # What a revival gives back was lost to a gate, and to nothing else.
    until = {event.type for event in before if decision.version < event.version <= revived_at}
    since |= until - {"region_held", "stage_reopened"}
    taken = since & {"region_held", "region_rescheduled", "region_cancelled", "sign_off_voided", "stage_reopened"}
    if taken:
        yield f"after the go came {sorted(taken)}"
    stages: dict[str, str] = {}
    for event in before:
        if event.type in {"stage_opened", "stage_passed", "stage_reopened"}:
            stages[event.data["stage"]] = event.type
    for stage in ("value_propositions", "objection_handling", "training", "certification"):
        if stages.get(stage) != "stage_passed":
            yield f"{stage} was not passed: {stages.get(stage)}"
    instant = datetime.fromisoformat(launched.data["launch_at"])
    if not instant <= launched.at <= instant + LATEST:
        yield f"it was due at {instant} and launched at {launched.at}"
    if decision.at > launched.at:
        yield "the go came after the launch"
