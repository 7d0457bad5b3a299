"""What do the cells of many rows say, read column by column?"""

# By definition a row is what `activities.import_rows` makes of its cells. Here the same is found for a whole column
# at once where its cells are as they mostly are. Where one is not, `None` says so and the definition is asked cell by
# cell; why a row cannot be used is told by the definition alone.

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from unicodedata import normalize

from activities.import_lines import Fault, Lump
from activities.import_rows import EARLIEST, LONGEST_EMAIL, LONGEST_LINE, CellError, Parser, RowMaker, pattern_of
from readiness.rows import ImportKind
from readiness.values import Identifier
from store.packing import Column
from store.types import to_microseconds, to_ten_thousandths

_REMEMBERED = 4096
"""Distinct cells of a column whose reading is remembered: files repeat them, mostly close by."""

_HOURS_REMEMBERED = 65_536
"""Seven years of hours: about 8 MB, and a file with so many different ones has far more rows."""

_Cells = Sequence[str]
_AtOnce = Callable[[_Cells], Column | None]
"""Returns what all cells of a column say, or None where one of them asks for a closer look."""


class Reading(NamedTuple):
    """What the rows of a lump say, column by column and packed."""

    columns: tuple[Column, ...]
    unusable: list[int]
    """The places of rows that cannot be used, in order; what stands there in the columns means nothing."""


class ColumnReader:
    """Reads lumps of one kind; completions and attempts dated well after `now` cannot be used."""

    def __init__(self, kind: ImportKind, *, now: datetime) -> None:
        self._maker = RowMaker(kind, now=now)
        latest = to_microseconds(self._maker.latest)
        self._columns = [_column(name, parse, latest) for name, parse in self._maker.parsers.items()]

    def read(self, lump: Lump) -> Reading:
        """Return what the rows of `lump` say."""
        unusable = set(lump.faults)
        columns: list[Column] = []
        for cells, column in zip(lump.columns, self._columns, strict=True):
            if cells is None:
                columns.append([column.left_out] * len(lump.lines))
                continue
            said = column.at_once(cells)
            if said is None:
                said, unreadable = _one_by_one(cells, column.parse)
                unusable.update(unreadable)
            columns.append(said)
        return Reading(tuple(columns), sorted(unusable))

    def faults(self, lump: Lump, place: int) -> list[Fault]:
        """Return everything that is wrong with one row of `lump`."""
        fault = lump.faults.get(place)
        return [fault] if fault is not None else self._maker.faults(lump.cells(place))


class _Column(NamedTuple):
    at_once: _AtOnce
    parse: Parser
    """Reads one cell, packed."""
    left_out: Any
    """What is said by a column that the file lacks."""


def _column(name: str, parse: Parser, latest: int) -> _Column:
    one = _packing(parse)
    if name in {"completed_at", "attempted_at"}:
        moments = _PastMoments(one, latest)
        return _Column(moments.at_once, moments.one, None)
    try:
        left_out = one("")
    except CellError:
        left_out = None
    return _Column(_AT_ONCE.get(name) or _Remembering(one).at_once, one, left_out)


def _packing(parse: Parser) -> Parser:
    def one(cell: str) -> Any:
        said = parse(cell)
        if isinstance(said, datetime):
            return to_microseconds(said)
        return to_ten_thousandths(said) if isinstance(said, Decimal) else said

    return one


def _one_by_one(cells: _Cells, parse: Parser) -> tuple[Column, list[int]]:
    said: list[Any] = []
    unreadable: list[int] = []
    for place, cell in enumerate(cells):
        try:
            said.append(parse(cell))
        except CellError:
            said.append(None)
            unreadable.append(place)
    return said, unreadable


class _UnusualError(CellError):
    """The cell is left to the definition."""

    def __init__(self) -> None:
        super().__init__("unusual", "")


class _Remembering(dict[str, Any]):
    """Reads cells that are likely to come again."""

    def __init__(self, parse: Parser, most: int = _REMEMBERED) -> None:
        super().__init__()
        self._parse = parse
        self._most = most

    def __missing__(self, cell: str) -> Any:
        said = self._parse(cell)
        if len(self) >= self._most:
            self.clear()
        self[cell] = said
        return said

    def at_once(self, cells: _Cells) -> Column | None:
        try:
            return [self[cell] for cell in cells]
        except CellError:
            return None


