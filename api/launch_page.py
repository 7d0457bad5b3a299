"""What does the page of one product show of its launch, region beside region?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from api.board_page import is_old
from api.commanding import launch_not_found
from api.dependencies import Dependencies
from api.identity import Actor
from api.page_answers import REFRESH_SECONDS, viewer_of
from api.rights import Action, allowed_regions
from api.showing import MOST_REGIONS
from readiness.policy import GATED_STAGES
from readiness.region import RegionLaunch, Verdict
from store.board import BoardRow, board
from store.names import names_of
from store.regions import latest_records
from templates.pages import LaunchPage, LaunchRow, StageBar, VerdictCount, Waits, Wave
from templates.timescale import Timescale, timescale


def launch_page(deps: Dependencies, actor: Actor, product: str) -> LaunchPage:
    """Return the page of a product, of the regions that `actor` may see; raises the problem `not-found`."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        rows = board(tx, product=product, within=within, limit=MOST_REGIONS, now=read_at)
        # Of regions that the reader may not see nothing is read: the line of time would tell when they began.
        records = latest_records(tx, product, (row.region for row in rows))
        regions = {each.key.region: each.region for each in records}
        names = names_of(tx, {actor.person, *(row.owner for row in rows)})
    if not rows:
        raise launch_not_found(product)
    scale = _scale(rows, regions.values(), read_at)
    shown = [(row.wave, _row(row, regions[row.region], scale, read_at)) for row in rows]
    counts = Counter(row.verdict for row in rows)
    return LaunchPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=REFRESH_SECONDS,
        read_at=read_at,
        product=product,
        name=rows[0].product_name,
        tier=rows[0].tier,
        owner=names.get(rows[0].owner, rows[0].owner),
        counts=tuple(VerdictCount(verdict=verdict, count=counts[verdict]) for verdict in Verdict if counts[verdict]),
        waves=tuple(
            Wave(number=number, rows=tuple(each for wave, each in shown if wave == number))
            for number in sorted({wave for wave, _ in shown})
        ),
        ticks=scale.ticks,
        today=scale.x(read_at),
    )


def _scale(rows: Sequence[BoardRow], regions: Iterable[RegionLaunch], read_at: datetime) -> Timescale:
    """Return a line from the first start to the last launch; a forecast may lengthen it by half, and no more."""
    first_at = min((*(region.started_at for region in regions), read_at))
    last_at = max(*(row.launch_at for row in rows), read_at)
    farthest = last_at + (last_at - first_at) / 2
    forecasts = [row.forecast_at for row in rows if row.forecast_at is not None]
    return timescale((first_at, last_at, *(min(forecast, farthest) for forecast in forecasts)))


def _row(row: BoardRow, region: RegionLaunch, scale: Timescale, read_at: datetime) -> LaunchRow:
    return LaunchRow(
        product=row.product,
        region=row.region,
        name=row.name,
        time_zone=row.time_zone,
        launch_at=row.launch_at,
        launch_x=scale.x(row.launch_at),
        stage=row.stage,
        verdict=row.verdict,
        rag=row.rag,
        index=row.index,
        forecast_at=row.forecast_at,
        forecast_x=scale.x(row.forecast_at) if row.forecast_at is not None else None,
        reason=row.reasons[0] if row.reasons else None,
        waits=tuple(Waits(whom=each.waiting_on, since=each.since) for each in row.blockers),
        bars=tuple(_bars(region, scale, read_at)),
        is_old=is_old(row, read_at),
    )


def _bars(region: RegionLaunch, scale: Timescale, read_at: datetime) -> Iterator[StageBar]:
    """Yield when each stage was open, until it was closed or until now, and when it was or is to be."""
    until = region.ended_at or read_at
    planned_x = scale.x(region.started_at)
    for stage in GATED_STAGES:
        state = region.stage(stage)
        due_x = max(planned_x, scale.x(region.policy.due_at(stage, region.launch_at)))
        x, width = planned_x, 0
        if state.opened_at is not None:
            ended_at = state.closed_at if state.is_closed and state.closed_at is not None else until
            x = scale.x(state.opened_at)
            width = max(2, scale.x(ended_at) - x)
        yield StageBar(
            stage=stage, status=state.status, x=x, width=width, planned_x=planned_x, planned_width=due_x - planned_x
        )
        planned_x = due_x
