"""Does a clock that is ten days off launch anything early, lose a launch, or let anybody in?"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest
from sqlalchemy import select
from temporalio.testing import WorkflowEnvironment

from activities.ledger import LedgerActivities
from bootstrap import temporal
from bootstrap.lifeline import tied
from bootstrap.local_door import mint
from bootstrap.sending import TemporalSender
from readiness.commands import Choice, Role
from readiness.events import HoldCause
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Launched, NotNow
from readiness.region import Ending
from store.engine import open_store
from store.launching import launch, launch_record
from store.records_schema import launch_records
from tests.effort import rounds
from tests.postgres import postgres_database
from tests.store.desk import PRODUCT, Clock, Desk
from tests.stories.house import eventually
from tests.torture.conftest import Say
from tests.torture.lone_web import Answer, LoneWeb, grouped, python_module
from tests.workflows.servers import real_server, skipping_server

pytestmark = [pytest.mark.torture, pytest.mark.temporal]

TEN_DAYS = timedelta(days=10)
SKEWS = (TEN_DAYS, -TEN_DAYS)

REGIONS = rounds(4, many=24)
"""Regions that launch at one instant, half of them governed through a web process that is ahead, half behind."""

INSTANT_AHEAD = timedelta(seconds=rounds(12, many=60))
"""How long the regions have until they launch, by the true clock, on a machine of one's own: they are brought to a go
before."""

LATE = timedelta(seconds=60)
"""By how much a launch may be late on a machine that many share; the policy allows an hour."""

LEAD = timedelta(days=30)
A_MINUTE = timedelta(minutes=1)
EXECUTIVE, OWNER = "ex-1", "pm-7"


# --- whole processes whose clocks are off, on a database whose clock is right


@contextmanager
def worker(engine: str, database_url: str, directory: Path, skew: timedelta) -> Iterator[None]:
    """Run a worker as production does, with a clock that is off."""
    directory.mkdir(exist_ok=True)
    settings = {"LTL_DATA": str(directory), "DATABASE_URL": database_url, "TEMPORAL_ADDRESS": engine}
    with (directory / f"worker{skew.days:+}.log").open("wb") as out:
        process = subprocess.Popen(
            tied(python_module("bootstrap.worker", skew), parent=os.getpid()),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **settings},
        )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(60) == 0


@pytest.mark.postgres
async def test_processes_ten_days_off_launch_at_the_instant_of_the_database(
    migrated_postgres: str, postgres_url: str, tmp_path: Path, say: Say
) -> None:
    """Workers and web processes ahead and behind, all at once: each region launches once, at its instant, and no
    token counts that their clocks do not allow."""
    with postgres_database(postgres_url, template=migrated_postgres) as url:
        store = open_store(url)
        desk = Desk(store, Clock(store.now()))
        try:
            async with real_server() as env:
                await asyncio.to_thread(
                    _launch_on, env.client.service_client.config.target_host, url, desk, tmp_path, say
                )
        finally:
            store.close()


def _launch_on(engine: str, url: str, desk: Desk, folder: Path, say: Say) -> None:
    names = [f"region-{number:02}" for number in range(REGIONS)]
    keys = desk.start(*names, launch_at=desk.store.now() + LEAD)
    desk.write_all()
    for key in keys:
        desk.teach(key.region, people=2, trained=2, certified=2)
        desk.sign_all(key)
    with ExitStack() as running:
        for skew in SKEWS:
            running.enter_context(worker(engine, url, folder / "workers", skew))
        webs = [
            running.enter_context(LoneWeb(folder / f"web{skew.days:+}", url, skew=skew, TEMPORAL_ADDRESS=engine))
            for skew in SKEWS
        ]
        busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        # As the form takes it: whole seconds.
        launch_at = (desk.store.now() + INSTANT_AHEAD * busy).replace(microsecond=0)
        wall_clock = launch_at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%dT%H:%M:%S")
        for web in webs:
            assert _with_a_true_token(web).kind in {"token-expired", "token-invalid"}
        for number, key in enumerate(keys):
            moved = _govern(webs[1 - number % 2], "reschedule", key, launch_at=wall_clock)
            assert moved.status == 200, moved
        went = [_govern(webs[number % 2], "decisions", key, verdict="go") for number, key in enumerate(keys)]
        held = _govern(webs[0], "hold", keys[-1])
        said_at = [web.read_region(names[0]).response.json()["as_of"] for web in webs]
        before = desk.store.now()
        assert {answer.status for answer in went} == {201}, went
        assert held.status == 200, held
        assert before < launch_at, "the machine is too busy: everything was said only after the instant"
        assert not _launched(desk), "launched before its instant"
        found = eventually(
            lambda: _launched(desk), lambda seen: len(seen) == REGIONS - 1, within=INSTANT_AHEAD * busy + LATE
        )
        assert not [key for key in keys[:-1] if desk.region(key).ending is not Ending.LAUNCHED]
    late = [at - launch_at for at in found.values()]
    say(
        f"{REGIONS} regions, workers and web processes 10 days ahead and 10 behind: the first launched "
        f"{min(late).total_seconds():.2f} s after its instant, the last {max(late).total_seconds():.2f} s; "
        f"{grouped(went)}"
    )
    assert min(late) >= timedelta(0)
    assert max(late) < LATE
    assert keys[-1].region not in found
    # What is said to be so now is so by the database's clock, whoever says it.
    assert all(abs(datetime.fromisoformat(at) - before) < LATE for at in said_at)


def _govern(web: LoneWeb, act: str, key: RegionKey, **body: str) -> Answer:
    """Decide or hold, with a token of an issuer whose clock is off as far as the process's."""
    person, role = (EXECUTIVE, Role.EXECUTIVE) if act == "decisions" else (OWNER, Role.PRODUCT_MANAGER)
    path = f"/v1/launches/{PRODUCT}/regions/{key.region}/{act}"
    return eventually(
        lambda: web.ask(
            "POST", path, person, role, key=f"{act}-{key.region}", json={"reason": "It is time.", **body}
        ),
        lambda seen: seen.status != 503,
    )


