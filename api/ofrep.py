"""How does any OpenFeature client ask whether a product may be sold in a region?"""

# The OpenFeature Remote Evaluation Protocol (https://github.com/open-feature/protocol): a flag is `launch.{product}`,
# a boolean, and the region comes in the context. Errors have the protocol's own shape. A flag outside of the caller's
# regions is not found, as one that is not there; a client then falls back to its default, which must be false.

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.conditional import KnownTags, entity_tag, not_modified
from api.dependencies import Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.rights import Action, can
from api.strict_json import JsonRefused, parse_json
from readiness.canonical import canonical_json
from readiness.permit import Permit, PermitStanding
from readiness.values import Slug, slugged
from store.engine import StoreAway
from store.permits import PermitFound, permit_in, permits_in_region

FLAG_PREFIX = "launch."
PERMITTED, NOT_PERMITTED = "permitted", "not-permitted"

REASON = "TARGETING_MATCH"
"""Every value follows from the region in the context, a false as well as a true one."""

_LONGEST_BODY = 65_536
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)

_CONTEXT = {
    "type": "object",
    "required": ["context"],
    "properties": {
        "context": {
            "type": "object",
            "required": ["targetingKey", "region"],
            "properties": {
                "targetingKey": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Who asks: a shop, a session. It changes nothing.",
                },
                "region": {
                    "type": "string",
                    "pattern": "^[a-z0-9-]{1,64}$",
                    "description": "Where the product is to be sold.",
                },
            },
        }
    },
    "examples": [{"context": {"targetingKey": "shop-17", "region": "emea"}}],
}
_FAILURE = {
    "type": "object",
    "required": ["errorCode"],
    "properties": {
        "key": {"type": "string"},
        "errorCode": {"type": "string"},
        "errorDetails": {"type": "string"},
    },
}
_EVALUATION = {
    "type": "object",
    "required": ["key", "value", "reason", "variant"],
    "properties": {
        "key": {"type": "string"},
        "value": {"type": "boolean"},
        "reason": {"type": "string"},
        "variant": {"type": "string"},
        "metadata": {"type": "object"},
        "cacheable": {"type": "boolean"},
    },
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _CONTEXT}}}}


def _answer(description: str, schema: dict[str, Any], *, or_problem: bool = False) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    if or_problem:
        # What is refused before the protocol is looked at, such as a header that is none, is a problem as everywhere.
        content["application/problem+json"] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": description, "content": content}


_ONE: dict[int | str, dict[str, Any]] = {
    200: _answer("Whether it may be sold there, and why not.", _EVALUATION),
    400: _answer("The context is not there, or lacks the targeting key or the region.", _FAILURE, or_problem=True),
    404: _answer("There is no such product in that region, or not for you.", _FAILURE),
    503: _answer("The database does not answer: nothing may be sold until it does.", _FAILURE),
}
_MANY: dict[int | str, dict[str, Any]] = {
    200: _answer(
        "Every product of that region that you may see.",
        {"type": "object", "required": ["flags"], "properties": {"flags": {"type": "array", "items": _EVALUATION}}},
    ),
    304: {"description": "Nothing changed since you asked last."},
    400: _ONE[400],
    503: _ONE[503],
}


class _EvaluationFailed(Exception):  # noqa: N818 - it is the protocol's answer, not an error of ours.
    def __init__(self, code: str, details: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(details)
        self.code = code
        self.status = status


def ofrep_router() -> APIRouter:
    """Return the routes of the OpenFeature Remote Evaluation Protocol."""
    router = guarded_router(prefix="/ofrep/v1/evaluate/flags", tags=["permits"])
    router.add_api_route(
        "/{key}", evaluate_flag, methods=["POST"], response_model=None, responses=_ONE, openapi_extra=_BODY
    )
    router.add_api_route(
        "", evaluate_flags, methods=["POST"], response_model=None, responses=_MANY, openapi_extra=_BODY
    )
    return router


async def evaluate_flag(
    key: str,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_PERMIT, judged=Judged.BY_FILTER)],
) -> Response:
    """Say whether one product may be sold in the region of the context: the flag is `launch.{product}`."""

    def evaluated(region: str) -> dict[str, Any]:
        product = key.removeprefix(FLAG_PREFIX)
        if key.startswith(FLAG_PREFIX) and can(actor, Action.READ_PERMIT, region):
            with deps.store.reading() as tx:
                found = permit_in(tx, product, region, at=deps.store.now(tx))
            if found is not None:
                return {**evaluation(found, is_signing=deps.permits is not None), "cacheable": False}
        raise _EvaluationFailed(
            "FLAG_NOT_FOUND", f"There is no flag {key[:100]} for you in this region.", HTTPStatus.NOT_FOUND
        )

    try:
        region = await _region(request)
        return JSONResponse(await run_in_threadpool(evaluated, region))
    except _EvaluationFailed as failed:
        return _failure(failed, key=key)
    except StoreAway:
        return _failure(_away(), key=key)


