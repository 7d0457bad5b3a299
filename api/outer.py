"""What does every answer carry, and what answers when nothing else did?"""

import logging
import re
import secrets

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.page_answers import wants_page
from api.problem_pages import problem_page
from api.problems import Problem, response_of

REQUEST_ID = "X-Request-Id"
TRACE_PARENT = "traceparent"
"""The header of W3C Trace Context by which a request belongs to a trace."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")

SECURITY_HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    # Answers depend on the token; a shared cache must not keep a go beyond its life.
    ("Cache-Control", "no-store"),
)
"""Added unless the answer has its own, as pages do."""

_OVER_HTTP = tuple((name.lower().encode("ascii"), value.encode("ascii")) for name, value in SECURITY_HEADERS)
_OVER_HTTPS = (*_OVER_HTTP, (b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

_log = logging.getLogger("learn_then_launch.api")


class OuterMiddleware:
    """Numbers requests, adds the security headers, and answers 500 without telling what broke."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and see that some answer leaves."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, _trace_id = ids_of(scope)
        started = False

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = list(message.get("headers", ()))
                own = {name.lower() for name, _ in headers}
                ours = _OVER_HTTPS if scope.get("scheme") == "https" else _OVER_HTTP
                headers.extend(header for header in ours if header[0] not in own)
                headers.append((b"x-request-id", request_id.encode("ascii")))
                message["headers"] = headers
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, dressed)
        except ClientDisconnect:
            _log.info("request %s: the client left before it was read", request_id)
        except Exception:
            if started:
                # Half an answer is out: only a broken connection tells the reader so.
                raise
            _log.exception("request %s failed", request_id)
            problem = Problem("failed", "Something went wrong on our side; the request id leads to it in the log.")
            if wants_page(scope["path"], Headers(scope=scope)):
                response = problem_page(problem, Request(scope), request_id=request_id, viewer=None)
            else:
                response = response_of(problem, request_id=request_id)
            await response(scope, receive, dressed)
        finally:
            # The next request of this connection may be answered by the same task.
            structlog.contextvars.unbind_contextvars("request_id")


def ids_of(scope: Scope) -> tuple[str, str]:
    """Return the request's id and that of its trace, the same each time it is asked."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"], state["trace_id"] = _ids(scope)
    return state["request_id"], state["trace_id"]


def _ids(scope: Scope) -> tuple[str, str]:
    """Return the request's id and that of its trace, which are one and the same wherever they can be.

    That is the trace that the request says it belongs to, or the id that a proxy gave it, a UUID for example; where
    that id cannot be one of a trace, and where there is none, a trace of its own begins.
    """
    headers = Headers(scope=scope)
    parent = _TRACE_PARENT.fullmatch(headers.get(TRACE_PARENT, ""))
    if parent is not None:
        return parent[1], parent[1]
    given = headers.get(REQUEST_ID, "")
    if not _REQUEST_ID.fullmatch(given):
        made = secrets.token_hex(16)
        return made, made
    plain = given.replace("-", "").lower()
    return given, plain if _TRACE_ID.fullmatch(plain) else secrets.token_hex(16)
