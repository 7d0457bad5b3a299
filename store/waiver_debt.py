"""What is owed: which waivers are open over all launches, and which lapses next?"""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from readiness.keys import RegionKey
from readiness.readiness import WaiverShown
from readiness.region import RegionLaunch
from readiness.values import Moment
from store.records_schema import region_launches

# What every act asks is put together once: building a statement takes longer than running it.
_OPEN_ELSEWHERE = select(func.coalesce(func.sum(region_launches.c.open_waivers), 0)).where(
    region_launches.c.product == bindparam("product"),
    region_launches.c.launch_run == bindparam("launch_run"),
    region_launches.c.region != bindparam("region"),
    region_launches.c.ended_at.is_(None),
)


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
    here = {"product": region.key.product, "launch_run": region.launch_run, "region": region.key.region}
    return int(tx.execute(_OPEN_ELSEWHERE, here).scalar_one())
