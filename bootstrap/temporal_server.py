"""How is the real Temporal server started on this machine, with nothing lost when it is killed?"""

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bootstrap.glance import glance
from bootstrap.installation import LOOPBACK
from bootstrap.supervisor import Part

ASK_PATIENCE = timedelta(seconds=10)
"""How long one question to the server may take; a loaded machine needs seconds for the first."""

SEARCH_ATTRIBUTES = (
    ("LaunchProduct", "Keyword"),
    ("LaunchRegion", "Keyword"),
    ("LaunchStage", "Keyword"),
    ("LaunchVerdict", "Keyword"),
    ("LaunchAt", "Datetime"),
)
"""What `workflows.names` says, as Temporal's own program spells it. It stands here because reading it there takes the
import of the whole SDK, which a start has no time for; a test compares the two."""

TASK_QUEUE = "learn-then-launch"
"""What `workflows.names` says; the same test compares."""


class TemporalMissing(Exception):  # noqa: N818 - named as what is the case.
    """The `temporal` program is not where it should be."""


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """A Temporal server on the loopback interface that keeps everything in one SQLite file."""

    program: Path
    file: Path
    port: int
    ui_port: int
    log: Path
    namespace: str = "default"

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui(self) -> str:
        """Where operators look."""
        return f"http://{LOOPBACK}:{self.ui_port}"

    def part(self) -> Part:
        """Return the process to keep alive."""
        return Part(
            name="Temporal",
            command=self.command(),
            log=self.log,
            is_healthy=lambda _started_at: self.answers(),
        )

    def command(self, search_attributes: Iterable[tuple[str, str]] = SEARCH_ATTRIBUTES) -> tuple[str, ...]:
        """Return the command that runs the server; `search_attributes` are names with types such as `Keyword`."""
        return (
            str(self.program),
            *("server", "start-dev"),
            *("--ip", LOOPBACK, "--port", str(self.port), "--ui-port", str(self.ui_port)),
            *("--db-filename", str(self.file)),
            # With `full` each commit is on the disk before it is answered: 250 fsyncs where `normal` makes 9.
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full"),
            *("--namespace", self.namespace),
            *(word for name, kind in search_attributes for word in ("--search-attribute", f"{name}={kind}")),
            # No page of an installation without a network fetches anything.
            "--ui-disable-news-fetch",
            *("--log-level", "warn", "--disable-config-file", "--disable-config-env"),
        )

    async def answers(self) -> bool:
        """Say whether the server answers and has its namespace."""
        return await self._glance("") is not None

    async def keep_histories(self, retention: timedelta) -> None:
        """Have the server keep what has ended for `retention`, in whole hours; raises RuntimeError."""
        hours = f"{int(retention.total_seconds() // 3600)}h"
        wish = ("operator", "namespace", "update", "--namespace", self.namespace, "--retention", hours)
        status, said = await self._ask(*wish)
        if status != 0:
            raise RuntimeError(f"Temporal did not take the retention of {hours}: {said.strip()}")

    async def polled_since(self, task_queue: str, moment: datetime) -> bool:
        """Say whether a worker has asked for workflow tasks of `task_queue` at or after `moment`."""
        described = await self._glance(f"/task-queues/{task_queue}?taskQueueType=TASK_QUEUE_TYPE_WORKFLOW")
        pollers = (described or {}).get("pollers") or ()
        return any(datetime.fromisoformat(poller["lastAccessTime"]) >= moment for poller in pollers)

    async def _glance(self, path: str) -> dict[str, Any] | None:
        """Return what the server says of its namespace over HTTP; None where it does not know or does not answer."""
        asked = f"{self.ui}/api/v1/namespaces/{self.namespace}{path}"
        answer = await glance(asked, patience=ASK_PATIENCE.total_seconds())
        if answer is None or answer.status != HTTPStatus.OK:
            return None
        try:
            document = json.loads(answer.body)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    async def _ask(self, *words: str) -> tuple[int, str]:
        """Return the status and the output of one call of the program, a status of 1 where it takes too long."""
        command = (*words, "--address", self.address, "--disable-config-file", "--disable-config-env")
        process = await asyncio.create_subprocess_exec(
            str(self.program), *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        try:
            async with asyncio.timeout(ASK_PATIENCE.total_seconds()):
                said, complained = await process.communicate()
        except TimeoutError:
            return 1, "it did not answer in time"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, (said if process.returncode == 0 else complained).decode(errors="replace")


def program(chosen: Path | None = None) -> Path:
    """Return the `temporal` program: the `chosen` one, the one beside this Python, or the one on the path.

    Raises TemporalMissing.
    """
    if chosen is not None:
        if shutil.which(chosen) is None:
            raise TemporalMissing(f"LTL_TEMPORAL_BIN names {chosen}, which is not a program that can be run.")
        return chosen
    beside = Path(sys.executable).parent / "temporal"
    found = shutil.which(beside) or shutil.which("temporal")
    if found is None:
        raise TemporalMissing(
            f"There is no Temporal server at {beside}. Run `make setup`, or name one with LTL_TEMPORAL_BIN."
        )
    return Path(found)
