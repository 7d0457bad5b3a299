"""Who has held which region at which stage, and for how long?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from api.commanding import launch_not_found, region_not_found
from api.dependencies import Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.rights import Action, allowed_regions
from readiness.ball import Holder, Spell, Tally, days_of, hours_of, spells, tallies, total
from readiness.policy import Stage
from readiness.values import Frozen, Moment
from readiness.working_days import working_days
from store.ball import BallTold, balls


class HeldFor(Frozen):
    """How long one function has held the ball at one stage, over how many regions."""

    stage: Stage
    function: Holder
    """`clock` is nobody: a go stands, and its launch instant has not come."""
    hours: float
    """Elapsed hours, cut to hundredths."""
    working_days: float
    """Monday to Friday on the clock of each region, each as the share of that day, cut to hundredths."""
    regions: int
    """In how many regions it has held it."""
    holding: int
    """In how many of them it holds it now."""


class HeldFrom(Frozen):
    """One stretch of time in which a function held a region at a stage; `ended_at` null while it lasts."""

    stage: Stage
    function: Holder
    began_at: Moment
    ended_at: Moment | None
    hours: float
    working_days: float


class RegionBall(Frozen):
    """Who holds one region now, and how long each function has held it at each stage."""

    product: str
    region: str
    run: int
    name: str
    time_zone: str
    """The zone whose Monday to Friday are counted."""
    stage: Stage
    started_at: Moment
    ended_at: Moment | None
    holding: tuple[Holder, ...]
    """Who holds it now; nobody once it has ended."""
    since: Moment | None
    """Since when the one who has held it longest without a break does so; null once it has ended."""
    times: tuple[HeldFor, ...]


class RegionBallAnswer(RegionBall):
    """The same with every stretch of time, oldest first."""

    as_of: Moment
    intervals: tuple[HeldFrom, ...]


class ProductBall(Frozen):
    """How long each function has held the regions of one product."""

    product: str
    name: str
    as_of: Moment
    times: tuple[HeldFor, ...]
    regions: tuple[RegionBall, ...]


class PortfolioBall(Frozen):
    """How long each function has held regions, over every launch in your regions."""

    as_of: Moment
    regions: int
    """How many were counted: the latest run of each product and region."""
    times: tuple[HeldFor, ...]


def ball_router() -> APIRouter:
    """Return the routes that tell who has held the ball."""
    router = guarded_router(prefix="/v1", tags=["readiness"])
    router.add_api_route("/ball", portfolio_ball, methods=["GET"], response_model=PortfolioBall)
    router.add_api_route("/launches/{product}/ball", product_ball, methods=["GET"], response_model=ProductBall)
    region = "/launches/{product}/regions/{region}/ball"
    router.add_api_route(region, region_ball, methods=["GET"], response_model=RegionBallAnswer)
    return router


async def portfolio_ball(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BALL, judged=Judged.BY_FILTER)],
    running: Annotated[bool, Query(description="Leave out what has launched or was cancelled.")] = False,
) -> PortfolioBall:
    """Return how long each function has held regions at each stage, over the regions that you may see."""
    allowed = allowed_regions(actor, Action.READ_BALL)
    within = None if allowed.everywhere else allowed.named

    def read() -> PortfolioBall:
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
            each = [_tallies(told, now=now) for told in balls(tx, within=within, running=running)]
        summed = total(tally for region in each for tally in region)
        return PortfolioBall(as_of=now, regions=len(each), times=_times(summed))

    return await run_in_threadpool(read)


async def product_ball(
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BALL, judged=Judged.BY_FILTER)],
) -> ProductBall:
    """Return how long each function has held a product's regions, of those that you may see."""
    allowed = allowed_regions(actor, Action.READ_BALL)
    within = None if allowed.everywhere else allowed.named

    def read() -> ProductBall:
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
            found = list(balls(tx, product=product, within=within))
        if not found:
            raise launch_not_found(product)
        return ProductBall(
            product=product,
            name=found[-1].product_name,
            as_of=now,
            times=_times(total(tally for told in found for tally in _tallies(told, now=now))),
            regions=tuple(_region(told, now=now) for told in found),
        )

    return await run_in_threadpool(read)


async def region_ball(
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BALL)],
) -> RegionBallAnswer:
    """Return who holds a region now, and how long each function has held it at each stage, interval by interval."""
    del actor

    def read() -> RegionBallAnswer:
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
            found = tuple(balls(tx, product=product, region=region))
        if not found:
            raise region_not_found(product, region)
        (told,) = found
        over = set(told.ball.over)
        intervals = tuple(
            _interval(spell, told.time_zone, lasts=spell not in over) for spell in spells(told.ball, now=now)
        )
        return RegionBallAnswer(**dict(_region(told, now=now)), as_of=now, intervals=intervals)

    return await run_in_threadpool(read)


def _region(told: BallTold, *, now: datetime) -> RegionBall:
    return RegionBall(
        product=told.key.product,
        region=told.key.region,
        run=told.key.run,
        name=told.name,
        time_zone=told.time_zone,
        stage=told.stage,
        started_at=told.started_at,
        ended_at=told.ended_at,
        holding=tuple(spell.function for spell in told.ball.holding),
        since=min((spell.began_at for spell in told.ball.holding), default=None),
        times=_times(_tallies(told, now=now)),
    )


def _tallies(told: BallTold, *, now: datetime) -> tuple[Tally, ...]:
    return tallies(told.ball, zone=told.time_zone, now=now)


def _interval(spell: Spell, zone: str, *, lasts: bool) -> HeldFrom:
    ended_at = spell.ended_at or spell.began_at
    return HeldFrom(
        stage=spell.stage,
        function=spell.function,
        began_at=spell.began_at,
        ended_at=None if lasts else ended_at,
        hours=hours_of(ended_at - spell.began_at),
        working_days=days_of(working_days(spell.began_at, ended_at, zone)),
    )


def _times(each: Iterable[Tally]) -> tuple[HeldFor, ...]:
    return tuple(
        HeldFor(
            stage=tally.stage,
            function=tally.function,
            hours=tally.hours,
            working_days=tally.days,
            regions=tally.regions,
            holding=tally.holding,
        )
        for tally in each
    )
