"""What does a person in a browser read when something went wrong?"""

from starlette.requests import Request
from starlette.responses import Response

from api.page_answers import page_response
from api.problems import RETRY_AFTER_SECONDS, Problem
from templates.pages import FaultLine, ProblemPage, Viewer

_MOST_FAULTS = 20

_ADVICE: dict[int, tuple[str, ...]] = {
    400: ("Check the address, or begin again at the board.",),
    401: (
        "On the machine that runs Learn Then Launch, open the address that `ltl up` printed.",
        "From elsewhere, send a token with each request; `ltl token --person ID` mints one.",
    ),
    403: (
        "Ask whoever gives out roles for one that covers this region.",
        "The board shows what you may see already; what is due for you yourself stands at /me.",
    ),
    404: ("Look for it on the board, which lists every launch that you may see.",),
    422: ("Mend what is named above, or begin again at the board.",),
    500: ("Try again; if it goes on, give the request below to whoever runs this installation.",),
    503: ("Nothing was changed by asking. Wait a moment; nothing launches on a guess meanwhile.",),
}
_OTHERWISE = ("Go back to the board and try again from there.",)


def problem_page(problem: Problem, request: Request, *, request_id: str | None, viewer: Viewer | None) -> Response:
    """Return the answer that tells a person of `problem`, and what to do next."""
    kind = problem.kind
    page = ProblemPage(
        viewer=viewer,
        refresh_seconds=RETRY_AFTER_SECONDS if kind.status == 503 else None,
        status=kind.status,
        title=kind.title.rstrip("."),
        detail=str(problem.detail),
        advice=_ADVICE.get(kind.status, _OTHERWISE),
        faults=_faults(problem),
        request_id=request_id,
    )
    return page_response(page, request, status=kind.status, headers=problem.headers)


def _faults(problem: Problem) -> tuple[FaultLine, ...]:
    listed = problem.members.get("errors", ())
    return tuple(FaultLine(path=str(each["path"]), reason=str(each["reason"])) for each in listed[:_MOST_FAULTS])
