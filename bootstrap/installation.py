"""What lies in the directory of a local installation, and what runs on it?"""

# Standard library alone: every `ltl` command reads this before it does anything else.

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path

DEFAULT_DIRECTORY = ".ltl"
"""The data directory where none is named: in the current directory, and out of sight of git."""

LOOPBACK = "127.0.0.1"

PORTS_TRIED = 200
"""How many ports after the wanted one are tried before the machine counts as full."""

_LEFTOVER_PATIENCE = timedelta(seconds=10)
_GLANCE = 0.02
_OWNER_ONLY = 0o700
_WANTED, _DECLINED, _LOADED = "wanted", "declined", "loaded"


_CLAIMS: list[socket.socket] = []


class AlreadyUp(Exception):  # noqa: N818 - named as what is the case.
    """Another `ltl up` runs on the same directory."""


class PortTaken(Exception):  # noqa: N818 - named as what is the case.
    """Somebody else listens on the port that was asked for, or on all that were tried."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this installation; `born` tells it from a later one that was given the same number."""

    name: str
    pid: int
    born: str

    @property
    def is_alive(self) -> bool:
        """True while this very process runs."""
        return birth_of(self.pid) == self.born


@dataclass(frozen=True, slots=True)
class Running:
    """What `ltl up` has started on a directory, and where it listens."""

    supervisor: Process
    url: str
    temporal_address: str
    temporal_ui: str | None = None
    processes: tuple[Process, ...] = field(default=())


class Installation:
    """One data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running_file = directory / "running.json"
        self.logs = directory / "logs"
        self.temporal_file = directory / "temporal.sqlite"
        self._lock_file = directory / "lock"
        self._demonstration_file = directory / "demonstration"

    def prepare(self) -> None:
        """Make the directory, for its owner only, where it is not there yet; raises OSError."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        self.logs.mkdir(exist_ok=True, mode=_OWNER_ONLY)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only `ltl up` on this directory; raises AlreadyUp. The lock ends with the process."""
        with self._lock_file.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.EACCES}:
                    raise
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise AlreadyUp(
                    f"Another `ltl up` (process {holder}) already runs on {self.directory}. "
                    "Stop that one first, or name another directory with --data."
                ) from error
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def running(self) -> Running | None:
        """Return what runs on this directory; None where nothing does or its supervisor is gone."""
        recorded = self._recorded()
        return recorded if recorded is not None and recorded.supervisor.is_alive else None

    def record(self, running: Running) -> None:
        """Write down what runs, in one step, so that no reader sees half of it."""
        draft = self.running_file.with_suffix(".json.draft")
        draft.write_text(json.dumps(asdict(running), indent=2) + "\n", encoding="utf-8")
        draft.replace(self.running_file)

    def forget_running(self) -> None:
        """Note that nothing runs any more."""
        self.running_file.unlink(missing_ok=True)

    def end_leftovers(self) -> tuple[Process, ...]:
        """Kill what an `ltl up` that was itself killed has left running here, and return what that was.

        Only to be called under the lock: then whatever is recorded has no supervisor. Nothing is lost by it.
        """
        recorded = self._recorded()
        if recorded is None:
            return ()
        left = tuple(process for process in recorded.processes if process.is_alive)
        deadline = time.monotonic() + _LEFTOVER_PATIENCE.total_seconds()
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        while any(process.is_alive for process in left) and time.monotonic() < deadline:
            time.sleep(_GLANCE)
        self.forget_running()
        return left

    def wants_demonstration(self, *, empty: bool) -> bool:
        """Say whether the demonstration is to be loaded now, and remember it.

        The first `ltl up` decides; what was interrupted is wanted until it is loaded, or until it is declined.
        """
        state = None
        with suppress(FileNotFoundError):
            state = self._demonstration_file.read_text(encoding="utf-8").strip() or None
        if state is None or (state == _WANTED and empty):
            state = _DECLINED if empty else _WANTED
            self._remember(state)
        return state == _WANTED

    def demonstration_is_loaded(self) -> None:
        """Remember that the demonstration is there, so that nothing of it is loaded again."""
        self._remember(_LOADED)

    def _remember(self, state: str) -> None:
        draft = self._demonstration_file.with_suffix(".draft")
        draft.write_text(f"{state}\n", encoding="utf-8")
        draft.replace(self._demonstration_file)

    def _recorded(self) -> Running | None:
        try:
            document = json.loads(self.running_file.read_text(encoding="utf-8"))
            running = Running(**document)
            return replace(
                running,
                supervisor=Process(**document["supervisor"]),
                processes=tuple(Process(**each) for each in document["processes"]),
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            # A record that cannot be read says nothing: what it meant runs under no supervisor that we could ask.
            return None


def birth_of(pid: int) -> str | None:
    """Return what tells the process `pid` from any other that has or had the number; None where none runs."""
    if sys.platform != "linux":
        told = subprocess.run(  # noqa: S603 - the number is ours.
            ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        return told or None
    try:
        # The command's name, in brackets, may hold spaces and brackets itself.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, started = fields[0], fields[19]
    if state in {"Z", "X"}:
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()}/{started}"


def running_process(name: str, pid: int) -> Process:
    """Return the running process `pid` under `name`; one that is gone already is never alive."""
    return Process(name, pid, birth_of(pid) or "gone")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Say whether nobody listens on `port`."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(wanted: int, *, avoiding: frozenset[int] = frozenset()) -> int:
    """Return `wanted`, or the next port after it that nobody listens on; raises PortTaken where all are taken."""
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        if port not in avoiding and is_free(port):
            return port
    raise PortTaken(f"No port from {wanted} on is free; say which to use with --port.")


def own_port(wanted: int) -> int:
    """Return `wanted`, or the next port after it that nobody listens on or is about to; raises PortTaken.

    It is ours until this process ends: of two installations that start at the same moment none takes the other's,
    which would have both talk to one server.
    """
    taken: set[int] = set()
    while True:
        port = free_port(wanted, avoiding=frozenset(taken))
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # A name that is nowhere on the disk, and gone with the process that holds it, however that ends.
            claim.bind(f"\0learn-then-launch/port/{port}")
        except OSError as error:
            claim.close()
            if error.errno != errno.EADDRINUSE:
                raise
            taken.add(port)
            continue
        _CLAIMS.append(claim)
        return port
