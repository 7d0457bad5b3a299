"""How did regions stand day by day, and how did forecasts compare with what happened?"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from readiness.readiness import Rag, Readiness
from readiness.region import Verdict
from store.days_schema import region_days
from store.records_schema import launch_records, region_launches
from store.regions import RegionRecord

_OVER = (Verdict.LAUNCHED.value, Verdict.CANCELLED.value)
"""What a trend of readiness leaves out: it can become no readier."""


class Day(NamedTuple):
    """How all running regions stood on one day."""

    day: date
    regions: int
    mean_index: float
    colours: dict[Rag, int]


class Outcome(NamedTuple):
    """A region that launched: when it was to, when it was foreseen to be ready, and when it did."""

    product: str
    product_name: str
    region: str
    name: str
    time_zone: str
    planned_at: datetime
    """The launch instant on the first day that is kept."""
    foreseen_at: datetime | None
    """When enough would be ready, as was foreseen `AHEAD` of the launch, or on the first day kept since."""
    foreseen_on: date | None
    launched_at: datetime


AHEAD = timedelta(days=28)
"""How long before a launch its forecast is compared: early enough to have acted on it."""


def note_day(tx: Connection, record: RegionRecord, readiness: Readiness, *, now: datetime) -> None:
    """Keep how a region stands today, over what an earlier count of the day said."""
    tx.execute(
        _noting(tx.dialect.name),
        {
            "day": f"{now.astimezone(UTC):%Y-%m-%d}",
            **record.key.model_dump(),
            "stage": readiness.stage.value,
            "verdict": readiness.verdict.value,
            "rag": readiness.rag.value,
            "index_tenths": round(readiness.index * 10),
            "launch_at": readiness.launch_at,
            "forecast_at": readiness.forecast_at,
        },
    )


def trend(tx: Connection, *, within: Iterable[str] | None, since: date) -> tuple[Day, ...]:
    """Return how the running regions `within` (None for all) stood on each day that is kept, by one query."""
    columns = region_days.c
    counted = (
        select(columns.day, columns.rag, func.count(), func.sum(columns.index_tenths))
        .where(columns.day >= since.isoformat(), columns.verdict.not_in(_OVER))
        .group_by(columns.day, columns.rag)
        .order_by(columns.day)
    )
    if within is not None:
        counted = counted.where(columns.region.in_(sorted(set(within))))
    found: dict[str, dict[Rag, tuple[int, int]]] = {}
    for day, rag, regions, tenths in tx.execute(counted):
        found.setdefault(day, {})[Rag(rag)] = (regions, int(tenths))
    days: list[Day] = []
    for day, colours in found.items():
        regions = sum(count for count, _ in colours.values())
        index = sum(tenths for _, tenths in colours.values()) / regions / 10
        days.append(Day(date.fromisoformat(day), regions, index, {rag: colours[rag][0] for rag in colours}))
    return tuple(days)


def outcomes(tx: Connection, *, within: Iterable[str] | None, limit: int) -> tuple[Outcome, ...]:
    """Return the latest `limit` launches of the regions `within` with what was foreseen of them, by two queries."""
    of, launched = region_launches.c, launch_records.c
    same = and_(launched.product == of.product, launched.region == of.region, launched.run == of.run)
    chosen = (
        select(of.product, of.product_name, of.region, of.run, of.name, of.time_zone, launched.at, launched.launch_at)
        .join(launch_records, same)
        .order_by(launched.at.desc())
        .limit(limit)
    )
    if within is not None:
        chosen = chosen.where(of.region.in_(sorted(set(within))))
    rows = tx.execute(chosen).all()
    if not rows:
        return ()
    days = region_days.c
    kept = select(days.product, days.region, days.run, days.day, days.launch_at, days.forecast_at).where(
        days.product.in_(sorted({row.product for row in rows})), days.region.in_(sorted({row.region for row in rows}))
    )
    history: dict[tuple[str, str, int], list[Any]] = {}
    for note in tx.execute(kept.order_by(days.day)):
        history.setdefault((note.product, note.region, note.run), []).append(note)
    return tuple(_outcome(row, history.get((row.product, row.region, row.run), [])) for row in rows)


def _outcome(row: Any, notes: list[Any]) -> Outcome:
    asked = (row.launch_at - AHEAD).date().isoformat()
    foreseen = [note for note in notes if note.forecast_at is not None]
    before = [note for note in foreseen if note.day <= asked]
    chosen = before[-1] if before else next(iter(foreseen), None)
    return Outcome(
        product=row.product,
        product_name=row.product_name,
        region=row.region,
        name=row.name,
        time_zone=row.time_zone,
        planned_at=notes[0].launch_at if notes else row.launch_at,
        foreseen_at=chosen.forecast_at if chosen is not None else None,
        foreseen_on=date.fromisoformat(chosen.day) if chosen is not None else None,
        launched_at=row.at,
    )


@cache
def _noting(dialect: str) -> Any:
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(region_days)
    keys = {column.name for column in region_days.primary_key.columns}
    changed = {column.name: insert.excluded[column.name] for column in region_days.c if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=sorted(keys), set_=changed)
