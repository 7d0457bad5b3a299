"""What does the board page show of what is stored, and where does its next page begin?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.close_ups import Looked, close_up, looked_at
from api.coming import coming
from api.dependencies import Dependencies
from api.identity import Actor
from api.missing_people import Naming
from api.page_answers import REFRESH_SECONDS, viewer_of
from api.rights import Action, allowed_regions
from api.showing import MOST_REGIONS
from api.tasks import given_back, is_waited_for, speaks, tasks_in, waited_for
from api.visits import changes_since
from readiness.keys import RegionKey
from readiness.readiness import WORST_FIRST
from readiness.region import Verdict
from store.board import BoardRow, CellRow, board, board_of, close_board_of
from store.names import names_of
from store.overview import (
    Order,
    Ranked,
    Tally,
    named_products,
    named_regions,
    ranked_products,
    tallies,
    waves_and_tiers,
)
from store.wanted import Wanted
from templates.pages import (
    BoardPage,
    Cell,
    CloseUp,
    ColourTotal,
    Filters,
    Named,
    Own,
    ProductRow,
    Running,
    Sort,
    VerdictTotal,
)

MOST_CELLS = 400
"""Cells on one page, always of whole products: about a quarter of a megabyte, which a phone draws at once."""

MOST_CLOSE = 12
"""Cells that are read from close by where there are no more: each tells in full what it waits for."""

MOST_OWN = 3
"""Regions that wait for the reader and are named above the board; all of them stand on their own page."""

OLD_AFTER = timedelta(hours=2)
"""Figures are counted anew when they are an hour old; twice that is a sign that nobody counts."""

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

    rows: tuple[CellRow, ...]
    """Each a `BoardRow` where the board is seen from close by."""
    is_close: bool
    tallies: tuple[Tally, ...]
    products: tuple[tuple[str, str], ...]
    regions: tuple[tuple[str, str], ...]
    waves: tuple[int, ...]
    tiers: tuple[int, ...]
    order: tuple[str, ...]
    """Every product found, in the order asked for."""
    first: int
    """The place of the first of them on this page."""


def board_page(
    deps: Dependencies,
    actor: Actor,
    filters: Filters,
    *,
    after: str | None,
    last_visit: datetime | None = None,
    running: Running | None = None,
) -> BoardPage:
    """Return what `actor` may see of the board with `filters`, from the product behind `after` on."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        found = _read(tx, filters, within, after, now=read_at)
        close = [row for row in found.rows if isinstance(row, BoardRow)]
        names = names_of(tx, {actor.person, *(row.owner for row in found.rows)})
        seen = looked_at(tx, deps, actor, close, now=read_at)
        changes = changes_since(tx, last_visit, within, now=read_at) if last_visit is not None else None
        naming = Naming(tx, actor, now=read_at)
        own = _own(tx, actor, found.rows, seen, naming, now=read_at) if speaks(actor) else None
        close_ups = {(row.product, row.region): close_up(actor, row, seen, naming) for row in close}
    columns = _columns(found.rows, dict(found.regions))
    rows = _product_rows(found, columns, names, close_ups, read_at=read_at)
    has_more = found.first + len(rows) < len(found.order)
    return BoardPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None if filters.paused else REFRESH_SECONDS,
        read_at=read_at,
        oldest_figures_at=min((row.as_of for row in found.rows if row.as_of is not None), default=None),
        filters=filters,
        pause_address=replace(filters, paused=not filters.paused).address(after=after),
        clear_address=Filters(paused=filters.paused, sort=filters.sort).address(),
        products=tuple(Named(slug=slug, name=name) for slug, name in found.products),
        regions=tuple(Named(slug=slug, name=name) for slug, name in found.regions),
        tiers=found.tiers,
        waves=found.waves,
        sorts=tuple((sort, replace(filters, sort=sort).address()) for sort in Sort),
        may_start=bool(allowed_regions(actor, Action.START_LAUNCH)),
        changes=changes,
        own=own,
        running=running,
        colours=_colour_totals(found.tallies, filters),
        verdicts=_verdict_totals(found.tallies, filters),
        cells_found=_matching(found.tallies, filters),
        products_found=len(found.order),
        first_position=found.first + 1,
        columns=columns,
        rows=rows,
        is_small=found.is_close and not filters.are_set,
        first_address=filters.address() if found.first else None,
        next_address=filters.address(after=rows[-1].product) if rows and has_more else None,
    )


