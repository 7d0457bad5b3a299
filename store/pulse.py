"""Has anything changed that a reader's board shows, and what since they last looked?"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, func, select

from readiness.events import RegionEvent
from readiness.readiness import Rag
from readiness.region import Verdict
from store.records_schema import ledger, outbox, region_launches
from store.verdicts import verdict_shown

_ROWS = region_launches.c
_EVENT: TypeAdapter[RegionEvent] = TypeAdapter(RegionEvent)

_IS_ROW_OF = and_(
    ledger.c.product == outbox.c.product,
    ledger.c.region == outbox.c.region,
    ledger.c.run == outbox.c.run,
    ledger.c.version == outbox.c.version,
)
_IS_REGION_OF = and_(
    _ROWS.product == outbox.c.product, _ROWS.region == outbox.c.region, _ROWS.run == outbox.c.run, _ROWS.is_latest
)


class Pulse(NamedTuple):
    """What differs as soon as a verdict, a stage or a figure of somebody's regions does."""

    regions: int
    versions: int
    counted_at: datetime | None
    revisions: int = 0
    """Of the facts that are counted, where one product is looked at: they are counted anew now and then unchanged."""

    @property
    def mark(self) -> str:
        """What an open page has seen, as its browser keeps it: the same as long as nothing has changed."""
        counted = self.counted_at.timestamp() if self.counted_at is not None else 0
        return f"{self.regions}-{self.versions}-{self.revisions or f'{counted:.6f}'}"


class Changed(NamedTuple):
    """Something that happened in a region launch, and how that stands now."""

    product: str
    region: str
    product_name: str
    name: str
    verdict: Verdict
    rag: Rag
    event: RegionEvent


def pulse(
    tx: Connection, *, within: Iterable[str] | None = None, product: str | None = None, region: str | None = None
) -> Pulse:
    """Return the pulse of the regions that a reader may see, from an index alone; of one product, or of one of its
    regions, where that is named."""
    if product is not None:
        return _pulse_of(tx, product, region, within)
    chosen = select(func.count(), func.sum(_ROWS.version), func.max(_ROWS.figures_gathered_at)).where(_ROWS.is_latest)
    if within is not None:
        chosen = chosen.where(_ROWS.region.in_(sorted(set(within))))
    regions, versions, counted_at = tx.execute(chosen).one()
    return Pulse(regions, versions or 0, counted_at)


def _pulse_of(tx: Connection, product: str, region: str | None, within: Iterable[str] | None) -> Pulse:
    chosen = select(func.count(), func.sum(_ROWS.version), func.sum(_ROWS.figures_revision))
    chosen = chosen.where(_ROWS.product == product, _ROWS.is_latest)
    if region is not None:
        chosen = chosen.where(_ROWS.region == region)
    if within is not None:
        chosen = chosen.where(_ROWS.region.in_(sorted(set(within))))
    regions, versions, revisions = tx.execute(chosen).one()
    return Pulse(regions, versions or 0, None, revisions or 0)


def changed_since(
    tx: Connection,
    since: datetime,
    *,
    but: Iterable[str] = (),
    within: Iterable[str] | None = None,
    limit: int = 300,
    now: datetime | None = None,
) -> tuple[Changed, ...]:
    """Return what has happened after `since` in the latest runs, latest first, but for events of the types `but`.

    At most the `limit` latest are looked at. Verdicts are those that the board shows at `now`.
    """
    columns = (_ROWS.product, _ROWS.region, _ROWS.product_name, _ROWS.name, verdict_shown(now), _ROWS.rag)
    chosen = (
        select(*columns, ledger.c.event)
        .select_from(outbox.join(ledger, _IS_ROW_OF).join(region_launches, _IS_REGION_OF))
        .where(outbox.c.at > since, outbox.c.type.not_in(sorted(set(but))))
    )
    if within is not None:
        chosen = chosen.where(outbox.c.region.in_(sorted(set(within))))
    rows = tx.execute(chosen.order_by(outbox.c.at.desc(), outbox.c.id.desc()).limit(limit))
    return tuple(
        Changed(product, region, product_name, name, Verdict(verdict), Rag(rag), _EVENT.validate_python(event))
        for product, region, product_name, name, verdict, rag, event in rows
    )
