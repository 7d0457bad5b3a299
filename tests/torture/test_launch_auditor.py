"""Does the auditor from outside notice each single breach, and know nothing of what it audits?"""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.torture import launch_auditor, launch_backing, launch_facts
from tests.torture.forgery import Forger, at, digest_of, in_order
from tests.torture.launch_auditor import RULES, breaches_of, has_launched
from tests.torture.launch_facts import digest

Forge = Callable[[Forger], None]
"""Puts one thing out of order before the export is made."""


def _event(forger: Forger, kind: str, number: int = 0) -> dict[str, Any]:
    event: dict[str, Any] = [row["event"] for row in forger.ledger if row["type"] == kind][number]
    return event


def _command(forger: Forger, event: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in forger.commands if row["id"] == event["command_id"])


def _by(forger: Forger, event: dict[str, Any], **changes: Any) -> None:
    """Have a command say something else, and its log, its event and its acknowledgement with it."""
    row = _command(forger, event)
    row["command"].update(changes)
    row["person"] = row["command"]["person"]
    row["command_digest"] = digest(row["command"])
    event.update({"person": row["person"], "command_digest": row["command_digest"]})
    event.update({name: value for name, value in changes.items() if name in event})


def _gap(forger: Forger) -> None:
    forger.ledger[-1]["version"] += 1


def _second_launch(forger: Forger) -> None:
    forger.ledger.append({**forger.ledger[-1], "version": len(forger.ledger) + 1})


def _afterwards(forger: Forger) -> None:
    forger.happen("criteria_judged")


def _late(forger: Forger) -> None:
    _event(forger, "region_launched")["at"] = at(98)


def _held(forger: Forger) -> None:
    launched = forger.ledger.pop()
    forger.happen("region_held", cause="person")
    forger.ledger.append({**launched, "version": len(forger.ledger) + 1})


def _another_go(forger: Forger) -> None:
    _event(forger, "region_launched")["decision_version"] -= 1


def _far(forger: Forger) -> None:
    launch_at = at(72 + 8 * 24)
    _by(forger, _event(forger, "waiver_requested"), expires_at=at(72 + 9 * 24))
    _by(forger, _event(forger, "region_slipped"), launch_at=launch_at)
    _event(forger, "region_launched").update({"launch_at": launch_at, "at": launch_at})


def _unfounded(forger: Forger) -> None:
    _event(forger, "go_revived")["at"] = at(4 + 25)


def _owner_decides(forger: Forger) -> None:
    _by(forger, _event(forger, "decision_taken"), person="pm")


def _uncertified(forger: Forger) -> None:
    _by(forger, _event(forger, "waiver_requested"), floor=7_500)


def _lapsed(forger: Forger) -> None:
    _by(forger, _event(forger, "waiver_requested"), expires_at=at(96))


def _own_waiver(forger: Forger) -> None:
    _by(forger, _event(forger, "waiver_requested"), person="ex-2")


def _one_hand(forger: Forger) -> None:
    _by(forger, _event(forger, "signed_off", 1), person="ma")


def _other_digest(forger: Forger) -> None:
    _by(forger, _event(forger, "signed_off", 1), digest=digest_of("objection_handling"))


def _unpolled(forger: Forger) -> None:
    _event(forger, "poll_closed")["ballots"][0].update(
        {"person": None, "stance": None, "command_id": None, "at": None}
    )
    _event(forger, "decision_taken")["dissents_accepted"] = ["marketing", "sales"]


def _stale_vote(forger: Forger) -> None:
    place = next(number for number, row in enumerate(forger.ledger) if row["type"] == "decision_taken")
    late = [{"type": kind, "at": at(2.5), "command_id": None, "stage": "training"} for kind in _TWICE]
    rows = [{"version": 0, "type": event["type"], "region": "emea", "event": event} for event in late]
    forger.ledger[place:place] = rows
    for version, row in enumerate(forger.ledger, 1):
        row["version"] = version
    for name in ("go_revived", "region_launched"):
        _event(forger, name)["decision_version"] += 2
    for _, outcome in forger.updates:
        outcome["version"] += 2


_TWICE = ("stage_reopened", "stage_passed")


def _otherwise(forger: Forger) -> None:
    _event(forger, "poll_closed")["ballots"][1]["stance"] = "agree"


def _unaccepted(forger: Forger) -> None:
    _event(forger, "decision_taken")["dissents_accepted"] = []


