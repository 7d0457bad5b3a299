"""How large may a body be, before anything reads it?"""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, response_of


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
        limit = self.limits.of(scope["path"])
        declared = Headers(scope=scope).getlist("content-length")
        refusal = _refusal_of(declared, limit)
        if refusal is not None:
            request_id = scope.get("state", {}).get("request_id")
            await response_of(refusal, request_id=request_id)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    raise _too_large(limit)
            return message

        await self.app(scope, counted, send)


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
