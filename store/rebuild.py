"""How are projections made anew from the ledger, region by region, while everything runs?"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch, evolve_launch
from readiness.region import Verdict
from readiness.rules import fold
from store.alarms import AlarmKind, scope_of, sound_within
from store.checking import check_row, keys_after, told, unfounded
from store.engine import Store
from store.ledger import launch_rows_after, rows_after
from store.projection import begin_row, move_row
from store.records_schema import commands, ledger, region_launches
from store.regions import (
    WORKFLOW_LOST,
    hold_region,
    launch_record,
    lock_launch,
    region_record,
    update_region,
)
from store.settling import write_launch


class Rebuilt(NamedTuple):
    """One stream of the ledger that was folded again."""

    key: LaunchKey | RegionKey
    version: int
    differed: bool
    """True where the projection did not tell what the ledger does, or was not there."""


class Mended(NamedTuple):
    """What came of holding rows against the ledger."""

    keys: tuple[RegionKey, ...]
    """Those that were written anew."""
    until: RegionKey | None
    """Behind which the next ones are; None where all have had their turn."""


_UNTOLD: Mapping[str, Any] = {
    "figures": None,
    "figures_revision": 0,
    "figures_gathered_at": None,
    "contents": None,
    "reasons": [],
    "blockers": None,
    "decision": None,
    "ball": None,
}
"""A row of which nothing but the ledger's part is known."""


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
        return _rebuild(tx, store, key)


def mend_regions(store: Store, *, after: RegionKey | None, limit: int) -> Mended:
    """Hold rows against the ledger, write anew those that tell something else, and leave an alarm for each.

    Looked at are all that say go or launched where the ledger does not, and the next `limit` behind `after`.
    """
    with store.reading() as tx:
        now = store.now(tx)
        suspects = list(unfounded(tx))
        following = keys_after(tx, after, limit=limit)
        for key in following:
            checked = check_row(tx, key, now=now)
            if checked is not None and checked.differing:
                suspects.append(key)
    mended = tuple(key for key in dict.fromkeys(suspects) if _mend(store, key))
    return Mended(mended, following[-1] if len(following) == limit else None)


def _mend(store: Store, key: RegionKey) -> bool:
    with store.writing() as tx:
        # Looked at again now that nobody else can write it.
        if not hold_region(tx, key):
            return False
        checked = check_row(tx, key, now=store.now(tx))
        if checked is None or not checked.differing:
            return False
        _rebuild(tx, store, key)
        detail = f"Its row did not tell what the ledger does, and was written anew: {', '.join(checked.differing)}"
        sound_within(tx, AlarmKind.ROW_UNTRUE, key, detail, now=store.now(tx))
        return True


def _rebuild(tx: Connection, store: Store, key: RegionKey) -> Rebuilt:
    now = store.now(tx)
    if not hold_region(tx, key):
        return _restore_region(tx, store, key)
    checked = check_row(tx, key, now=now)
    if checked is None:
        return Rebuilt(key, 0, differed=False)
    if checked.differing:
        # Nothing of such a row is believed, its figures neither: they are counted anew.
        update_region(tx, key, **told(checked.region), **_UNTOLD, state=checked.region.model_dump(mode="json"))
        _name_latest(tx, key)
    record = region_record(tx, key)
    move_row(tx, record, checked.region, now=now)
    # Nobody has looked: the rules that settled last stay those of the last look, and a lost workflow stays lost.
    update_region(tx, key, core_version=record.core_version, lost_at=record.lost_at)
    if record.lost_at is not None and checked.region.ending is None:
        update_region(tx, key, shown_verdict=Verdict.HELD.value, reasons=[WORKFLOW_LOST])
    return Rebuilt(key, checked.region.version, differed=bool(checked.differing))


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
    _name_latest(tx, key)
    return Rebuilt(key, region.version, differed=True)


def _name_latest(tx: Connection, key: RegionKey) -> None:
    runs = select(func.max(region_launches.c.run)).filter_by(product=key.product, region=key.region)
    newest = tx.execute(runs).scalar()
    here = update(region_launches).filter_by(product=key.product, region=key.region)
    tx.execute(here.values(is_latest=region_launches.c.run == newest))
