"""Does an open page learn of what its reader may see, and of nothing else?"""

import asyncio
import itertools
import re
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
from api.pulses import MOST_LISTENING, Pulses
from readiness.commands import Role
from readiness.keys import RegionKey
from store.engine import open_store
from tests.api.door import SettableClock, dependencies
from tests.store.desk import Clock, Desk

PATIENCE = 20
SEVERAL_LOOKS = 8
"""Times that the clock of the pulses is read: twice a look."""

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


async def opened(deps: Dependencies, *, seen: str | None = None) -> tuple[str, AsyncIterator[str]]:
    """Open the page of somebody who may see APAC alone: what it has seen then, and what comes over its line."""
    headers = [(b"last-event-id", seen.encode())] if seen is not None else []
    answer = await live(Request({"type": "http", "headers": headers}), deps, ONE_REGION)
    assert isinstance(answer, StreamingResponse)
    assert (answer.media_type, answer.headers["cache-control"]) == ("text/event-stream", "no-store")
    lines = aiter(answer.body_iterator)
    first = re.fullmatch(r"retry: 1000\nid: (\S+)\n\n", str(await anext(lines)))
    assert first is not None
    return first[1], lines  # type: ignore[return-value]  # It yields text, as what is above shows.


def held(desk: Desk, region: str) -> None:
    """Hold one region."""
    key = RegionKey(product="atlas-2", region=region, run=1)
    desk.accepted(key, desk.hold(key))


async def test_a_page_learns_of_an_act_in_a_region_that_its_reader_may_see(desk: Desk, deps: Dependencies) -> None:
    """What somebody else does is told, and told once."""
    before, lines = await opened(deps)
    held(desk, "apac")
    told = await asyncio.wait_for(anext(lines), PATIENCE)
    assert told.startswith("event: changed\nid: ")
    assert before not in told
    deps.pulses.closing.set()
    assert await _all(lines) == []


async def test_a_page_learns_nothing_of_other_regions(desk: Desk, deps: Dependencies) -> None:
    """An act next door is not told, not even that there was one, however often the page has looked since."""
    looked = asyncio.Event()
    loop, ticks = asyncio.get_running_loop(), itertools.count()

    def clock() -> float:
        tick = next(ticks)
        if tick > SEVERAL_LOOKS:
            loop.call_soon_threadsafe(looked.set)
        return float(tick)

    deps.pulses.clock = clock
    _, lines = await opened(deps)
    held(desk, "emea")
    everything = asyncio.create_task(_all(lines))
    await asyncio.wait_for(looked.wait(), PATIENCE)
    deps.pulses.closing.set()
    assert await asyncio.wait_for(everything, PATIENCE) == []


async def test_a_page_of_one_region_or_product_learns_of_nothing_else(desk: Desk, deps: Dependencies) -> None:
    """An act changes the pulse of its own region and product, and no other that one may look at."""
    places: dict[str, tuple[str | None, str | None]] = {
        "everything": (None, None),
        "its product": ("atlas-2", None),
        "its region": ("atlas-2", "apac"),
        "another region": ("atlas-2", "emea"),
        "another product": ("atlas-3", "apac"),
    }
    before = {name: deps.pulses.of(desk.store, None, *place).mark for name, place in places.items()}
    held(desk, "apac")
    after = {name: deps.pulses.of(desk.store, None, *place).mark for name, place in places.items()}
    changed = {name for name in places if before[name] != after[name]}
    assert changed == {"everything", "its product", "its region"}


async def test_what_happens_between_two_lines_is_told_with_the_next(desk: Desk, deps: Dependencies) -> None:
    """A browser that comes again says what it saw last, and is told at once if that is no longer so."""
    seen, _ = await opened(deps)
    _, same = await opened(deps, seen=seen)
    held(desk, "apac")
    _, lines = await opened(deps, seen=seen)
    assert (await asyncio.wait_for(anext(lines), PATIENCE)).startswith("event: changed\n")
    deps.pulses.closing.set()
    assert await _all(same) == []


async def test_open_pages_leave_room_for_everybody_else(deps: Dependencies) -> None:
    """Beyond so many lines a page is told to ask by itself, and a line that ends makes room again."""
    _, line = await opened(deps)
    deps.pulses.listening += MOST_LISTENING - 1
    refused = await live(Request({"type": "http", "headers": []}), deps, ONE_REGION)
    assert refused.status_code == 204
    deps.pulses.closing.set()
    await _all(line)
    assert deps.pulses.listening == MOST_LISTENING - 1


async def test_an_open_page_keeps_no_process_from_ending(deps: Dependencies) -> None:
    """When the process is asked to end, the line ends at once."""
    _, lines = await opened(deps)
    deps.pulses.closing.set()
    assert await asyncio.wait_for(_all(lines), PATIENCE) == []


async def _all(lines: AsyncIterator[str]) -> list[str]:
    return [line async for line in lines]
