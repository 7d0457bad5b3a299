"""Which histories must every change of the workflows replay?"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from pathlib import Path

from temporalio import activity
from temporalio.client import WorkflowHandle

from activities.deliver import Carried, DeliveryOrder
from activities.imports import GiveUp
from bootstrap import temporal
from readiness.commands import Choice
from readiness.delivering import DeliveryState
from readiness.ledger import Refused
from readiness.region import Ending
from store.imports import ImportState
from tests.readiness.builders import READY_WORLD
from tests.workflows.scene import EMEA, Scene, until_over
from tests.workflows.servers import skipping_server
from workflows import names
from workflows.delivery import DeliveryWorkflow
from workflows.import_file import ImportWorkflow

# `python -m tests.workflows.record_histories` plays each story anew, or those that it is given, and writes what
# Temporal recorded of it. Before that, what is there goes into a folder named after how things were done until then:
# launches begun so still run.
_WHOSE = re.compile(r'("identity": *)"[^"]*"')
"""Where a history names the process and the machine that it was recorded on, which is nobody's business."""

HISTORIES = Path(__file__).parent.parent / "histories"


class LoadedAtOnce:
    """An import that is loaded the moment it is asked for."""

    @activity.defn
    def load(self, import_id: str) -> ImportState:
        """Return how the import ended."""
        return ImportState.COMPLETED

    @activity.defn
    def give_up(self, request: GiveUp) -> ImportState:
        """Return how the import ended."""
        return ImportState.FAILED


class TakenAtLast:
    """A receiver that is down for two tries and takes the third."""

    def __init__(self) -> None:
        self._waits = [timedelta(seconds=5), timedelta(minutes=5)]

    @activity.defn
    async def deliver(self, order: DeliveryOrder) -> Carried:
        """Return how long to wait, and in the end that it was taken."""
        if self._waits:
            return Carried(state=DeliveryState.PENDING, wait=self._waits.pop(0))
        return Carried(state=DeliveryState.DELIVERED)


async def straight_launch(scene: Scene) -> None:
    """Sign, refuse a go that is too early, decide and launch at the instant."""
    region = await scene.begin(world=READY_WORLD.but(certified=0))
    await scene.sign_everything()
    assert isinstance(await scene.send(await scene.decide(Choice.GO)), Refused)
    scene.ledger.worlds["emea"] = READY_WORLD
    await scene.hint()
    await scene.send(await scene.decide(Choice.GO))
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    await scene.until_closed()


async def held_and_resumed(scene: Scene) -> None:
    """Hold by a person and resume, hold by evidence and decide again; the launch is put off twice by *not now*."""
    region = await scene.begin()
    await scene.go()
    await scene.send(await scene.hold())
    await scene.send(await scene.resume())
    await scene.send(await scene.decide(Choice.GO))
    scene.ledger.worlds["emea"] = READY_WORLD.but(certified=39, lapsing=1)
    await scene.hint()
    await scene.until(lambda: scene.region().holding is not None)
    scene.ledger.worlds["emea"] = READY_WORLD
    await scene.hint()
    await scene.send(await scene.resume())
    await scene.send(await scene.decide(Choice.GO))
    scene.ledger.faults.not_now = 2
    await scene.pass_until(region.launch_at + timedelta(minutes=1))
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    await scene.until_closed()


async def rescheduled(scene: Scene) -> None:
    """Miss the instant, reschedule, decide no-go, let its review come, decide go and launch."""
    region = await scene.begin()
    await scene.sign_everything()
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().holding is not None)
    later = region.launch_at + timedelta(days=30)
    await scene.send(await scene.reschedule(later))
    await scene.send(await scene.decide(Choice.NO_GO, review_in=timedelta(days=7)))
    await scene.pass_time(timedelta(days=7, minutes=1))
    await scene.until(lambda: "review_came" in scene.ledger.types(EMEA))
    await scene.send(await scene.decide(Choice.GO))
    await scene.pass_until(later)
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    await scene.until_closed()


async def regression_after_edits(scene: Scene) -> None:
    """Edit both contents after they were signed and the go was given, sign again, and cancel in the end."""
    await scene.begin()
    await scene.go()
    scene.ledger.worlds["emea"] = READY_WORLD.but(message="message 2")
    await scene.hint()
    await scene.until(lambda: scene.region().holding is not None)
    scene.ledger.worlds["emea"] = READY_WORLD.but(message="message 2", objections="objections 2")
    await scene.hint()
    await scene.until(lambda: not scene.region().sign_offs)
    await scene.sign_everything()
    await scene.send(await scene.resume())
    await scene.send(await scene.decide(Choice.GO))
    await scene.send(await scene.cancel())
    await scene.until_closed()


