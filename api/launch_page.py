"""What does the page of one product show of its launch, region beside region?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from api.board_page import is_old
from api.burn_up import burn_up_of
from api.commanding import launch_not_found
from api.dependencies import Dependencies
from api.identity import Actor
from api.many import EachItem
from api.owning import role_to_hand_over
from api.page_answers import REFRESH_SECONDS, viewer_of
from api.page_forms import blank_form
from api.problems import ProblemDocument
from api.rehearsing import RehearsalAnswer
from api.rights import Action, allowed_regions, can
from api.showing import MOST_REGIONS
from api.speakers import Speakers, speakers
from api.tasks import key_of
from readiness.forecast import is_outweighed
from readiness.instants import known_zones, parse_wall_clock, resolve
from readiness.policy import GATED_STAGES, LEARNING_STAGES
from readiness.prospect import red_for
from readiness.readiness import Readiness
from readiness.region import RegionLaunch, Verdict
from store.board import BoardRow, board
from store.burn_up import burn_up
from store.deciding import readiness_at_hand
from store.names import names_of
from store.regions import RegionRecord, latest_records
from templates.pages import (
    Form,
    LaunchPage,
    LaunchRow,
    RegionChoice,
    Slip,
    SlipChoice,
    SlipDue,
    SlipRed,
    StageBar,
    VerdictCount,
    Waits,
    Wave,
)
from templates.timescale import Timescale, timescale

MOST_CHARTS = 12
"""Regions whose people are counted day by day for one page: those that launch first, and any other when asked."""


SHORTEST_BAR = 12
"""Of the thousand parts of the line: a stage that was open for a minute is still to be seen."""


def launch_page(
    deps: Dependencies,
    actor: Actor,
    product: str,
    *,
    chart: str | None = None,
    slip: Form | None = None,
    slips: tuple[Slip, ...] = (),
    adding: Form | None = None,
    owning: Form | None = None,
) -> LaunchPage:
    """Return the page of a product, of the regions that `actor` may see; raises the problem `not-found`.

    `chart` is the one region to be drawn; `slip`, `adding` and `owning` are forms that came back, `slips` what a move
    means.
    """
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        rows = board(tx, product=product, within=within, limit=MOST_REGIONS, now=read_at)
        # Of regions that the reader may not see nothing is read: the line of time would tell when they began.
        records = latest_records(tx, product, (row.region for row in rows))
        regions = {each.key.region: each.region for each in records}
        names = names_of(tx, {actor.person, *(row.owner for row in rows)})
        drawn = _drawn(records, chart)
        progress = burn_up(tx, drawn, now=read_at)
        outweighed = (r for r in rows if is_outweighed(r.forecast_at, launch_at=r.launch_at, rag=r.rag))
        at_hand = readiness_at_hand(tx, map(key_of, outweighed))
        speaking = speakers(tx, deps, actor, (row.region for row in rows), now=read_at)
    if not rows:
        raise launch_not_found(product)
    scale = _scale(rows, regions.values(), read_at)
    shown = [
        (row.wave, _row(row, regions[row.region], at_hand.get(key_of(row)), speaking, scale, read_at)) for row in rows
    ]
    counts = Counter(row.verdict for row in rows)
    movable = tuple(
        SlipChoice(
            region=each.key.region,
            name=each.region.plan.name,
            time_zone=each.region.plan.time_zone,
            launch_at=each.region.launch_at,
        )
        for each in records
        if each.region.ending is None and can(actor, Action.RESCHEDULE, each.key.region)
    )
    running = tuple(each.key.region for each in records if each.region.ending is None)
    may_hand_over = bool(running) and role_to_hand_over(actor, rows[0].owner, running) is not None
    adds = bool(movable) and bool(allowed_regions(actor, Action.ADD_REGION))
    return LaunchPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        # A page with a form is not taken away from under whoever fills it in.
        refresh_seconds=None if movable or may_hand_over else REFRESH_SECONDS,
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
        burn_ups=tuple(
            burn_up_of(record, row, progress[record.key], now=read_at)
            for record in drawn
            for row in rows
            if row.region == record.key.region
        ),
        more_charts=tuple(
            RegionChoice(region=each.key.region, name=each.region.plan.name) for each in records if each not in drawn
        ),
        slip=(slip or blank_form()) if movable else None,
        movable=movable,
        slips=tuple(_known(each, regions.get(each.name), slip) for each in slips),
        adding=(adding or blank_form()) if adds else None,
        owning=(owning or blank_form()) if may_hand_over else None,
        zones=tuple(sorted(known_zones())) if adds else (),
        shows_workflows=deps.workflows_seen_at is not None and can(actor, Action.MANAGE_WEBHOOKS),
        shows_content=bool(allowed_regions(actor, Action.READ_CONTENT)),
    )


def slip_of(item: EachItem) -> Slip:
    """Return what a move means for one region, as the page shows it."""
    answer = item.answer if isinstance(item.answer, RehearsalAnswer) else None
    refusal = item.problem or (answer.refusal if answer is not None else None)
    before, after = (answer.readiness_before, answer.readiness_after) if answer is not None else ((), ())
    return Slip(
        name=item.region,
        refusal=_why(refusal) if refusal is not None else None,
        verdict_before=before[0].verdict if before else None,
        verdict_after=after[0].verdict if after else None,
        rag_before=before[0].rag if before else None,
        rag_after=after[0].rag if after else None,
        voided=tuple(each.function for each in answer.would.voided) if answer is not None else (),
        reopened=tuple(each.stage for each in answer.would.reopened) if answer is not None else (),
        red=tuple(
            SlipRed(stage=each.stage, criterion=each.criterion, reason=each.reason, already=each.already)
            for each in (answer.would.red if answer is not None else ())
        ),
    )


def _known(found: Slip, region: RegionLaunch | None, slip: Form | None) -> Slip:
    """Return what a move means with what the region tells: its name, and by when its open stages would be due."""
    if region is None:
        return found
    found = replace(found, name=region.plan.name, time_zone=region.plan.time_zone)
    if found.refusal is not None or slip is None:
        return found
    moved_to = resolve(parse_wall_clock(slip.value("launch_at")), region.plan.time_zone)
    open_stages = (stage for stage in LEARNING_STAGES if not region.stage(stage).is_closed)
    due = tuple(SlipDue(stage=stage, at=region.policy.due_at(stage, moved_to)) for stage in open_stages)
    return replace(found, due=due)


def _why(refusal: ProblemDocument) -> str:
    return " ".join(fault.reason for fault in refusal.errors) if refusal.errors else refusal.detail


def _drawn(records: Sequence[RegionRecord], chart: str | None) -> tuple[RegionRecord, ...]:
    if chart is not None:
        return tuple(record for record in records if record.key.region == chart)
    soonest = sorted(records, key=lambda each: (each.region.ended_at is not None, each.region.launch_at))
    return tuple(soonest[:MOST_CHARTS])


def _scale(rows: Sequence[BoardRow], regions: Iterable[RegionLaunch], read_at: datetime) -> Timescale:
    """Return a line from the first start to the last launch; a forecast may lengthen it by half, and no more."""
    first_at = min((*(region.started_at for region in regions), read_at))
    last_at = max(*(row.launch_at for row in rows), read_at)
    farthest = last_at + (last_at - first_at) / 2
    forecasts = [row.forecast_at for row in rows if row.forecast_at is not None]
    return timescale((first_at, last_at, *(min(forecast, farthest) for forecast in forecasts)))


def _row(
    row: BoardRow,
    region: RegionLaunch,
    readiness: Readiness | None,
    speaking: Speakers,
    scale: Timescale,
    read_at: datetime,
) -> LaunchRow:
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
        red_for=red_for(readiness) if readiness is not None else (),
        reason=row.reasons[0] if row.reasons else None,
        waits=tuple(
            Waits(whom=each.waiting_on, names=speaking.of(row.region, each.waiting_on), since=each.since)
            for each in row.blockers
        ),
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
            width = max(SHORTEST_BAR, scale.x(ended_at) - x)
        yield StageBar(
            stage=stage, status=state.status, x=x, width=width, planned_x=planned_x, planned_width=due_x - planned_x
        )
        planned_x = due_x
