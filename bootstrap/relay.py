"""Who tells workflows that facts have changed, sends again what got stuck, and finds workflows that were lost?"""

# Everything here may happen twice, late or not at all without harm: a workflow looks for itself, and decides nothing
# on what it was told.

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.sending import EngineAway, Sender
from readiness.commands import AddRegion, Cancel, Decide, Hold, Reschedule, Resume, SignOff, StartLaunch
from readiness.keys import LaunchKey, RegionKey
from store.board import aged_regions, marked_regions, refresh_figures
from store.commands import LoggedCommand, open_commands
from store.engine import Store, StoreAway
from store.imports import unfinished
from store.regions import every_region, overdue_regions, unseen_regions
from store.watching import (
    launches_to_end,
    open_launches,
    open_region,
    outdated_regions,
    report_found,
    report_lost,
)
from workflows.names import launch_id, region_launch_id

_log = logging.getLogger(__name__)

COUNT_EVERY = timedelta(milliseconds=500)
"""Pause between countings: a burst of facts is counted once, and a gate still flips well within five seconds."""

RECOVER_EVERY = timedelta(seconds=5)
STUCK_AFTER = timedelta(seconds=20)
"""When a command without an outcome is sent again: longer than its sender waits, well before it expires."""

SWEEP_EVERY = timedelta(minutes=1)
FIGURES_AGE = timedelta(hours=1)
"""When figures are counted anew although no fact came: pace and validity move with time alone."""

WATCH_EVERY = timedelta(seconds=30)
"""How often closed workflows are asked for: a loss is found within a minute."""

WATCH_OVERLAP = timedelta(minutes=2)
"""How far back each watch looks: visibility lags behind, and a watch may fail."""

UNSEEN_EVERY = timedelta(hours=1)

_BATCH = 200

Answer = TypeVar("Answer")


