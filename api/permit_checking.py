"""How can anyone who holds a permit see what it is worth, without being let in?"""

# Only who shows a permit that we signed is told anything, and nothing but what it says and how it stands now. What is
# no permit of ours costs one look at a signature and no question to the database.

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.dependencies import Dependencies, Deps
from api.guard import guarded_router
from api.page_answers import page_response, wants_page
from api.permit_jws import LONGEST_PERMIT, PermitClaims, PermitUnproven
from api.permits import desk_of
from api.problems import Problem
from api.strict_json import JsonRefused, parse_json
from readiness.permit import PermitStanding, standing_of
from store.permits import permit_of_run
from templates.pages import PermitPage, ShownPermit

VERIFY_PATH = "/permits/verify"

_LONGEST_BODY = 4 * LONGEST_PERMIT
"""A form writes some characters as three."""

_TOLD = frozenset({PermitStanding.VALID, PermitStanding.SUSPENDED, PermitStanding.REVOKED})
"""What the public is told of a permit that it holds; whatever else there is, it is told that it does not stand."""

ENDED = "ended"


def checking_router() -> APIRouter:
    """Return the routes of the verification page, which anyone may use."""
    router = guarded_router(tags=["permits"])
    router.add_api_route(VERIFY_PATH, show_verification, methods=["GET"], response_model=None)
    router.add_api_route(VERIFY_PATH, verify_permit, methods=["POST"], response_model=None)
    return router


async def show_verification(request: Request) -> Response:
    """Show the page on which a permit is pasted."""
    return page_response(PermitPage(viewer=None, refresh_seconds=None, shown=None, fault=None), request)


async def verify_permit(request: Request, deps: Deps) -> Response:
    """Say what a permit that is shown is worth: a form's field or a JSON body's member `permit`."""
    text = await _shown(request)

    def checked() -> tuple[PermitClaims, datetime, PermitStanding | None]:
        return _checked(deps, text)

    is_for_person = wants_page(VERIFY_PATH, request.headers)
    try:
        claims, now, standing = await run_in_threadpool(checked)
    except PermitUnproven as unproven:
        if is_for_person:
            return page_response(
                PermitPage(viewer=None, refresh_seconds=None, shown=None, fault=str(unproven)), request
            )
        return JSONResponse({"verified": False, "may_be_sold": False, "reason": str(unproven)})
    has_expired = claims.exp <= now.timestamp()
    if is_for_person:
        page = PermitPage(viewer=None, refresh_seconds=None, shown=_for_people(claims, standing, now=now), fault=None)
        return page_response(page, request)
    answer: dict[str, Any] = {
        "verified": True,
        "may_be_sold": standing is PermitStanding.VALID,
        "standing": standing.value if standing is not None else ENDED,
        "expired": has_expired,
        "checked_at": now.isoformat().replace("+00:00", "Z"),
        "claims": claims.model_dump(mode="json"),
    }
    return JSONResponse(answer)


def _checked(deps: Dependencies, text: str) -> tuple[PermitClaims, datetime, PermitStanding | None]:
    """Return what a permit says, the moment of the check and how the permit stands then; raises PermitUnproven."""
    desk = desk_of(deps)
    claims = desk.read(text)
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        claims.require_issued_by(now)
        stands = permit_of_run(tx, claims.key, at=now)
    if stands is None:
        return claims, now, None
    standing = standing_of(stands.found)
    return claims, now, standing if standing in _TOLD else None


async def _shown(request: Request) -> str:
    """Return what was pasted, without the blanks and line breaks that mail programs put into it."""
    body = await request.body()
    if len(body) > _LONGEST_BODY:
        raise Problem("content-too-large", "That is longer than any permit. Paste the permit alone.")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/x-www-form-urlencoded":
        try:
            text = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10).get("permit", [""])[0]
        except ValueError:
            text = ""
    elif media == "application/json":
        try:
            asked = parse_json(body)
        except JsonRefused as refused:
            raise Problem("json-invalid", str(refused)) from refused
        said = asked.get("permit") if isinstance(asked, dict) else None
        text = said if isinstance(said, str) else ""
    else:
        raise Problem("media-type-not-supported", 'Send a form with the field `permit`, or JSON: {"permit": "…"}.')
    return "".join(text.split())


def _for_people(claims: PermitClaims, standing: PermitStanding | None, *, now: datetime) -> ShownPermit:
    return ShownPermit(
        name=claims.jti,
        product=claims.product_name,
        region=claims.region_name,
        standing=standing.value if standing is not None else ENDED,
        is_valid=standing is PermitStanding.VALID,
        from_at=datetime.fromisoformat(claims.from_at),
        issued_at=datetime.fromtimestamp(claims.iat, now.tzinfo),
        expires_at=datetime.fromtimestamp(claims.exp, now.tzinfo),
        has_expired=claims.exp <= now.timestamp(),
        checked_at=now,
        verdict=claims.decision.verdict,
        decided_at=datetime.fromisoformat(claims.decision.at),
        decision_digest=claims.decision.digest,
        conditions=len(claims.conditions),
    )
