"""How much is on the board, in which order do its products come, and what can it be filtered by?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, case, func, select

from readiness.readiness import WORST_FIRST, Rag
from readiness.region import Verdict
from store.records_schema import region_launches
from store.verdicts import verdict_shown
from store.wanted import Wanted

_COLUMNS = region_launches.c


@dataclass(frozen=True, slots=True)
class Tally:
    """How many region launches show this verdict in this colour."""

    verdict: Verdict
    rag: Rag
    count: int


class Order(StrEnum):
    """In which order the products of the board come."""

    NAME = "name"
    LAUNCH = "launch"
    """Whoever launches first comes first."""
    WORST = "worst"
    """The product with the worst region comes first, and among equals the one with more of them."""
    TIER = "tier"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One product of the board, at its place in the order."""

    product: str
    tier: int
    cells: int


def tallies(tx: Connection, wanted: Wanted | None = None, *, now: datetime | None = None) -> tuple[Tally, ...]:
    """Return how many of the region launches `wanted` there are of each verdict and colour; none at zero.

    Verdicts are those that the board shows at `now`.
    """
    pair = (verdict_shown(now), _COLUMNS.rag)
    conditions = (wanted or Wanted()).conditions(now)
    rows = tx.execute(select(*pair, func.count()).where(*conditions).group_by(*pair).order_by(*pair))
    return tuple(Tally(Verdict(verdict), Rag(rag), count) for verdict, rag, count in rows)


def ranked_products(
    tx: Connection, wanted: Wanted | None = None, *, order: Order = Order.NAME, now: datetime | None = None
) -> tuple[Ranked, ...]:
    """Return every product that has a region launch as `wanted`, in that order, with how many it has."""
    columns = (_COLUMNS.product, func.min(_COLUMNS.tier), func.count())
    conditions = (wanted or Wanted()).conditions(now)
    chosen = select(*columns).where(*conditions).group_by(_COLUMNS.product).order_by(*_ordering(order))
    return tuple(Ranked(product, tier, cells) for product, tier, cells in tx.execute(chosen))


def _ordering(order: Order) -> tuple[ColumnElement[object], ...]:
    severity = case({rag.value: place for place, rag in enumerate(WORST_FIRST)}, value=_COLUMNS.rag)
    soonest, named = func.min(_COLUMNS.launch_at), _COLUMNS.product
    match order:
        case Order.NAME:
            return (func.lower(func.max(_COLUMNS.product_name)), named)
        case Order.LAUNCH:
            return (soonest, named)
        case Order.WORST:
            return (func.min(severity), func.avg(severity), soonest, named)
        case Order.TIER:
            return (func.min(_COLUMNS.tier), soonest, named)


def named_products(tx: Connection, *, within: Iterable[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Return every product of the reader's board with its name, by product."""
    chosen = select(_COLUMNS.product, func.max(_COLUMNS.product_name)).where(*Wanted(within=within).conditions(None))
    rows = tx.execute(chosen.group_by(_COLUMNS.product).order_by(_COLUMNS.product))
    return tuple((product, name) for product, name in rows)


def named_regions(tx: Connection, *, within: Iterable[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Return every region of the reader's board with a name that a plan gives it, by region."""
    chosen = select(_COLUMNS.region, func.max(_COLUMNS.name)).where(*Wanted(within=within).conditions(None))
    rows = tx.execute(chosen.group_by(_COLUMNS.region).order_by(_COLUMNS.region))
    return tuple((region, name) for region, name in rows)


def waves_and_tiers(
    tx: Connection, *, within: Iterable[str] | None = None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return every wave and every tier on the reader's board."""
    pair = (_COLUMNS.wave, _COLUMNS.tier)
    rows = tx.execute(select(*pair).where(*Wanted(within=within).conditions(None)).distinct()).all()
    return tuple(sorted({wave for wave, _ in rows})), tuple(sorted({tier for _, tier in rows}))
