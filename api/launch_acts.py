"""How are the regions of a product moved and added on its page, and where is a workflow seen at work?"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.acts import rescheduling
from api.bodies import OwnerBody
from api.commanding import Request as Asking
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, insist, requires
from api.idempotency import Wish
from api.identity import Actor
from api.launch_page import launch_page, slip_of
from api.launches import asked_before, carry_out_addition, checked_region, plain_json, role_used
from api.many import EachItem, done_in_each, running_regions
from api.many_bodies import ReschedulesBody
from api.origin import origin_of
from api.owning import hand_over
from api.page_answers import page_response, see_other
from api.page_forms import FormFaulty, body_of, faulty_form, filled_in, key_of, refused_form
from api.problems import Problem
from api.rights import Action, can
from api.room_acts import SAMPLE
from readiness.commands import AddRegion
from readiness.instants import local_time, written
from readiness.values import slugged
from store.regions import latest_records
from templates.language import gettext
from templates.pages import LATER_WEEKS, Form, launch_address, region_address
from workflows.names import region_launch_id

_REFUSED_ON_THE_PAGE = frozenset({409, 412, 422})
_REGION = ("region", "name", "time_zone", "wave", "launch_at")


def launch_acts_router() -> APIRouter:
    """Return the acts on the page of a product."""
    router = guarded_router()
    router.add_api_route("/launches/{product}/slip", slip, methods=["POST"], response_model=None)
    router.add_api_route("/launches/{product}/owner", hand_over_on_page, methods=["POST"], response_model=None)
    router.add_api_route("/launches/{product}/add", add_region_on_page, methods=["POST"], response_model=None)
    router.add_api_route("/launches/{product}/{region}/workflow", see_workflow, methods=["GET"], response_model=None)
    return router


async def slip(
    request: Request,
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.RESCHEDULE, judged=Judged.BY_FILTER)],
) -> Response:
    """Show what moving one or all regions would mean, and move them once that was seen."""
    filled = await filled_in(request)
    product, key = str(slugged(product)), key_of(filled)
    moves, says_why = filled.get("step") == "move", True

    def again(form: Form, status: int, items: tuple[EachItem, ...] = ()) -> Response:
        page = launch_page(deps, actor, product, slip=form, slips=tuple(slip_of(each) for each in items))
        return page_response(page, request, status=status)

    try:
        filled = await run_in_threadpool(_told_when, deps, actor, product, filled)
        body = _slip_body(filled)
        if body.reason is None:
            # One may look before one has found the words for why.
            body, moves, says_why = body.model_copy(update={"reason": SAMPLE}), False, not moves
        items = await done_in_each(
            request, actor, Wish(key if moves else "", not moves), product, body, rescheduling(body)
        )
    except FormFaulty as faulty:
        return await run_in_threadpool(again, faulty.form, 422)
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        return await run_in_threadpool(again, refused_form(filled, problem), problem.kind.status)
    if moves and all(item.problem is None for item in items):
        return see_other(launch_address(product), said="launch-moved", count=len(items))
    values = {name: value for name, value in filled.items() if name not in {"wish", "step"}}
    refusal = "Some regions were not moved; each says why." if moves else None
    faults = {} if says_why else {"reason": (gettext("Say why, then move it. Nothing was moved."),)}
    form = Form(wish=secrets.token_urlsafe(18) if moves else key, values=values, faults=faults, refusal=refusal)
    return await run_in_threadpool(again, form, 409 if moves else 422 if faults else 200, items)


async def add_region_on_page(
    request: Request,
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.ADD_REGION, judged=Judged.BY_INSISTING)],
) -> Response:
    """Add a region to the running launch."""
    filled = await filled_in(request)
    product, key = str(slugged(product)), key_of(filled)
    document = {name: filled[name].strip() for name in _REGION if filled.get(name, "").strip()}
    named = str(slugged(document.get("region", "")))
    await insist(request, [named], product=product)
    try:
        earlier = await run_in_threadpool(asked_before, deps, actor, key)
        region = (
            earlier.region
            if isinstance(earlier, AddRegion)
            else await run_in_threadpool(checked_region, deps, product, document)
        )
        await insist(request, [region.region], product=product)
        role = role_used(actor, Action.ADD_REGION, [region.region])
        asking = Asking(actor, role, key, "add_region", plain_json(document), origin_of(request, actor))
        await carry_out_addition(deps, asking, product, region)
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        form, status = refused_form(filled, problem), problem.kind.status
    else:
        return see_other(region_address(product, region.region), said="region-added")

    def again() -> Response:
        return page_response(launch_page(deps, actor, product, adding=form), request, status=status)

    return await run_in_threadpool(again)


async def hand_over_on_page(
    request: Request,
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.CHANGE_OWNER, judged=Judged.BY_FILTER)],
) -> Response:
    """Hand the launch over to another person, in every running region or in none."""
    filled = await filled_in(request)
    product, key = str(slugged(product)), key_of(filled)

    def again(form: Form, status: int) -> Response:
        return page_response(launch_page(deps, actor, product, owning=form), request, status=status)

    try:
        body = body_of(OwnerBody, {name: filled.get(name, "") for name in ("owner", "reason")})
        await hand_over(request, actor, Wish(key, is_rehearsal=False), product, body)
    except FormFaulty as faulty:
        return await run_in_threadpool(again, faulty.form, 422)
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        return await run_in_threadpool(again, refused_form(filled, problem), problem.kind.status)
    return see_other(launch_address(product), said="handed-over")


async def see_workflow(
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.MANAGE_WEBHOOKS)],
) -> Response:
    """Lead to the workflow of a region in Temporal's own pages, for those who run the installation."""
    del actor
    if deps.workflows_seen_at is None:
        raise Problem("not-found", "Nobody said where Temporal shows workflows; set LTL_TEMPORAL_UI to its address.")
    name = quote(region_launch_id(str(slugged(product)), str(slugged(region))), safe="")
    return RedirectResponse(f"{deps.workflows_seen_at}/workflows/{name}", status_code=303)


