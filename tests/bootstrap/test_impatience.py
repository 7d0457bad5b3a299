"""Does nobody hold a connection without using it?"""

import asyncio
import errno
import resource
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from bootstrap.impatience import DESCRIPTORS_BESIDE, LEAST_BYTES, ImpatientProtocol, claim_places, spare_the_log

HEAD = b"POST /v1/launches HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection that ends in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False
        self.unread = 0
        self.written = bytearray()

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
        """Keep what is answered."""
        self.written += data

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


class Small(ImpatientProtocol):
    """A house of as many places as a test says."""


def connected(
    state: ServerState, *, protocol_class: type[ImpatientProtocol] = ImpatientProtocol
) -> tuple[ImpatientProtocol, Wire]:
    """Return a connection that was just made, and its wire."""
    wire = Wire()
    protocol = protocol_class(config=Config(reads_everything, log_config=None), server_state=state, app_state={})
    protocol.connection_made(wire)
    return protocol, wire


def on_a_wire(act: Callable[[ImpatientProtocol, Wire], None]) -> Wire:
    """Let `act` happen on a fresh connection; return its wire."""

    async def happens() -> Wire:
        state = ServerState()
        protocol, wire = connected(state)
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
    """A request that was begun and is not finished keeps its place for a while, not for ever."""
    outcome: list[bool] = []

    def act(protocol: ImpatientProtocol, wire: Wire) -> None:
        if sent:
            protocol.data_received(sent)
        protocol.expire()
        outcome.append(wire.is_aborted)

    on_a_wire(act)
    assert outcome == [True]


def test_a_body_that_gets_on_is_waited_for_anew() -> None:
    """Each stretch of a body begins the wait anew, a few bytes do not: a long upload lasts as long as it has to."""
    waits: list[float] = []

    def act(protocol: ImpatientProtocol, wire: Wire) -> None:
        protocol.data_received(HEAD)
        for size in (LEAST_BYTES, 10, LEAST_BYTES - 10, 10):
            waits.append(protocol.waits_since)
            protocol.data_received(b"a" * size)
        waits.append(protocol.waits_since)
        assert not wire.is_aborted

    on_a_wire(act)
    grew = [later > earlier for earlier, later in pairwise(waits)]
    assert grew == [True, False, True, False]


def test_an_answer_is_waited_for_unless_nobody_reads_it() -> None:
    """Whoever asked waits as long as the answer takes; one that is read too slowly is given up."""
    outcome: list[bool] = []

    def act(protocol: ImpatientProtocol, wire: Wire) -> None:
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        protocol.expire()
        outcome.append(wire.is_aborted)
        wire.unread = 80_000
        protocol.pause_writing()
        for unread in (75_000, 70_000, 69_000):
            wire.unread = unread
            protocol.expire()
            outcome.append(wire.is_aborted)

    on_a_wire(act)
    assert outcome == [False, False, False, True]


def test_a_closed_connection_whose_last_answer_nobody_reads_is_ended() -> None:
    """A polite close waits for the rest to be read: not longer than anything else is waited for."""

    class Closing(Wire):
        def is_closing(self) -> bool:
            return True

    async def happens() -> bool:
        wire = Closing()
        protocol, _ = connected(ServerState())
        protocol.connection_lost(None)
        protocol.connection_made(wire)
        wire.unread = 10_000
        protocol.expire()
        protocol.connection_lost(None)
        return wire.is_aborted

    assert asyncio.run(happens())


def test_in_a_full_house_whoever_has_owed_something_the_longest_gives_way() -> None:
    """Half-sent requests keep nobody out: the oldest of them goes, never one that is being answered."""

    async def happens() -> list[bool]:
        state = ServerState()
        asked, asked_wire = connected(state)
        asked.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        owing = [connected(state) for _ in range(2)]
        # Whoever got on last is let stay.
        owing[0][0].data_received(HEAD)
        Small.places = 3
        newcomer, newcomer_wire = connected(state, protocol_class=Small)
        newcomer.make_room()
        wires = [asked_wire, owing[0][1], owing[1][1], newcomer_wire]
        gone = [wire.is_aborted for wire in wires]
        for protocol in (asked, owing[0][0], owing[1][0], newcomer):
            protocol.connection_lost(None)
        for task in list(state.tasks):
            await task
        return gone

    assert asyncio.run(happens()) == [False, False, True, False]


def test_where_all_are_being_answered_a_newcomer_is_told_so() -> None:
    """Nobody who waits for an answer loses it: the newcomer gets 503 as a problem, with when to come again."""

    async def happens() -> bytes:
        state = ServerState()
        asked, _ = connected(state)
        asked.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        Small.places = 1
        newcomer, wire = connected(state, protocol_class=Small)
        newcomer.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        async with asyncio.timeout(20):
            while not wire.is_aborted:
                await asyncio.wait(list(state.tasks), timeout=0.01)
        asked.connection_lost(None)
        newcomer.connection_lost(None)
        for task in list(state.tasks):
            await task
        return bytes(wire.written)

    answer = asyncio.run(happens()).decode().lower()
    assert answer.startswith("http/1.1 503")
    assert "application/problem+json" in answer
    assert "retry-after: 5" in answer
    assert "/problems/overloaded" in answer


def test_places_are_claimed_as_far_as_the_system_allows() -> None:
    """The soft limit of descriptors is raised for them, the hard one is respected."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert claim_places(500) == 500
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 2 * 500 + DESCRIPTORS_BESIDE
        assert claim_places(10**9) < 10**9
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_want_of_descriptors_is_told_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """The loop would tell of it so often that it came to nothing else; of everything else it tells as ever."""

    async def happens() -> None:
        loop = asyncio.get_running_loop()
        spare_the_log(loop)
        for _ in range(100):
            loop.call_exception_handler({"message": "no more", "exception": OSError(errno.EMFILE, "no more")})
        loop.call_exception_handler({"message": "another thing", "exception": OSError(errno.EIO, "broken")})
        loop.call_exception_handler({"message": "a third thing"})

    asyncio.run(happens())
    assert [record.message.splitlines()[0] for record in caplog.records] == [
        "no more",
        "another thing",
        "a third thing",
    ]
