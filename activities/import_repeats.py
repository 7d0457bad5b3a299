"""Which lines of one file say the same as another line of it, and which contradict one another?"""

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from hashlib import blake2b
from operator import itemgetter
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import IO, Any, Self

from activities.import_columns import Reading
from readiness.rows import COLUMNS, ImportKind
from store.packing import names_of

_PARTS = 32
"""Parts that rows are compared in one by one: of a million rows one part holds some 31,000, a few MB."""

_AT_ONCE = 150_000
"""Hashes that are compared all at once, in some 15 MB."""

_UNUSABLE = -1
"""Stands for a row that cannot be used and so contradicts nothing: no hash in Python is minus one."""

_DIGEST_BYTES = 16
_RECORD = Struct(f"<{_DIGEST_BYTES}s{_DIGEST_BYTES}sii")
_READ_AT_ONCE = _RECORD.size * 4096
_BUFFER = 64 * 1024


class Suspects:
    """Notes eight bytes for every row, from which follows which few rows are worth comparing: nothing is missed, and
    what is suspected without cause the comparison clears."""

    def __init__(self, kind: ImportKind) -> None:
        self._identity = _identity_of(kind)
        self._hashes = array("q")

    def add(self, reading: Reading) -> None:
        """Note the file's next rows."""
        begin = len(self._hashes)
        self._hashes.extend(map(hash, zip(*self._identity(reading.columns), strict=True)))
        for place in reading.unusable:
            self._hashes[begin + place] = _UNUSABLE

    def found(self) -> bytearray | None:
        """Return one byte a row, not 0 where another row seems to have the same identity; None where none has."""
        parts = [self._hashes]
        if len(self._hashes) > _AT_ONCE:
            parts = [array("q") for _ in range(_PARTS)]
            add_to = [part.append for part in parts]
            for value in self._hashes:
                add_to[value % _PARTS](value)
        twice: set[int] = set()
        for part in parts:
            if len(set(part)) < len(part):
                twice.update(value for value, times in Counter(part).items() if times > 1)
        twice.discard(_UNUSABLE)
        return bytearray(value in twice for value in self._hashes) if twice else None


def _identity_of(kind: ImportKind) -> "itemgetter[tuple[Any, ...]]":
    names = names_of(kind)
    return itemgetter(*(names.index(name) for name in COLUMNS[kind].identity))


class Repeats:
    """Collects fingerprints of rows on disk and then compares them part by part, in flat memory.

    Two rows with one identity always come to lie in the same part. Memory is that of the largest part and four bytes
    a row; a million rows take about 40 MB of disk in `scratch` until this is closed.
    """

    def __init__(self, kind: ImportKind, scratch: Path | None) -> None:
        self._identity = _identity_of(kind)
        self._open = ExitStack()
        with ExitStack() as opening:
            self._parts: list[IO[bytes]] = [
                opening.enter_context(tempfile.TemporaryFile(dir=scratch, buffering=_BUFFER)) for _ in range(_PARTS)
            ]
            self._open = opening.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, values: Iterable[object], *, number: int, line: int) -> None:
        """Note what the file's row `number`, counted from 0, says in each column, packed; it begins on `line`."""
        # No cell holds a line feed, so that joining with it keeps different rows different.
        texts = tuple("" if value is None else str(value) for value in values)
        identity = blake2b("\n".join(map(str, self._identity(texts))).encode(), digest_size=_DIGEST_BYTES).digest()
        contents = blake2b("\n".join(texts).encode(), digest_size=_DIGEST_BYTES).digest()
        self._parts[identity[0] % _PARTS].write(_RECORD.pack(identity, contents, number, line))

    def compare(self, rows: int) -> "array[int]":
        """Return for each of the file's `rows`: 0 where no other line has its identity or it is the first of equals,
        minus the first line where it repeats that, and the other line where it contradicts that."""
        others = array("i", bytes(rows * array("i").itemsize))
        for part in self._parts:
            _compare(part, others)
        return others


def _compare(part: IO[bytes], others: "array[int]") -> None:
    first: dict[bytes, tuple[bytes, int]] = {}
    against: dict[bytes, int] = {}
    repeated = False
    for identity, contents, _, line in _stored(part):
        known = first.setdefault(identity, (contents, line))
        if known[1] != line:
            repeated = True
            if known[0] != contents:
                against.setdefault(identity, line)
    if not repeated:
        return
    for identity, contents, number, line in _stored(part):
        said, first_line = first[identity]
        if identity in against:
            others[number] = against[identity] if contents == said else first_line
        elif line != first_line:
            others[number] = -first_line


def _stored(part: IO[bytes]) -> Iterator[tuple[bytes, bytes, int, int]]:
    part.seek(0)
    while block := part.read(_READ_AT_ONCE):
        yield from _RECORD.iter_unpack(block)
