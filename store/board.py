"""What does the board show of every product and region, and which figures behind it must be counted anew?"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, or_, select, tuple_

from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.policy import Stage
from readiness.readiness import Blocker, ConditionShown, DecisionShown, Rag, Readiness, WaiverShown
from readiness.region import Verdict
from readiness.rules import judged_instant, must_look
from store.days import note_day
from store.documents import reads_once
from store.engine import Store
from store.keyed import is_among
from store.projection import readiness_of, shown_by
from store.records_schema import region_launches
from store.regions import (
    ROW_IN_DOUBT,
    RegionRecord,
    lock_regions,
    record_of,
    update_region,
)
from store.sight import gather
from store.verdicts import verdict_shown
from store.wanted import Wanted

UNTENDED = timedelta(seconds=60)
"""How long after a region's instant nothing need have been settled yet; beyond it the workflow may be dead."""

INSTANT_PASSED = "Its instant has come and the last check is under way"
NOBODY_LOOKED = "Its instant has come and no workflow has looked; see that a worker is running"

_PLACE = (region_launches.c.product, region_launches.c.region)
_KEY = (region_launches.c.product, region_launches.c.region, region_launches.c.run)

_IS_BEHIND = region_launches.c.facts_revision > region_launches.c.figures_revision

_MOST_WAITED_FOR = 3
"""Functions that a cell names; more are seldom waited for at once."""

_OF_CELL = (
    *(
        region_launches.c[name]
        for name in (
            "product",
            "region",
            "run",
            "version",
            "name",
            "product_name",
            "tier",
            "wave",
            "owner",
            "time_zone",
            "launch_at",
            "stage",
            "rag",
            "index_tenths",
            "coverage_hundredths",
            "forecast_at",
            "figures_gathered_at",
        )
    ),
    # Documents come as text: their models read it faster than they check what somebody else has read.
    cast(region_launches.c.reasons, Text),
    # Of what blocks it a cell shows for whom it waits; each of the others is another line of its page.
    *(region_launches.c.blockers[place, "waiting_on"].as_string() for place in range(_MOST_WAITED_FOR)),
    _IS_BEHIND,
    region_launches.c.shown_verdict,
    region_launches.c.verdict,
)
_TOLD_AT = len(_OF_CELL) - 1
_DOCUMENTS = tuple(cast(region_launches.c[name], Text) for name in ("blockers", "decision", "conditions", "waivers"))
"""What a cell does not show: much of what a row of the board takes to be read."""

_TEXTS_KEPT = 2_048
"""Reasons and blockers that are kept as read: many regions of a board have the same."""

_reasons: Callable[[Any], tuple[str, ...]] = reads_once(tuple[str, ...], kept=_TEXTS_KEPT)
_blockers: Callable[[Any], tuple[Blocker, ...]] = reads_once(tuple[Blocker, ...], kept=_TEXTS_KEPT)
_CONDITIONS = TypeAdapter(tuple[ConditionShown, ...])
_WAIVERS = TypeAdapter(tuple[WaiverShown, ...])

_IS_COUNTED = and_(
    region_launches.c.is_latest,
    or_(region_launches.c.ended_at.is_(None), region_launches.c.verdict == Verdict.LAUNCHED.value),
)
"""Figures are kept for what runs and for what launched; what was cancelled keeps those that it ended with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """What a cell shows of a product in a region, as last counted; never more than the workflow says, and less where
    facts moved on."""

    product: str
    region: str
    run: int
    version: int
    name: str
    product_name: str
    tier: int
    wave: int
    owner: str
    time_zone: str
    launch_at: datetime
    stage: Stage
    verdict: Verdict
    rag: Rag
    index: float
    coverage: float
    forecast_at: datetime | None
    reasons: tuple[str, ...]
    waiting_on: tuple[str, ...]
    """The functions that it waits for, those of the earliest stage first; `_MOST_WAITED_FOR` at most."""
    as_of: datetime | None
    """When the figures were gathered; None where none have been yet."""
    is_behind: bool
    """True while facts are there that the figures do not count yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow(CellRow):
    """One product and region, with what blocks it, what was decided and what that rests on."""

    blockers: tuple[Blocker, ...]
    decision: DecisionShown | None
    conditions: tuple[ConditionShown, ...]
    waivers: tuple[WaiverShown, ...]


_Shown = TypeVar("_Shown", bound=CellRow)


