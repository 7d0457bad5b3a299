"""Is a file that is not what it claims to be refused whole, with the line that shows it?"""

import codecs
import gzip
import io
import itertools
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.import_files import check_file, read_rows
from activities.import_lines import FileRefused, ImportLimits
from readiness.rows import COLUMNS, ImportKind

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMITS = ImportLimits()
HEADER = "person_id,name,email,function,region\n"
ROW = "p-1,Ann,a@x.example,sales,emea\n"
NDJSON = '{"person_id": "p-1", "name": "Ann", "email": "a@x.example", "function": "sales", "region": "emea"}\n'


def refusal(folder: Path, content: str | bytes, *, limits: ImportLimits = LIMITS) -> tuple[str, int | None]:
    """Return the code and the line with which a file of people is refused, by the check and by reading alike."""
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(FileRefused) as refused:
        check_file(path, ImportKind.PEOPLE, limits=limits, now=NOW)
    with pytest.raises(FileRefused):
        next(read_rows(path, ImportKind.PEOPLE, limits=limits, now=NOW))
    assert refused.value.reason
    refused.value.reason.encode()
    return refused.value.code, refused.value.line


def zipped(content: bytes) -> bytes:
    """Return a zip archive, as Excel workbooks are, that holds `content`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", "empty-file", None),
        ("\n\r\n\n", "empty-file", None),
        ("\ufeff", "empty-file", None),
        ("person_id,name,email,function\n" + ROW, "missing-column", 1),
        (HEADER.replace("region", "Region") + ROW, "unknown-column", 1),
        ("\n" + HEADER.replace("name", "name,shoe_size") + ROW, "unknown-column", 2),
        (HEADER.replace("name", "name,name") + ROW, "duplicate-column", 1),
        (HEADER.replace(",", ";") + ROW.replace(",", ";"), "unknown-column", 1),
        (ROW, "unknown-column", 1),
        ("<html><body>Sign in</body></html>", "unknown-column", 1),
        (HEADER + ROW + "p-2,A\0nn,a@x.example,sales,emea\n", "nul-byte", 3),
        (HEADER.encode() + ROW.encode() + "p-2,Jos\xe9,a@x.example,sales,emea\n".encode("latin-1"), "not-utf-8", 3),
        (HEADER.encode() + b"p-1,\xed\xa0\x80,a@x.example,sales,emea\n", "not-utf-8", 2),
        (HEADER.encode() + b"p-1,\xc0\x80,a@x.example,sales,emea\n", "not-utf-8", 2),
        (codecs.BOM_UTF16_LE + (HEADER + ROW).encode("utf-16-le"), "not-utf-8", 1),
        (codecs.BOM_UTF16_BE + (HEADER + ROW).encode("utf-16-be"), "not-utf-8", 1),
        ((HEADER + ROW).encode("utf-16-le"), "not-utf-8", 1),
        ((HEADER + ROW).encode("utf-32"), "not-utf-8", 1),
        (HEADER.replace("\n", "\r") + ROW.replace("\n", "\r") * 3, "bare-carriage-return", 1),
        (HEADER + ROW + 'p-2,"Ann" Lee,a@x.example,sales,emea\n' + ROW, "broken-quote", 3),
        (b"\x1f\x8b\x08\x00", "not-text", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-text", None),
        (b"%PDF-1.7\n", "not-text", None),
        ("[" + NDJSON + "]", "not-ndjson", None),
        ("{\n  " + NDJSON.lstrip("{"), "not-ndjson", 1),
        (NDJSON + NDJSON.replace("name", "nome"), "unknown-column", 2),
        (NDJSON.replace('"region": "emea"', '"role": "x"') * 2, "missing-column", 1),
        (NDJSON.replace('"name"', '"\\ud800"'), "unknown-column", 1),
        (NDJSON + "\0", "nul-byte", 2),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused(
    tmp_path: Path, content: str | bytes, code: str, line: int | None
) -> None:
    """Wrong columns, wrong encodings, other formats: each has its own code, and the line where one is to blame."""
    assert refusal(tmp_path, content) == (code, line)


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_an_archive_is_refused_unopened(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A packed file, bomb or not, is never unpacked."""
    assert refusal(tmp_path, pack((HEADER + ROW * 1_000).encode())) == ("not-text", None)


