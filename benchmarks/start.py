"""How long does a start take: of everything on this machine, and of the command line?"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from benchmarks.tables import Line, Table
from bootstrap.installation import LOOPBACK, Installation, Running, free_port
from bootstrap.lifeline import tied

STARTS = 5
HELPS = 15
"""Rounds; ours and the bare program take turns."""

FIRST_PORT = 22_400
"""Where the search for a free port begins: away from those that people and tests use."""

SECONDS_TO_HEALTHY = 8
RATIO_OF_HELP = 2

PATIENCE_SECONDS = 300.0
GLANCE = 0.02
"""Seconds between two looks at what is waited for."""

BARE_PROGRAM = '''
import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def one(name: str) -> None:
    """Do one thing."""


@app.command()
def two(name: str) -> None:
    """Do another."""


app()
'''

_OURS = ("LTL_", "DATABASE_URL", "TEMPORAL_")
_TICKS = os.sysconf("SC_CLK_TCK")


def tables() -> Iterable[Table]:
    """Measure the start of everything, then the command line."""
    with TemporaryDirectory(prefix="ltl-bench-") as folder:
        yield of_everything(Path(folder) / "ltl")
        yield of_the_command_line(Path(folder))


def of_everything(directory: Path) -> Table:
    """Measure `ltl up` on a directory that it has been used on before, with the demonstration in it."""
    # The first time it makes the directory and compiles what is imported; that is not what is measured.
    with _up(directory) as first:
        first.wait_for("Open ")
    rounds = []
    for _ in range(STARTS):
        with _up(directory) as started:
            rounds.append(started.milestones())
            started.wait_for("Open ")
    return Table(
        title="`ltl up` on an existing data directory",
        lines=[
            Line(
                "to the first healthy answer",
                median(each["healthy"] for each in rounds),
                "s",
                at_most=SECONDS_TO_HEALTHY,
                note=f"median of {STARTS}; the longest took {max(each['healthy'] for each in rounds):.1f} s",
            ),
            Line("of it, until the first process is started", median(each["begun"] for each in rounds), "s"),
            Line("of it, until Temporal answers", median(each["engine"] for each in rounds), "s"),
            Line("of it, until the web process answers", median(each["alive"] for each in rounds), "s"),
            Line("processor time of all processes until then", median(each["worked"] for each in rounds), "s"),
        ],
        limits="Healthy: /readyz says that store, Temporal and a worker are there. On a machine that does other "
        "things besides, the processor time over the number of cores says more than the clock.",
    )


def of_the_command_line(folder: Path) -> Table:
    """Measure `ltl --help` beside the least program that the same library makes."""
    bare = folder / "bare.py"
    bare.write_text(BARE_PROGRAM, encoding="utf-8")
    ours_command = (str(Path(sys.executable).parent / "ltl"), "--help")
    bare_command = (sys.executable, str(bare), "--help")
    ours, bares = [], []
    for _ in range(HELPS):
        ours.append(_takes(ours_command))
        bares.append(_takes(bare_command))
    return Table(
        title="`ltl --help` beside a bare typer program",
        lines=[
            Line("wall clock", median(ours) * 1000, "ms", bare=median(bares) * 1000, at_most=RATIO_OF_HELP),
            Line(
                "modules imported",
                _imported(ours_command),
                "modules",
                bare=_imported(bare_command),
                at_most=RATIO_OF_HELP,
            ),
        ],
        limits=f"Medians of {HELPS}, in turns, with warm caches. The bare program has two commands, ours fifteen.",
    )


class _Up:
    """One running `ltl up`."""

    def __init__(self, directory: Path, port: int) -> None:
        self._installation = Installation(directory)
        self._url = f"http://{LOOPBACK}:{port}"
        self._said = directory.parent / "said"
        self._begun = time.monotonic()
        command = (str(Path(sys.executable).parent / "ltl"), "up", "--data", str(directory), "--port", str(port))
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                tied(command, parent=os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**_environment(), "PYTHONUNBUFFERED": "1"},
            )

    def milestones(self) -> dict[str, float]:
        """Return after how many seconds each was reached."""
        reached: dict[str, float] = {}
        looks: dict[str, Callable[[], bool]] = {
            "begun": lambda: bool(self._running and self._running.processes),
            "engine": lambda: bool(
                self._running and _answers(f"{self._running.temporal_ui}/api/v1/namespaces/default")
            ),
            "alive": lambda: _answers(f"{self._url}/livez"),
            "healthy": lambda: _answers(f"{self._url}/readyz"),
        }
        for name, is_there in looks.items():
            while not is_there():
                self._glance()
            reached[name] = time.monotonic() - self._begun
        reached["worked"] = _processor_seconds(self.process.pid)
        return reached

    def wait_for(self, words: str) -> None:
        """Return once `ltl up` has said `words`."""
        while words not in self._said.read_text(encoding="utf-8"):
            self._glance()

    @property
    def _running(self) -> Running | None:
        return self._installation.running()

    def _glance(self) -> None:
        if self.process.poll() is not None or time.monotonic() - self._begun > PATIENCE_SECONDS:
            raise RuntimeError(f"ltl up did not come up: {self._said.read_text(encoding='utf-8')}")
        time.sleep(GLANCE)


@contextmanager
def _up(directory: Path) -> Iterator[_Up]:
    started = _Up(directory, free_port(FIRST_PORT + os.getpid() % 1_000))
    try:
        yield started
    finally:
        started.process.terminate()
        started.process.wait(PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    """Say whether a GET of `url` is answered with 200; no proxy has a part in it."""
    with suppress(URLError, OSError), build_opener(ProxyHandler({})).open(url, timeout=5) as response:
        return bool(response.status == HTTPStatus.OK)
    return False


def _takes(command: tuple[str, ...]) -> float:
    """Return how many seconds it takes to show the help."""
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment())
    took = time.perf_counter() - begun
    assert "Usage:" in done.stdout
    return took


def _imported(command: tuple[str, ...]) -> int:
    """Return how many modules are imported for it."""
    words = (sys.executable, "-X", "importtime", *command[command[0] == sys.executable :])
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=_environment())
    return len(re.findall(r"^import time: +\d", done.stderr, re.MULTILINE))


def _processor_seconds(root: int) -> float:
    """Return the processor time that a process and everything that it started have used so far; Linux only."""
    stats: dict[int, list[str]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            stats[int(stat.parent.name)] = stat.read_text(errors="replace").rpartition(")")[2].split()
    family = {root}
    # A child may come before its parent in the listing, so it is looked through until nobody is added.
    while more := {pid for pid, words in stats.items() if pid not in family and int(words[1]) in family}:
        family |= more
    return sum(int(word) for pid in family if pid in stats for word in stats[pid][11:15]) / _TICKS


def _environment() -> dict[str, str]:
    """No setting of whoever measures reaches what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
