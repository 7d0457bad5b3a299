"""How do people ask for waivers, answer them, and keep what a conditional go promised?"""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.acting import act_on_region
from api.acts import answering_waiver, asking_to_waive, meeting
from api.bodies import AnswerBody, MeetBody, WaiverBody
from api.cursors import Listing
from api.dependencies import Deps
from api.governing import REGION
from api.guard import Judged, guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.live import region_readiness
from api.rehearsing import REHEARSED, RehearsalAnswer
from api.rights import Action, allowed_regions
from readiness.commands import DenyWaiver, GrantWaiver, RevokeWaiver
from readiness.readiness import Readiness, WaiverShown
from readiness.values import Frozen, Moment
from store.waiver_debt import OpenWaiver, waiver_debt

WAIVER = f"{REGION}/waivers/{{waiver}}"


class DebtAnswer(Frozen):
    """A waiver that is open somewhere: what is owed, since when and until when."""

    product: str
    region: str
    waiver: WaiverShown
    launch_at: Moment
    age_days: int


def waiving_router() -> APIRouter:
    """Return the routes of waivers and conditions."""
    router = guarded_router(prefix="/v1", tags=["governing"])
    launches = "/launches"
    router.add_api_route(
        f"{launches}{REGION}/waivers",
        request_waiver,
        methods=["POST"],
        status_code=201,
        response_model=WaiverShown,
        responses=REHEARSED,
    )
    router.add_api_route(f"{launches}{REGION}/waivers", waivers, methods=["GET"], response_model=Listing[WaiverShown])
    for verb, route in (("grant", grant_waiver), ("deny", deny_waiver), ("revoke", revoke_waiver)):
        router.add_api_route(
            f"{launches}{WAIVER}/{verb}", route, methods=["POST"], response_model=WaiverShown | RehearsalAnswer
        )
    router.add_api_route(
        f"{launches}{REGION}/conditions/{{condition}}/meet",
        meet_condition,
        methods=["POST"],
        response_model=Readiness | RehearsalAnswer,
    )
    router.add_api_route("/waivers", open_waivers, methods=["GET"], response_model=Listing[DebtAnswer])
    return router


async def request_waiver(
    product: str,
    region: str,
    body: WaiverBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.REQUEST_WAIVER)],
) -> Any:
    """Ask for permission to pass an unmet criterion; it opens nothing until an executive grants it."""
    return await act_on_region(request, actor, wish, product, region, asking_to_waive(body))


async def grant_waiver(
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_WAIVER)],
) -> Any:
    """Grant a waiver that somebody else asked for."""
    return await act_on_region(request, actor, wish, product, region, answering_waiver(body, waiver, GrantWaiver))


async def deny_waiver(
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_WAIVER)],
) -> Any:
    """Deny a waiver that somebody else asked for."""
    return await act_on_region(request, actor, wish, product, region, answering_waiver(body, waiver, DenyWaiver))


async def revoke_waiver(
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.ANSWER_WAIVER)],
) -> Any:
    """Take back a waiver that was granted; a go that rests on it is lost."""
    return await act_on_region(request, actor, wish, product, region, answering_waiver(body, waiver, RevokeWaiver))


async def waivers(
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_READINESS)],
) -> Listing[WaiverShown]:
    """Return every waiver of a region launch, whatever became of it, with what people wrote."""
    del actor
    readiness = await run_in_threadpool(region_readiness, deps.store, product, region)
    return Listing(items=list(readiness.waivers))


async def meet_condition(
    product: str,
    region: str,
    condition: str,
    body: MeetBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.MEET_CONDITION)],
) -> Any:
    """Say that a condition of the standing go is met, with the proof."""
    return await act_on_region(request, actor, wish, product, region, meeting(body, condition))


async def open_waivers(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER)],
) -> Listing[DebtAnswer]:
    """Return the waiver debt: every open waiver of every launch in your regions, the next to lapse first."""
    allowed = allowed_regions(actor, Action.READ_BOARD)

    def read() -> Iterable[OpenWaiver]:
        with deps.store.reading() as tx:
            return waiver_debt(tx, within=None if allowed.everywhere else allowed.named, now=deps.store.now(tx))

    owed = await run_in_threadpool(read)
    return Listing(
        items=[
            DebtAnswer(
                product=each.key.product,
                region=each.key.region,
                waiver=each.waiver,
                launch_at=each.launch_at,
                age_days=each.age.days,
            )
            for each in owed
        ]
    )
