"""Which launches and region launches are there, and who holds their rows?"""

# Whoever writes about a region launch holds its row first; rows are taken in key order, the launch's before those of
# its regions, so that no two writers wait for each other.

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from readiness.ball import Ball
from readiness.evidence import ContentEvidence, Figures
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch
from readiness.region import RegionLaunch, Verdict
from readiness.rules import BEING_CHECKED, verdict_of
from store.alarms import AlarmKind, sound_within
from store.documents import reads_once
from store.keyed import is_among
from store.once import insert_once
from store.records_schema import launches, region_launches
from store.verdicts import GOES

_KEY = (region_launches.c.product, region_launches.c.region, region_launches.c.run)
_DOCUMENTS = ("state", "figures", "contents", "ball")
_TOLD = (
    *_KEY,
    *(cast(region_launches.c[name], Text).label(name) for name in _DOCUMENTS),
    *(
        region_launches.c[name]
        for name in (
            "version",
            "core_version",
            "launch_at",
            "verdict",
            "ended_at",
            "commands_logged",
            "facts_revision",
            "looked_revision",
            "looked_at",
            "figures_revision",
            "facts_dated_until",
            "lost_at",
        )
    ),
)
"""What `record_of` needs of one row, its documents as text."""

# What every act asks is put together once: building a statement takes longer than running it.
_ONE = select(*_TOLD).where(
    region_launches.c.product == bindparam("product"),
    region_launches.c.region == bindparam("region"),
    region_launches.c.run == bindparam("run"),
)
_HELD_ONE = _ONE.with_for_update()
_HELD = _HELD_ONE.cte("held")
# The clock is read of the row that is held: beside FOR UPDATE itself it would be read before the row was waited for.
_HELD_ONE_AND_CLOCK: Select[Any] = select(*_HELD.c, func.clock_timestamp().label("held_at"))
MOVE_ONE = update(region_launches).where(
    region_launches.c.product == bindparam("of_product"),
    region_launches.c.region == bindparam("in_region"),
    region_launches.c.run == bindparam("of_run"),
)
"""Writes the columns that it is given into the row that `which` finds."""
NEXT_COMMAND = (
    update(region_launches)
    .where(
        region_launches.c.product == bindparam("of_product"),
        region_launches.c.region == bindparam("in_region"),
        region_launches.c.run == bindparam("of_run"),
    )
    .values(commands_logged=region_launches.c.commands_logged + 1)
    .returning(region_launches.c.commands_logged)
)
"""Takes the row that `which` finds, and gives the number of the next command of its log."""
_LATEST = select(*_TOLD).where(
    region_launches.c.product == bindparam("product"),
    region_launches.c.region == bindparam("region"),
    region_launches.c.is_latest,
)
_LATEST_KEY = _LATEST.with_only_columns(*_KEY)


class RegionUnknown(LookupError):  # noqa: N818 - named by its reason, as refusals are.
    """No such region launch was ever started."""


class LaunchUnknown(LookupError):  # noqa: N818 - named by its reason, as refusals are.
    """The product was never launched."""


class RegionRecord(NamedTuple):
    """The region's row: the region launch as folded, and what was seen of it when."""

    key: RegionKey
    region: RegionLaunch
    core_version: int
    commands_logged: int
    facts_revision: int
    looked_revision: int
    looked_at: datetime | None
    figures: Figures | None
    figures_revision: int
    contents: tuple[ContentEvidence, ...] | None
    facts_dated_until: datetime | None
    lost_at: datetime | None
    ball: Ball | None
    """None where nothing was settled since balls are kept."""
    is_whole: bool
    """False where the row's own parts contradict each other: somebody changed it, and nothing of it counts."""

    @property
    def version(self) -> int:
        """The version at which the region's ledger ends."""
        return self.region.version


class LaunchRecord(NamedTuple):
    """The launch's row; version 0 and no launch where nothing has begun under this key."""

    key: LaunchKey
    version: int
    launch: Launch | None


def hold_region(tx: Connection, key: RegionKey) -> bool:
    """Take the region's row until the transaction ends, whatever it tells; False where there is none."""
    chosen = select(*_KEY).filter_by(product=key.product, region=key.region, run=key.run).with_for_update()
    return tx.execute(chosen).first() is not None


def lock_region(tx: Connection, key: RegionKey) -> RegionRecord:
    """Take the region's row until the transaction ends; raises RegionUnknown."""
    return _known(key, tx.execute(_HELD_ONE, key.model_dump()).first())


