"""How are projections made anew from the ledger, region by region, while everything runs?"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch, evolve_launch
from readiness.rules import fold
from store.alarms import scope_of
from store.engine import Store
from store.ledger import launch_rows_after, rows_after
from store.projection import begin_row, move_row
from store.records_schema import commands, ledger, region_launches
from store.regions import RegionUnknown, launch_record, lock_launch, lock_region, region_record, update_region
from store.settling import write_launch


class Rebuilt(NamedTuple):
    """One stream of the ledger that was folded again."""

    key: LaunchKey | RegionKey
    version: int
    differed: bool
    """True where the projection did not tell what the ledger does, or was not there."""


def rebuild(store: Store) -> Iterator[Rebuilt]:
    """Fold every stream of the ledger again, each in a transaction of its own under its row; yield each when done.

    Raises ValueError where a ledger has a gap.
    """
    with store.reading() as tx:
        streams = _streams(tx)
    for stream in streams:
        yield rebuild_region(store, stream) if isinstance(stream, RegionKey) else rebuild_launch(store, stream)


def rebuild_region(store: Store, key: RegionKey) -> Rebuilt:
    """Fold one region launch again and write what its row tells."""
    with store.writing() as tx:
        now = store.now(tx)
        try:
            lock_region(tx, key)
        except RegionUnknown:
            return _restore_region(tx, store, key)
        record = region_record(tx, key)
        region = fold(key, None, rows_after(tx, key, 0))
        if region is None:
            return Rebuilt(key, 0, differed=False)
        move_row(tx, record, region, now=now)
        # Nobody has looked: the rules that settled last stay those of the last look.
        update_region(tx, key, core_version=record.core_version)
        return Rebuilt(key, region.version, differed=region != record.region)


def rebuild_launch(store: Store, key: LaunchKey) -> Rebuilt:
    """Fold the stream of one launch as a whole again and write what its row tells."""
    with store.writing() as tx:
        lock_launch(tx, key)
        before = launch_record(tx, key).launch
        launch: Launch | None = None
        for row in launch_rows_after(tx, key, 0):
            launch = evolve_launch(key, launch, row.event)
        if launch is not None:
            write_launch(tx, launch)
        return Rebuilt(key, launch.version if launch is not None else 0, differed=launch != before)


def _streams(tx: Connection) -> tuple[LaunchKey | RegionKey, ...]:
    identity = (ledger.c.product, ledger.c.region, ledger.c.run)
    return tuple(
        RegionKey(product=product, region=region, run=run) if region else LaunchKey(product=product, run=run)
        for product, region, run in tx.execute(select(*identity).distinct().order_by(*identity))
    )


def _restore_region(tx: Connection, store: Store, key: RegionKey) -> Rebuilt:
    """Write a row that is gone: the ledger and the command log have what it is made of."""
    region = fold(key, None, rows_after(tx, key, 0))
    if region is None:
        return Rebuilt(key, 0, differed=False)
    begin_row(tx, key, region, now=store.now(tx))
    last = tx.execute(select(func.max(commands.c.sequence)).filter_by(**scope_of(key))).scalar()
    update_region(tx, key, commands_logged=last or 0)
    runs = select(func.max(region_launches.c.run)).filter_by(product=key.product, region=key.region)
    newest = tx.execute(runs).scalar()
    here = update(region_launches).filter_by(product=key.product, region=key.region)
    tx.execute(here.values(is_latest=region_launches.c.run == newest))
    return Rebuilt(key, region.version, differed=True)
