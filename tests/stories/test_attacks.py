"""Can whoever reaches Temporal itself launch anything, or lose a launch for good?"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from readiness.keys import RegionKey
from store.alarms import AlarmKind
from store.commands import LoggedCommand, commands_of
from store.records_schema import alarms
from tests.stories.house import PATIENCE, House, eventually
from tests.stories.scene import EXECUTIVE, Scene

pytestmark = pytest.mark.story

INSTANT_AHEAD = timedelta(seconds=45)
"""When everything that is attacked would launch, by the real clock: the attacks come before."""

FOUND_WITHIN = timedelta(seconds=75)
"""A lost workflow is looked for twice a minute; starting it again takes a moment."""


class Fort(NamedTuple):
    """A launch under attack: north is ready without a go, south and west have one; west's workflows were ended."""

    scene: Scene
    launch_at: datetime
    terminated_at: datetime
    lost_runs: dict[str, str]


@pytest.fixture(scope="module")
def fort(house: House) -> Fort:
    """The launch under attack; its workflow and that of its western region are terminated at once."""
    scene = Scene(house, "fort", "north", "south", "west")
    launch_at = datetime.now(UTC).replace(microsecond=0) + INSTANT_AHEAD
    scene.start(launch_at)
    scene.make_ready()
    scene.decide("south")
    scene.decide("west")
    lost = {workflow_id: _run_of(house, workflow_id) for workflow_id in ("launch/fort", "launch/fort/west")}
    terminated_at = datetime.now(UTC)
    for workflow_id in lost:
        ended = house.temporal("workflow", "terminate", "--workflow-id", workflow_id, "--reason", "an attack")
        assert ended.returncode == 0, ended.stderr
    return Fort(scene, launch_at, terminated_at, lost)


def test_a_forged_decision_is_refused_and_leaves_an_alarm(house: House, fort: Fort) -> None:
    """A go that no authenticated command stands behind changes nothing, however well it is made up."""
    before = fort.scene.timeline("north")
    forged = {
        "kind": "decide",
        "command_id": "6f6c1f0e-0000-4000-8000-000000000000",
        "person": EXECUTIVE,
        "role": "executive",
        "logged_at": datetime.now(UTC).isoformat(),
        "reason_digest": "sha256:" + "0" * 64,
        "choice": "go",
    }
    answered = _update(house, "launch/fort/north", "decide", forged)
    assert answered.returncode != 0
    assert "command-forged" in answered.stdout + answered.stderr or "command log" in answered.stdout + answered.stderr
    assert _alarms(house, AlarmKind.COMMAND_FORGED, "north")
    assert fort.scene.timeline("north") == before
    assert fort.scene.verdict("north") == "ready"


def test_a_logged_command_cannot_be_bent(house: House, fort: Fort) -> None:
    """A command that the log holds, sent with another wish or to another region, is forged as well."""
    went = next(command for command in _logged(house, "south") if command.kind == "decide")
    before = {region: fort.scene.timeline(region) for region in ("north", "south")}
    elsewhere = _update(house, "launch/fort/north", "decide", went.command.model_dump(mode="json"))
    assert elsewhere.returncode != 0
    held = next(command for command in _logged(house, "north") if command.kind == "sign_off")
    bent = {**went.command.model_dump(mode="json"), "command_id": held.id}
    assert _update(house, "launch/fort/north", "decide", bent).returncode != 0
    assert len(_alarms(house, AlarmKind.COMMAND_FORGED, "north")) >= 2

    # The very command that was carried out, sent again past the API, answers what it answered then, and that is all.
    repeated = _update(house, "launch/fort/south", "decide", went.command.model_dump(mode="json"))
    assert repeated.returncode == 0, repeated.stderr
    assert {region: fort.scene.timeline(region) for region in ("north", "south")} == before


def test_signals_move_nothing(house: House, fort: Fort) -> None:
    """Hints, known and made up, lead to a look and to nothing else."""
    before = fort.scene.timeline("north")
    for name, payload in (("look", None), ("region_ended", None), ("launch", {"go": True}), ("look", {"go": True})):
        for workflow_id in ("launch/fort/north", "launch/fort"):
            words = ["workflow", "signal", "--workflow-id", workflow_id, "--name", name]
            if payload is not None:
                words += ["--input", json.dumps(payload)]
            house.temporal(*words)
    answer = house.temporal_json("workflow", "query", "--workflow-id", "launch/fort/north", "--name", "bearings")
    assert answer["queryResult"][0]["verdict"] == "ready"
    assert fort.scene.timeline("north") == before