async def evaluate_flags(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_PERMIT, judged=Judged.BY_FILTER)],
    if_none_match: KnownTags = None,
) -> Response:
    """Say of every product whether it may be sold in the region of the context."""

    def evaluated(region: str) -> list[dict[str, Any]]:
        if not can(actor, Action.READ_PERMIT, region):
            return []
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
            is_signing = deps.permits is not None
            return [evaluation(each, is_signing=is_signing) for each in permits_in_region(tx, region, at=now)]

    try:
        region = await _region(request)
        flags = await run_in_threadpool(evaluated, region)
    except _EvaluationFailed as failed:
        return _failure(failed)
    except StoreAway:
        return _failure(_away())
    tag = entity_tag(canonical_json(flags).decode("utf-8"))
    return not_modified(if_none_match, tag) or JSONResponse({"flags": flags}, headers={"ETag": tag})


def evaluation(stands: PermitFound, *, is_signing: bool) -> dict[str, Any]:
    """Return how the flag of one product evaluates; true only where there is a permit, and somebody to sign it."""
    found = stands.found
    metadata: dict[str, str | int | bool] = {"region": stands.key.region, "run": stands.key.run}
    is_permitted = isinstance(found, Permit) and is_signing
    if isinstance(found, Permit):
        metadata |= {
            "permit": found.id,
            "standing": (PermitStanding.VALID if is_signing else PermitStanding.UNKNOWN).value,
            "decision": found.decision.version,
            "verdict": found.decision.verdict.value,
            "from": found.from_at.isoformat().replace("+00:00", "Z"),
            "openConditions": len(found.conditions),
        }
        if found.decision.digest is not None:
            metadata["decisionDigest"] = found.decision.digest
    else:
        metadata |= {"standing": found.standing.value, "why": found.reason}
        if found.id is not None:
            metadata["permit"] = found.id
    return {
        "key": f"{FLAG_PREFIX}{stands.key.product}",
        "value": is_permitted,
        "reason": REASON,
        "variant": PERMITTED if is_permitted else NOT_PERMITTED,
        "metadata": metadata,
    }


async def _region(request: Request) -> str:
    """Return the region that the context names; raises _EvaluationFailed where the body is not as it must be."""
    body = await request.body()
    try:
        asked = parse_json(body) if len(body) <= _LONGEST_BODY else None
    except JsonRefused as refused:
        raise _EvaluationFailed("PARSE_ERROR", str(refused)) from refused
    context = asked.get("context") if isinstance(asked, dict) else None
    if asked is None or not isinstance(asked, dict) or not isinstance(context, dict | None):
        raise _EvaluationFailed("PARSE_ERROR", 'The body is not {"context": {…}}.')
    if context is None:
        raise _EvaluationFailed("INVALID_CONTEXT", "There is no context: say `targetingKey` and `region` in it.")
    targeting = context.get("targetingKey")
    if not isinstance(targeting, str) or not targeting:
        raise _EvaluationFailed("TARGETING_KEY_MISSING", "Say who asks in `targetingKey`: a shop, a session, a user.")
    try:
        return _SLUG.validate_python(slugged(context.get("region")))
    except ValidationError:
        raise _EvaluationFailed("INVALID_CONTEXT", "Say in `region` where it is to be sold, as in `emea`.") from None


def _away() -> _EvaluationFailed:
    return _EvaluationFailed(
        "GENERAL", "The database does not answer, which counts as no.", HTTPStatus.SERVICE_UNAVAILABLE
    )


def _failure(failed: _EvaluationFailed, *, key: str | None = None) -> JSONResponse:
    named = {"key": key} if key is not None else {}
    document = {**named, "errorCode": failed.code, "errorDetails": str(failed)}
    return JSONResponse(document, status_code=failed.status)
