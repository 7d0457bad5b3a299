"""How does somebody write, withdraw and hear on pages what is said of a product?"""

# Each form is the same act as its call in the API, with the same body and the same right. The revision that somebody
# read travels in a hidden field as If-Match does: nobody writes over what they have not seen.

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import EditBody, HeardBody, ObjectionBody, ValuePropositionBody
from api.conditional import Preconditions
from api.content import heard, require_segment
from api.content_page import content_page
from api.dependencies import Dependencies, Deps
from api.editing import Put, Withdrawal, rehearsed_edit, written_edit, written_withdrawal
from api.guard import Judged, guarded_router, insist, requires
from api.identity import Actor
from api.page_answers import page_response, see_other
from api.page_forms import FormFaulty, body_of, faulty_form, filled_in, key_of, refused_form
from api.problems import Problem
from api.rights import Action
from api.text_page import LISTS, CameBack, text_page
from readiness.policy import SIGNED_STAGES, Stage
from readiness.values import slugged
from templates.pages import Form, launch_address, text_address

CONTENT_PATH = "/launches/{product}/content"

_BODIES: Mapping[Stage, type[ValuePropositionBody] | type[ObjectionBody]] = {
    Stage.VALUE_PROPOSITIONS: ValuePropositionBody,
    Stage.OBJECTION_HANDLING: ObjectionBody,
}
_REFUSED_ON_THE_PAGE = frozenset({409, 412, 422})
"""What somebody can mend in the form that they filled in."""

_OURS = frozenset({"if_match", "step", "minor", "region", "key", "holds"})
"""Fields of the forms that are no fields of a text."""

Where = Annotated[str, Query(max_length=64, description="The region that the form is for; left out, everywhere.")]
Editor = Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)]
Reader = Annotated[Actor, requires(Action.READ_CONTENT, judged=Judged.BY_FILTER, persona=True)]


def content_pages_router() -> APIRouter:
    """Return the pages of what is said of a product, with their forms."""
    router = guarded_router()
    router.add_api_route(CONTENT_PATH, show_content, methods=["GET"], response_model=None)
    router.add_api_route(CONTENT_PATH, write_objection, methods=["POST"], response_model=None)
    router.add_api_route(f"{CONTENT_PATH}/heard", hear, methods=["POST"], response_model=None)
    router.add_api_route(f"{CONTENT_PATH}/{{stage}}/{{key}}", show_text, methods=["GET"], response_model=None)
    router.add_api_route(f"{CONTENT_PATH}/{{stage}}/{{key}}", write_text, methods=["POST"], response_model=None)
    router.add_api_route(
        f"{CONTENT_PATH}/{{stage}}/{{key}}/withdraw", withdraw_text, methods=["POST"], response_model=None
    )
    return router


async def show_content(request: Request, product: str, deps: Deps, actor: Reader) -> Response:
    """Show what is said of a product, who has signed it where, and what the field says to it."""

    def shown() -> Response:
        return page_response(content_page(deps, actor, str(slugged(product))), request)

    return await run_in_threadpool(shown)


async def show_text(
    request: Request, product: str, stage: str, key: str, deps: Deps, actor: Reader, region: Where = ""
) -> Response:
    """Show one text, its history and the form for its next revision."""

    def shown() -> Response:
        where = str(slugged(region)) or None
        page = text_page(deps, actor, str(slugged(product)), signed_stage(stage), named(key), region=where)
        return page_response(page, request)

    return await run_in_threadpool(shown)


async def write_text(request: Request, product: str, stage: str, key: str, deps: Deps, actor: Editor) -> Response:
    """Write the next revision of a text, or show what that would lead to."""
    filled = await filled_in(request)
    product, where = str(slugged(product)), str(slugged(filled.get("region", "")))
    await insist(request, [where] if where else (), product=product)
    at, key = signed_stage(stage), named(key)
    rehearses = filled.get("step") == "rehearse"

    def again(back: CameBack, status: int) -> Response:
        page = text_page(deps, actor, product, at, key, region=where or None, back=back)
        return page_response(page, request, status=status)

    try:
        edit = await edit_of(deps, actor, product, at, key, filled)
        if rehearses:
            foreseen = await rehearsed_edit(deps, edit)
            refusal = foreseen.refusal
            ends = tuple(getattr(refusal, "regions", ()) or ()) if refusal is not None else ()
            form = Form(wish=key_of(filled), values=_kept(filled), refusal=None)
            moved = refusal is not None and refusal.status == 412
            if refusal is not None and not ends and not moved:
                form = Form(wish=key_of(filled), values=_kept(filled), refusal=refusal.detail)
            return await run_in_threadpool(
                again, CameBack(form, where or None, moved=moved, ends=ends, rehearsed=foreseen), 200
            )
        await written_edit(deps, edit)
    except FormFaulty as faulty:
        return await run_in_threadpool(again, CameBack(faulty.form, where or None), 422)
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        back = CameBack(
            refused_form(filled, problem),
            where or None,
            moved=problem.kind.status == 412,
            ends=tuple(problem.members.get("regions", ())),
        )
        return await run_in_threadpool(again, back, problem.kind.status)
    return see_other(text_address(product, at, key), said="text-written")


