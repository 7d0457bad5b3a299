"""Where do the other regions of a wave stand, and who keeps them from moving meanwhile?"""

# A region that launches together with its wave must not launch beside one that has lost its go. Each region has a
# ledger of its own, so what orders two of them is their rows: whoever writes to a region's ledger holds its row until
# the commit. The launch transaction of such a region therefore takes, before it reads anything,
#
#   1. the row of the launch as a whole, so that no region joins the wave unseen, and then
#   2. the rows of the whole wave, its own among them, by one statement in key order.
#
# What any of them does is then committed before, and seen, or comes after the launch, in the ledgers as by the clock.
# Two that launch at one instant take the same row first, so the second waits, and finds the first launched. That is
# the order in which everybody takes rows (`store.regions`), so no two wait for each other. A look writes nothing to
# others and holds none of this: it only tells people beforehand.

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from readiness.evidence import WaveMate
from readiness.keys import LaunchKey, RegionKey
from readiness.readiness import ConditionShown, earliest
from readiness.region import ConditionStatus, RegionLaunch, Verdict
from readiness.rules import GOES, launches_together
from store.keyed import is_among
from store.records_schema import commands, region_launches
from store.regions import lock_launch

_COLUMNS = region_launches.c
_KEY = (_COLUMNS.product, _COLUMNS.region, _COLUMNS.run)
_WAVE = (_COLUMNS.product, _COLUMNS.launch_run, _COLUMNS.wave)


def hold_wave(tx: Connection, region: RegionLaunch) -> None:
    """Take the row of the launch and then those of the region's whole wave, until the transaction ends."""
    lock_launch(tx, LaunchKey(product=region.key.product, run=region.launch_run))
    chosen = select(*_KEY).where(is_among(_WAVE, [_wave_of(region)]))
    tx.execute(chosen.order_by(*_KEY).with_for_update()).all()


def wave_mates(tx: Connection, regions: Iterable[RegionLaunch]) -> dict[RegionKey, tuple[WaveMate, ...]]:
    """Return, for each of `regions` that launches together with its wave, where the others of it stand; one query.

    What was cancelled is not waited for.
    """
    asked = [region for region in regions if launches_together(region)]
    if not asked:
        return {}
    found: dict[tuple[str, int, int], list[Row[tuple[object, ...]]]] = defaultdict(list)
    chosen = select(
        *_WAVE,
        _COLUMNS.region,
        _COLUMNS.verdict,
        _COLUMNS.launch_at,
        _COLUMNS.conditions,
        _is_settled().label("is_settled"),
    ).where(
        is_among(_WAVE, {_wave_of(region) for region in asked}),
        _COLUMNS.is_latest,
        _COLUMNS.verdict != Verdict.CANCELLED.value,
    )
    for row in tx.execute(chosen.order_by(*_KEY)):
        found[row.product, row.launch_run, row.wave].append(row)
    return {
        region.key: tuple(_mate(row) for row in found[_wave_of(region)] if row.region != region.key.region)
        for region in asked
    }


def _wave_of(region: RegionLaunch) -> tuple[str, int, int]:
    return (region.key.product, region.launch_run, region.plan.wave)


def _is_settled() -> ColumnElement[bool]:
    """Whether the row shows what its ledger says, its workflow runs, and nothing that was asked of it is open."""
    is_open = and_(
        commands.c.product == _COLUMNS.product,
        commands.c.region == _COLUMNS.region,
        commands.c.run == _COLUMNS.run,
        commands.c.settled_at.is_(None),
    )
    goes = sorted(choice.value for choice in GOES)
    is_shown = or_(_COLUMNS.verdict.not_in(goes), _COLUMNS.shown_verdict == _COLUMNS.verdict)
    has_open = select(commands.c.id).where(is_open).correlate(region_launches).exists()
    return and_(is_shown, _COLUMNS.lost_at.is_(None), ~has_open)


def _mate(row: Row[tuple[object, ...]]) -> WaveMate:
    return WaveMate(
        region=row.region,
        verdict=row.verdict,
        launch_at=row.launch_at,
        condition_due_at=_first_due(row.conditions or ()),
        settled=bool(row.is_settled),
    )


def _first_due(documents: Sequence[object]) -> datetime | None:
    conditions = (ConditionShown.model_validate(document) for document in documents)
    return earliest(*(each.due_at for each in conditions if each.status is ConditionStatus.OPEN))
