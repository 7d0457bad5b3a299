"""Does an upload reach the disk whole or not at all, without stopping anyone else?"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from api.uploads import Received, UploadStorageFull, UploadTooLarge, clear_abandoned, plain_name, receive
from tests.scarcity import files_no_longer_than

MEGABYTE = 1024 * 1024


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    """Yield an upload as a client sends it."""
    for piece in content:
        yield piece


async def test_an_upload_is_kept_under_its_digest(tmp_path: Path) -> None:
    """What was sent in any pieces lies on the disk byte by byte, named by its SHA-256, and nothing else does."""
    content = os.urandom(3 * MEGABYTE + 17)
    cuts = [0, 1, 70_000, MEGABYTE + 5, MEGABYTE + 5, len(content)]
    sent = pieces(*(content[first:last] for first, last in pairwise(cuts)))
    received = await receive(sent, tmp_path / "uploads", limit=len(content))
    digits = hashlib.sha256(content).hexdigest()
    assert received == Received(tmp_path / "uploads" / digits, f"sha256:{digits}", len(content))
    assert received.path.read_bytes() == content
    assert list((tmp_path / "uploads").iterdir()) == [received.path]


async def test_an_empty_upload_is_a_file_too(tmp_path: Path) -> None:
    """Nothing sent is an empty file: whether that may be imported is for the import to say."""
    received = await receive(pieces(), tmp_path, limit=0)
    assert (received.size, received.path.read_bytes()) == (0, b"")


async def test_the_same_file_sent_by_many_at_once_is_one_file(tmp_path: Path) -> None:
    """Uploads of the same bytes take each other's place and all succeed."""
    received = await asyncio.gather(*(receive(pieces(b"a" * 10, b"b"), tmp_path, limit=100) for _ in range(20)))
    assert len(set(received)) == 1
    assert list(tmp_path.iterdir()) == [received[0].path]


@pytest.mark.parametrize("sizes", [(11,), (5, 6), (2 * MEGABYTE, 2 * MEGABYTE)])
async def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """The first byte over the limit ends the upload, whatever is on the disk by then is gone, and no more is read."""
    taken = []

    async def endless() -> AsyncGenerator[bytes]:
        for size in sizes:
            taken.append(size)
            yield b"x" * size
        while True:
            taken.append(1)
            yield b"x"

    async with aclosing(endless()) as stream:
        with pytest.raises(UploadTooLarge) as refused:
            await receive(stream, tmp_path, limit=sum(sizes) - 1)
    assert refused.value.limit == sum(sizes) - 1
    assert taken == list(sizes)
    assert list(tmp_path.iterdir()) == []


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Where the client goes away its error is passed on and the half file is gone."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MEGABYTE
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await receive(broken(), tmp_path, limit=10 * MEGABYTE)
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_upload_leaves_nothing(tmp_path: Path) -> None:
    """Where the server ends the request the half file is gone."""
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MEGABYTE
        waiting.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(receive(stalled(), tmp_path, limit=10 * MEGABYTE))
    await waiting.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [MEGABYTE + 1, 3 * MEGABYTE])
async def test_a_disk_without_room_is_named_and_nothing_stays_on_it(tmp_path: Path, size: int) -> None:
    """An upload that does not fit says so, and gives back the room that it took."""
    with files_no_longer_than(MEGABYTE), pytest.raises(UploadStorageFull):
        await receive(pieces(*[b"x" * 65_536] * (size // 65_536), b"xx"), tmp_path, limit=10 * MEGABYTE)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    """Any other trouble with the disk is passed on as what it is."""
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        await receive(pieces(b"x"), tmp_path / "file", limit=10)


async def test_others_are_served_while_an_upload_is_written(tmp_path: Path) -> None:
    """Writing and hashing happen off the event loop: other tasks get their turns in between."""
    turns = 0
    done = False
    loop = asyncio.get_running_loop()

    def take_turn() -> None:
        nonlocal turns
        turns += 1
        if not done:
            loop.call_soon(take_turn)

    take_turn()
    # The stream itself never yields to the loop, so every turn comes from the writing.
    await receive(pieces(*[b"x" * MEGABYTE] * 8), tmp_path, limit=10 * MEGABYTE)
    done = True
    assert turns > 8


def test_what_a_dead_process_left_is_cleared_after_a_day(tmp_path: Path) -> None:
    """Half files that nobody can be writing any more go, younger ones and finished ones stay."""
    now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    for name, age in ((".unfinished-old", 25), (".unfinished-new", 1), ("a" * 64, 100)):
        (tmp_path / name).touch()
        moment = (now - timedelta(hours=age)).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    assert clear_abandoned(tmp_path, now=now) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == [".unfinished-new", "a" * 64]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("roster.csv", "roster.csv"),
        (None, "unnamed"),
        ("", "unnamed"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\Résumé 1.csv", "Résumé 1.csv"),
        ("a\x00b\r\nc\u202e.csv", "a_b__c_.csv"),
        ("x\ud800", "x_"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_file_name_is_kept_plain(given: str | None, kept: str) -> None:
    """The name that a client gives is kept for people to read and can be nothing but that."""
    assert plain_name(given) == kept
