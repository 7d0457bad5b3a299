"""Which launches and regions should have a workflow running, and which of them must be told something?"""

from sqlalchemy import Connection, select

from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import CORE_VERSION
from store.alarms import AlarmKind, resolve
from store.engine import Store
from store.records_schema import launches, region_launches
from store.regions import latest_region, mark_lost, open_regions, region_record

_REGION = (region_launches.c.product, region_launches.c.region, region_launches.c.run)


def open_launches(tx: Connection) -> tuple[LaunchKey, ...]:
    """Return the launches that have begun and not ended, in key order."""
    chosen = select(launches.c.product, launches.c.run).where(launches.c.version > 0, launches.c.ended_at.is_(None))
    rows = tx.execute(chosen.order_by(launches.c.product, launches.c.run))
    return tuple(LaunchKey(product=row.product, run=row.run) for row in rows)


def launches_to_end(tx: Connection) -> tuple[LaunchKey, ...]:
    """Return open launches of which no region is open any more: the hint that should end them was lost."""
    return tuple(key for key in open_launches(tx) if not open_regions(tx, key.product))


def outdated_regions(tx: Connection) -> tuple[RegionKey, ...]:
    """Return open regions last judged by another version of the rules: a deploy gives each of them one hint."""
    chosen = select(*_REGION).where(
        region_launches.c.ended_at.is_(None), region_launches.c.core_version != CORE_VERSION
    )
    rows = tx.execute(chosen.order_by(*_REGION))
    return tuple(RegionKey(product=row.product, region=row.region, run=row.run) for row in rows)


def open_region(tx: Connection, product: str, region: str) -> RegionKey | None:
    """Return the latest run of `product` in `region` if it has not ended."""
    key = latest_region(tx, product, region)
    if key is None or region_record(tx, key).region.ending is not None:
        return None
    return key


def report_lost(store: Store, key: RegionKey) -> None:
    """Note that the workflow of an open region closed without an ending, and leave an alarm."""
    with store.writing() as tx:
        mark_lost(tx, key, now=store.now(tx))


def report_found(store: Store, key: RegionKey) -> None:
    """Note that the workflow of a region runs again: the alarm about it is settled."""
    with store.writing() as tx:
        resolve(tx, AlarmKind.WORKFLOW_LOST, key, now=store.now(tx))
