"""What is there to be seen of a request once it was answered?"""

# Who asked is an opaque id, where is the template of the route, never the address itself: what people write may stand
# in an address, and whoever watches must not read it.

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOWHERE = "none"
"""The route of a request that met none."""

BROKEN_OFF = 499
"""The status of a request that was never answered: whoever asked had gone."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Seen(NamedTuple):
    """One request, without anything that was said in it."""

    request_id: str
    trace_id: str
    person: str | None
    method: str
    route: str
    status: int
    seconds: float


Observer = Callable[[Seen], None]
"""Told of each request; it must not wait."""


class SeeingMiddleware:
    """Tells observers of each request, outside of everything else."""

    def __init__(self, app: ASGIApp, observers: Iterable[Observer]) -> None:
        self.app = app
        self.observers = tuple(observers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and tell what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = BROKEN_OFF
        begun = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            seen = _seen(scope, status, time.perf_counter() - begun)
            for observer in self.observers:
                observer(seen)


def _seen(scope: Scope, status: int, seconds: float) -> Seen:
    state = scope.get("state", {})
    actor = state.get("actor")
    method = scope["method"]
    return Seen(
        request_id=state.get("request_id", ""),
        trace_id=state.get("trace_id", ""),
        person=None if actor is None else actor.person,
        # Any word may be sent as a method, and each would be counted for ever.
        method=method if method in _METHODS else "other",
        route=getattr(scope.get("route"), "path", NOWHERE),
        status=status,
        seconds=seconds,
    )
