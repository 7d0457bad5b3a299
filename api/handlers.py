"""How does whatever goes wrong become a problem?"""

from typing import cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from api.page_answers import identified_viewer, wants_page
from api.problem_pages import problem_page
from api.problems import Problem, faults_in, invalid, response_of
from api.telling import TOLD_BY_THEMSELVES, problem_for

_SLUG_OF_STATUS = {
    401: "token-invalid",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "content-too-large",
    415: "media-type-not-supported",
}

_DETAIL_OF_STATUS = {
    404: "There is nothing at this address.",
    413: "The body is larger than is taken here.",
    415: "The body is of a kind that is not taken here.",
}


def install_handlers(app: FastAPI) -> None:
    """Make `app` answer every error as a problem."""
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    for kind in TOLD_BY_THEMSELVES:
        app.add_exception_handler(kind, _told_by_itself)


def answer(request: Request, problem: Problem) -> Response:
    """Return the response that tells of `problem`, with the id of the request; to a browser as a page."""
    request_id = getattr(request.state, "request_id", None)
    if wants_page(request.scope["path"], request.headers):
        return problem_page(problem, request, request_id=request_id, viewer=identified_viewer(request))
    return response_of(problem, request_id=request_id)


def allowed_methods(app: FastAPI, path: str) -> tuple[str, ...]:
    """Return every method that some route takes at `path`, sorted; the router itself knows the first route only."""
    methods: set[str] = set()
    for context in iter_route_contexts(app.routes):
        if context.path is not None and context.methods and compile_path(context.path)[0].match(path):
            methods |= context.methods
    # A HEAD is answered wherever a GET is (api/heads.py).
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))


async def _http_exception(request: Request, error: Exception) -> Response:
    raised = cast(HTTPException, error)
    if isinstance(raised, Problem):
        return answer(request, raised)
    status = raised.status_code
    headers: dict[str, str] = dict(raised.headers or {})
    if status == 405:
        methods = allowed_methods(request.app, request.scope["path"])
        detail = f"This address knows {', '.join(methods)} only."
        return answer(
            request, Problem("method-not-allowed", detail, headers={**headers, "Allow": ", ".join(methods)})
        )
    slug = _SLUG_OF_STATUS.get(status, "request-refused" if status < 500 else "failed")
    detail = _DETAIL_OF_STATUS.get(status, "The request could not be read.")
    return answer(request, Problem(slug, detail, headers=headers))


async def _validation_error(request: Request, error: Exception) -> Response:
    return answer(request, invalid(faults_in(cast(RequestValidationError, error))))


async def _told_by_itself(request: Request, error: Exception) -> Response:
    return answer(request, problem_for(error))
