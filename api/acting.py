"""How is an act carried out on a region, or rehearsed there?"""

from datetime import datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.acts import Act, Said
from api.commanding import CarriedOut, command_region
from api.commanding import Request as Asking
from api.dependencies import dependencies_of
from api.guard import record_denied
from api.idempotency import Wish
from api.identity import Actor
from api.origin import origin_of
from api.problems import problem_of
from api.rehearsing import RehearsalAnswer, rehearsal_response, rehearse_act
from api.rights import may_act_for, not_allowed, right_used
from readiness.commands import ROLE_OF_FUNCTION, RegionCommand, Role
from readiness.refusals import FunctionNotHeld


async def act_on_region(request: Request, actor: Actor, wish: Wish, product: str, region: str, act: Act) -> Response:
    """Carry out or rehearse `act`, and answer with what it led to; raises the problem of its refusal."""
    role = await role_for(request, actor, act, region)
    asking = Asking(actor, role, wish.key, act.kind, act.body.model_dump(mode="json"), origin_of(request, actor))
    if wish.is_rehearsal:
        return rehearsal_response(await rehearse(request, asking, product, region, act))
    answer = await carry_out(request, asking, product, region, act)
    headers = {"Location": location_of(act, product, region)} if act.location else None
    # It is valid as it was computed: validating it once more costs as much as computing it.
    return Response(answer.model_dump_json(), status_code=act.status, headers=headers, media_type="application/json")


async def role_for(request: Request, actor: Actor, act: Act, region: str) -> Role:
    """Return the role by which `actor` may do `act` in `region`; raises a 403 problem, and records it."""
    if act.role is not None:
        return act.role
    if act.function is not None:
        role = ROLE_OF_FUNCTION[act.function]
        if not may_act_for(actor, act.function, region):
            await record_denied(request, [region])
            raise problem_of(
                FunctionNotHeld(
                    detail=f"Only someone with the role {role.value} in {region} acts for {act.function.value}."
                )
            )
        return role
    used = right_used(actor, act.action, region)
    if used is None:
        await record_denied(request, [region])
        raise not_allowed(act.action, f" in {region}")
    return used


async def carry_out(request: Request, asking: Asking, product: str, region: str, act: Act) -> Said:
    """Log the act, send it and return what is said of it; raises the problem of its refusal."""
    deps = dependencies_of(request)

    def make(tx: Connection, asked: dict[str, Any]) -> RegionCommand:
        command: RegionCommand = act.command.model_validate(
            {**asked, **act.fields(tx, asked["logged_at"], product, region)}
        )
        return command

    done: CarriedOut = await command_region(deps, asking, product=product, region=region, make=make)
    return await run_in_threadpool(act.answer, deps.store, done)


async def rehearse(request: Request, asking: Asking, product: str, region: str, act: Act) -> RehearsalAnswer:
    """Return what the act would lead to; raises what the real one would be answered with before it is proposed."""

    def make(tx: Connection, command_id: str, now: datetime) -> RegionCommand:
        said = act.fields(tx, now, product, region)
        command: RegionCommand = act.command.model_validate({**asking.asked(command_id, now), **said})
        return command

    return await run_in_threadpool(rehearse_act, dependencies_of(request).store, product, region, make)


def location_of(act: Act, product: str, region: str) -> str:
    """Return the address of what the act made."""
    return f"/v1/launches/{product}/regions/{region}/{act.location}"
