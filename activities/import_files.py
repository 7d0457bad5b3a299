"""Which rows does a bulk file bring, and which of its lines cannot be used?"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

from activities.import_columns import ColumnReader, Reading
from activities.import_lines import Fault, FileRefused, ImportLimits, Lump
from activities.import_lumps import lumps
from activities.import_repeats import Repeats, Suspects
from readiness.rows import COLUMNS, ImportKind, ImportRow
from store.packing import Packed, names_of

__all__ = [
    "BATCH_ROWS",
    "KEPT_BYTES",
    "Batch",
    "Checked",
    "FileRefused",
    "ImportLimits",
    "Rejection",
    "check_file",
    "read_rows",
]

BATCH_ROWS = 5_000
"""Rows read per batch: one short transaction each, and a sign of life at least every fraction of a second."""


KEPT_BYTES = 8 * 1024 * 1024
"""What was read of a file of at most so many bytes is kept from its check to its load, in some 40 MB: a larger one is
read once more."""


class Rejection(NamedTuple):
    """Why a line is not loaded; `column` is None where the whole row is to blame. A line may have several."""

    line: int
    column: str | None
    code: str
    reason: str


class _Read(NamedTuple):
    """Rows as they stand in the file, and what they say; None where that has not been asked."""

    lump: Lump
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is what it claims to be: how many data rows it has, and which of them other lines speak of too."""

    kind: ImportKind
    rows: int
    others: "array[int] | None" = field(repr=False)
    """Per row: 0, or minus the line that it repeats, or the line that it contradicts; None where all would be 0."""
    kept: "tuple[_Read, ...] | None" = field(default=None, repr=False)
    """All that was read of it, or None where it is too large for that."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a file, read and judged; `loadable` and `lines` run in parallel."""

    index: int
    """Which batch of the file this is, from 0."""
    first_row: int
    """How many rows of the file come before it."""
    loadable: Packed
    lines: list[int]
    """The line on which each row to load begins, the header being line 1."""
    rejections: list[Rejection]
    rejected: int
    """Rows that cannot be used; at most as many as there are `rejections`."""
    repeated: int
    """Rows that say exactly what an earlier line of the file says: nothing to load, to be counted as unchanged."""

    @property
    def rows(self) -> list[ImportRow]:
        """The rows to load, each made for whoever looks at it; loaders take `loadable`."""
        return self.loadable.rows()

    @property
    def rows_read(self) -> int:
        """How many rows of the file this batch stands for."""
        return len(self.loadable) + self.rejected + self.repeated


def check_file(
    path: Path,
    kind: ImportKind,
    *,
    limits: ImportLimits,
    now: datetime,
    scratch: Path | None = None,
    beat: Callable[[int], None] | None = None,
    kept_bytes: int = 0,
) -> Checked:
    """Read the whole file at `path` before anything is loaded from it; once more where lines seem to repeat others.

    Raises FileRefused where it is not what it claims. `beat` hears the rows read so far every few thousand rows;
    fingerprints are kept in unnamed temporary files in `scratch` (None: where the system keeps such files). What was
    read of a file of at most `kept_bytes` is there for `read_rows`.
    """
    reader = ColumnReader(kind, now=now)
    suspects = Suspects(kind)
    count = 0
    kept: list[_Read] = []
    is_kept = path.stat().st_size <= kept_bytes
    for lump in _beating(lumps(path, kind, limits=limits), beat):
        reading = reader.read(lump)
        suspects.add(reading)
        if is_kept:
            # The cells are asked for again only where some of them cannot be used.
            kept.append(_Read(lump if reading.unusable else Lump(lump.lines, (), {}), reading))
        count += len(lump.lines)
    all_read = tuple(kept) if is_kept else None
    suspected = suspects.found()
    if suspected is None:
        return Checked(kind, count, None, all_read)
    with Repeats(kind, scratch) as repeats:
        begin = 0
        for lump in _beating(lumps(path, kind, limits=limits), beat):
            end = begin + len(lump.lines)
            if any(suspected[begin:end]):
                reading = reader.read(lump)
                unusable = set(reading.unusable)
                for place in range(len(lump.lines)):
                    if suspected[begin + place] and place not in unusable:
                        values = (column[place] for column in reading.columns)
                        repeats.add(values, number=begin + place, line=lump.lines[place])
            begin = end
        return Checked(kind, count, repeats.compare(count), all_read)