_IS_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3])").fullmatch
_IS_REST = re.compile(r":[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})").fullmatch
_HOUR_LENGTH = len("2027-03-01T09")
_ANY_HOUR = "2000-01-01T00"
_ANY_HOUR_AT = datetime(2000, 1, 1, tzinfo=UTC)


class _PastMoments:
    """Reads moments as the sum of an hour and the minutes, seconds and offset after it: both come again and again."""

    def __init__(self, parse: Parser, latest: int) -> None:
        self._parse = parse
        self._earliest = to_microseconds(EARLIEST)
        self._latest = latest
        self._hours = _Remembering(_hour, _HOURS_REMEMBERED)
        self._rests = _Remembering(_rest)

    def at_once(self, cells: _Cells) -> Column | None:
        hours, rests = self._hours, self._rests
        try:
            said = [hours[cell[:_HOUR_LENGTH]] + rests[cell[_HOUR_LENGTH:]] for cell in cells]
        except CellError:
            return None
        return said if self._earliest <= min(said) and max(said) <= self._latest else None

    def one(self, cell: str) -> Any:
        """Read one cell, by the definition where it is not as it mostly is."""
        said = self.at_once((cell,))
        return self._parse(cell) if said is None else said[0]


def _hour(text: str) -> int:
    if not _IS_HOUR(text):
        raise _UnusualError
    try:
        return to_microseconds(datetime.fromisoformat(f"{text}:00Z"))
    except ValueError:
        raise _UnusualError from None


def _rest(text: str) -> int:
    if not _IS_REST(text):
        raise _UnusualError
    try:
        return (datetime.fromisoformat(_ANY_HOUR + text) - _ANY_HOUR_AT) // timedelta(microseconds=1)
    except ValueError:
        raise _UnusualError from None


_ID = pattern_of(Identifier).pattern.removeprefix("^").removesuffix("$")
_not_an_id = re.compile(rf"\n(?!{_ID}\n|\Z)").search
_not_an_id_nor_empty = re.compile(rf"\n(?!(?:{_ID})?\n|\Z)").search
_not_an_email = re.compile(r"\n(?![^@\s]+@[^@\s]+\n|\Z)").search


def _are_all(cells: _Cells, is_found: Callable[[str], object]) -> bool:
    """Say whether nothing that must not be there is found in the lines that `cells` make, one each."""
    together = "\n".join(cells)
    return together.count("\n") == len(cells) - 1 and is_found(f"\n{together}\n") is None


def _identifiers(cells: _Cells) -> Column | None:
    return cells if _are_all(cells, _not_an_id) else None


def _optional_identifiers(cells: _Cells) -> Column | None:
    return [cell or None for cell in cells] if _are_all(cells, _not_an_id_nor_empty) else None


def _optional_lines(cells: _Cells) -> Column | None:
    together = "".join(cells)
    # Printable text holds nothing that is refused: only its form remains to be settled.
    if not together.isprintable() or max(map(len, cells)) > LONGEST_LINE:
        return None
    if not together.isascii():
        cells = [normalize("NFC", cell) for cell in cells]
    return [cell.strip() or None for cell in cells]


def _lines(cells: _Cells) -> Column | None:
    said = _optional_lines(cells)
    return None if said is None or None in said else said


def _emails(cells: _Cells) -> Column | None:
    said = _lines(cells)
    is_good = said is not None and max(map(len, said)) <= LONGEST_EMAIL and _are_all(said, _not_an_email)
    return said if is_good else None


_AT_ONCE: dict[str, _AtOnce] = {
    "person_id": _identifiers,
    "manager_id": _optional_identifiers,
    "name": _lines,
    "email": _emails,
    "role": _optional_lines,
    "territory": _optional_lines,
    "reason": _optional_lines,
}
"""Columns of which most cells differ; the cells of the others are remembered."""
