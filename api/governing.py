"""How do people sign, decide, hold, resume, move and cancel a region launch?"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.answers import SignatureAnswer
from api.bodies import (
    CancelBody,
    DecisionBody,
    GoverningBody,
    HoldBody,
    RescheduleBody,
    ResumeBody,
    SignOffBody,
)
from api.commanding import CarriedOut, command_region, region_not_found
from api.commanding import Request as Asking
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, record_denied, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.live import region_readiness
from api.problems import Fault, Problem, invalid, problem_of
from api.rights import Action, may_act_for, right_used
from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    Cancel,
    Decide,
    Hold,
    Position,
    RegionCommand,
    Reschedule,
    Resume,
    Role,
    SignOff,
)
from readiness.events import SentBack, SignedOff
from readiness.plan_document import reschedule_instant
from readiness.plan_faults import PlanFaulty
from readiness.readiness import Readiness
from readiness.refusals import FunctionNotHeld
from store.ledger import rows_of_command
from store.regions import latest_region, region_record

REGION = "/{product}/regions/{region}"


def governing_router() -> APIRouter:
    """Return the routes by which people govern a region launch."""
    router = guarded_router(prefix="/v1/launches", tags=["governing"])
    router.add_api_route(
        f"{REGION}/sign-offs", sign_off, methods=["POST"], status_code=201, response_model=SignatureAnswer
    )
    router.add_api_route(f"{REGION}/decisions", decide, methods=["POST"], status_code=201, response_model=Readiness)
    router.add_api_route(f"{REGION}/hold", hold, methods=["POST"], response_model=Readiness)
    router.add_api_route(f"{REGION}/resume", resume, methods=["POST"], response_model=Readiness)
    router.add_api_route(f"{REGION}/cancel", cancel, methods=["POST"], response_model=Readiness)
    router.add_api_route(f"{REGION}/reschedule", reschedule, methods=["POST"], response_model=Readiness)
    return router


async def sign_off(
    product: str,
    region: str,
    body: SignOffBody,
    request: Request,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.SIGN_OFF)],
) -> SignatureAnswer:
    """Sign one exact revision of a stage's content for a function, or send it back with a reason."""
    if not may_act_for(actor, body.function, region):
        await record_denied(request, [region])
        raise problem_of(
            FunctionNotHeld(
                detail=f"Only someone with the role {ROLE_OF_FUNCTION[body.function].value} in {region} "
                f"signs for {body.function.value}."
            )
        )
    asking = asking_of(actor, ROLE_OF_FUNCTION[body.function], key, "sign_off", body)
    fields = body.model_dump(include={"stage", "function", "digest", "position"})
    signed = await command_region(
        deps,
        asking,
        product=product,
        region=region,
        make=lambda _tx, asked: SignOff.model_validate({**asked, **fields}),
    )
    return await run_in_threadpool(_signature, deps, signed)


async def decide(
    product: str,
    region: str,
    body: DecisionBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.DECIDE)],
) -> Any:
    """Decide go, conditional go, no-go or hold for the launch instant that stands."""
    fields = {
        "choice": body.verdict,
        "review_at": body.review_at,
        "conditions": [
            {"owner": each.owner, "due_at": each.due_at, "text_digest": digest(each.text)} for each in body.conditions
        ],
        "dissents_accepted": [
            {"function": each.function, "reason_digest": digest(each.reason)} for each in body.dissents_accepted
        ],
    }
    answer = await governed(deps, actor, Action.DECIDE, key, product, region, body, Decide, fields)
    answer.status_code = HTTPStatus.CREATED
    answer.headers["Location"] = f"/v1/launches/{product}/regions/{region}/readiness"
    return answer


async def hold(
    product: str,
    region: str,
    body: HoldBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.HOLD)],
) -> Any:
    """Stop the launch of a region; learning and signing go on."""
    fields = {"review_at": body.review_at}
    return await governed(deps, actor, Action.HOLD, key, product, region, body, Hold, fields)


