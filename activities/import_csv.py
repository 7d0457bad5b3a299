"""How is a CSV file taken apart into columns of cells?"""

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from activities.import_lines import (
    Block,
    Cells,
    Fault,
    FileRefused,
    ImportLimits,
    Lump,
    Progress,
    Record,
    blocks_of,
    lumped,
    missing_columns,
    shown,
    unknown_column,
    unterminated,
)
from readiness.rows import REJECTED_BECAUSE, Columns

_MARK = "\x01"
"""Put at the beginning of each line to see whether the cells of a block stand in columns: a character that no cell
which can be used holds."""


def csv_lumps(file: BinaryIO, columns: Columns, limits: ImportLimits) -> Iterator[Lump]:
    """Yield the rows of a CSV file; raises FileRefused as soon as it is not what it claims.

    A block without quotes is cut at its commas, all lines at once. Where that does not give one row a line, with as
    many cells as the header has, Python's reader takes the block row by row: it alone says what is wrong.
    """
    progress = Progress()
    header = _Header(columns)
    blocks = blocks_of(file, limits, progress)
    for block in blocks:
        lump = header.cut(block) if header.width else None
        if lump is None:
            yield from lumped(_rows(block, blocks, header, progress), width=len(header.known))
        else:
            progress.ends_on = lump.lines[-1]
            yield lump
    if not header.width:
        raise FileRefused("empty-file", "the file holds only blank lines; even a file without rows has a header")


_APOSTROPHE = re.compile(r"^'(?=[=+\-@\t\r\n])")
"""What our own file of bad rows has put before a cell that a spreadsheet would take for a formula."""


class _Header:
    """Knows where each column stands, once the first row has told."""

    def __init__(self, columns: Columns) -> None:
        self.width = 0
        """How many cells the header has; 0 until it is read."""
        self.known = (*columns.required, *columns.optional)
        self._required = columns.required
        self._places: tuple[int | None, ...] = ()
        self._was_mended = False

    def read(self, cells: list[str], line: int) -> None:
        """Take the cells of the header, which stands on `line`; raises FileRefused."""
        names = [cell.strip() for cell in cells]
        self._was_mended = REJECTED_BECAUSE in names
        if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
            raise FileRefused("unknown-column", f"the header {shown(names[0])} is not separated by commas", line)
        for name in names:
            if name not in self.known and name != REJECTED_BECAUSE:
                raise unknown_column(name, self.known, line)
            if names.count(name) > 1:
                raise FileRefused("duplicate-column", f"the column {name} is there {names.count(name)} times", line)
        missing = [name for name in self._required if name not in names]
        if missing:
            raise missing_columns(missing, line)
        self.width = len(names)
        self._places = tuple(names.index(name) if name in names else None for name in self.known)

    def in_order(self, cells: list[str]) -> Cells:
        """Return the cells of a row in the order of the contract."""
        if self._was_mended:
            cells = [_APOSTROPHE.sub("", cell) for cell in cells]
        return tuple("" if place is None else cells[place] for place in self._places)

    def cut(self, block: Block) -> Lump | None:
        """Return the rows of a block that has one a line and no quotes, or None where it must be read row by row."""
        text = block.text
        if self._was_mended or '"' in text or _MARK in text or len(text) > csv.field_size_limit():
            return None
        if "\r" in text:
            text = text.replace("\r\n", "\n")
            if "\r" in text:
                return None
        text = text.removesuffix("\n")
        rows = text.count("\n") + 1
        # Each line's mark begins a cell. If every one of as many cells as there are lines, taken at the header's
        # width, has a mark, then no line has more or fewer cells than the header.
        cells = (_MARK + text.replace("\n", f",{_MARK}")).split(",")
        firsts = "".join(cells[:: self.width]).split(_MARK)
        if len(cells) != rows * self.width or len(firsts) != rows + 1:
            return None
        columns = [
            None if place is None else cells[place :: self.width] if place else firsts[1:] for place in self._places
        ]
        return Lump(range(block.after + 1, block.after + rows + 1), columns, {})


class _Feed:
    """Gives a reader the lines of one block after the other, and tells on which line those given so far end."""

    def __init__(self, first: Block, rest: Iterator[Block]) -> None:
        self.ends_on = 0
        self._blocks = self._following(first, rest)

    def __iter__(self) -> Iterator[str]:
        """Give the lines, the next block's only when the reader asks for more than the last one had."""
        for block in self._blocks:
            lines = block.lines()
            self.ends_on = block.after + len(lines)
            yield from lines

    @staticmethod
    def _following(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
        yield first
        yield from rest


def _rows(block: Block, blocks: Iterator[Block], header: _Header, progress: Progress) -> Iterator[Record]:
    """Yield the rows from `block` on, row by row, until one ends where a block does."""
    feed = _Feed(block, blocks)
    reader = csv.reader(feed, strict=True)
    try:
        for cells in reader:
            line = progress.ends_on + 1
            progress.ends_on = block.after + reader.line_num
            if cells and not header.width:
                header.read(cells, line)
            elif cells:
                if progress.ends_on != line:
                    _refuse_swallowed_rows(cells, header.width, line)
                if len(cells) == header.width:
                    yield line, header.in_order(cells)
                else:
                    yield line, _wrong_width(len(cells), header.width)
            if progress.ends_on == feed.ends_on:
                return
    except csv.Error as error:
        begins_on = progress.ends_on + 1
        raise _broken(error, begins_on=begins_on, fails_on=block.after + reader.line_num) from None


def _wrong_width(cells: int, width: int) -> Fault:
    code = "too-many-cells" if cells > width else "too-few-cells"
    return Fault(None, code, f"the row has {cells} cells, the header {width}")


def _refuse_swallowed_rows(cells: list[str], width: int, line: int) -> None:
    """Refuse a quoted cell that ran over lines of which one could be a row of its own: its quote was left open."""
    for swallowed in ",".join(cells).split("\n")[1:]:
        if swallowed.count(",") >= width - 1:
            raise unterminated(line)


def _broken(error: csv.Error, *, begins_on: int, fails_on: int) -> FileRefused:
    """Translate what the csv module says; a row that ran over lines before it broke had left a quote open."""
    message = str(error)
    if "unexpected end of data" in message or fails_on > begins_on:
        return unterminated(begins_on)
    if "new-line character" in message:
        return FileRefused(
            "bare-carriage-return", "a line ends in CR alone; save the file with LF or CRLF", begins_on
        )
    if "field limit" in message:
        return FileRefused("line-too-long", f"a cell is longer than {csv.field_size_limit()} characters", begins_on)
    return FileRefused("broken-quote", "a quoted cell goes on after its closing quote", begins_on)
