"""Is an engine that is not there, or does not answer, away within a bound, whatever the client calls that?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from api.sending import EngineAway
from bootstrap.sending import TemporalSender
from bootstrap.temporal import DATA_CONVERTER
from readiness.commands import Hold, Role
from readiness.keys import LaunchKey, RegionKey

KEY = RegionKey(product="atlas-2", region="emea", run=1)
LITTLE = timedelta(milliseconds=300)
NOBODY = "127.0.0.1:9"


def hold(number: int = 1) -> Hold:
    """Return a wish."""
    return Hold(command_id=f"c-{number}", person="pm-7", role=Role.PRODUCT_MANAGER, logged_at=datetime.now(UTC))


async def sender_to(address: str) -> TemporalSender:
    """Return a sender as the web process has it: it connects with its first question, and has little patience."""
    client = await Client.connect(address, data_converter=DATA_CONVERTER, lazy=True)
    return TemporalSender(client, patience=LITTLE)


@asynccontextmanager
async def somebody_silent() -> AsyncIterator[str]:
    """Listen, accept, and never say a word: a server that stands still."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        # Nobody new is let in before whoever is there is hung up on, and all of it is over before the loop is.
        server.close()
        await server.wait_closed()
        while writers:
            writer = writers.pop()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def asked(sender: TemporalSender) -> list[Callable[[], Awaitable[object]]]:
    """Return everything by which somebody waits for the engine."""
    return [lambda: sender.region(KEY, hold()), lambda: sender.start_import("an-import")]


async def test_an_engine_that_was_never_reached_is_away() -> None:
    """Whoever asks before the first connection could be made hears the same as afterwards, and hints are lost."""
    sender = await sender_to(NOBODY)
    for ask in await asked(sender):
        with pytest.raises(EngineAway):
            await ask()
    await sender.hint([KEY])
    await sender.hint_launch(LaunchKey(product="atlas-2", run=1))


async def test_an_engine_that_does_not_answer_the_first_connection_is_away_in_time() -> None:
    """A connection that is taken and not answered keeps nobody longer than the patience there is."""
    async with somebody_silent() as address:
        sender = await sender_to(address)
        for ask in await asked(sender):
            async with asyncio.timeout(20):
                with pytest.raises(EngineAway):
                    await ask()


async def test_whoever_waits_behind_others_waits_no_longer_than_they_do() -> None:
    """A hundred wishes for one region are all answered within one patience, not one row of eight after the other."""
    async with somebody_silent() as address:
        sender = await sender_to(address)
        begun = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(sender.region(KEY, hold(n)) for n in range(100)), return_exceptions=True)
        took = asyncio.get_running_loop().time() - begun
    assert {type(answer) for answer in answers} == {EngineAway}
    assert took < 6 * LITTLE.total_seconds()
