"""Does every open launch have its own workflow, and does nobody else's run in its place?"""

# Whoever reaches Temporal can end, delete, reset or replace a workflow, and leaves no message. So what the ledger has
# open is compared with what runs. What is missing is reported and started again from its ledger; what holds the id of
# one of ours and is none is reported and ended; what was reset, or runs under a made-up id, is reported.

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from readiness.keys import LaunchKey, RegionKey, ReinforcementKey
from store.alarms import AlarmKind, sound
from store.engine import Store
from store.regions import every_region
from store.watching import open_launches, owing_regions, report_found, report_lost, was_ever_asked_for
from workflows import names
from workflows.launch import LaunchWorkflow
from workflows.region_launch import RegionLaunchWorkflow
from workflows.reinforcement import ReinforcementWorkflow

_log = logging.getLogger(__name__)

_TYPES = {
    LaunchKey: LaunchWorkflow.__name__,
    RegionKey: RegionLaunchWorkflow.__name__,
    ReinforcementKey: ReinforcementWorkflow.__name__,
}
_RUNNING = f"ExecutionStatus = 'Running' AND WorkflowType IN {tuple(_TYPES.values())}"
_PAGE = 1_000

ASKED_AT_ONCE = 200
"""Runs that one watch asks for what they were started with, the newest first: it is asked once of each, and a worker
that starts beside ten thousand of them must not flood the server."""

Key = LaunchKey | RegionKey
Answer = TypeVar("Answer")


class Running(NamedTuple):
    """A workflow that runs; product and region are what it says of itself."""

    workflow_id: str
    run_id: str
    type: str
    task_queue: str
    started_at: datetime
    product: str | None
    region: str | None

    def __str__(self) -> str:
        return f"{self.type} {self.workflow_id!r} (run {self.run_id}) on queue {self.task_queue!r}"


class _Known(NamedTuple):
    """A workflow as it was last seen; `chain` is the first of the runs that continued one another up to it."""

    key: Key
    run_id: str
    chain: str


