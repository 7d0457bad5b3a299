"""How is content written, adapted, heard and read?"""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.answers import ContentAnswer, EntryAnswer, RevisionAnswer, SignatureAnswer
from api.bodies import EditBody, HeardBody, ObjectionBody, ValuePropositionBody
from api.commanding import key_reused, launch_not_found, region_not_found
from api.conditional import Conditional, Preconditions
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, insist, requires
from api.idempotency import IdempotencyKey
from api.identity import Actor
from api.problems import Fault, Problem, invalid
from api.rights import Action
from readiness.commands import Position
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import Signature
from readiness.values import Slug
from store.commands import KeyReused
from store.content import (
    ContentEntry,
    EditIsMaterial,
    NotThere,
    Revision,
    RevisionMovedOn,
    StageContent,
    WouldHoldRegions,
    put_content,
    raise_objection,
    stage_content,
    withdraw_content,
)
from store.regions import LaunchUnknown, RegionUnknown, latest_launch, latest_region, launch_record, region_record

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
        response_model=RevisionAnswer,
    )
    router.add_api_route("/{product}/objections/{key}", put_objection, methods=["PUT"], response_model=RevisionAnswer)
    router.add_api_route(
        "/{product}/value-propositions/{segment}",
        withdraw_value_proposition,
        methods=["DELETE"],
        response_model=RevisionAnswer,
    )
    router.add_api_route(
        "/{product}/objections/{key}", withdraw_objection, methods=["DELETE"], response_model=RevisionAnswer
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
    response: Response,
    conditional: Conditional,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
) -> RevisionAnswer:
    """Write what is said to one segment, for the whole product or as an adaptation of some regions."""
    await insist(request, body.regions or (), product=product)
    await run_in_threadpool(_require_segment, deps, product, segment)
    fields = body.entry().model_dump(mode="json")
    return await _edit(deps, actor, product, Stage.VALUE_PROPOSITIONS, segment, body, fields, conditional, response)


async def put_objection(
    product: str,
    key: Key,
    body: ObjectionBody,
    request: Request,
    response: Response,
    conditional: Conditional,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
) -> RevisionAnswer:
    """Write an objection with its answer and rank, for the whole product or as an adaptation of some regions."""
    await insist(request, body.regions or (), product=product)
    fields = body.entry().model_dump(mode="json")
    return await _edit(deps, actor, product, Stage.OBJECTION_HANDLING, key, body, fields, conditional, response)


async def withdraw_value_proposition(
    product: str,
    segment: Key,
    regions: Adapted,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
    holds: Held = (),
) -> RevisionAnswer:
    """Withdraw the adaptation of some regions: what the whole product says holds there again."""
    await insist(request, regions, product=product)
    return await _withdraw(deps, actor, product, Stage.VALUE_PROPOSITIONS, segment, regions, holds)


async def withdraw_objection(
    product: str,
    key: Key,
    regions: Adapted,
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.EDIT_CONTENT, judged=Judged.BY_INSISTING)],
    holds: Held = (),
) -> RevisionAnswer:
    """Withdraw the adaptation of some regions: what the whole product says holds there again."""
    await insist(request, regions, product=product)
    return await _withdraw(deps, actor, product, Stage.OBJECTION_HANDLING, key, regions, holds)


async def hear_objection(
    product: str,
    region: str,
    body: HeardBody,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.RAISE_OBJECTION)],
) -> RevisionAnswer:
    """Add an objection heard in the field to the region's content; it reopens nothing until it is ranked."""

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

    return _revision_answer(await _written(deps, product, write))


