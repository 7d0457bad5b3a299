"""Do workflows and the store keep their promises together?"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from activities.ledger import LedgerActivities
from api.sending import EngineAway
from bootstrap import temporal
from bootstrap.sending import TemporalSender
from bootstrap.verifying import Difference, differences
from readiness.commands import Choice, Decide, Role
from readiness.events import HoldCause
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Outcome, Refused
from readiness.region import Ending, Verdict
from readiness.rows import ImportKind
from readiness.rules import verdict_of
from store.alarms import AlarmKind, standing_alarms
from store.engine import Store, open_store
from store.imports import ImportState
from tests.activities.test_imports import Office, learned
from tests.store.desk import Clock, Desk
from tests.workflows.servers import real_server, skipping_server
from workflows import names
from workflows.import_file import ImportWorkflow
from workflows.region_launch import RegionLaunchWorkflow

pytestmark = pytest.mark.temporal

LEAD = timedelta(days=60)


@dataclass
class House:
    """A server, a worker on a real store, and the door through which commands come."""

    env: WorkflowEnvironment
    desk: Desk
    sender: TemporalSender

    @classmethod
    async def on(cls, env: WorkflowEnvironment, store_url: str) -> "House":
        """Return a house whose store's clock follows the server's."""
        clock = Clock(await env.get_current_time())
        return cls(env, Desk(open_store(store_url, clock), clock), TemporalSender(env.client))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run a worker as production makes it."""
        ledger = LedgerActivities(self.desk.store, self.witness)
        files = ImportActivities(self.desk.store, limits=ImportLimits(), scratch=Path())
        with temporal.activity_threads() as threads:
            async with temporal.make_worker(
                self.env.client, [*ledger.every(), files.load, files.give_up], threads, strict=True
            ):
                yield

    def witness(self, workflow_now: datetime) -> None:
        """Move the store's clock up to the workflow's."""
        self.desk.clock.now = max(self.desk.clock.now, workflow_now)

    async def send(self, key: RegionKey, command: object) -> Outcome:
        """Send a command that was logged."""
        return await self.sender.region(key, command)  # type: ignore[arg-type]  # The desk logs any kind.

    async def pass_until(self, at: datetime) -> None:
        """Let time go by until `at`."""
        await self.env.sleep(max(at - await self.env.get_current_time(), timedelta()))
        self.witness(await self.env.get_current_time())

    async def until_ended(self, key: RegionKey) -> Ending | None:
        """Wait until the region's workflow has ended; return how its ledger says it did."""
        await _until_closed(self.handle(key))
        return self.desk.region(key).ending

    def handle(self, key: RegionKey) -> WorkflowHandle[RegionLaunchWorkflow, None]:
        """Return the region's workflow."""
        return self.env.client.get_workflow_handle_for(
            RegionLaunchWorkflow.run, names.region_launch_id(key.product, key.region)
        )