def board(
    tx: Connection,
    *,
    product: str | None = None,
    region: str | None = None,
    verdict: Verdict | None = None,
    rag: Rag | None = None,
    stage: Stage | None = None,
    among: Collection[RegionKey] | None = None,
    within: Iterable[str] | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 100,
    now: datetime | None = None,
) -> tuple[BoardRow, ...]:
    """Return the board by product and region: the latest run of each, by one query.

    `among` are the only region launches that are wanted, None for all; `within` are the regions that the reader may
    see, None for all. `after` is the product and region of the last row that was read. A go shows as held while facts
    have moved on and nobody has looked and, where the reader's clock `now` is given, once its instant is past.
    """
    wanted = Wanted(product=product, region=region, verdict=verdict, rag=rag, stage=stage, within=within)
    conditions = wanted.conditions(now)
    if among is not None:
        conditions.append(is_among(_KEY, [(key.product, key.region, key.run) for key in among]))
    if after is not None:
        conditions.append(tuple_(*_PLACE) > tuple_(*after))
    chosen = _chosen(conditions, beside=_DOCUMENTS, limit=limit, now=now)
    return tuple(_board_row(row, now=now) for row in tx.execute(chosen))


def board_of(
    tx: Connection, products: Sequence[str], wanted: Wanted, *, limit: int, now: datetime | None = None
) -> tuple[CellRow, ...]:
    """Return the cells of these products that are as `wanted`, by product and region, by one query."""
    chosen = _chosen(_of_products(products, wanted, now), limit=limit, now=now)
    return tuple(_shown(CellRow, row, now=now) for row in tx.execute(chosen))


def close_board_of(
    tx: Connection, products: Sequence[str], wanted: Wanted, *, limit: int, now: datetime | None = None
) -> tuple[BoardRow, ...]:
    """Return the same cells with all that a row of the board tells, by one query."""
    chosen = _chosen(_of_products(products, wanted, now), beside=_DOCUMENTS, limit=limit, now=now)
    return tuple(_board_row(row, now=now) for row in tx.execute(chosen))


def _of_products(products: Sequence[str], wanted: Wanted, now: datetime | None) -> Iterable[ColumnElement[bool]]:
    return (*wanted.conditions(now), region_launches.c.product.in_(products))


def _chosen(
    conditions: Iterable[ColumnElement[bool]],
    *,
    beside: Sequence[ColumnElement[Any]] = (),
    limit: int,
    now: datetime | None,
) -> Select[Any]:
    # The folded region and its figures stay where they are: a board of 400 rows must not parse 400 of them.
    return select(*_OF_CELL, verdict_shown(now), *beside).where(*conditions).order_by(*_PLACE).limit(limit)


def _board_row(row: Sequence[Any], *, now: datetime | None) -> BoardRow:
    *cell, blockers, decision, conditions, waivers = row
    return _shown(
        BoardRow,
        cell,
        now=now,
        blockers=_blockers(blockers) if blockers is not None else (),
        decision=_decision(decision, told=cell[_TOLD_AT]),
        conditions=_CONDITIONS.validate_json(conditions) if conditions is not None else (),
        waivers=_WAIVERS.validate_json(waivers) if waivers is not None else (),
    )


def _shown(kind: type[_Shown], row: Sequence[Any], *, now: datetime | None, **documents: Any) -> _Shown:
    (
        product,
        region,
        run,
        version,
        name,
        product_name,
        tier,
        wave,
        owner,
        time_zone,
        launch_at,
        stage,
        rag,
        index_tenths,
        coverage_hundredths,
        forecast_at,
        figures_gathered_at,
        reasons,
        *waiting_on,
        is_behind,
        shown_verdict,
        told,
        verdict,
    ) = row
    return kind(
        product=product,
        region=region,
        run=run,
        version=version,
        name=name,
        product_name=product_name,
        tier=tier,
        wave=wave,
        owner=owner,
        time_zone=time_zone,
        launch_at=launch_at,
        stage=Stage(stage),
        verdict=Verdict(verdict),
        rag=Rag(rag),
        index=index_tenths / 10,
        coverage=coverage_hundredths / 100,
        forecast_at=forecast_at,
        reasons=(*_doubts(verdict, shown_verdict, told, launch_at, now=now), *_reasons(reasons)),
        waiting_on=tuple(whom for whom in waiting_on if whom is not None),
        as_of=figures_gathered_at,
        is_behind=is_behind,
        **documents,
    )


