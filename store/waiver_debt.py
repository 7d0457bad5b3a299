"""What is owed: which waivers are open over all launches, and which lapses next?"""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from readiness.keys import RegionKey
from readiness.readiness import WaiverShown
from readiness.region import RegionLaunch
from readiness.values import Moment
from store.records_schema import region_launches


class OpenWaiver(NamedTuple):
    """A waiver that is asked for or runs, where, and since when."""

    key: RegionKey
    waiver: WaiverShown
    launch_at: Moment
    age: timedelta


def waiver_debt(tx: Connection, *, within: Iterable[str] | None, now: Moment) -> tuple[OpenWaiver, ...]:
    """Return the open waivers of the latest runs in the regions `within` (None for all), the next to lapse first."""
    columns = region_launches.c
    chosen = select(columns.product, columns.region, columns.run, columns.launch_at, columns.waivers).where(
        columns.is_latest, columns.open_waivers > 0, columns.ended_at.is_(None)
    )
    if within is not None:
        chosen = chosen.where(columns.region.in_(sorted(set(within))))
    owed = [
        OpenWaiver(
            RegionKey(product=row.product, region=row.region, run=row.run),
            waiver,
            row.launch_at,
            now - waiver.requested_at,
        )
        for row in tx.execute(chosen)
        for waiver in map(WaiverShown.model_validate, row.waivers or ())
        if waiver.status in {"requested", "granted"}
    ]
    return tuple(sorted(owed, key=lambda each: (each.waiver.expires_at, each.key.product, each.key.region)))


def waivers_elsewhere(tx: Connection, region: RegionLaunch) -> int:
    """Return how many waivers are open in the other regions of the same launch."""
    columns = region_launches.c
    counted = select(func.coalesce(func.sum(columns.open_waivers), 0)).where(
        columns.product == region.key.product,
        columns.launch_run == region.launch_run,
        columns.region != region.key.region,
        columns.ended_at.is_(None),
    )
    return int(tx.execute(counted).scalar_one())
