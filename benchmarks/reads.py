"""How fast are the board, one region's readiness and its people over HTTP, beside the bare thing?"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

from api.board_page import MOST_CELLS
from api.cursors import LARGEST_PAGE, PAGE_SIZE
from benchmarks.bare_sql import Bare, bare_sql
from benchmarks.bare_web import PATH
from benchmarks.learners import TERRITORIES, course_id, manager_of, product_slug, region_slug
from benchmarks.seeding import SEED, Seeder
from benchmarks.serving import DATABASES, Caller, House, bare_web, house, in_turns
from benchmarks.tables import Line, Table
from readiness.keys import RegionKey
from readiness.people import PersonStatus
from store.board import refresh_figures

PRODUCTS, REGIONS = 200, 50
MANY, FEW = 6_000, 60
"""People in the two regions that are asked about."""

BOARD_BAR = 3.0
READINESS_BAR = 4.0
PEOPLE_BAR = 3.0

WALKS = 5
"""How often the whole board is read."""


def tables() -> Iterable[Table]:
    """Measure each read on both databases."""
    of_readiness: list[Line] = []
    of_board: list[Line] = []
    of_people: list[Line] = []
    for kind in DATABASES:
        with house(kind) as seeded:
            seeder = Seeder(seeded.store, datetime.now(UTC))
            seeder.launches(range(PRODUCTS), regions=REGIONS)
            seeder.people(0, 0, MANY)
            seeder.people(0, 1, FEW)
            with seeded.web() as ours, bare_sql(seeded) as bare:
                of_readiness += readiness(seeded, ours)
                of_board += board(seeded, ours, bare)
                of_people += people(seeded, ours, bare)
    yield Table(
        title="One region's readiness over HTTP",
        lines=of_readiness,
        seed=SEED,
        limits="Bare: a FastAPI route that returns the same model, made once, on the same uvicorn settings. The "
        "figures are at hand, as they are within a minute of a change wherever a worker runs.",
    )
    by_hand = "by one prepared query through the bare driver and by the standard library's JSON, in one process"
    yield Table(
        title=f"The board of {PRODUCTS} products in {REGIONS} regions over HTTP",
        lines=of_board,
        seed=SEED,
        limits=f"Bare: the same rows {by_hand}; all of them at once where ours are walked over.",
    )
    yield Table(
        title=f"A page of {PAGE_SIZE} of the {MANY:,} people of a region over HTTP",
        lines=of_people,
        seed=SEED,
        limits=f"Bare: the same people {by_hand}. The query knows that one function is asked for, that nobody is "
        "named, that no course has a minimum and that nobody made more attempts than may be. Without a filter "
        "by status it looks at nobody who is not on the page, with one at everybody from the page on.",
    )


def readiness(seeded: House, ours: Caller) -> Iterator[Line]:
    """Ask for the readiness of a region with many people, and of one with few."""
    with ExitStack() as running:
        for region, count in enumerate((MANY, FEW)):
            refresh_figures(seeded.store, [RegionKey(product=product_slug(0), region=region_slug(region), run=1)])
            path = f"/v1/launches/{product_slug(0)}/regions/{region_slug(region)}/readiness"
            document = seeded.directory / f"readiness-{count}.json"
            document.write_bytes(ours.ask(path))
            bare = running.enter_context(bare_web(document))
            assert _lasting(ours.ask(path)) == _lasting(bare.ask(PATH))
            our_time, bare_time = in_turns(partial(ours.ask, path), partial(bare.ask, PATH))
            yield Line(f"{count:,} people, {seeded.kind}", our_time, "ms", bare_time, READINESS_BAR)


def board(seeded: House, ours: Caller, bare: Bare) -> Iterator[Line]:
    """Ask for a page of the board, for the largest page, and for all of it page by page."""
    for size in (PAGE_SIZE, LARGEST_PAGE):
        path = f"/v1/readiness?limit={size}"
        assert json.loads(ours.ask(path))["items"] == json.loads(bare.board(size))["items"]
        our_time, bare_time = in_turns(partial(ours.ask, path), partial(bare.board, size))
        yield Line(f"{size} rows, {seeded.kind}", our_time, "ms", bare_time, BOARD_BAR)
    every = PRODUCTS * REGIONS
    assert [row for page in _pages(ours) for row in page] == json.loads(bare.board(every))["items"]
    our_time, bare_time = in_turns(
        lambda: sum(len(page) for page in _pages(ours)), partial(bare.board, every), turns=WALKS, warm_up=1
    )
    yield Line(f"all {every:,} rows, {LARGEST_PAGE} at a time, {seeded.kind}", our_time, "ms", bare_time, BOARD_BAR)
    (our_time,) = in_turns(lambda: ours.ask("/v1/ball"), turns=WALKS, warm_up=1)
    yield Line(f"who holds the ball in all {every:,} regions, {seeded.kind}", our_time, "ms")
    our_time, bare_time = in_turns(lambda: ours.ask("/"), partial(bare.board, MOST_CELLS))
    yield Line(f"the page for people, {MOST_CELLS} cells, {seeded.kind}", our_time, "ms", bare_time, BOARD_BAR)


def people(seeded: House, ours: Caller, bare: Bare) -> Iterator[Line]:
    """Ask for the first and the last page of the people of a region with each filter."""
    here = f"/v1/launches/{product_slug(0)}/regions/{region_slug(0)}"
    launch_at = datetime.fromisoformat(json.loads(ours.ask(f"{here}/readiness"))["launch_at"])
    for asked in filters_of_people(MANY):
        query = "&".join(f"{name}={value}" for name, value in {**asked, "limit": PAGE_SIZE}.items())
        cursors = [("", "")]
        while (page := json.loads(ours.ask(f"{here}/people?{query}{cursors[-1][0]}")))["next_cursor"] is not None:
            cursors.append((f"&cursor={page['next_cursor']}", page["items"][-1]["person_id"]))
        for which, (cursor, after) in {"first": cursors[0], "last": cursors[-1]}.items():
            path = f"{here}/people?{query}{cursor}"

            def by_bare(after: str = after, asked: dict[str, Any] = asked) -> str:
                return bare.people(0, 0, launch_at=launch_at, now=datetime.now(UTC), after=after, **asked)

            items = json.loads(ours.ask(path))["items"]
            assert items == json.loads(by_bare())["items"]
            our_time, bare_time = in_turns(partial(ours.ask, path), by_bare)
            what = ", ".join(f"{name} {value}" for name, value in asked.items()) or "no filter"
            yield Line(
                f"{what}, {which} page, {seeded.kind}", our_time, "ms", bare_time, PEOPLE_BAR, f"{len(items)} rows"
            )


def filters_of_people(count: int) -> list[dict[str, Any]]:
    """Return every way in which so many people of the first region are asked for, as the API names it."""
    return [
        {},
        *({"status": status.value} for status in PersonStatus),
        {"manager": manager_of(0, count // 2)},
        {"territory": TERRITORIES[0]},
        {"course": course_id(0, 1)},
        {"name": f"{region_slug(0)}-00"},
    ]


def _pages(ours: Caller) -> Iterator[list[Any]]:
    """Walk over the whole board by its cursor."""
    cursor: str | None = ""
    while cursor is not None:
        page = json.loads(ours.ask(f"/v1/readiness?limit={LARGEST_PAGE}" + (f"&cursor={cursor}" if cursor else "")))
        yield page["items"]
        cursor = page["next_cursor"]


def _lasting(answer: bytes) -> Any:
    """Return what is answered but for when it was gathered."""
    document = json.loads(answer)
    del document["as_of"]
    return document