def _doubts(
    verdict: str, shown_verdict: str, told: str, launch_at: datetime, *, now: datetime | None
) -> tuple[str, ...]:
    """Return why another verdict is shown than the row's, first among the reasons."""
    if verdict == shown_verdict:
        return ()
    if told != shown_verdict:
        return (ROW_IN_DOUBT,)
    is_untended = now is not None and launch_at < now - UNTENDED
    return (NOBODY_LOOKED if is_untended else INSTANT_PASSED,)


def _decision(document: str | None, *, told: str) -> DecisionShown | None:
    """Return the decision that the row shows, but none that the row's own verdict does not speak of."""
    if document is None:
        return None
    decision = DecisionShown.model_validate_json(document)
    return decision if told in {decision.verdict.value, Verdict.LAUNCHED.value} else None


def marked_regions(tx: Connection, *, limit: int = 200) -> tuple[RegionKey, ...]:
    """Return region launches whose facts are newer than their stored figures, in key order."""
    chosen = select(*_KEY).where(_IS_BEHIND, _IS_COUNTED).order_by(*_KEY).limit(limit)
    return tuple(RegionKey(product=row.product, region=row.region, run=row.run) for row in tx.execute(chosen))


def aged_regions(
    tx: Connection, *, gathered_before: datetime, now: datetime, limit: int = 200
) -> tuple[RegionKey, ...]:
    """Return region launches whose figures were gathered before that moment, or are no longer steady at `now`: time
    alone changes pace and validity."""
    gathered_at = region_launches.c.figures_gathered_at
    steady_until = region_launches.c.figures_steady_until
    is_aged = or_(gathered_at < gathered_before, steady_until.is_(None), steady_until <= now)
    chosen = select(*_KEY).where(gathered_at.is_not(None), is_aged, _IS_COUNTED).order_by(gathered_at).limit(limit)
    return tuple(RegionKey(product=row.product, region=row.region, run=row.run) for row in tx.execute(chosen))


def refresh_figures(store: Store, keys: Sequence[RegionKey]) -> tuple[RegionKey, ...]:
    """Count the figures of these region launches anew and store them for the board; return those to be hinted.

    A region is hinted only where a criterion has become met, or has ceased to be, since its workflow's own last look,
    or a sign-off that stands is of content that has moved on: nothing else moves a gate. Counts before it takes any
    row; a region that moves on meanwhile is left marked, and comes again.
    """
    with store.reading() as tx:
        now = store.now(tx)
        records = records_of(tx, keys)
        instants = {record.key: judged_instant(record.region, now=now) for record in records}
        gathered = gather(tx, records, instants, now=now, counted_anew=True)
    judged = {
        r.key: readiness_of(r.region, seen.figures, seen.contents, seen.roles_lost)
        for r in records
        for seen in (gathered[r.key],)
    }
    seen = {record.key: record for record in records}
    with store.writing() as tx:
        for record in lock_regions(tx, [record.key for record in records]):
            before = seen[record.key]
            if record.version == before.version and record.figures_revision <= before.facts_revision:
                _store(tx, record, judged[record.key], gathered[record.key])
                note_day(tx, record, judged[record.key], now=now)
    return tuple(
        key
        for key, record in seen.items()
        if record.region.ending is None and must_look(record.region, judged[key], gathered[key])
    )


def records_of(tx: Connection, keys: Sequence[RegionKey]) -> tuple[RegionRecord, ...]:
    """Return the rows of those region launches that are the latest of their region, in key order, as folded."""
    wanted = [(key.product, key.region, key.run) for key in keys]
    if not wanted:
        return ()
    chosen = select(region_launches).where(is_among(_KEY, wanted), region_launches.c.is_latest)
    return tuple(record_of(row) for row in tx.execute(chosen.order_by(*_KEY)))


def _store(tx: Connection, record: RegionRecord, readiness: Readiness, evidence: Evidence) -> None:
    figures = evidence.figures
    columns = shown_by(readiness, figures, evidence.contents, figures.revision, facts_revision=record.facts_revision)
    if record.lost_at is not None:
        # The row says that the workflow was lost; only the workflow itself ends that.
        del columns["shown_verdict"], columns["reasons"]
    update_region(tx, record.key, **columns)