def lock_region_now(tx: Connection, key: RegionKey) -> tuple[RegionRecord, datetime | None]:
    """Take the region's row as `lock_region`; return PostgreSQL's clock once it was taken, too, None on SQLite."""
    if tx.dialect.name != "postgresql":
        return lock_region(tx, key), None
    row = tx.execute(_HELD_ONE_AND_CLOCK, key.model_dump()).first()
    return _known(key, row), row.held_at if row is not None else None


def region_record(tx: Connection, key: RegionKey) -> RegionRecord:
    """Return the region's row without taking it; raises RegionUnknown."""
    return _known(key, tx.execute(_ONE, key.model_dump()).first())


def next_command(tx: Connection, key: RegionKey) -> int:
    """Take the region's row and return the number of the next command of its log; raises RegionUnknown."""
    number: int | None = tx.execute(NEXT_COMMAND, which(key)).scalar()
    if number is None:
        raise RegionUnknown(f"there is no region launch {key}")
    return number


def latest_record(tx: Connection, product: str, region: str) -> RegionRecord | None:
    """Return the row of the latest run of `product` in `region`, which is what paths mean; None where was none."""
    row = tx.execute(_LATEST, {"product": product, "region": region}).first()
    return record_of(row) if row is not None else None


def latest_records(tx: Connection, product: str, regions: Iterable[str]) -> tuple[RegionRecord, ...]:
    """Return the row of the latest run of `product` in each of `regions`, by region."""
    columns = region_launches.c
    these = (columns.product == product, columns.region.in_(sorted(set(regions))), columns.is_latest)
    chosen = select(region_launches).where(*these).order_by(columns.region)
    return tuple(record_of(row) for row in tx.execute(chosen))


def lock_regions(tx: Connection, keys: Iterable[RegionKey]) -> tuple[RegionRecord, ...]:
    """Take the rows of these region launches in key order; those that do not exist are left out."""
    wanted = [(key.product, key.region, key.run) for key in keys]
    if not wanted:
        return ()
    chosen = select(region_launches).where(is_among(_KEY, wanted))
    return tuple(record_of(row) for row in tx.execute(chosen.order_by(*_KEY).with_for_update()))


def lock_open_regions(tx: Connection, product: str) -> tuple[RegionRecord, ...]:
    """Take the rows of every region launch of `product` that has not ended, in key order."""
    chosen = select(region_launches).where(region_launches.c.product == product, region_launches.c.ended_at.is_(None))
    return tuple(record_of(row) for row in tx.execute(chosen.order_by(*_KEY).with_for_update()))


def lock_launch(tx: Connection, key: LaunchKey) -> LaunchRecord:
    """Take the launch's row until the transaction ends, making an empty one to hold where nothing has begun."""
    insert_once(tx, launches, {"product": key.product, "run": key.run, "version": 0})
    row = tx.execute(_launch(key).with_for_update()).one()
    return _launch_record(key, row)


def launch_record(tx: Connection, key: LaunchKey) -> LaunchRecord:
    """Return the launch's row without taking it."""
    row = tx.execute(_launch(key)).first()
    return LaunchRecord(key, 0, None) if row is None else _launch_record(key, row)


def latest_launch(tx: Connection, product: str) -> LaunchKey | None:
    """Return the product's latest launch; None where it was never launched."""
    runs = select(func.max(launches.c.run)).where(launches.c.product == product, launches.c.version > 0)
    run = tx.execute(runs).scalar()
    return LaunchKey(product=product, run=run) if run is not None else None


def key_to_start(tx: Connection, product: str) -> LaunchKey:
    """Return the key that a start of `product` is about: the running launch, which refuses it, or the next run."""
    latest = latest_launch(tx, product)
    if latest is None:
        return LaunchKey(product=product, run=1)
    launch = launch_record(tx, latest).launch
    is_over = launch is not None and launch.ended_at is not None
    return LaunchKey(product=product, run=latest.run + 1) if is_over else latest


def latest_region(tx: Connection, product: str, region: str) -> RegionKey | None:
    """Return the latest run of `product` in `region`, which is what paths mean; None where there was none."""
    row = tx.execute(_LATEST_KEY, {"product": product, "region": region}).first()
    return _key(row) if row is not None else None


