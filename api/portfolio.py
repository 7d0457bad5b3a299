"""What does the page show that looks over every launch at once, and how is each of its tables taken away?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.page_answers import page_response, viewer_of
from api.problems import Problem
from api.rights import Action, allowed_regions
from api.sheets import CSV, Cell, csv_text
from readiness.ball import tallies, total
from readiness.readiness import Rag
from store.ball import balls
from store.days import Day, Outcome, outcomes, trend
from store.names import names_of
from store.waiver_debt import OpenWaiver, waiver_debt
from templates.pages import DebtRow, Foreseen, HeldRow, PortfolioPage, TrendDay
from templates.words import CRITERIA, STAGES, holder

PORTFOLIO_PATH = "/portfolio"

MOST_DAYS = 180
MOST_OUTCOMES = 100

_WEEK, _MONTH, _DAY = timedelta(days=7), timedelta(days=30), timedelta(days=1)

Onlooker = Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)]


def portfolio_router() -> APIRouter:
    """Return the page over every launch, with its tables as files."""
    router = guarded_router()
    router.add_api_route(PORTFOLIO_PATH, show_portfolio, methods=["GET"], response_model=None)
    router.add_api_route(f"{PORTFOLIO_PATH}/{{table}}.csv", take_away, methods=["GET"], response_model=None)
    return router


async def show_portfolio(request: Request, deps: Deps, actor: Onlooker) -> Response:
    """Show the trend, forecasts against what happened, the waivers that are open and where time went."""
    return await run_in_threadpool(lambda: page_response(portfolio_page(deps, actor), request))


async def take_away(table: str, deps: Deps, actor: Onlooker) -> Response:
    """Answer with one table of the page as CSV, which no spreadsheet takes for formulas."""

    def written() -> Response:
        page = portfolio_page(deps, actor)
        tables = {"trend": _trend_rows, "forecasts": _outcome_rows, "waivers": _debt_rows, "time": _held_rows}
        if table not in tables:
            raise Problem("not-found", f"There is no such table. There are {', '.join(tables)}.")
        headers = {"Content-Disposition": f'attachment; filename="portfolio-{table}.csv"'}
        return Response(csv_text(tables[table](page)), headers=headers, media_type=CSV)

    return await run_in_threadpool(written)


def portfolio_page(deps: Dependencies, actor: Actor) -> PortfolioPage:
    """Return the page, of the regions that `actor` may see."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        days = trend(tx, within=within, since=(now - MOST_DAYS * _DAY).date())
        found = outcomes(tx, within=within, limit=MOST_OUTCOMES)
        owed = waiver_debt(tx, within=within, now=now)
        told = [tallies(each.ball, zone=each.time_zone, now=now) for each in balls(tx, within=within)]
        names = names_of(tx, [actor.person])
    summed = total(tally for each in told for tally in each)
    longest = max((tally.days for tally in summed), default=0.0) or 1.0
    return PortfolioPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        read_at=now,
        trend=tuple(_trend_day(day) for day in reversed(days)),
        index_line=_line(days, [day.mean_index for day in days]),
        red_line=_line(days, [100 * day.colours.get(Rag.RED, 0) / day.regions for day in days]),
        outcomes=tuple(_foreseen(each) for each in found),
        debt=_debt(owed),
        held=tuple(
            HeldRow(
                stage=tally.stage,
                function=tally.function,
                working_days=tally.days,
                days_a_region=tally.days / tally.regions,
                regions=tally.regions,
                holding=tally.holding,
                share=tally.days / longest,
            )
            for tally in summed
        ),
        regions=len(told),
    )


def _line(days: tuple[Day, ...], values: list[float]) -> str:
    if not days:
        return ""
    first, last = days[0].day, days[-1].day
    whole = (last - first).days or 1
    points = [
        f"{(day.day - first).days * 1_000 // whole},{100 - round(v)}" for day, v in zip(days, values, strict=True)
    ]
    return " ".join(points)


def _trend_day(day: Day) -> TrendDay:
    colours = {rag: day.colours.get(rag, 0) for rag in Rag}
    return TrendDay(
        day=day.day,
        regions=day.regions,
        index=day.mean_index,
        red=colours[Rag.RED],
        amber=colours[Rag.AMBER],
        grey=colours[Rag.GREY],
        green=colours[Rag.GREEN],
    )


def _foreseen(found: Outcome) -> Foreseen:
    off = (found.foreseen_at - found.launched_at) // _DAY if found.foreseen_at is not None else None
    return Foreseen(
        product=found.product,
        product_name=found.product_name,
        region=found.region,
        name=found.name,
        time_zone=found.time_zone,
        planned_at=found.planned_at,
        foreseen_at=found.foreseen_at,
        foreseen_on=found.foreseen_on,
        launched_at=found.launched_at,
        slipped_days=(found.launched_at - found.planned_at) // _DAY,
        off_days=off,
    )


def _debt(owed: tuple[OpenWaiver, ...]) -> tuple[DebtRow, ...]:
    found: list[DebtRow] = []
    by_criterion = {each.waiver.criterion for each in owed}
    most = max((sum(e.waiver.criterion is key for e in owed) for key in by_criterion), default=1)
    for key in sorted(by_criterion, key=list(CRITERIA).index):
        own = [each for each in owed if each.waiver.criterion is key]
        found.append(
            DebtRow(
                criterion=key,
                requested=sum(each.waiver.status == "requested" for each in own),
                granted=sum(each.waiver.status == "granted" for each in own),
                young=sum(each.age < _WEEK for each in own),
                middle=sum(_WEEK <= each.age < _MONTH for each in own),
                old=sum(each.age >= _MONTH for each in own),
                lapses_next_at=min(each.waiver.expires_at for each in own),
                share=len(own) / most,
            )
        )
    return tuple(found)


def _trend_rows(page: PortfolioPage) -> Iterator[tuple[Cell, ...]]:
    yield ("day", "regions", "mean_index", "red", "amber", "grey", "green")
    for d in page.trend:
        yield (d.day.isoformat(), d.regions, round(d.index, 1), d.red, d.amber, d.grey, d.green)


def _outcome_rows(page: PortfolioPage) -> Iterator[tuple[Cell, ...]]:
    yield ("product", "product_name", "region", "name", "planned_at", "foreseen_on", "foreseen_at", "launched_at")
    for each in page.outcomes:
        moments = (each.planned_at, each.foreseen_on, each.foreseen_at, each.launched_at)
        told = (moment.isoformat() if moment is not None else None for moment in moments)
        yield (each.product, each.product_name, each.region, each.name, *told)


def _debt_rows(page: PortfolioPage) -> Iterator[tuple[Cell, ...]]:
    yield ("criterion", "requested", "granted", "under_7_days", "7_to_30_days", "over_30_days", "lapses_next_at")
    for each in page.debt:
        ages = (each.young, each.middle, each.old)
        yield (CRITERIA[each.criterion], each.requested, each.granted, *ages, each.lapses_next_at.isoformat())


def _held_rows(page: PortfolioPage) -> Iterator[tuple[Cell, ...]]:
    yield ("stage", "function", "working_days", "working_days_a_region", "regions", "holding_now")
    for each in page.held:
        whom = (STAGES[each.stage], holder(each.function))
        yield (*whom, each.working_days, round(each.days_a_region, 2), each.regions, each.holding)
