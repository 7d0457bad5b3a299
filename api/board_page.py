"""What does the board page show of what is stored, and where does its next page begin?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.dependencies import Dependencies
from api.identity import Actor
from api.page_answers import REFRESH_SECONDS, viewer_of
from api.rights import Action, allowed_regions
from api.showing import MOST_REGIONS
from readiness.readiness import WORST_FIRST
from readiness.region import Verdict
from store.board import BoardRow, board
from store.names import names_of
from store.overview import Tally, count_products, named_products, named_regions, tallies
from templates.pages import BoardPage, Cell, ColourTotal, Filters, Named, ProductRow, VerdictTotal

MOST_CELLS = 400
"""Cells on one page, always of whole products: about a quarter of a megabyte, which a phone draws at once."""

OLD_AFTER = timedelta(hours=2)
"""Figures are counted anew when they are an hour old; twice that is a sign that nobody counts."""

_BEHIND_EVERY_REGION = "~"
"""Sorts behind every slug, so that a page begins with the product after the one it names."""

_TOTALLED = (
    Verdict.LAUNCHED,
    Verdict.GO,
    Verdict.CONDITIONAL_GO,
    Verdict.READY,
    Verdict.NOT_READY,
    Verdict.HELD,
    Verdict.NO_GO,
    Verdict.CANCELLED,
)
"""Verdicts in the order in which they are totalled: what is done, what may be, what may not."""


class _Reading(NamedTuple):
    """One transaction's view of the board."""

    rows: tuple[BoardRow, ...]
    tallies: tuple[Tally, ...]
    products: tuple[tuple[str, str], ...]
    regions: tuple[tuple[str, str], ...]
    products_found: int
    products_before: int


