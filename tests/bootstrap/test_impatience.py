"""Does nobody hold a connection without using it?"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from bootstrap.impatience import LEAST_BYTES, ImpatientProtocol

HEAD = b"POST /v1/launches HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection that ends in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False
        self.unread = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Know nothing of either end."""
        return default

    def is_closing(self) -> bool:
        """Say whether it was ended."""
        return self.is_aborted

    def abort(self) -> None:
        """End it."""
        self.is_aborted = True

    def close(self) -> None:
        """End it."""
        self.is_aborted = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Drop what is answered."""

    def get_write_buffer_size(self) -> int:
        """Return what the other side has not read yet."""
        return self.unread

    def pause_reading(self) -> None:
        """Read no more for now."""

    def resume_reading(self) -> None:
        """Read on."""


async def reads_everything(_scope: Any, receive: Any, _send: Any) -> None:
    """An application that takes whatever comes and never answers."""
    while (await receive())["type"] != "http.disconnect":
        pass


def on_a_wire(act: Callable[[ImpatientProtocol, Wire], None]) -> Wire:
    """Let `act` happen on a fresh connection; return its wire."""

    async def happens() -> Wire:
        wire = Wire()
        state = ServerState()
        config = Config(reads_everything, log_config=None)
        protocol = ImpatientProtocol(config=config, server_state=state, app_state={})
        protocol.connection_made(wire)
        act(protocol, wire)
        protocol.connection_lost(None)
        for task in list(state.tasks):
            await task
        return wire

    return asyncio.run(happens())


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nX-A: b\r\n", HEAD, HEAD + b"a" * (LEAST_BYTES - len(HEAD) - 1)],
    ids=["nothing", "half a head", "a head without its body", "a body that drips"],
)
def test_whoever_does_not_get_on_is_let_go(sent: bytes) -> None:
    """A request that was begun and is not finished keeps its place for fifteen seconds, not for ever."""
    outcome: list[bool] = []

    def act(protocol: ImpatientProtocol, wire: Wire) -> None:
        if sent:
            protocol.data_received(sent)
        protocol.expire()
        outcome.append(wire.is_aborted)

    on_a_wire(act)
    assert outcome == [True]


def test_a_body_that_gets_on_is_waited_for() -> None:
    """A long upload lasts as long as it has to, stretch after stretch."""
    outcome: list[bool] = []

    def act(protocol: ImpatientProtocol, wire: Wire) -> None:
        protocol.data_received(HEAD)
        for _ in range(3):
            protocol.data_received(b"a" * LEAST_BYTES)
            protocol.expire()
            outcome.append(wire.is_aborted)
        protocol.expire()
        outcome.append(wire.is_aborted)

    on_a_wire(act)
    assert outcome == [False, False, False, True]


def test_an_answer_is_waited_for_unless_nobody_reads_it() -> None:
    """Whoever asked waits as long as the answer takes; one that is not read is given up."""
    outcome: list[bool] = []

    def act(protocol: ImpatientProtocol, wire: Wire) -> None:
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        protocol.expire()
        outcome.append(wire.is_aborted)
        protocol.pause_writing()
        for unread in (70_000, 66_000, 66_000):
            wire.unread = unread
            protocol.expire()
            outcome.append(wire.is_aborted)

    on_a_wire(act)
    assert outcome == [False, False, False, True]
