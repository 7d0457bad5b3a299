"""How is the whole product run as a person runs it, in a directory of its own, and looked at from outside?"""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
import pytest
from sqlalchemy import Connection

from bootstrap.api_client import Api, Refused
from bootstrap.installation import Installation, Process, Running, free_port
from bootstrap.lifeline import tied
from bootstrap.local_door import LocalDoor, mint
from readiness.commands import Role
from store.engine import Store, open_store

FIRST_PORT = 18_400
"""Where the search for a free port begins: away from the ports that people use."""

START_PATIENCE = timedelta(minutes=4)
STOP_PATIENCE = timedelta(minutes=1)
PATIENCE = timedelta(minutes=2)
"""How long anything may take on a machine that many share; what is waited for is polled, so a free one is quick."""

BRIEFLY = timedelta(milliseconds=100)
"""Pause between two looks."""

_OURS = ("LTL_", "DATABASE_URL", "TEMPORAL_")
_PROGRAMS = Path(sys.executable).parent

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], accept: Callable[[Seen], bool], *, within: timedelta = PATIENCE) -> Seen:
    """Look again and again until what is seen is acceptable, and return it; fails with the last sight."""
    deadline = time.monotonic() + within.total_seconds()
    pause = threading.Event()
    while not accept(seen := look()):
        assert time.monotonic() < deadline, f"not within {within}: last seen was {seen!r}"
        pause.wait(BRIEFLY.total_seconds())
    return seen


@contextmanager
def refused(kind: str) -> Iterator[list[Refused]]:
    """Expect a refusal of this kind; its problem document is checked, and it is the one element once left."""
    found: list[Refused] = []
    with pytest.raises(Refused) as raised:
        yield found
    refusal = raised.value
    assert refusal.kind == kind, f"refused as {refusal.kind} instead of {kind}: {refusal}"
    assert refusal.problem["status"] == refusal.status
    assert refusal.problem["title"].endswith(".")
    assert refusal.problem["detail"].endswith(".")
    found.append(refusal)


