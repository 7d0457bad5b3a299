"""How long may somebody take to say what they want of the web process?"""

# uvicorn waits for ever for a request that was begun and not finished, so a few hundred half-sent ones would keep
# everybody else out. Connections are few (CONNECTIONS in bootstrap/web.py): whoever holds one must use it.

import asyncio
from enum import StrEnum
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_SECONDS = 15
"""For the head of a request, and for each stretch of its body or of the answer; as long as idle connections live."""

LEAST_BYTES = 4 * 1024
"""What must come of a body in one stretch: less is no line that anybody still has, but somebody holding a place."""


class Awaited(StrEnum):
    """What the other side owes the connection."""

    HEAD = "the head of a request"
    BODY = "the body of a request"
    NOTHING = "nothing: it is being answered"


class ImpatientProtocol(H11Protocol):
    """Ends a connection on which a request, its body or the reading of its answer does not get on."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._received = 0
        self._unread = 0

    @property
    def awaited(self) -> Awaited:
        """What the other side owes the connection now."""
        if self.conn.their_state is h11.SEND_BODY:
            return Awaited.BODY
        return Awaited.HEAD if self.conn.their_state is h11.IDLE else Awaited.NOTHING

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_anew()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take `data` in, and wait anew where something else is awaited now."""
        before = self.awaited
        self._received += len(data)
        super().data_received(data)
        if self.awaited is not before:
            self._wait_anew()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait_anew()

    def expire(self) -> None:
        """End the connection if the other side did not do its part since the wait began; else wait anew."""
        if self.transport.is_closing():
            return
        if self._did_its_part():
            self._wait_anew()
        else:
            # Closing politely would wait for what the other side does not read.
            self.transport.abort()

    def _did_its_part(self) -> bool:
        match self.awaited:
            case Awaited.HEAD:
                return False
            case Awaited.BODY:
                return self.flow.read_paused or self._received >= LEAST_BYTES
            case Awaited.NOTHING:
                unread = self.transport.get_write_buffer_size()
                return not self.flow.write_paused or unread != self._unread

    def _wait_anew(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._received = 0
        self._unread = self.transport.get_write_buffer_size()
        self._timer = None if self.transport.is_closing() else self.loop.call_later(PATIENCE_SECONDS, self.expire)