def _unkept(forger: Forger) -> None:
    _event(forger, "decision_taken")["conditions"].append({"id": "k-2", "owner": "en", "due_at": at(60)})


def _too_early(forger: Forger) -> None:
    event = _event(forger, "stage_passed", 1)
    event["type"] = "stage_reopened"


def _nobody_asked(forger: Forger) -> None:
    event = _event(forger, "region_slipped")
    forger.updates = [each for each in forger.updates if each[0]["command_id"] != event["command_id"]]
    event["command_id"] = "c-none"


def _refused(forger: Forger) -> None:
    row = _command(forger, _event(forger, "region_slipped"))
    row["outcome"] = {"kind": "refused"}
    forger.updates = [each for each in forger.updates if each[0] is not row["command"]]


def _asked_otherwise(forger: Forger) -> None:
    _event(forger, "region_slipped")["wall_clock"] = "another"


def _again(forger: Forger) -> None:
    launched = forger.ledger.pop()
    kept = _event(forger, "condition_met")
    row = forger.happen("condition_met")
    row["event"] = kept
    _command(forger, kept)["outcome"]["version"] = row["version"]
    forger.ledger.append({**launched, "version": len(forger.ledger) + 1})


def _lost(forger: Forger) -> None:
    """Someone's hold was acknowledged, and the ledger knows of none."""
    forger.ask("pm", "hold", "region_held", cause="person")
    forger.ledger.pop()


_ENTAILED = {"launched-once": {"nothing-after-the-end"}, "not-while-stopped": {"a-go-stood"}}
"""A second launch comes after the end, and a hold takes the go away."""

FORGED: list[tuple[str, Forge]] = [
    ("versions-without-gaps", _gap),
    ("launched-once", _second_launch),
    ("nothing-after-the-end", _afterwards),
    ("at-its-instant", _late),
    ("not-while-stopped", _held),
    ("a-go-stood", _another_go),
    ("slip-covered", _far),
    ("revival-founded", _unfounded),
    ("decider-apart", _owner_decides),
    ("criteria-met", _uncertified),
    ("criteria-met", _lapsed),
    ("waiver-by-another", _own_waiver),
    ("two-keys", _one_hand),
    ("two-keys", _other_digest),
    ("poll-complete", _unpolled),
    ("poll-complete", _stale_vote),
    ("ballots-as-cast", _otherwise),
    ("dissent-accepted", _unaccepted),
    ("conditions-kept", _unkept),
    ("stages-in-order", _too_early),
    ("command-behind", _nobody_asked),
    ("command-behind", _refused),
    ("as-asked", _asked_otherwise),
    ("carried-out-once", _again),
    ("acknowledged-kept", _lost),
]


def test_an_export_in_order_is_passed() -> None:
    """A launch with a waiver, a dissent, a condition, a revival and a slip breaks no rule."""
    export = in_order().export()
    assert has_launched(export)
    assert breaches_of(export) == []


@pytest.mark.parametrize(("rule", "forge"), FORGED, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_each_forged_export_is_reported_by_the_rule_that_it_breaks(rule: str, forge: Forge) -> None:
    """One thing out of order is enough, and it is called by its name and no other."""
    forger = in_order()
    forge(forger)
    assert {name for name, _ in breaches_of(forger.export())} == {rule} | _ENTAILED.get(rule, set())


def test_a_launch_that_no_workflow_asked_for_is_reported() -> None:
    """A launch that somebody wrote past the workflow is in the ledger alone."""
    export = in_order().export()
    events = json.loads(export["histories"][0])["events"]
    export["histories"] = [json.dumps({"events": events[:-2]})]
    assert [name for name, _ in breaches_of(export)] == ["launched-by-workflow"]


def test_every_rule_has_a_forger() -> None:
    """No rule is without teeth."""
    assert {rule for rule, _ in FORGED} | {"launched-by-workflow"} == set(RULES)


def test_the_auditor_knows_no_room_of_the_product() -> None:
    """It imports the standard library and its own files, so that no mistake of ours can excuse itself."""
    for module in (launch_auditor, launch_backing, launch_facts):
        assert module.__file__ is not None
        imported = {
            name
            for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        ours = {name for name in imported if name.split(".")[0] in _ROOMS}
        assert ours <= {"tests.torture.launch_backing", "tests.torture.launch_facts"}


_ROOMS = {"readiness", "store", "templates", "activities", "workflows", "api", "bootstrap", "tests"}
