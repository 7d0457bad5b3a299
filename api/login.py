"""How do people log in at the trusted issuer, and out again?"""

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.claims import TokenRefused
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router
from api.oidc import IssuerAway, LoggedIn, OidcIssuer
from api.page_answers import LOCAL_PATH, see_other
from api.problems import Problem, away
from api.standing import SESSION_COOKIE, keep_cookie
from store.sessions import LOGIN_LIFE, Login, begin_login, begin_session, end_session, take_login

LOGIN_PATHS = frozenset({"/login", "/login/callback", "/logout"})
"""What answers to who is not logged in yet, or not any more."""

LOGIN_COOKIE = "__Host-ltl-login"
"""Binds a login under way to its browser, so that nobody is logged in as somebody else by a link."""


ReturnTo = Annotated[str, Query(max_length=501, description="The page to go to then, on this host.")]


def login_router() -> APIRouter:
    """Return the routes of logging in and out, for `create_app(pages=[…], open_paths=LOGIN_PATHS)`."""
    router = guarded_router()
    router.add_api_route("/login", log_in, methods=["GET"], response_model=None)
    router.add_api_route("/login/callback", logged_in, methods=["GET"], response_model=None)
    router.add_api_route("/logout", log_out, methods=["POST"], response_model=None)
    return router


async def log_in(deps: Deps, return_to: ReturnTo = "/", fresh: bool = False) -> Response:
    """Send the browser to the issuer; `fresh` has it ask for the password again."""
    oidc = _issuer(deps)
    if not LOCAL_PATH.fullmatch(return_to):
        raise Problem("login-failed", "After a login one goes to a page of this host alone. Begin again at /login.")
    cookie, login = await run_in_threadpool(_begun, deps, return_to)
    try:
        url = await oidc.login_url(
            state=login.state,
            nonce=login.nonce,
            verifier=login.verifier,
            max_age=deps.settings.session_life,
            fresh=fresh,
        )
    except IssuerAway as error:
        raise away("issuer-away") from error
    answer = RedirectResponse(url, status_code=303)
    keep_cookie(answer, LOGIN_COOKIE, cookie, seconds=int(LOGIN_LIFE.total_seconds()))
    return answer


async def logged_in(
    request: Request,
    deps: Deps,
    state: Annotated[str, Query(max_length=2_000)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    iss: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Begin a session for who comes back from the issuer, in the browser that was sent there."""
    oidc = _issuer(deps)
    login = await run_in_threadpool(_taken, deps, request.cookies.get(LOGIN_COOKIE, ""))
    if login is None or not secrets.compare_digest(login.state.encode(), state.encode("utf-8", "replace")):
        raise _failed("This login was not begun in this browser, took too long, or was finished already.")
    if not code:
        raise _failed("The issuer did not let you in.")
    try:
        who = await oidc.logged_in(code=code, verifier=login.verifier, nonce=login.nonce, iss=iss)
    except TokenRefused as refused:
        raise _failed(refused.detail) from refused
    except IssuerAway as error:
        raise away("issuer-away") from error
    cookie = await run_in_threadpool(_session, deps, who, request.cookies.get(SESSION_COOKIE))
    answer = RedirectResponse(login.return_to, status_code=303)
    keep_cookie(answer, SESSION_COOKIE, cookie, seconds=int(deps.settings.session_life.total_seconds()))
    keep_cookie(answer, LOGIN_COOKIE, "", seconds=0)
    return answer


async def log_out(request: Request, deps: Deps) -> Response:
    """End the session of this browser."""
    await run_in_threadpool(_ended, deps, request.cookies.get(SESSION_COOKIE, ""))
    answer = see_other("/", said="signed-out")
    keep_cookie(answer, SESSION_COOKIE, "", seconds=0)
    return answer


def _begun(deps: Dependencies, return_to: str) -> tuple[str, Login]:
    with deps.store.writing() as tx:
        return begin_login(tx, return_to=return_to, now=deps.store.now(tx))


def _taken(deps: Dependencies, cookie: str) -> Login | None:
    with deps.store.writing() as tx:
        return take_login(tx, cookie, now=deps.store.now(tx))


def _session(deps: Dependencies, who: LoggedIn, instead_of: str | None) -> str:
    with deps.store.writing() as tx:
        now: datetime = deps.store.now(tx)
        return begin_session(
            tx,
            person=who.person,
            grants=[(grant.role, grant.region) for grant in who.roles],
            logged_in_at=who.logged_in_at,
            now=now,
            life=deps.settings.session_life,
            instead_of=instead_of,
        )


def _ended(deps: Dependencies, cookie: str) -> None:
    with deps.store.writing() as tx:
        end_session(tx, cookie)


def _issuer(deps: Dependencies) -> OidcIssuer:
    if deps.oidc is None:
        raise Problem("not-found", "Nobody logs in here: this installation trusts no OIDC issuer. Send a token.")
    return deps.oidc


def _failed(why: str) -> Problem:
    return Problem("login-failed", f"{why} Begin again at /login.")
