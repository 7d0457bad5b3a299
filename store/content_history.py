"""What has one text said, from its first revision to the one that holds?"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from readiness.policy import Stage
from store.records_schema import content_revisions
from store.texts import PRODUCT_WIDE, Text, text_of


class Written(NamedTuple):
    """One revision of a text in one place, and whether whoever wrote it meant another meaning."""

    text: Text
    material: bool


def history_of(
    tx: Connection, product: str, stage: Stage, key: str, *, within: Iterable[str] | None, limit: int
) -> tuple[Written, ...]:
    """Return the latest `limit` revisions of one text, newest first: product-wide, and the own ones of the regions
    `within` (None: of all)."""
    columns = content_revisions.c
    chosen = select(content_revisions).filter_by(product=product, stage=stage.value, key=key)
    if within is not None:
        chosen = chosen.where(columns.region.in_(sorted({PRODUCT_WIDE, *within})))
    rows = tx.execute(chosen.order_by(columns.revision.desc(), columns.region).limit(limit))
    return tuple(Written(text_of(row), row.material) for row in rows)
