"""How is content written, adapted, heard and read?"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.answers import ContentAnswer, EntryAnswer, RevisionAnswer, SignatureAnswer
from api.bodies import HeardBody, ObjectionBody, ValuePropositionBody
from api.commanding import launch_not_found, region_not_found
from api.conditional import Conditional
from api.dependencies import Dependencies, Deps
from api.editing import Put, Withdrawal, carry_out_edit, carry_out_withdrawal, revision_answer, written
from api.guard import Judged, guarded_router, insist, requires
from api.idempotency import IdempotencyKey, Rehearse
from api.identity import Actor
from api.lessons import lessons_to_read
from api.problems import Fault, Problem, invalid
from api.rehearsing import RehearsalAnswer
from api.rights import Action, can
from readiness.commands import Position
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import Signature
from readiness.values import Slug
from store.content import ContentEntry, Revision, StageContent, raise_objection, stage_content
from store.regions import latest_launch, latest_region, launch_record, region_record

Edited = RevisionAnswer | RehearsalAnswer
"""What an edit answers: what it made, or what it would do."""

Adapted = Annotated[
    tuple[Slug, ...], Query(min_length=1, max_length=500, description="The regions whose adaptation is withdrawn.")
]
Held = Annotated[
    tuple[Slug, ...], Query(max_length=500, description="The regions whose standing go the editor means to end.")
]
Key = Annotated[Slug, Path(description="The segment, or the key of the objection: a-z, 0-9 and hyphens.")]


def content_router() -> APIRouter:
    """Return the routes of content."""
    router = guarded_router(prefix="/v1/launches", tags=["content"])
    router.add_api_route(
        "/{product}/value-propositions/{segment}",
        put_value_proposition,
        methods=["PUT"],
        response_model=Edited,
    )
    router.add_api_route("/{product}/objections/{key}", put_objection, methods=["PUT"], response_model=Edited)
    router.add_api_route(
        "/{product}/value-propositions/{segment}",
        withdraw_value_proposition,
        methods=["DELETE"],
        response_model=Edited,
    )
    router.add_api_route(
        "/{product}/objections/{key}",
        withdraw_objection,
        methods=["DELETE"],
        response_model=Edited,
    )
    router.add_api_route(
        "/{product}/regions/{region}/objections",
        hear_objection,
        methods=["POST"],
        status_code=201,
        response_model=RevisionAnswer,
    )
    router.add_api_route(
        "/{product}/regions/{region}/content/{stage}", content, methods=["GET"], response_model=ContentAnswer
    )
    return router


async def put_value_proposition(
    product: str,
    segment: Key,
    body: ValuePropositionBody,
    request: Request,
    conditional: Conditional,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
    rehearse: Rehearse = False,
) -> Any:
    """Write what is said to one segment, for the whole product or as an adaptation of some regions."""
    await insist(request, body.regions or (), product=product)
    await run_in_threadpool(require_segment, deps, product, segment)
    fields = body.entry().model_dump(mode="json")
    edit = Put(product, Stage.VALUE_PROPOSITIONS, segment, fields, body, conditional, actor)
    return await carry_out_edit(deps, edit, rehearse=rehearse)


async def put_objection(
    product: str,
    key: Key,
    body: ObjectionBody,
    request: Request,
    conditional: Conditional,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
    rehearse: Rehearse = False,
) -> Any:
    """Write an objection with its answer and rank, for the whole product or as an adaptation of some regions."""
    await insist(request, body.regions or (), product=product)
    fields = body.entry().model_dump(mode="json")
    edit = Put(product, Stage.OBJECTION_HANDLING, key, fields, body, conditional, actor)
    return await carry_out_edit(deps, edit, rehearse=rehearse)


async def withdraw_value_proposition(
    product: str,
    segment: Key,
    regions: Adapted,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
    holds: Held = (),
    rehearse: Rehearse = False,
) -> Any:
    """Withdraw the adaptation of some regions: what the whole product says holds there again."""
    await insist(request, regions, product=product)
    withdrawal = Withdrawal(product, Stage.VALUE_PROPOSITIONS, segment, regions, holds, actor)
    return await carry_out_withdrawal(deps, withdrawal, rehearse=rehearse)


async def withdraw_objection(
    product: str,
    key: Key,
    regions: Adapted,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
    holds: Held = (),
    rehearse: Rehearse = False,
) -> Any:
    """Withdraw the adaptation of some regions: what the whole product says holds there again."""
    await insist(request, regions, product=product)
    withdrawal = Withdrawal(product, Stage.OBJECTION_HANDLING, key, regions, holds, actor)
    return await carry_out_withdrawal(deps, withdrawal, rehearse=rehearse)


async def hear_objection(
    product: str,
    region: str,
    body: HeardBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.RAISE_OBJECTION)],
) -> RevisionAnswer:
    """Add an objection heard in the field to the region's content; it reopens nothing until it is ranked."""
    return revision_answer(await heard(deps, actor, product, region, body, key))