def test_a_reset_to_before_a_hold_forgets_nothing(house: House, fort: Fort) -> None:
    """A workflow thrown back to when it knew of no hold reads the ledger before it does anything, and stays held."""
    workflow_id = "launch/fort/south"
    run = _run_of(house, workflow_id)
    history = house.temporal_json("workflow", "show", "--workflow-id", workflow_id)["events"]
    point = [e["eventId"] for e in history if e["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"][-1]
    held = fort.scene.ask("south", "hold", reason="The contract is not signed.")
    assert held["verdict"] == "held"
    reset = house.temporal(
        *("workflow", "reset", "--workflow-id", workflow_id, "--event-id", str(point)),
        *("--reapply-exclude", "All", "--reason", "an attack"),
    )
    assert reset.returncode == 0, reset.stderr
    assert _run_of(house, workflow_id) != run
    assert fort.scene.verdict("south") == "held"


def test_what_was_terminated_is_found_and_started_again_from_its_ledger(house: House, fort: Fort) -> None:
    """Within a minute the lost workflows run again, an alarm tells of it, and the region's go still stands."""
    left = FOUND_WITHIN - (datetime.now(UTC) - fort.terminated_at)
    for workflow_id, lost in fort.lost_runs.items():
        _runs_anew(house, workflow_id, lost, within=max(left, timedelta(seconds=5)))
    reported = _alarms(house, AlarmKind.WORKFLOW_LOST, "west")
    assert [alarm["at"] - fort.terminated_at < FOUND_WITHIN for alarm in reported] == [True]
    eventually(
        lambda: _alarms(house, AlarmKind.WORKFLOW_LOST, "west"), lambda seen: seen[0]["resolved_at"] is not None
    )
    # Between its instant and the launch a second later nobody is told go.
    eventually(lambda: fort.scene.on_board("west")["verdict"], lambda seen: seen in {"go", "launched"})


def test_nothing_launches_by_an_attack(house: House, fort: Fort) -> None:
    """When the instant comes only the region with a standing go launches, in the run that was started again."""
    fort.scene.becomes("west", "launched", within=INSTANT_AHEAD + PATIENCE)
    launched = fort.scene.happened("west", "region_launched")
    assert [datetime.fromisoformat(event["at"]) >= fort.launch_at for event in launched] == [True]
    assert fort.scene.becomes("north", "held")["hold"]["cause"] == "launch-instant-missed"
    south = fort.scene.readiness("south")
    assert (south["verdict"], south["hold"]["cause"]) == ("held", "person")
    for region in ("north", "south"):
        house.temporal("workflow", "signal", "--workflow-id", f"launch/fort/{region}", "--name", "look")
        answer = house.temporal_json(
            "workflow", "query", "--workflow-id", f"launch/fort/{region}", "--name", "bearings"
        )
        assert answer["queryResult"][0]["verdict"] == "held"
        assert not fort.scene.happened(region, "region_launched")


def _update(house: House, workflow_id: str, name: str, command: dict[str, Any]) -> Any:
    words = ("workflow", "update", "execute", "--workflow-id", workflow_id, "--name", name)
    return house.temporal(*words, "--input", json.dumps(command))


def _execution(house: House, workflow_id: str) -> Any:
    described = house.temporal_json("workflow", "describe", "--workflow-id", workflow_id)
    return described["workflowExecutionInfo"]


def _runs_anew(house: House, workflow_id: str, lost: str, *, within: timedelta) -> None:
    """Wait until a workflow runs, in another run than the one that was lost."""

    def runs(seen: Any) -> bool:
        return bool(seen["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING" and seen["execution"]["runId"] != lost)

    eventually(lambda: _execution(house, workflow_id), runs, within=within)


def _run_of(house: House, workflow_id: str) -> str:
    return str(_execution(house, workflow_id)["execution"]["runId"])


def _logged(house: House, region: str) -> tuple[LoggedCommand, ...]:
    key = RegionKey(product="fort", region=region, run=1)
    return house.in_store(lambda tx: commands_of(tx, key))


def _alarms(house: House, kind: AlarmKind, region: str) -> list[dict[str, Any]]:
    """Return every alarm of a kind about a region, settled or not."""
    chosen = select(alarms).filter_by(kind=kind.value, product="fort", region=region).order_by(alarms.c.id)
    return house.in_store(lambda tx: [dict(row) for row in tx.execute(chosen).mappings()])
