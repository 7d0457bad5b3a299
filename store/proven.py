"""Which regions of a launch have launched, and how did they stand as they did?"""

# A launched region takes no more sign-offs: its row tells what it launched on. The launch record must be there.

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, select

from readiness.region import RegionLaunch, Verdict
from readiness.rules import may_be_spared
from store.keyed import is_among
from store.records_schema import launch_records, region_launches
from store.types import NEVER

_ROWS = region_launches.c


def launched_beside(
    tx: Connection, regions: Iterable[RegionLaunch], *, as_of: datetime = NEVER
) -> dict[tuple[str, int], tuple[RegionLaunch, ...]]:
    """Return the regions that had launched `as_of`, by the product and run of their launch, for every launch in which
    one of `regions` may rest on another; one query at most."""
    launches = {(region.key.product, region.launch_run) for region in regions if may_be_spared(region)}
    if not launches:
        return {}
    records = launch_records.c
    same = and_(records.product == _ROWS.product, records.region == _ROWS.region, records.run == _ROWS.run)
    chosen = (
        select(_ROWS.state)
        .select_from(region_launches.join(launch_records, same))
        .where(
            is_among((_ROWS.product, _ROWS.launch_run), launches),
            _ROWS.verdict == Verdict.LAUNCHED.value,
            records.at <= as_of,
        )
    )
    found: dict[tuple[str, int], list[RegionLaunch]] = defaultdict(list)
    for state in tx.execute(chosen.order_by(_ROWS.region)).scalars():
        region = RegionLaunch.model_validate(state)
        found[region.key.product, region.launch_run].append(region)
    return {launch: tuple(each) for launch, each in found.items()}
