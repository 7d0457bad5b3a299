"""How are the routes put together into one application?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute

from api.cross_site import CrossSiteMiddleware
from api.dependencies import PAGE_UPLOAD_PREFIX, UPLOAD_PREFIX, Dependencies
from api.guard import GuardedRoute, guarded_router, requirement_of, requires
from api.handlers import install_handlers
from api.heads import HeadMiddleware
from api.health import health_router
from api.identity import Actor
from api.limits import BodyLimitMiddleware, BodyLimits
from api.openapi import describe
from api.origin import address_of
from api.outer import OuterMiddleware
from api.packing import PackingMiddleware
from api.reference import reference_router
from api.rights import Action
from api.seen import SeeingMiddleware
from api.throttle import ThrottleMiddleware

OPENAPI_PATH = "/openapi.json"

OPEN_PATHS: dict[str, str] = {
    "/livez": "A supervisor asks whether the process lives; it tells nothing else.",
    "/readyz": "A load balancer asks whether the process can answer.",
    "/.well-known/jwks.json": "Public keys are public: without them nobody could check a permit offline.",
    "/permits/verify": "Whoever holds a permit may see what it is worth; it shows nothing to who holds none.",
}
"""What answers without a token, and why; nothing else does but what pages are made of."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class RouteUndeclared(Exception):  # noqa: N818 - named as what is wrong with the route.
    """A route does not say what it is for, so that nobody could be refused there."""


def create_app(
    dependencies: Dependencies,
    *,
    routers: Sequence[APIRouter] = (),
    pages: Sequence[APIRouter] = (),
    open_paths: Iterable[str] = (),
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Return the application: health, problem types, `routers` (the API) and `pages` (left out of the description).

    `open_paths` are paths of pages that anyone may read, a style sheet for example. Raises RouteUndeclared for a
    route that is neither open nor declares its action, and ValueError where two routes share an operation id.
    """
    # The routes themselves, as starlette takes them: `include_router` would take every one of them apart anew for
    # each application, which takes longer than all the rest of it.
    app = FastAPI(
        routes=[
            *_routes_of((health_router(), reference_router(), _description_router(), *routers)),
            *_hidden(_routes_of(pages)),
        ],
        title="Learn Then Launch",
        version=dependencies.settings.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # A validation error's record would hold what people sent.
        telemetry={"logs": False},
    )
    app.state.dependencies = dependencies
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it.
    install_handlers(app)
    settings = dependencies.settings
    for_files = tuple((prefix, settings.upload_limit) for prefix in (UPLOAD_PREFIX, PAGE_UPLOAD_PREFIX))
    limits = BodyLimits(settings.body_limit, for_files)
    app.add_middleware(PackingMiddleware)
    app.add_middleware(BodyLimitMiddleware, limits=limits)
    app.add_middleware(HeadMiddleware)
    if dependencies.throttle is not None:
        app.add_middleware(ThrottleMiddleware, throttle=dependencies.throttle, address_of=address_of)
    app.add_middleware(CrossSiteMiddleware)
    app.add_middleware(OuterMiddleware)
    if dependencies.observers:
        app.add_middleware(SeeingMiddleware, observers=dependencies.observers)
    _check_routes(app, frozenset(OPEN_PATHS) | frozenset(open_paths))
    return app


def declared_actions(app: FastAPI) -> dict[tuple[str, str], Action | None]:
    """Return the declared action of every (method, path) of `app`, None where a route declares none."""
    actions: dict[tuple[str, str], Action | None] = {}
    for context in iter_route_contexts(app.routes):
        for method in sorted(context.methods or {"*"}):
            actions[(method, context.path or "*")] = _declared(context)
    return actions


def _declared(context: RouteContext) -> Action | None:
    route = context.original_route
    # A requirement on a route of another class would be judged after the body was read.
    if not isinstance(route, GuardedRoute):
        return None
    requirement = requirement_of(route.dependant)
    return requirement.action if requirement is not None else None


def _check_routes(app: FastAPI, open_paths: frozenset[str]) -> None:
    undeclared = [
        f"{method} {path}"
        for (method, path), action in declared_actions(app).items()
        if action is None and path not in open_paths
    ]
    if undeclared:
        raise RouteUndeclared(f"no action is declared for {', '.join(undeclared)}")
    names = [context.name for context in iter_route_contexts(app.routes)]
    twice = sorted({name for name in names if name is not None and names.count(name) > 1})
    if twice:
        raise ValueError(f"two routes share the operation id {', '.join(twice)}")


def _routes_of(routers: Iterable[APIRouter]) -> Iterator[BaseRoute]:
    for router in routers:
        yield from router.routes


def _hidden(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Yield the routes of pages, which the description of the API leaves out."""
    for route in routes:
        if isinstance(route, APIRoute):
            route.include_in_schema = False
        yield route


def _description_router() -> APIRouter:
    router = guarded_router()
    router.add_api_route(OPENAPI_PATH, openapi, methods=["GET"], include_in_schema=False, response_model=None)
    return router


async def openapi(
    request: Request, actor: Annotated[Actor, requires(Action.READ_REFERENCE, persona=True)]
) -> JSONResponse:
    """Describe the API, in OpenAPI 3.1."""
    del actor
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": "no-cache"})


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema
