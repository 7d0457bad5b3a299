"""Who holds connections without using them, and how does somebody fare who asks properly meanwhile?"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

LOOPBACK = "127.0.0.1"

DRIP_EVERY = timedelta(seconds=1)
"""How often whoever drips sends or reads a little."""

_ASKED_AT_ONCE = 60
"""Large answers that somebody asks for who then does not read them: more than what lies between can hold."""

AT_ONCE = 50
SHORTLY = timedelta(milliseconds=100)
"""How many connections are made together, and how long it is until the next: both ends run on the same few cores, and
what is tried here is what they hold, not how fast they are made."""

_ESTABLISHED = "01"
"""How Linux writes that an end of a connection is open."""

_GONE = (ConnectionError, asyncio.IncompleteReadError)
READERS_OF = 500
"""Of so many connections one of each kind does not read: what it asks for costs what any large answer costs, and that
is not what is tried here."""

_SMALL_BUFFER = 4_096
_HEAD_LINE = "X-Drip: {number}\r\n"

Hold = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Held:
    """One connection that was held: of which kind, and for how many seconds until the server ended it."""

    kind: str
    seconds: float


@dataclass(slots=True)
class Asked:
    """What became of those who asked properly: seconds of each answer, by status."""

    by_status: dict[int, list[float]] = field(default_factory=dict)

    @property
    def seconds(self) -> list[float]:
        """How long each answer took, whatever it was."""
        return [each for taken in self.by_status.values() for each in taken]


class Street:
    """Everybody outside one server; `path` is what is asked for properly, `large` an answer of many kilobytes."""

    def __init__(self, port: int, *, path: str, large: str, upload: str, headers: dict[str, str]) -> None:
        self._port = port
        self._path = path
        self._large = large
        self._upload = upload
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": LOOPBACK, **headers}.items())

    def kinds(self) -> dict[str, Callable[[float], Awaitable[Held]]]:
        """Return each way of holding a connection; it takes how long to hold it at most, in seconds."""
        head = f"GET {self._path} HTTP/1.1\r\n{self._lines}"
        upload = f"POST {self._upload} HTTP/1.1\r\n{self._lines}Content-Type: text/csv\r\n"
        body = f"{upload}Content-Length: 500000\r\n\r\n"
        chunks = f"{upload}Transfer-Encoding: chunked\r\n\r\n400\r\n"
        return {
            "says nothing": partial(self._hold, "says nothing", b"", b""),
            "half a head": partial(self._hold, "half a head", head.encode(), b""),
            "a dripping head": partial(self._hold, "a dripping head", head.encode(), _HEAD_LINE.encode()),
            "half a body": partial(self._hold, "half a body", f"{body}{'x' * 5_000}".encode(), b""),
            "a dripping body": partial(self._hold, "a dripping body", body.encode(), b"x" * 10),
            "a dripping chunk": partial(self._hold, "a dripping chunk", chunks.encode(), b"x"),
            "no reader": partial(self._hold_unread, "no reader", reads=0),
            "a dripping reader": partial(self._hold_unread, "a dripping reader", reads=16),
        }

    async def hold_all(self, count: int, *, at_most: float, only: Collection[str] = ()) -> list[Held]:
        """Hold `count` connections, as many of each kind, until the server ends them or `at_most` seconds passed.

        Of every kind, or of those named by `only`.
        """
        kinds = {kind: hold for kind, hold in self.kinds().items() if not only or kind in only}
        reading = [hold for kind, hold in kinds.items() if "reader" in kind]
        quiet = [hold for kind, hold in kinds.items() if "reader" not in kind]
        few = -(-count // READERS_OF)
        chosen = reading * few
        chosen += [quiet[number % len(quiet)] for number in range(count - len(chosen))]
        held: list[asyncio.Future[Held]] = []
        for number, hold in enumerate(chosen):
            held.append(asyncio.ensure_future(hold(at_most)))
            if number % AT_ONCE == AT_ONCE - 1:
                await _wait(SHORTLY)
        return list(await asyncio.gather(*held))

    async def ask(self) -> tuple[int, float]:
        """Ask properly, on a connection of its own; return the status and how many seconds it took."""
        begun = _now()
        request = f"GET {self._path} HTTP/1.1\r\n{self._lines}Connection: close\r\n\r\n"
        async with self._connected() as (reader, writer):
            writer.write(request.encode())
            answer = await reader.read()
        return int(answer.split(b" ", 2)[1]), _now() - begun

    async def ask_on(self, until: Callable[[], bool]) -> Asked:
        """Ask again and again until `until` says that it is enough.

        In a thread: whoever asks properly does so without delay, however much is done here at the same time.
        """

        async def on() -> Asked:
            asked = Asked()
            while not until():
                status, seconds = await self.ask()
                asked.by_status.setdefault(status, []).append(seconds)
            return asked

        return await asyncio.to_thread(lambda: asyncio.run(on()))

    async def send_slowly(self, pieces: Iterable[bytes], *, every: timedelta) -> bytes:
        """Send a file piece by piece, as an honest but slow line does, and return the answer."""
        listed = list(pieces)
        head = f"POST {self._upload} HTTP/1.1\r\n{self._lines}Content-Type: text/csv\r\nConnection: close\r\n"
        async with self._connected() as (reader, writer):
            writer.write(f"{head}Content-Length: {sum(map(len, listed))}\r\n\r\n".encode())
            early = b""
            for piece in listed:
                writer.write(piece)
                await writer.drain()
                early += await _heard(reader, every) or b""
            return early + await reader.read()

    async def send_head(self, method: str, path: str, *lines: str) -> tuple[int, float]:
        """Send the head of a request and nothing of its body; return the status that comes all the same."""
        begun = _now()
        head = f"{method} {path} HTTP/1.1\r\n{self._lines}" + "".join(f"{line}\r\n" for line in lines)
        async with self._connected() as (reader, writer):
            writer.write(f"{head}\r\n".encode())
            answer = await reader.readline()
        return int(answer.split(b" ", 2)[1]), _now() - begun

    async def send_chunks_for_ever(self, method: str, path: str, *lines: str) -> tuple[int, int]:
        """Send a chunked body without an end; return the status that ends it and how many bytes were sent by then."""
        head = f"{method} {path} HTTP/1.1\r\n{self._lines}Transfer-Encoding: chunked\r\n"
        sent = 0
        async with self._connected() as (reader, writer):
            writer.write((head + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode())
            answering = asyncio.ensure_future(reader.readline())
            with suppress(ConnectionError):
                while not answering.done():
                    writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
                    sent += 0x1000
                    await writer.drain()
                    await asyncio.wait({answering}, timeout=0)
            status = int((await answering).split(b" ", 2)[1])
        return status, sent

    async def _hold(self, kind: str, first: bytes, drip: bytes, at_most: float) -> Held:
        """Send `first`, then `drip` again and again, and see when the server ends it."""
        begun = _now()
        async with self._connected() as (reader, writer):
            begun = _now()
            with suppress(*_GONE):
                writer.write(first)
                while _now() - begun < at_most:
                    if await _heard(reader, DRIP_EVERY) == b"":
                        break
                    if drip:
                        writer.write(drip)
        return Held(kind, _now() - begun)

    async def _hold_unread(self, kind: str, at_most: float, *, reads: int) -> Held:
        """Ask for far more than fits between here and there, and read `reads` bytes of it now and then.

        What the server does then cannot be heard without reading, so the system is asked how its end stands. The time
        runs from when nothing more could be sent.
        """
        loop = asyncio.get_running_loop()
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            line.setblocking(False)
            await loop.sock_connect(line, (LOOPBACK, self._port))
            request = f"GET {self._large} HTTP/1.1\r\n{self._lines}\r\n".encode()
            asking = asyncio.ensure_future(loop.sock_sendall(line, request * _ASKED_AT_ONCE))
            unsent, stuck_at, begun = -1, _now(), _now()
            while _now() - begun < 3 * at_most and _now() - stuck_at < at_most:
                end = _other_end(line, self._port)
                if end is None:
                    break
                if end != unsent:
                    unsent, stuck_at = end, _now()
                await _wait(DRIP_EVERY)
                if reads:
                    with suppress(BlockingIOError, *_GONE):
                        line.recv(reads)
            asking.cancel()
            await asyncio.wait({asking})
        return Held(kind, _now() - stuck_at)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def _heard(reader: asyncio.StreamReader, within: timedelta) -> bytes | None:
    """Return what came within a time, nothing at the end of the connection, None where nothing came."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await reader.read(1 << 16)
    except TimeoutError:
        return None


async def _wait(span: timedelta) -> None:
    """Let time pass: here nothing tells when the server has had enough."""
    with suppress(TimeoutError):
        async with asyncio.timeout(span.total_seconds()):
            await asyncio.Event().wait()


def _other_end(line: socket.socket, port: int) -> int | None:
    """Return how many bytes the server's end of a connection has sent that nobody took; None once it is closed."""
    ours = line.getsockname()[1]
    for entry in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, state, queues, *_ = entry.split()
        if (int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16)) == (port, ours):
            return int(queues.partition(":")[0], 16) if state == _ESTABLISHED else None
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
