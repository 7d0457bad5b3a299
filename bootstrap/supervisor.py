"""How are processes kept alive, whatever happens to them?"""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bootstrap import installation
from bootstrap.lifeline import tied
from bootstrap.spare import Spare

STEADY = timedelta(seconds=10)
"""A process that was healthy and ran this long was well: when it ends, it is started again at once."""

RESTART_FIRST = timedelta(milliseconds=250)
RESTART_MOST = timedelta(seconds=10)
"""How long to wait before the second start within STEADY, doubled with each, and the longest wait."""

RESTART_MOST_WHEN_WELL = timedelta(seconds=1)
"""The longest wait for a process that had come up well before it ended: whatever ended it, it can do its work."""

STARTS_AT_MOST = 3
"""A process that ends this often before it was ever healthy will not become so: its log says why."""

STOP_PATIENCE = timedelta(seconds=10)
"""How long a process may take to end when asked to, before it is killed."""

POLL = timedelta(milliseconds=100)
POLL_MOST = timedelta(seconds=2)
"""How long to wait before a process is asked again whether it is well, first and at most."""

LOG_SIZE = 10 * 1024 * 1024
"""Bytes of a log file beyond which a new one is begun at the next start; one old one is kept."""

_TAIL = 15


class PartFailed(Exception):  # noqa: N818 - named as what is the case.
    """A process does not become healthy; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process to keep alive, and how to ask whether one that was started at a moment does its work."""

    name: str
    command: tuple[str, ...]
    log: Path
    is_healthy: Callable[[datetime], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)

    spare_as: str | None = None
    """As what a spare takes its place when it ends; None: only its command does what it does."""


class _Kept:
    """A part with the process that runs it now."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.process: Process | None = None
        self.started_at = datetime.now(UTC)
        self.ends = 0
        self.is_well = False
        """Whether it has come up well since it was last started."""

        self.once_well = asyncio.Event()
        """Set when it comes up well for the first time."""

        self.keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Starts parts, starts again what ends, and stops all of them in reverse order.

    Must be used from the main thread: the children die with the thread that started them.
    """

    def __init__(
        self, *, on_change: Callable[[tuple[installation.Process, ...]], None], say: Callable[[str], None]
    ) -> None:
        self._on_change = on_change
        self._say = say
        self._kept: list[_Kept] = []
        self._spare: Spare | None = None

    async def start(self, part: Part, *, patience: timedelta) -> None:
        """Start `part`, keep it alive from now on and return once it is healthy; raises PartFailed."""
        kept = _Kept(part)
        self._kept.append(kept)
        await self._spawn(kept)
        kept.keeper = asyncio.create_task(self._keep(kept), name=f"keep {part.name}")
        well = asyncio.create_task(kept.once_well.wait())
        try:
            seconds = patience.total_seconds()
            await asyncio.wait((well, kept.keeper), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            well.cancel()
        if not kept.once_well.is_set():
            fault = (
                "ends whenever it is started" if kept.keeper.done() else f"is not ready after {int(seconds)} seconds"
            )
            raise PartFailed(f"{part.name} {fault}. The end of {part.log}:\n{_tail(part.log)}")

    async def keep_spare(self, spare: Spare) -> None:
        """From now on have `spare` take the place of what ends, and a new one stand by once that is well."""
        self._spare = spare
        await self._renew_spare()

    async def stop(self) -> None:
        """Stop every part, the last one started first; one that does not end when asked is killed."""
        for kept in reversed(self._kept):
            if kept.keeper is not None:
                kept.keeper.cancel()
                with suppress(asyncio.CancelledError):
                    await kept.keeper
            if kept.process is not None:
                await _end(kept.process)
        if self._spare is not None:
            await self._spare.end()
        with suppress(OSError):
            self._on_change(())

    async def _keep(self, kept: _Kept) -> None:
        """Start the part's process again each time that it ends; give up only on one that never was well."""
        loop = asyncio.get_running_loop()
        while kept.process is not None:
            begun = loop.time()
            status = await self._until_its_end(kept, kept.process)
            was_steady = kept.is_well and loop.time() - begun >= STEADY.total_seconds()
            kept.ends = 1 if was_steady else kept.ends + 1
            if not kept.once_well.is_set() and kept.ends >= STARTS_AT_MOST:
                return
            self._say(f"{kept.part.name} {_ending(status)}; it is started again (see {kept.part.log})")
            await self._spawn_again(kept)

    async def _until_its_end(self, kept: _Kept, process: Process) -> int:
        """Return the status with which the process ends; note meanwhile when it is well."""
        watch = asyncio.create_task(self._watch(kept), name=f"watch {kept.part.name}")
        try:
            return await process.wait()
        finally:
            watch.cancel()

    async def _watch(self, kept: _Kept) -> None:
        pause = POLL
        while not await kept.part.is_healthy(kept.started_at):
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 1.2, POLL_MOST)
        kept.is_well = True
        kept.once_well.set()
        await self._renew_spare()

    async def _spawn_again(self, kept: _Kept) -> None:
        """Start the part's process, after a pause if it has ended before; what the machine refuses is tried again."""
        while True:
            if kept.ends > 1:
                most = RESTART_MOST_WHEN_WELL if kept.is_well else RESTART_MOST
                pause = RESTART_FIRST * 2 ** min(kept.ends - 2, 10)
                await asyncio.sleep(min(pause, most).total_seconds())
            try:
                await self._spawn(kept)
            except OSError as error:
                # Out of memory, processes or room on the disk: that passes, and nobody else would start it again.
                self._say(f"{kept.part.name} could not be started: {error}")
                kept.ends += 1
            else:
                return

    async def _renew_spare(self) -> None:
        """Have a spare stand by once everything is well: until then the processor is for what is coming up."""
        if self._spare is None or not all(kept.is_well for kept in self._kept):
            return
        try:
            await self._spare.keep_one()
        except OSError as error:
            self._say(f"No spare process could be started: {error}")

    async def _spawn(self, kept: _Kept) -> None:
        _turn_over(kept.part.log)
        kept.started_at = datetime.now(UTC)
        kept.process = await self._from_spare(kept.part) or await _new_process(kept.part)
        kept.is_well = False
        try:
            self._on_change(self._processes())
        except OSError as error:
            # It runs, and dies with us, whether or not there is room to write that down.
            self._say(f"It could not be written down that {kept.part.name} runs: {error}")

    async def _from_spare(self, part: Part) -> Process | None:
        if self._spare is None or part.spare_as is None:
            return None
        return await self._spare.become(part.spare_as, part.log)

    def _processes(self) -> tuple[installation.Process, ...]:
        return tuple(
            installation.running_process(kept.part.name, kept.process.pid)
            for kept in self._kept
            if kept.process is not None and kept.process.returncode is None
        )


async def _new_process(part: Part) -> Process:
    with part.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *tied(part.command, parent=os.getpid()),
            stdin=PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **part.environment},
            # Ctrl-C in the terminal reaches the supervisor alone, which then stops all in order.
            process_group=0,
        )


async def _end(process: Process) -> None:
    """Ask `process` to end, and kill it if it does not in time."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_PATIENCE.total_seconds()):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _turn_over(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_SIZE:
            log.replace(log.with_suffix(".old"))


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-_TAIL:])
