"""How large may a head and a body be, before anything reads them?"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.page_answers import wants_page
from api.problem_pages import problem_page
from api.problems import Problem, response_of

HEAD_LIMIT = 32 * 1024
"""Bytes of address and headers together. The parser of HTTP stops a head that does not end, but takes what comes at
once."""

LINGERING = timedelta(seconds=2)
"""How long what is still sent after a refusal is taken and forgotten: a connection that is closed while somebody
sends is reset, and with it goes an answer that was not read yet."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes allowed: `default`, but for paths that begin with one of `exceptions`."""

    default: int
    exceptions: tuple[tuple[str, int], ...] = ()

    def of(self, path: str) -> int:
        """Return the bytes allowed at `path`."""
        return next((limit for prefix, limit in self.exceptions if path.startswith(prefix)), self.default)


class BodyLimitMiddleware:
    """Answers 413 from the declared length alone, and stops a body that turns out longer than allowed."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _head_bytes(scope) > HEAD_LIMIT:
            problem = Problem("head-too-large", f"Address and headers may have {HEAD_LIMIT} bytes at most.")
            await response_of(problem, request_id=scope.get("state", {}).get("request_id"))(scope, receive, send)
            return
        limit = self.limits.of(scope["path"])
        declared = Headers(scope=scope).getlist("content-length")
        refusal = _refusal_of(declared, limit)
        if refusal is not None:
            await _told(refusal, scope)(scope, receive, _lingering(receive, send))
            return
        received = 0
        leave = send

        async def counted() -> Message:
            nonlocal received, leave
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    leave = _lingering(receive, send)
                    raise _too_large(limit)
            return message

        async def answer(message: Message) -> None:
            await leave(message)

        await self.app(scope, counted, answer)


def _told(refusal: Problem, scope: Scope) -> ASGIApp:
    request_id = scope.get("state", {}).get("request_id")
    if wants_page(scope["path"], Headers(scope=scope)):
        return problem_page(refusal, Request(scope), request_id=request_id, viewer=None)
    return response_of(refusal, request_id=request_id)


def _head_bytes(scope: Scope) -> int:
    address = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
    return address + sum(len(name) + len(value) for name, value in scope["headers"])


def _lingering(receive: Receive, send: Send) -> Send:
    """Return a `send` that delivers the whole answer, and ends it once the other side has stopped sending."""

    async def deliver(message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await send(message)
            return
        await send({**message, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGERING.total_seconds()):
                while (await receive()).get("more_body", False):
                    pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return deliver


def _refusal_of(declared: list[str], limit: int) -> Problem | None:
    if not declared:
        return None
    length = declared[0].strip()
    if len(set(declared)) > 1 or not (length.isascii() and length.isdigit()):
        return Problem("body-unreadable", "Content-Length is not one whole number.", headers={"Connection": "close"})
    # A number of twenty digits is refused by its length, without being computed.
    return _too_large(limit) if len(length.lstrip("0")) > 18 or int(length) > limit else None


def _too_large(limit: int) -> Problem:
    # What is left of the body is never read, so the connection cannot be used again.
    return Problem("content-too-large", f"At most {limit} bytes are taken here.", headers={"Connection": "close"})
