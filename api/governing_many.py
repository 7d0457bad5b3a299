"""How do people govern several regions of a launch with one request?"""

from typing import Annotated, Any

from fastapi import APIRouter, Request

from api.acts import (
    asking_to_waive,
    cancelling,
    deciding,
    holding,
    polling,
    rescheduling,
    resuming,
    signing,
    voting,
)
from api.guard import Judged, guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.many import EACH, EachAnswer, act_on_each
from api.many_bodies import (
    BallotsBody,
    CancelsBody,
    DecisionsBody,
    HoldsBody,
    PollsBody,
    ReschedulesBody,
    ResumesBody,
    SignOffsBody,
    WaiversBody,
)
from api.rights import Action


def governing_many_router() -> APIRouter:
    """Return the routes by which people govern several regions of a launch at once."""
    router = guarded_router(prefix="/v1/launches/{product}", tags=["governing"])
    for act, route in (
        ("sign-offs", sign_off_each),
        ("decisions", decide_each),
        ("waivers", request_each_waiver),
        ("poll", open_each_poll),
        ("ballots", cast_each_ballot),
        ("hold", hold_each),
        ("resume", resume_each),
        ("cancel", cancel_each),
        ("reschedule", reschedule_each),
    ):
        router.add_api_route(f"/{act}", route, methods=["POST"], response_model=EachAnswer, responses=EACH)
    return router


async def sign_off_each(
    product: str,
    body: SignOffsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.SIGN_OFF, judged=Judged.BY_FILTER)],
) -> Any:
    """Sign one exact revision for a function in each region that says just that, or send it back."""
    return await act_on_each(request, actor, wish, product, body, signing(body))


async def decide_each(
    product: str,
    body: DecisionsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.DECIDE, judged=Judged.BY_FILTER)],
) -> Any:
    """Decide the same for several regions, each for the launch instant that stands there."""
    return await act_on_each(request, actor, wish, product, body, deciding(body))


async def request_each_waiver(
    product: str,
    body: WaiversBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.REQUEST_WAIVER, judged=Judged.BY_FILTER)],
) -> Any:
    """Ask for the same waiver in several regions; each is answered by itself."""
    return await act_on_each(request, actor, wish, product, body, asking_to_waive(body))


async def open_each_poll(
    product: str,
    body: PollsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.OPEN_POLL, judged=Judged.BY_FILTER)],
) -> Any:
    """Open the poll of several regions."""
    return await act_on_each(request, actor, wish, product, body, polling(body))


async def cast_each_ballot(
    product: str,
    body: BallotsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CAST_BALLOT, judged=Judged.BY_FILTER)],
) -> Any:
    """Hand in a function's sealed ballot in several regions."""
    return await act_on_each(request, actor, wish, product, body, voting(body))


async def hold_each(
    product: str,
    body: HoldsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.HOLD, judged=Judged.BY_FILTER)],
) -> Any:
    """Stop the launch of several regions."""
    return await act_on_each(request, actor, wish, product, body, holding(body))


async def resume_each(
    product: str,
    body: ResumesBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.RESUME, judged=Judged.BY_FILTER)],
) -> Any:
    """End the hold of several regions."""
    return await act_on_each(request, actor, wish, product, body, resuming(body))


async def cancel_each(
    product: str,
    body: CancelsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CANCEL, judged=Judged.BY_FILTER)],
) -> Any:
    """End the launch of several regions for good."""
    return await act_on_each(request, actor, wish, product, body, cancelling(body))


async def reschedule_each(
    product: str,
    body: ReschedulesBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.RESCHEDULE, judged=Judged.BY_FILTER)],
) -> Any:
    """Move the launch instant of several regions, each reading the same wall clock as its own."""
    return await act_on_each(request, actor, wish, product, body, rescheduling(body))
