"""How is what was measured printed, so that it can be read, compared and put into the docs?"""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_GIBIBYTE = 2**30


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured, beside the bare thing and the bar that was set for it."""

    what: str
    ours: float
    unit: str
    bare: float | None = None
    """The bare thing in the same unit, measured in the same run in turns with ours."""

    at_most: float | None = None
    """The bar: for the ratio where there is a bare thing, else for ours in its unit."""

    note: str = ""

    @property
    def judged(self) -> float:
        """The ratio to the bare thing, or else the figure itself."""
        return self.ours if self.bare is None else self.ours / self.bare

    @property
    def is_within(self) -> bool | None:
        """Whether the bar was met; None where none was set."""
        return None if self.at_most is None else self.judged <= self.at_most


@dataclass(frozen=True, slots=True)
class Table:
    """What one benchmark measured, and what it does not show."""

    title: str
    lines: Sequence[Line]
    seed: int | None = None
    limits: str = ""

    def markdown(self) -> str:
        """Return the table as Markdown, with its seed and its limits below."""
        rows = ["| what | ours | bare | ratio | bar | met |", "|---|---|---|---|---|---|", *map(_row, self.lines)]
        below = [f"Seed {self.seed}."] if self.seed is not None else []
        below += [self.limits] if self.limits else []
        return "\n".join([f"### {self.title}", "", *rows, *(["", " ".join(below)] if below else [])])


def _row(line: Line) -> str:
    ratio = "" if line.bare is None else f"{line.judged:.2f} x"
    bar = "" if line.at_most is None else _amount(line.at_most, " x" if line.bare is not None else f" {line.unit}")
    met = {None: "", True: "yes", False: "**no**"}[line.is_within]
    bare = "" if line.bare is None else _amount(line.bare, f" {line.unit}")
    what = f"{line.what} ({line.note})" if line.note else line.what
    return f"| {what} | {_amount(line.ours, f' {line.unit}')} | {bare} | {ratio} | {bar} | {met} |"


def _amount(figure: float, unit: str) -> str:
    digits = 0 if figure >= 100 or figure == int(figure) else 1 if figure >= 10 else 2
    return f"{figure:,.{digits}f}{unit}"


def machine() -> str:
    """Return when and on what size of machine this was measured, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, load {load:.1f} when it ended"
    )


def percentile(figures: Iterable[float], share: float) -> float:
    """Return the figure that `share` (0 to 1) of all do not exceed, by the nearest-rank method; raises IndexError."""
    ranked = sorted(figures)
    return ranked[max(0, -(-len(ranked) * int(share * 1000) // 1000) - 1)]


def peak_memory_of(pid: int) -> int:
    """Return the most memory that a process has held so far, in bytes; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
