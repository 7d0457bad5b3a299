"""Where has the ball been in the region launches that a reader may see?"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Text, and_, cast, select

from readiness.ball import IDLE_EVENTS, Ball, passed_on
from readiness.events import RegionEvent
from readiness.keys import RegionKey
from store.records_schema import ledger, region_launches

_EVENT: TypeAdapter[RegionEvent] = TypeAdapter(RegionEvent)
_KEY = (region_launches.c.product, region_launches.c.region, region_launches.c.run)


def balls(
    tx: Connection,
    *,
    product: str | None = None,
    region: str | None = None,
    within: Iterable[str] | None = None,
    running: bool = False,
) -> Iterator[Ball]:
    """Yield where the ball has been in the latest run of each region, by product and region, by one query.

    `within` are the regions that the reader may see, None for all; `running` leaves out what has ended. Only the
    events that pass the ball on are read: most of a ledger says how criteria were judged.
    """
    columns = region_launches.c
    wanted: list[ColumnElement[bool]] = [columns.is_latest, ledger.c.type.not_in(sorted(IDLE_EVENTS))]
    if product is not None:
        wanted.append(columns.product == product)
    if region is not None:
        wanted.append(columns.region == region)
    if within is not None:
        wanted.append(columns.region.in_(sorted(set(within))))
    if running:
        wanted.append(columns.ended_at.is_(None))
    same_run = and_(*(column == ledger.c[column.name] for column in _KEY))
    # Events come as text: their models read it faster than they check what somebody else has read.
    chosen = (
        select(*_KEY, cast(ledger.c.event, Text))
        .join(ledger, same_run)
        .where(*wanted)
        .order_by(columns.product, columns.region, ledger.c.version)
    )
    for (of, where, run), rows in groupby(tx.execute(chosen), key=lambda row: (row[0], row[1], row[2])):
        key = RegionKey(product=of, region=where, run=run)
        ball = passed_on(key, None, (_EVENT.validate_json(row[-1]) for row in rows))
        if ball is not None:
            yield ball
