"""What can be sent to Temporal past the API, and which alarm must tell of it?"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

from store.alarms import AlarmKind
from store.commands import commands_of
from tests.store.desk import PRODUCT
from tests.torture.fort import LAUNCH, Fort, Said
from workflows import names

Where = str | None
"""A region; empty for the launch as a whole, None for what is about no launch."""


class Expected(NamedTuple):
    """An alarm that must be there, about what."""

    kind: AlarmKind
    about: Where


Attack = Callable[[Fort, Random, str], Awaitable[list[Expected]]]
"""Attacks a region, or the launch as a whole where that is empty; returns what must be reported."""

_EVIL = "evil"
_TYPES = {True: "LaunchWorkflow", False: "RegionLaunchWorkflow"}
_REASON = ("--reason", "an attack")


async def forged_decision(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Decide, or do anything else, by a command that the log never held."""
    made_up = _made_up(rng, region)
    assert await _update(fort, region, made_up["kind"], made_up) != 0
    return [Expected(AlarmKind.COMMAND_FORGED, region)]


async def forged_go(fort: Fort, region: str) -> int:
    """Send a go that the log never held, and return with which status that ended."""
    go = {**_asked(), "kind": "decide", "choice": "go"}
    return await _update(fort, region, "decide", go)


async def bent_command(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Send the id of a command that the log holds with another wish."""
    signed = [command for command in _logged(fort, region) if command["kind"] != "decide"]
    if not signed:
        return []
    bent = {**rng.choice(signed), "kind": "decide", "choice": "go"} if region else {**signed[0], "person": "ex-9"}
    assert await _update(fort, region, bent["kind"], bent) != 0
    return [Expected(AlarmKind.COMMAND_FORGED, region)]


async def command_of_another_region(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Send a go that was carried out elsewhere."""
    elsewhere = "held" if region == "go" else "go"
    went = next(command for command in _logged(fort, elsewhere) if command["kind"] == "decide")
    assert await _update(fort, region, "decide", went) != 0
    return [Expected(AlarmKind.COMMAND_FORGED, region)] if region else []


async def repeated_command(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Send what was carried out once more, word for word: it answers what it answered."""
    logged = _logged(fort, region)
    if logged:
        asked = rng.choice(logged)
        assert await _update(fort, region, asked["kind"], asked) == 0
    return []


async def update_with_start(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Send a forged command together with a start."""
    made_up = _made_up(rng, region)
    said = await fort.temporal(
        *("workflow", "execute-update-with-start", "--update-name", _update_name(made_up["kind"])),
        *("--update-input", json.dumps(made_up), "--id-conflict-policy", "UseExisting"),
        *_start(fort, region, _key(fort, region)),
    )
    assert said.status != 0
    return [Expected(AlarmKind.COMMAND_FORGED, region)]


async def forged_start_of_another_product(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Start a launch of a product that nobody plans, with a plan that nobody wrote."""
    (start,) = _logged(fort, "")
    plan = {**start["plan"], "product": _EVIL}
    made_up = {**start, "command_id": str(uuid4()), "plan": plan}
    said = await fort.temporal(
        *("workflow", "execute-update-with-start", "--update-name", "start", "--update-input", json.dumps(made_up)),
        *("--id-conflict-policy", "UseExisting", "--workflow-id", f"launch/{_EVIL}", "--type", "LaunchWorkflow"),
        *("--task-queue", names.TASK_QUEUE, "--input", json.dumps({"product": _EVIL, "run": 1})),
    )
    assert said.status != 0
    return []


async def garbage_updates(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Send updates that are none: another shape, another name, another encoding, too many arguments."""
    for words in (
        ("--name", "decide", "--input", rng.choice(('{"kind": 5}', '"x"', "null", "[1, 2]", "{}"))),
        ("--name", "launch", "--input", '{"go": true}'),
        ("--name", "decide", "--input", '"AAAA"', "--input-meta", "encoding=binary/evil"),
        ("--name", "decide", "--input", "{}", "--input", "2"),
    ):
        assert (await fort.temporal("workflow", "update", "execute", *_at(fort, region), *words)).status != 0
    return []


async def garbage_signals(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Send hints with figures, hints that do not decode, and signals that nobody knows."""
    for words in (
        ("--name", "look", "--input", '{"certified": 100}', "--input", "2"),
        ("--name", "look", "--input", '"AAAA"', "--input-meta", "encoding=binary/evil"),
        ("--name", "region_ended", "--input", '{"region": "go"}'),
        ("--name", rng.choice(("launch", "decide", "go", "settle")), "--input", '{"choice": "go"}'),
    ):
        await fort.temporal("workflow", "signal", *_at(fort, region), *words)
    return []


async def signal_with_start(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Hint together with a start that names another region's key."""
    await fort.temporal(
        *("workflow", "signal-with-start", "--signal-name", "look"), *_start(fort, region, _key(fort, "learning"))
    )
    return []


async def cancelled(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Ask the workflow to cancel itself."""
    return _lost(region, await fort.temporal("workflow", "cancel", *_at(fort, region)))


async def terminated(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """End the workflow."""
    return _lost(region, await fort.temporal("workflow", "terminate", *_at(fort, region), *_REASON))


async def deleted(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Delete the workflow with its history, which leaves nothing behind that closed."""
    return _lost(region, await fort.temporal("workflow", "delete", "--yes", *_at(fort, region)))


async def all_terminated(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """End every region's workflow by one batch."""
    await fort.temporal(
        *("workflow", "terminate", "--yes", *_REASON),
        *("--query", "WorkflowType = 'RegionLaunchWorkflow' AND ExecutionStatus = 'Running'"),
    )
    open_regions = [each for each in fort.keys if fort.is_open(each)]
    for each in open_regions:
        # A batch takes its time.
        await fort.until_ended(fort.id_of(each))
    return [Expected(AlarmKind.WORKFLOW_LOST, each) for each in open_regions]


async def replaced(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """End the workflow and start another under its id, by which commands and hints would go astray for ever."""
    key, kind = json.dumps(_key(fort, region)), _TYPES[region == ""]
    about = ["--search-attribute", f'LaunchProduct="{PRODUCT}"']
    about += ["--search-attribute", f'LaunchRegion="{region}"'] if region else []
    ours = ("--task-queue", names.TASK_QUEUE)
    disguise = rng.choice(
        (
            ("--type", "Squatter", "--task-queue", _EVIL),
            ("--type", kind, "--task-queue", _EVIL, "--input", key, *about),
            ("--type", kind, *ours, "--input", '"nonsense"', *about),
            ("--type", _TYPES[region != ""], *ours, "--input", json.dumps(_key(fort, "" if region else "held"))),
        )
    )
    ended = await fort.temporal("workflow", "terminate", *_at(fort, region), *_REASON)
    began = await fort.temporal("workflow", "start", "--workflow-id", fort.id_of(region), *disguise)
    if ended.status or began.status:
        return []
    return [Expected(AlarmKind.WORKFLOW_STRAY, region), Expected(AlarmKind.WORKFLOW_LOST, region)]


async def replaced_by_a_stranger(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """End the workflow and start ours under its id for a launch that no ledger knows, which ends by itself."""
    ended = await fort.temporal("workflow", "terminate", *_at(fort, region), *_REASON)
    unknown = {**_key(fort, region), "product": _EVIL}
    await fort.temporal("workflow", "start", *_start(fort, region, unknown))
    await fort.until_ended(fort.id_of(region))
    return _lost(region, ended)


async def reset(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Throw the workflow back, with or without what it was asked since."""
    to = rng.choice((("--type", "FirstWorkflowTask"), ("--type", "LastWorkflowTask")))
    without = rng.choice(((), ("--reapply-exclude", "All")))
    said = await fort.temporal("workflow", "reset", *_at(fort, region), *to, *without, *_REASON)
    return [Expected(AlarmKind.WORKFLOW_STRAY, region)] if said.status == 0 else []


async def stray(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Start a workflow of ours under a made-up id, for a launch that is there."""
    name = rng.choice(
        (f"stray-{rng.random()}", f"launch/{_EVIL}/{region or 'all'}-{rng.random()}", f"launch//{rng.random()}")
    )
    words = ("--type", _TYPES[region == ""], "--task-queue", names.TASK_QUEUE)
    said = await fort.temporal(
        "workflow", "start", "--workflow-id", name, *words, "--input", json.dumps(_key(fort, region))
    )
    return [Expected(AlarmKind.WORKFLOW_STRAY, None)] if said.status == 0 else []


async def forged_settling(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Ask a worker for the activity that writes the ledger, with events of one's own."""
    now = datetime.now(UTC).isoformat()
    key = fort.keys[region or "ready"]
    event = rng.choice(
        (
            {"type": "region_held", "at": now, "cause": "gate-unmet"},
            {"type": "region_cancelled", "at": now},
            {"type": "stage_passed", "at": now, "stage": "training"},
            {"type": "region_resumed", "at": now, "person": "pm-7", "command_id": "made-up"},
            {"type": "go_revived", "at": now, "choice": "go", "decision_version": 1},
        )
    )
    asked = {"key": key.model_dump(), "known": fort.desk.region(key).version, "now": now}
    said = await _activity(fort, "settle", {**asked, "cause": {"kind": "look"}, "proposal": {"events": [event]}})
    assert said != 0
    return [Expected(AlarmKind.COMMAND_FORGED, key.region)]


async def forged_ending(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Ask a worker to write that the launch as a whole has ended."""
    now = datetime.now(UTC).isoformat()
    ended = {"events": [{"type": "launch_ended", "at": now}]}
    asked = {"key": LAUNCH.model_dump(), "known": 1, "now": now, "cause": {"kind": "look"}, "proposal": ended}
    assert await _activity(fort, "settle_launch", asked) != 0
    return [Expected(AlarmKind.COMMAND_FORGED, "")]


async def forged_launch(fort: Fort, rng: Random, region: str) -> list[Expected]:
    """Ask a worker for the launch transaction itself, which proves everything again."""
    key = fort.keys[region or "go"]
    known = fort.desk.region(key).version + rng.choice((0, 0, -1))
    await _activity(fort, "launch", {"key": key.model_dump(), "known": known, "now": fort.due_at.isoformat()})
    return []


ATTACKS: tuple[Attack, ...] = (
    forged_decision,
    bent_command,
    command_of_another_region,
    repeated_command,
    update_with_start,
    forged_start_of_another_product,
    garbage_updates,
    garbage_signals,
    signal_with_start,
    cancelled,
    terminated,
    deleted,
    all_terminated,
    replaced,
    replaced_by_a_stranger,
    reset,
    stray,
    forged_settling,
    forged_ending,
    forged_launch,
)


def _at(fort: Fort, region: str) -> tuple[str, str]:
    return ("--workflow-id", fort.id_of(region))


def _key(fort: Fort, region: str) -> dict[str, Any]:
    key = fort.keys[region] if region else LAUNCH
    return key.model_dump()


def _start(fort: Fort, region: str, key: dict[str, Any]) -> tuple[str, ...]:
    """Return the words that start a workflow of ours under the id of a region, with any key."""
    ours = ("--type", _TYPES[region == ""], "--task-queue", names.TASK_QUEUE)
    return (*_at(fort, region), *ours, "--input", json.dumps(key))


def _asked() -> dict[str, Any]:
    return {
        "command_id": str(uuid4()),
        "person": "ex-1",
        "role": "executive",
        "logged_at": datetime.now(UTC).isoformat(),
        "reason_digest": "sha256:" + "0" * 64,
    }


def _made_up(rng: Random, region: str) -> dict[str, Any]:
    """Return a command that nobody logged."""
    asked = _asked()
    if not region:
        plan = {"region": _EVIL, "name": "Evil", "time_zone": "UTC", "wave": 1}
        plan |= {"launch_at": "2030-01-01T00:00:00Z", "wall_clock": "2030-01-01T00:00"}
        return {**asked, "kind": "add_region", "region": plan}
    later = {"launch_at": "2030-01-01T00:00:00Z", "wall_clock": "2030-01-01T00:00"}
    signed = {"stage": "value_propositions", "function": "sales", "digest": "sha256:" + "0" * 64}
    wishes: tuple[dict[str, Any], ...] = (
        {"kind": "decide", "choice": "go"},
        {"kind": "decide", "choice": "conditional_go"},
        {"kind": "resume"},
        {"kind": "hold"},
        {"kind": "cancel"},
        {"kind": "reschedule", **later},
        {"kind": "sign_off", **signed},
    )
    return {**asked, **rng.choice(wishes)}


def _logged(fort: Fort, region: str) -> list[dict[str, Any]]:
    """Return the commands of a region, or of the launch as a whole, as they travelled."""
    with fort.desk.store.reading() as tx:
        found = commands_of(tx, fort.keys[region] if region else LAUNCH)
    return [command.command.model_dump(mode="json") for command in found]


def _update_name(kind: str) -> str:
    return "start" if kind == "start_launch" else kind


async def _update(fort: Fort, region: str, kind: str, command: dict[str, Any]) -> int:
    words = (*_at(fort, region), "--name", _update_name(kind), "--input", json.dumps(command))
    return (await fort.temporal("workflow", "update", "execute", *words)).status


async def _activity(fort: Fort, name: str, asked: dict[str, Any]) -> int:
    said = await fort.temporal(
        *("activity", "execute", "--activity-id", f"{name}-{uuid4()}", "--type", name),
        *("--task-queue", names.TASK_QUEUE, "--start-to-close-timeout", "10s", "--retry-maximum-attempts", "1"),
        *("--input", json.dumps(asked)),
    )
    return said.status


def _lost(region: str, said: Said) -> list[Expected]:
    return [Expected(AlarmKind.WORKFLOW_LOST, region)] if said.status == 0 else []
