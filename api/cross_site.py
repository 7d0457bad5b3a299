"""Does an act come from a page of somebody else?"""

# Browsers say where a request comes from (Fetch Metadata), and no page can make them say otherwise; programs say
# nothing. So an act that a session's cookie stands for, which only browsers have, must say that it comes from our own
# pages; any other must not say that it comes from elsewhere.

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, response_of
from api.standing import SESSION_COOKIE

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSiteMiddleware:
    """Refuses acts that a browser sends for a page of another site, before anything else is looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it is such an act."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and not _is_ours(HTTPConnection(scope)):
            problem = Problem(
                "cross-site",
                "A page of another site sent this, so nothing was done. Act on our own pages, or with a program.",
                headers={"Connection": "close"},
            )
            await response_of(problem, request_id=scope.get("state", {}).get("request_id"))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_ours(request: HTTPConnection) -> bool:
    is_by_cookie = SESSION_COOKIE in request.cookies and "authorization" not in request.headers
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        # `none` is what a person does in the browser itself, such as typing an address: no page of ours does that.
        return site == "same-origin" or (site == "none" and not is_by_cookie)
    if "origin" in request.headers:
        # A browser too old to say its site still says its origin, which may be of the one host that was asked.
        return _is_of_host(request.headers)
    return not is_by_cookie


def _is_of_host(headers: Headers) -> bool:
    try:
        origin = urlsplit(headers["origin"])
    except ValueError:
        return False
    return origin.scheme in {"http", "https"} and origin.netloc == headers.get("host")