class Watch:
    """Compares what should run with what does, each time that it is asked to."""

    def __init__(
        self,
        store: Store,
        client: Client,
        *,
        hint: Callable[[Iterable[RegionKey]], Awaitable[None]],
        hint_launch: Callable[[LaunchKey], Awaitable[None]],
        task_queue: str = names.TASK_QUEUE,
    ) -> None:
        self._store = store
        self._client = client
        self._hint = hint
        self._hint_launch = hint_launch
        self._task_queue = task_queue
        self._known: dict[str, _Known] = {}

    async def once(self) -> None:
        """Find what is lost, report it and start it again; find and report what does not belong.

        Raises StoreAway and RPCError where nobody can tell.
        """
        wanted = await self._read(_wanted)
        listed = [running async for running in self._running()]
        fitting = {run.workflow_id: run for run in listed if self._fits(run, wanted.get(run.workflow_id))}
        asked = self._to_ask(fitting)
        for workflow_id, key in wanted.items():
            if workflow_id not in fitting or workflow_id in asked:
                await self._attempted(self._look_after(workflow_id, key, fitting.get(workflow_id)))
        for running in listed:
            if running.workflow_id not in wanted:
                await self._attempted(self._report_stray(running))
        self._known = {workflow_id: known for workflow_id, known in self._known.items() if workflow_id in wanted}

    def _to_ask(self, fitting: dict[str, Running]) -> frozenset[str]:
        """Return the ids of those that are asked how they began: runs not seen before, the newest first."""
        unknown = [
            run
            for run in fitting.values()
            if (known := self._known.get(run.workflow_id)) is None or known.run_id != run.run_id
        ]
        newest = sorted(unknown, key=lambda run: run.started_at, reverse=True)
        return frozenset(run.workflow_id for run in newest[:ASKED_AT_ONCE])

    async def _attempted(self, step: Awaitable[None]) -> None:
        """Take a step that may fail for one workflow without leaving the others unwatched."""
        try:
            await step
        except RPCError as error:
            _log.warning("A workflow could not be looked after; the next watch tries again: %s", error)

    async def _look_after(self, workflow_id: str, key: Key, running: Running | None) -> None:
        """See that the workflow of `key` runs; what runs in its place is reported and ended."""
        # Visibility lags behind, so what it does not show is asked for by name.
        running = running or await self._named(workflow_id)
        origin = await self._origin(running) if running is not None else None
        if running is not None and origin is not None:
            if await self._is_the_one(running, key, origin):
                return
            detail = (
                f"Another workflow held the id of this one, and was ended: {running}, begun with {_given(origin)}"
            )
            await self._report(key, detail)
            await self._end(running)
        await self._bring_back(workflow_id, key)

    async def _is_the_one(self, running: Running, key: Key, origin: WorkflowExecutionStartedEventAttributes) -> bool:
        """Say whether this is the workflow of `key`, by how it began; what a workflow says of itself may be made up.

        One that was ended and started again meanwhile, by a command or by its launch, was lost all the same. One that
        was reset reads its ledger before it does anything: it is well, and reported.
        """
        has_said_nothing = (running.product, running.region) == (None, None)
        claim = running._replace(product=key.product, region=_region_of(key)) if has_said_nothing else running
        begun_for = await self._begun_for(origin, key)
        if not self._fits(claim, key) or begun_for is None:
            return False
        if origin.original_execution_run_id != running.run_id:
            await self._report(key, f"The workflow of this one was reset by hand: {running}")
        before = self._known.get(running.workflow_id)
        now = self._known[running.workflow_id] = _Known(begun_for, running.run_id, origin.first_execution_run_id)
        if before is not None and before.key == now.key == key and before.chain != now.chain:
            await self._bring_back(running.workflow_id, key)
        return True

    async def _begun_for(self, origin: WorkflowExecutionStartedEventAttributes, key: Key) -> Key | None:
        """Return the key that a run began with if it is `key`, or an earlier run of it that is just ending."""
        payloads = origin.input.payloads
        if len(payloads) != 1:
            return None
        try:
            (given,) = await self._client.data_converter.decode(payloads, [type(key)])
        except (ValueError, KeyError, RuntimeError):
            return None
        is_of_it = isinstance(given, type(key)) and given.model_copy(update={"run": key.run}) == key
        return given if is_of_it and given.run <= key.run else None

    async def _bring_back(self, workflow_id: str, key: Key) -> None:
        if not await asyncio.to_thread(report_lost, self._store, key):
            return
        _log.error("The workflow of %s was lost; starting it again from its ledger", key)
        if isinstance(key, ReinforcementKey):
            # A run of the region launch finds it ended, and starts what keeps it up.
            await self._hint([key.of_region()])
        elif isinstance(key, RegionKey):
            await self._hint([key])
        else:
            await self._hint_launch(key)
        self._known.pop(workflow_id, None)
        if await self._named(workflow_id) is not None:
            await asyncio.to_thread(report_found, self._store, key)

    async def _report_stray(self, running: Running) -> None:
        product, region = _meant_by(running.workflow_id)
        if product and await self._was_ever_asked_for(product, region):
            # It has just begun, or is just ending; one that stays is found once it is in the way.
            return
        origin = await self._origin(running)
        if origin is not None:
            what = f"{running}, begun with {_given(origin)}"
            await self._report(None, f"A workflow of ours runs under an id that is none of ours: {what}")

    async def _was_ever_asked_for(self, product: str, region: str | None) -> bool:
        return await self._read(lambda tx: was_ever_asked_for(tx, product, region))

    def _fits(self, running: Running, key: Key | None) -> bool:
        if key is None:
            return False
        ours = (_TYPES[type(key)], self._task_queue, key.product, _region_of(key))
        return (running.type, running.task_queue, running.product, running.region) == ours

    async def _origin(self, running: Running) -> WorkflowExecutionStartedEventAttributes | None:
        """Return how a run began; None where it is gone."""
        handle = self._client.get_workflow_handle(running.workflow_id, run_id=running.run_id)
        try:
            async for event in handle.fetch_history_events(page_size=1):
                return event.workflow_execution_started_event_attributes
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return None

    async def _report(self, key: Key | None, detail: str) -> None:
        if await asyncio.to_thread(sound, self._store, AlarmKind.WORKFLOW_STRAY, key, detail, once=True):
            _log.error("%s: %s", key or "No launch", detail)

    async def _running(self) -> AsyncIterator[Running]:
        token = b""
        while True:
            page = await self._client.workflow_service.list_workflow_executions(
                ListWorkflowExecutionsRequest(
                    namespace=self._client.namespace, page_size=_PAGE, next_page_token=token, query=_RUNNING
                )
            )
            for execution in page.executions:
                yield _seen(execution)
            token = page.next_page_token
            if not token:
                return

    async def _named(self, workflow_id: str) -> Running | None:
        """Return what runs under this id, whatever it is; None where nothing does."""
        asked = DescribeWorkflowExecutionRequest(namespace=self._client.namespace)
        asked.execution.workflow_id = workflow_id
        try:
            described = await self._client.workflow_service.describe_workflow_execution(asked)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None
        info = described.workflow_execution_info
        return None if info.HasField("close_time") else _seen(info)

    async def _end(self, running: Running) -> None:
        handle = self._client.get_workflow_handle(running.workflow_id, run_id=running.run_id)
        try:
            await handle.terminate(reason="It held the id of a launch and is none")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _read(self, question: Callable[[Connection], Answer]) -> Answer:
        def ask() -> Answer:
            with self._store.reading() as tx:
                return question(tx)

        return await asyncio.to_thread(ask)


def _wanted(tx: Connection) -> dict[str, Key]:
    """Return everything that is open, by the id of the workflow that should run for it.

    Regions come first: a launch that is brought back starts its regions itself, and nobody would hear of their loss.
    """
    regions = every_region(tx, only_open=True)
    wanted: dict[str, Key] = {names.region_launch_id(key.product, key.region): key for key in regions}
    owing = {names.reinforcement_id(key.product, key.region): key for key in owing_regions(tx)}
    return wanted | owing | {names.launch_id(key.product): key for key in open_launches(tx)}


def _meant_by(workflow_id: str) -> tuple[str, str | None]:
    """Return the product and the region that this id would be for; no product where it is no id of a launch."""
    kind, _, rest = workflow_id.partition("/")
    product, _, region = rest.partition("/")
    return (product if kind in {"launch", "reinforcement"} else "", region or None)


def _region_of(key: Key) -> str | None:
    return key.region if isinstance(key, RegionKey) else None


def _seen(info: WorkflowExecutionInfo) -> Running:
    return Running(
        workflow_id=info.execution.workflow_id,
        run_id=info.execution.run_id,
        type=info.type.name,
        task_queue=info.task_queue,
        started_at=info.start_time.ToDatetime(tzinfo=UTC),
        product=_said(info, names.LAUNCH_PRODUCT.name),
        region=_said(info, names.LAUNCH_REGION.name),
    )


def _given(origin: WorkflowExecutionStartedEventAttributes) -> str:
    """Return what a workflow was begun with, short enough for an alarm."""
    return ", ".join(repr(payload.data[:200]) for payload in origin.input.payloads) or "nothing"


def _said(info: WorkflowExecutionInfo, name: str) -> str | None:
    field = info.search_attributes.indexed_fields.get(name)
    said = json.loads(field.data or b"null") if field is not None else None
    return said if isinstance(said, str) else None
