"""Who is behind a request, and which roles do they hold at this very moment?"""

# A proof of who somebody is may be remembered for a while; which roles they hold never is: a role that was withdrawn
# counts at once.

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.claims import TokenRefused
from api.dependencies import Dependencies
from api.identity import Actor, RoleGrant
from api.oidc import IssuerAway
from api.problems import Problem, away
from api.rights import FRESH_LOGIN, Action
from readiness.roles import HeldRole
from store.access import standing_roles
from store.api_keys import PREFIX, USE_NOTED_EVERY, key_of, note_use
from store.engine import Store
from store.sessions import session_of, touch_session

REALM = 'Bearer realm="learn-then-launch"'

_CHALLENGE = {"WWW-Authenticate": REALM}

SESSION_COOKIE = "__Host-ltl"
"""Bound by its name to this host, to HTTPS (or this machine) and to every path; see `api/cross_site.py` for acts."""

Reading = Callable[[Connection, Actor], None]
"""Reads what the actor asks for, in the transaction in which their roles were read."""

BY_ITSELF = "X-By-Itself"
"""The header by which a script of ours says that nobody asked it to ask: an open page keeps itself up to date."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


async def authenticated(
    request: Request, deps: Dependencies, *, known: Callable[[str], None], then: Reading | None = None
) -> Actor:
    """Return who asks, with the roles that they hold now; raises a 401 problem where nothing proves it.

    `known` is told who it is as soon as that is proven, and may raise. `then` reads on in the same transaction.
    """
    stated = request.headers.getlist("authorization")
    if not stated and SESSION_COOKIE in request.cookies:
        cookie, is_used = request.cookies[SESSION_COOKIE], is_by_person(request)
        actor = await run_in_threadpool(_by_session, deps, cookie, then, is_used=is_used)
        known(actor.person)
        return actor
    if not stated:
        how = " or log in at /login" if deps.oidc is not None else ""
        raise Problem("token-missing", f"Send a token: Authorization: Bearer …{how}", headers=_CHALLENGE)
    bearer_token = _BEARER.fullmatch(stated[0])
    if len(stated) > 1 or bearer_token is None:
        raise unproven("token-invalid", "The Authorization header does not hold one bearer token.")
    if bearer_token[1].startswith(PREFIX):
        actor = await run_in_threadpool(_by_key, deps.store, bearer_token[1], then)
        known(actor.person)
        return actor
    try:
        claimed = await deps.verifier.verify(bearer_token[1])
    except TokenRefused as refused:
        raise unproven(refused.kind, refused.detail) from refused
    except IssuerAway as error:
        raise away("issuer-away") from error
    known(claimed.person)
    return await run_in_threadpool(as_of_now, deps.store, claimed, then)


def is_by_person(request: Request) -> bool:
    """Say whether somebody acts or looks just now, and not only a page that they left open.

    A stream of events and what our scripts ask by themselves say so. Without scripts a page that renews itself is a
    navigation from its own address that no person began, as far as the browser tells (Fetch Metadata).
    """
    headers = request.headers
    if request.method not in _SAFE_METHODS:
        return True
    if BY_ITSELF in headers or "text/event-stream" in headers.get("accept", ""):
        return False
    # What ends TLS in front of us may have spoken another scheme with the browser.
    came_from, here = headers.get("referer", "").partition("://")[2], str(request.url).partition("://")[2]
    renews_itself = headers.get("sec-fetch-mode") == "navigate" and came_from == here
    return "sec-fetch-user" in headers or not renews_itself


def require_fresh_login(deps: Dependencies, actor: Actor, action: Action) -> None:
    """Raise a 401 problem (RFC 9470) where `action` asks for a fresher login than the actor's."""
    longest = deps.settings.login_age
    if action not in FRESH_LOGIN:
        return
    if actor.logged_in_at is not None and deps.clock() - actor.logged_in_at <= longest:
        return
    seconds = int(longest.total_seconds())
    how = "Log in again at /login?fresh=true" if deps.oidc is not None else "Take a new token"
    detail = f"This bears your name, so it needs a login of the last {seconds // 60} minutes. {how}, then ask again."
    challenge = (
        f'{REALM}, error="insufficient_user_authentication", '
        f'error_description="A more recent login is required", max_age="{seconds}"'
    )
    raise Problem("login-too-old", detail, headers={"WWW-Authenticate": challenge}, max_age=seconds)


def _by_session(deps: Dependencies, cookie: str, then: Reading | None, *, is_used: bool) -> Actor:
    idle = deps.settings.session_idle
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        session = session_of(tx, cookie, now=now, idle=idle)
    if session is None:
        raise Problem("token-missing", "You are not logged in any more. Log in at /login.", headers=_CHALLENGE)
    if is_used and now - session.seen_at >= USE_NOTED_EVERY:
        with deps.store.writing() as tx:
            touch_session(tx, session, now=now)
    grants = tuple(RoleGrant(role=role, region=region) for role, region in session.grants)
    claimed = Actor(session.person, grants, session.id, logged_in_at=session.logged_in_at)
    return as_of_now(deps.store, claimed, then)


def _by_key(store: Store, secret: str, then: Reading | None) -> Actor:
    with store.reading() as tx:
        now = store.now(tx)
        key = key_of(tx, secret)
    if key is None or not key.opens_at(now):
        raise unproven("token-invalid", "The key opens nothing here: it was revoked, has ended, or never was one.")
    if key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY:
        with store.writing() as tx:
            note_use(tx, key, now=now)
    grants = tuple(RoleGrant(role=role, region=region) for role, region in key.grants)
    return as_of_now(store, Actor(key.person, grants, key.id, on_behalf_of=key.created_by), then)


def as_of_now(store: Store, claimed: Actor, then: Reading | None = None) -> Actor:
    """Return `claimed` with the roles granted to them and without those withdrawn from them; `then` reads on."""

    def standing(tx: Connection) -> Actor:
        granted = [(grant.role, grant.region) for grant in claimed.roles]
        held = standing_roles(tx, claimed.person, granted, clock=lambda: store.now(tx))
        return claimed if held is None else _holding(claimed, held)

    if then is None:
        # One statement, for most: it takes one trip instead of three.
        return store.asked(standing)
    with store.reading() as tx:
        actor = standing(tx)
        then(tx, actor)
    return actor


def _holding(claimed: Actor, held: Iterable[HeldRole]) -> Actor:
    roles = tuple(RoleGrant(role.role, role.region, frozenset(role.excluding)) for role in held)
    return replace(claimed, roles=roles)


def keep_cookie(answer: Response, name: str, value: str, *, seconds: int) -> None:
    """Have the browser keep a cookie that no script and no other host sees; for no seconds: forget it."""
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def unproven(kind: str, detail: str) -> Problem:
    """Return the 401 of a proof that proves nothing."""
    described = detail.replace('"', "'").replace("\\", "/").encode("ascii", "replace").decode("ascii")
    challenge = f'{REALM}, error="invalid_token", error_description="{described}"'
    return Problem(kind, detail, headers={"WWW-Authenticate": challenge})
