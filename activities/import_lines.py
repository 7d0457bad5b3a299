"""Where do the lines of a bulk file end, and when is it not what it claims to be?"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, NamedTuple

_BLOCK = 64 * 1024
"""Bytes read at a time: large enough to be fast, small enough to be forgotten."""

_LUMP_ROWS = 1_000
"""Rows in a lump that was read row by row: about as many as a block holds."""

_SHOWN = 40
"""Characters of a bad value that a reason quotes."""

FOREIGN_FORMATS: tuple[tuple[bytes, str], ...] = (
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
"""How files begin that hold no text, and what they are called."""

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


class Lump(NamedTuple):
    """Consecutive rows of a file as text, column by column; there is at least one."""

    lines: Sequence[int]
    """The line on which each row begins."""
    columns: Sequence[Sequence[str] | None]
    """The cells of each column of the kind, in its order; None for an optional column that the file lacks."""
    faults: Mapping[int, Fault]
    """Why a row has no cells, by its place in the lump; it stands in `columns` with empty ones."""

    def cells(self, place: int) -> Cells:
        """Return the cells of one row."""
        return tuple("" if column is None else column[place] for column in self.columns)


class Block(NamedTuple):
    """Some lines of a file that come one after the other, each with its line feed, which only the last may lack."""

    after: int
    """How many lines of the file come before."""
    text: str

    def lines(self) -> list[str]:
        """Return the lines one by one."""
        # Not str.splitlines: that also splits at form feeds and other characters which are part of a cell.
        return io.StringIO(self.text, newline="\n").readlines()


class Progress:
    """Tells the last line of the last complete row: shared so that a row that never ends is noticed."""

    __slots__ = ("ends_on",)

    def __init__(self) -> None:
        self.ends_on = 0


def lumped(records: Iterator[Record], *, width: int) -> Iterator[Lump]:
    """Yield rows of `width` cells that are read one by one; what was read is yielded before a refusal is raised."""
    empty: Cells = ("",) * width
    while True:
        lines: list[int] = []
        rows: list[Cells] = []
        faults: dict[int, Fault] = {}
        refused: FileRefused | None = None
        try:
            for line, cells in islice(records, _LUMP_ROWS):
                if isinstance(cells, Fault):
                    faults[len(lines)] = cells
                    rows.append(empty)
                else:
                    rows.append(cells)
                lines.append(line)
        except FileRefused as refusal:
            refused = refusal
        if lines:
            yield Lump(lines, list(zip(*rows, strict=True)), faults)
        if refused is not None:
            raise refused
        if len(lines) < _LUMP_ROWS:
            return


def shown(text: str) -> str:
    """Return `text` as a reason may quote it: short, and with nothing that a database or a page would choke on."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


def first_character(file: BinaryIO, limits: ImportLimits) -> bytes:
    """Return the first character of `file` that is no space, and leave it to be read after its byte order mark.

    Raises FileRefused for a file that is too large, empty or plainly of another kind.
    """
    size = file.seek(0, io.SEEK_END)
    if size > limits.file_bytes:
        raise FileRefused("file-too-large", f"the file has {size} bytes, at most {limits.file_bytes} are allowed")
    file.seek(0)
    head = file.read(_BLOCK)
    _recognise(head)
    marked = head.startswith(_UTF_8_MARK)
    file.seek(len(_UTF_8_MARK) if marked else 0)
    return (head[len(_UTF_8_MARK) :] if marked else head).lstrip()[:1]


def _recognise(head: bytes) -> None:
    """Refuse what is plainly another kind of file, by its first bytes."""
    if not head:
        raise FileRefused("empty-file", "the file is empty; even a file without rows has a header")
    for magic, name in FOREIGN_FORMATS:
        if head.startswith(magic):
            raise FileRefused("not-text", f"this is {name}; plain CSV or NDJSON is needed")
    if head.startswith(_UTF_16_MARKS) or (b"\0" in head[:2] and len(head) > 1):
        raise FileRefused("not-utf-8", "the file is written in UTF-16 or UTF-32; save it as UTF-8", 1)


def blocks_of(file: BinaryIO, limits: ImportLimits, progress: Progress | None = None) -> Iterator[Block]:
    """Yield complete lines block by block, never holding much more than one line's limit; raises FileRefused.

    `progress` is of the rows read from the blocks so far, where a row may run over lines: none may run over more than
    a line may hold.
    """
    after = 0
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
            yield Block(after, _decoded(whole, after, limits))
            if progress is not None:
                # The reader asks for more: if no row ended in this block, an open quote may be swallowing the file.
                unended = unended + len(whole) if progress.ends_on <= after else 0
                if unended > limits.line_bytes:
                    raise unterminated(progress.ends_on + 1)
            after += whole.count(b"\n") + (not whole.endswith(b"\n"))
        if len(carry) > limits.line_bytes:
            raise _too_long(after + 1, limits)


def _decoded(whole: bytes, after: int, limits: ImportLimits) -> str:
    if b"\0" in whole:
        at = whole.count(b"\n", 0, whole.index(b"\0"))
        raise FileRefused("nul-byte", "the line holds a NUL byte; this is not a text file", after + at + 1)
    if len(whole) > limits.line_bytes:
        lengths = list(map(len, whole.split(b"\n")))
        if max(lengths) > limits.line_bytes:
            at = next(at for at, length in enumerate(lengths) if length > limits.line_bytes)
            raise _too_long(after + at + 1, limits)
    try:
        return whole.decode("utf-8")
    except UnicodeDecodeError as error:
        at = whole.count(b"\n", 0, error.start)
        bad = whole[error.start]
        reason = f"the byte 0x{bad:02X} is not UTF-8 here; save the file as UTF-8"
        raise FileRefused("not-utf-8", reason, after + at + 1) from None


def _too_long(line: int, limits: ImportLimits) -> FileRefused:
    return FileRefused("line-too-long", f"the line is longer than {limits.line_bytes} bytes", line)


def unterminated(line: int) -> FileRefused:
    """Return the refusal of a file of which a quote swallows what follows it."""
    return FileRefused(
        "unterminated-quote", "a quote is opened in the row that begins here and not closed in it", line
    )


def unknown_column(name: str, known: tuple[str, ...], line: int) -> FileRefused:
    """Return the refusal of a file that has a column which its kind has not."""
    return FileRefused("unknown-column", f"the column {shown(name)} is not one of {', '.join(known)}", line)


def missing_columns(missing: list[str], line: int) -> FileRefused:
    """Return the refusal of a file that lacks columns."""
    return FileRefused("missing-column", f"missing: {', '.join(missing)}", line)
