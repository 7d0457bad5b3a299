"""On which Temporal, worker and web process is everything measured that goes through Temporal?"""

# The processes are those of `ltl up`, started by the same commands, on a directory of their own. Beside them runs a
# worker with the bare workflows, on the same server and with the same settings.

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.bare import TASK_QUEUE as BARE_TASK_QUEUE
from bootstrap.installation import LOOPBACK, Installation, free_port
from bootstrap.lifeline import tied
from bootstrap.local_door import LocalDoor
from bootstrap.temporal_server import TemporalServer, program
from bootstrap.up import answers_ok
from store.engine import Store, migrate, open_store
from workflows.names import TASK_QUEUE

FIRST_PORT = 21_000
"""Where the search for free ports begins: away from those that people and tests use."""

START_PATIENCE = timedelta(minutes=3)
PATIENCE = timedelta(minutes=5)
STOP_PATIENCE = timedelta(seconds=20)
GLANCE = 0.02
"""Seconds between two looks at something that is waited for."""

_OURS = ("LTL_", "DATABASE_URL", "TEMPORAL_")

Seen = TypeVar("Seen")


class Engine:
    """A server, our worker, our web process and the bare worker, all running."""

    def __init__(self, directory: Path, *, store_url: str, port: int, metrics_port: int) -> None:
        self.directory = directory
        self.store_url = store_url
        self.url = f"http://{LOOPBACK}:{port}"
        self.metrics_url = f"http://{LOOPBACK}:{metrics_port}/metrics"
        installation = Installation(directory)
        installation.prepare()
        self._logs = installation.logs
        engine_port = free_port(metrics_port + 1)
        self.server = TemporalServer(
            program=program(),
            file=installation.temporal_file,
            port=engine_port,
            ui_port=free_port(engine_port + 1),
            log=installation.logs / "temporal.log",
        )
        self._metrics = ("--metrics-port", str(metrics_port))
        self._environment = {
            "LTL_DATA": str(directory),
            "LTL_HOST": LOOPBACK,
            "LTL_RATE_LIMITS": "off",
            "LTL_PORT": str(port),
            "TEMPORAL_ADDRESS": self.server.address,
            "DATABASE_URL": store_url if store_url.startswith("postgres") else "",
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything, and stop it in the end, the last one first."""
        migrate(self.store_url)
        with ExitStack() as processes:
            server = (*self.server.command(), *self._metrics)
            processes.enter_context(self._process("temporal", server))
            until(lambda: asyncio.run(self.server.answers()), within=START_PATIENCE)
            begun_at = datetime.now(UTC)
            for name in ("worker", "web"):
                command = (sys.executable, "-m", f"bootstrap.{name}")
                processes.enter_context(self._process(name, command))
            bare = (sys.executable, "-m", "benchmarks.bare", self.server.address)
            processes.enter_context(self._process("bare", bare))
            until(lambda: asyncio.run(self._is_ready(begun_at)), within=START_PATIENCE)
            yield

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Yield the store, to look at or to import into past the API."""
        opened = open_store(self.store_url)
        try:
            yield opened
        finally:
            opened.close()

    @property
    def door(self) -> LocalDoor:
        """Opens the API as any person."""
        return LocalDoor(self.url, self.directory)

    async def _is_ready(self, since: datetime) -> bool:
        queues = (TASK_QUEUE, BARE_TASK_QUEUE)
        polled = await asyncio.gather(*(self.server.polled_since(queue, since) for queue in queues))
        return all(polled) and await answers_ok(f"{self.url}/readyz")

    @contextmanager
    def _process(self, name: str, command: tuple[str, ...]) -> Iterator[None]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                tied(command, parent=os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**kept, **self._environment},
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_PATIENCE.total_seconds())
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def engine(database_url: str | None = None) -> Iterator[Engine]:
    """Yield an engine in a directory of its own, on SQLite or on the empty database at `database_url`."""
    with TemporaryDirectory(prefix="ltl-bench-") as folder:
        directory = Path(folder)
        port = free_port(FIRST_PORT + os.getpid() % 1_000)
        built = Engine(
            directory,
            store_url=database_url or f"sqlite:///{directory / 'store.sqlite'}",
            port=port,
            metrics_port=free_port(port + 1),
        )
        with built.running():
            yield built


def until(look: Callable[[], Seen], *, within: timedelta = PATIENCE, or_else: Seen | None = None) -> Seen:
    """Look again and again until something is seen, and return it.

    Returns `or_else` where nothing is seen in time, or raises TimeoutError with what was looked for.
    """
    deadline = time.monotonic() + within.total_seconds()
    while not (seen := look()):
        if time.monotonic() > deadline:
            if or_else is not None:
                return or_else
            raise TimeoutError(f"not within {within}: {look}")
        time.sleep(GLANCE)
    return seen
