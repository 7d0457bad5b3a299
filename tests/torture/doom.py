"""At which step of an act does this process die, and how are steps counted without a hook in the product?"""

# The processes are the product's own, wired by its own wiring room. What counts their steps sits outside of it: on
# every connection that SQLAlchemy opens, on the wires to the clients and to Temporal, in the interpreter's audit and
# in the log of the SDK. Death is `os._exit(137)`: nothing is flushed, closed or said, as with `kill -9`.

import json
import logging
import os
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, Pool, event
from temporalio import activity

KILLED = 137
"""The status with which a shell tells of `kill -9`."""

_BLOCK = 256 * 1024
_LABEL = 60


class Step(NamedTuple):
    """Something that a process does in the course of an act: the how manieth of its kind, and what it is."""

    kind: str
    number: int
    label: str


class Point(NamedTuple):
    """A moment just before or just after a step."""

    role: str
    kind: str
    number: int
    moment: str

    def __str__(self) -> str:
        return f"{self.role}, {self.moment} {self.kind} {self.number}"


@dataclass(frozen=True)
class Orders:
    """What a process is told to do: which act to watch, where to write its steps down, and where to die."""

    act: str = ""
    watch: str = ""
    """What the ids of the workflows of the act have in them."""
    log: str = ""
    """The file to write steps down in, to which each process adds its role."""
    death: tuple[str, str, int, str] | None = None


def give_orders(file: Path, orders: Orders) -> None:
    """Have every process that reads `file` follow these orders from its next step on."""
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(vars(orders)), encoding="utf-8")
    draft.replace(file)


def steps_in(log: Path) -> tuple[Step, ...]:
    """Return the steps that a process wrote down."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return tuple(Step(**json.loads(line)) for line in lines)


@dataclass
class Doom:
    """Counts the steps of one process while it has orders, and ends it at the one that they name."""

    role: str
    file: Path
    is_of_the_act: Callable[[str], bool] = lambda _watch: True
    """Says whether what this thread does now is about the workflows that are watched."""
    _orders: Orders = field(default_factory=Orders)
    _stamp: int = -1
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=threading.Lock)

    def before(self, kind: str, label: str, *, anybodys: bool = False) -> int:
        """Count a step that is about to be taken, and return its number; 0 where it is not counted."""
        orders = self._current()
        if not orders.act or not (anybodys or self.is_of_the_act(orders.watch)):
            return 0
        with self._lock:
            self._counts[kind] += 1
            number = self._counts[kind]
        if orders.log:
            _write_down(Path(f"{orders.log}.{self.role}"), Step(kind, number, " ".join(label.split())[:_LABEL]))
        self._die_at(orders, kind, number, "before")
        return number

    def after(self, kind: str, number: int) -> None:
        """Note that a step was taken."""
        if number:
            self._die_at(self._current(), kind, number, "after")

    def _die_at(self, orders: Orders, kind: str, number: int, moment: str) -> None:
        if orders.death is not None and tuple(orders.death) == (self.role, kind, number, moment):
            os._exit(KILLED)

    def _current(self) -> Orders:
        try:
            stamp = self.file.stat().st_mtime_ns
            if stamp != self._stamp:
                with self._lock:
                    orders = Orders(**json.loads(self.file.read_text(encoding="utf-8")))
                    if orders.act != self._orders.act:
                        self._counts.clear()
                    self._orders, self._stamp = orders, stamp
        except FileNotFoundError:
            return Orders()
        return self._orders


def _write_down(log: Path, step: Step) -> None:
    # Opened anew each time: a process that dies has nothing left to write.
    descriptor = os.open(f"{log}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{json.dumps(step._asdict())}\n".encode())
    os.close(descriptor)


def in_activity_of(watch: str) -> bool:
    """Say whether this thread carries out an activity of a workflow whose id has `watch` in it."""
    return activity.in_activity() and watch in (activity.info().workflow_id or "")


def count_statements(doom: Doom) -> None:
    """Make steps of every statement and every commit of this process."""
    here = threading.local()

    def before_statement(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        here.statement = doom.before("statement", statement)

    def after_statement(*_: Any) -> None:
        doom.after("statement", here.statement)

    def before_commit(_connection: Any) -> None:
        here.commit = doom.before("commit", "")

    def back_in_the_pool(*_: Any) -> None:
        number, here.commit = getattr(here, "commit", 0), 0
        doom.after("commit", number)

    event.listen(Engine, "before_cursor_execute", before_statement)
    event.listen(Engine, "after_cursor_execute", after_statement)
    event.listen(Engine, "commit", before_commit)
    event.listen(Pool, "checkin", back_in_the_pool)


def count_files(doom: Doom, folder: Path) -> None:
    """Make steps of whatever this process opens, renames or removes in `folder`."""
    prefix = os.path.abspath(folder)  # noqa: PTH100 - the audit tells of text.

    def hear(what: str, details: tuple[Any, ...]) -> None:
        if what in {"open", "os.rename", "os.remove"} and isinstance(details[0], str | os.PathLike):
            path = os.fspath(details[0])
            if isinstance(path, str) and path.startswith(prefix):
                doom.before("file", what)

    sys.addaudithook(hear)


def count_activities(doom: Doom) -> None:
    """Make steps of the beginning and the end of every activity, which the SDK tells its log."""

    def hear(record: logging.LogRecord) -> bool:
        if record.msg.startswith(("Running activity", "Completing activity")):
            doom.before("activity", record.msg.partition(" %")[0], anybodys=True)
        return False

    log = logging.getLogger("temporalio.worker._activity")
    log.setLevel(logging.DEBUG)
    log.addFilter(hear)


class Wire:
    """Passes on what comes to a port of this process, both ways, and makes a step of each piece."""

    def __init__(self, doom: Doom, upstream: tuple[str, int], *, port: int = 0, kinds: tuple[str, str]) -> None:
        self._doom = doom
        self._upstream = upstream
        self._kinds = kinds
        self._ear = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._ear.getsockname()[1]
        return port

    def _listen(self) -> None:
        while True:
            near, _ = self._ear.accept()
            try:
                far = socket.create_connection(self._upstream)
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, target, kind in ((near, far, self._kinds[0]), (far, near, self._kinds[1])):
                threading.Thread(target=self._pass_on, args=(source, target, kind), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, kind: str) -> None:
        try:
            while piece := source.recv(_BLOCK):
                number = self._doom.before(kind, f"{len(piece)} bytes", anybodys=True)
                target.sendall(piece)
                self._doom.after(kind, number)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, target):
                end.close()