def all_launches(
    tx: Connection,
    *,
    products: Iterable[str] | None = None,
    within: Iterable[str] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[Launch, ...]:
    """Return the latest launch of each product, by product, from the one after `after` on; with `within` only those
    that have a region among these."""
    newest = select(launches.c.product, func.max(launches.c.run).label("run")).where(launches.c.version > 0)
    if products is not None:
        newest = newest.where(launches.c.product.in_(list(products)))
    if after is not None:
        newest = newest.where(launches.c.product > after)
    latest = newest.group_by(launches.c.product).subquery()
    chosen = (
        select(launches.c.state)
        .join(latest, (launches.c.product == latest.c.product) & (launches.c.run == latest.c.run))
        .where(*(() if within is None else (_has_region(within),)))
        .order_by(launches.c.product)
        .limit(limit)
    )
    return tuple(Launch.model_validate(state) for state in tx.execute(chosen).scalars())


def _has_region(names: Iterable[str]) -> ColumnElement[bool]:
    columns = region_launches.c
    of_launch = and_(columns.product == launches.c.product, columns.launch_run == launches.c.run)
    return select(columns.product).where(of_launch, columns.region.in_(sorted(set(names)))).exists()


def open_regions(tx: Connection, product: str) -> tuple[RegionKey, ...]:
    """Return the region launches of `product` that have not ended, in key order."""
    chosen = select(*_KEY).where(region_launches.c.product == product, region_launches.c.ended_at.is_(None))
    return tuple(_key(row) for row in tx.execute(chosen.order_by(*_KEY)))


def every_region(tx: Connection, *, only_open: bool = False) -> tuple[RegionKey, ...]:
    """Return every region launch of every run, or only those that have not ended, in key order."""
    chosen = select(*_KEY).order_by(*_KEY)
    if only_open:
        chosen = chosen.where(region_launches.c.ended_at.is_(None))
    return tuple(_key(row) for row in tx.execute(chosen))


def pairs_of(tx: Connection, product: str) -> tuple[tuple[str, str], ...]:
    """Return every pair of `product` and a region in which it was ever launched."""
    chosen = select(region_launches.c.region).where(region_launches.c.product == product, region_launches.c.is_latest)
    return tuple((product, region) for region in tx.execute(chosen.order_by(region_launches.c.region)).scalars())


def unseen_regions(tx: Connection, *, limit: int = 200) -> tuple[RegionKey, ...]:
    """Return open regions whose facts are newer than the last look of their workflow: the sweep hints these."""
    chosen = select(*_KEY).where(
        region_launches.c.ended_at.is_(None), region_launches.c.facts_revision > region_launches.c.looked_revision
    )
    return tuple(_key(row) for row in tx.execute(chosen.order_by(*_KEY).limit(limit)))


def overdue_regions(tx: Connection, *, now: datetime, limit: int = 200) -> tuple[RegionKey, ...]:
    """Return open regions in which something fell due before `now` and nothing was settled since."""
    chosen = select(*_KEY).where(region_launches.c.ended_at.is_(None), region_launches.c.revisit_at <= now)
    return tuple(_key(row) for row in tx.execute(chosen.order_by(region_launches.c.revisit_at).limit(limit)))


def mark(
    tx: Connection, pairs: Iterable[tuple[str, str]], dated_until: datetime | None = None
) -> tuple[RegionKey, ...]:
    """Note that facts of these pairs of product and region changed, the latest of them dated `dated_until`; return
    the region launches marked.

    Takes their rows in key order and raises their revision of facts. A go is not shown while the change is unchecked.
    Regions that launched are marked too, for their figures; what was cancelled is left alone.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return ()
    chosen = (
        select(*_KEY)
        .where(
            is_among(_KEY[:2], wanted),
            region_launches.c.is_latest,
            or_(region_launches.c.ended_at.is_(None), region_launches.c.verdict == Verdict.LAUNCHED.value),
        )
        .order_by(*_KEY)
        .with_for_update()
    )
    keys = tuple(_key(row) for row in tx.execute(chosen))
    mark_locked(tx, keys, dated_until)
    return keys


def mark_locked(tx: Connection, keys: Iterable[RegionKey], dated_until: datetime | None = None) -> None:
    """Raise the revision of facts of region launches whose rows this transaction holds."""
    held = [(key.product, key.region, key.run) for key in keys]
    if not held:
        return
    columns = region_launches.c
    changes: dict[str, Any] = {"facts_revision": columns.facts_revision + 1}
    if dated_until is not None:
        known = columns.facts_dated_until
        changes["facts_dated_until"] = case((known > dated_until, known), else_=literal(dated_until, known.type))
    held_back = {"shown_verdict": Verdict.HELD.value, "reasons": [BEING_CHECKED]}
    unmakes = columns.shown_verdict.in_(GOES)
    for name, said in held_back.items():
        changes[name] = case((unmakes, literal(said, columns[name].type)), else_=columns[name])
    tx.execute(update(region_launches).where(is_among(_KEY, held)).values(changes))


def mark_lost(tx: Connection, key: RegionKey, *, now: datetime) -> bool:
    """Note that the workflow of an open region was lost, with an alarm: it reads as held until it settles again.

    Returns False where the region has ended, so that it needs none. Where it never had one there is no alarm.
    """
    record = lock_region(tx, key)
    if record.region.ending is not None:
        return False
    # One that never looked has no workflow yet: its launch, or the machine, was interrupted before it came to that.
    if record.lost_at is None and record.looked_at is not None:
        update_region(tx, key, lost_at=now, shown_verdict=Verdict.HELD.value, reasons=[WORKFLOW_LOST])
        sound_within(tx, AlarmKind.WORKFLOW_LOST, key, WORKFLOW_LOST, now=now)
    return True


def update_region(tx: Connection, key: RegionKey, **columns: Any) -> None:
    """Write these columns of the region's row, which this transaction holds."""
    tx.execute(MOVE_ONE, {**columns, **which(key)})


def insert_region(tx: Connection, key: RegionKey, **columns: Any) -> None:
    """Write the row of a region launch that begins, and make it the latest run of its product there."""
    before = update(region_launches).filter_by(product=key.product, region=key.region, is_latest=True)
    tx.execute(before.values(is_latest=False))
    tx.execute(
        insert(region_launches).values(product=key.product, region=key.region, run=key.run, is_latest=True, **columns)
    )


def next_runs(tx: Connection, product: str, regions: Iterable[str]) -> dict[str, int]:
    """Return the run number that the next start of `product` takes in each of `regions`, holding the latest rows."""
    named = sorted(set(regions))
    chosen = (
        select(*_KEY)
        .where(region_launches.c.product == product, region_launches.c.region.in_(named), region_launches.c.is_latest)
        .order_by(*_KEY)
        .with_for_update()
    )
    last = {row.region: row.run for row in tx.execute(chosen)}
    return {region: last.get(region, 0) + 1 for region in named}


def record_of(row: Row[Any]) -> RegionRecord:
    """Return what a row of `region_launches` tells, whole or in the columns of `_TOLD`."""
    region = _region(row.state)
    told = (row.version, row.launch_at, row.verdict, row.ended_at)
    return RegionRecord(
        key=_key(row),
        region=region,
        core_version=row.core_version,
        commands_logged=row.commands_logged,
        facts_revision=row.facts_revision,
        looked_revision=row.looked_revision,
        looked_at=row.looked_at,
        figures=_figures(row.figures),
        figures_revision=row.figures_revision,
        contents=_contents(row.contents),
        facts_dated_until=row.facts_dated_until,
        lost_at=row.lost_at,
        ball=_ball(row.ball),
        is_whole=told == (region.version, region.launch_at, verdict_of(region).value, region.ended_at),
    )


_region: Callable[[Any], RegionLaunch] = reads_once(RegionLaunch)
_figures: Callable[[Any], Figures | None] = reads_once(Figures | None)
_contents: Callable[[Any], tuple[ContentEvidence, ...] | None] = reads_once(tuple[ContentEvidence, ...] | None)
_ball: Callable[[Any], Ball | None] = reads_once(Ball | None)


ROW_IN_DOUBT = "What is kept of this region contradicts itself and is being checked"
"""Said of a region whose row was changed by somebody, until it is written anew from its ledger."""

WORKFLOW_LOST = "The workflow of this region was lost and is being started again"
"""Said of a region whose workflow closed without an ending in the ledger."""


def which(key: RegionKey) -> dict[str, str | int]:
    """Return by which values `MOVE_ONE` finds the row."""
    return {"of_product": key.product, "in_region": key.region, "of_run": key.run}


def _launch(key: LaunchKey) -> Select[Any]:
    return select(launches).filter_by(product=key.product, run=key.run)


def _known(key: RegionKey, row: Row[Any] | None) -> RegionRecord:
    if row is None:
        raise RegionUnknown(f"there is no region launch {key}")
    return record_of(row)


def _key(row: Row[*tuple[Any, ...]]) -> RegionKey:
    return RegionKey(product=row.product, region=row.region, run=row.run)


def _launch_record(key: LaunchKey, row: Row[Any]) -> LaunchRecord:
    launch = Launch.model_validate(row.state) if row.state is not None else None
    return LaunchRecord(key, row.version, launch)
