"""How does a file of any size get from a request to the disk, whole or not at all?"""

import asyncio
import hashlib
import os
import tempfile
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from store.away import NO_ROOM

_WRITTEN_AT_ONCE = 1024 * 1024
"""Bytes collected before one visit to a thread: few enough to hold for every upload, many enough to be fast."""

_UNFINISHED_PREFIX = ".unfinished-"

ABANDONED_AFTER = timedelta(days=1)
"""No request lasts this long: an unfinished file this old was left behind by a process that died."""

_LONGEST_NAME = 200
_NAMELESS = "unnamed"


class UploadTooLarge(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """The file is longer than `limit` bytes; nothing of it was kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file is longer than {limit} bytes")
        self.limit = limit


class UploadStorageFull(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """There is no room on the disk for the file; nothing of it was kept."""


class Received(NamedTuple):
    """A file that is safely on the disk."""

    path: Path
    digest: str
    """`sha256:` and the hex digits that the file is named by."""
    size: int


async def receive(stream: AsyncIterator[bytes], directory: Path, *, limit: int) -> Received:
    """Write `stream` to a file in `directory` named by its SHA-256, and return it once it would survive a power cut.

    Raises UploadTooLarge above `limit` bytes and UploadStorageFull where the disk has no room; then, and when the
    stream breaks off or the request is cancelled, nothing stays behind. The same file again takes its own place.
    """
    landing: _Landing | None = None
    landed = False
    waiting = bytearray()
    size = 0
    try:
        landing = await asyncio.to_thread(_Landing, directory)
        async for piece in stream:
            size += len(piece)
            if size > limit:
                raise UploadTooLarge(limit)
            waiting += piece
            if len(waiting) >= _WRITTEN_AT_ONCE:
                full, waiting = waiting, bytearray()
                await asyncio.to_thread(landing.write, full)
        received = await asyncio.to_thread(landing.settle, waiting)
        landed = True
    except OSError as error:
        if error.errno in NO_ROOM:
            raise UploadStorageFull(f"no room for the file: {error.strerror}") from error
        raise
    else:
        return received
    finally:
        if landing is not None and not landed:
            # A cancelled request may be cancelled again while it waits here; the file goes away all the same.
            await asyncio.shield(asyncio.to_thread(landing.discard))


def plain_name(name: str | None) -> str:
    """Return the name of an uploaded file as it may be kept and shown: without folders, on one line, not too long."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character if character.isprintable() else "_" for character in normalize("NFC", last))
    return printable.strip()[:_LONGEST_NAME] or _NAMELESS


def clear_abandoned(directory: Path, *, now: datetime) -> int:
    """Remove unfinished files that a dead process left in `directory`; return how many."""
    cleared = 0
    for file in directory.glob(f"{_UNFINISHED_PREFIX}*"):
        if file.stat().st_mtime < (now - ABANDONED_AFTER).timestamp():
            file.unlink(missing_ok=True)
            cleared += 1
    return cleared


class _Landing:
    """A file that is being received; every method blocks and belongs in a thread."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=_UNFINISHED_PREFIX, dir=directory)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._path = Path(name)
        self._hash = hashlib.sha256()
        self._size = 0
        # A cancelled request leaves its last write running: the file is closed only after that.
        self._turn = threading.Lock()

    def write(self, piece: bytearray) -> None:
        """Add `piece` to the end."""
        with self._turn:
            rest = memoryview(piece)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._hash.update(piece)
            self._size += len(piece)

    def settle(self, last: bytearray) -> Received:
        """Add `last`, make sure of the bytes on the disk, then of the name."""
        self.write(last)
        with self._turn:
            os.fsync(self._file.fileno())
            self._file.close()
            digits = self._hash.hexdigest()
            path = self._path.replace(self._path.with_name(digits))
            _sync_directory(path.parent)
        return Received(path, f"sha256:{digits}", self._size)

    def discard(self) -> None:
        """Forget the file."""
        with self._turn:
            self._file.close()
            self._path.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