async def heard(deps: Dependencies, actor: Actor, product: str, region: str, body: HeardBody, key: str) -> Revision:
    """Write down an objection heard in the field, once for each key; raises the problem of its refusal."""

    def write(tx: Connection) -> Revision:
        region_key = latest_region(tx, product, region)
        if region_key is None:
            raise region_not_found(product, region)
        return raise_objection(
            tx,
            region_key,
            objection=body.objection,
            heard=body.heard,
            person=actor.person,
            idempotency_key=key,
            now=deps.store.now(tx),
        )

    return await written(deps, product, write)


async def content(
    product: str,
    region: str,
    stage: Stage,
    response: Response,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_CONTENT)],
) -> ContentAnswer:
    """Return what is to be signed at a stage in a region, with its digest and who has signed."""
    # What people wrote as they held another region is for those who may read it there: not for sellers.
    reads_lessons = stage is Stage.OBJECTION_HANDLING and can(actor, Action.READ_READINESS, region)
    if stage not in SIGNED_STAGES:
        raise Problem(
            "not-found", f"Nothing is signed at {stage.value}. See value_propositions or objection_handling."
        )

    def read() -> ContentAnswer:
        with deps.store.reading() as tx:
            key = latest_region(tx, product, region)
            if key is None:
                raise region_not_found(product, region)
            record = region_record(tx, key).region
            shown = _content_answer(stage_content(tx, key, stage), record.policy.signers_of(stage))
            lessons = lessons_to_read(tx, record) if reads_lessons else ()
            return shown.model_copy(update={"must_address": lessons})

    answer = await run_in_threadpool(read)
    response.headers["ETag"] = f'"{answer.digest}"'
    return answer


def require_segment(deps: Dependencies, product: str, segment: str) -> None:
    """Refuse a segment that the launch does not have: one slip would void every sign-off of the message."""
    with deps.store.reading() as tx:
        key = latest_launch(tx, product)
        launch = launch_record(tx, key).launch if key is not None else None
    if launch is None:
        raise launch_not_found(product)
    segments = launch.plan.policy.value_propositions.segments
    if segment not in segments:
        reason = f"{launch.plan.name} speaks to {', '.join(segments)}; name one of these."
        raise invalid([Fault(where="path", path="segment", code="unknown-segment", reason=reason)])


def _content_answer(shown: StageContent, signers: tuple[object, ...]) -> ContentAnswer:
    return ContentAnswer.model_validate(
        {
            "product": shown.key.product,
            "region": shown.key.region,
            "stage": shown.stage,
            "digest": shown.evidence.digest,
            "signed_by": signers,
            "missing": shown.evidence.missing,
            "entries": [_entry(entry) for entry in shown.entries],
            "raised": [_entry(entry) for entry in shown.raised],
            "sign_offs": [_signature(signature, Position.APPROVE) for signature in shown.signatures],
            "sent_back": [_signature(signature, Position.SEND_BACK) for signature in shown.sent_back],
        }
    )


def _entry(shown: ContentEntry) -> EntryAnswer:
    text = shown.text
    return EntryAnswer(
        key=text.key,
        revision=text.revision,
        digest=text.digest,
        is_adapted=bool(text.region),
        moved_on=shown.moved_on,
        person=text.person,
        at=text.at,
        content=dict(text.body),
    )


def _signature(signature: Signature, position: Position) -> SignatureAnswer:
    fields = signature.model_dump(exclude={"command_id"})
    return SignatureAnswer.model_validate({**fields, "position": position})
