"""Which rows of a bulk file could not be used, as they stand in it, for somebody to mend and send again?"""

# The file of them is CSV with the columns of the one that was sent and, before them, one that says why. That column
# is passed over when the mended file comes in, so nobody has to take it out; and where it is there, an apostrophe
# before what a spreadsheet would take for a formula is taken off again, as it was put there for the way out.

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from readiness.rows import COLUMNS, REJECTED_BECAUSE, ImportKind

Reason = tuple[int, str | None, str]
"""The line on which a row begins, the column to blame or None, and why it cannot be used."""

_OPENING = 1024
"""Characters that surely show which of the two formats a file is in, blank lines before it included."""


def rows_to_mend(path: Path, kind: ImportKind, reasons: Iterable[Reason]) -> Iterator[list[str]]:
    """Yield the head of a file of the rows at fault, then each of them with why; `reasons` come in order of lines.

    Raises OSError where the file is not there any more.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        is_json = file.read(_OPENING).lstrip().startswith("{")
        file.seek(0)
        rows = _json_rows(file, kind) if is_json else _csv_rows(file)
        _, head = next(rows)
        # Of a file that was mended before only the new reasons stand there.
        left_out = head.index(REJECTED_BECAUSE) if REJECTED_BECAUSE in head else len(head)
        yield [REJECTED_BECAUSE, *head[:left_out], *head[left_out + 1 :]]
        for line, why in _by_line(reasons):
            cells = next(cells for begins_on, cells in rows if begins_on == line)
            yield [why, *cells[:left_out], *cells[left_out + 1 :]]


def _by_line(reasons: Iterable[Reason]) -> Iterator[tuple[int, str]]:
    for line, those in groupby(reasons, key=itemgetter(0)):
        yield line, "; ".join(f"{column}: {reason}" if column else reason for _, column, reason in those)


def _csv_rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line on which it begins, the head first."""
    ends_on = 0
    reader = csv.reader(file)
    for cells in reader:
        if cells:
            yield ends_on + 1, [cell.strip() for cell in cells] if not ends_on else cells
        ends_on = reader.line_num


def _json_rows(file: TextIO, kind: ImportKind) -> Iterator[tuple[int, list[str]]]:
    """Yield each object with its line, after a head of all names that its kind has."""
    names = (*COLUMNS[kind].required, *COLUMNS[kind].optional)
    yield 0, [*names]
    for line, text in enumerate(file, 1):
        try:
            value = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            cells = (value.get(name, "") for name in names)
            yield (
                line,
                ["" if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in cells],
            )
        else:
            yield line, [text.strip()]
