"""Does an open page learn of what its reader may see, and of nothing else?"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.dependencies import Dependencies
from api.identity import Actor, EmbeddedIssuer, RoleGrant
from api.live_pages import live
from api.pulses import Pulses
from readiness.commands import Role
from readiness.keys import RegionKey
from store.engine import open_store
from tests.api.door import SettableClock, dependencies
from tests.store.desk import Clock, Desk

PATIENCE = 20
ONE_REGION = Actor("sa-2", (RoleGrant(Role.SALES_LEAD, "apac"),), "token")


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A launch in two regions, on a store of this test's own."""
    shutil.copyfile(migrated_sqlite, tmp_path / "live.sqlite")
    standing = Clock()
    store = open_store(f"sqlite:///{tmp_path / 'live.sqlite'}", standing)
    desk = Desk(store, standing)
    desk.start("apac", "emea")
    try:
        yield desk
    finally:
        store.close()


@pytest.fixture
def deps(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Dependencies:
    """The front door on it, whose pulses are never older than the question."""
    ticks = iter(range(10**9))
    return replace(dependencies(desk.store, issuer, clock), pulses=Pulses(clock=lambda: float(next(ticks))))


async def opened(deps: Dependencies) -> AsyncIterator[str]:
    """Open the page of somebody who may see APAC alone, and return what comes over its line after the first word."""
    answer = await live(Request({"type": "http", "headers": []}), deps, ONE_REGION)
    assert isinstance(answer, StreamingResponse)
    assert (answer.media_type, answer.headers["cache-control"]) == ("text/event-stream", "no-store")
    lines = aiter(answer.body_iterator)
    assert await anext(lines) == "retry: 1000\n\n"
    return lines  # type: ignore[return-value]  # It yields text, as what is above shows.


def held(desk: Desk, region: str) -> None:
    """Hold one region."""
    key = RegionKey(product="atlas-2", region=region, run=1)
    desk.accepted(key, desk.hold(key))


async def test_a_page_learns_of_an_act_in_a_region_that_its_reader_may_see(desk: Desk, deps: Dependencies) -> None:
    """What somebody else does is told, and told once."""
    lines = await opened(deps)
    held(desk, "apac")
    assert await asyncio.wait_for(anext(lines), PATIENCE) == "event: changed\ndata: \n\n"
    deps.pulses.closing.set()
    assert [line async for line in lines] == []


async def test_a_page_learns_nothing_of_other_regions(desk: Desk, deps: Dependencies) -> None:
    """An act next door is not told, not even that there was one."""
    lines = await opened(deps)
    held(desk, "emea")
    held(desk, "apac")
    assert await asyncio.wait_for(anext(lines), PATIENCE) == "event: changed\ndata: \n\n"
    held_next_door = deps.pulses.of(desk.store, ("apac",))
    assert deps.pulses.of(desk.store, None).versions > held_next_door.versions
    assert held_next_door.regions == 1


async def test_an_open_page_keeps_no_process_from_ending(deps: Dependencies) -> None:
    """When the process is asked to end, the line ends at once."""
    lines = await opened(deps)
    deps.pulses.closing.set()
    assert await asyncio.wait_for(_all(lines), PATIENCE) == []


async def _all(lines: AsyncIterator[str]) -> list[str]:
    return [line async for line in lines]
