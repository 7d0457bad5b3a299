"""What does an acknowledged act cost, beside what Temporal alone would take for the least of its kind?"""

# Ours and the bare thing take turns, act by act, so that whatever else the machine does hits both alike.

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from statistics import median
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, func, not_, select, update
from temporalio.client import Client, WorkflowHandle

from benchmarks.bare import TASK_QUEUE, BareParent, BareWorkflow
from benchmarks.engine import Engine, engine, until
from benchmarks.launching import SIGNATURES, Launching, People, people
from benchmarks.tables import Line, Table, percentile
from bootstrap.temporal import connect
from readiness.keys import RegionKey
from store.board import refresh_figures
from store.engine import Store
from store.facts import AHEAD_AT_MOST
from store.records_schema import region_launches
from tests.postgres import postgres_database, postgres_server

REGIONS = 50
STARTS = 7
SIGNED = 30
"""Regions of which each is signed four times and decided once."""

SELLERS = 4

AT_MOST_PER_START = 1.5
AT_MOST_PER_ACT = 2.5

_QUIET = 1.0
"""Seconds that the work behind a start is given after its last trace, so that the bare thing has the machine."""

_BREATH = 0.1
"""Seconds between one act and the next: an act is acknowledged before its workflow has written its own history, and
that must not be paid by whoever comes next."""


def tables() -> Iterable[Table]:
    """Measure starts and acts on each kind of database."""
    yield from on_database("SQLite", None)
    with postgres_server() as server_url, postgres_database(server_url) as url:
        yield from on_database("PostgreSQL", url)


def on_database(name: str, url: str | None) -> Iterator[Table]:
    """Measure starts and acts on one database: SQLite, or the empty one at `url`."""
    with engine(url) as running, people(running) as acting, running.store() as store, _bare(running) as bare:
        yield starts(name, acting, store, bare)
        yield acts(name, acting, store, bare)


def starts(name: str, acting: People, store: Store, bare: "Bare") -> Table:
    """Measure the start of a launch in many regions."""
    answered: list[float] = []
    looked: list[float] = []
    bare_starts: list[float] = []
    for turn in range(STARTS):
        launching = Launching(acting, f"start-{turn}", {f"r-{n:02}": 0 for n in range(REGIONS)})
        begun = time.perf_counter()
        launching.start()
        answered.append(_milliseconds_since(begun))
        until(partial(_all_are, store, launching.product, region_launches.c.looked_at.is_not(None)))
        looked.append(_milliseconds_since(begun))
        counted = region_launches.c.figures_revision >= region_launches.c.facts_revision
        until(partial(_all_are, store, launching.product, counted))
        time.sleep(_QUIET)
        bare_starts.append(bare.start(REGIONS))
        time.sleep(_QUIET)
    by_bare = median(bare_starts)
    return Table(
        f"Start of a launch in {REGIONS} regions, {name}",
        (
            Line("`POST /v1/launches` to its 201", median(answered), "ms", by_bare, AT_MOST_PER_START),
            Line("to the first look of every region's workflow", median(looked), "ms", by_bare),
        ),
        limits=f"Medians of {STARTS}, in turns. Bare: one workflow that starts {REGIONS} children at once and ends "
        "when each has done its first workflow task. The 201 says that every region is in the ledger; their "
        "workflows start behind it.",
    )


