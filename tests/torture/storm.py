"""Which clients send how much to one region at once, and what did its runs make of it?"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import select
from temporalio import activity
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.ledger import LedgerActivities
from activities.messages import SettleRequest
from api.sending import EngineAway
from bootstrap import temporal
from bootstrap.sandbox import sandbox
from bootstrap.sending import TemporalSender
from readiness.commands import Choice, Decide, Position, RegionCommand, Role
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Outcome, Settled
from readiness.policy import SIGNED_STAGES, Stage
from store.content import stage_content
from store.engine import Store, open_store
from store.ledger import rows_after
from store.records_schema import commands
from store.settled import outcome_of
from tests.readiness.builders import SIGNERS
from tests.store.desk import PRODUCT, Desk
from tests.torture.fort import WallClock
from tests.workflows.servers import real_server
from workflows import names

BOUND = timedelta(minutes=5)
"""How long a storm may take to be answered."""


class SlowDecisions(LedgerActivities):
    """A ledger that takes its time over decisions, so that they are in flight when something happens."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._never = threading.Event()

    @activity.defn
    def settle(self, request: SettleRequest) -> Settled:
        """Settle, a decision after a while."""
        if isinstance(request.cause, Decide):
            self._never.wait(0.1)
        return super().settle(request)


@dataclass
class Told:
    """What clients were told of their commands, in the order of the answers."""

    answers: dict[str, list[Outcome]] = field(default_factory=dict)
    tries: int = 0


@dataclass
class Storm:
    """One region on the real server, and the clients that send to it, each from a process of its own as it were."""

    env: WorkflowEnvironment
    desk: Desk
    key: RegionKey
    senders: Sequence[TemporalSender]

    @property
    def workflow_id(self) -> str:
        """The id of the region's workflow."""
        return names.region_launch_id(PRODUCT, self.key.region)

    async def rage(self, chance: Random, count: int) -> Told:
        """Have every client send its share of `count` commands, again and again until each has an outcome."""
        told = Told()
        await asyncio.gather(
            *(self._send_many(sender, chance, told, count // len(self.senders)) for sender in self.senders)
        )
        return told

    async def _send_many(self, sender: TemporalSender, chance: Random, told: Told, count: int) -> None:
        left = asyncio.Semaphore(6)

        async def one() -> None:
            async with left:
                command = await asyncio.to_thread(self._wish, chance)
                outcome = await self._until_answered(sender, command, told)
                if chance.random() < 0.2:
                    # Sent again: by the relay, or by a client that never heard.
                    assert await self._until_answered(sender, command, told) == outcome

        async with asyncio.timeout(BOUND.total_seconds()):
            await asyncio.gather(*(one() for _ in range(count)))

    async def _until_answered(self, sender: TemporalSender, command: RegionCommand, told: Told) -> Outcome:
        while True:
            told.tries += 1
            try:
                outcome = await sender.region(self.key, command)
            except EngineAway:
                continue
            told.answers.setdefault(command.command_id, []).append(outcome)
            return outcome

    def _wish(self, chance: Random) -> RegionCommand:
        """Log a command that somebody may wish for, whether or not it will be accepted."""
        desk, key = self.desk, self.key
        function, role, person = chance.choice(SIGNERS)
        stage: Stage = chance.choice(sorted(SIGNED_STAGES))
        match chance.choice(("hold", "resume", "resume", "go", "go", "no_go", "sign", "send back")):
            case "hold":
                return desk.hold(key)
            case "resume":
                return desk.ask(key, "resume", "ex-1", Role.EXECUTIVE)
            case "go":
                return desk.decide(key, Choice.GO)
            case "no_go":
                return desk.decide(key, Choice.NO_GO)
            case "sign":
                return desk.sign_off(key, stage, function, role, person)
            case _:
                with desk.store.reading() as tx:
                    digest = stage_content(tx, key, stage).evidence.digest
                back = {"stage": stage, "function": function, "digest": digest, "position": Position.SEND_BACK}
                return desk.ask(key, "sign_off", person, role, **back)

    def disagreements(self, told: Told) -> list[str]:
        """Return everything in which log, ledger and answers differ; nothing may be lost, doubled or unanswered."""
        with self.desk.store.reading() as tx:
            rows = rows_after(tx, self.key, 0)
            logged = list(tx.execute(select(commands.c.id).filter_by(region=self.key.region)).scalars())
            outcomes = {command_id: outcome_of(tx, command_id) for command_id in logged}
        written = Counter(row.event.command_id for row in rows if row.event.command_id is not None)
        found = [f"{name} has no outcome" for name, outcome in outcomes.items() if outcome is None]
        found += [f"{name} was never answered" for name in told.answers if name not in outcomes]
        for name, answers in told.answers.items():
            found += [f"{name} was answered {answer}" for answer in answers if answer != outcomes.get(name)]
        for name, outcome in outcomes.items():
            if isinstance(outcome, Accepted) != (written[name] == 1):
                found.append(f"{name} is {outcome} and has {written[name]} events")
        if [row.version for row in rows] != list(range(1, len(rows) + 1)):
            found.append("the ledger is not numbered without gaps")
        return found

    async def runs(self) -> list[WorkflowHistory]:
        """Return the history of every run, the first one first."""
        client = self.env.client
        latest = await client.get_workflow_handle(self.workflow_id).fetch_history()
        run_id = latest.events[0].workflow_execution_started_event_attributes.first_execution_run_id
        found: list[WorkflowHistory] = []
        while run_id:
            found.append(await client.get_workflow_handle(self.workflow_id, run_id=run_id).fetch_history())
            run_id = found[-1].events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return found


async def replay(runs: Sequence[WorkflowHistory]) -> None:
    """Replay every run; raises where one does something else than it did."""
    replayer = Replayer(
        workflows=temporal.WORKFLOWS,
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=sandbox(strict=True),
    )
    for run in runs:
        await replayer.replay_workflow(run)


def largest_payload(runs: Sequence[WorkflowHistory]) -> int:
    """Return the size in bytes of the largest event of these runs."""
    return max(event.ByteSize() for run in runs for event in run.events)


@asynccontextmanager
async def storm(
    store_url: str, *, processes: int, continue_after: int | None = None, in_flight: int | None = None
) -> AsyncIterator[Storm]:
    """Run a region that is ready, and as many senders as there would be processes.

    The server suggests to continue as new after `continue_after` events, and lets `in_flight` updates of one workflow
    wait beside each other, where these are given.
    """
    asked = {"limit.historyCount.suggestContinueAsNew": continue_after, "history.maxInFlightUpdates": in_flight}
    settings = [f"{name}={value}" for name, value in asked.items() if value is not None]
    words = [word for setting in settings for word in ("--dynamic-config-value", setting)]
    store = open_store(store_url)
    try:
        async with real_server(*words) as env:
            desk = Desk(store, WallClock())
            (key,) = desk.start("emea", launch_at=datetime.now(UTC) + timedelta(days=60))
            desk.write_all()
            desk.teach("emea")
            desk.sign_all(key)
            desk.look(key)
            with temporal.activity_threads() as threads:
                async with temporal.make_worker(env.client, SlowDecisions(store).every(), threads, strict=True):
                    yield Storm(env, desk, key, [TemporalSender(env.client) for _ in range(processes)])
    finally:
        store.close()
