"""How does every request pass the same door before its body is read?"""

# A route says what it is for: `actor: Annotated[Actor, requires(Action.HOLD)]`. That is the only way to an actor, and
# the application refuses to start with a route that says nothing.

import re
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Depends, params
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import PAGE_UPLOAD_PREFIX, UPLOAD_PREFIX, dependencies_of
from api.identity import Actor
from api.origin import address_of, is_local
from api.problems import Fault, Problem, invalid
from api.readers import reader_of
from api.rights import RIGHTS, Action, Reach, allowed_regions, can, not_allowed
from api.standing import SESSION_COOKIE, Reading, authenticated, require_fresh_login
from api.strict_json import JsonRefused, parse_json
from api.throttle import admit_person
from api.turning_away import begin_trail, is_act, turn_away
from readiness.values import slugged
from store.denials import Denial, record_denials
from templates.language import reading

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_LONGEST_PATH = 500
_LONGEST_NAME = 100
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_REGIONS_RECORDED = 50


class Judged(StrEnum):
    """When the regions that a regional act concerns become known."""

    AT_THE_DOOR = "at the door"
    """They are in the path; without one there the role must be held for every region."""
    BY_FILTER = "by filter"
    """The route answers with the actor's `allowed_regions` only; a role in one region opens the door."""
    BY_INSISTING = "by insisting"
    """The body or the store names them: the route must call `insist` before it does anything."""


Reads = Callable[[Connection, Request, Actor], Response | None]
"""Answers for a route, in the transaction in which the roles of who asks are read; None leaves it to the route."""


class Requirement(SecurityBase):
    """The one declared action of a route; called by FastAPI, it answers with the actor who may do it."""

    def __init__(
        self,
        action: Action,
        *,
        judged: Judged = Judged.AT_THE_DOOR,
        persona: bool = False,
        keeps_form: bool = False,
        reads: Reads | None = None,
    ) -> None:
        # What the description of the API says of the scheme.
        self.scheme_name = "bearer"
        self.model = HTTPBearer(
            bearerFormat="JWT",
            description="A JWT of the embedded issuer (`ltl token --person ID`), or of the trusted OIDC issuer.",
        )
        self.action = action
        self.judged = judged
        self.persona = persona
        self.keeps_form = keeps_form
        self.reads = reads

    async def __call__(self, request: Request) -> Actor:
        """Return the actor whom the door let in."""
        return await self.admit(request)

    async def admit(self, request: Request) -> Actor:
        """Return the actor; raises a 401 or 403 problem. What was found is kept for the rest of the request."""
        admitted: Actor | None = getattr(request.state, "actor", None)
        if admitted is not None and getattr(request.state, "action", None) is self.action:
            return admitted
        actor = await self._identify(request)
        # Who is turned away is told so on a page of their own, too.
        request.state.identified = actor
        if not self._opens(actor, request):
            region = _region_in_path(request)
            raise await _denied(request, actor, self.action, [region] if region else [])
        if not self.keeps_form:
            require_fresh_login(dependencies_of(request), actor, self.action)
        request.state.actor = actor
        request.state.action = self.action
        return actor

    async def _identify(self, request: Request) -> Actor:
        deps = dependencies_of(request)

        def count(person: str) -> None:
            admit_person(request, person, uploads=_is_upload(request))

        is_unproven = "authorization" not in request.headers and SESSION_COOKIE not in request.cookies
        if self.persona and deps.page_persona and is_unproven and is_local(request):
            count(deps.page_persona.person)
            return deps.page_persona
        return await authenticated(request, deps, known=count, then=self._reading(request))

    def _reading(self, request: Request) -> Reading | None:
        """Return what reads for the route behind an open door: nothing is read for who is not let in."""
        reads = self.reads
        if reads is None:
            return None

        def read(tx: Connection, actor: Actor) -> None:
            if not self._opens(actor, request):
                return
            try:
                request.state.answer = reads(tx, request, actor)
            except Problem as problem:
                # Told once whoever asked was counted and let in.
                request.state.answer = problem

        return read

    def _opens(self, actor: Actor, request: Request) -> bool:
        if RIGHTS[self.action].reach is not Reach.REGION:
            return can(actor, self.action)
        region = _region_in_path(request)
        if region is not None:
            return can(actor, self.action, region)
        if self.judged is Judged.AT_THE_DOOR:
            return can(actor, self.action)
        return bool(allowed_regions(actor, self.action))


