"""How are roles granted to people and withdrawn from them?"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.bodies import WrittenMoment
from api.commanding import key_reused
from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing, listed
from api.dependencies import Dependencies, Deps, dependencies_of
from api.guard import Judged, guarded_router, insist, requires
from api.idempotency import IdempotencyKey
from api.identity import EVERYWHERE, Actor
from api.rights import Action, allowed_regions
from readiness.commands import Role
from readiness.roles import require_change
from readiness.values import Body, Identifier, Slug, Text
from store.access import RecordedChange, every_change, record_change
from store.commands import KeyReused

_CHANGES = Cursors(tuple[int])

Person = Annotated[Identifier, Path(description="The id of a person or a service.")]


class RoleBody(Body):
    """A role that is granted or withdrawn, where, why and from when on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"role": "executive", "region": "emea", "reason": "Left the company"}]}
    )

    role: Role
    region: Slug | Literal["*"]
    reason: Text
    effective_at: WrittenMoment | None = None


class RoleChangeAnswer(BaseModel):
    """One change of somebody's roles; it holds from `effective_at` until the next change of that role there."""

    person: str
    role: Role
    region: str
    change: Literal["granted", "withdrawn"]
    effective_at: datetime
    at: datetime
    by: str
    reason: str


def grants_router() -> APIRouter:
    """Return the routes by which roles are granted, withdrawn and read."""
    router = guarded_router(prefix="/v1/roles", tags=["access"])
    router.add_api_route("", role_changes, methods=["GET"], response_model=Listing[RoleChangeAnswer])
    for path, route in (("grants", grant_role), ("withdrawals", withdraw_role)):
        router.add_api_route(
            f"/{{person}}/{path}", route, methods=["POST"], status_code=201, response_model=RoleChangeAnswer
        )
    return router


async def grant_role(
    person: Person,
    body: RoleBody,
    request: Request,
    key: IdempotencyKey,
    actor: Annotated[Actor, requires(Action.CHANGE_ROLES, judged=Judged.BY_INSISTING)],
) -> RoleChangeAnswer:
    """Grant a role in a region, or in every one (`*`), whatever the person's token claims."""
    return await change_role(request, actor, key, person, body, "granted")


async def withdraw_role(
    person: Person,
    body: RoleBody,
    request: Request,
    key: IdempotencyKey,
    actor: Annotated[Actor, requires(Action.CHANGE_ROLES, judged=Judged.BY_INSISTING)],
) -> RoleChangeAnswer:
    """Withdraw a role in a region, or in every one (`*`), at once and until it is granted again.

    No token brings it back, and what was given by it counts no more at the launch.
    """
    return await change_role(request, actor, key, person, body, "withdrawn")


async def role_changes(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_ROLES, judged=Judged.BY_FILTER)],
    person: Annotated[Identifier | None, Query(description="Of this person only.")] = None,
    cursor: CursorText = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """Return every change of roles in your regions, the first first: who, what, where, by whom and why."""
    allowed = allowed_regions(actor, Action.READ_ROLES)
    filters = {"person": person}
    after = _CHANGES.read(cursor, of="roles", holder=deps.holder(actor), filters=filters)

    def page() -> Response:
        with deps.store.reading() as tx:
            found = every_change(
                tx,
                person=person,
                within=None if allowed.everywhere else allowed.named,
                after=after[0] if after else 0,
                limit=limit + 1,
            )
        shown = found[:limit]
        following = None
        if len(found) > limit:
            following = _CHANGES.write((shown[-1].id,), of="roles", holder=deps.holder(actor), filters=filters)
        return listed([_answer(each) for each in shown], following)

    return await run_in_threadpool(page)


async def change_role(
    request: Request,
    actor: Actor,
    key: str,
    person: str,
    body: RoleBody,
    change: Literal["granted", "withdrawn"],
) -> RoleChangeAnswer:
    """Record a change of somebody's roles; raises a 403 problem where the actor may not in that region."""
    await insist(request, () if body.region == EVERYWHERE else (body.region,))
    recorded = await run_in_threadpool(
        _recorded, dependencies_of(request), actor, key=key, person=person, body=body, change=change
    )
    return _answer(recorded)


def _recorded(
    deps: Dependencies,
    actor: Actor,
    *,
    key: str,
    person: str,
    body: RoleBody,
    change: Literal["granted", "withdrawn"],
) -> RecordedChange:
    try:
        with deps.store.writing() as tx:
            recorded = record_change(
                tx,
                person=person,
                role=body.role,
                region=body.region,
                change=change,
                effective_at=body.effective_at,
                by=actor.person,
                reason=body.reason,
                idempotency_key=key,
                now=deps.store.now(tx),
                check=require_change,
            )
    except KeyReused as reused:
        raise key_reused() from reused
    return recorded.change


def _answer(change: RecordedChange) -> RoleChangeAnswer:
    return RoleChangeAnswer.model_validate(change.model_dump(exclude={"id"}))