def _beating(those: Iterable[Lump], beat: Callable[[int], None] | None) -> Iterator[Lump]:
    """Yield lumps, telling of each full batch of their rows."""
    count = 0
    for lump in those:
        yield lump
        told = count // BATCH_ROWS
        count += len(lump.lines)
        if beat is not None:
            for batch in range(told + 1, count // BATCH_ROWS + 1):
                beat(batch * BATCH_ROWS)


def read_rows(
    path: Path,
    kind: ImportKind,
    *,
    limits: ImportLimits,
    now: datetime,
    checked: Checked | None = None,
    from_batch: int = 0,
    from_row: int = 0,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[Batch]:
    """Yield the rows of the file at `path` in batches of `batch_rows` rows read, from batch `from_batch` on, which
    begins after `from_row` rows, however long the batches before it were.

    Raises FileRefused where the file is not what it claims, before the first batch: it is checked first, unless
    `checked` says that it has been. `now` is to be the same at every reading of one import (when it was registered):
    what is a future moment must not change between the check, the load and the load's resumption.
    """
    if checked is None:
        checked = check_file(path, kind, limits=limits, now=now)
    reader = ColumnReader(kind, now=now)
    batch = _Filling(kind, from_batch, from_row)
    before = 0
    anew = (_Read(lump, None) for lump in lumps(path, kind, limits=limits))
    for lump, said in anew if checked.kept is None else checked.kept:
        begin, after = max(from_row, before), before + len(lump.lines)
        reading = said or reader.read(lump) if begin < after else None
        while reading is not None and begin < after:
            end = min(after, batch.first_row + batch_rows)
            others = checked.others[begin:end] if checked.others is not None else None
            batch.take(_Slice(lump, reading, begin - before, end - before), others, reader)
            if end == batch.first_row + batch_rows:
                yield batch.done()
                batch = _Filling(kind, batch.index + 1, end)
            begin = end
        before = after
    if batch.holds_any:
        yield batch.done()


class _Slice(NamedTuple):
    """Rows of a lump that go into one batch."""

    lump: Lump
    reading: Reading
    begin: int
    end: int


class _Filling:
    """A batch while it is being filled."""

    __slots__ = ("_columns", "_kind", "_lines", "_rejected", "_rejections", "_repeated", "first_row", "index")

    def __init__(self, kind: ImportKind, index: int, first_row: int) -> None:
        self.index = index
        self.first_row = first_row
        self._kind = kind
        self._columns: list[list[Any]] = [[] for _ in names_of(kind)]
        self._lines: list[int] = []
        self._rejections: list[Rejection] = []
        self._rejected = 0
        self._repeated = 0

    @property
    def holds_any(self) -> bool:
        return bool(self._lines or self._rejected or self._repeated)

    def take(self, rows: _Slice, others: "array[int] | None", reader: ColumnReader) -> None:
        """Take rows, of which `others` tells what other lines say of them."""
        lump, reading, begin, end = rows
        left_out = reading.unusable[bisect_left(reading.unusable, begin) : bisect_left(reading.unusable, end)]
        if others is not None and any(others):
            left_out = sorted({*left_out, *(begin + at for at, other in enumerate(others) if other)})
        for place in left_out:
            self._leave_out(lump, place, 0 if others is None else others[place - begin], reader)
        if left_out:
            kept = bytearray(b"\1") * (end - begin)
            for place in left_out:
                kept[place - begin] = 0
            self._lines.extend(compress(lump.lines[begin:end], kept))
            for column, said in zip(self._columns, reading.columns, strict=True):
                column.extend(compress(said[begin:end], kept))
        else:
            self._lines.extend(lump.lines[begin:end])
            for column, said in zip(self._columns, reading.columns, strict=True):
                column.extend(said[begin:end])

    def _leave_out(self, lump: Lump, place: int, other: int, reader: ColumnReader) -> None:
        if other < 0:
            self._repeated += 1
            return
        if other > 0:
            contradicted = f"says otherwise of the same {', '.join(COLUMNS[self._kind].identity)}"
            faults = [Fault(None, "contradicts-another-line", f"line {other} {contradicted}")]
        else:
            faults = reader.faults(lump, place)
        self._rejected += 1
        self._rejections.extend(Rejection(lump.lines[place], *fault) for fault in faults)

    def done(self) -> Batch:
        packed = Packed(self._kind, tuple(self._columns), are_checked=True)
        return Batch(
            self.index, self.first_row, packed, self._lines, self._rejections, self._rejected, self._repeated
        )
