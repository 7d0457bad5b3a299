"""How soon does a gate flip after the last fact that it waited for, while a thousand others arrive each second?"""

# Facts are written by a process of their own, as an import writes them: chunk by chunk, each in one transaction that
# marks the regions it touches. All of it is about people of the very regions that are looked at.

import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from benchmarks.engine import Engine, engine, until
from benchmarks.launching import Launching, people
from benchmarks.tables import Line, Table, percentile
from readiness.policy import Stage
from readiness.rows import CompletionRow, ImportKind
from store.engine import Store, open_store
from store.facts import ProductRegion, begin_import
from store.learning import load_completions
from store.records_schema import region_launches
from store.regions import mark

PRODUCT = "flips"
REGIONS = tuple(f"r-{number:02}" for number in range(36))
SELLERS = 150
COURSES = 3

FACTS_PER_SECOND = 1_000
CHUNKS_PER_SECOND = 4
WARM_UP = timedelta(seconds=5)
BETWEEN_FLIPS = timedelta(seconds=1.5)
AT_MOST = 5.0
"""Seconds, at the 95th percentile."""

_IMPORT = "noise"
_LONG_AGO = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Fed:
    """What the feeder did: when it had committed the last fact of each region, and how much it wrote beside that."""

    done_at: dict[str, datetime]
    facts: int
    seconds: float


def tables() -> Iterable[Table]:
    """Measure on SQLite, where writers wait for each other."""
    seed = random.SystemRandom().randrange(2**32)
    with engine() as running, people(running) as acting, running.store() as store:
        launching = Launching(acting, PRODUCT, dict.fromkeys(REGIONS, SELLERS), courses=COURSES)
        _bring_to_the_last_fact(launching)
        seen_at, fed = _feed_and_watch(running, store, seed)
    took = [(seen_at[region] - fed.done_at[region]).total_seconds() for region in REGIONS]
    yield Table(
        "From the last fact to the flipped gate, SQLite",
        (
            Line("p50", percentile(took, 0.5), "s"),
            Line("p95", percentile(took, 0.95), "s", at_most=AT_MOST),
            Line("most", max(took), "s"),
            Line("facts that arrived meanwhile", fed.facts / fed.seconds, "a second"),
        ),
        seed=seed,
        limits=f"{len(took)} flips, one every {BETWEEN_FLIPS.total_seconds()} s, in as many regions of {SELLERS} "
        f"people and {COURSES} courses; the facts are about people of all of them, {CHUNKS_PER_SECOND} chunks a "
        "second. From the commit of the fact to the passed stage in the ledger, looked for every 20 ms.",
    )


def _bring_to_the_last_fact(launching: Launching) -> None:
    """Sign everything, and have everyone complete everything but one course of one person in each region."""
    acting = launching.acting
    acting.bring_in("people", launching.people_rows())
    launching.start({"training": {"required_share": 1}})
    launching.write()
    for region in launching.regions:
        launching.sign_everything(region)
    last = {(launching.sellers[region][-1], launching.courses[-1]) for region in launching.regions}
    everyone = [person for those in launching.sellers.values() for person in those]
    rows = launching.learned(everyone, done_at=datetime.now(UTC) - _LONG_AGO)
    acting.bring_in("completions", [row for row in rows if (row["person_id"], row["course_id"]) not in last])


def _feed_and_watch(running: Engine, store: Store, seed: int) -> tuple[dict[str, datetime], _Fed]:
    """Return when the flip of each region was seen, and what the feeder did."""
    command = (sys.executable, "-m", "benchmarks.flips", running.store_url, str(seed))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as feeder:
        seen_at: dict[str, datetime] = {}

        def all_have_flipped() -> bool:
            for region in _flipped(store):
                seen_at.setdefault(region, datetime.now(UTC))
            return len(seen_at) == len(REGIONS) or feeder.poll() not in {None, 0}

        until(all_have_flipped)
        said, _ = feeder.communicate()
    if feeder.returncode:
        raise RuntimeError(f"the feeder ended with {feeder.returncode}")
    *done, total = (line.split() for line in said.splitlines())
    moments = {region: datetime.fromisoformat(moment) for region, moment in done}
    return seen_at, _Fed(moments, int(total[0]), float(total[1]))


def _flipped(store: Store) -> Iterable[str]:
    chosen = select(region_launches.c.region).where(
        region_launches.c.product == PRODUCT, region_launches.c.stage == Stage.CERTIFICATION.value
    )
    with store.reading() as tx:
        return tuple(tx.execute(chosen).scalars())


def feed(store: Store, rng: random.Random) -> Iterator[str]:
    """Write facts at an even pace, among them the last one of each region; yield what is to be told of it."""
    with store.writing() as tx:
        begin_import(tx, _IMPORT, ImportKind.COMPLETIONS, at=store.now(tx))
    begun, facts = time.monotonic(), 0
    # After the last flip the others go on arriving until it is sure to be seen.
    turns = int((WARM_UP * 2 + BETWEEN_FLIPS * len(REGIONS)).total_seconds() * CHUNKS_PER_SECOND)
    each = int(BETWEEN_FLIPS.total_seconds() * CHUNKS_PER_SECOND)
    waiting = list(REGIONS)
    for turn in range(turns):
        time.sleep(max(0.0, begun + turn / CHUNKS_PER_SECOND - time.monotonic()))
        rows = [_known_already(rng) for _ in range(FACTS_PER_SECOND // CHUNKS_PER_SECOND)]
        is_flip = waiting and turn >= WARM_UP.total_seconds() * CHUNKS_PER_SECOND and turn % each == 0
        last_of = waiting.pop(rng.randrange(len(waiting))) if is_flip else None
        if last_of is not None:
            rows.append(CompletionRow(_seller(last_of, SELLERS - 1), _course(COURSES - 1), datetime.now(UTC)))
        with store.writing() as tx:
            load_completions(tx, rows, import_id=_IMPORT, mark=_mark)
        facts += len(rows)
        if last_of is not None:
            yield f"{last_of} {datetime.now(UTC).isoformat()}"
    yield f"{facts} {time.monotonic() - begun}"


def _known_already(rng: random.Random) -> CompletionRow:
    """Return that somebody has completed once more what they had completed before: a fact that moves no figure."""
    moment = datetime.now(UTC) - timedelta(microseconds=rng.randrange(int(_LONG_AGO.total_seconds() * 1e6)))
    return CompletionRow(_seller(rng.choice(REGIONS), rng.randrange(SELLERS - 1)), _course(rng.randrange(3)), moment)


def _mark(tx: Connection, pairs: tuple[ProductRegion, ...], dated_until: datetime | None) -> None:
    mark(tx, pairs, dated_until)


def _seller(region: str, number: int) -> str:
    return f"{PRODUCT}-{region}-{number}"


def _course(number: int) -> str:
    return f"{PRODUCT}-course-{number}"


if __name__ == "__main__":
    fed_store = open_store(sys.argv[1])
    for told in feed(fed_store, random.Random(int(sys.argv[2]))):  # noqa: S311 - facts of no value.
        sys.stdout.write(f"{told}\n")
    fed_store.close()