def requires(
    action: Action,
    *,
    judged: Judged = Judged.AT_THE_DOOR,
    persona: bool = False,
    keeps_form: bool = False,
    reads: Reads | None = None,
) -> Any:
    """Declare what a route is for: `actor: Annotated[Actor, requires(Action.DECIDE)]`.

    `persona` is for pages: there the browser on this machine may be taken for `Dependencies.page_persona`.
    A route that `keeps_form` reads what was filled in before it refuses an old login, and must ask `login_too_old`.
    `reads` saves a route that only reads a second transaction, and what FastAPI does for a route with parameters: it
    must judge those that it takes as the route does.
    """
    return Depends(Requirement(action, judged=judged, persona=persona, keeps_form=keeps_form, reads=reads))


def _answer_at_the_door(request: Request) -> Response | None:
    """Return what the route's `reads` answers, None where the route does; raises the problem that it met."""
    answer: Response | Problem | None = getattr(request.state, "answer", None)
    if isinstance(answer, Problem):
        raise answer
    return answer


def login_too_old(request: Request) -> Problem | None:
    """Return the problem of a login that is too old for the route's action; None where it is fresh enough."""
    request.state.login_judged = True
    try:
        require_fresh_login(dependencies_of(request), request.state.actor, request.state.action)
    except Problem as problem:
        return problem
    return None


async def insist(request: Request, regions: Iterable[str], *, product: str | None = None) -> None:
    """Raise a 403 problem (and record it) unless the actor may do the route's action in every one of `regions`.

    Of no regions at all it asks that the role be held for every region.
    """
    actor: Actor = request.state.actor
    action: Action = request.state.action
    concerned = tuple(regions)
    refused = [region for region in concerned if not can(actor, action, region)]
    if refused or (not concerned and not can(actor, action)):
        raise await _denied(request, actor, action, refused, product=product)
    request.state.insisted = True


class GuardedRoute(APIRoute):
    """A route that lets in whoever its requirement allows, and only then reads a body, strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind our door."""
        handler = super().get_route_handler()
        requirement = requirement_of(self.dependant)
        known_queries = frozenset(_queries(self.dependant))
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def guarded(request: Request) -> Response:
            with reading(reader_of(request)):
                return await answered(request)

        async def answered(request: Request) -> Response:
            _refuse_odd_address(request)
            if requirement is not None:
                await requirement.admit(request)
                answer = _answer_at_the_door(request)
                if answer is not None:
                    return answer
            asked = _StrictRequest(request.scope, request.receive)
            if requirement is None or request.method in _SAFE_METHODS or not is_act(request, requirement.action):
                return await behind(asked)
            begin_trail()
            try:
                response = await behind(asked)
            except (Problem, RequestValidationError) as problem:
                await turned_away(asked, requirement.action, problem)
                raise
            await turned_away(asked, requirement.action, response.status_code)
            return response

        async def turned_away(
            request: _StrictRequest, action: Action, refused: Problem | RequestValidationError | int
        ) -> None:
            await turn_away(
                request,
                action,
                self.path,
                refused,
                region=_region_in_path(request),
                parameters=(*known_queries, *self.param_convertors),
                body=request.body_read,
            )

        async def behind(request: _StrictRequest) -> Response:
            if request.method not in _SAFE_METHODS:
                _refuse_unknown_queries(request, known_queries)
                _refuse_packed(request)
            if takes_json:
                _refuse_other_media(request)
            response = await handler(request)
            if (
                requirement is not None
                and requirement.judged is Judged.BY_INSISTING
                and response.status_code < 400
                and not getattr(request.state, "insisted", False)
            ):
                raise RuntimeError(f"{self.path} answers without having insisted on {requirement.action}")
            if (
                requirement is not None
                and requirement.keeps_form
                and response.status_code < 400
                and not getattr(request.state, "login_judged", False)
            ):
                raise RuntimeError(f"{self.path} answers without having judged the login for {requirement.action}")
            return response

        return guarded


def guarded_router(*, prefix: str = "", tags: Sequence[str] = ()) -> APIRouter:
    """Return a router whose routes pass the door; every one of them declares its action."""
    return APIRouter(
        prefix=prefix, tags=list(tags), route_class=GuardedRoute, generate_unique_id_function=_operation_id
    )


