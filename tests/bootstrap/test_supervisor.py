"""Do processes stay alive whatever happens to them, and die with their supervisor?"""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.installation import Process, birth_of
from bootstrap.lifeline import tied
from bootstrap.supervisor import Part, PartFailed, Supervisor

PATIENCE = timedelta(seconds=60)
LIVES = "import pathlib, signal, sys; pathlib.Path(sys.argv[1]).write_text('up'); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{LIVES}"
FAILS = "import sys; print('the disk is on fire'); sys.exit(3)"


class Watched:
    """A supervisor with what it said and what runs."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.running: tuple[Process, ...] = ()
        self.supervisor = Supervisor(on_change=self._note, say=self.said.append)

    def _note(self, running: tuple[Process, ...]) -> None:
        self.running = running

    def pid(self, name: str) -> int | None:
        """The number under which a part runs now."""
        return next((process.pid for process in self.running if process.name == name), None)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    """A supervisor, stopped afterwards."""
    one = Watched()
    try:
        yield one
    finally:
        await one.supervisor.stop()


def part(folder: Path, script: str = LIVES, name: str = "part") -> Part:
    """A part that is healthy once it has said so in a file."""
    sign = folder / f"{name}.sign"

    async def is_healthy(_started_at: datetime) -> bool:
        return sign.exists()

    return Part(name, (sys.executable, "-c", script, str(sign)), folder / f"{name}.log", is_healthy)


async def until(is_so: Callable[[], bool]) -> None:
    """Return once `is_so`, in any order with everything else that runs; fails after PATIENCE."""
    deadline = time.monotonic() + PATIENCE.total_seconds()
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        await _a_glance()


def _a_glance() -> Awaitable[object]:
    return asyncio.wait_for(asyncio.shield(asyncio.to_thread(os.sched_yield)), None)


async def test_a_part_counts_as_started_when_it_is_healthy(watched: Watched, tmp_path: Path) -> None:
    """Starting returns only after the part does its work, and it is then on record with its real number."""
    await watched.supervisor.start(part(tmp_path), patience=PATIENCE)
    assert (tmp_path / "part.sign").read_text() == "up"
    assert watched.pid("part") is not None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_killed_part_comes_back(watched: Watched, tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends a part, it is started again under a new number, which is put on record."""
    await watched.supervisor.start(part(tmp_path), patience=PATIENCE)
    first = watched.pid("part")
    assert first is not None
    (tmp_path / "part.sign").unlink()
    os.kill(first, number)
    await until((tmp_path / "part.sign").exists)
    assert watched.pid("part") not in {None, first}
    assert number.name in watched.said[0]


async def test_a_part_that_is_killed_again_and_again_still_comes_back(watched: Watched, tmp_path: Path) -> None:
    """Once healthy, a part is never given up, however often it is killed in a row."""
    await watched.supervisor.start(part(tmp_path), patience=PATIENCE)
    for _ in range(4):
        (tmp_path / "part.sign").unlink()
        pid = watched.pid("part")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until((tmp_path / "part.sign").exists)
    assert len(watched.said) == 4


async def test_a_part_comes_back_although_nothing_can_be_written_down(tmp_path: Path) -> None:
    """A full disk does not end the supervision: that a part runs is not on record then, and is said."""
    said: list[str] = []
    pids: list[int] = []

    def note(running: tuple[Process, ...]) -> None:
        pids.extend(process.pid for process in running)
        if len(pids) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    supervisor = Supervisor(on_change=note, say=said.append)
    try:
        await supervisor.start(part(tmp_path), patience=PATIENCE)
        for times in (2, 3):
            (tmp_path / "part.sign").unlink()
            os.kill(pids[-1], signal.SIGKILL)
            await until((tmp_path / "part.sign").exists)
            assert len(set(pids)) == times
        assert "No space left on device" in said[-1]
    finally:
        await supervisor.stop()
    assert [birth_of(pid) for pid in pids] == [None, None, None]


async def test_a_part_that_cannot_be_started_again_is_tried_until_it_can(watched: Watched, tmp_path: Path) -> None:
    """What the machine refuses for a while is not refused for good."""
    kept = part(tmp_path)
    await watched.supervisor.start(kept, patience=PATIENCE)
    first = watched.pid("part")
    assert first is not None
    (tmp_path / "part.sign").unlink()
    kept.log.unlink()
    kept.log.mkdir()
    os.kill(first, signal.SIGKILL)
    await until(lambda: any("could not be started" in line for line in watched.said))
    kept.log.rmdir()
    await until((tmp_path / "part.sign").exists)
    assert watched.pid("part") not in {None, first}


