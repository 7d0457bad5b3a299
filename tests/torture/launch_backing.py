"""Does the command log stand behind what the ledger gives, and the ledger behind what the workflows acknowledged?"""

# Like the auditor, of which it is a part, it knows JSON and the rule book, and no room of the product.

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.torture.launch_facts import Row, answers, digest, launches_asked

Export = Mapping[str, Any]
"""One region launch: `where`, its rows of `ledger` and `records`, the `commands` of its product, `facts` and the JSON
of its `histories`."""

Breach = tuple[str, str]
"""The name of a rule, and what broke it."""

_ROLE_OF = {
    "marketing": "marketing",
    "sales": "sales_lead",
    "enablement": "enablement",
    "product": "product_manager",
}
GIVEN_BY = {
    "region_launch_started": {"start_launch", "add_region"},
    "signed_off": {"sign_off"},
    "waiver_requested": {"request_waiver"},
    "waiver_granted": {"grant_waiver"},
    "ballot_cast": {"cast_ballot"},
    "decision_taken": {"decide"},
    "condition_met": {"meet_condition"},
    "region_resumed": {"resume"},
    "region_rescheduled": {"reschedule"},
    "region_slipped": {"reschedule"},
    "owner_changed": {"change_owner"},
}
"""Events that give, and the commands that may stand behind them."""

_SAME: Mapping[str, tuple[str, ...]] = {
    "signed_off": ("stage", "function", "digest"),
    "waiver_requested": ("criterion", "expires_at"),
    "waiver_granted": ("waiver",),
    "ballot_cast": ("function",),
    "decision_taken": ("choice",),
    "condition_met": ("condition", "proof_digest"),
    "region_rescheduled": ("launch_at", "wall_clock"),
    "region_slipped": ("launch_at", "wall_clock"),
    "owner_changed": ("owner",),
}
"""What an event that gives repeats of its command."""


def proven(row: Row, commands: Mapping[str, Row]) -> Iterator[Breach]:
    """Yield what is wrong with what stands behind a row of the ledger."""
    event = row["event"]
    if event["type"] == "poll_closed":
        yield from _ballots(event, commands)
    if event["type"] not in GIVEN_BY:
        return
    logged = commands.get(event["command_id"] or "")
    what = f"{event['type']} at version {row['version']}"
    if logged is None:
        yield "command-behind", f"{what} has no command"
        return
    agrees = (
        logged["kind"] in GIVEN_BY[event["type"]]
        and logged["person"] == event["person"] == logged["command"]["person"]
        and logged["command_digest"] == event["command_digest"] == digest(logged["command"])
        and (logged["region"] or row["region"]) == row["region"]
        and (logged["outcome"] or {}).get("kind") == "accepted"
    )
    if not agrees:
        yield "command-behind", f"{what} is not what {logged['person']} asked in {logged['id']}"
    command = logged["command"]
    if any(event[name] != command[name] for name in _SAME.get(event["type"], ())):
        yield "as-asked", f"{what} says another thing than its command"
    role = _ROLE_OF.get(command.get("function") or "", command["role"])
    if event["type"] in {"signed_off", "ballot_cast"} and command["role"] != role:
        yield "as-asked", f"{what} came from a {command['role']}"


def _ballots(event: Row, commands: Mapping[str, Row]) -> Iterator[Breach]:
    for ballot in event["ballots"]:
        if ballot["person"] is None:
            continue
        logged = commands.get(ballot["command_id"] or "")
        cast = logged and (logged["person"], logged["body"]["position"], logged["command"]["function"])
        if cast != (ballot["person"], ballot["stance"], ballot["function"]):
            yield "ballots-as-cast", f"{ballot['function']} is told otherwise than it voted"


def acknowledged(export: Export) -> Iterator[Breach]:
    """Yield what a workflow acknowledged and the log or the ledger tells otherwise."""
    commands = {row["id"]: row for row in export["commands"]}
    happened: dict[str, list[int]] = {}
    for row in export["ledger"]:
        if row["event"]["command_id"] is not None:
            happened.setdefault(row["event"]["command_id"], []).append(row["version"])
    for command, outcome in answers(export["histories"]):
        logged = commands.get(command["command_id"])
        if logged is None or logged["outcome"] != outcome or logged["command"]["kind"] != command["kind"]:
            yield "acknowledged-kept", f"{command['command_id']} was answered {outcome['kind']}, not so logged"
            continue
        versions = happened.get(command["command_id"], [])
        if outcome["kind"] == "refused" and versions:
            yield "acknowledged-kept", f"{command['command_id']} was refused and gave {versions}"
        if outcome["kind"] == "accepted" and not (versions and max(versions) <= outcome["version"]):
            yield "acknowledged-kept", f"{command['command_id']} was accepted and is not in the ledger"


def asked_for(export: Export, launched: Sequence[int]) -> Iterator[Breach]:
    """Yield a launch that no workflow asked for, and one that a workflow was told of and the ledger lacks."""
    asked = [*launches_asked(export["histories"])]
    known = {request["known"] for request, _ in asked}
    for version in launched:
        if version - 1 not in known:
            yield "launched-by-workflow", f"no workflow asked for the launch at version {version}"
    if not launched and any(answer is not None and answer.get("kind") == "launched" for _, answer in asked):
        yield "launched-by-workflow", "a workflow was told of a launch that is not in the ledger"
