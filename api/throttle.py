"""Has somebody asked for so much that others would wait for it?"""

# Before anybody is known there is only an address to count by, and behind a proxy all come from one. So nobody is
# turned away there who can say who they are: an address is counted for what fails to say so, and for what is asked
# without saying. Counted is in this process alone: several web processes allow so many times as much, which is well
# below what any of them bears.

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, response_of

MOST_COUNTED = 50_000
"""People and addresses remembered at once; whoever asked the longest ago is forgotten first."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEALTH = frozenset({"/livez", "/readyz"})


class Kind(StrEnum):
    """What is asked for; each kind is counted apart, so that nobody who reads too much cannot act."""

    READING = "reading"
    ACTING = "acting"
    UPLOADING = "uploading"
    ANONYMOUS = "anonymous"
    """Asked for without saying who asks, by address."""
    FAILING = "failing"
    """Tokens that proved nothing, by address."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds, of which all may come at once."""

    requests: int
    seconds: int


GENEROUS: Mapping[Kind, Rate] = {
    # A board with all that it links to is a dozen requests, and a script may read a hundred in a second.
    Kind.READING: Rate(6_000, 60),
    # Somebody who signs fifty regions one by one acts fifty times; a programme of launches a thousand.
    Kind.ACTING: Rate(1_200, 60),
    # A file is loaded in seconds, and the next of its kind waits for it.
    Kind.UPLOADING: Rate(120, 60),
    Kind.ANONYMOUS: Rate(6_000, 60),
    # Ten forgotten programs that try an expired token every two seconds.
    Kind.FAILING: Rate(300, 60),
}
"""What holds where nothing is set."""


class Allowance(NamedTuple):
    """What one request found: whether it may go on, how many more may come now, and in how many seconds all may."""

    kind: Kind
    rate: Rate
    allowed: bool
    left: int
    full_after: float
    again_after: float

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header fields of draft-ietf-httpapi-ratelimit-headers-10."""
        return (
            ("RateLimit-Policy", f'"{self.kind}";q={self.rate.requests};w={self.rate.seconds}'),
            ("RateLimit", f'"{self.kind}";r={self.left};t={math.ceil(self.full_after)}'),
        )


class Throttle:
    """Counts by the generic cell rate algorithm: one number per counter, which needs no clearing up to stay right."""

    def __init__(self, rates: Mapping[Kind, Rate] = GENEROUS, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        # By kind and who: when all of it is allowed again.
        self._full_at: dict[tuple[Kind, str], float] = {}

    def admit(self, kind: Kind, who: str) -> Allowance | None:
        """Count one request; None where this kind is not limited. It never waits and calls nothing."""
        rate = self._rates.get(kind)
        if rate is None:
            return None
        now = self._clock()
        counter = (kind, who)
        each = rate.seconds / rate.requests
        owed = max(self._full_at.pop(counter, now) - now, 0.0)
        allowed = owed + each <= rate.seconds + 1e-9
        if allowed:
            owed += each
        # Taken out and put back it is the youngest, so the first is whoever asked the longest ago.
        self._full_at[counter] = now + owed
        if len(self._full_at) > MOST_COUNTED:
            del self._full_at[next(iter(self._full_at))]
        left = int((rate.seconds - owed) / each + 1e-9)
        return Allowance(kind, rate, allowed, left, owed, 0.0 if allowed else owed + each - rate.seconds)


def peer_of(request: Request) -> str | None:
    """Return the address at the other end of the connection."""
    return request.client.host if request.client is not None else None


class ThrottleMiddleware:
    """Counts what is asked anonymously and what fails to say who asks; `admit_person` counts the others."""

    def __init__(
        self, app: ASGIApp, throttle: Throttle, address_of: Callable[[Request], str | None] = peer_of
    ) -> None:
        self.app = app
        self.throttle = throttle
        self.address_of = address_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless there were too many."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["throttle"] = self.throttle
        address = self.address_of(Request(scope)) or ""
        request_id = state.get("request_id")
        if not any(name in {b"authorization", b"cookie"} for name, _ in scope["headers"]):
            allowance = state["allowance"] = self.throttle.admit(Kind.ANONYMOUS, address)
            if allowance is not None and not allowance.allowed:
                await response_of(too_many(allowance), request_id=request_id)(scope, receive, send)
                return
        replaced = False

        async def counted(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                if message["status"] == 401:
                    failing = self.throttle.admit(Kind.FAILING, address)
                    if failing is not None and not failing.allowed:
                        replaced = True
                        await response_of(too_many(failing), request_id=request_id)(scope, receive, send)
                        return
                found: Allowance | None = state.get("allowance")
                if found is not None and message["status"] != 429:
                    told = [(name.lower().encode(), value.encode()) for name, value in found.headers]
                    message = {**message, "headers": [*message.get("headers", ()), *told]}
            if not replaced:
                await send(message)

        await self.app(scope, receive, counted)


def admit_person(request: Request, person: str, *, uploads: bool = False) -> None:
    """Count a request of somebody who said who they are; raises the problem `too-many-requests`."""
    throttle: Throttle | None = getattr(request.state, "throttle", None)
    if throttle is None:
        return
    kind = Kind.READING if request.method in _SAFE_METHODS else Kind.UPLOADING if uploads else Kind.ACTING
    allowance = throttle.admit(kind, person)
    request.state.allowance = allowance
    if allowance is not None and not allowance.allowed:
        raise too_many(allowance)


def too_many(allowance: Allowance) -> Problem:
    """Return the 429 that says when to come again."""
    wait = max(1, math.ceil(allowance.again_after))
    rate = allowance.rate
    return Problem(
        "too-many-requests",
        f"At most {rate.requests} requests of this kind ({allowance.kind}) are taken in {rate.seconds} seconds. "
        f"Nothing of this one was done; send it again in {wait} seconds.",
        headers={"Retry-After": str(wait), **dict(allowance.headers)},
    )
