"""What grows with the number of launches or of facts, and should not?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

from api.cursors import PAGE_SIZE
from benchmarks.learners import FACTS_EACH, product_slug, region_slug
from benchmarks.seeding import SEED, Seeder
from benchmarks.serving import DATABASES, Caller, House, house, in_turns, servers
from benchmarks.tables import Line, Table

LAUNCHES = (1, 20, 200)
FACTS = (10_000, 100_000, 1_000_000)
REGIONS = 50
PEOPLE = 600
"""People in the region that is asked about; it is the same one in every store."""

TURNS = 50

Fill = Callable[[Seeder, int], None]


def tables() -> Iterator[Table]:
    """Measure the same reads in three stores of each database, in turns, by launches and then by facts."""
    limits = (
        f"Medians of {TURNS}, the three stores asked in turns; the bare one is the smallest store. The region that "
        f"is asked about has {PEOPLE} people in every store, and {FACTS_EACH} facts stand for each."
    )
    for title, unit, sizes, fill in (
        ("launches", "launches", LAUNCHES, _fill_with_launches),
        ("facts", "facts", FACTS, _fill_with_facts),
    ):
        lines = [line for kind in DATABASES for line in _grown(kind, unit, sizes, fill)]
        yield Table(title=f"Growth with {title}, {REGIONS} regions a launch", lines=lines, seed=SEED, limits=limits)


def reads(ahead: datetime) -> Mapping[str, str]:
    """Return what is asked, by its name; `ahead` is an instant that nobody has counted the figures for."""
    here = f"/v1/launches/{product_slug(0)}/regions/{region_slug(0)}"
    return {
        f"the board, first {PAGE_SIZE}": "/v1/readiness",
        "the board of one product": f"/v1/readiness?product={product_slug(0)}",
        "the page for people": "/",
        "a readiness": f"{here}/readiness",
        "a readiness, counted anew": f"{here}/readiness?at={ahead:%Y-%m-%dT%H:%M:%SZ}",
        f"people, first {PAGE_SIZE}": f"{here}/people",
        f"people who lapse, first {PAGE_SIZE}": f"{here}/people?status=lapses",
        "a timeline": f"{here}/timeline",
    }


def _grown(kind: str, unit: str, sizes: Sequence[int], fill: Fill) -> Iterable[Line]:
    now = datetime.now(UTC)
    with ExitStack() as until_done:
        server = until_done.enter_context(servers(kind))
        callers: list[Caller] = []
        for size in sizes:
            filled: House = until_done.enter_context(house(kind, server))
            seeder = Seeder(filled.store, now)
            fill(seeder, size)
            seeder.people(0, 0, PEOPLE)
            callers.append(until_done.enter_context(filled.web()))
        for what, path in reads(now + timedelta(days=30)).items():
            first, *others = in_turns(*(partial(caller.ask, path) for caller in callers), turns=TURNS)
            yield Line(f"{what}, {sizes[0]:,} {unit}, {kind}", first, "ms")
            for size, median in zip(sizes[1:], others, strict=True):
                yield Line(f"{what}, {size:,} {unit}, {kind}", median, "ms", first)


def _fill_with_launches(seeder: Seeder, count: int) -> None:
    seeder.launches(range(count), regions=REGIONS)


def _fill_with_facts(seeder: Seeder, count: int) -> None:
    """Add facts of people elsewhere until there are so many with those of the region that is asked about."""
    seeder.launches(range(1), regions=REGIONS)
    seeder.facts_elsewhere(0, range(max(0, count - PEOPLE * FACTS_EACH) // FACTS_EACH))