async def test_a_part_that_never_starts_says_why(watched: Watched, tmp_path: Path) -> None:
    """A part that ends at once each time fails the start, with the end of its log."""
    with pytest.raises(PartFailed, match="the disk is on fire"):
        await watched.supervisor.start(part(tmp_path, FAILS), patience=PATIENCE)


async def test_a_part_that_is_never_healthy_fails_the_start(watched: Watched, tmp_path: Path) -> None:
    """Patience ends, and the message names the part."""

    async def never(_started_at: datetime) -> bool:
        return False

    silent = Part("silent", (sys.executable, "-c", LIVES, str(tmp_path / "s")), tmp_path / "silent.log", never)
    with pytest.raises(PartFailed, match="silent is not ready"):
        await watched.supervisor.start(silent, patience=timedelta(milliseconds=100))


async def test_stopping_ends_every_part(watched: Watched, tmp_path: Path) -> None:
    """After a stop nothing runs and nothing is on record."""
    for name in ("one", "two"):
        await watched.supervisor.start(part(tmp_path, name=name), patience=PATIENCE)
    pids = [process.pid for process in watched.running]
    await watched.supervisor.stop()
    assert len(pids) == 2
    assert watched.running == ()
    assert [birth_of(pid) for pid in pids] == [None, None]
    assert watched.said == []


async def test_a_part_that_will_not_end_is_killed(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that ignores the wish to end does not keep the supervisor from ending."""
    monkeypatch.setattr("bootstrap.supervisor.STOP_PATIENCE", timedelta(milliseconds=200))
    await watched.supervisor.start(part(tmp_path, STUBBORN), patience=PATIENCE)
    pid = watched.pid("part")
    assert pid is not None
    await watched.supervisor.stop()
    assert birth_of(pid) is None


async def test_a_log_that_grew_large_is_begun_anew(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No log fills the disk: at a start a large one is put aside, in the place of the one before."""
    monkeypatch.setattr("bootstrap.supervisor.LOG_SIZE", 10)
    (tmp_path / "part.log").write_text("much too long")
    await watched.supervisor.start(part(tmp_path), patience=PATIENCE)
    assert (tmp_path / "part.old").read_text() == "much too long"
    assert (tmp_path / "part.log").read_text() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the child watches its standard input")
async def test_parts_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    """Even kill -9 of the supervisor leaves nothing running."""
    sign = tmp_path / "sign"
    script = (
        "import os, signal, subprocess\n"
        "from bootstrap.lifeline import tied\n"
        f"subprocess.Popen(tied(({sys.executable!r}, '-c', {PID_TELLER!r}, {str(sign)!r}), parent=os.getpid()))\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as supervisor:
        try:
            await until(lambda: sign.exists() and sign.read_text().endswith("\n"))
            child = int(sign.read_text())
            assert birth_of(child) is not None
        finally:
            supervisor.kill()
    await until(lambda: birth_of(child) is None)


PID_TELLER = (
    "import os, pathlib, signal, sys; pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()}\\n'); signal.pause()"
)


async def test_a_part_whose_parent_is_gone_already_does_not_start() -> None:
    """A part that comes too late ends at once instead of living for ever."""
    late = subprocess.run(tied((sys.executable, "-c", "print('alive')"), parent=1), capture_output=True, check=False)
    assert late.returncode == 1
    assert late.stdout == b""


async def test_where_the_kernel_does_not_help_a_closed_pipe_ends_the_part(tmp_path: Path) -> None:
    """Accompanied by a guard, a part ends when the pipe that its supervisor held is closed."""
    sign = tmp_path / "sign"
    command = [sys.executable, "-c", PID_TELLER, str(sign)]
    script = f"import os; from bootstrap.lifeline import accompany; os._exit(accompany({command!r}))"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as guard:
        await until(lambda: sign.exists() and sign.read_text().endswith("\n"))
        child = int(sign.read_text())
        assert guard.stdin is not None
        guard.stdin.close()
        await until(lambda: guard.poll() is not None)
    assert birth_of(child) is None
    assert guard.returncode == 128 + signal.SIGKILL
