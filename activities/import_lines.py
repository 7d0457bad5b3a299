"""How is a bulk file taken apart into rows of cells, and when is it not what it claims to be?"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from readiness.rows import COLUMNS, Columns, ImportKind

_BLOCK = 64 * 1024
"""Bytes read at a time: large enough to be fast, small enough to be forgotten."""

_SHOWN = 40
"""Characters of a bad value that a reason quotes."""

_FOREIGN_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
)
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """How large a bulk file may be: bytes in all, bytes in one line (or one row), data rows."""

    file_bytes: int = 512 * 1024 * 1024
    line_bytes: int = 64 * 1024
    rows: int = 2_000_000


class FileRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """The file is not what it claims to be: none of it may be loaded.

    `code` is stable, `reason` is for people, `line` counts from 1 where one line is to blame.
    """

    def __init__(self, code: str, reason: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.code = code
        self.reason = reason
        self.line = line


class Fault(NamedTuple):
    """Why one row cannot be used; `column` is None where the whole row is to blame."""

    column: str | None
    code: str
    reason: str


Cells = tuple[str, ...]
"""One row as text, in the order of its kind's columns; an optional column that the file lacks is empty."""

Record = tuple[int, Cells | Fault]
"""The line on which a row begins, and its cells or why it has none."""


def shown(text: str) -> str:
    """Return `text` as a reason may quote it: short, and with nothing that a database or a page would choke on."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


def records(path: Path, kind: ImportKind, *, limits: ImportLimits) -> Iterator[Record]:
    """Yield the rows of the CSV or NDJSON file at `path`; raises FileRefused as soon as it is not what it claims."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        if size > limits.file_bytes:
            raise FileRefused("file-too-large", f"the file has {size} bytes, at most {limits.file_bytes} are allowed")
        file.seek(0)
        head = file.read(_BLOCK)
        _recognise(head)
        marked = head.startswith(_UTF_8_MARK)
        file.seek(len(_UTF_8_MARK) if marked else 0)
        first = (head[len(_UTF_8_MARK) :] if marked else head).lstrip()[:1]
        if first == b"[":
            raise FileRefused(
                "not-ndjson", "this is a JSON array; NDJSON has one object a line and nothing around them"
            )
        take_apart = _ndjson_records if first == b"{" else _csv_records
        for count, record in enumerate(take_apart(file, COLUMNS[kind], limits), 1):
            if count > limits.rows:
                raise FileRefused("too-many-rows", f"more than {limits.rows} rows; split the file", record[0])
            yield record


def _recognise(head: bytes) -> None:
    """Refuse what is plainly another kind of file, by its first bytes."""
    if not head:
        raise FileRefused("empty-file", "the file is empty; even a file without rows has a header")
    for magic, name in _FOREIGN_FORMATS:
        if head.startswith(magic):
            raise FileRefused("not-text", f"this is {name}; plain CSV or NDJSON is needed")
    if head.startswith(_UTF_16_MARKS) or (b"\0" in head[:2] and len(head) > 1):
        raise FileRefused("not-utf-8", "the file is written in UTF-16 or UTF-32; save it as UTF-8", 1)


class _Span:
    """The last line of the last complete row: shared so that a row that never ends is noticed."""

    __slots__ = ("ends_on",)

    def __init__(self) -> None:
        self.ends_on = 0


def _blocks_of_lines(file: BinaryIO, limits: ImportLimits, span: _Span | None) -> Iterator[list[str]]:
    """Yield complete lines with their line feeds, block by block, never holding much more than one line's limit."""
    number = 0
    unended = 0
    carry = b""
    while True:
        fresh = file.read(_BLOCK)
        block = carry + fresh
        if not block:
            return
        cut = block.rfind(b"\n") + 1 if fresh else len(block)
        whole, carry = block[:cut], block[cut:]
        if whole:
            lines = _decoded(whole, number, limits)
            yield lines
            if span is not None:
                # The reader asks for more: if no row ended in this block, an open quote may be swallowing the file.
                unended = unended + len(whole) if span.ends_on <= number else 0
                if unended > limits.line_bytes:
                    raise _unterminated(span.ends_on + 1)
            number += len(lines)
        if len(carry) > limits.line_bytes:
            raise _too_long(number + 1, limits)


def _decoded(whole: bytes, number: int, limits: ImportLimits) -> list[str]:
    if b"\0" in whole:
        at = whole.count(b"\n", 0, whole.index(b"\0"))
        raise FileRefused("nul-byte", "the line holds a NUL byte; this is not a text file", number + at + 1)
    if len(whole) > limits.line_bytes:
        for at, line in enumerate(whole.split(b"\n")):
            if len(line) > limits.line_bytes:
                raise _too_long(number + at + 1, limits)
    try:
        text = whole.decode("utf-8")
    except UnicodeDecodeError as error:
        at = whole.count(b"\n", 0, error.start)
        bad = whole[error.start]
        reason = f"the byte 0x{bad:02X} is not UTF-8 here; save the file as UTF-8"
        raise FileRefused("not-utf-8", reason, number + at + 1) from None
    # Not str.splitlines: that also splits at form feeds and other characters which are part of a cell.
    return io.StringIO(text, newline="\n").readlines()


