"""How long may somebody take to say what they want of the web process, and who gives way when it is full?"""

# uvicorn waits for ever for a request that was begun and not finished, and for an answer to be read; it turns away
# everyone else while its places are taken. Here whoever owes something for too long is let go, and when somebody
# comes to a full house, whoever has owed it the longest goes at once: half-sent requests keep nobody out.

import asyncio
import errno
import resource
import select
from contextlib import suppress
from enum import StrEnum
from typing import Any, ClassVar

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.outer import OuterMiddleware
from api.problems import RETRY_AFTER_SECONDS, Problem, response_of

PATIENCE_SECONDS = 14
"""For the head of a request, and for each stretch of its body or of the answer. Nobody is to hold a place for fifteen
seconds by it, and where a thousand do at once the last is noticed almost a second late."""

LEAST_BYTES = 4 * 1024
"""What must come of a body, or be read of an answer, in one stretch: less is no line that anybody still has, but
somebody holding a place."""

DESCRIPTORS_BESIDE = 200
"""Descriptors that are not connections: three for each of the store's twenty, uploads, the engine, logs."""

RUSH = 10
"""Times as many connections as there are places that may come at once."""

ROOM_AFTER_SECONDS = 0.2
"""How long somebody who came to a full house is in it before another goes: most requests are answered by then."""


RUSH_TOLD_EVERY = 10.0
"""Seconds between two notes that descriptors ran out."""


class Awaited(StrEnum):
    """What the other side owes the connection."""

    HEAD = "the head of a request"
    BODY = "the body of a request"
    READING = "the reading of an answer"
    NOTHING = "nothing: it is being answered"


def claim_places(wanted: int) -> int:
    """Let this process have `wanted` connections, as far as the system allows it; return how many it may have.

    Many more may come at once before somebody has given way to them, so room is claimed for these too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = RUSH * wanted + DESCRIPTORS_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        # macOS names a hard limit that it then does not grant.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, (soft - DESCRIPTORS_BESIDE) // 2))


def spare_the_log(loop: asyncio.AbstractEventLoop) -> None:
    """Tell once in a while that descriptors ran out: the loop tells it two thousand times before it does anything."""
    told_at = -RUSH_TOLD_EVERY

    def told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told_at
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno == errno.EMFILE:
            if loop.time() - told_at < RUSH_TOLD_EVERY:
                return
            told_at = loop.time()
        loop.default_exception_handler(context)

    loop.set_exception_handler(told)


async def _say_full(scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem(
        "overloaded",
        "Nothing of it was done. Ask again in a moment.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS), "Connection": "close"},
    )
    await response_of(problem, request_id=scope["state"]["request_id"])(scope, receive, send)


house_is_full = OuterMiddleware(_say_full)
"""Answers that everybody here is busy with somebody else."""


class ImpatientProtocol(H11Protocol):
    """Ends a connection on which a request, its body or the reading of its answer does not get on."""

    places: ClassVar[int] = 200
    """Connections at once; `serve` sets it to what the system allows."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._received = 0
        self._unread = 0
        self._is_let_go = False
        self.waits_since = self.loop.time()
        """When, by the loop's clock, the other side last did what it owed."""

    @property
    def awaited(self) -> Awaited:
        """What the other side owes the connection now."""
        if self.transport.is_closing() or self.flow.write_paused:
            return Awaited.READING
        if self.conn.their_state is h11.SEND_BODY:
            # Nothing is owed while we do not take it.
            return Awaited.NOTHING if self.flow.read_paused else Awaited.BODY
        return Awaited.HEAD if self.conn.their_state is h11.IDLE else Awaited.NOTHING

    @property
    def is_silent(self) -> bool:
        """True where nothing has arrived that merely was not taken in yet; the loop may have been busy."""
        line = self.transport.get_extra_info("socket")
        if line is None:
            return True
        arrived = select.poll()
        arrived.register(line.fileno(), select.POLLIN)
        return not arrived.poll(0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request; in a full house, let go whoever has owed something the longest."""
        super().connection_made(transport)
        self._wait_anew()
        if len(self.connections) > self.places:
            self.loop.call_later(ROOM_AFTER_SECONDS, self.make_room)
            if all(each.awaited is Awaited.NOTHING for each in self._here() if each is not self):
                self.app = house_is_full

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take `data` in, and wait anew where something else is awaited now or enough of the body came."""
        before = self.awaited
        self._received += len(data)
        super().data_received(data)
        if self.awaited is not before or (before is Awaited.BODY and self._received >= LEAST_BYTES):
            self._wait_anew()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait_anew()

    def pause_writing(self) -> None:
        """Begin to wait for the answer to be read."""
        super().pause_writing()
        self._wait_anew()

    def resume_writing(self) -> None:
        """Wait for whatever is owed now that the answer was read."""
        super().resume_writing()
        self._wait_anew()

    def expire(self) -> None:
        """End the connection if the other side did not do its part since the wait began; else wait anew."""
        if self._did_its_part():
            self._wait_anew()
        else:
            self.let_go()

    def _did_its_part(self) -> bool:
        match self.awaited:
            case Awaited.HEAD | Awaited.BODY:
                return False
            case Awaited.READING:
                return self._unread - self.transport.get_write_buffer_size() >= LEAST_BYTES
            case Awaited.NOTHING:
                return True

    def _wait_anew(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._received = 0
        self._unread = self.transport.get_write_buffer_size()
        self.waits_since = self.loop.time()
        self._timer = self.loop.call_later(PATIENCE_SECONDS, self.expire)

    def make_room(self) -> None:
        """Let go who has owed something the longest, if there are still more here than there are places."""
        here = self._here()
        if len(here) > self.places:
            owing = sorted(here, key=lambda each: each.waits_since)
            longest = next((each for each in owing if each.awaited is not Awaited.NOTHING and each.is_silent), None)
            if longest is not None:
                longest.let_go()

    def let_go(self) -> None:
        """End the connection at once: closing it politely would wait for what the other side does not read."""
        self._is_let_go = True
        self.transport.abort()

    def _here(self) -> "list[ImpatientProtocol]":
        """Return the connections of this house that are not ended yet."""
        return [each for each in self.connections if isinstance(each, ImpatientProtocol) and not each._is_let_go]
