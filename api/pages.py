"""Which pages are there for people, and at which addresses?"""

from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.board_page import board_page
from api.conditional import KnownTags, not_modified
from api.dependencies import Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.launch_page import launch_page
from api.packing import packed_tag, takes_packed
from api.page_answers import LOCAL_PATH, page_response
from api.page_forms import filled_in
from api.problems import Fault, Problem, invalid
from api.readers import LANGUAGE_COOKIE
from api.region_page import region_page
from api.rights import Action
from api.running import running_of
from api.visits import keep_visit, visit_of
from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from readiness.values import slugged
from templates.assets import asset_of_file
from templates.language import LANGUAGES
from templates.pages import Filters, Sort

STATIC_PATH = "/static/{file}"

LANGUAGE_PATH = "/language"

OPEN_PAGE_PATHS = frozenset({STATIC_PATH, LANGUAGE_PATH})
"""What a browser may load without being let in: style sheets and pictures, which hold nothing of anybody's;
and where it says in which language it reads."""

_LONGEST_NUMBER = 6
_A_YEAR = 31_536_000
_LASTING = "public, max-age=31536000, immutable"

Slugs = Annotated[str, Query(max_length=64)]
Searched = Annotated[str, Query(max_length=100)]
Words = Annotated[str, Query(max_length=32)]
Kind = TypeVar("Kind", bound=StrEnum)


async def asked_filters(
    q: Searched = "",
    product: Slugs = "",
    region: Slugs = "",
    verdict: Words = "",
    rag: Words = "",
    stage: Words = "",
    tier: Words = "",
    wave: Words = "",
    sort: Words = "",
    live: Words = "",
) -> Filters:
    """Return what the address asks of the board; an empty field, as forms send it, asks for nothing."""
    return Filters(
        words=q.strip() or None,
        product=str(slugged(product)) or None,
        region=str(slugged(region)) or None,
        verdict=_one_of(Verdict, "verdict", verdict),
        rag=_one_of(Rag, "rag", rag),
        stage=_one_of(Stage, "stage", stage),
        tier=_number("tier", tier),
        wave=_number("wave", wave),
        sort=_one_of(Sort, "sort", sort) or Sort.NAME,
        paused=live == "off",
    )


def pages_router() -> APIRouter:
    """Return the routes of pages, for `create_app(pages=[…], open_paths=OPEN_PAGE_PATHS)`."""
    router = guarded_router()
    router.add_api_route("/", show_board, methods=["GET"], response_model=None)
    router.add_api_route("/launches/{product}", show_launch, methods=["GET"], response_model=None)
    router.add_api_route("/launches/{product}/{region}", show_region, methods=["GET"], response_model=None)
    router.add_api_route(LANGUAGE_PATH, choose_language, methods=["POST"], response_model=None)
    router.add_api_route(STATIC_PATH, show_asset, methods=["GET"], response_model=None)
    return router


async def show_board(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)],
    filters: Annotated[Filters, Depends(asked_filters)],
    after: Slugs = "",
) -> Response:
    """Show where every launch stands, product by region."""
    running = await running_of(deps, actor)

    def shown() -> Response:
        visit = visit_of(request, now=deps.clock())
        answer = page_response(
            board_page(deps, actor, filters, after=after or None, last_visit=visit.before_at, running=running),
            request,
        )
        keep_visit(answer, visit)
        return answer

    # Rendered beside the loop too: a board of 400 cells would make everybody else wait.
    return await run_in_threadpool(shown)


async def show_launch(
    request: Request,
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)],
    chart: Slugs = "",
) -> Response:
    """Show one product: its regions beside each other on one line of time, and on whom they wait."""

    def shown() -> Response:
        page = launch_page(deps, actor, str(slugged(product)), chart=str(slugged(chart)) or None)
        return page_response(page, request)

    return await run_in_threadpool(shown)


async def show_region(
    request: Request,
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_READINESS, persona=True)],
    opened: Annotated[str, Query(alias="open", max_length=32)] = "",
) -> Response:
    """Show one region: its path, its criteria, who holds the ball, the decision, what happened and what to do."""

    def shown() -> Response:
        page = region_page(deps, actor, str(slugged(product)), str(slugged(region)), opened=opened or None)
        return page_response(page, request)

    return await run_in_threadpool(shown)


async def choose_language(request: Request) -> Response:
    """Keep the language that somebody wants to read from now on; it lies in their browser alone."""
    filled = await filled_in(request)
    chosen, return_to = filled.get("language", ""), filled.get("return_to", "/")
    answer = RedirectResponse(return_to if LOCAL_PATH.fullmatch(return_to) else "/", status_code=303)
    if chosen in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_A_YEAR, httponly=True, samesite="lax")
    return answer


async def show_asset(request: Request, file: str, if_none_match: KnownTags = None) -> Response:
    """Answer with a style sheet or picture, which a browser may keep: its address changes with its content."""
    asset = asset_of_file(file)
    if asset is None:
        raise Problem(
            "not-found", "There is no such file, or not in this version; reload the page that asked for it."
        )
    tag = f'"{file}"'
    lasting = {"ETag": tag, "Cache-Control": _LASTING, "Vary": "Accept-Encoding"}
    known = not_modified(if_none_match, tag)
    if known is not None or not takes_packed(request.headers):
        return known or Response(asset.content, headers=lasting, media_type=asset.media_type)
    packed = {**lasting, "ETag": packed_tag(tag), "Content-Encoding": "gzip"}
    return Response(asset.packed, headers=packed, media_type=asset.media_type)


def _number(name: str, value: str) -> int | None:
    if not value:
        return None
    if not value.isascii() or not value.isdigit():
        raise invalid([Fault(where="query", path=name, code="int-parsing", reason="Give a whole number here.")])
    return int(value[:_LONGEST_NUMBER])


def _one_of(kind: type[Kind], name: str, value: str) -> Kind | None:
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(member.value for member in kind)
        fault = Fault(where="query", path=name, code="enum", reason=f"Choose one of {choices}, or leave it out.")
        raise invalid([fault]) from None