class Relay:
    """The restless part of a worker: several loops that each do one thing again and again."""

    def __init__(
        self, store: Store, sender: Sender, client: Client, *, hint_launch: Callable[[LaunchKey], Awaitable[None]]
    ) -> None:
        self._store = store
        self._sender = sender
        self._client = client
        self._hint_launch = hint_launch
        self._watched_until: datetime | None = None

    async def run(self) -> None:
        """Run until cancelled; what cannot be reached is tried again at the next turn."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._again(self.count, COUNT_EVERY))
            loops.create_task(self._again(self.recover, RECOVER_EVERY))
            loops.create_task(self._again(self.sweep, SWEEP_EVERY))
            loops.create_task(self._again(self.hint_unseen, UNSEEN_EVERY))
            loops.create_task(self._again(self.watch, WATCH_EVERY))

    async def count(self) -> None:
        """Count what is marked, store it for the boards, and hint the regions whose criteria moved."""
        keys = await self._read(lambda tx: marked_regions(tx, limit=_BATCH))
        if keys:
            await self._sender.hint(await asyncio.to_thread(refresh_figures, self._store, keys))

    async def recover(self) -> None:
        """Send again what has no outcome: it is carried out, or expires, and is never revived later."""
        now = await asyncio.to_thread(self._store.now)
        stuck = await self._read(lambda tx: open_commands(tx, now - STUCK_AFTER, limit=_BATCH))
        await asyncio.gather(*(self._send_again(command) for command in stuck))
        for record in await self._read(unfinished):
            if record.created_at < now - STUCK_AFTER:
                await self._start_import(record.id)

    async def sweep(self) -> None:
        """Count aged figures anew; hint what is overdue, judged by older rules, or should have ended."""
        now = await asyncio.to_thread(self._store.now)
        aged = await self._read(lambda tx: aged_regions(tx, gathered_before=now - FIGURES_AGE, limit=_BATCH))
        moved = await asyncio.to_thread(refresh_figures, self._store, aged) if aged else ()
        overdue = await self._read(lambda tx: overdue_regions(tx, now=now - SWEEP_EVERY, limit=_BATCH))
        outdated = await self._read(outdated_regions)
        await self._sender.hint(dict.fromkeys((*moved, *overdue, *outdated)))
        for key in await self._read(launches_to_end):
            await self._hint_launch(key)

    async def hint_unseen(self) -> None:
        """Hint every region whose facts are newer than its workflow's last look: the hint was lost."""
        await self._sender.hint(await self._read(lambda tx: unseen_regions(tx, limit=_BATCH)))

    async def watch(self) -> None:
        """Find workflows that closed without an ending in the ledger, report them, and start them again from there.

        The first watch compares everything open with everything running; later ones ask for what closed since.
        """
        began_at = datetime.now(UTC)
        lost = (
            await self._all_missing()
            if self._watched_until is None
            else await self._closed_since(self._watched_until)
        )
        for key in lost:
            _log.error("The workflow of %s was lost; starting it again from its ledger", key)
            if isinstance(key, RegionKey):
                await asyncio.to_thread(report_lost, self._store, key)
                await self._sender.hint([key])
                if await self._is_running(region_launch_id(key.product, key.region)):
                    await asyncio.to_thread(report_found, self._store, key)
            else:
                await self._hint_launch(key)
        self._watched_until = began_at - WATCH_OVERLAP

    async def _all_missing(self) -> list[RegionKey | LaunchKey]:
        running = {
            execution.id
            async for execution in self._client.list_workflows(
                "ExecutionStatus = 'Running' AND WorkflowType IN ('RegionLaunchWorkflow', 'LaunchWorkflow')"
            )
        }
        regions = await self._read(lambda tx: every_region(tx, only_open=True))
        launches = await self._read(open_launches)
        ids: dict[str, RegionKey | LaunchKey] = {region_launch_id(k.product, k.region): k for k in regions}
        ids |= {launch_id(k.product): k for k in launches}
        # Visibility lags behind, so what it does not show is asked for by name.
        return [
            key
            for workflow_id, key in ids.items()
            if workflow_id not in running and not await self._is_running(workflow_id)
        ]

    async def _closed_since(self, since: datetime) -> list[RegionKey | LaunchKey]:
        """Return the open regions and launches of which a workflow closed since then and none is running."""
        closed = self._client.list_workflows(
            f"CloseTime >= '{since.isoformat()}' AND ExecutionStatus != 'ContinuedAsNew' "
            "AND WorkflowType IN ('RegionLaunchWorkflow', 'LaunchWorkflow')"
        )
        ids = sorted({execution.id async for execution in closed})
        launches = {launch_id(key.product): key for key in await self._read(open_launches)}
        lost: list[RegionKey | LaunchKey] = []
        for workflow_id in ids:
            key: RegionKey | LaunchKey | None = launches.get(workflow_id) or await self._open_region(workflow_id)
            if key is not None and not await self._is_running(workflow_id):
                lost.append(key)
        return lost

    async def _open_region(self, workflow_id: str) -> RegionKey | None:
        parts = workflow_id.split("/")
        if len(parts) != 3:
            return None
        return await self._read(lambda tx: open_region(tx, parts[1], parts[2]))

    async def _is_running(self, workflow_id: str) -> bool:
        try:
            described = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return described.close_time is None

    async def _send_again(self, command: LoggedCommand) -> None:
        try:
            match command.scope, command.command:
                case LaunchKey() as key, StartLaunch() | AddRegion() as asked:
                    await self._sender.launch(key, asked)
                case RegionKey() as key, SignOff() | Decide() | Hold() | Resume() | Cancel() | Reschedule() as asked:
                    await self._sender.region(key, asked)
                case _:
                    raise ValueError(f"{command.kind} was logged for {command.scope}, which it is not for")
        except EngineAway as away:
            _log.warning("Command %s is still open: %s", command.id, away)

    async def _start_import(self, import_id: str) -> None:
        """Have a workflow for an import: the process that took the file in may have died before it started one."""
        try:
            await self._sender.start_import(import_id)
        except EngineAway as away:
            _log.warning("Import %s is still without a workflow: %s", import_id, away)

    async def _read(self, question: Callable[[Connection], Answer]) -> Answer:
        def ask() -> Answer:
            with self._store.reading() as tx:
                return question(tx)

        return await asyncio.to_thread(ask)

    async def _again(self, turn: Callable[[], Awaitable[None]], pause: timedelta) -> None:
        while True:
            try:
                await turn()
            except (StoreAway, RPCError) as away:
                _log.warning("%s could not be done and is tried again: %s", turn.__name__, away)
            await asyncio.sleep(pause.total_seconds())
