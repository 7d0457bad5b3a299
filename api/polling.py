"""How is every function asked for its position, who is named for an idle seat, and what was a decision taken on?"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.acting import act_on_region
from api.acts import naming, polling, voting
from api.bodies import BallotBody, NameBody, PollBody
from api.commanding import region_not_found
from api.dependencies import Deps
from api.governing import REGION
from api.guard import guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.problems import Problem
from api.rehearsing import REHEARSED
from api.rights import Action
from readiness.policy import Function
from readiness.readiness import Readiness
from store.decision_records import DecisionRecord, kept
from store.regions import latest_region

LAST_VERSION = 2**31 - 1
"""What a database counts versions to: no ledger is that long."""


def polling_router() -> APIRouter:
    """Return the routes of the poll and its seats, and of what decisions were taken on."""
    router = guarded_router(prefix="/v1/launches", tags=["governing"])
    for act, route in (("poll", open_poll), ("ballots", cast_ballot)):
        router.add_api_route(
            f"{REGION}/{act}",
            route,
            methods=["POST"],
            status_code=201,
            response_model=Readiness,
            responses=REHEARSED,
        )
    router.add_api_route(
        f"{REGION}/seats/{{function}}/name",
        name_seat,
        methods=["POST"],
        response_model=Readiness,
        responses=REHEARSED,
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
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.OPEN_POLL)],
) -> Any:
    """Ask every function that holds a seat, or only those whose ground has moved since they voted."""
    return await act_on_region(request, actor, wish, product, region, polling(body))


async def name_seat(
    product: str,
    region: str,
    function: Function,
    body: NameBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.NAME_SEAT)],
) -> Any:
    """Name another person of a function whose seat was waited for too long; they act for it, and nobody for them."""
    return await act_on_region(request, actor, wish, product, region, naming(body, function))


async def cast_ballot(
    product: str,
    region: str,
    body: BallotBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.CAST_BALLOT)],
) -> Any:
    """Hand in a function's sealed ballot; nobody reads it until every seat has voted or the clock has run out."""
    return await act_on_region(request, actor, wish, product, region, voting(body))


async def decision_record(
    product: str,
    region: str,
    version: Annotated[int, Path(ge=1, le=LAST_VERSION)],
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_TIMELINE)],
    run: Annotated[int | None, Query(ge=1, le=LAST_VERSION)] = None,
) -> Response:
    """Return what the decision of that version was taken on, byte for byte as it was written down then; of the latest
    run there, or of `run`."""
    del actor

    def read() -> DecisionRecord | None:
        with deps.store.reading() as tx:
            latest = latest_region(tx, product, region)
            if latest is None:
                raise region_not_found(product, region)
            return kept(tx, latest if run is None else latest.model_copy(update={"run": run}), version)

    record = await run_in_threadpool(read)
    if record is None:
        raise Problem("not-found", f"No decision was taken at version {version} of {product} in {region}.")
    headers = {"ETag": f'"{record.digest}"', "Digest-Of-Document": record.digest}
    return Response(record.document, media_type="application/json", headers=headers)
