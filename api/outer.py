"""What does every answer carry, and what answers when nothing else did?"""

import logging
import re
import secrets

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.page_answers import wants_page
from api.problem_pages import problem_page
from api.problems import Problem, response_of

REQUEST_ID = "X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

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
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
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
                response = problem_page(problem, request_id=request_id, viewer=None)
            else:
                response = response_of(problem, request_id=request_id)
            await response(scope, receive, dressed)


def _request_id(scope: Scope) -> str:
    """Return the id that a proxy gave the request, where it is one, else a new one."""
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
