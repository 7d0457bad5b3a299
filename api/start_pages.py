"""How does somebody start a launch on a page, by its form or by a plan file?"""

# Looking at a plan is one address and starting it another: whatever is sent to the first changes nothing, so that a
# row is added, a file read and a field checked without any wish.

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from api.commanding import Request as Asking
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, insist, requires
from api.identity import Actor
from api.launches import asked_before, carry_out_start, plain_json, regions_named, role_used
from api.origin import origin_of
from api.page_answers import page_response, see_other
from api.page_forms import WISH, blank_form, filled_in, key_of
from api.plan_form import ROWS, PlanUnreadable, asked_of, document_in, filled_from, rows_in
from api.problems import Problem
from api.rights import Action
from api.start_page import Checked, checked, digest_of_plan, preview_of, start_page
from readiness.commands import StartLaunch
from readiness.plan_document import read_plan
from readiness.plan_faults import PlanFaulty
from templates.pages import FaultLine, Form, StartPage, launch_address

START_PATH = "/start"
LAUNCH_PATH = "/start/launch"

_MOST_FIELDS = 3_000
"""A plan of five hundred regions has five fields for each."""

_STARTER = requires(Action.START_LAUNCH, judged=Judged.BY_FILTER)


def start_pages_router() -> APIRouter:
    """Return the pages by which a launch is started."""
    router = guarded_router()
    router.add_api_route(START_PATH, show_start, methods=["GET"], response_model=None)
    router.add_api_route(START_PATH, look_at_plan, methods=["POST"], response_model=None)
    router.add_api_route(LAUNCH_PATH, start_on_page, methods=["POST"], response_model=None)
    return router


async def show_start(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.START_LAUNCH, judged=Judged.BY_FILTER, persona=True)],
) -> Response:
    """Show the empty form."""

    def shown() -> Response:
        return page_response(start_page(deps, actor, blank_form({"owner": actor.person})), request)

    return await run_in_threadpool(shown)


async def look_at_plan(request: Request, deps: Deps, actor: Annotated[Actor, _STARTER]) -> Response:
    """Add a row, read a plan file, check what is filled in so far or show what it would start; changes nothing."""
    filled, text = await _filled_with_file(request)
    step = filled.pop("step", "preview")
    wish = filled.pop(WISH, "") or secrets.token_urlsafe(18)

    def looked() -> tuple[StartPage, int]:
        form = Form(wish=wish, values=filled)
        if step == "read":
            return _read_file(deps, actor, text or filled.get("plan", ""))
        if step.startswith("add-") and step.removeprefix("add-") in ROWS:
            kind = step.removeprefix("add-")
            rows = rows_in(filled, kind)
            names = [f"{kind}.{row}.{field}" for row in (*rows, rows[-1] + 1) for field in ROWS[kind]]
            return start_page(deps, actor, Form(wish=wish, values={**dict.fromkeys(names, ""), **filled})), 200
        return _judged(deps, actor, form, so_far=step == "check")

    page, status = await run_in_threadpool(looked)
    return page_response(page, request, status=status)


async def start_on_page(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.START_LAUNCH, judged=Judged.BY_INSISTING)],
) -> Response:
    """Start the launch that was shown, in every region of its plan."""
    filled = await filled_in(request, most=_MOST_FIELDS)
    key = key_of(filled)
    values = {name: value for name, value in filled.items() if name not in {WISH, "step", "shown"}}
    asked = asked_of(values)
    named = regions_named(asked.document)
    if named:
        await insist(request, named)
    earlier = await run_in_threadpool(asked_before, deps, actor, key)
    form = Form(wish=key, values=values)

    def judged() -> Checked:
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
        return checked(deps, actor, values, so_far=False, now=now)

    plan = earlier.plan if isinstance(earlier, StartLaunch) else (await run_in_threadpool(judged)).plan
    if plan is None or filled.get("shown") != digest_of_plan(asked):
        # What was filled in is another plan than the one that was shown: that one is shown now.
        page, _ = await run_in_threadpool(_judged, deps, actor, form, so_far=False)
        return page_response(page, request, status=422)
    regions = [region.region for region in plan.regions]
    await insist(request, regions, product=plan.product)
    role = role_used(actor, Action.START_LAUNCH, regions)
    asking = Asking(actor, role, key, "start_launch", plain_json(asked.document), origin_of(request, actor))
    try:
        launch_key = await carry_out_start(deps, asking, plan)
    except Problem as problem:
        if problem.kind.status != 409:
            raise
        refused = Form(wish=secrets.token_urlsafe(18), values=values, refusal=str(problem.detail))
        again = await run_in_threadpool(start_page, deps, actor, refused)
        return page_response(again, request, status=409)
    return see_other(launch_address(launch_key.product), said="launch-started")


def _judged(deps: Dependencies, actor: Actor, form: Form, *, so_far: bool) -> tuple[StartPage, int]:
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
    found = checked(deps, actor, form.values, so_far=so_far, now=now)
    form = replace(form, faults=found.faults)
    if so_far or found.plan is None:
        return start_page(deps, actor, form, judged=found), 200 if so_far else 422
    try:
        preview = preview_of(deps, actor, found.plan, found.asked)
    except Problem as problem:
        if problem.kind.status != 409:
            raise
        return start_page(deps, actor, replace(form, refusal=str(problem.detail)), judged=found), 409
    return start_page(deps, actor, form, judged=found, preview=preview), 200


def _read_file(deps: Dependencies, actor: Actor, text: str) -> tuple[StartPage, int]:
    """Return the page with the form that a plan file fills, or with every fault of it by its path."""
    blank = blank_form({"owner": actor.person})
    try:
        document = document_in(text)
        faults = _faults_of(deps, document)
    except PlanUnreadable as unreadable:
        faults = (FaultLine(path="", reason=str(unreadable)),)
        document = {}
    if faults:
        pasted = blank_form({"plan": text})
        return start_page(deps, actor, blank, file=pasted, file_faults=faults), 422
    return _judged(deps, actor, replace(blank, values=filled_from(document)), so_far=False)


def _faults_of(deps: Dependencies, document: Mapping[str, object]) -> tuple[FaultLine, ...]:
    """Return what is wrong with a plan by itself; what only the database knows is found in the form it fills."""
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
    try:
        read_plan(document, now=now)
    except PlanFaulty as faulty:
        return tuple(FaultLine(path=fault.path, reason=fault.reason) for fault in faulty.faults)
    return ()


async def _filled_with_file(request: Request) -> tuple[dict[str, str], str | None]:
    """Return what a form holds, and the text of the plan file that came with it, if any did."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "multipart/form-data":
        return await filled_in(request, most=_MOST_FIELDS), None
    filled: dict[str, str] = {}
    text: str | None = None
    async with request.form(max_files=1, max_fields=_MOST_FIELDS) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, UploadFile):
                # A byte that is no UTF-8 shows as such, and is found with its line.
                text = (await value.read()).decode("utf-8", "replace") or None
            else:
                filled[name] = value.replace("\r\n", "\n")
    return filled, text
