"""What does a person in a browser read when something went wrong?"""

from starlette.requests import Request
from starlette.responses import Response

from api.page_answers import page_response
from api.problems import RETRY_AFTER_SECONDS, Problem
from templates.page_words import TITLES
from templates.pages import FaultLine, ProblemPage, Viewer
from templates.problem_words import ADVICE, OTHERWISE, WITHOUT_BOARD

_MOST_FAULTS = 20


def problem_page(problem: Problem, request: Request, *, request_id: str | None, viewer: Viewer | None) -> Response:
    """Return the answer that tells a person of `problem`, and what to do next."""
    kind = problem.kind
    sees_board = viewer is None or any(place.key == "board" for place in viewer.places)
    page = ProblemPage(
        viewer=viewer,
        refresh_seconds=RETRY_AFTER_SECONDS if kind.status == 503 else None,
        status=kind.status,
        title=TITLES.get(kind.title, kind.title),
        detail="" if problem.detail == kind.title else str(problem.detail),
        advice=ADVICE.get(kind.status, OTHERWISE) if sees_board else WITHOUT_BOARD,
        faults=_faults(problem),
        request_id=request_id,
        sees_board=sees_board,
    )
    return page_response(page, request, status=kind.status, headers=problem.headers)


def _faults(problem: Problem) -> tuple[FaultLine, ...]:
    listed = problem.members.get("errors", ())
    return tuple(FaultLine(path=str(each["path"]), reason=str(each["reason"])) for each in listed[:_MOST_FAULTS])
