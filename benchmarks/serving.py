"""How is a web process asked over HTTP, ours and a bare one in turns, and how long does each take?"""

import gc
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Self

from bootstrap.installation import LOOPBACK, free_port
from bootstrap.lifeline import tied
from bootstrap.local_door import mint
from readiness.commands import Role
from store.engine import Store, migrate, open_store
from tests.postgres import postgres_database, postgres_server

SQLITE, POSTGRESQL = DATABASES = ("SQLite", "PostgreSQL")
FIRST_PORT = 22_000
"""Where the search for free ports begins: away from those that people and tests use."""

START_PATIENCE = timedelta(minutes=2)
STOP_PATIENCE = timedelta(seconds=20)
GLANCE = 0.05
"""Seconds between two looks at a process that is starting."""

WARM_UP = 10
TURNS = 60
NO_TEMPORAL = f"{LOOPBACK}:1"
"""Reading needs no Temporal, so there is none."""

_OURS = ("LTL_", "DATABASE_URL", "TEMPORAL_")


class Caller:
    """One connection that is kept alive, asking one server the same things again and again."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=START_PATIENCE.total_seconds())
        self._headers = dict(headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, path: str) -> bytes:
        """Return the body that is answered at `path`; raises RuntimeError unless the answer is 200."""
        try:
            response = self._response(path)
        except (ConnectionError, http.client.HTTPException):
            # While something else was measured the server ended what was idle for so long.
            self._connection.close()
            response = self._response(path)
        body = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{path} is answered {response.status}: {body[:500]!r}")
        return body

    def _response(self, path: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers=self._headers)
        return self._connection.getresponse()

    def answers(self) -> bool:
        """Say whether the server is there and well."""
        try:
            self.ask("/livez")
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return True


@dataclass(frozen=True)
class House:
    """A directory with a store in it, for which web processes can be started."""

    directory: Path
    store: Store
    url: str

    @property
    def kind(self) -> str:
        """The database as tables name it."""
        return SQLITE if self.store.is_sqlite else POSTGRESQL

    @contextmanager
    def web(self) -> Iterator[Caller]:
        """Run our web process as `ltl up` does, but without Temporal, and yield who may read everything there."""
        environment = {
            "LTL_DATA": str(self.directory),
            "LTL_HOST": LOOPBACK,
            "LTL_PAGES_WITHOUT_TOKEN": "true",
            # How fast it can be is measured, by very few people.
            "LTL_RATE_LIMITS": "off",
            "TEMPORAL_ADDRESS": NO_TEMPORAL,
            "DATABASE_URL": "" if self.store.is_sqlite else self.url,
        }
        token = mint(self.directory, "auditor-1", [Role.AUDITOR])
        with _process(("bootstrap.web",), environment, {"Authorization": f"Bearer {token}"}) as caller:
            yield caller


@contextmanager
def bare_web(document: Path) -> Iterator[Caller]:
    """Run a bare FastAPI application that knows one answer, that of `document`, on our settings of uvicorn."""
    with _process(("benchmarks.bare_web", str(document)), {"LTL_HOST": LOOPBACK}, {}) as caller:
        yield caller


@contextmanager
def servers(kind: str) -> Iterator[str | None]:
    """Run the server that databases of this kind need, and yield its URL; None where they need none."""
    if kind == SQLITE:
        yield None
    else:
        with postgres_server() as url:
            yield url


@contextmanager
def house(kind: str, server: str | None = None) -> Iterator[House]:
    """Yield a migrated store of one of `DATABASES` in a directory of its own, and leave nothing of it behind.

    `server` is one of `servers`, for several stores on the same; without one it has its own.
    """
    with ExitStack() as until_done:
        directory = Path(until_done.enter_context(TemporaryDirectory(prefix="ltl-bench-")))
        server = server or until_done.enter_context(servers(kind))
        url = f"sqlite:///{directory / 'store.sqlite'}"
        if server is not None:
            url = until_done.enter_context(postgres_database(server))
        migrate(url)
        store = open_store(url)
        until_done.callback(store.close)
        yield House(directory, store, url)


def in_turns(*asked: Callable[[], object], turns: int = TURNS, warm_up: int = WARM_UP) -> tuple[float, ...]:
    """Return the median milliseconds of each of these, done one after the other, again and again."""
    for _ in range(warm_up):
        for ask in asked:
            ask()
    taken: list[list[float]] = [[] for _ in asked]
    gc.collect()
    gc.disable()
    try:
        for _ in range(turns):
            for ask, times in zip(asked, taken, strict=True):
                begun = time.perf_counter()
                ask()
                times.append((time.perf_counter() - begun) * 1_000)
    finally:
        gc.enable()
    return tuple(median(times) for times in taken)


@contextmanager
def _process(module: tuple[str, ...], environment: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[Caller]:
    port = free_port(FIRST_PORT)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with TemporaryFile() as said, Caller(port, headers) as caller:
        process = subprocess.Popen(
            tied((sys.executable, "-m", *module), parent=os.getpid()),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**kept, **environment, "LTL_PORT": str(port)},
        )
        try:
            deadline = time.monotonic() + START_PATIENCE.total_seconds()
            while not caller.answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise RuntimeError(f"{module[0]} does not answer: {said.read().decode(errors='replace')}")
                time.sleep(GLANCE)
            yield caller
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_PATIENCE.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
