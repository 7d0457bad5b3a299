"""How do people sign, decide, hold, resume, move and cancel a region launch?"""

from typing import Annotated, Any

from fastapi import APIRouter, Request

from api.acting import act_on_region
from api.acts import cancelling, deciding, holding, rescheduling, resuming, signing
from api.answers import DecisionAnswer, SignatureAnswer
from api.bodies import (
    CancelBody,
    DecisionBody,
    HoldBody,
    RescheduleBody,
    ResumeBody,
    SignOffBody,
)
from api.guard import guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.rehearsing import REHEARSED, RehearsalAnswer
from api.rights import Action
from readiness.readiness import Readiness

REGION = "/{product}/regions/{region}"


def governing_router() -> APIRouter:
    """Return the routes by which people govern a region launch."""
    router = guarded_router(prefix="/v1/launches", tags=["governing"])
    router.add_api_route(
        f"{REGION}/sign-offs",
        sign_off,
        methods=["POST"],
        status_code=201,
        response_model=SignatureAnswer,
        responses=REHEARSED,
    )
    router.add_api_route(
        f"{REGION}/decisions",
        decide,
        methods=["POST"],
        status_code=201,
        response_model=DecisionAnswer | Readiness,
        responses=REHEARSED,
    )
    for act, route in (("hold", hold), ("resume", resume), ("cancel", cancel), ("reschedule", reschedule)):
        router.add_api_route(f"{REGION}/{act}", route, methods=["POST"], response_model=Readiness | RehearsalAnswer)
    return router


async def sign_off(
    product: str,
    region: str,
    body: SignOffBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.SIGN_OFF)],
) -> Any:
    """Sign one exact revision of a stage's content for a function, or send it back with a reason."""
    return await act_on_region(request, actor, wish, product, region, signing(body))


async def decide(
    product: str,
    region: str,
    body: DecisionBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.DECIDE)],
) -> Any:
    """Decide go, conditional go, no-go or hold for the launch instant that stands.

    Answers with the decision and the readiness that it was taken on; where it is a hold, with how the region stands.
    """
    return await act_on_region(request, actor, wish, product, region, deciding(body))


async def hold(
    product: str,
    region: str,
    body: HoldBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.HOLD)],
) -> Any:
    """Stop the launch of a region; learning and signing go on."""
    return await act_on_region(request, actor, wish, product, region, holding(body))


async def resume(
    product: str,
    region: str,
    body: ResumeBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.RESUME)],
) -> Any:
    """End a hold; a go that stood before needs a new decision."""
    return await act_on_region(request, actor, wish, product, region, resuming(body))


async def cancel(
    product: str,
    region: str,
    body: CancelBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CANCEL)],
) -> Any:
    """End a region launch for good; the region may be added again as a new run."""
    return await act_on_region(request, actor, wish, product, region, cancelling(body))


async def reschedule(
    product: str,
    region: str,
    body: RescheduleBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.RESCHEDULE)],
) -> Any:
    """Move the launch instant, given on the region's own clock.

    A go that stands is kept where it covers the later instant and every gate is met as of it; else it is gone, and
    the region needs a new decision.
    """
    return await act_on_region(request, actor, wish, product, region, rescheduling(body))
