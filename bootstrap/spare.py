"""How is the place of a process that ended taken by one that has imported everything already?"""

# Importing is nearly all of what a start of the worker or the web process takes: seconds of processor time. A spare
# does it ahead of need, then reads one line: whom to become, and where that one's log is.

import asyncio
import gc
import importlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.lifeline import tied

PROCESSES = ("worker", "web")
"""What can be started, and what a spare can become: `bootstrap.{name}` with a `main()`."""

SPARE = "spare"
"""As what `python -m bootstrap` is started to stand by."""


def imported(*names: str) -> None:
    """Import processes, and set aside what that made.

    It makes a hundred thousand objects that live as long as the process: looking through them for garbage again and
    again meanwhile is a fifth of the time that a start takes, and the same goes for every later look.
    """
    gc.disable()
    for name in names:
        importlib.import_module(f"bootstrap.{name}")
    # Less than one in a hundred of them is garbage: it is not even looked for.
    gc.freeze()
    gc.enable()


def run(name: str) -> None:
    """Run a process that was imported."""
    importlib.import_module(f"bootstrap.{name}").main()


def stand_by() -> None:
    """Import everything, wait to be told whom to become, and become it; return when nobody will tell any more."""
    imported(*PROCESSES)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return
    told = json.loads(line)
    log = os.open(told["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    run(told["name"])


@dataclass
class Spare:
    """At most one process at a time that stands by; for one event loop, in the main thread."""

    environment: Mapping[str, str] = field(default_factory=dict)
    _process: Process | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def pid(self) -> int | None:
        """The number of the process that stands by; None where none does."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def keep_one(self) -> None:
        """See that one stands by, or will in a moment; raises OSError where the machine refuses."""
        # Elsewhere a guard stands between us and the process, and our line would not reach it.
        if sys.platform != "linux":
            return
        async with self._starting:
            if self.pid is not None:
                return
            self._process = await asyncio.create_subprocess_exec(
                *tied((sys.executable, "-m", "bootstrap", SPARE), parent=os.getpid()),
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={**os.environ, **self.environment},
                process_group=0,
            )

    async def become(self, name: str, log: Path) -> Process | None:
        """Have the spare become the process `name`, which writes into `log`, and return it; None without one."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None or process.stdin is None:
            return None
        try:
            process.stdin.write(json.dumps({"name": name, "log": str(log.absolute())}).encode() + b"\n")
            await process.stdin.drain()
        except ConnectionError:
            # It has just ended.
            await process.wait()
            return None
        return process

    async def end(self) -> None:
        """Have nobody stand by any more."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
