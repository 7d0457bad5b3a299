"""How does a page leave the door, and who is told that they look at it?"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.dependencies import Dependencies, dependencies_of
from api.identity import EVERYWHERE, Actor, RoleGrant
from api.origin import is_local
from api.places import places_of
from api.readers import is_for_programs, reader_of
from readiness.commands import Role
from store.overview import named_regions
from store.sessions import SESSION_ID
from templates.language import Reader, gettext, reading
from templates.moments import number
from templates.pages import Frame, Page, Viewer
from templates.rendering import render
from templates.words import ROLES, SAID, region_said

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Nothing but our own style sheets, pictures and scripts: nothing inline, and nothing from elsewhere."""

REFRESH_SECONDS = 30
"""How often a page that is watched asks again: soon enough for a meeting, seldom enough to read in between."""

SAID_COOKIE = "ltl-said"
"""Carries what an act led to over to the page that is read next, once: a word of ours and a number, nothing else."""

LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}")
"""An address of this host alone."""

_SAID_SECONDS = 60
_SAID = re.compile(r"([a-z-]{1,40})(?::([0-9]{1,9}))?")

_HTML = re.compile(r"(?:^|,)\s*text/html\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)", re.IGNORECASE)


def page_response(
    page: Page, request: Request, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer that carries `page`, written for whoever sent `request`."""
    dressed = {
        **(headers or {}),
        "Content-Security-Policy": PAGE_POLICY,
        # Our own forms say where they come from; other hosts are told nothing.
        "Referrer-Policy": "same-origin",
        "Vary": "Accept, Accept-Language, Authorization, Cookie",
    }
    text = render(replace(page, frame=_frame(request)))
    answer = Response(text, status_code=status, headers=dressed, media_type="text/html; charset=utf-8")
    if SAID_COOKIE in request.cookies:
        answer.delete_cookie(SAID_COOKIE)
    return answer


def see_other(address: str, *, said: str | None = None, count: int | None = None) -> Response:
    """Return the answer that leads to a page after an act, which then says once what the act led to.

    `said` is a key of `words.SAID`, whose sentence may speak of `count`.
    """
    answer = RedirectResponse(address, status_code=303)
    if said is not None:
        told = said if count is None else f"{said}:{count}"
        answer.set_cookie(SAID_COOKIE, told, max_age=_SAID_SECONDS, httponly=True, samesite="lax")
    return answer


def _frame(request: Request) -> Frame:
    deps = dependencies_of(request)
    who = reader_of(request)
    query = f"?{request.url.query}" if request.url.query else ""
    sign_in = "/login" if deps.oidc is not None else None
    return Frame(
        path=f"{request.url.path}{query}",
        language=who.language,
        zone=who.zone,
        said=_sentence(request.cookies.get(SAID_COOKIE, ""), who),
        sign_in="/personas" if deps.personas and is_local(request) else sign_in,
    )


def _sentence(said: str, who: Reader) -> str | None:
    told = _SAID.fullmatch(said)
    if told is None or told[1] not in SAID:
        return None
    with reading(who):
        return gettext(SAID[told[1]]).replace("{count}", number(int(told[2] or 0)))


def wants_page(path: str, headers: Headers) -> bool:
    """Say whether an error at `path` is to be read by a person in a browser, and not by a program."""
    return not is_for_programs(path) and _HTML.search(headers.get("accept", "")) is not None


def viewer_of(actor: Actor, deps: Dependencies, *, name: str | None = None) -> Viewer:
    """Return who looks, with their roles in words and where they may go."""
    held_in = {grant.region for grant in actor.roles if grant.region != EVERYWHERE}
    regions: Mapping[str, str] = {}
    if held_in:
        with deps.store.reading() as tx:
            regions = dict(named_regions(tx, within=held_in))
    return _viewer(actor, deps, name, regions)


def _viewer(actor: Actor, deps: Dependencies, name: str | None, regions: Mapping[str, str]) -> Viewer:
    persona = next((each for each in deps.personas if each.person == actor.person), None)
    is_signed_in = actor.token_id.startswith(SESSION_ID)
    return Viewer(
        person=actor.person,
        name=persona.name if name is None and persona is not None else name,
        roles=roles_in_words(actor.roles, regions),
        is_persona=actor is deps.page_persona or (is_signed_in and persona is not None),
        is_signed_in=is_signed_in,
        places=places_of(actor),
    )


def identified_viewer(request: Request) -> Viewer | None:
    """Return who was at the door before something went wrong, let in or not; None where nobody was known."""
    actor: Actor | None = getattr(request.state, "identified", None)
    # Whatever went wrong may lie outside of where the route reads for somebody.
    with reading(reader_of(request)):
        # Where something went wrong the store is asked nothing more.
        return _viewer(actor, dependencies_of(request), None, {}) if actor is not None else None


def roles_in_words(roles: Iterable[RoleGrant], names: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return each role with where it is held: `Executive everywhere`, `Sales lead in Americas, EMEA`.

    `names` are those of regions, where a plan gives them one.
    """
    where: dict[Role, list[RoleGrant]] = {}
    for grant in roles:
        where.setdefault(grant.role, []).append(grant)
    return tuple(_role_in_words(role, grants, names or {}) for role, grants in where.items())


def _role_in_words(role: Role, grants: Sequence[RoleGrant], names: Mapping[str, str]) -> str:
    named = {"role": gettext(ROLES[role])}
    everywhere = next((grant for grant in grants if grant.region == EVERYWHERE), None)
    if everywhere is None:
        regions = ", ".join(names.get(grant.region, region_said(grant.region)) for grant in grants)
        return gettext("%(role)s in %(regions)s") % {**named, "regions": regions}
    if not everywhere.excluding:
        return gettext("%(role)s everywhere") % named
    regions = ", ".join(names.get(region, region_said(region)) for region in sorted(everywhere.excluding))
    return gettext("%(role)s everywhere but in %(regions)s") % {**named, "regions": regions}
