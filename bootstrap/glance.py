"""What does a process on this machine answer, when asked so lightly that it may be asked many times a second?"""

# Used while everything starts, when each core is busy with imports: an HTTP library would cost one more of them, and
# a program run for each question a core of its own.

import asyncio
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit


class Glanced(NamedTuple):
    """What came back."""

    status: int
    body: bytes


async def glance(url: str, *, patience: float) -> Glanced | None:
    """Return the answer to a GET of `url`; None where there is none, or none within `patience` seconds."""
    address = urlsplit(url)
    path = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(address.hostname, address.port or 80)
            try:
                # In HTTP/1.0 the answer comes in one piece and ends with the connection.
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return None
    return Glanced(int(words[1]), body)
