"""How is an act carried out that somebody fills in on the page of a region?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.acting import carry_out, rehearse, role_for
from api.acts import Act
from api.commanding import Request as Asking
from api.commanding import region_not_found
from api.dependencies import dependencies_of
from api.guard import guarded_router, login_too_old, requires
from api.identity import Actor
from api.origin import origin_of
from api.page_answers import page_response, see_other, viewer_of
from api.page_forms import WISH, FormFaulty, body_of, faulty_form, filled_in, key_of, refused_form
from api.problems import Problem, ProblemDocument, away
from api.region_page import region_page
from api.rehearsing import RehearsalAnswer
from api.rights import Action
from api.room_acts import ROOM_ACTS, SAMPLE, RoomAct
from api.sending import EngineAway
from readiness.instants import parse_wall_clock, resolve
from readiness.values import slugged
from store.engine import StoreAway
from store.names import names_of
from store.regions import RegionRecord, latest_record
from templates.act_words import FIELDS
from templates.language import gettext
from templates.pages import ConfirmPage, Form, Said, region_address

ACTS = "/launches/{product}/{region}/acts"

ABOUT = "about"
"""The hidden field that says which of several things an act is about."""
SURE = "sure"
"""The field of the button that does what was asked for twice."""
CHANGE = "change-it"
"""The field of the button that goes back to the form."""

_OWN = frozenset({WISH, ABOUT, SURE, CHANGE})
_ON_THE_CLOCK_THERE = re.compile(r"expires_at|review_at|from_at|conditions\.\d+\.due_at")
_WITH_ITS_REASON = re.compile(r"(dissents_accepted\.\d+)\.function")


def region_acts_router() -> APIRouter:
    """Return the routes of the forms on a region's page: one for each act."""
    router = guarded_router()
    for row in ROOM_ACTS:
        path, name = f"{ACTS}/{row.name}", f"fill_in_{row.name.replace('-', '_')}"
        router.add_api_route(path, _route(row), methods=["POST"], response_model=None, name=name)
    router.add_api_route(f"{ACTS}/{{act}}", open_act, methods=["GET"], response_model=None)
    return router


async def open_act(
    product: str, region: str, act: str, actor: Annotated[Actor, requires(Action.READ_READINESS, persona=True)]
) -> Response:
    """Lead to the page of the region with the form of an act open: whoever reloads an answer ends up there too."""
    del actor
    address = region_address(str(slugged(product)), str(slugged(region)))
    known = next((row.name for row in ROOM_ACTS if row.name == act), None)
    return RedirectResponse(f"{address}?open={known}#act-{known}" if known is not None else address, status_code=303)


def _route(row: RoomAct) -> Callable[..., Any]:
    async def fill_in(
        request: Request, product: str, region: str, actor: Annotated[Actor, requires(row.action, keeps_form=True)]
    ) -> Response:
        return await _fill_in(request, actor, row, str(slugged(product)), str(slugged(region)))

    fill_in.__doc__ = f"Carry out what a form of {row.name} says, or show the form again with why not."
    return fill_in


async def _fill_in(request: Request, actor: Actor, row: RoomAct, product: str, region: str) -> Response:
    stale = login_too_old(request)
    try:
        filled = await filled_in(request)
    except Problem:
        raise stale or Problem("media-type-not-supported", "Send the form, as the page does.") from None
    key, about = key_of(filled), filled.get(ABOUT, "")
    record = await run_in_threadpool(_record, request, product, region)
    if stale is not None:
        form = replace(refused_form(_typed(filled), stale), wish=key)
        return await _again(
            request, actor, row, record, form, about=about, status=stale.status_code, headers=stale.headers
        )
    try:
        if CHANGE in filled:
            return await _again(
                request, actor, row, record, Form(wish=key, values=_typed(filled)), about=about, status=200
            )
        body = _body(row, filled, record.region.plan.time_zone)
        act = _made(row, body, about)
    except FormFaulty as faulty:
        return await _again(request, actor, row, record, faulty.form, about=about, status=422)
    except Problem as problem:
        form = refused_form(_typed(filled), problem)
        return await _again(request, actor, row, record, form, about=about, status=problem.status_code)
    role = await role_for(request, actor, act, region)
    said = act.body.model_dump(mode="json")
    asking = Asking(actor, role, key, act.kind, said, origin_of(request, actor))
    try:
        if row.asks_first and (SURE not in filled or body.reason is None):
            foreseen = await _foreseen(request, asking, row, body, about, product, region)
            if foreseen.refusal is None:
                return await _confirm(request, actor, row, record, filled, foreseen)
            raise _refused(foreseen.refusal)
        await carry_out(request, asking, product, region, act)
    except (EngineAway, StoreAway) as absent:
        # It may have happened: what is sent again from here has the same key, so that it happens once.
        gone = away("engine-away" if isinstance(absent, EngineAway) else "store-away")
        form = replace(refused_form(_typed(filled), gone), wish=key)
        return await _again(request, actor, row, record, form, about=about, status=gone.status_code)
    except Problem as problem:
        form = refused_form(_typed(filled), problem)
        return await _again(request, actor, row, record, form, about=about, status=problem.status_code)
    return see_other(region_address(product, region), said=row.name)