async def withdraw_text(request: Request, product: str, stage: str, key: str, deps: Deps, actor: Editor) -> Response:
    """End a region's own words: what the whole product says holds there again."""
    filled = await filled_in(request)
    product, region = str(slugged(product)), str(slugged(filled.get("region", "")))
    await insist(request, [region], product=product)
    key, read = named(key), filled.get("if_match", "")
    withdrawal = Withdrawal(product, signed_stage(stage), key, [region], _named(filled, "holds"), actor)
    try:
        await written_withdrawal(deps, withdrawal, if_match=int(read) if read.isdecimal() else None)
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        ends = tuple(problem.members.get("regions", ()))
        back = CameBack(refused_form(filled, problem), region, withdraws=True, ends=ends)

        def again(status: int) -> Response:
            page = text_page(deps, actor, product, signed_stage(stage), key, back=back)
            return page_response(page, request, status=status)

        return await run_in_threadpool(again, problem.kind.status)
    return see_other(text_address(product, signed_stage(stage), key), said="text-withdrawn")


async def write_objection(request: Request, product: str, deps: Deps, actor: Editor) -> Response:
    """Write a new objection with its answer, for the whole product or for a region alone."""
    filled = await filled_in(request)
    product, where = str(slugged(product)), str(slugged(filled.get("region", "")))
    await insist(request, [where] if where else (), product=product)
    key = str(slugged(filled.get("key", "")))
    try:
        _require_slug(key, filled)
        await written_edit(deps, await edit_of(deps, actor, product, Stage.OBJECTION_HANDLING, key, filled))
    except FormFaulty as faulty:
        form, status = faulty.form, 422
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        form, status = refused_form(filled, problem), problem.kind.status
        if status == 412:
            reason = "There is an objection of this name already; open it to write its next revision."
            form = faulty_form(filled, {"key": (reason,)})
    else:
        return see_other(text_address(product, Stage.OBJECTION_HANDLING, key), said="text-written")

    def again() -> Response:
        return page_response(content_page(deps, actor, product, objection=form), request, status=status)

    return await run_in_threadpool(again)


async def hear(
    request: Request,
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.RAISE_OBJECTION, judged=Judged.BY_INSISTING)],
) -> Response:
    """Write down an objection that somebody heard in the field."""
    filled = await filled_in(request)
    product, region = str(slugged(product)), str(slugged(filled.get("region", "")))
    await insist(request, [region], product=product)
    said = {name: text for name, text in filled.items() if name in {"objection", "heard"}}
    try:
        await heard(deps, actor, product, region, body_of(HeardBody, said), key_of(filled))
    except FormFaulty as faulty:
        form = Form(wish=faulty.form.wish, values={**faulty.form.values, "region": region}, faults=faulty.form.faults)
        status = 422
    except Problem as problem:
        if problem.kind.status not in _REFUSED_ON_THE_PAGE:
            raise
        form, status = refused_form(filled, problem), problem.kind.status
    else:
        return see_other(f"{launch_address(product)}/content#comments", said="objection-heard")

    def again() -> Response:
        return page_response(content_page(deps, actor, product, heard=form), request, status=status)

    return await run_in_threadpool(again)


async def edit_of(
    deps: Dependencies, actor: Actor, product: str, stage: Stage, key: str, filled: Mapping[str, str]
) -> Put:
    """Return the edit that a form stands for; raises FormFaulty, and the problem of a segment that is none."""
    if stage is Stage.VALUE_PROPOSITIONS:
        await run_in_threadpool(require_segment, deps, product, key)
    where, rank = str(slugged(filled.get("region", ""))), filled.get("rank", "").strip()
    also: dict[str, Any] = {"material": filled.get("minor") != "on", "holds": _named(filled, "holds")}
    if where:
        also["regions"] = [where]
    if rank.isdecimal() and len(rank) <= 9:
        also["rank"] = int(rank)
    said = {name: value for name, value in filled.items() if name not in _OURS}
    try:
        body: EditBody = body_of(_BODIES[stage], said, lists=LISTS, also=also)
    except FormFaulty as faulty:
        raise FormFaulty(Form(wish=faulty.form.wish, values=_kept(filled), faults=faulty.form.faults)) from faulty
    fields = body.entry().model_dump(mode="json") if isinstance(body, ValuePropositionBody | ObjectionBody) else {}
    read = filled.get("if_match", "")
    conditional = Preconditions(if_match=(f'"{read}"',)) if read else Preconditions(if_none_match=("*",))
    return Put(product, stage, key, fields, body, conditional, actor)


def signed_stage(name: str) -> Stage:
    """Return the stage of an address; raises the problem `not-found` where nothing is signed at it."""
    found = next((stage for stage in SIGNED_STAGES if stage.value == name), None)
    if found is None:
        raise Problem("not-found", "Nothing is said under that address; see what is said of the product.")
    return found


def named(key: str) -> str:
    """Return the key of a text as an address has it; raises the problem `not-found` where it can be none."""
    if not _is_slug(key):
        raise Problem("not-found", "Nothing is said under that address; see what is said of the product.")
    return key


def _named(filled: Mapping[str, str], name: str) -> list[str]:
    return [line for line in filled.get(name, "").split("\n") if line.strip()]


def _kept(filled: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in filled.items() if name != "wish"}


def _require_slug(key: str, filled: Mapping[str, str]) -> None:
    if not _is_slug(key):
        reason = "Give it a short name of a-z, 0-9 and hyphens, for example price."
        raise FormFaulty(faulty_form(filled, {"key": (reason,)}))


def _is_slug(text: str) -> bool:
    return 0 < len(text) <= 64 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in text)
