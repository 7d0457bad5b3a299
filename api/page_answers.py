"""How does a page leave the door, and who is told that they look at it?"""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Dependencies, dependencies_of
from api.identity import EVERYWHERE, Actor
from readiness.commands import Role
from templates.pages import Page, Viewer
from templates.rendering import render
from templates.words import ROLES

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Nothing but our own style sheets and pictures: no script at all, and nothing from elsewhere."""

REFRESH_SECONDS = 30
"""How often a page that is watched asks again: soon enough for a meeting, seldom enough to read in between."""

_FOR_PROGRAMS = ("/v1/", "/ofrep/", "/.well-known/", "/livez", "/readyz", "/openapi.json")
_HTML = re.compile(r"(?:^|,)\s*text/html\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)", re.IGNORECASE)


def page_response(page: Page, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that carries `page`."""
    dressed = {**(headers or {}), "Content-Security-Policy": PAGE_POLICY, "Vary": "Accept, Authorization"}
    return Response(render(page), status_code=status, headers=dressed, media_type="text/html; charset=utf-8")


def wants_page(path: str, headers: Headers) -> bool:
    """Say whether an error at `path` is to be read by a person in a browser, and not by a program."""
    return not path.startswith(_FOR_PROGRAMS) and _HTML.search(headers.get("accept", "")) is not None


def viewer_of(actor: Actor, deps: Dependencies, *, name: str | None = None) -> Viewer:
    """Return who looks, with their roles in words."""
    return Viewer(person=actor.person, name=name, roles=_roles(actor), is_persona=actor is deps.page_persona)


def admitted_viewer(request: Request) -> Viewer | None:
    """Return who was let in before something went wrong; None where nobody was."""
    actor: Actor | None = getattr(request.state, "actor", None)
    return viewer_of(actor, dependencies_of(request)) if actor is not None else None


def _roles(actor: Actor) -> tuple[str, ...]:
    where: dict[Role, list[str]] = {}
    for grant in actor.roles:
        where.setdefault(grant.role, []).append(grant.region)
    return tuple(
        f"{ROLES[role]} everywhere" if EVERYWHERE in regions else f"{ROLES[role]} in {', '.join(regions)}"
        for role, regions in where.items()
    )