async def resume(
    product: str,
    region: str,
    body: ResumeBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.RESUME)],
) -> Any:
    """End a hold; a go that stood before needs a new decision."""
    return await governed(deps, actor, Action.RESUME, key, product, region, body, Resume, {})


async def cancel(
    product: str,
    region: str,
    body: CancelBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.CANCEL)],
) -> Any:
    """End a region launch for good; the region may be added again as a new run."""
    return await governed(deps, actor, Action.CANCEL, key, product, region, body, Cancel, {})


async def reschedule(
    product: str,
    region: str,
    body: RescheduleBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.RESCHEDULE)],
) -> Any:
    """Move the launch instant, given on the region's own clock; a go that stood needs a new decision."""

    def moved(tx: Connection) -> dict[str, Any]:
        instant = _new_instant(tx, product, region, body.launch_at, now=deps.store.now(tx))
        return {"launch_at": instant, "wall_clock": body.launch_at}

    return await governed(deps, actor, Action.RESCHEDULE, key, product, region, body, Reschedule, moved)


async def governed(
    deps: Dependencies,
    actor: Actor,
    action: Action,
    key: str,
    product: str,
    region: str,
    body: GoverningBody,
    command: type[RegionCommand],
    fields: dict[str, Any] | Callable[[Connection], dict[str, Any]],
) -> Response:
    """Carry out one act on a region, and answer with the readiness that it led to; raises the problem of its
    refusal."""
    _, found = await govern(deps, actor, action, key, product, region, body, command, fields)
    # It is valid as it was computed: validating it once more costs as much as computing it.
    return Response(found.model_dump_json(), media_type="application/json")


async def govern(
    deps: Dependencies,
    actor: Actor,
    action: Action,
    key: str,
    product: str,
    region: str,
    body: GoverningBody,
    command: type[RegionCommand],
    fields: dict[str, Any] | Callable[[Connection], dict[str, Any]],
) -> tuple[str, Readiness]:
    """Carry out one act on a region; return the id of its command and the readiness after it.

    Raises the problem of its refusal.
    """
    role = right_used(actor, action, region)
    if role is None:
        raise Problem("not-allowed", f"No role of yours allows {action.value} in {region}.")
    kind: str = command.model_fields["kind"].default
    asking = asking_of(actor, role, key, kind, body)

    def make(tx: Connection, asked: dict[str, Any]) -> RegionCommand:
        return command.model_validate({**asked, **(fields(tx) if callable(fields) else fields)})

    done = await command_region(deps, asking, product=product, region=region, make=make)
    return done.command_id, await run_in_threadpool(region_readiness, deps.store, product, region)


def asking_of(actor: Actor, role: Role, key: str, kind: str, body: GoverningBody) -> Asking:
    """Return what `actor` asks in `role`, as the command log keeps it."""
    return Asking(actor, role, key, kind, body.model_dump(mode="json"))


def _new_instant(tx: Connection, product: str, region: str, wall_clock: str, *, now: datetime) -> datetime:
    key = latest_region(tx, product, region)
    if key is None:
        raise region_not_found(product, region)
    try:
        return reschedule_instant(wall_clock, region_record(tx, key).region.plan.time_zone, now=now)
    except PlanFaulty as faulty:
        found = [Fault(path="launch_at", code=fault.code, reason=fault.reason) for fault in faulty.faults]
        raise invalid(found) from faulty


def _signature(deps: Dependencies, signed: CarriedOut) -> SignatureAnswer:
    """Return the sign-off as the ledger has it."""
    with deps.store.reading() as tx:
        rows = rows_of_command(tx, signed.key, signed.command_id)
    written = next(row.event for row in rows if isinstance(row.event, SignedOff | SentBack))
    return SignatureAnswer(
        stage=written.stage,
        function=written.function,
        person=written.person or "",
        digest=written.digest,
        at=written.at,
        position=Position.APPROVE if isinstance(written, SignedOff) else Position.SEND_BACK,
    )