def _operation_id(route: APIRoute) -> str:
    """Return the function's name: stable however paths and tags change."""
    return route.name


def requirement_of(dependant: Dependant) -> Requirement | None:
    """Return what a route declares itself to be for; raises ValueError where it declares two things."""
    found = list(_requirements(dependant))
    if len({requirement.action for requirement in found}) > 1:
        raise ValueError(f"{dependant.path} declares more than one action")
    return found[0] if found else None


def _requirements(dependant: Dependant) -> Iterator[Requirement]:
    if isinstance(dependant.call, Requirement):
        yield dependant.call
    for below in dependant.dependencies:
        yield from _requirements(below)


def _queries(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for below in dependant.dependencies:
        yield from _queries(below)


class _StrictRequest(Request):
    """Reads JSON as `parse_json` does."""

    _value: Any

    @property
    def body_read(self) -> bytes | None:
        """The body, where it was read as a whole."""
        return getattr(self, "_body", None)

    async def json(self) -> Any:
        if not hasattr(self, "_value"):
            try:
                self._value = parse_json(await self.body())
            except JsonRefused as refused:
                raise Problem("json-invalid", str(refused)) from refused
        return self._value


async def record_denied(request: Request, regions: Iterable[str], *, product: str | None = None) -> None:
    """Record that the route refused its action, for a reason of its own, to the actor whom the door let in."""
    await _denied(request, request.state.actor, request.state.action, tuple(regions), product=product)


async def _denied(
    request: Request, actor: Actor, action: Action, regions: Sequence[str], *, product: str | None = None
) -> Problem:
    """Record the attempt, one row per region, and return the problem that tells of it."""
    named: Sequence[str | None] = [_slug(region) for region in regions[:_MOST_REGIONS_RECORDED]] or [None]
    attempts = [
        Denial(
            person=actor.person,
            token_id=actor.token_id,
            action=action.value,
            product=_slug(product if product is not None else request.path_params.get("product")),
            region=region,
            method=request.method,
            path=str(request.scope["path"]).encode("ascii", "backslashreplace").decode("ascii")[:_LONGEST_PATH],
            request_id=str(getattr(request.state, "request_id", "")),
            address=address_of(request),
            on_behalf_of=actor.on_behalf_of,
        )
        for region in named
    ]
    await run_in_threadpool(record_denials, dependencies_of(request).store, attempts)
    where = f" in {', '.join(sorted({region for region in named if region}))}" if any(named) else ""
    return not_allowed(action, where)


def _is_upload(request: Request) -> bool:
    path: str = request.scope["path"]
    return path.startswith(UPLOAD_PREFIX) or (request.method == "POST" and path.startswith(PAGE_UPLOAD_PREFIX))


def _slug(value: object) -> str | None:
    return value if isinstance(value, str) and _SLUG.fullmatch(value) else None


def _region_in_path(request: Request) -> str | None:
    region = request.path_params.get("region")
    return None if region is None else str(slugged(region))


def _refuse_odd_address(request: Request) -> None:
    """Refuse control characters, which no address of ours holds and no database takes."""
    asked = (text for pair in request.query_params.multi_items() for text in pair)
    if not all(text.isprintable() for text in (request.scope["path"], *asked)):
        raise Problem("address-invalid", "The address holds a character that does not print.")


def _refuse_unknown_queries(request: Request, known: Collection[str]) -> None:
    """Refuse an act with a parameter that nobody knows here: whoever sent it meant another act than this one."""
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        reason = "There is no such parameter here; nothing was done."
        raise invalid(
            Fault(where="query", path=name[:_LONGEST_NAME], code="extra-forbidden", reason=reason) for name in unknown
        )


def _refuse_packed(request: Request) -> None:
    """Refuse a body that would have to be unpacked: a few thousand bytes of it can stand for gigabytes."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("media-type-not-supported", "Send the body as it is, without a Content-Encoding.")


def _refuse_other_media(request: Request) -> None:
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    media, _, parameters = headers.get("content-type", "").lower().partition(";")
    is_json = media.strip() == "application/json" or re.fullmatch(r"application/[\w.-]+\+json", media.strip())
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", parameters)
    if not is_json or (charset is not None and charset[1] not in {"utf-8", "utf8"}):
        raise Problem("media-type-not-supported", "Send JSON in UTF-8, with Content-Type: application/json.")
