"""Which regions of earlier waves have launched, under which policy and on which texts?"""

# Read from what stood as they launched: a launched region takes no more sign-offs. The launch record must be there.

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, tuple_

from readiness.keys import RegionKey
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import RegionLaunch, Verdict
from store.records_schema import launch_records, region_launches
from store.types import NEVER

Signed = dict[Stage, frozenset[str]]
"""The digests under which each stage was signed."""

_ROWS = region_launches.c
_LAUNCH = (_ROWS.product, _ROWS.launch_run)


def proven_before(
    tx: Connection, regions: Iterable[RegionLaunch], *, as_of: datetime = NEVER
) -> dict[RegionKey, dict[str, Signed]]:
    """Return, for each of `regions` whose policy knows the short path, which regions of earlier waves of its launch
    have launched under the same policy and have no suspended permit, each with what was signed there.

    One query at most.
    """
    asked = [region for region in regions if region.policy.go_no_go.short_path and region.plan.wave > 1]
    if not asked:
        return {}
    records = launch_records.c
    same = and_(records.product == _ROWS.product, records.region == _ROWS.region, records.run == _ROWS.run)
    chosen = (
        select(*_LAUNCH, _ROWS.region, _ROWS.wave, _ROWS.state)
        .select_from(region_launches.join(launch_records, same))
        .where(
            tuple_(*_LAUNCH).in_(sorted({(region.key.product, region.launch_run) for region in asked})),
            _ROWS.verdict == Verdict.LAUNCHED.value,
            records.at <= as_of,
        )
    )
    launched: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in tx.execute(chosen.order_by(_ROWS.region)):
        launched[row.product, row.launch_run].append(row)
    found: dict[RegionKey, dict[str, Signed]] = {}
    for region in asked:
        policy = region.policy.model_dump(mode="json")
        found[region.key] = {
            row.region: _signed(row.state)
            for row in launched[region.key.product, region.launch_run]
            if row.wave < region.plan.wave and row.state["policy"] == policy and not row.state.get("suspended_at")
        }
    return found


def _signed(state: dict[str, Any]) -> Signed:
    return {
        stage: frozenset(each["digest"] for each in state["sign_offs"] if each["stage"] == stage.value)
        for stage in SIGNED_STAGES
    }
