"""How is one web process run on a database of the test's own, with nothing else of the house around it?"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from api.identity import EVERYWHERE, EmbeddedIssuer, RoleGrant
from bootstrap.installation import free_port
from bootstrap.keys import signing_key
from bootstrap.lifeline import tied
from readiness.commands import Role
from readiness.keys import RegionKey
from store.engine import open_store
from tests.store.desk import PRODUCT, Clock, Desk
from tests.stories.house import eventually

FIRST_PORT = 21_400
"""Where the search for a free port begins: away from the ports of the stories."""

START_PATIENCE = timedelta(minutes=2)
STOP_PATIENCE = timedelta(seconds=30)
ANSWER_PATIENCE = timedelta(minutes=1)

SALES_LEAD, MARKETER, ENABLER, AUDITOR = "sa-1", "ma-1", "en-1", "au-1"
_OURS = ("LTL_", "DATABASE_URL", "TEMPORAL_")


class LoneWeb:
    """A web process as production runs it. There is no workflow engine: what needs none works all the same."""

    def __init__(
        self,
        directory: Path,
        database_url: str,
        *,
        prefix: tuple[str, ...] = (),
        skew: timedelta = timedelta(0),
        **settings: str,
    ) -> None:
        """Run it behind the words of `prefix`, which say for instance how many files it may open; `skew` is how far
        its clock is off."""
        self.directory = directory
        self._command = (*prefix, *python_module("bootstrap.web", skew))
        self._skew = skew
        self.port = free_port(FIRST_PORT + os.getpid() % 1_000)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / "web.log"
        self._settings = {
            "LTL_DATA": str(directory),
            "LTL_PORT": str(self.port),
            "DATABASE_URL": database_url,
            # Nobody listens there; the discard port is not given away to anybody either.
            "TEMPORAL_ADDRESS": "127.0.0.1:9",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[tuple[str, ...], str] = {}
        # Many threads ask at once, and none of them waits for a connection.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx2.Client(
            base_url=self.url, timeout=ANSWER_PATIENCE.total_seconds(), trust_env=False, limits=limits
        )

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                tied(self._command, parent=os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**kept, **self._settings},
            )
        eventually(self._is_up, bool, within=START_PATIENCE)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._client.close()
        process = self._process
        if process is not None:
            process.terminate()
            try:
                status = process.wait(STOP_PATIENCE.total_seconds())
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            assert status == 0, self.said[-2_000:]

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process is not None
        return self._process.pid

    @property
    def said(self) -> str:
        """What the process has logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def headers(self, person: str, *roles: Role) -> dict[str, str]:
        """Return the headers by which `person` is known in `roles`; the issuer's clock is that of the process."""
        known = (person, *roles)
        if known not in self._tokens:
            issuer = EmbeddedIssuer(signing_key(self.directory), clock=lambda: datetime.now(UTC) + self._skew)
            self._tokens[known] = issuer.mint(person, [RoleGrant(role, EVERYWHERE) for role in roles])
        return {"Authorization": f"Bearer {self._tokens[known]}"}

    def ask(
        self, method: str, path: str, person: str, role: Role, *, key: str | None = None, **more: Any
    ) -> "Answer":
        """Ask, and return what was answered and how long it took."""
        headers = self.headers(person, role) | ({"Idempotency-Key": key} if key else {}) | more.pop("headers", {})
        begun = time.monotonic()
        response = self._client.request(method, path, headers=headers, **more)
        return Answer(response, time.monotonic() - begun)

    def read_board(self) -> "Answer":
        """Read the board, as an auditor."""
        return self.ask("GET", "/v1/readiness", AUDITOR, Role.AUDITOR)

    def read_region(self, region: str = "emea") -> "Answer":
        """Read the readiness of a region, as an auditor."""
        path = f"/v1/launches/{PRODUCT}/regions/{region}/readiness"
        return self.ask("GET", path, AUDITOR, Role.AUDITOR)

    def hear(self, key: str, region: str = "emea") -> "Answer":
        """Write down an objection from the field, which needs the store and nothing else."""
        path = f"/v1/launches/{PRODUCT}/regions/{region}/objections"
        body = {"objection": f"It is too dear, says {key}.", "heard": "At the counter."}
        return self.ask("POST", path, SALES_LEAD, Role.SALES_LEAD, key=key, json=body)

    def send_file(self, content: bytes, kind: str = "completions") -> "Answer":
        """Send a bulk file as the raw body."""
        return self.ask(
            "POST",
            f"/v1/imports/{kind}",
            ENABLER,
            Role.ENABLEMENT,
            content=content,
            headers={"Content-Type": "text/csv"},
        )

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def python_module(name: str, skew: timedelta = timedelta(0)) -> tuple[str, ...]:
    """Return the command that runs a module of ours, with a clock that is off by `skew`."""
    if not skew:
        return (sys.executable, "-m", name)
    return (sys.executable, "-m", "tests.torture.skewed", str(skew.total_seconds()), name)


class Answer:
    """One answer: what it said, and how many seconds it took."""

    def __init__(self, response: httpx2.Response, seconds: float) -> None:
        self.response = response
        self.status = response.status_code
        self.seconds = seconds

    @property
    def kind(self) -> str:
        """The slug of the problem that it tells of; empty where it tells of none."""
        if self.response.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.response.json()["type"]).rpartition("/")[2]

    @property
    def is_honest(self) -> bool:
        """True of a success, and of a problem that says when to ask again."""
        if self.status < 400:
            return True
        return bool(self.kind) and self.status in {503, 507} and int(self.response.headers.get("retry-after", 0)) > 0

    def __repr__(self) -> str:
        return f"{self.status} {self.kind} after {self.seconds:.2f} s"


def seeded(url: str, *, at: datetime | None = None, **settings: Any) -> RegionKey:
    """Bring one region of a launch in the database at `url` to a go, three months ahead; return its key."""
    clock = Clock(at or datetime.now(UTC))
    store = open_store(url, clock)
    try:
        desk = Desk(store, clock)
        (key,) = desk.start("emea", launch_at=clock.now.replace(microsecond=0) + timedelta(days=90))
        desk.write_all()
        desk.teach("emea")
        desk.sign_all(key)
        desk.look(key)
        return key
    finally:
        store.close()


def grouped(answers: "Mapping[str, Any] | list[Answer]") -> str:
    """Return how many answers there were of each kind, with the slowest of them."""
    found = list(answers.values()) if isinstance(answers, Mapping) else answers
    kinds = sorted({(each.status, each.kind) for each in found})
    return ", ".join(
        f"{sum((each.status, each.kind) == kind for each in found)} x {kind[0]} {kind[1]}".strip()
        + f" (slowest {max(each.seconds for each in found if (each.status, each.kind) == kind):.2f} s)"
        for kind in kinds
    )
