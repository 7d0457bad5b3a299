"""Is nothing that people wrote taken for a formula by whoever opens a list as a sheet?"""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from api.sheets import csv_text, xlsx_file


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n"], ids=tuple("=+-@trn"))
def test_no_cell_is_a_formula(begins: str) -> None:
    """In CSV whatever begins as a formula has an apostrophe before it; in XLSX it is text as it stands."""
    said = f"{begins}HYPERLINK(1)"
    ((cell, number, other, nothing),) = csv.reader(io.StringIO(csv_text([[said, -3, "a=b", None]]), newline=""))
    assert (cell, number, other, nothing) == (f"'{said}", "-3", "a=b", "")
    with xlsx_file(iter([[["head"], [said]]]), title="List") as book:
        rows = CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows][1] in {said, said.strip()}
