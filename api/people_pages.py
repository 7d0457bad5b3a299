"""At which addresses are the people of a region seen, taken away as a file, and reminded?"""

from contextlib import suppress
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.nudging import MOST_NUDGED, NOT_CERTIFIED, chosen_people, remind
from api.page_answers import page_response, see_other, viewer_of
from api.page_forms import FormFaulty, blank_form, body_of, faulty_form, filled_in, key_of
from api.people_export import people_found, people_rows
from api.people_page import PEOPLE_LIST, people_page, sought_by, where_people_learn
from api.problems import Fault, invalid
from api.rights import Action
from api.sheets import CSV, XLSX, csv_blocks, file_blocks, xlsx_file
from readiness.people import PersonStatus
from readiness.values import Body, Line, slugged
from store.names import names_of
from store.people import Sought
from store.views import MOST_VIEWS, SavedView, TooManyViews, forget_view, keep_view
from templates.pages import Form, NudgePage, PeopleFilters

PEOPLE = "/launches/{product}/{region}/people"

NAMES_SHOWN = 12
"""Names of those who would be reminded: enough to see that they are who was meant."""

_LONGEST = 300
_MOST_STATUSES = 20

_Id = Annotated[str, Query(max_length=128)]
_Line = Annotated[str, Query(max_length=_LONGEST)]
_Statuses = Annotated[list[str] | None, Query(max_length=_MOST_STATUSES)]

Reader = Annotated[Actor, requires(Action.READ_PEOPLE, persona=True)]
Keeper = Annotated[Actor, requires(Action.READ_PEOPLE)]
Reminder = Annotated[Actor, requires(Action.NUDGE)]


class ViewBody(Body):
    """Under which name somebody keeps a view."""

    name: Annotated[Line, Field(max_length=60)]


async def asked_people(
    product: str,
    region: str,
    status: _Statuses = None,
    manager: _Id = "",
    territory: _Line = "",
    course: _Id = "",
    name: _Id = "",
) -> PeopleFilters:
    """Return what the address asks of the people; an empty field, as forms send it, asks for nothing."""
    named = status or []
    known = {each.value for each in PersonStatus}
    if unknown := [each for each in named if each and each not in known]:
        reason = f"{unknown[0][:40]} is none of {', '.join(sorted(known))}; choose one of those, or leave it out."
        raise invalid([Fault(where="query", path="status", code="enum", reason=reason)])
    return PeopleFilters(
        product=str(slugged(product)),
        region=str(slugged(region)),
        statuses=tuple(each for each in PersonStatus if each.value in named),
        manager=manager.strip() or None,
        territory=territory.strip() or None,
        course=course.strip() or None,
        called=name.strip() or None,
    )


Asked = Annotated[PeopleFilters, Depends(asked_people)]


def people_pages_router() -> APIRouter:
    """Return the routes of a region's people, for `create_app(pages=[…])`."""
    router = guarded_router()
    router.add_api_route(PEOPLE, show_people, methods=["GET"], response_model=None)
    router.add_api_route(f"{PEOPLE}.csv", take_people_as_csv, methods=["GET"], response_model=None)
    router.add_api_route(f"{PEOPLE}.xlsx", take_people_as_xlsx, methods=["GET"], response_model=None)
    router.add_api_route(f"{PEOPLE}/views", keep_people_view, methods=["POST"], response_model=None)
    router.add_api_route(f"{PEOPLE}/views/forget", forget_people_view, methods=["POST"], response_model=None)
    router.add_api_route(f"{PEOPLE}/nudge", show_nudge, methods=["GET"], response_model=None)
    router.add_api_route(f"{PEOPLE}/nudge", nudge_sought, methods=["POST"], response_model=None)
    return router


async def show_people(request: Request, deps: Deps, actor: Reader, filters: Asked, after: _Id = "") -> Response:
    """Show who of a region is missing what."""

    def shown() -> Response:
        return page_response(people_page(deps, actor, filters, after=after or None), request)

    return await run_in_threadpool(shown)


async def take_people_as_csv(deps: Deps, actor: Reader, filters: Asked) -> Response:
    """Answer with everybody who fits the filters, as CSV."""
    del actor
    here, read_at = await run_in_threadpool(people_found, deps, filters)
    rows = people_rows(deps, filters, here, read_at=read_at)
    return StreamingResponse(csv_blocks(rows), media_type=CSV, headers=_to_keep(filters, "csv"))


