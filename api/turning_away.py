"""How is it recorded that an act was refused before it became a command?"""

# What was sent is not kept: a name is told only where it is one of ours, everything else is a star.

import re
from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.dependencies import dependencies_of
from api.identity import Actor
from api.origin import address_of
from api.problems import Problem, faults_in
from api.rights import Action, right_used
from store.turned_away import FaultKept, TurnedAway, record_turned_away

MOST_FAULTS_KEPT = 20
"""Places kept of one request: whoever has more faults has one cause."""

STATUSES = frozenset({400, 404, 409, 412, 413, 415, 422, 428})
"""How an act is refused that cannot be meant, of what is not there, or on what has moved on; 403 has a record of its
own."""

SHOWN_AGAIN = "form-shown-again"
"""The kind of a refusal that a page told beside its form, where no more is known than its status."""

_LONGEST_PATH = 200
_OURS_BESIDE = frozenset({"names", "versions", "all", "Idempotency-Key", "If-Match"})
_YES = frozenset({"true", "1", "on", "yes", "t", "y"})
_SLUG = re.compile(r"[a-z0-9-]{1,64}")


class _Trail:
    """Whether a request reached the command log, which then tells what became of it."""

    is_logged = False


_TRAIL: ContextVar[_Trail | None] = ContextVar("trail", default=None)


def begin_trail() -> None:
    """Begin to notice whether this request reaches the command log."""
    _TRAIL.set(_Trail())


def note_logged() -> None:
    """Note that this request has reached the command log."""
    trail = _TRAIL.get()
    if trail is not None:
        trail.is_logged = True


def is_act(request: Request, action: Action) -> bool:
    """Say whether a request means to change something: no reading by POST, and no rehearsal."""
    rehearsed = request.query_params.get("rehearse", "").lower() in _YES
    return not (rehearsed or action is Action.PROPOSE_TIER or action.value.startswith("read_"))


async def turn_away(
    request: Request,
    action: Action,
    route: str,
    refused: Problem | RequestValidationError | int,
    *,
    region: str | None,
    parameters: Collection[str],
    body: bytes | None,
) -> None:
    """Record a refusal, or the bare status of a page that tells of one, unless the command log has the request."""
    trail = _TRAIL.get()
    if trail is not None and trail.is_logged:
        return
    status, slug, found, count = _told(refused)
    if status not in STATUSES:
        return
    actor: Actor = request.state.actor
    role = right_used(actor, action, region)
    attempt = TurnedAway(
        person=actor.person,
        on_behalf_of=actor.on_behalf_of,
        token_id=actor.token_id,
        authenticated_at=actor.logged_in_at,
        role=role.value if role is not None else None,
        action=action.value,
        product=_slug(request.path_params.get("product")),
        region=_slug(region),
        method=request.method,
        route=route,
        status=status,
        problem=slug,
        faults=[_kept(each, parameters) for each in found],
        fault_count=count,
        body_digest=f"sha256:{sha256(body).hexdigest()}" if body else None,
        request_id=str(getattr(request.state, "request_id", "")),
        address=address_of(request),
    )
    await run_in_threadpool(record_turned_away, dependencies_of(request).store, attempt)


def _told(refused: Problem | RequestValidationError | int) -> tuple[int, str, list[Mapping[str, Any]], int]:
    """Return status and kind of the refusal, its first faults, and how many there are."""
    if isinstance(refused, int):
        return refused, SHOWN_AGAIN, [], 0
    if isinstance(refused, RequestValidationError):
        faults = faults_in(refused)
        return 422, "request-invalid", [each.model_dump() for each in faults[:MOST_FAULTS_KEPT]], len(faults)
    listed = refused.members.get("errors") or []
    count = len(listed) + int(refused.members.get("errors_left_out", 0))
    return refused.status_code, refused.kind.slug, listed[:MOST_FAULTS_KEPT], count


def _kept(fault: Mapping[str, Any], parameters: Collection[str]) -> FaultKept:
    where = str(fault["in"])
    known = _names_of_ours() if where == "body" else frozenset(parameters) | _OURS_BESIDE
    path = ".".join(_steps(str(fault["path"]), known)).replace(".[", "[")
    return FaultKept(where, path[:_LONGEST_PATH], str(fault["code"]))


def _steps(path: str, known: Collection[str]) -> Iterator[str]:
    for step in re.findall(r"\[\d{1,9}\]|[^.\[]+|\[", path)[:_LONGEST_PATH]:
        yield step if step in known or re.fullmatch(r"\[\d{1,9}\]", step) else "*"


@cache
def _names_of_ours() -> frozenset[str]:
    """Return every name that a field of a model of ours has; all of them are loaded once a request is answered."""
    names = set(_OURS_BESIDE)
    models: list[type[BaseModel]] = [BaseModel]
    while models:
        below = models.pop().__subclasses__()
        models += below
        for model in below:
            if model.__module__.partition(".")[0] in {"api", "readiness"}:
                names.update(model.model_fields)
                names.update(field.alias for field in model.model_fields.values() if field.alias)
    return frozenset(names)


def _slug(value: object) -> str | None:
    return value if isinstance(value, str) and _SLUG.fullmatch(value) else None
