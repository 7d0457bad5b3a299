"""Who governs many regions at once on real workflows and a real store, and what is exported of it afterwards?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from activities.ledger import LedgerActivities
from activities.messages import LaunchRequest
from api.sending import EngineAway
from bootstrap import temporal
from bootstrap.sending import TemporalSender
from readiness.commands import Role, StartLaunch
from readiness.keys import RegionKey
from readiness.ledger import Accepted, LaunchAnswer, Outcome
from readiness.plan import LaunchPlan
from readiness.region import GOES, RegionLaunch
from store.commands import log_command
from store.engine import Store, open_store
from store.facts_schema import attempts, audience, completions, fact_imports, roster
from store.records_schema import commands, content_revisions, launch_records, ledger
from store.regions import key_to_start
from tests.readiness.builders import OWNER
from tests.store.desk import Clock, Desk
from tests.torture.patience import PATIENCE_SECONDS
from workflows import names

Activities = Callable[[Store], LedgerActivities]
"""What the workflows ask: the real thing, or one with a broken lock."""


class OnTheStoresDay(LedgerActivities):
    """The real thing, that hears of the launch transaction's second clock what the store's says: days pass there."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.store = store

    @activity.defn(name="launch")
    def launch(self, request: LaunchRequest) -> LaunchAnswer:
        """Launch a region or say why not, asked at the store's moment."""
        with self.store.reading() as tx:
            now = self.store.now(tx)
        return super().launch(request.model_copy(update={"now": now}))


_numbers = count(1)


@dataclass
class Town:
    """A server, a worker as production makes it, a store, and the door for commands.

    Days pass by the store's clock, which stands until it is moved: Temporal's own runs on, and a hint wakes a region
    where a timer of days would.
    """

    env: WorkflowEnvironment
    desk: Desk
    sender: TemporalSender
    unanswered: int = 0
    """How often a command was sent again, because nobody had answered in time."""

    @classmethod
    @asynccontextmanager
    async def on(
        cls, env: WorkflowEnvironment, store_url: str, *, activities: Activities = OnTheStoresDay
    ) -> AsyncIterator["Town"]:
        """Found a town on that server and database, whose store's clock begins with the server's."""
        clock = Clock(await env.get_current_time())
        store = open_store(store_url, clock)
        town = cls(env, Desk(store, clock), TemporalSender(env.client))
        files = ImportActivities(store, limits=ImportLimits(), scratch=Path())
        every: list[Callable[..., Any]] = [*activities(store).every(), files.load, files.give_up]
        try:
            with temporal.activity_threads() as threads:
                async with temporal.make_worker(env.client, every, threads):
                    yield town
        finally:
            store.close()

    @property
    def now(self) -> datetime:
        """The store's clock."""
        return self.desk.clock.now

    async def start(self, plan: LaunchPlan) -> RegionKey:
        """Start a launch in one region through its workflow."""

        def made(command_id: str, at: datetime) -> StartLaunch:
            return StartLaunch(
                command_id=command_id, person=OWNER, role=Role.PRODUCT_MANAGER, logged_at=at, plan=plan
            )

        with self.desk.store.writing() as tx:
            key = key_to_start(tx, plan.product)
            logged = log_command(
                tx,
                scope=key,
                kind="start_launch",
                person=OWNER,
                role=Role.PRODUCT_MANAGER,
                idempotency_key=f"town-{next(_numbers)}",
                body={},
                make_command=made,
                now=self.desk.store.now(tx),
            )
        assert isinstance(logged.command, StartLaunch)
        command = logged.command
        outcome = await self._insist(lambda: self.sender.launch(key, command))
        assert isinstance(outcome, Accepted), outcome
        return RegionKey(product=plan.product, region=plan.regions[0].region, run=1)

    async def ask(self, key: RegionKey, kind: str, person: str, role: Role, **fields: Any) -> Outcome:
        """Log a command and have it carried out, sending it again while nobody answers."""
        command = self.desk.ask(key, kind, person, role, **fields)
        return await self._insist(lambda: self.sender.region(key, command))

    async def _insist(self, send: Callable[[], Awaitable[Outcome]]) -> Outcome:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await send()
                except EngineAway:
                    self.unanswered += 1

    def region(self, key: RegionKey) -> RegionLaunch:
        """Return the region as its row tells it."""
        return self.desk.region(key)

    async def pass_until(self, at: datetime, keys: Sequence[RegionKey]) -> None:
        """Let it be `at`, and wait until every region that was due to launch has been answered."""
        self.desk.clock.now = max(self.desk.clock.now, at)
        await self.sender.hint(keys)
        due = [*keys]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while due := [key for key in due if self._is_due(key)]:
                await self.env.client.service_client.check_health()

    def _is_due(self, key: RegionKey) -> bool:
        region = self.region(key)
        decision = region.decision
        has_go = decision is not None and decision.choice in GOES and region.holding is None
        return has_go and region.ending is None and region.launch_at <= self.now

    async def export(self, key: RegionKey) -> dict[str, Any]:
        """Return all that an auditor is given of one region launch, as plain JSON."""
        with self.desk.store.reading() as tx:
            there = {"product": key.product, "region": key.region, "run": key.run}
            exported: dict[str, Any] = {
                "where": there,
                "ledger": _rows(tx, ledger, there, by="version"),
                "records": _rows(tx, launch_records, there, by="version"),
                "commands": _rows(tx, commands, {"product": key.product}, by="sequence"),
                "facts": self._facts(tx, key),
            }
        return {**exported, "histories": [history async for history in self._histories(key)]}

    def _facts(self, tx: Connection, key: RegionKey) -> dict[str, Any]:
        people = _rows(tx, roster, {"region": key.region}, by="place")
        imported = {row.ordinal: row.begun_at.isoformat() for row in tx.execute(select(fact_imports))}
        everyone = {row["person_id"] for row in people}

        def learned(table: Table) -> list[dict[str, Any]]:
            rows = tx.execute(select(table).where(table.c.person_id.in_(everyone))).mappings()
            return [{**_plain(row), "imported_at": imported[row["ordinal"]]} for row in rows]

        return {
            "roster": people,
            "audience": _rows(tx, audience, {"product": key.product}, by="place"),
            "completions": learned(completions),
            "attempts": learned(attempts),
            "content": _rows(tx, content_revisions, {"product": key.product}, by="revision"),
        }

    async def _histories(self, key: RegionKey) -> AsyncIterator[str]:
        """Yield the history of every run of the region's workflow, the latest first."""
        workflow_id = names.region_launch_id(key.product, key.region)
        run_id: str | None = None
        while run_id != "":
            handle = self.env.client.get_workflow_handle(workflow_id, run_id=run_id)
            history = await handle.fetch_history()
            yield history.to_json()
            run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id

    async def until_closed(self, key: RegionKey) -> None:
        """Wait until the workflow of a region that has ended is over, so that its history is whole."""
        handle = self.env.client.get_workflow_handle(names.region_launch_id(key.product, key.region))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                pass


def _rows(tx: Connection, table: Table, there: dict[str, Any], *, by: str) -> list[dict[str, Any]]:
    rows = tx.execute(select(table).filter_by(**there).order_by(table.c[by])).mappings()
    return [_plain(row) for row in rows]


def _plain(row: Any) -> dict[str, Any]:
    """Return a row as JSON has it: moments as text, scores as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value if _is_json(value) else str(value)
        for name, value in row.items()
    }


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, str | int | dict | list)
