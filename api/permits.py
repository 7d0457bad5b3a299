"""How do people and programs learn whether a product may be sold in a region, and take that away?"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.acting import act_on_region
from api.acts import revoking_permit
from api.bodies import RevokePermitBody
from api.commanding import region_not_found
from api.conditional import KnownTags, entity_tag, not_modified
from api.dependencies import Dependencies, Deps
from api.governing import REGION
from api.guard import Judged, guarded_router, requires
from api.idempotency import Wished
from api.identity import Actor
from api.many import EACH, EachAnswer, act_on_each
from api.many_bodies import RevokePermitsBody
from api.permit_jws import MEDIA_TYPE, PermitClaims, PermitDesk
from api.problems import Problem
from api.rehearsing import RehearsalAnswer
from api.rights import Action
from readiness.permit import NoPermit, PermitStanding
from readiness.readiness import Readiness
from readiness.values import slugged
from store.permits import permit_in

JWKS_PATH = "/.well-known/jwks.json"
JWKS_TYPE = "application/jwk-set+json"

JWKS_SECONDS = 300
"""How long readers may keep the keys: as long a withdrawn key may still be believed elsewhere."""


class PermitAnswer(BaseModel):
    """A permit that stands, as it was asked for."""

    permit: str
    """The JWS, for whoever wants proof."""
    standing: Literal["valid"] = "valid"
    claims: PermitClaims
    """What is signed in it, to be read."""


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The permit, signed for this answer. With `Accept: application/jwt` the JWS alone.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    304: {"description": "It is the one that you have."},
    404: {"description": "There is none: `standing` and `detail` say why, `since` since when."},
}


def permits_router() -> APIRouter:
    """Return the routes of permits under /v1."""
    router = guarded_router(prefix="/v1/launches", tags=["permits"])
    router.add_api_route(f"{REGION}/permit", permit, methods=["GET"], response_model=PermitAnswer, responses=_ANSWERS)
    router.add_api_route(
        f"{REGION}/permit/revoke", revoke_permit, methods=["POST"], response_model=Readiness | RehearsalAnswer
    )
    router.add_api_route(
        "/{product}/permit/revoke", revoke_each_permit, methods=["POST"], response_model=EachAnswer, responses=EACH
    )
    return router


def permit_keys_router() -> APIRouter:
    """Return the route of the public keys, which anyone may read."""
    router = guarded_router(tags=["permits"])
    router.add_api_route(
        JWKS_PATH,
        permit_keys,
        methods=["GET"],
        response_model=None,
        response_class=Response,
        responses={
            200: {
                "description": "The keys, without a token.",
                "content": {JWKS_TYPE: {"schema": {"type": "object"}}},
            },
            304: {"description": "They are the ones that you have."},
        },
    )
    return router


async def permit(
    product: str,
    region: str,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_PERMIT)],
    if_none_match: KnownTags = None,
) -> Response:
    """Say whether the product may be sold in the region, with a permit signed for this very answer, or why not."""
    del actor

    def signed() -> tuple[str, PermitClaims]:
        desk = desk_of(deps)
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
            stands = permit_in(tx, product, str(slugged(region)), at=now)
        if stands is None:
            raise region_not_found(product, region)
        if isinstance(stands.found, NoPermit):
            raise no_permit(stands.found)
        return desk.sign(stands.found, at=now)

    text, claims = await run_in_threadpool(signed)
    tag = entity_tag(text)
    headers = {"ETag": tag, "Vary": "Accept, Authorization"}
    known = not_modified(if_none_match, tag)
    if known is not None:
        return known
    if wants(MEDIA_TYPE, request.headers.get("accept", "")):
        return Response(text, headers=headers, media_type=MEDIA_TYPE)
    answer = PermitAnswer(permit=text, claims=claims)
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")


async def revoke_permit(
    product: str,
    region: str,
    body: RevokePermitBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.REVOKE_PERMIT)],
) -> Any:
    """Take the permit of a region that has launched away, for ever in this run."""
    return await act_on_region(request, actor, wish, product, region, revoking_permit(body))


async def revoke_each_permit(
    product: str,
    body: RevokePermitsBody,
    request: Request,
    wish: Wished,
    actor: Annotated[Actor, requires(Action.REVOKE_PERMIT, judged=Judged.BY_FILTER)],
) -> Any:
    """Take the permits of several regions away for ever; `"*"` means every region in which it has launched."""
    return await act_on_each(request, actor, wish, product, body, revoking_permit(body))


async def permit_keys(deps: Deps, if_none_match: KnownTags = None) -> Response:
    """Return the public keys by which permits are verified, as a JSON Web Key Set."""
    document = await run_in_threadpool(lambda: desk_of(deps).jwks())
    tag = entity_tag(*(key["kid"] for key in document["keys"]))
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={JWKS_SECONDS}"}
    known = not_modified(if_none_match, tag)
    if known is not None:
        known.headers.update(headers)
        return known
    # Any program may read them, a page of another origin too: they are public.
    open_to_all = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return JSONResponse(document, headers={**headers, **open_to_all}, media_type=JWKS_TYPE)


def desk_of(deps: Dependencies) -> PermitDesk:
    """Return who signs permits here; raises the problem `no-permit` where nobody does."""
    if deps.permits is None:
        raise Problem("no-permit", "This installation signs no permits.", standing=PermitStanding.UNKNOWN.value)
    return deps.permits


def no_permit(found: NoPermit) -> Problem:
    """Return the 404 that says why there is no permit."""
    members: dict[str, Any] = {"standing": found.standing.value}
    if found.since is not None:
        members["since"] = found.since.isoformat().replace("+00:00", "Z")
    if found.id is not None:
        members["permit_id"] = found.id
    return Problem("no-permit", found.reason, **members)


def wants(media_type: str, accept: str) -> bool:
    """Say whether `accept` names `media_type` and does not turn it away."""
    for part in accept.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name == media_type:
            return not any(each.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for each in parameters)
    return False
