"""Do the worker and the web process hold out until what they need is there, and end when asked to?"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bootstrap.installation import free_port
from bootstrap.up import answers_ok

PATIENCE = timedelta(minutes=3)
FIRST_PORT = 18_400
NOBODY = "127.0.0.1:1"


@asynccontextmanager
async def running(name: str, folder: Path, **settings: str) -> AsyncIterator[Process]:
    """Run one of our processes as `ltl up` does, where no Temporal answers, and kill it afterwards."""
    environment = {**os.environ, "LTL_DATA": str(folder), "TEMPORAL_ADDRESS": NOBODY, **settings}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bootstrap", name), stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=environment
    )
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_worker_waits_for_temporal_and_ends_when_asked_to(tmp_path: Path) -> None:
    """A worker that is started first says that it waits, goes on waiting, and ends well when it is told to."""
    async with running("worker", tmp_path) as worker:
        assert worker.stderr is not None
        tries = [await worker.stderr.readline() for _ in range(3)]
        assert all(b"does not answer" in line for line in tries)
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0
        assert b"asked to" in await worker.stderr.read()


async def test_the_web_process_is_alive_but_not_ready_without_temporal_and_database(tmp_path: Path) -> None:
    """Without Temporal and without tables the web process answers that it lives, and that it cannot work."""
    port = free_port(FIRST_PORT)
    address = f"http://127.0.0.1:{port}"
    async with running("web", tmp_path, LTL_PORT=str(port)) as web:
        while not await answers_ok(f"{address}/livez"):
            assert web.returncode is None
        assert not await answers_ok(f"{address}/readyz")
        web.send_signal(signal.SIGTERM)
        assert await web.wait() == 0


async def test_a_process_that_there_is_not_is_misuse(tmp_path: Path) -> None:
    """Whoever mistypes the name of a process is told which there are."""
    async with running("webb", tmp_path) as nothing:
        assert nothing.stderr is not None
        assert await nothing.wait() == 1
        assert b"{worker,web,spare}" in await nothing.stderr.read()