async def continued_as_new(scene: Scene) -> None:
    """Hold and resume until one run is too long, then launch in the next."""
    region = await scene.begin()
    await scene.hint()
    await scene.until(lambda: len(scene.ledger.rows[EMEA]) > 1)
    first = (await scene.handle().describe()).run_id
    while (await scene.handle().describe()).run_id == first:
        await scene.send(await scene.hold())
        await scene.send(await scene.resume())
    await scene.go()
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().ending is Ending.LAUNCHED)
    await scene.until_closed()


async def whole_launch(scene: Scene) -> None:
    """Start a launch in two regions, cancel one, launch the other, and end with it."""
    await scene.send_to_launch(await scene.start_launch("emea", "apac"))
    apac = EMEA.model_copy(update={"region": "apac"})
    await scene.until_running(EMEA)
    await scene.until_running(apac)
    await scene.send(await scene.cancel(), apac)
    scene.ledger.worlds["emea"] = READY_WORLD
    await scene.go()
    await scene.pass_until(scene.region().launch_at)
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    await scene.until_launch_closed()


async def imported_file(scene: Scene) -> None:
    """Load one file."""
    await scene.env.client.execute_workflow(
        ImportWorkflow.run, "completions-1", id=names.import_workflow_id("completions-1"), task_queue=scene.task_queue
    )


async def delivered_at_last(scene: Scene) -> None:
    """Try twice in vain and a third time."""
    async with temporal.make_delivery_worker(scene.env.client, (TakenAtLast().deliver,)):
        handle = await scene.env.client.start_workflow(
            DeliveryWorkflow.run,
            DeliveryOrder(delivery="dlv-1", round=1),
            id=DELIVERED,
            task_queue=scene.task_queue,
        )
        await scene.pass_time(timedelta(minutes=1))
        await scene.pass_time(timedelta(minutes=10))
        await until_over(handle)


DELIVERED = names.delivery_workflow_id("atlas-2/emea/1/17", "whk-1", 1)

STORIES: dict[str, tuple[Callable[[Scene], Awaitable[None]], str]] = {
    "straight-launch": (straight_launch, names.region_launch_id("atlas-2", "emea")),
    "held-and-resumed": (held_and_resumed, names.region_launch_id("atlas-2", "emea")),
    "rescheduled": (rescheduled, names.region_launch_id("atlas-2", "emea")),
    "regression-after-edits": (regression_after_edits, names.region_launch_id("atlas-2", "emea")),
    "continued-as-new": (continued_as_new, names.region_launch_id("atlas-2", "emea")),
    "whole-launch": (whole_launch, names.launch_id("atlas-2")),
    "delivery": (delivered_at_last, DELIVERED),
    "import": (imported_file, names.import_workflow_id("completions-1")),
}
"""Every story, with the id of the workflow whose history is kept."""


async def record(folder: Path, chosen: Collection[str] = ()) -> list[Path]:
    """Play the `chosen` stories, all unless said, and write the history of each run to `folder`; return the files."""
    written: list[Path] = []
    for name, (story, workflow_id) in STORIES.items():
        if chosen and name not in chosen:
            continue
        async with skipping_server() as env:
            scene = await Scene.on(env)
            loading = LoadedAtOnce()
            async with scene.worker(loading.load, loading.give_up):
                await story(scene)
            histories = [await handle.fetch_history() for handle in await _runs_of(scene, workflow_id)]
        for number, history in enumerate(histories, start=1):
            suffix = f"-{number}" if len(histories) > 1 else ""
            file = folder / f"{name}{suffix}.json"
            file.write_text(_WHOSE.sub(r'\1"recorder"', history.to_json()) + "\n")
            written.append(file)
    return written


async def _runs_of(scene: Scene, workflow_id: str) -> list[WorkflowHandle[object, object]]:
    """Return every run of a workflow, the first one first."""
    client = scene.env.client
    latest = (await client.get_workflow_handle(workflow_id).fetch_history()).events[0]
    run_id = latest.workflow_execution_started_event_attributes.first_execution_run_id
    runs: list[WorkflowHandle[object, object]] = []
    while run_id:
        runs.append(client.get_workflow_handle(workflow_id, run_id=run_id))
        last = (await runs[-1].fetch_history()).events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return runs


if __name__ == "__main__":
    for written_file in asyncio.run(record(HISTORIES, sys.argv[1:])):
        sys.stdout.write(f"{written_file.relative_to(HISTORIES.parent.parent)}\n")
