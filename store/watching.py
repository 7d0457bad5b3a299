"""Which launches and regions should have a workflow running, and which of them must be told something?"""

from sqlalchemy import Connection, select

from readiness import rules
from readiness.keys import LaunchKey, RegionKey, ReinforcementKey
from readiness.ledger import CORE_VERSION
from store.alarms import AlarmKind, resolve, sound_within
from store.engine import Store
from store.records_schema import commands, launches, region_launches
from store.regions import latest_region, launch_record, mark_lost, open_regions, region_record

_REGION = (region_launches.c.product, region_launches.c.region, region_launches.c.run)


def open_launches(tx: Connection) -> tuple[LaunchKey, ...]:
    """Return the launches that have begun and not ended, in key order."""
    chosen = select(launches.c.product, launches.c.run).where(launches.c.version > 0, launches.c.ended_at.is_(None))
    rows = tx.execute(chosen.order_by(launches.c.product, launches.c.run))
    return tuple(LaunchKey(product=row.product, run=row.run) for row in rows)


def owing_regions(tx: Connection) -> tuple[ReinforcementKey, ...]:
    """Return the region launches that have launched and still owe something, in key order."""
    chosen = select(*_REGION).where(region_launches.c.owes, region_launches.c.is_latest)
    rows = tx.execute(chosen.order_by(*_REGION))
    return tuple(ReinforcementKey(product=row.product, region=row.region, run=row.run) for row in rows)


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


def was_ever_asked_for(tx: Connection, product: str, region: str | None) -> bool:
    """Say whether anybody ever asked for a launch of `product` or, where a region is named, it was launched there."""
    if region is not None:
        return latest_region(tx, product, region) is not None
    # Its workflow runs before the ledger knows of it, but never before the command log does.
    asked = select(commands.c.id).where(commands.c.product == product, commands.c.region == "")
    return tx.execute(asked.limit(1)).first() is not None


def report_lost(store: Store, key: LaunchKey | RegionKey) -> bool:
    """Note that the workflow of a launch or region is gone without an ending, and leave an alarm.

    Returns False where the launch or region has ended meanwhile, so that nothing was lost.
    """
    with store.writing() as tx:
        now = store.now(tx)
        if isinstance(key, ReinforcementKey):
            if not rules.owed(region_record(tx, key.of_region()).region):
                return False
            sound_within(tx, AlarmKind.WORKFLOW_LOST, key, REINFORCEMENT_LOST, now=now)
            return True
        if isinstance(key, RegionKey):
            return mark_lost(tx, key, now=now)
        launch = launch_record(tx, key).launch
        if launch is None or launch.ended_at is not None:
            return False
        sound_within(tx, AlarmKind.WORKFLOW_LOST, key, LAUNCH_LOST, now=now)
        return True


def report_found(store: Store, key: LaunchKey | RegionKey) -> None:
    """Note that the workflow of a launch or region runs again: the alarm about it is settled."""
    with store.writing() as tx:
        resolve(tx, AlarmKind.WORKFLOW_LOST, key, now=store.now(tx))


REINFORCEMENT_LOST = "The workflow that keeps up what is owed after the launch was lost and is being started again"
"""Said of a region that has launched and still owes something."""

LAUNCH_LOST = "The workflow of this launch was lost and is being started again"
"""Said of a launch as a whole whose workflow is gone without an ending."""