def board_page(deps: Dependencies, actor: Actor, filters: Filters, *, after: str | None) -> BoardPage:
    """Return what `actor` may see of the board with `filters`, from the product behind `after` on."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        found = _read(tx, filters, within, after, now=read_at)
        names = names_of(tx, {actor.person, *(row.owner for row in found.rows)})
    columns = _columns(found.rows, dict(found.regions))
    rows = _product_rows(found.rows, columns, names, read_at=read_at)
    has_more = found.products_before + len(rows) < found.products_found
    return BoardPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None if filters.paused else REFRESH_SECONDS,
        read_at=read_at,
        oldest_figures_at=min((row.as_of for row in found.rows if row.as_of is not None), default=None),
        filters=filters,
        pause_address=replace(filters, paused=not filters.paused).address(after=after),
        clear_address=Filters(paused=filters.paused).address(),
        products=tuple(Named(slug=slug, name=name) for slug, name in found.products),
        regions=tuple(Named(slug=slug, name=name) for slug, name in found.regions),
        colours=_colour_totals(found.tallies, filters),
        verdicts=_verdict_totals(found.tallies, filters),
        cells_found=sum(
            tally.count
            for tally in found.tallies
            if filters.verdict in {None, tally.verdict} and filters.rag in {None, tally.rag}
        ),
        products_found=found.products_found,
        first_position=found.products_before + 1,
        columns=columns,
        rows=rows,
        first_address=filters.address() if after is not None else None,
        next_address=filters.address(after=rows[-1].product) if rows and has_more else None,
    )


def _read(
    tx: Connection, filters: Filters, within: Sequence[str] | None, after: str | None, *, now: datetime
) -> _Reading:
    def products(up_to: str | None = None) -> int:
        return count_products(
            tx,
            product=filters.product,
            region=filters.region,
            verdict=filters.verdict,
            rag=filters.rag,
            stage=filters.stage,
            within=within,
            up_to=up_to,
            now=now,
        )

    return _Reading(
        rows=_whole_products(tx, filters, within, after, now=now),
        tallies=tallies(
            tx, product=filters.product, region=filters.region, stage=filters.stage, within=within, now=now
        ),
        products=named_products(tx, within=within),
        regions=named_regions(tx, within=within),
        products_found=products(),
        products_before=products(after) if after is not None else 0,
    )


def _whole_products(
    tx: Connection, filters: Filters, within: Sequence[str] | None, after: str | None, *, now: datetime
) -> tuple[BoardRow, ...]:
    """Return the cells of as many whole products as a page has room for, at least of one."""

    def cells(product: str | None, limit: int) -> tuple[BoardRow, ...]:
        return board(
            tx,
            product=product,
            region=filters.region,
            verdict=filters.verdict,
            rag=filters.rag,
            stage=filters.stage,
            within=within,
            after=(after, _BEHIND_EVERY_REGION) if after is not None else None,
            limit=limit,
            now=now,
        )

    rows = cells(filters.product, MOST_CELLS + 1)
    if len(rows) <= MOST_CELLS:
        return rows
    cut_off = rows[-1].product
    whole = tuple(row for row in rows if row.product != cut_off)
    return whole or cells(cut_off, MOST_REGIONS)


def _columns(rows: Sequence[BoardRow], names: Mapping[str, str]) -> tuple[Named, ...]:
    """Return the regions that have a cell, those of the first wave first."""
    waves: dict[str, int] = {}
    for row in rows:
        waves[row.region] = min(row.wave, waves.get(row.region, row.wave))
    ordered = sorted(waves, key=lambda region: (waves[region], region))
    return tuple(Named(slug=region, name=names.get(region, region)) for region in ordered)


def _product_rows(
    rows: Sequence[BoardRow], columns: Sequence[Named], names: Mapping[str, str], *, read_at: datetime
) -> tuple[ProductRow, ...]:
    of_product: dict[str, dict[str, BoardRow]] = {}
    for row in rows:
        of_product.setdefault(row.product, {})[row.region] = row
    return tuple(_product_row(cells, columns, names, read_at=read_at) for cells in of_product.values())


def _product_row(
    cells: Mapping[str, BoardRow], columns: Sequence[Named], names: Mapping[str, str], *, read_at: datetime
) -> ProductRow:
    by_launch = sorted(cells.values(), key=lambda row: row.launch_at)
    first, last = by_launch[0], by_launch[-1]
    return ProductRow(
        product=first.product,
        name=first.product_name,
        tier=first.tier,
        owner=first.owner,
        owner_name=names.get(first.owner),
        first_launch_at=first.launch_at.astimezone(ZoneInfo(first.time_zone)),
        last_launch_at=last.launch_at.astimezone(ZoneInfo(last.time_zone)),
        cells=tuple(_cell(cells[column.slug], read_at) if column.slug in cells else None for column in columns),
    )


def _cell(row: BoardRow, read_at: datetime) -> Cell:
    return Cell(
        product=row.product,
        region=row.region,
        name=row.name,
        time_zone=row.time_zone,
        launch_at=row.launch_at,
        stage=row.stage,
        verdict=row.verdict,
        rag=row.rag,
        index=row.index,
        coverage=row.coverage,
        forecast_at=row.forecast_at,
        reason=row.reasons[0] if row.reasons else None,
        as_of=row.as_of,
        is_behind=row.is_behind,
        is_old=is_old(row, read_at),
    )


def is_old(row: BoardRow, read_at: datetime) -> bool:
    """Say whether the figures of `row` are so old that nobody can be counting."""
    return row.as_of is not None and read_at - row.as_of > OLD_AFTER


def _colour_totals(found: Sequence[Tally], filters: Filters) -> tuple[ColourTotal, ...]:
    """Count each colour with every filter but the one by colour, so that the others can still be chosen."""
    return tuple(
        ColourTotal(
            rag=rag,
            count=sum(t.count for t in found if t.rag is rag and filters.verdict in {None, t.verdict}),
            address=replace(filters, rag=None if filters.rag is rag else rag).address(),
            is_chosen=filters.rag is rag,
        )
        for rag in WORST_FIRST
    )


def _verdict_totals(found: Sequence[Tally], filters: Filters) -> tuple[VerdictTotal, ...]:
    return tuple(
        VerdictTotal(
            verdict=verdict,
            count=sum(t.count for t in found if t.verdict is verdict and filters.rag in {None, t.rag}),
            address=replace(filters, verdict=None if filters.verdict is verdict else verdict).address(),
            is_chosen=filters.verdict is verdict,
        )
        for verdict in _TOTALLED
    )
