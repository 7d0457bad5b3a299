"""Is what a process answers read right, and is no answer told from one?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from bootstrap.glance import Glanced, glance

PATIENCE = 60.0


@asynccontextmanager
async def saying(answer: bytes | None) -> AsyncIterator[str]:
    """Yield the address of somebody who says `answer` to each request and hangs up; None: who never says anything."""
    over = asyncio.Event()
    talks: list[asyncio.Task[None]] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        talks.append(talk)
        asked = await reader.readuntil(b"\r\n\r\n")
        assert asked.startswith(b"GET /here?a=b HTTP/1.0\r\n")
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/here?a=b"
        over.set()
        await asyncio.gather(*talks)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nwell\r\n\r\n", Glanced(200, b"well\r\n\r\n")),
        (b"HTTP/1.0 503 Away\r\n\r\n", Glanced(503, b"")),
        (b"", None),
        (b"SSH-2.0-OpenSSH\r\n", None),
        (b"HTTP/1.1 fine\r\n\r\n", None),
    ],
)
async def test_an_answer_is_read(answer: bytes, seen: Glanced | None) -> None:
    """Status and body come back as they are; what is not HTTP is no answer."""
    async with saying(answer) as url:
        assert await glance(url, patience=PATIENCE) == seen


async def test_whoever_says_nothing_does_not_answer() -> None:
    """Patience ends, and where nobody listens it does not even begin."""
    async with saying(None) as url:
        assert await glance(url, patience=0.2) is None
    assert await glance(url, patience=PATIENCE) is None
