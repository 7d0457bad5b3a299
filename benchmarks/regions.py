"""How much does Temporal keep and count for one region, from its start to its launch, however many people it has?"""

# Three regions of one launch have 60, 600 and 6,000 sellers. Everything comes over HTTP: the launch is started first,
# people, completions and attempts follow in files whose rows are shuffled over the regions, signatures come between
# them, then every region is decided and launches at its instant. Afterwards every history is fetched and counted.

import asyncio
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from benchmarks import governed
from benchmarks.engine import PATIENCE, engine, until
from benchmarks.kept import Kept, all_kept, counted_by_server, kept_of
from benchmarks.launching import SIGNATURES, Launching, TooLate, all_are, cut, people
from benchmarks.tables import Line, Table
from workflows import names

PRODUCT = "regions"
SELLERS = {"small": 60, "medium": 600, "large": 6_000}
COURSES = 3
WIDE = "wide"
WIDE_REGIONS = 50
FILES_OF_PEOPLE = 3
FILES_OF_COMPLETIONS = 9
FILES_OF_ATTEMPTS = 4

AT_MOST_EVENTS = 120
AT_MOST_ACTIONS = 30
AT_MOST_EVENTS_OF_ANY = 500
AT_MOST_STATE = 10.0
"""Kilobytes."""

LEADS = (timedelta(minutes=2), timedelta(minutes=8), timedelta(minutes=30))
"""How far ahead the launch instant lies: everything has to come in between, and what did not is played again."""

_KILO = 1_000


def tables() -> Iterable[Table]:
    """Play a launch on SQLite, and count; then one that is governed by all means there are."""
    yield _of_files()
    yield from governed.tables()


def _of_files() -> Table:
    seed = random.SystemRandom().randrange(2**32)
    for lead in LEADS:
        with suppress(TooLate):
            return _played(seed, lead)
    raise TimeoutError(f"no region could be decided within {LEADS[-1]}")


def _played(seed: int, lead: timedelta) -> Table:
    with engine() as running, people(running) as acting:
        launching = Launching(acting, PRODUCT, SELLERS, courses=COURSES)
        _play(launching, random.Random(seed), lead)  # noqa: S311 - an order of rows is no secret.
        kept = asyncio.run(all_kept(running.server.address, PRODUCT, SELLERS))
        billed = sum(each.actions for each in kept.values())
        # Its counters lag behind by a second or two.
        until(lambda: counted_by_server(running.metrics_url) >= billed, within=timedelta(seconds=20), or_else=True)
        counted = counted_by_server(running.metrics_url)
        wide = Launching(acting, WIDE, {f"r-{number:02}": 0 for number in range(WIDE_REGIONS)})
        wide.start()
        # The launch is answered for before its workflow has written down the plan, or started a region's.
        (widest,) = until(lambda: asyncio.run(_once_begun(running.server.address)))
        return _table(kept, widest, billed=billed, counted=counted, seed=seed)


async def _once_begun(address: str) -> tuple[Kept, ...]:
    launch = await kept_of(address, names.launch_id(WIDE))
    return (launch,) if launch.events > WIDE_REGIONS else ()


def _play(launching: Launching, rng: random.Random, lead: timedelta) -> None:
    """Take the launch from its plan to its end in every region, with files and signatures interleaved."""
    acting, now = launching.acting, datetime.now(UTC)
    launching.start(lead=lead)
    for rows in cut(launching.people_rows(), FILES_OF_PEOPLE, rng):
        acting.bring_in("people", rows)
    launching.write()
    everyone = [person for those in launching.sellers.values() for person in those]
    completions = cut(launching.learned(everyone, done_at=now - timedelta(days=2)), FILES_OF_COMPLETIONS, rng)
    for number, rows in enumerate(completions):
        acting.bring_in("completions", rows)
        for region in launching.regions:
            # One signature after each of the first files, so that learning and signing go on side by side.
            for stage, function in SIGNATURES[number : number + 1]:
                launching.sign(region, stage, function, launching.digests(region)[stage])
    for rows in cut(launching.passed(everyone, done_at=now - timedelta(days=1)), FILES_OF_ATTEMPTS, rng):
        acting.bring_in("attempts", rows)
    until(lambda: all_are(launching, "ready"))
    for region in launching.regions:
        launching.decide(region)
    until(lambda: all_are(launching, "launched"), within=lead + PATIENCE)


def _table(kept: Mapping[str, Kept], widest: Kept, *, billed: int, counted: int, seed: int) -> Table:
    lines: list[Line] = []
    for region, many in SELLERS.items():
        of_region = kept[names.region_launch_id(PRODUCT, region)]
        who = f"region of {many:,} sellers"
        # The two Actions of a child's start are the region's, though its parent asks for it.
        lines += [
            Line(f"{who}: events", of_region.events, "events", at_most=AT_MOST_EVENTS),
            Line(f"{who}: Actions", of_region.actions + 2, "Actions", at_most=AT_MOST_ACTIONS),
            Line(f"{who}: largest payload", of_region.largest / _KILO, "kB", at_most=AT_MOST_STATE),
        ]
    launch = kept[names.launch_id(PRODUCT)]
    longest = max(each.longest for each in kept.values())
    lines += [
        Line("launch as a whole: largest payload", launch.largest / _KILO, "kB", at_most=AT_MOST_STATE),
        Line(f"launch of {WIDE_REGIONS} regions: largest payload", widest.largest / _KILO, "kB"),
        Line("longest history of any workflow", longest, "events", at_most=AT_MOST_EVENTS_OF_ANY),
        Line("Actions of everything", billed, "Actions", note=f"the server's own counter says {counted}"),
    ]
    files = FILES_OF_PEOPLE + FILES_OF_COMPLETIONS + FILES_OF_ATTEMPTS
    return Table(
        f"One region from start to launch, {COURSES} courses",
        lines,
        seed=seed,
        limits=f"{files} files, their rows shuffled over the three regions; four signatures and one go per region. "
        "The largest payload is the largest of all that a run begins with, is told or "
        "writes down for its replay.",
    )
