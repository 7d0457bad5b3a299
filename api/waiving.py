"""How do people ask for waivers, answer them, and keep what a conditional go promised?"""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api.bodies import AnswerBody, MeetBody, WaiverBody
from api.cursors import Listing
from api.dependencies import Dependencies, Deps
from api.governing import REGION, govern, governed
from api.guard import Judged, guarded_router, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.live import region_readiness
from api.problems import Problem
from api.rights import Action, allowed_regions
from readiness.canonical import digest
from readiness.commands import DenyWaiver, GrantWaiver, MeetCondition, RequestWaiver, RevokeWaiver
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
        f"{launches}{REGION}/waivers", request_waiver, methods=["POST"], status_code=201, response_model=WaiverShown
    )
    router.add_api_route(f"{launches}{REGION}/waivers", waivers, methods=["GET"], response_model=Listing[WaiverShown])
    for verb, route in (("grant", grant_waiver), ("deny", deny_waiver), ("revoke", revoke_waiver)):
        router.add_api_route(f"{launches}{WAIVER}/{verb}", route, methods=["POST"], response_model=WaiverShown)
    router.add_api_route(
        f"{launches}{REGION}/conditions/{{condition}}/meet",
        meet_condition,
        methods=["POST"],
        response_model=Readiness,
    )
    router.add_api_route("/waivers", open_waivers, methods=["GET"], response_model=Listing[DebtAnswer])
    return router


async def request_waiver(
    product: str,
    region: str,
    body: WaiverBody,
    key: IdempotencyKey,
    response: Response,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.REQUEST_WAIVER)],
) -> WaiverShown:
    """Ask for permission to pass an unmet criterion; it opens nothing until an executive grants it."""
    fields = {
        "criterion": body.criterion,
        "floor": body.floor,
        "expires_at": body.expires_at,
        "control_digest": digest(body.compensating_control),
    }
    command_id, readiness = await govern(
        deps, actor, Action.REQUEST_WAIVER, key, product, region, body, RequestWaiver, fields
    )
    response.headers["Location"] = f"/v1/launches/{product}/regions/{region}/waivers"
    return _one(readiness, command_id)


async def grant_waiver(
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.ANSWER_WAIVER)],
) -> WaiverShown:
    """Grant a waiver that somebody else asked for."""
    return await _answer(deps, actor, key, product, region, waiver, body, GrantWaiver)


async def deny_waiver(
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.ANSWER_WAIVER)],
) -> WaiverShown:
    """Deny a waiver that somebody else asked for."""
    return await _answer(deps, actor, key, product, region, waiver, body, DenyWaiver)


async def revoke_waiver(
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.ANSWER_WAIVER)],
) -> WaiverShown:
    """Take back a waiver that was granted; a go that rests on it is lost."""
    return await _answer(deps, actor, key, product, region, waiver, body, RevokeWaiver)


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
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.MEET_CONDITION)],
) -> Any:
    """Say that a condition of the standing go is met, with the proof."""
    fields = {"condition": condition, "proof_digest": digest(body.proof)}
    return await governed(deps, actor, Action.MEET_CONDITION, key, product, region, body, MeetCondition, fields)


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


async def _answer(
    deps: Dependencies,
    actor: Actor,
    key: str,
    product: str,
    region: str,
    waiver: str,
    body: AnswerBody,
    command: type[GrantWaiver] | type[DenyWaiver] | type[RevokeWaiver],
) -> WaiverShown:
    _, readiness = await govern(
        deps, actor, Action.ANSWER_WAIVER, key, product, region, body, command, {"waiver": waiver}
    )
    return _one(readiness, waiver)


def _one(readiness: Readiness, waiver_id: str) -> WaiverShown:
    found = next((waiver for waiver in readiness.waivers if waiver.id == waiver_id), None)
    if found is None:
        raise Problem("not-found", f"{readiness.product} in {readiness.region} has no such waiver in this run.")
    return found
