"""Which launch is attacked, in which states are its regions, and what would show that an attack got through?"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError

from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from activities.ledger import LedgerActivities
from bootstrap import temporal
from bootstrap.relay import Relay
from bootstrap.sending import TemporalSender
from readiness.commands import Choice, Role
from readiness.keys import LaunchKey, RegionKey
from store.alarms import AlarmKind
from store.engine import Store, open_store
from store.ledger import rows_after
from store.records_schema import alarms, commands, launch_records
from tests.readiness.builders import OWNER
from tests.store.desk import PRODUCT, Clock, Desk
from tests.workflows.servers import real_server
from workflows import names
from workflows.region_launch import RegionLaunchWorkflow

LAUNCH = LaunchKey(product=PRODUCT, run=1)

WITH_A_GO, WITHOUT_ONE = "due-with-a-go", "due-without-a-go"
"""The regions whose instant is near."""

STATES = ("learning", "ready", "go", "held", "refused", WITH_A_GO, WITHOUT_ONE)
"""Every region, by how it stands when the attacks begin."""

BOUND = timedelta(seconds=60)
"""How long anything may take that is waited for."""

_BINARY = Path(sys.executable).parent / "temporal"
_FAR = timedelta(days=60)
_BRIEFLY = timedelta(milliseconds=50)


async def pause(length: timedelta = _BRIEFLY) -> None:
    """Let a moment go by between two looks."""
    with suppress(TimeoutError):
        async with asyncio.timeout(length.total_seconds()):
            await asyncio.Event().wait()


class WallClock(Clock):
    """The real time, whatever anybody sets."""

    @property
    def now(self) -> datetime:
        """The moment it is."""
        return datetime.now(UTC)

    @now.setter
    def now(self, moment: datetime) -> None:
        del moment


class Said(NamedTuple):
    """What a command line answered."""

    status: int
    out: str
    err: str


class Memory(NamedTuple):
    """What had happened, and how every command was settled, before an attack."""

    happened: dict[str, list[tuple[int, str, str | None]]]
    settled: dict[str, str]


_FALLS_DUE = {WITH_A_GO: {"criteria_judged", "region_launched"}, WITHOUT_ONE: {"criteria_judged", "region_held"}}
"""What happens by itself meanwhile, by region; in no other does anything."""


@dataclass
class Fort:
    """A launch on the real server and a real store, with a worker, a relay and Temporal's own command line."""

    client: Client
    store_url: str
    desk: Desk
    sender: TemporalSender
    relay: Relay
    keys: dict[str, RegionKey]
    due_at: datetime
    """The instant of the regions that are near it."""

    @property
    def address(self) -> str:
        """Where Temporal is."""
        return self.client.service_client.config.target_host

    async def temporal(self, *words: str) -> Said:
        """Speak straight to Temporal with its own command line."""
        process = await asyncio.create_subprocess_exec(
            *(str(_BINARY), *words, "--address", self.address, "--disable-config-file", "--disable-config-env"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), BOUND.total_seconds())
        return Said(process.returncode or 0, out.decode(), err.decode())

    def id_of(self, region: str) -> str:
        """Return the workflow id of a region, or of the launch as a whole where it is empty."""
        return names.region_launch_id(PRODUCT, region) if region else names.launch_id(PRODUCT)

    def handle(self, region: str) -> WorkflowHandle[RegionLaunchWorkflow, None]:
        """Return the workflow of a region."""
        return self.client.get_workflow_handle_for(RegionLaunchWorkflow.run, self.id_of(region))

    def alarms(self) -> list[dict[str, Any]]:
        """Return every alarm there ever was, oldest first."""
        with self.desk.store.reading() as tx:
            return [dict(row) for row in tx.execute(select(alarms).order_by(alarms.c.id)).mappings()]

    def told(self, kind: AlarmKind, region: str | None, *, after: int = 0) -> list[dict[str, Any]]:
        """Return the alarms behind number `after` about a region, the launch (empty) or no launch (None)."""
        where = ("", "") if region is None else (PRODUCT, region)
        return [
            alarm
            for alarm in self.alarms()
            if alarm["id"] > after and alarm["kind"] == kind and (alarm["product"], alarm["region"]) == where
        ]

    def is_open(self, region: str) -> bool:
        """Say whether a region has not ended; the launch as a whole goes on while one is open."""
        if not region:
            return any(self.is_open(each) for each in self.keys)
        return self.desk.region(self.keys[region]).ending is None

    async def until(self, look: Callable[[], Any], *, within: timedelta = BOUND) -> None:
        """Look again and again until what is seen is true."""
        async with asyncio.timeout(within.total_seconds()):
            while not look():
                await pause()

    async def until_well(self) -> None:
        """Wait until every open region has a workflow that knows its ledger to the end."""
        async with asyncio.timeout(BOUND.total_seconds()):
            for region in self.keys:
                while self.is_open(region) and not await self._knows_its_ledger(region):
                    await pause()

    async def until_ended(self, workflow_id: str) -> None:
        """Wait until nothing runs under an id."""
        async with asyncio.timeout(BOUND.total_seconds()):
            while await self.is_running(workflow_id):
                await pause()

    async def is_running(self, workflow_id: str) -> bool:
        """Say whether something runs under an id."""
        try:
            described = await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError:
            return False
        return described.status is WorkflowExecutionStatus.RUNNING

    async def _knows_its_ledger(self, region: str) -> bool:
        try:
            bearings = await self.handle(region).query(
                RegionLaunchWorkflow.bearings, rpc_timeout=timedelta(seconds=2)
            )
        except RPCError:
            return False
        return bearings is not None and bearings.version == self.desk.region(self.keys[region]).version

    def remember(self) -> Memory:
        """Return what has happened so far, and how every logged command was settled."""
        with self.desk.store.reading() as tx:
            happened: dict[str, list[tuple[int, str, str | None]]] = {
                region: [(row.version, row.event.type, row.event.command_id) for row in rows_after(tx, key, 0)]
                for region, key in self.keys.items()
            }
            settled = {row.id: repr(row.outcome) for row in tx.execute(select(commands))}
        return Memory(happened, settled)

    def breaches(self, before: Memory) -> list[str]:
        """Return every sign that an attack got through: something that nobody asked for and that was not due."""
        found: list[str] = []
        after = self.remember()
        for region, rows in after.happened.items():
            known = before.happened[region]
            found += [f"{region}: {row} is gone" for row in known if row not in rows]
            found += [
                f"{region}: {row} was added"
                for row in rows
                if row not in known and (row[1] not in _FALLS_DUE.get(region, set()) or row[2] is not None)
            ]
        found += [
            f"command {name} was settled" for name, how in after.settled.items() if how != before.settled.get(name)
        ]
        with self.desk.store.reading() as tx:
            launched = {row.region: row.at for row in tx.execute(select(launch_records))}
        found += [f"{region} launched" for region in sorted(launched) if region != WITH_A_GO]
        found += [f"{region} launched early" for region, at in launched.items() if at < self.due_at]
        return found


