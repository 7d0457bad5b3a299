"""Who tells workflows that facts have changed, sends again what got stuck, and finds workflows that were lost?"""

# Everything here may happen twice, late or not at all without harm: a workflow looks for itself, and decides nothing
# on what it was told.

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from api.sending import EngineAway, Sender
from bootstrap.ledger_keeping import Keeper
from bootstrap.metrics import RelayMetrics
from bootstrap.watch import Watch
from readiness.commands import AddRegion, HandOver, StartLaunch
from readiness.keys import LaunchKey, RegionKey
from store.board import aged_regions, marked_regions, refresh_figures
from store.commands import LoggedCommand, open_commands
from store.engine import Store, StoreAway
from store.imports import unfinished
from store.rebuild import mend_regions
from store.regions import overdue_regions, unseen_regions
from store.watching import launches_to_end, outdated_regions

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
"""How often what should run is compared with what does: a loss is found within a minute."""

CHECK_EVERY = timedelta(minutes=1)
CHECKED_AT_ONCE = 100
"""Rows that are compared in full with the ledger at each turn: a quarter of a second. What rows say of a go or a
launch is compared at every turn for all of them."""

UNSEEN_EVERY = timedelta(hours=1)

SEAL_EVERY = timedelta(seconds=3)
"""Pause between two times that what was written is sealed: for so long nobody would notice that it was changed."""

VERIFY_EVERY = timedelta(hours=1)
"""How often what was sealed since the last verified checkpoint is verified, beside each start."""

_BATCH = 200

Answer = TypeVar("Answer")


class Relay:
    """The restless part of a worker: several loops that each do one thing again and again."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        client: Client,
        *,
        hint_launch: Callable[[LaunchKey], Awaitable[None]],
        metrics: RelayMetrics | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._metrics = metrics or RelayMetrics()
        self._store = store
        self._sender = sender
        self._hint_launch = hint_launch
        self._keeper = keeper
        self._has_stated = False
        self._checked_until: RegionKey | None = None
        self._watch = Watch(store, client, hint=sender.hint, hint_launch=hint_launch)

    async def run(self) -> None:
        """Run until cancelled; what cannot be reached is tried again at the next turn."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._again(self.count, COUNT_EVERY))
            loops.create_task(self._again(self.recover, RECOVER_EVERY))
            loops.create_task(self._again(self.sweep, SWEEP_EVERY))
            loops.create_task(self._again(self.check, CHECK_EVERY))
            loops.create_task(self._again(self.hint_unseen, UNSEEN_EVERY))
            loops.create_task(self._again(self.watch, WATCH_EVERY))
            if self._keeper is not None:
                loops.create_task(self._again(self.seal, SEAL_EVERY))
                loops.create_task(self._again(self.verify, VERIFY_EVERY))

    async def count(self) -> None:
        """Count what is marked, store it for the boards, and hint the regions whose criteria moved."""
        keys = await self._read(lambda tx: marked_regions(tx, limit=_BATCH))
        if keys:
            moved = await asyncio.to_thread(refresh_figures, self._store, keys)
            self._metrics.counted.inc(len(keys))
            self._metrics.flips.inc(len(moved))
            await self._sender.hint(moved)

    async def recover(self) -> None:
        """Send again what has no outcome: it is carried out, or expires, and is never revived later."""
        now = await asyncio.to_thread(self._store.now)
        stuck = await self._read(lambda tx: open_commands(tx, now - STUCK_AFTER, limit=_BATCH))
        self._metrics.resent.inc(len(stuck))
        await asyncio.gather(*(self._send_again(command) for command in stuck))
        for record in await self._read(unfinished):
            if record.created_at < now - STUCK_AFTER:
                await self._start_import(record.id)

    async def sweep(self) -> None:
        """Count aged figures anew; hint what is overdue, judged by older rules, or should have ended."""
        now = await asyncio.to_thread(self._store.now)
        aged = await self._read(lambda tx: aged_regions(tx, gathered_before=now - FIGURES_AGE, now=now, limit=_BATCH))
        moved = await asyncio.to_thread(refresh_figures, self._store, aged) if aged else ()
        overdue = await self._read(lambda tx: overdue_regions(tx, now=now - SWEEP_EVERY, limit=_BATCH))
        outdated = await self._read(outdated_regions)
        await self._sender.hint(dict.fromkeys((*moved, *overdue, *outdated)))
        for key in await self._read(launches_to_end):
            await self._hint_launch(key)

    async def check(self) -> None:
        """Hold rows against the ledger, and write anew those that tell something else: somebody changed them."""
        mended = await asyncio.to_thread(mend_regions, self._store, after=self._checked_until, limit=CHECKED_AT_ONCE)
        self._checked_until = mended.until
        self._metrics.mended.inc(len(mended.keys))
        for key in mended.keys:
            _log.error("The row of %s did not tell what its ledger does; it was written anew", key)
        # It may have misled its workflow too.
        await self._sender.hint(mended.keys)

    async def hint_unseen(self) -> None:
        """Hint every region whose facts are newer than its workflow's last look: the hint was lost."""
        await self._sender.hint(await self._read(lambda tx: unseen_regions(tx, limit=_BATCH)))

    async def watch(self) -> None:
        """Compare what should run with what does: report what was lost or put in its place, and start it again."""
        await self._watch.once()

    async def seal(self) -> None:
        """Seal what was written, and write a checkpoint where one is due: at the start in any case."""
        await self._keep(partial(Keeper.turn, at_once=not self._has_stated))
        self._has_stated = True

    async def verify(self) -> None:
        """Verify what was sealed since the last checkpoint that was verified; a fault sounds an alarm."""
        await self._keep(Keeper.verify_at_start)

    async def _keep(self, turn: Callable[[Keeper], object]) -> None:
        if self._keeper is None:
            return
        try:
            await asyncio.to_thread(turn, self._keeper)
        except OSError as error:
            _log.error("Checkpoints cannot be kept outside the database: %s", error)

    async def _send_again(self, command: LoggedCommand) -> None:
        try:
            match command.scope, command.command:
                case LaunchKey() as key, StartLaunch() | AddRegion() | HandOver() as asked:
                    await self._sender.launch(key, asked)
                case (LaunchKey(), _) | (_, StartLaunch() | AddRegion() | HandOver()):
                    raise ValueError(f"{command.kind} was logged for {command.scope}, which it is not for")
                case key, asked:
                    await self._sender.region(key, asked)
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
                self._metrics.failed.labels(turn.__name__).inc()
                _log.warning("%s could not be done and is tried again: %s", turn.__name__, away)
            except (ValueError, LookupError, TypeError, SQLAlchemyError):
                self._metrics.failed.labels(turn.__name__).inc()
                # One row that cannot be read must not end the loops that mend rows, nor the worker with them.
                _log.exception("%s failed and is tried again", turn.__name__)
            await asyncio.sleep(pause.total_seconds())