def _with_a_true_token(web: LoneWeb) -> Answer:
    """Ask with a token of an issuer whose clock is right."""
    token = mint(web.directory, EXECUTIVE, [Role.AUDITOR])
    headers = {"Authorization": f"Bearer {token}"}
    return Answer(httpx2.get(f"{web.url}/v1/readiness", headers=headers, trust_env=False, timeout=60), 0.0)


def _launched(desk: Desk) -> dict[str, datetime]:
    """Return when regions launched, by the database's clock, as the launch records have it."""
    with desk.store.reading() as tx:
        rows = tx.execute(select(launch_records.c.region, launch_records.c.at)).all()
    assert len(rows) == len({region for region, _ in rows})
    return dict(rows)


# --- a database whose clock is off


class Skewed:
    """A clock that follows the workflows' own, at a distance."""

    def __init__(self, now: datetime, skew: timedelta) -> None:
        self.workflow_now = now
        self.skew = skew

    def __call__(self) -> datetime:
        """Return what the database believes that it is."""
        return self.workflow_now + self.skew

    def witness(self, workflow_now: datetime) -> None:
        """Follow the workflow's clock."""
        self.workflow_now = max(self.workflow_now, workflow_now)


@pytest.fixture
def file_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test's own: whose clock is off is all that matters."""
    file = tmp_path / "store.sqlite"
    shutil.copyfile(migrated_sqlite, file)
    return f"sqlite:///{file}"


@asynccontextmanager
async def region_with_go(
    file_url: str, skew: timedelta
) -> AsyncIterator[tuple[WorkflowEnvironment, TemporalSender, Desk, Skewed, RegionKey]]:
    """Run a worker on a database whose clock is off, and bring a region to a go there."""
    async with skipping_server() as env:
        clock = Skewed(await env.get_current_time(), skew)
        store = open_store(file_url, clock)
        desk = Desk(store, Clock(clock()))
        sender = TemporalSender(env.client)
        try:
            with temporal.activity_threads() as threads:
                activities = LedgerActivities(store, clock.witness).every()
                async with temporal.make_worker(env.client, activities, threads):
                    (key,) = desk.start("emea", launch_at=clock.workflow_now.replace(microsecond=0) + LEAD)
                    desk.write_all()
                    desk.teach("emea")
                    desk.sign_all(key)
                    desk.look(key)
                    assert isinstance(await sender.region(key, desk.decide(key, Choice.GO)), Accepted)
                    yield env, sender, desk, clock, key
        finally:
            store.close()


