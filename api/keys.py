"""How does a program come by a key, and how is it taken away?"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.bodies import WrittenMoment
from api.commanding import key_reused
from api.cursors import Listing
from api.dependencies import Deps
from api.guard import guarded_router, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.problems import Problem
from api.rights import Action
from readiness.commands import Role
from readiness.key_rules import require_key
from readiness.values import Body, Slug
from store.api_keys import ApiKey, every_key, make_key, revoke_key
from store.commands import KeyReused
from store.engine import Store

KeyId = Annotated[str, Path(pattern=r"^ltl_[A-Za-z0-9_-]{8}$", description="The first twelve characters of a key.")]


class ScopeBody(Body):
    """A role, and the regions that it is for."""

    role: Role
    regions: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)] | Literal["*"]


class KeyBody(Body):
    """A key for a program: for what, and until when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "learning-system",
                    "scopes": [{"role": "service", "regions": "*"}],
                    "expires_at": "2027-06-30T00:00:00Z",
                }
            ]
        }
    )

    name: Slug
    scopes: Annotated[tuple[ScopeBody, ...], Field(min_length=1, max_length=20)]
    expires_at: WrittenMoment


class ScopeAnswer(BaseModel):
    """A role in a region, or in every one (`*`)."""

    role: Role
    region: str


class KeyAnswer(BaseModel):
    """A key as it may be shown: by its first characters."""

    id: str
    name: str
    person: Annotated[str, Field(description="As whom the program acts.")]
    scopes: tuple[ScopeAnswer, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="To the minute.")]


class NewKeyAnswer(KeyAnswer):
    """A key that was just made."""

    key: Annotated[
        str | None,
        Field(description="Send it as `Authorization: Bearer`. It is told this once; a repeat answers null."),
    ]


def keys_router() -> APIRouter:
    """Return the routes by which keys of programs are made, listed and revoked."""
    router = guarded_router(prefix="/v1/keys", tags=["access"])
    router.add_api_route("", make_api_key, methods=["POST"], status_code=201, response_model=NewKeyAnswer)
    router.add_api_route("", api_keys, methods=["GET"], response_model=Listing[KeyAnswer])
    router.add_api_route("/{key_id}/revoke", revoke_api_key, methods=["POST"], response_model=KeyAnswer)
    return router


async def make_api_key(
    body: KeyBody, key: IdempotencyKey, deps: Deps, actor: Annotated[Actor, requires(Action.MANAGE_KEYS)]
) -> NewKeyAnswer:
    """Make a key for a program; it is shown in this answer alone."""
    return await run_in_threadpool(made_key, deps.store, actor, body, key)


def made_key(store: Store, actor: Actor, body: KeyBody, wish: str) -> NewKeyAnswer:
    """Make a key, and return it this once; raises the problem `key-reused` and those of its rules."""
    grants = [(s.role, region) for s in body.scopes for region in (s.regions if s.regions != "*" else ("*",))]
    try:
        with store.writing() as tx:
            made = make_key(
                tx,
                name=body.name,
                grants=list(dict.fromkeys(grants)),
                expires_at=body.expires_at,
                by=actor.person,
                idempotency_key=wish,
                now=store.now(tx),
                check=require_key,
            )
    except KeyReused as reused:
        raise key_reused() from reused
    return NewKeyAnswer(**dict(_answer(made.key)), key=made.secret)


async def api_keys(deps: Deps, actor: Annotated[Actor, requires(Action.READ_KEYS)]) -> Listing[KeyAnswer]:
    """List every key there ever was, by name: for what, until when, and when it was last used."""
    del actor

    def read() -> Listing[KeyAnswer]:
        with deps.store.reading() as tx:
            return Listing(items=[_answer(key) for key in every_key(tx)])

    return await run_in_threadpool(read)


async def revoke_api_key(
    key_id: KeyId, deps: Deps, actor: Annotated[Actor, requires(Action.MANAGE_KEYS)]
) -> KeyAnswer:
    """Revoke a key: it opens nothing from the next request on. One that was revoked stays as it was."""
    return _answer(await run_in_threadpool(revoked_key, deps.store, actor, key_id))


def revoked_key(store: Store, actor: Actor, key_id: str) -> ApiKey:
    """Revoke a key and return it; raises the problem `not-found`."""
    with store.writing() as tx:
        revoked = revoke_key(tx, key_id, by=actor.person, now=store.now(tx))
    if revoked is None:
        raise Problem("not-found", f"There is no key {key_id}. GET /v1/keys lists them.")
    return revoked


def _answer(key: ApiKey) -> KeyAnswer:
    scopes = tuple(ScopeAnswer(role=role, region=region) for role, region in key.grants)
    return KeyAnswer(**{**key._asdict(), "scopes": scopes}, person=key.person)
