"""Does an act come from a page of somebody else?"""

# Browsers say where a request comes from (Fetch Metadata), and no page can make them say otherwise; programs say
# nothing. Whatever a browser sends along for its person, no page elsewhere makes use of it.

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, response_of

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})


class CrossSiteMiddleware:
    """Refuses acts that a browser sends for a page of another site, before anything else is looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it is such an act."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and _is_foreign(Headers(scope=scope)):
            problem = Problem(
                "cross-site",
                "A page of another site sent this, so nothing was done. Act on our own pages, or with a program.",
                headers={"Connection": "close"},
            )
            await response_of(problem, request_id=scope.get("state", {}).get("request_id"))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OURS
    origin = headers.get("origin")
    # A browser too old to say its site still says its origin, which may be of the one host that was asked.
    return origin is not None and origin.partition("://")[2] != headers.get("host")