async def _until_closed(handle: WorkflowHandle[RegionLaunchWorkflow, None]) -> None:
    async with asyncio.timeout(20):
        while (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            pass


@asynccontextmanager
async def _house(store_url: str) -> AsyncIterator[House]:
    async with skipping_server() as env:
        house = await House.on(env, store_url)
        try:
            async with house.worker():
                yield house
        finally:
            house.desk.store.close()


@pytest.fixture
def file_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test's own; what differs elsewhere, the store's tests see."""
    file = tmp_path / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture
async def house(file_url: str) -> AsyncIterator[House]:
    """A house with a running worker and a server whose time skips."""
    async with _house(file_url) as house:
        yield house


@pytest.fixture
async def house_on_each(store_url: str) -> AsyncIterator[House]:
    """The same on each kind of database."""
    async with _house(store_url) as house:
        yield house


def _ready(house: House) -> RegionKey:
    """Bring a region to its last step by the desk alone; the workflow comes with the next message."""
    (key,) = house.desk.start("emea", launch_at=house.desk.clock.now + LEAD)
    house.desk.write_all()
    house.desk.teach("emea")
    house.desk.sign_all(key)
    house.desk.look(key)
    return key


async def test_a_region_that_learned_launches_at_its_instant(house_on_each: House) -> None:
    """From the facts to the launch record: both locks say yes, at the instant and not before."""
    house = house_on_each
    key = _ready(house)
    assert isinstance(await house.send(key, house.desk.decide(key, Choice.GO)), Accepted)
    launch_at = house.desk.region(key).launch_at
    await house.pass_until(launch_at - timedelta(minutes=1))
    assert house.desk.region(key).ending is None
    await house.pass_until(launch_at)
    assert await house.until_ended(key) is Ending.LAUNCHED


async def test_a_region_joined_by_people_who_have_not_learned_is_held_at_its_instant(house: House) -> None:
    """Nobody heard of the change, and still nothing launches that not enough people have learned."""
    key = _ready(house)
    assert isinstance(await house.send(key, house.desk.decide(key, Choice.GO)), Accepted)
    house.desk.teach("emea", people=30, trained=10, certified=10)
    await house.pass_until(house.desk.region(key).launch_at)
    async with asyncio.timeout(20):
        while house.desk.region(key).holding is None:
            await house.handle(key).query(RegionLaunchWorkflow.bearings)
    holding = house.desk.region(key).holding
    assert holding is not None
    assert holding.cause is HoldCause.GATE_UNMET
    assert house.desk.region(key).ending is None


async def test_a_stale_go_sent_again_after_a_later_no_go_is_overtaken(house: House) -> None:
    """Recovery never revives a wish that a newer one has replaced."""
    key = _ready(house)
    stale = house.desk.decide(key, Choice.GO)
    assert isinstance(await house.send(key, house.desk.decide(key, Choice.NO_GO)), Accepted)
    answer = await house.send(key, stale)
    assert isinstance(answer, Refused)
    assert answer.refusal.kind == "overtaken"
    assert verdict_of(house.desk.region(key)) is Verdict.NO_GO


async def test_a_go_sent_straight_to_temporal_moves_nothing_and_leaves_an_alarm(house: House) -> None:
    """Whoever reaches Temporal can send a go; without the command log behind it somebody is told, and that is all."""
    key = _ready(house)
    version = house.desk.region(key).version
    forged = Decide(
        command_id="made-up", person="ex-1", role=Role.EXECUTIVE, logged_at=house.desk.clock.now, choice=Choice.GO
    )
    with pytest.raises(EngineAway):
        await house.send(key, forged)
    with house.desk.store.reading() as tx:
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.COMMAND_FORGED]
    await house.pass_until(house.desk.region(key).launch_at)
    assert house.desk.region(key).decision is None
    assert house.desk.region(key).version >= version
    assert house.desk.region(key).ending is None


async def test_a_bulk_file_is_loaded_and_a_lost_one_fails_loudly(house: House, tmp_path: Path) -> None:
    """An import ends completed, refused or failed with a reason; nothing is swallowed."""
    office = Office(house.desk.store, tmp_path)
    good = office.register(ImportKind.COMPLETIONS, learned(3))
    wrong = office.register(ImportKind.ATTEMPTS, learned(3))
    lost = office.register(ImportKind.COMPLETIONS, learned(4))
    Path(office.record(lost).path).unlink()
    for import_id in (good, wrong, lost):
        await house.sender.start_import(import_id)
    for import_id, state in ((good, ImportState.COMPLETED), (wrong, ImportState.REFUSED)):
        handle = house.env.client.get_workflow_handle_for(ImportWorkflow.run, names.import_workflow_id(import_id))
        assert await handle.result() is state
        assert office.record(import_id).state is state
    await house.env.sleep(timedelta(hours=1))
    async with asyncio.timeout(20):
        handle = house.env.client.get_workflow_handle_for(ImportWorkflow.run, names.import_workflow_id(lost))
        assert await handle.result() is ImportState.FAILED
    assert office.record(lost).reason


async def test_a_worker_that_dies_between_the_ledger_and_temporal_loses_and_doubles_nothing(
    file_url: str,
) -> None:
    """The ledger was written and nobody was told: the next worker reads it there and gives the same answer."""
    async with real_server() as env:
        house = await House.on(env, file_url)
        try:
            await _die_and_recover(house, file_url)
        finally:
            house.desk.store.close()


async def _die_and_recover(house: House, store_url: str) -> None:
    key = _ready(house)
    command = house.desk.decide(key, Choice.GO)
    doomed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.workflows.doomed_worker"),
        house.env.client.service_client.config.target_host,
        store_url,
    )
    sending = asyncio.create_task(house.send(key, command))
    assert await asyncio.wait_for(doomed.wait(), 60) == 137
    version = house.desk.region(key).version
    assert house.desk.region(key).decision is not None
    async with house.worker():
        try:
            first = await sending
        except EngineAway:
            first = await house.send(key, command)
        assert isinstance(first, Accepted)
        assert await house.send(key, command) == first
        assert house.desk.region(key).version == version


async def _differences(house: House, store: Store) -> list[Difference]:
    """Return every difference."""
    return [each async for each in differences(house.env.client, store)]


async def test_a_workflow_that_moved_with_its_ledger_agrees_with_it(house: House) -> None:
    """Nothing is reported of a region that took a go; one that no workflow runs for is named as such."""
    key = _ready(house)
    (missing,) = await _differences(house, house.desk.store)
    assert (missing.key, missing.must_be_looked_at) == (key, False)
    assert isinstance(await house.send(key, house.desk.decide(key, Choice.GO)), Accepted)
    assert await _differences(house, house.desk.store) == []


async def test_a_ledger_that_was_restored_is_found_behind_its_workflow(house: House, tmp_path: Path) -> None:
    """The workflow knows of a go that a backup from before it does not."""
    key = _ready(house)
    asked = house.desk.decide(key, Choice.GO)
    backup = tmp_path / "backup.sqlite"
    with house.desk.store.writing():
        for suffix in ("", "-wal"):
            source = tmp_path / f"store.sqlite{suffix}"
            if source.exists():
                shutil.copy(source, f"{backup}{suffix}")
    assert isinstance(await house.send(key, asked), Accepted)
    restored = open_store(f"sqlite:///{backup}", house.desk.clock)
    try:
        (behind,) = await _differences(house, restored)
    finally:
        restored.close()
    assert behind.must_be_looked_at
    assert "was it restored?" in behind.what
