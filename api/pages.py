"""Which pages are there for people, and at which addresses?"""

from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.board_page import board_page
from api.conditional import Conditional
from api.dependencies import Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.launch_page import launch_page
from api.page_answers import page_response
from api.problems import Fault, Problem, invalid
from api.region_page import region_page
from api.rights import Action
from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from readiness.values import slugged
from templates.assets import asset_of_file
from templates.pages import Filters

STATIC_PATH = "/static/{file}"

OPEN_PAGE_PATHS = frozenset({STATIC_PATH})
"""What a browser may load without being let in: style sheets and pictures, which hold nothing of anybody's."""

_LASTING = "public, max-age=31536000, immutable"

Slugs = Annotated[str, Query(max_length=64)]
Words = Annotated[str, Query(max_length=32)]
Kind = TypeVar("Kind", bound=StrEnum)


def asked_filters(
    product: Slugs = "", region: Slugs = "", verdict: Words = "", rag: Words = "", stage: Words = "", live: Words = ""
) -> Filters:
    """Return what the address asks of the board; an empty field, as forms send it, asks for nothing."""
    return Filters(
        product=str(slugged(product)) or None,
        region=str(slugged(region)) or None,
        verdict=_one_of(Verdict, "verdict", verdict),
        rag=_one_of(Rag, "rag", rag),
        stage=_one_of(Stage, "stage", stage),
        paused=live == "off",
    )


def pages_router() -> APIRouter:
    """Return the routes of pages, for `create_app(pages=[…], open_paths=OPEN_PAGE_PATHS)`."""
    router = guarded_router()
    router.add_api_route("/", show_board, methods=["GET"], response_model=None)
    router.add_api_route("/launches/{product}", show_launch, methods=["GET"], response_model=None)
    router.add_api_route("/launches/{product}/{region}", show_region, methods=["GET"], response_model=None)
    router.add_api_route(STATIC_PATH, show_asset, methods=["GET"], response_model=None)
    return router


async def show_board(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)],
    filters: Annotated[Filters, Depends(asked_filters)],
    after: Slugs = "",
) -> Response:
    """Show where every launch stands, product by region."""

    def shown() -> Response:
        return page_response(board_page(deps, actor, filters, after=after or None))

    # Rendered beside the loop too: a board of 400 cells would make everybody else wait.
    return await run_in_threadpool(shown)


async def show_launch(
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER, persona=True)],
) -> Response:
    """Show one product: its regions beside each other on one line of time, and on whom they wait."""

    def shown() -> Response:
        return page_response(launch_page(deps, actor, str(slugged(product))))

    return await run_in_threadpool(shown)


async def show_region(
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_READINESS, persona=True)],
) -> Response:
    """Show one region: its path, its criteria, who holds the ball, the decision and what happened."""

    def shown() -> Response:
        return page_response(region_page(deps, actor, str(slugged(product)), str(slugged(region))))

    return await run_in_threadpool(shown)


async def show_asset(file: str, conditional: Conditional) -> Response:
    """Answer with a style sheet or picture, which a browser may keep: its address changes with its content."""
    asset = asset_of_file(file)
    if asset is None:
        raise Problem(
            "not-found", "There is no such file, or not in this version; reload the page that asked for it."
        )
    tag = f'"{file}"'
    lasting = {"ETag": tag, "Cache-Control": _LASTING}
    known = conditional.not_modified(tag)
    return known or Response(asset.content, headers=lasting, media_type=asset.media_type)


def _one_of(kind: type[Kind], name: str, value: str) -> Kind | None:
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(member.value for member in kind)
        fault = Fault(where="query", path=name, code="enum", reason=f"Choose one of {choices}, or leave it out.")
        raise invalid([fault]) from None