async def test_a_database_ahead_launches_nothing_early(file_url: str) -> None:
    """Whoever makes a region look while the database believes that its instant has come, it waits for the engine's
    clock, and is held where the database then calls it too late."""
    async with region_with_go(file_url, TEN_DAYS) as (env, sender, desk, clock, key):
        launch_at = desk.region(key).launch_at
        await _pass_until(env, clock, launch_at - TEN_DAYS + A_MINUTE)
        assert clock() > launch_at
        for _ in range(3):
            await sender.hint([key])
            await _pass_until(env, clock, clock.workflow_now + A_MINUTE)
        known = desk.region(key).version
        assert isinstance(launch(desk.store, key, known, asked_at=clock.workflow_now), NotNow)
        assert desk.region(key).ending is None
        # It goes wrong further, past what the policy allows a launch to be late.
        clock.skew += timedelta(hours=2)
        await sender.hint([key])
        await _until(lambda: desk.region(key).holding is not None)
        await _pass_until(env, clock, launch_at + A_MINUTE)
        await sender.hint([key])
        with desk.store.reading() as tx:
            assert launch_record(tx, key) is None
        holding = desk.region(key).holding
        assert holding is not None
        assert holding.cause is HoldCause.LAUNCH_INSTANT_MISSED


async def test_a_database_behind_launches_when_its_own_instant_comes(file_url: str) -> None:
    """A region whose instant has come by the engine's clock alone waits, and is launched by the second one, once."""
    behind = timedelta(minutes=rounds(5, many=60))
    async with region_with_go(file_url, -behind) as (env, _, desk, clock, key):
        launch_at = desk.region(key).launch_at
        await _pass_until(env, clock, launch_at + behind - A_MINUTE)
        assert desk.region(key).ending is None
        assert desk.region(key).holding is None
        await _pass_until(env, clock, launch_at + behind + A_MINUTE)
        await _until(lambda: desk.region(key).ending is Ending.LAUNCHED)
        with desk.store.reading() as tx:
            record = launch_record(tx, key)
        assert record is not None
        assert launch_at <= record["at"] <= launch_at + A_MINUTE


@pytest.mark.parametrize("skew", [*SKEWS, timedelta(0)], ids=["ahead", "behind", "right"])
def test_the_launch_transaction_asks_both_clocks(file_url: str, skew: timedelta) -> None:
    """A launch needs the database's clock and the engine's; by the database's alone it would be ten days early."""
    clock = Clock()
    store = open_store(file_url, clock)
    try:
        desk = Desk(store, clock)
        key = desk.with_go()
        launch_at, known = desk.region(key).launch_at, desk.region(key).version
        for true_now in (launch_at - TEN_DAYS, launch_at - timedelta(microseconds=1), launch_at):
            clock.now = true_now + skew
            may = clock.now >= launch_at and true_now >= launch_at and clock.now <= launch_at + timedelta(hours=1)
            answer = launch(store, key, known, asked_at=true_now)
            assert isinstance(answer, Launched) is may, answer
        if skew > timedelta(0):
            # What the guard is for: without it the database alone would have decided, ten days before.
            clock.now = launch_at - TEN_DAYS + skew
            assert isinstance(launch(store, key, known), Launched)
    finally:
        store.close()


async def _pass_until(env: WorkflowEnvironment, clock: Skewed, at: datetime) -> None:
    """Let time go by until `at`, by the engine's clock."""
    await env.sleep(max(at - await env.get_current_time(), timedelta()))
    clock.witness(await env.get_current_time())


async def _until(condition: object) -> None:
    """Wait until something holds, while no time is skipped."""
    assert callable(condition)
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(condition):
            pass


def test_a_process_may_be_run_at_another_time(tmp_path: Path) -> None:
    """The clocks of the skewed processes are off as far as they should be: otherwise all this would show nothing."""
    told = tmp_path / "told.py"
    told.write_text(
        "import time\nfrom datetime import UTC, datetime, timedelta\n"
        "print(datetime.now(UTC).isoformat(), time.time(), isinstance(datetime(2027, 1, 1), datetime))\n",
        encoding="utf-8",
    )
    for skew in SKEWS:
        said = subprocess.run(
            python_module("told", skew),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
        ).stdout.split()
        off = datetime.fromisoformat(said[0]) - datetime.now(UTC)
        assert abs(off - skew) < A_MINUTE
        assert abs(datetime.fromtimestamp(float(said[1]), UTC) - datetime.fromisoformat(said[0])) < A_MINUTE
        assert said[2] == "True"