def _too_long(line: int, limits: ImportLimits) -> FileRefused:
    return FileRefused("line-too-long", f"the line is longer than {limits.line_bytes} bytes", line)


def _unterminated(line: int) -> FileRefused:
    return FileRefused(
        "unterminated-quote", "a quote is opened in the row that begins here and not closed in it", line
    )


def _csv_records(file: BinaryIO, columns: Columns, limits: ImportLimits) -> Iterator[Record]:
    span = _Span()
    reader = csv.reader(chain.from_iterable(_blocks_of_lines(file, limits, span)), strict=True)
    pick: Callable[[list[str]], Cells] | None = None
    width = 0
    try:
        for cells in reader:
            line = span.ends_on + 1
            span.ends_on = reader.line_num
            if not cells:
                continue
            if pick is None:
                width = len(cells)
                pick = _header(cells, columns, line)
                continue
            if span.ends_on != line:
                _refuse_swallowed_rows(cells, width, line)
            if len(cells) == width:
                cells.append("")
                yield line, pick(cells)
            else:
                yield line, _wrong_width(len(cells), width)
    except csv.Error as error:
        raise _broken_csv(error, begins_on=span.ends_on + 1, fails_on=reader.line_num) from None
    if pick is None:
        raise FileRefused("empty-file", "the file holds only blank lines; even a file without rows has a header")


def _header(cells: list[str], columns: Columns, line: int) -> Callable[[list[str]], Cells]:
    """Return what puts the cells of a row, with one empty cell after them, into the order of the contract."""
    names = [cell.strip() for cell in cells]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise FileRefused("unknown-column", f"the header {shown(names[0])} is not separated by commas", line)
    known = (*columns.required, *columns.optional)
    for name in names:
        if name not in known:
            raise _unknown_column(name, known, line)
        if names.count(name) > 1:
            raise FileRefused("duplicate-column", f"the column {name} is there {names.count(name)} times", line)
    missing = [name for name in columns.required if name not in names]
    if missing:
        raise _missing_columns(missing, line)
    absent = len(names)
    # Every kind has three columns or more, so that itemgetter always answers with a tuple.
    return itemgetter(*(names.index(name) if name in names else absent for name in known))


def _unknown_column(name: str, known: tuple[str, ...], line: int) -> FileRefused:
    return FileRefused("unknown-column", f"the column {shown(name)} is not one of {', '.join(known)}", line)


def _missing_columns(missing: list[str], line: int) -> FileRefused:
    return FileRefused("missing-column", f"missing: {', '.join(missing)}", line)


def _wrong_width(cells: int, width: int) -> Fault:
    code = "too-many-cells" if cells > width else "too-few-cells"
    return Fault(None, code, f"the row has {cells} cells, the header {width}")


def _refuse_swallowed_rows(cells: list[str], width: int, line: int) -> None:
    """Refuse a quoted cell that ran over lines of which one could be a row of its own: its quote was left open."""
    for swallowed in ",".join(cells).split("\n")[1:]:
        if swallowed.count(",") >= width - 1:
            raise _unterminated(line)


def _broken_csv(error: csv.Error, *, begins_on: int, fails_on: int) -> FileRefused:
    """Translate what the csv module says; a row that ran over lines before it broke had left a quote open."""
    message = str(error)
    if "unexpected end of data" in message or fails_on > begins_on:
        return _unterminated(begins_on)
    if "new-line character" in message:
        return FileRefused(
            "bare-carriage-return", "a line ends in CR alone; save the file with LF or CRLF", begins_on
        )
    if "field limit" in message:
        return FileRefused("line-too-long", f"a cell is longer than {csv.field_size_limit()} characters", begins_on)
    return FileRefused("broken-quote", "a quoted cell goes on after its closing quote", begins_on)


def _ndjson_records(file: BinaryIO, columns: Columns, limits: ImportLimits) -> Iterator[Record]:
    known = (*columns.required, *columns.optional)
    named = frozenset(known)
    missing = set(columns.required)
    # Numbers stay the text that was written, so that they are judged as in a CSV file and nothing is rounded.
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)
    first: int | None = None
    lines = chain.from_iterable(_blocks_of_lines(file, limits, None))
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        try:
            value = decoder.decode(text)
        except _NameTwiceError as error:
            yield number, Fault(None, "name-twice", f"the name {shown(error.name)} is there twice")
            continue
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            if first is None:
                raise FileRefused(
                    "not-ndjson", "the line is not one JSON object; NDJSON has one object a line", number
                )
            yield number, Fault(None, "not-json", "the line is not one JSON object")
            continue
        first = first or number
        if not named.issuperset(value):
            raise _unknown_column(next(name for name in value if name not in named), known, number)
        if missing:
            missing -= value.keys()
        yield number, _cells(value, known)
    if missing:
        raise _missing_columns([name for name in columns.required if name in missing], first or 1)


class _NameTwiceError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise _NameTwiceError(next(name for name in names if names.count(name) > 1))
    return value


def _cells(value: dict[str, Any], known: tuple[str, ...]) -> Cells | Fault:
    cells = []
    for name in known:
        cell = value.get(name, "")
        if not isinstance(cell, str):
            if isinstance(cell, dict | list):
                return Fault(name, "not-a-value", "a list or an object cannot stand here")
            cell = "" if cell is None else str(cell).lower()
        cells.append(cell)
    return tuple(cells)