async def _foreseen(
    request: Request, asking: Asking, row: RoomAct, body: Any, about: str, product: str, region: str
) -> RehearsalAnswer:
    """Return what the act would lead to; one may look before one has found the words for why."""
    if body.reason is None:
        body = body.model_copy(update={"reason": SAMPLE})
        asking = asking._replace(body=body.model_dump(mode="json"))
    return await rehearse(request, asking, product, region, _made(row, body, about))


def _record(request: Request, product: str, region: str) -> RegionRecord:
    with dependencies_of(request).store.reading() as tx:
        record = latest_record(tx, product, region)
    if record is None:
        raise region_not_found(product, region)
    return record


def _made(row: RoomAct, body: Any, about: str) -> Act:
    try:
        return row.make(body, about)
    except ValueError:
        raise Problem("not-found", "There is nothing like that here any more. Reload the page.") from None


def _body(row: RoomAct, filled: Mapping[str, str], zone: str) -> Any:
    """Return the body that a form stands for, its times read on the clock of `zone`; raises FormFaulty."""
    said: dict[str, Any] = {}
    faults: dict[str, tuple[str, ...]] = {}
    reasons = {name for name, text in filled.items() if text.strip()}
    for name, text in filled.items():
        given = _WITH_ITS_REASON.fullmatch(name)
        if name in _OWN or (given is not None and f"{given[1]}.reason" not in reasons):
            # A dissent for whose acceptance nobody gave a reason is not accepted; whether it must be, the core says.
            continue
        try:
            said[name] = _read(name, text, zone) if text.strip() else text
        except ValueError as wrong:
            faults[name] = (str(wrong),)
    try:
        body = body_of(row.body, said)
    except FormFaulty as faulty:
        raise FormFaulty(faulty_form(_typed(filled), {**faulty.form.faults, **faults})) from None
    if faults:
        raise FormFaulty(faulty_form(_typed(filled), faults))
    return body


def _read(name: str, text: str, zone: str) -> Any:
    if _ON_THE_CLOCK_THERE.fullmatch(name):
        return resolve(parse_wall_clock(text), zone).isoformat()
    if name == "seen":
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if name == "floor" or name.endswith(".required_share"):
        return _share(text)
    return text


def _share(text: str) -> str:
    try:
        return str(Decimal(text.strip().removesuffix("%").strip().replace(",", ".")) / 100)
    except InvalidOperation:
        raise ValueError("Give a percentage, such as 75.") from None


def _typed(filled: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in filled.items() if name not in _OWN}


def _refused(document: ProblemDocument) -> Problem:
    told = {"type", "title", "status", "detail", "request_id"}
    members = document.model_dump(mode="json", exclude=told, exclude_none=True)
    return Problem(document.type.removeprefix("/problems/"), document.detail, **members)


async def _again(
    request: Request,
    actor: Actor,
    row: RoomAct,
    record: RegionRecord,
    form: Form,
    *,
    about: str = "",
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Show the page again with the form as it was filled in."""
    deps = dependencies_of(request)
    given = {(row.name, about): form}

    def shown() -> Response:
        page = region_page(deps, actor, record.key.product, record.key.region, given=given)
        return page_response(page, request, status=status, headers=headers)

    return await run_in_threadpool(shown)


async def _confirm(
    request: Request,
    actor: Actor,
    row: RoomAct,
    record: RegionRecord,
    filled: Mapping[str, str],
    foreseen: RehearsalAnswer,
) -> Response:
    """Show what the act would lead to, with the button that does it."""
    deps = dependencies_of(request)
    (before,), (after,) = foreseen.readiness_before, foreseen.readiness_after
    plan = record.region.plan
    sent_again = {**_typed(filled), ABOUT: filled.get(ABOUT, "")}
    if not sent_again.get("reason", "").strip():
        sent_again.pop("reason", None)
    # Whoever was sure had seen it, and said nothing of why.
    faults = {"reason": (gettext("Say why, then do it. Nothing was done."),)} if SURE in filled else {}

    def named() -> str | None:
        with deps.store.reading() as tx:
            return names_of(tx, {actor.person}).get(actor.person)

    def shown() -> Response:
        page = ConfirmPage(
            viewer=viewer_of(actor, deps, name=named()),
            refresh_seconds=None,
            product=record.key.product,
            region=record.key.region,
            product_name=record.region.product_name,
            region_name=plan.name,
            time_zone=plan.time_zone,
            launch_at=record.region.launch_at,
            act=row.name,
            said=tuple(
                Said(name=name, value=text)
                for name, text in _typed(filled).items()
                if text.strip() and name.rpartition(".")[2] in FIELDS
            ),
            form=Form(wish=filled[WISH], values=sent_again, faults=faults),
            asks_why="reason" not in sent_again,
            before=before,
            after=after,
            would=foreseen.would,
        )
        return page_response(page, request, status=422 if faults else 200)

    return await run_in_threadpool(shown)