def _own(
    tx: Connection, actor: Actor, rows: Sequence[CellRow], close: Looked, naming: Naming, *, now: datetime
) -> Own:
    """Return what of `rows` is for `actor`; of many cells as far as they tell, which do not name who was named."""
    seen = [row for row in rows if isinstance(row, BoardRow)]
    others = [row for row in rows if any(is_waited_for(actor, whom, row.region) for whom in row.waiting_on)]
    if not seen and others:
        keys = [RegionKey(product=row.product, region=row.region, run=row.run) for row in others[:MOST_OWN]]
        seen = list(board(tx, among=keys, limit=MOST_OWN, now=now))
    tasks = tasks_in(actor, seen)
    told = {(row.product, row.region) for row, _ in tasks.waiting[:MOST_OWN]}
    return Own(
        waiting=waited_for(tx, actor, tasks.waiting[:MOST_OWN], close.at_hand, naming),
        helping=waited_for(tx, actor, tasks.helping[:MOST_OWN], close.at_hand, naming, close.speaking),
        given_back=given_back(tx, actor, tasks.given_back[:MOST_OWN], close.speaking),
        coming=coming(actor, seen, close.at_hand, naming, limit=MOST_OWN),
        others=sum((row.product, row.region) not in told for row in others),
        decides=bool(allowed_regions(actor, Action.DECIDE)),
    )


def _read(
    tx: Connection, filters: Filters, within: Sequence[str] | None, after: str | None, *, now: datetime
) -> _Reading:
    place = Wanted(
        product=filters.product,
        region=filters.region,
        stage=filters.stage,
        tier=filters.tier,
        wave=filters.wave,
        words=filters.words,
        within=within,
    )
    wanted = replace(place, verdict=filters.verdict, rag=filters.rag)
    ranked = ranked_products(tx, wanted, order=Order(filters.sort), now=now)
    order = tuple(each.product for each in ranked)
    first = order.index(after) + 1 if after in order else 0
    shown = _page(ranked[first:])
    waves, tiers = waves_and_tiers(tx, within=within)
    counted = tallies(tx, place, now=now)
    is_close = _matching(counted, filters) <= MOST_CLOSE
    rows_of = close_board_of if is_close else board_of
    return _Reading(
        rows=rows_of(tx, shown, wanted, limit=max(MOST_CELLS, MOST_REGIONS), now=now) if shown else (),
        is_close=is_close,
        tallies=counted,
        products=named_products(tx, within=within),
        regions=named_regions(tx, within=within),
        waves=waves,
        tiers=tiers,
        order=order,
        first=first,
    )


def _page(ranked: Sequence[Ranked]) -> tuple[str, ...]:
    """Return as many whole products as a page has room for, at least one."""
    shown: list[str] = []
    cells = 0
    for each in ranked:
        cells += each.cells
        if shown and cells > MOST_CELLS:
            break
        shown.append(each.product)
    return tuple(shown)


def _columns(rows: Sequence[CellRow], names: Mapping[str, str]) -> tuple[Named, ...]:
    """Return the regions that have a cell, those of the first wave first."""
    waves: dict[str, int] = {}
    for row in rows:
        waves[row.region] = min(row.wave, waves.get(row.region, row.wave))
    ordered = sorted(waves, key=lambda region: (waves[region], region))
    return tuple(Named(slug=region, name=names.get(region, region), wave=waves[region]) for region in ordered)


def _product_rows(
    found: _Reading,
    columns: Sequence[Named],
    names: Mapping[str, str],
    close_ups: Mapping[tuple[str, str], CloseUp],
    *,
    read_at: datetime,
) -> tuple[ProductRow, ...]:
    of_product: dict[str, dict[str, CellRow]] = {}
    for row in found.rows:
        of_product.setdefault(row.product, {})[row.region] = row
    ordered = (of_product[product] for product in found.order if product in of_product)
    return tuple(_product_row(cells, columns, names, close_ups, read_at=read_at) for cells in ordered)


def _product_row(
    cells: Mapping[str, CellRow],
    columns: Sequence[Named],
    names: Mapping[str, str],
    close_ups: Mapping[tuple[str, str], CloseUp],
    *,
    read_at: datetime,
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
        cells=tuple(
            _cell(row, close_ups.get((row.product, row.region)), read_at) if row is not None else None
            for row in (cells.get(column.slug) for column in columns)
        ),
    )


def _cell(row: CellRow, close_up: CloseUp | None, read_at: datetime) -> Cell:
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
        waiting_on=row.waiting_on,
        as_of=row.as_of,
        is_behind=row.is_behind,
        is_old=is_old(row, read_at),
        close_up=close_up,
    )


def is_old(row: CellRow, read_at: datetime) -> bool:
    """Say whether the figures of `row` are so old that nobody can be counting."""
    return row.as_of is not None and read_at - row.as_of > OLD_AFTER


def _matching(found: Iterable[Tally], filters: Filters) -> int:
    """Return how many cells there are with every filter, of tallies that leave out those by verdict and colour."""
    return sum(
        tally.count
        for tally in found
        if filters.verdict in {None, tally.verdict} and filters.rag in {None, tally.rag}
    )


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
