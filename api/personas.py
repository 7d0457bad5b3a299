"""Whom may a browser on this very machine be, without proving it?"""

# For trying the product out: whoever can open a browser on this machine could mint any token as well. Production has
# no personas, and neither has a request from elsewhere, or one that asks for this machine by another name.

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Dependencies, Deps
from api.guard import guarded_router
from api.identity import Actor
from api.origin import is_local
from api.page_answers import LOCAL_PATH, page_response, roles_in_words, see_other
from api.page_forms import filled_in
from api.problems import Problem
from api.rights import Action, allowed_regions
from api.standing import SESSION_COOKIE, keep_cookie
from store.overview import named_regions
from store.sessions import begin_session, session_of
from templates.pages import PersonaLine, PersonasPage

PERSONAS_PATH = "/personas"

_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

PERSONA_PATHS = frozenset({PERSONAS_PATH})
"""What answers to who is nobody yet, on this machine."""

ReturnTo = Annotated[str, Query(max_length=501, description="The page to go to then, on this host.")]


def personas_router() -> APIRouter:
    """Return the routes by which one chooses whom to be, for `create_app(pages=[…])`."""
    router = guarded_router()
    router.add_api_route(PERSONAS_PATH, show_personas, methods=["GET"], response_model=None)
    router.add_api_route(PERSONAS_PATH, choose_persona, methods=["POST"], response_model=None)
    return router


async def show_personas(request: Request, deps: Deps, return_to: ReturnTo = "/") -> Response:
    """Show whom one may be on this machine."""
    _require_here(request, deps)

    def shown() -> Response:
        with deps.store.reading() as tx:
            cookie = request.cookies.get(SESSION_COOKIE, "")
            regions = dict(named_regions(tx))
            session = session_of(tx, cookie, now=deps.store.now(tx), idle=deps.settings.session_idle)
        chosen = session.person if session is not None else None
        page = PersonasPage(
            viewer=None,
            refresh_seconds=None,
            personas=tuple(
                PersonaLine(
                    person=each.person,
                    name=each.name,
                    role="; ".join(roles_in_words(each.roles, regions)),
                    comes_for=each.comes_for,
                    is_chosen=each.person == chosen,
                )
                for each in deps.personas
            ),
            return_to=return_to if LOCAL_PATH.fullmatch(return_to) else "/",
        )
        return page_response(page, request)

    return await run_in_threadpool(shown)


async def choose_persona(request: Request, deps: Deps) -> Response:
    """Begin a session for the persona that was chosen."""
    _require_here(request, deps)
    filled = await filled_in(request)
    chosen = next((each for each in deps.personas if each.person == filled.get("person")), None)
    if chosen is None:
        raise Problem("not-found", "There is no such person to be here. Choose one of those at /personas.")
    return_to = filled.get("return_to", "/")

    def begun() -> str:
        with deps.store.writing() as tx:
            now = deps.store.now(tx)
            return begin_session(
                tx,
                person=chosen.person,
                grants=[(grant.role, grant.region) for grant in chosen.roles],
                logged_in_at=now,
                now=now,
                life=deps.settings.session_life,
                instead_of=request.cookies.get(SESSION_COOKIE),
            )

    cookie = await run_in_threadpool(begun)
    if not LOCAL_PATH.fullmatch(return_to):
        return_to = "/"
    speaker = Actor(chosen.person, chosen.roles, "persona")
    if return_to == "/" and not allowed_regions(speaker, Action.READ_BOARD):
        # The board is not for who sells: their own page is.
        return_to = "/me"
    answer = see_other(return_to, said="signed-in")
    keep_cookie(answer, SESSION_COOKIE, cookie, seconds=int(deps.settings.session_life.total_seconds()))
    return answer


def _require_here(request: Request, deps: Dependencies) -> None:
    # A proxy on this machine passes on what comes from anywhere, and may give our own name as the one asked for: then
    # it says so in a header, or the browser names another origin than ours.
    origin = request.headers.get("origin")
    is_passed_on = any(name in request.headers for name in _PASSED_ON)
    is_from_elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if not deps.personas or is_passed_on or is_from_elsewhere or not is_local(request):
        raise Problem("not-found", "There is nothing at this address.")