@pytest.mark.parametrize("rows_after", [0, 1, 50, 20_000])
def test_a_quote_left_open_refuses_the_file_at_the_line_where_it_opened(tmp_path: Path, rows_after: int) -> None:
    """However much follows, with more quotes or without, an open quote swallows nothing unnoticed."""
    opened = 'p-2,"Ann,a@x.example,sales,emea\n'
    assert refusal(tmp_path, HEADER + ROW + opened + ROW * rows_after) == ("unterminated-quote", 3)
    quoted = 'p-3,"Bob",b@x.example,sales,emea\n'
    assert refusal(tmp_path, HEADER + ROW + opened + ROW * rows_after + quoted) == ("unterminated-quote", 3)


def test_a_quote_left_open_that_a_later_quote_seems_to_close_refuses_the_file_too(tmp_path: Path) -> None:
    """Where the next quote happens to stand at the end of a cell, the rows in between would be lost in one cell."""
    swallowing = 'p-2,"Ann,a@x.example,sales,emea\n' + ROW + 'p-4,5",b@x.example,sales,emea\n'
    assert refusal(tmp_path, HEADER + ROW + swallowing + ROW) == ("unterminated-quote", 3)


def test_a_row_that_runs_on_over_short_cells_is_refused_in_flat_memory(tmp_path: Path) -> None:
    """Quotes that open again and again on every line make one endless row: it is given up at the limit of a line."""
    endless = 'p-2,"x' + '\n","x' * 2_000_000
    assert refusal(tmp_path, HEADER + endless) == ("unterminated-quote", 2)


def test_a_ten_megabyte_line_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    """A line beyond the limit is refused by its number, in CSV and NDJSON, and never comes into memory."""
    for start, end in itertools.product((HEADER + ROW, NDJSON + NDJSON), ("", "\n" + ROW)):
        content = start.encode() + b"x" * 10_000_000 + end.encode()
        tracemalloc.start()
        try:
            assert refusal(tmp_path, content) == ("line-too-long", 3)
            assert tracemalloc.get_traced_memory()[1] < 2 * 1024 * 1024
        finally:
            tracemalloc.stop()


def test_a_line_may_be_as_long_as_the_limit_and_no_longer(tmp_path: Path) -> None:
    """The limit counts the bytes of a line without its line feed."""
    limits = ImportLimits(line_bytes=100)
    path = tmp_path / "file"
    row = "p-1,{name},a@x.example,sales,emea\n"
    fits = 100 - len(row.format(name="")) + 1
    path.write_text(HEADER + row.format(name="n" * fits))
    assert check_file(path, ImportKind.PEOPLE, limits=limits, now=NOW).rows == 1
    assert refusal(tmp_path, HEADER + row.format(name="n" * (fits + 1)), limits=limits) == ("line-too-long", 2)
    assert refusal(tmp_path, HEADER + row.format(name="n" * (fits - 1) + "é"), limits=limits) == ("line-too-long", 2)


def test_a_cell_longer_than_the_reader_takes_is_refused_by_its_line(tmp_path: Path) -> None:
    """Where settings allow longer lines than Python's reader allows cells, the file is refused by its line."""
    limits = ImportLimits(line_bytes=10_000_000)
    long = f"p-2,{'x' * 131_073},a@x.example,sales,emea\n"
    assert refusal(tmp_path, HEADER + ROW + long, limits=limits) == ("line-too-long", 3)


def test_a_file_with_too_many_rows_or_bytes_is_refused(tmp_path: Path) -> None:
    """Limits on rows and bytes are settings."""
    assert refusal(tmp_path, HEADER + ROW * 4, limits=ImportLimits(rows=3)) == ("too-many-rows", 5)
    assert refusal(tmp_path, HEADER + ROW * 4, limits=ImportLimits(file_bytes=99)) == ("file-too-large", None)


def test_a_fault_on_the_last_line_refuses_the_file_before_its_first_row_is_given_out(tmp_path: Path) -> None:
    """The whole file is checked before anything is read from it, so that a refused file changes nothing."""
    path = tmp_path / "file"
    path.write_bytes((HEADER + ROW * 30_000).encode() + b"\xff\n")
    with pytest.raises(FileRefused) as refused:
        next(read_rows(path, ImportKind.PEOPLE, limits=LIMITS, now=NOW, batch_rows=10))
    assert refused.value.line == 30_002


def test_every_kind_names_its_missing_columns(tmp_path: Path) -> None:
    """Each kind of file asks for its own columns, all missing ones named at once."""
    path = tmp_path / "file"
    for kind, columns in COLUMNS.items():
        path.write_text(columns.required[0] + "\n")
        with pytest.raises(FileRefused) as refused:
            check_file(path, kind, limits=LIMITS, now=NOW)
        assert refused.value.reason == f"missing: {', '.join(columns.required[1:])}"
