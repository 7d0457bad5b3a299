"""Does reading a file column by column make of it exactly what reading it cell by cell makes?"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from activities import import_columns, import_rows
from activities.import_columns import ColumnReader
from activities.import_files import Rejection, check_file, read_rows
from activities.import_lines import FileRefused, ImportLimits, Lump
from activities.import_lumps import lumps
from activities.import_rows import RowMaker
from readiness.rows import COLUMNS, ImportKind, ImportRow
from store.packing import Packed, names_of
from tests.effort import examples

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMITS = ImportLimits()
BLOCK_BYTES = 64 * 1024
"""The first bytes of a file, with the header, are always read row by row."""

ONE_FOLDER = settings(
    max_examples=examples(50), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

IDS = ("p-1", "P.2", "7", "a@b.example", "x:y+z_0", "i" * 128)
MOMENTS = (
    "2026-11-01T12:00:00Z",
    "2026-11-01T13:00:00+01:00",
    "2026-10-31T18:15-05:45",
    "2026-11-01T12:00:00.5Z",
    "2026-11-01T12:00:00.123456+00:00",
    "2026-11-22T09:05:00Z",
    "1900-01-01T00:00:00Z",
)
WORDS = ("Ann Lee", "O'Neil", "Zoë", "李", "A\u030angstro\u0308m")
SCORES = ("80", "80.0", "79.9999", "0", "100", "1e2", "8.0E+1", ".5")
ORDINARY: dict[str, tuple[str, ...]] = {
    "person_id": IDS,
    "manager_id": (*IDS, ""),
    "course_id": IDS,
    "assessment_id": IDS,
    "name": WORDS,
    "email": ("ann@x.example", "a.b+c@sub.x.example", "ö@x.example"),
    "role": (*WORDS, ""),
    "territory": (*WORDS, ""),
    "reason": (*WORDS, ""),
    "product": ("atlas-2", "orion"),
    "function": ("sales", "Field Sales"),
    "region": ("emea", "North West", "APAC"),
    "time_zone": ("Europe/Berlin", "UTC", ""),
    "active": ("true", "no", "1", ""),
    "void": ("false", "yes", "0", ""),
    "effective_at": (*MOMENTS, "2030-01-01T00:00:00Z", ""),
    "completed_at": MOMENTS,
    "attempted_at": MOMENTS,
    "score": SCORES,
}
ODD = (
    "", " ", "\t", '"', '""', 'a "b" c', "a,b", "\\N", "=1+1", "-", "\x01", "\x7f", "\u2028", "\ufeffp-1", "p\u200b1",
    "two\nlines", "two\r\nlines", "a\rb", "\n", "p-1\n", "é" * 129, "i" * 129, "n" * 300, "n" * 301, "w" * 5_000,
    "\u0958" * 150, " " * 300, "a@b@c", "@", "a@ b", f"a@{'x' * 252}", f"a@{'x' * 253}", "maybe", "TRUE", "No ",
    "Nowhere/At_all", "NaN", "sNaN1", "-inf", "1e-5", "1e999", "100.0001", "-0", "-1", "8 0", "80,5", "٨٠", "1_0",
    "0" * 39 + "1", "0" * 40 + "1",
    "2026-02-30T12:00:00Z", "2026-11-01", "2026-11-01T12:00:00", "2026-11-01 12:00Z", "20261101T120000Z",
    "2026-11-01x12:00:00Z", "2026-11-01T24:00:00Z", "2026-11-01T12:60:00Z", "2026-11-01T12:00:60Z",
    "2026-11-01T12:00:00.1234567Z", "2026-11-01T12:00:00,5Z", "2026-11-01T12:00:00+24:00",
    "2026-11-01T12:00:00+00:60",
    "2026-11-01T12:00:00+23:59", "2026-11-01T12:00:00-00:00", "2026-11-01T12:00:00+01:00:30", "2026-11-01T12Z",
    "2026-11-22T09:05:00.000001Z", "2026-11-22T10:05:01+01:00", "1899-12-31T23:59:59Z", "1900-01-01T00:30:00+01:00",
    "2999-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    "٢٠٢٦-11-01T12:00:00Z",
)  # fmt: skip
SLIPS = (*'" ,\t\x01\x1c\x85\xa0\n\ré\u2028İ٣-@', "e\u0301")


def _slipped(cell: str, at: int, slip: str) -> str:
    """Return an ordinary cell into which a finger slipped."""
    place = at % (len(cell) + 1)
    return cell[:place] + slip + cell[place:]


def _cells(column: str, *, may_be_odd: bool) -> st.SearchStrategy[str]:
    ordinary = st.sampled_from(ORDINARY[column])
    if not may_be_odd:
        return ordinary
    slipped = st.builds(_slipped, ordinary, st.integers(0, 60), st.sampled_from(SLIPS))
    # Neither NUL nor half a surrogate pair can stand in a file that is read at all.
    free = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    return ordinary | ordinary | st.sampled_from(ODD) | slipped | free


@dataclass(frozen=True)
class Sheet:
    """The rows of a file as cells, in the order of the contract; what the file leaves out is empty."""

    kind: ImportKind
    rows: list[tuple[str, ...]]
    order: tuple[str, ...]
    """The columns that the file has, in the order in which it has them."""

    @property
    def written(self) -> list[list[str]]:
        """The rows as they stand in the file."""
        names = names_of(self.kind)
        return [[row[names.index(name)] for name in self.order] for row in self.rows]


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """Draw the rows of a file of any kind, of which in some columns every cell is as it mostly is."""
    kind = draw(st.sampled_from(ImportKind))
    columns = COLUMNS[kind]
    some = draw(st.sets(st.sampled_from(columns.optional))) if columns.optional else set()
    present = {*columns.required, *some}
    odd = draw(st.just(set()) | st.sets(st.sampled_from(sorted(present))))
    rows = st.tuples(
        *(_cells(name, may_be_odd=name in odd) if name in present else st.just("") for name in names_of(kind))
    )
    return Sheet(kind, draw(st.lists(rows, min_size=1, max_size=10)), tuple(draw(st.permutations(sorted(present)))))


@dataclass
class Outcome:
    """What a file brings: its rows with their lines, what cannot be used, and how many rows only repeat."""

    rows: list[ImportRow] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    repeated: int = 0


Refusal = tuple[str, str, int | None]
"""Code, reason and line of a file of which nothing is loaded."""

NEEDS_QUOTES = set(',"\r\n')


def by_definition(sheet: Sheet) -> Outcome | Refusal:
    """Return what the file brings, by asking the definition about one row after the other."""
    maker = RowMaker(sheet.kind, now=NOW)
    found: list[tuple[int, tuple[str, ...], ImportRow | None]] = []
    line = 2
    for cells, written in zip(sheet.rows, sheet.written, strict=True):
        together = ",".join(written)
        # A quoted cell that runs over what could be a row means a quote left open, and the whole file is refused.
        if any(piece.count(",") >= len(written) - 1 for piece in together.split("\n")[1:]):
            return ("unterminated-quote", "a quote is opened in the row that begins here and not closed in it", line)
        found.append((line, cells, maker.usable(cells)))
        line += 1 + together.count("\n")
    said: dict[object, list[tuple[int, ImportRow]]] = {}
    for line, _, row in found:
        if row is not None:
            said.setdefault(_identity(sheet.kind, row), []).append((line, row))
    outcome = Outcome()
    for line, cells, row in found:
        if row is None:
            outcome.rejections.extend(Rejection(line, *fault) for fault in maker.faults(cells))
            continue
        (first_line, first), *_ = alike = said[_identity(sheet.kind, row)]
        against = next((at for at, other in alike if other != first), None)
        if against is not None:
            other = against if row == first else first_line
            named = ", ".join(COLUMNS[sheet.kind].identity)
            reason = f"line {other} says otherwise of the same {named}"
            outcome.rejections.append(Rejection(line, None, "contradicts-another-line", reason))
        elif line != first_line:
            outcome.repeated += 1
        else:
            outcome.rows.append(row)
            outcome.lines.append(line)
    return outcome


def _identity(kind: ImportKind, row: ImportRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in COLUMNS[kind].identity)


def as_read(path: Path, kind: ImportKind) -> Outcome | Refusal:
    """Return what reading the file brings, in batches of a few rows."""
    outcome = Outcome()
    try:
        for batch in read_rows(path, kind, limits=LIMITS, now=NOW, batch_rows=5):
            outcome.rows += batch.rows
            outcome.lines += batch.lines
            outcome.rejections += batch.rejections
            outcome.repeated += batch.repeated
    except FileRefused as refused:
        return (refused.code, refused.reason, refused.line)
    return outcome


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], *, end: str, quoted: bool) -> None:
    """Write a file whose rows begin where the first bytes end, so that they can be cut at their commas."""
    names = ",".join(header)
    lines = [",".join(_quoted(cell) if quoted or set(cell) & NEEDS_QUOTES else cell for cell in row) for row in rows]
    path.write_bytes(end.join([names.ljust(BLOCK_BYTES - len(end)), *lines, ""]).encode())


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def was_cut(path: Path, kind: ImportKind) -> bool:
    """Say whether all rows were cut at their commas: those read one by one come with a list of their lines."""
    return all(isinstance(lump.lines, range) for lump in lumps(path, kind, limits=LIMITS))


@ONE_FOLDER
@given(sheet=sheets(), end=st.sampled_from(["\n", "\r\n"]))
def test_a_file_brings_what_the_definition_makes_of_its_cells(tmp_path: Path, sheet: Sheet, end: str) -> None:
    """Cut at its commas or read row by row, a file brings the same rows and refusals, word for word."""
    expected = by_definition(sheet)
    plain, careful = tmp_path / "plain.csv", tmp_path / "careful.csv"
    write(plain, sheet.order, sheet.written, end=end, quoted=False)
    write(careful, sheet.order, sheet.written, end=end, quoted=True)
    assert as_read(plain, sheet.kind) == expected
    assert as_read(careful, sheet.kind) == expected
    if isinstance(expected, Outcome):
        needs_quotes = any(set(cell) & NEEDS_QUOTES for row in sheet.written for cell in row)
        has_mark = any("\x01" in cell for row in sheet.written for cell in row)
        assert was_cut(plain, sheet.kind) is not (needs_quotes or has_mark)
        assert not was_cut(careful, sheet.kind)
        event("row by row" if needs_quotes or has_mark else "cut at its commas")
        event(f"rejected: {bool(expected.rejections)}, repeated: {bool(expected.repeated)}")


@settings(max_examples=examples(100))
@given(sheet=sheets())
def test_columns_say_what_the_definition_makes_of_their_cells(sheet: Sheet) -> None:
    """Whole columns are read as cell by cell, and again so by a reader that remembers what it has read."""
    reader = ColumnReader(sheet.kind, now=NOW)
    maker = RowMaker(sheet.kind, now=NOW)
    for rows in (sheet.rows, sheet.rows[::-1]):
        columns = [
            cells if name in sheet.order else None
            for name, cells in zip(names_of(sheet.kind), zip(*rows, strict=True), strict=True)
        ]
        lump = Lump(range(2, 2 + len(rows)), columns, {})
        reading = reader.read(lump)
        usable = [maker.usable(cells) for cells in rows]
        assert reading.unusable == [place for place, row in enumerate(usable) if row is None]
        kept = [[said for said, row in zip(column, usable, strict=True) if row] for column in reading.columns]
        assert Packed(sheet.kind, tuple(kept)).rows() == [row for row in usable if row is not None]
        for place, cells in enumerate(rows):
            assert reader.faults(lump, place) == maker.faults(cells)


ROWS = 4_000


def ordinary_rows(kind: ImportKind) -> list[dict[str, str]]:
    """Return many rows as a learning system or a staff list writes them, no two of them of one person."""
    rows = []
    for number in range(ROWS):
        at = f"2026-{number % 10 + 1:02}-{number % 28 + 1:02}T{number % 8 + 9:02}:{number % 60:02}:00+01:00"
        rows.append(
            {
                "person_id": f"p-{number}",
                "manager_id": f"p-{number % 50}",
                "course_id": f"course-{number % 7}",
                "assessment_id": f"cert-{number % 3}",
                "name": f"Zoë {number}",
                "email": f"p{number}@x.example",
                "role": f"Seller {number}",
                "territory": f"North {number}",
                "reason": f"asked by {number}" if number % 2 else "",
                "product": "atlas-2",
                "function": "sales",
                "region": ("emea", "apac", "North West")[number % 3],
                "time_zone": "Europe/Berlin",
                "active": "true",
                "void": "no" if number % 2 else "",
                "effective_at": f"2026-{number % 10 + 1:02}-01T00:00:00+01:00",
                "completed_at": at,
                "attempted_at": at,
                "score": f"{number % 101}.5" if number % 101 < 100 else "100",
            }
        )
    return rows


READING = {import_columns.__file__, import_rows.__file__}


def calls_to_read(path: Path, kind: ImportKind) -> int:
    """Return how many calls of functions that read cells the check of the whole file took."""
    count = 0

    def note(frame: FrameType, what: str, _of: Any) -> None:
        nonlocal count
        if what == "call" and frame.f_code.co_filename in READING:
            count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        check_file(path, kind, limits=LIMITS, now=NOW)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("kind", ImportKind)
def test_an_ordinary_file_is_read_column_by_column(kind: ImportKind, tmp_path: Path) -> None:
    """Of an ordinary file no row is taken apart and no cell is looked at on its own; a slower way would be seen."""
    names = names_of(kind)
    cells = [[row[name] for name in names] for row in ordinary_rows(kind)]
    path = tmp_path / "ordinary.csv"
    write(path, names, cells, end="\r\n", quoted=False)
    assert was_cut(path, kind)
    assert calls_to_read(path, kind) < ROWS / 2

    slow = tmp_path / "slow.csv"
    at = names.index("person_id")
    write(slow, names, [[*row[:at], f" {row[at]}", *row[at + 1 :]] for row in cells], end="\r\n", quoted=True)
    assert not was_cut(slow, kind)
    assert calls_to_read(slow, kind) > ROWS
