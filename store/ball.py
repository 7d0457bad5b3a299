"""Where has the ball been in the region launches that a reader may see?"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, select

from readiness.ball import Ball, passed_on
from readiness.keys import RegionKey
from readiness.ledger import RegionRow
from readiness.policy import Stage
from store.ledger import rows_after
from store.records_schema import region_launches
from store.regions import RegionRecord


class BallTold(NamedTuple):
    """One region launch and where its ball has been."""

    key: RegionKey
    name: str
    product_name: str
    time_zone: str
    stage: Stage
    started_at: datetime
    ended_at: datetime | None
    ball: Ball


def balls(
    tx: Connection,
    *,
    product: str | None = None,
    region: str | None = None,
    within: Iterable[str] | None = None,
    running: bool = False,
) -> Iterator[BallTold]:
    """Yield where the ball has been in the latest run of each region, by product and region, by one query.

    `within` are the regions that the reader may see, None for all; `running` leaves out what has ended. Of a region
    in which nothing was settled since balls are kept in its row, the ledger is read.
    """
    of = region_launches.c
    # The ball comes as text: its model reads it faster than it checks what somebody else has read.
    chosen = (
        select(
            *(of.product, of.region, of.run, of.name, of.product_name, of.time_zone, of.stage),
            *(of.started_at, of.ended_at, cast(of.ball, Text)),
        )
        .where(of.is_latest)
        .order_by(of.product, of.region)
    )
    if product is not None:
        chosen = chosen.where(of.product == product)
    if region is not None:
        chosen = chosen.where(of.region == region)
    if within is not None:
        chosen = chosen.where(of.region.in_(sorted(set(within))))
    if running:
        chosen = chosen.where(of.ended_at.is_(None))
    for product_of, region_of, run, name, product_name, zone, stage, started_at, ended_at, text in tx.execute(chosen):
        key = RegionKey(product=product_of, region=region_of, run=run)
        ball = Ball.model_validate_json(text) if text is not None else ball_of_ledger(tx, key)
        yield BallTold(key, name, product_name, zone, Stage(stage), started_at, ended_at, ball)


def ball_after(tx: Connection, record: RegionRecord, rows: Sequence[RegionRow]) -> Ball | None:
    """Return where the ball has been once `rows`, which are in the ledger, have followed on what `record` tells."""
    if record.ball is None:
        return ball_of_ledger(tx, record.key)
    return passed_on(record.key, record.region, record.ball, (row.event for row in rows))


def ball_of_ledger(tx: Connection, key: RegionKey) -> Ball:
    """Return where the ball of a region launch has been, by every row of its ledger."""
    return ball_of(key, rows_after(tx, key, 0))


def ball_of(key: RegionKey, rows: Sequence[RegionRow]) -> Ball:
    """Return where the ball has been by these rows, a whole ledger; raises ValueError where there are none."""
    ball = passed_on(key, None, None, (row.event for row in rows))
    if ball is None:
        raise ValueError(f"the ledger of {key} is empty")
    return ball