async def take_people_as_xlsx(deps: Deps, actor: Reader, filters: Asked) -> Response:
    """Answer with everybody who fits the filters, as a workbook."""
    del actor
    here, read_at = await run_in_threadpool(people_found, deps, filters)
    rows = people_rows(deps, filters, here, read_at=read_at)
    file = await run_in_threadpool(xlsx_file, rows, title="People")
    return StreamingResponse(file_blocks(file), media_type=XLSX, headers=_to_keep(filters, "xlsx"))


async def keep_people_view(request: Request, deps: Deps, actor: Keeper, filters: Asked) -> Response:
    """Keep the filters under a name, for whoever asks alone."""
    filled = await filled_in(request)

    def kept() -> None:
        body = body_of(ViewBody, filled)
        with deps.store.writing() as tx:
            view = SavedView(body.name, filters.query)
            keep_view(tx, actor.person, PEOPLE_LIST, view, now=deps.store.now(tx))

    def shown_again(form: Form) -> Response:
        return page_response(people_page(deps, actor, filters, form=form), request, status=422)

    try:
        await run_in_threadpool(kept)
    except FormFaulty as faulty:
        return await run_in_threadpool(shown_again, faulty.form)
    except TooManyViews:
        fault = f"You keep {MOST_VIEWS} views already. Forget one first, or take the name of one to replace it."
        return await run_in_threadpool(shown_again, faulty_form(filled, {"name": (fault,)}))
    return see_other(filters.address(), said="view-kept")


async def forget_people_view(request: Request, deps: Deps, actor: Keeper, filters: Asked) -> Response:
    """Forget a view of one's own."""
    filled = await filled_in(request)

    def forgotten() -> None:
        name = body_of(ViewBody, filled).name
        with deps.store.writing() as tx:
            forget_view(tx, actor.person, PEOPLE_LIST, name)

    # A name that no view can have is forgotten already.
    with suppress(FormFaulty):
        await run_in_threadpool(forgotten)
    return see_other(filters.address(), said="view-forgotten")


async def show_nudge(
    request: Request, deps: Deps, actor: Annotated[Actor, requires(Action.NUDGE, persona=True)], filters: Asked
) -> Response:
    """Show whom a reminder would reach, before it is asked for."""

    def shown() -> Response:
        return page_response(_nudge_page(deps, actor, filters), request)

    return await run_in_threadpool(shown)


async def nudge_sought(request: Request, deps: Deps, actor: Reminder, filters: Asked) -> Response:
    """Remind those who fit the filters, less whoever has nothing to be reminded of."""
    key_of(await filled_in(request))
    product, region = filters.product, filters.region
    fresh, _ = await run_in_threadpool(remind, deps, product, region, _to_remind(filters), by=actor.person)
    return see_other(filters.address(), said="reminded" if deps.mails else "reminded-unheard", count=len(fresh))


def _to_remind(filters: PeopleFilters) -> Sought:
    """Return whom a reminder from the page is for: of those who are seen, whoever the launch still waits for."""
    statuses = tuple(each for each in filters.statuses or NOT_CERTIFIED if each in NOT_CERTIFIED)
    return sought_by(replace(filters, statuses=statuses))


def _nudge_page(deps: Dependencies, actor: Actor, filters: PeopleFilters) -> NudgePage:
    with deps.store.reading() as tx:
        here = where_people_learn(tx, deps, filters)
        now = deps.store.now(tx)
        chosen = chosen_people(tx, filters.product, filters.region, _to_remind(filters), (), now=now)
        names = names_of(tx, {actor.person})
    return NudgePage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        product_name=here.product_name,
        region_name=here.region_name,
        product=filters.product,
        region=filters.region,
        form=blank_form(),
        nudge_address=filters.address("/nudge"),
        back_address=filters.address(),
        count=len(chosen.anew),
        names=tuple(each.name or each.person_id for each in chosen.anew[:NAMES_SHOWN]),
        more=max(0, len(chosen.anew) - NAMES_SHOWN),
        waiting=chosen.waiting,
        reminded=chosen.lately,
        most=MOST_NUDGED,
        mails=deps.mails,
        is_cut=chosen.is_cut,
    )


def _to_keep(filters: PeopleFilters, ending: str) -> dict[str, str]:
    name = f"{filters.product}-{filters.region}-people.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}