Ledger = Callable[[Store], LedgerActivities]


@asynccontextmanager
async def fort(
    store_url: str, *, due_in: timedelta, states: Sequence[str] = STATES, ledger: Ledger = LedgerActivities
) -> AsyncIterator[Fort]:
    """Build a fort around a launch whose regions stand as `states` says, with `due_in` left to those that are near.

    `ledger` makes what the worker asks; another one than ours shows what would be seen if ours were wrong.
    """
    store = open_store(store_url)
    try:
        async with real_server() as env:
            desk = Desk(store, WallClock())
            sender = TemporalSender(env.client)
            relay = Relay(store, sender, env.client, hint_launch=sender.hint_launch)
            keys, due_at = _people(desk, states, due_in)
            built = Fort(env.client, store_url, desk, sender, relay, keys, due_at)
            files = ImportActivities(store, limits=ImportLimits(), scratch=Path())
            asked: list[Callable[..., Any]] = [*ledger(store).every(), files.load, files.give_up]
            with temporal.activity_threads() as threads:
                async with temporal.make_worker(env.client, asked, threads, strict=True):
                    await sender.hint_launch(LAUNCH)
                    await sender.hint(built.keys.values())
                    await built.until_well()
                    await relay.watch()
                    yield built
    finally:
        store.close()


def _people(desk: Desk, states: Sequence[str], due_in: timedelta) -> tuple[dict[str, RegionKey], datetime]:
    """Bring each region to its state by the desk alone; return them and the instant that is near."""
    keys = {key.region: key for key in desk.start(*states, launch_at=datetime.now(UTC) + _FAR)}
    desk.write_all()
    for region, key in keys.items():
        if region == "learning":
            continue
        desk.teach(region)
        desk.sign_all(key)
        desk.look(key)
        if region == "refused":
            desk.accepted(key, desk.decide(key, Choice.NO_GO))
        elif region in {"go", "held"}:
            desk.accepted(key, desk.decide(key, Choice.GO))
        if region == "held":
            desk.accepted(key, desk.hold(key))
    due_at = datetime.now(UTC).replace(microsecond=0) + due_in
    for region in sorted(keys.keys() & {WITH_A_GO, WITHOUT_ONE}):
        moved = {"launch_at": due_at, "wall_clock": f"{due_at:%Y-%m-%dT%H:%M:%S}"}
        desk.accepted(keys[region], desk.ask(keys[region], "reschedule", OWNER, Role.PRODUCT_MANAGER, **moved))
    if WITH_A_GO in keys:
        desk.accepted(keys[WITH_A_GO], desk.decide(keys[WITH_A_GO], Choice.GO))
    return keys, due_at
