"""How much is on the board, by verdict and by colour, and what can it be filtered by?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from store.records_schema import region_launches
from store.regions import is_shown_as, verdict_shown

_COLUMNS = region_launches.c


@dataclass(frozen=True, slots=True)
class Tally:
    """How many region launches show this verdict in this colour."""

    verdict: Verdict
    rag: Rag
    count: int


def tallies(
    tx: Connection,
    *,
    product: str | None = None,
    region: str | None = None,
    stage: Stage | None = None,
    within: Iterable[str] | None = None,
    now: datetime | None = None,
) -> tuple[Tally, ...]:
    """Return how many latest region launches there are of each verdict and colour; none are left out at zero.

    `within` are the regions that the reader may see, None for all. Verdicts are those that the board shows at `now`.
    """
    wanted = _wanted(product=product, region=region, stage=stage, within=within)
    pair = (verdict_shown(now), _COLUMNS.rag)
    rows = tx.execute(select(*pair, func.count()).where(*wanted).group_by(*pair).order_by(*pair))
    return tuple(Tally(Verdict(verdict), Rag(rag), count) for verdict, rag, count in rows)


def count_products(
    tx: Connection,
    *,
    product: str | None = None,
    region: str | None = None,
    verdict: Verdict | None = None,
    rag: Rag | None = None,
    stage: Stage | None = None,
    within: Iterable[str] | None = None,
    up_to: str | None = None,
    now: datetime | None = None,
) -> int:
    """Return how many products have a region launch like that, or how many up to and with the product `up_to`.

    Verdicts are those that the board shows at `now`.
    """
    wanted = _wanted(product=product, region=region, verdict=verdict, rag=rag, stage=stage, within=within, now=now)
    if up_to is not None:
        wanted.append(_COLUMNS.product <= up_to)
    return tx.execute(select(func.count(_COLUMNS.product.distinct())).where(*wanted)).scalar_one()


def named_products(tx: Connection, *, within: Iterable[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Return every product of the reader's board with its name, by product."""
    chosen = select(_COLUMNS.product, func.max(_COLUMNS.product_name)).where(*_wanted(within=within))
    rows = tx.execute(chosen.group_by(_COLUMNS.product).order_by(_COLUMNS.product))
    return tuple((product, name) for product, name in rows)


def named_regions(tx: Connection, *, within: Iterable[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Return every region of the reader's board with a name that a plan gives it, by region."""
    chosen = select(_COLUMNS.region, func.max(_COLUMNS.name)).where(*_wanted(within=within))
    rows = tx.execute(chosen.group_by(_COLUMNS.region).order_by(_COLUMNS.region))
    return tuple((region, name) for region, name in rows)


def _wanted(
    *,
    product: str | None = None,
    region: str | None = None,
    verdict: Verdict | None = None,
    rag: Rag | None = None,
    stage: Stage | None = None,
    within: Iterable[str] | None = None,
    now: datetime | None = None,
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [_COLUMNS.is_latest]
    for column, value in (
        (_COLUMNS.product, product),
        (_COLUMNS.region, region),
        (_COLUMNS.rag, rag),
        (_COLUMNS.stage, stage),
    ):
        if value is not None:
            wanted.append(column == str(value))
    if verdict is not None:
        wanted.append(is_shown_as(verdict, now))
    if within is not None:
        wanted.append(_COLUMNS.region.in_(sorted(set(within))))
    return wanted
