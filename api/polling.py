"""How is every function asked for its position, and what was a decision taken on?"""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.bodies import BallotBody, PollBody
from api.commanding import command_region, region_not_found
from api.dependencies import Deps
from api.governing import REGION, asking_of, governed
from api.guard import guarded_router, record_denied, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.live import region_readiness
from api.problems import Problem, problem_of
from api.rights import Action, may_act_for
from readiness.commands import ROLE_OF_FUNCTION, CastBallot, OpenPoll, Stance
from readiness.readiness import Readiness
from readiness.refusals import FunctionNotHeld, ReasonMissing
from store.decision_records import DecisionRecord, kept
from store.regions import latest_region


def polling_router() -> APIRouter:
    """Return the routes of the poll, and of what decisions were taken on."""
    router = guarded_router(prefix="/v1/launches", tags=["governing"])
    router.add_api_route(f"{REGION}/poll", open_poll, methods=["POST"], status_code=201, response_model=Readiness)
    router.add_api_route(
        f"{REGION}/ballots", cast_ballot, methods=["POST"], status_code=201, response_model=Readiness
    )
    router.add_api_route(
        f"{REGION}/decisions/{{version}}",
        decision_record,
        methods=["GET"],
        response_model=None,
        responses={200: {"content": {"application/json": {}}, "description": "The canonical JSON (RFC 8785)."}},
    )
    return router


async def open_poll(
    product: str,
    region: str,
    body: PollBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.OPEN_POLL)],
) -> Any:
    """Ask every function that holds a seat, or only those whose ground has moved since they voted."""
    answer = await governed(deps, actor, Action.OPEN_POLL, key, product, region, body, OpenPoll, {})
    answer.status_code = HTTPStatus.CREATED
    return answer


async def cast_ballot(
    product: str,
    region: str,
    body: BallotBody,
    request: Request,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.CAST_BALLOT)],
) -> Readiness:
    """Hand in a function's sealed ballot; nobody reads it until every seat has voted or the clock has run out."""
    if not may_act_for(actor, body.function, region):
        await record_denied(request, [region])
        raise problem_of(
            FunctionNotHeld(
                detail=f"Only someone with the role {ROLE_OF_FUNCTION[body.function].value} in {region} "
                f"votes for {body.function.value}."
            )
        )
    if body.position is not Stance.AGREE and body.reason is None:
        raise problem_of(ReasonMissing(detail="Whoever does not agree says why. Give it in `reason`."))
    asking = asking_of(actor, ROLE_OF_FUNCTION[body.function], key, "cast_ballot", body)

    def sealed(_tx: object, asked: dict[str, object]) -> CastBallot:
        # Not even whether there is a reason travels: only who agrees may leave it out.
        return CastBallot.model_validate({**asked, "reason_digest": None, "function": body.function})

    await command_region(deps, asking, product=product, region=region, make=sealed)
    return await run_in_threadpool(region_readiness, deps.store, product, region)


async def decision_record(
    product: str,
    region: str,
    version: int,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_TIMELINE)],
) -> Response:
    """Return what the decision of that version was taken on, byte for byte as it was written down then."""
    del actor

    def read() -> DecisionRecord | None:
        with deps.store.reading() as tx:
            key = latest_region(tx, product, region)
            if key is None:
                raise region_not_found(product, region)
            return kept(tx, key, version)

    record = await run_in_threadpool(read)
    if record is None:
        raise Problem("not-found", f"No decision was taken at version {version} of {product} in {region}.")
    headers = {"ETag": f'"{record.digest}"', "Digest-Of-Document": record.digest}
    return Response(record.document, media_type="application/json", headers=headers)