def acts(name: str, acting: People, store: Store, bare: "Bare") -> Table:
    """Measure sign-offs and decisions."""
    launching = Launching(acting, "acts", {f"r-{n:02}": SELLERS for n in range(SIGNED)})
    _make_ready_to_sign(launching, store)
    signed: list[float] = []
    decided: list[float] = []
    beside_signed: list[float] = []
    beside_decided: list[float] = []
    for region in launching.regions:
        digests = launching.digests(region)
        for stage, function in SIGNATURES:
            signed.append(_milliseconds(partial(launching.sign, region, stage, function, digests[stage])))
            beside_signed.append(bare.touch())
    _count(launching, store)
    for region in launching.regions:
        decided.append(_milliseconds(partial(launching.decide, region)))
        beside_decided.append(bare.touch())
    return Table(
        f"An acknowledged act over HTTP, {name}",
        tuple(
            Line(f"{what}, {share}", percentile(took, q), "ms", percentile(touched, q), AT_MOST_PER_ACT)
            for what, took, touched in (("sign-off", signed, beside_signed), ("decision", decided, beside_decided))
            for share, q in (("p50", 0.5), ("p95", 0.95))
        ),
        limits=f"{len(signed)} sign-offs and {len(decided)} decisions in {SIGNED} regions of a launch that was just "
        "started and is taken for one of five minutes before, and the decisions for those of a minute after the last "
        "sign-off, one at a time, each in turns with as many bare updates of as many workflows.",
    )


def _make_ready_to_sign(launching: Launching, store: Store) -> None:
    """Start the launch and have everyone learn, so that signatures alone are missing and every workflow knows."""
    acting, now = launching.acting, datetime.now(UTC)
    acting.bring_in("people", launching.people_rows())
    launching.start()
    launching.write()
    everyone = [person for those in launching.sellers.values() for person in those]
    acting.bring_in("completions", launching.learned(everyone, done_at=now - timedelta(days=2)))
    acting.bring_in("attempts", launching.passed(everyone, done_at=now - timedelta(days=1)))
    seen = region_launches.c.looked_revision >= region_launches.c.facts_revision
    until(partial(_all_are, store, launching.product, seen))
    _let_the_start_be_past(launching, store)
    time.sleep(_QUIET)


def _let_the_start_be_past(launching: Launching, store: Store) -> None:
    """Make of the launch one that began more than five minutes ago.

    Until then any fact of its people may be dated ahead, so that every look counts them anew; nobody signs that soon.
    """
    with store.writing() as tx:
        past = store.now(tx) - AHEAD_AT_MOST
        tx.execute(update(region_launches).values(facts_dated_until=past))
    _count(launching, store)


def _count(launching: Launching, store: Store) -> None:
    """Count the figures of every region, as is done within a minute of the start of a stage."""
    refresh_figures(
        store, [RegionKey(product=launching.product, region=region, run=1) for region in launching.regions]
    )


class Bare:
    """Speaks to the bare workflows."""

    def __init__(self, runner: asyncio.Runner, client: Client) -> None:
        self._runner = runner
        self._client = client
        self._touched: cycle[WorkflowHandle[Any, Any]] = cycle(
            [runner.run(self._open(number)) for number in range(SIGNED)]
        )

    async def _open(self, number: int) -> WorkflowHandle[Any, Any]:
        return await self._client.start_workflow(BareWorkflow.run, id=f"bare/{number}", task_queue=TASK_QUEUE)

    def start(self, children: int) -> float:
        """Run the bare parent once; return the milliseconds."""
        return _milliseconds(lambda: self._runner.run(self._start(children)))

    async def _start(self, children: int) -> None:
        answered = await self._client.execute_workflow(
            BareParent.run, children, id=f"bare/{uuid4()}", task_queue=TASK_QUEUE
        )
        if answered != children:
            raise ValueError(f"{answered} of {children} children answered")

    def touch(self) -> float:
        """Send one bare update; return the milliseconds."""
        handle = next(self._touched)
        return _milliseconds(lambda: self._runner.run(handle.execute_update(BareWorkflow.touch, 1)))


@contextmanager
def _bare(running: Engine) -> Iterator[Bare]:
    with asyncio.Runner() as runner:
        yield Bare(runner, runner.run(connect(running.server.address)))


def _all_are(store: Store, product: str, condition: ColumnElement[bool]) -> bool:
    others = select(func.count()).select_from(region_launches)
    with store.reading() as tx:
        return not tx.execute(others.where(region_launches.c.product == product, not_(condition))).scalar_one()


def _milliseconds(act: Callable[[], object]) -> float:
    time.sleep(_BREATH)
    begun = time.perf_counter()
    act()
    return _milliseconds_since(begun)


def _milliseconds_since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000
