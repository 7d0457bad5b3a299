"""Which rows does a bulk file bring, and which of its lines cannot be used?"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from activities.import_lines import Cells, Fault, FileRefused, ImportLimits, records
from activities.import_repeats import Repeats, Suspects
from activities.import_rows import RowMaker
from readiness.rows import COLUMNS, ImportKind, ImportRow

__all__ = ["BATCH_ROWS", "Batch", "Checked", "FileRefused", "ImportLimits", "Rejection", "check_file", "read_rows"]

BATCH_ROWS = 5_000
"""Rows read per batch: one short transaction each, and a sign of life at least every fraction of a second."""


class Rejection(NamedTuple):
    """Why a line is not loaded; `column` is None where the whole row is to blame. A line may have several."""

    line: int
    column: str | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is what it claims to be: how many data rows it has, and which of them other lines speak of too."""

    kind: ImportKind
    rows: int
    others: "array[int]" = field(repr=False)
    """Per row: 0, or minus the line that it repeats, or the line that it contradicts."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a file, read and judged; `rows` and `lines` run in parallel."""

    index: int
    """Which batch of the file this is, from 0; the same at every reading with the same `batch_rows`."""
    rows: list[ImportRow]
    lines: list[int]
    """The line on which each of `rows` begins, the header being line 1."""
    rejections: list[Rejection]
    rejected: int
    """Rows that cannot be used; at most as many as there are `rejections`."""
    repeated: int
    """Rows that say exactly what an earlier line of the file says: nothing to load, to be counted as unchanged."""

    @property
    def rows_read(self) -> int:
        """How many rows of the file this batch stands for."""
        return len(self.rows) + self.rejected + self.repeated


def check_file(
    path: Path,
    kind: ImportKind,
    *,
    limits: ImportLimits,
    now: datetime,
    scratch: Path | None = None,
    beat: Callable[[int], None] | None = None,
) -> Checked:
    """Read the whole file at `path` before anything is loaded from it; once more where lines seem to repeat others.

    Raises FileRefused where it is not what it claims. `beat` hears the rows read so far every few thousand rows;
    fingerprints are kept in unnamed temporary files in `scratch` (None: where the system keeps such files).
    """
    maker = RowMaker(kind, now=now)
    count = 0
    suspects = Suspects(kind)
    for _, cells in records(path, kind, limits=limits):
        suspects.add(_usable(cells, maker))
        count += 1
        if beat is not None and count % BATCH_ROWS == 0:
            beat(count)
    suspected = suspects.found()
    if suspected is None:
        return Checked(kind, count, array("i", bytes(count * array("i").itemsize)))
    with Repeats(kind, scratch) as repeats:
        for number, (line, cells) in enumerate(records(path, kind, limits=limits)):
            row = _usable(cells, maker) if suspected[number] else None
            if row is not None:
                repeats.add(row, number=number, line=line)
            if beat is not None and number % BATCH_ROWS == 0:
                beat(count)
        return Checked(kind, count, repeats.compare(count))


def read_rows(
    path: Path,
    kind: ImportKind,
    *,
    limits: ImportLimits,
    now: datetime,
    checked: Checked | None = None,
    from_batch: int = 0,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[Batch]:
    """Yield the rows of the file at `path` in batches of `batch_rows` rows read, from batch `from_batch` on.

    Raises FileRefused where the file is not what it claims, before the first batch: it is checked first, unless
    `checked` says that it has been. `now` is to be the same at every reading of one import (when it was registered):
    what is a future moment must not change between the check, the load and the load's resumption.
    """
    if checked is None:
        checked = check_file(path, kind, limits=limits, now=now)
    maker = RowMaker(kind, now=now)
    contradicted = f"says otherwise of the same {', '.join(COLUMNS[kind].identity)}"
    batch = _Filling(from_batch)
    skipped = from_batch * batch_rows
    for number, (line, cells) in enumerate(records(path, kind, limits=limits)):
        if number < skipped:
            continue
        other = checked.others[number]
        if other < 0:
            batch.repeated += 1
        elif other > 0:
            batch.reject(line, [Fault(None, "contradicts-another-line", f"line {other} {contradicted}")])
        elif isinstance(cells, Fault):
            batch.reject(line, [cells])
        elif (row := maker.usable(cells)) is None:
            batch.reject(line, maker.faults(cells))
        else:
            batch.rows.append(row)
            batch.lines.append(line)
        if number % batch_rows == batch_rows - 1:
            yield batch.done()
            batch = _Filling(batch.index + 1)
    if batch.holds_any:
        yield batch.done()


def _usable(cells: Cells | Fault, maker: RowMaker) -> ImportRow | None:
    return None if isinstance(cells, Fault) else maker.usable(cells)


class _Filling:
    """A batch while it is being filled."""

    __slots__ = ("index", "lines", "rejected", "rejections", "repeated", "rows")

    def __init__(self, index: int) -> None:
        self.index = index
        self.rows: list[ImportRow] = []
        self.lines: list[int] = []
        self.rejections: list[Rejection] = []
        self.rejected = 0
        self.repeated = 0

    @property
    def holds_any(self) -> bool:
        return bool(self.rows or self.rejected or self.repeated)

    def reject(self, line: int, faults: list[Fault]) -> None:
        self.rejected += 1
        self.rejections.extend(Rejection(line, *fault) for fault in faults)

    def done(self) -> Batch:
        return Batch(self.index, self.rows, self.lines, self.rejections, self.rejected, self.repeated)
