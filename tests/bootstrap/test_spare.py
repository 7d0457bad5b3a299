"""Is there somebody, imports done, to take the place of a process that ended?"""

import asyncio
import os
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.installation import Process, birth_of, free_port
from bootstrap.spare import Spare
from bootstrap.supervisor import Part, Supervisor
from bootstrap.up import answers_ok

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a guard stands before the process")

PATIENCE = timedelta(minutes=3)
FIRST_PORT = 18_600
NOBODY = "127.0.0.1:1"


async def test_a_killed_web_process_is_replaced_by_the_one_that_stood_by(tmp_path: Path) -> None:
    """The spare becomes the web process, answers at its address and writes its log; another one then stands by."""
    running: list[tuple[Process, ...]] = []
    port = free_port(FIRST_PORT)
    environment = {"LTL_DATA": str(tmp_path), "LTL_PORT": str(port), "TEMPORAL_ADDRESS": NOBODY}

    async def is_healthy(_started_at: datetime) -> bool:
        return await answers_ok(f"http://127.0.0.1:{port}/livez")

    def web() -> int:
        return running[-1][0].pid

    log = tmp_path / "web.log"
    command = (sys.executable, "-m", "bootstrap", "web")
    supervisor = Supervisor(on_change=running.append, say=lambda _line: None)
    spare = Spare(environment)
    try:
        await supervisor.start(Part("web", command, log, is_healthy, environment, spare_as="web"), patience=PATIENCE)
        await supervisor.keep_spare(spare)
        first, stood_by = web(), spare.pid
        said = log.stat().st_size
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while spare.pid in {None, stood_by} or not await is_healthy(datetime.now().astimezone()):
                await asyncio.to_thread(os.sched_yield)
        assert web() == stood_by
        assert log.stat().st_size > said
    finally:
        await supervisor.stop()
    assert spare.pid is None
    assert stood_by is not None
    assert birth_of(stood_by) is None


async def test_a_spare_that_has_ended_is_not_counted_on(tmp_path: Path) -> None:
    """Where whoever stood by was killed, nobody is given, and the place is taken in the usual way."""
    spare = Spare()
    await spare.keep_one()
    assert spare.pid is not None
    os.kill(spare.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE.total_seconds()
    while spare.pid is not None:
        assert time.monotonic() < deadline
        await asyncio.to_thread(os.sched_yield)
    assert await spare.become("web", tmp_path / "web.log") is None


async def test_a_spare_ends_when_nobody_will_tell_it_any_more() -> None:
    """A supervisor that ended in order leaves no process behind that waits for its word."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bootstrap", "spare"), stdin=asyncio.subprocess.PIPE
    )
    await process.communicate(b"")
    assert process.returncode == 0