async def content(
    product: str,
    region: str,
    stage: Stage,
    response: Response,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_CONTENT)],
) -> ContentAnswer:
    """Return what is to be signed at a stage in a region, with its digest and who has signed."""
    del actor
    if stage not in SIGNED_STAGES:
        raise Problem(
            "not-found", f"Nothing is signed at {stage.value}. See value_propositions or objection_handling."
        )

    def read() -> ContentAnswer:
        with deps.store.reading() as tx:
            key = latest_region(tx, product, region)
            if key is None:
                raise region_not_found(product, region)
            signers = region_record(tx, key).region.policy.signers_of(stage)
            return _content_answer(stage_content(tx, key, stage), signers)

    answer = await run_in_threadpool(read)
    response.headers["ETag"] = f'"{answer.digest}"'
    return answer


async def _edit(
    deps: Dependencies,
    actor: Actor,
    product: str,
    stage: Stage,
    key: str,
    body: EditBody,
    fields: dict[str, object],
    conditional: Preconditions,
    response: Response,
) -> RevisionAnswer:
    expected = _expected_revision(conditional)

    def write(tx: Connection) -> Revision:
        return put_content(
            tx,
            product=product,
            stage=stage,
            key=key,
            body=fields,
            person=actor.person,
            now=deps.store.now(tx),
            regions=body.regions,
            material=body.material,
            holds=body.holds,
            if_match=expected,
            must_be_new=conditional.if_none_match == ("*",),
        )

    revision = await _written(deps, product, write)
    response.headers["ETag"] = f'"{revision.revision}"'
    return _revision_answer(revision)


async def _withdraw(
    deps: Dependencies,
    actor: Actor,
    product: str,
    stage: Stage,
    key: str,
    regions: Sequence[str],
    holds: Sequence[str],
) -> RevisionAnswer:
    def write(tx: Connection) -> Revision:
        return withdraw_content(
            tx,
            product=product,
            stage=stage,
            key=key,
            regions=regions,
            person=actor.person,
            now=deps.store.now(tx),
            holds=holds,
        )

    revision = await _written(deps, product, write)
    return _revision_answer(revision)


async def _written(deps: Dependencies, product: str, write: Callable[[Connection], Revision]) -> Revision:
    """Write an edit; it marks the regions that it touches, and the relay hints those in which a gate moves."""

    def within() -> Revision:
        with deps.store.writing() as tx:
            return write(tx)

    try:
        return await run_in_threadpool(within)
    except KeyReused as reused:
        raise key_reused() from reused
    except LaunchUnknown as unknown:
        raise launch_not_found(product) from unknown
    except RegionUnknown as unknown:
        raise Problem("not-found", f"{unknown}. See /v1/launches/{product} for its regions.") from unknown
    except NotThere as missing:
        raise Problem("not-found", f"{missing}, so there is nothing to withdraw.") from missing
    except EditIsMaterial as material:
        detail = (
            "The edit changes more than case, space and punctuation. Send it as material; it is signed anew then."
        )
        raise Problem("edit-is-material", detail) from material
    except WouldHoldRegions as held:
        named = ", ".join(held.regions)
        detail = f"The edit would end the go of {named}. Name these regions in `holds` if you mean it."
        raise Problem("would-hold-regions", detail, regions=list(held.regions)) from held
    except RevisionMovedOn as moved:
        tag = {"ETag": f'"{moved.current}"'} if moved.current is not None else None
        raise Problem("precondition-failed", "It changed since you read it; read it again.", headers=tag) from moved


def _require_segment(deps: Dependencies, product: str, segment: str) -> None:
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


def _expected_revision(conditional: Preconditions) -> int | None:
    tags = conditional.if_match
    if tags is None or tags == ("*",):
        return None
    numbers = [tag.strip('"') for tag in tags]
    if len(numbers) != 1 or not numbers[0].isdecimal():
        raise Problem(
            "precondition-failed", 'If-Match takes the revision that you read, in quotes, as in If-Match: "3".'
        )
    return int(numbers[0])


def _revision_answer(revision: Revision) -> RevisionAnswer:
    return RevisionAnswer(
        key=revision.key,
        revision=revision.revision,
        digest=revision.digest,
        touched=tuple(key.region for key in revision.touched),
    )


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
