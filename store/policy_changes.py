"""What would another policy flip in the regions that run?"""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import Connection, select

from readiness.policy import Policy
from readiness.policy_changes import Flips, after, flips
from readiness.policy_events import Applies
from readiness.rules import judged_instant
from store.records_schema import region_launches
from store.regions import record_of
from store.sight import gather


def flips_of(
    tx: Connection,
    policy_for: Callable[[Policy], Policy],
    *,
    product: str | None,
    within: Collection[str] | None,
    applies: Applies,
    now: datetime,
) -> tuple[Flips, ...]:
    """Return for each running region, in key order, what the policy that `policy_for` makes of its own would flip.

    Of one product, or of all; `within` these regions, or all of them. A fixed number of queries, and nothing changes.
    """
    columns = region_launches.c
    chosen = select(region_launches).where(columns.ended_at.is_(None), columns.is_latest)
    if product is not None:
        chosen = chosen.where(columns.product == product)
    if within is not None:
        chosen = chosen.where(columns.region.in_(sorted(within)))
    records = [record_of(row) for row in tx.execute(chosen.order_by(columns.product, columns.region))]
    wanted = {record.key: policy_for(record.region.policy) for record in records}
    instants = {record.key: judged_instant(record.region, now=now) for record in records}
    changed = [
        record._replace(region=after(record.region, wanted[record.key], applies), contents=None) for record in records
    ]
    before = gather(tx, records, instants, now=now)
    later = gather(tx, changed, instants, now=now)
    return tuple(
        flips(
            record.region, wanted[record.key], before=before[record.key], evidence=later[record.key], applies=applies
        )
        for record in records
    )
