"""How does a list become a file for a spreadsheet, in which nothing that people wrote is taken for a formula?"""

# A cell of CSV that begins as a formula does gets an apostrophe, which spreadsheets take off again. A cell of XLSX
# says by itself that it is text, so it needs none.

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import IO

from starlette.concurrency import run_in_threadpool

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = str | int | float | None
Rows = Iterator[Sequence[Sequence[Cell]]]
"""Rows, page by page; the first row of the first page is the head."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_BLOCK = 256 * 1024
_LONGEST_CELL = 32_767
"""Characters that a cell of XLSX may have."""


def plain_cell(cell: str) -> str:
    """Return `cell` so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV in which no cell is taken for a formula by a spreadsheet."""
    target = io.StringIO()
    csv.writer(target).writerows([[_csv_cell(cell) for cell in row] for row in rows])
    return target.getvalue()


async def csv_blocks(pages: Rows) -> AsyncIterator[str]:
    """Yield CSV page by page; each page is read beside the loop, once the one before it was sent."""
    while (page := await run_in_threadpool(next, pages, None)) is not None:
        yield csv_text(page)


def xlsx_file(pages: Rows, *, title: str) -> IO[bytes]:
    """Return a workbook of one sheet, written to the disk row by row and gone once it is closed."""
    # Imported late: only an export needs it.
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # It has no types of its own.

    target: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it.
    with Workbook(target, {"constant_memory": True, "in_memory": False}) as book:
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        place = 0
        for page in pages:
            for row in page:
                for column, cell in enumerate(row):
                    match cell:
                        case None | "":
                            continue
                        case str():
                            sheet.write_string(place, column, cell[:_LONGEST_CELL])
                        case _:
                            sheet.write_number(place, column, cell)
                place += 1
    target.seek(0)
    return target


async def file_blocks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield what is in `file`, and close it."""
    try:
        while block := await run_in_threadpool(file.read, _BLOCK):
            yield block
    finally:
        file.close()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return plain_cell(cell) if isinstance(cell, str) else str(cell)