def _told_when(deps: Dependencies, actor: Actor, product: str, filled: dict[str, str]) -> dict[str, str]:
    """Return what was filled in, how much later being said as the time that it means; raises FormFaulty."""
    later = filled.get("later", "")
    if filled.get("launch_at", "").strip() or later not in map(str, LATER_WEEKS):
        return filled
    chosen = filled.get("regions", "")
    wanted = running_regions(deps, product) if chosen in {"", "*"} else (chosen,)
    with deps.store.reading() as tx:
        records = latest_records(tx, product, (each for each in wanted if can(actor, Action.RESCHEDULE, each)))
    clocks = {local_time(each.region.launch_at, each.region.plan.time_zone).replace(tzinfo=None) for each in records}
    if len(clocks) != 1:
        said = gettext("These regions do not launch at the same time of their clocks. Choose one, or give the time.")
        raise FormFaulty(faulty_form(filled, {"later": (said,)}))
    moved = clocks.pop() + timedelta(weeks=int(later))
    return {**filled, "launch_at": written(moved), "later": ""}


def _slip_body(filled: Mapping[str, str]) -> ReschedulesBody:
    """Return the body of a move; raises FormFaulty."""
    said = {name: filled.get(name, "") for name in ("launch_at", "reason")}
    chosen = [line for line in filled.get("regions", "").split("\n") if line]
    try:
        return body_of(ReschedulesBody, said, also={"regions": "*" if chosen in ([], ["*"]) else chosen})
    except FormFaulty as faulty:
        form = faulty.form
        values = {**form.values, "regions": filled.get("regions", "")}
        raise FormFaulty(Form(wish=form.wish, values=values, faults=form.faults)) from faulty