class House:
    """One `ltl up` on a directory: started and stopped as a process, spoken to over HTTP.

    It is empty unless it is to show the `demonstration`. `settings` are environment variables such as DATABASE_URL.
    """

    def __init__(
        self, directory: Path, settings: Mapping[str, str] | None = None, *, demonstration: bool = False
    ) -> None:
        self._words = () if demonstration else ("--empty",)
        self.directory = directory
        self._settings = dict(settings or {})
        self.installation = Installation(directory)
        self.port = free_port(FIRST_PORT + os.getpid() % 1_000)
        self.url = f"http://127.0.0.1:{self.port}"
        self._said = directory.parent / f"{directory.name}.out"
        self._process: subprocess.Popen[bytes] | None = None
        self._clients = ExitStack()
        self._spoken: dict[tuple[str, tuple[Role, ...], tuple[str, ...]], Api] = {}
        self._store: Store | None = None
        self._files = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- the process

    @property
    def is_up(self) -> bool:
        """Say whether it was started and not stopped since."""
        return self._process is not None

    def start(self) -> None:
        """Run `ltl up` until it says where to look."""
        begun = self.said.count(f"Open {self.url}")
        command = (
            str(_PROGRAMS / "ltl"),
            "up",
            "--data",
            str(self.directory),
            "--port",
            str(self.port),
            *self._words,
        )
        with self._said.open("ab") as out:
            self._process = subprocess.Popen(
                # Whatever becomes of the tests, nothing of theirs stays running.
                tied(command, parent=os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=_environment() | self._settings,
            )
        process = self._process
        eventually(
            lambda: (process.poll(), self.said),
            lambda seen: seen[0] is not None or seen[1].count(f"Open {self.url}") > begun,
            within=START_PATIENCE,
        )
        assert process.poll() is None, f"ltl up ended: {self.said}"

    def stop(self) -> None:
        """Ask `ltl up` to end, as Ctrl-C or a service manager does, and see that it ends well with all it started."""
        self._clients.close()
        self._spoken.clear()
        if self._store is not None:
            self._store.close()
            self._store = None
        process = self._process
        if process is None:
            return
        self._process = None
        started = self.processes() if process.poll() is None else ()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_PATIENCE.total_seconds())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        assert status == 0, f"ltl up ended with {status}: {self.said}"
        assert not [each.name for each in started if each.is_alive], "something was left running"
        assert self.installation.running() is None

    def kill(self) -> None:
        """Kill the supervisor itself, as a machine that runs out of memory does."""
        process = self._process
        assert process is not None
        self._process = None
        process.kill()
        assert process.wait() == -signal.SIGKILL

    def kill_part(self, name: str) -> Process:
        """Kill one of the processes that the supervisor keeps, and return which it was."""
        victim = self.part(name)
        os.kill(victim.pid, signal.SIGKILL)
        return victim

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Have one of the processes stand still for a while, as a machine does that swaps or is suspended."""
        pid = self.part(name).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def part(self, name: str) -> Process:
        """Return the running process called `worker`, `web` or `Temporal`."""
        return next(process for process in self.processes() if process.name == name)

    def processes(self) -> tuple[Process, ...]:
        """Return what the supervisor says that it keeps running."""
        return self.running.processes

    @property
    def running(self) -> Running:
        """What is recorded of the processes that run."""
        recorded = self.installation.running()
        assert recorded is not None, f"nothing runs: {self.said}"
        return recorded

    @property
    def said(self) -> str:
        """Everything that `ltl up` has printed so far."""
        return self._said.read_text(encoding="utf-8") if self._said.exists() else ""

    # --- what is asked of it

    def speak(self, person: str, *roles: Role, regions: Iterable[str] = ("*",)) -> Api:
        """Return a client that speaks for `person` in `roles`."""
        asked = (person, roles, tuple(regions))
        if asked not in self._spoken:
            door = LocalDoor(self.url, self.directory, patience=PATIENCE)
            self._spoken[asked] = self._clients.enter_context(
                door.as_person(person, *roles, regions=asked[2]),
            )
        return self._spoken[asked]

    def token(self, person: str, *roles: Role, regions: Iterable[str] = ("*",)) -> str:
        """Return a token such as `ltl token` prints."""
        return mint(self.directory, person, roles, regions)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Send exactly these bytes and return the bare answer."""
        stated = {"Authorization": f"Bearer {token}"} if token is not None else {}
        with httpx2.Client(base_url=self.url, timeout=PATIENCE.total_seconds(), trust_env=False) as client:
            return client.request(method, path, content=content, headers={**stated, **(headers or {})})

    def upload(self, api: Api, kind: str, content: bytes, *, within: timedelta = PATIENCE) -> dict[str, Any]:
        """Send a file and return its import once it has ended."""
        self._files += 1
        folder = self.directory.parent / f"{self.directory.name}-files"
        folder.mkdir(exist_ok=True)
        file = folder / f"{self._files}-{kind}.csv"
        file.write_bytes(content)
        sent: dict[str, Any] = api.upload(kind, file)
        return self.ended(api, sent["id"], within=within)

    def ended(self, api: Api, import_id: str, *, within: timedelta = PATIENCE) -> dict[str, Any]:
        """Return an import once it has ended."""
        found: dict[str, Any] = eventually(
            lambda: api.read(f"/v1/imports/{import_id}"),
            lambda seen: seen["state"] not in {"queued", "running"},
            within=within,
        )
        return found

    def bring_in(self, api: Api, kind: str, rows: Iterable[Mapping[str, object]]) -> dict[str, Any]:
        """Import rows, none of which may be rejected."""
        found = self.upload(api, kind, as_csv(rows))
        assert found["state"] == "completed", found
        assert found["rejected"] == 0, found
        return found

    def temporal(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Speak straight to Temporal with its own command line, past the API."""
        here = ("--address", self.running.temporal_address, "--disable-config-file", "--disable-config-env")
        return subprocess.run(
            (str(_PROGRAMS / "temporal"), *words, *here),
            capture_output=True,
            text=True,
            timeout=PATIENCE.total_seconds(),
            check=False,
            env=_environment(),
        )

    def temporal_json(self, *words: str) -> Any:
        """Return what Temporal's command line answers, as JSON."""
        done = self.temporal(*words, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def in_store(self, question: Callable[[Connection], Seen]) -> Seen:
        """Ask the database itself."""
        if self._store is None:
            own = f"sqlite:///{self.directory / 'store.sqlite'}"
            self._store = open_store(self._settings.get("DATABASE_URL", own))
        with self._store.reading() as tx:
            return question(tx)


def as_csv(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return rows as a CSV file with a header."""
    listed = list(rows)
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(dict.fromkeys(name for row in listed for name in row)), restval="")
    writer.writeheader()
    writer.writerows(listed)
    return target.getvalue().encode()


def _environment() -> dict[str, str]:
    """No setting of whoever runs the tests reaches the house, and its words come at once and on one line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    # Nothing is killed in most of them: a process that stands by would only take room from the tests beside.
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "LTL_SPARE": "false"}
