"""How is a launch started, added to and read?"""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.answers import LaunchAnswer
from api.commanding import Request as Asking
from api.commanding import command_launch, launch_not_found
from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, insist, requires
from api.idempotency import IdempotencyKey, Wished
from api.identity import Actor
from api.live import region_readiness
from api.origin import origin_of
from api.problems import Fault as ProblemFault
from api.problems import Problem, invalid
from api.rehearsing import START_REHEARSED, StartRehearsalAnswer, rehearsal_response, start_rehearsal_of
from api.rights import Action, Regions, allowed_regions, not_allowed, right_used
from api.showing import launch_answers
from readiness.commands import AddRegion, LaunchCommand, RegionCommand, Role, StartLaunch
from readiness.keys import LaunchKey
from readiness.plan import LaunchPlan, RegionPlan
from readiness.plan_document import read_plan, read_region
from readiness.plan_faults import Fault, Mentioned, PlanFaulty, mentioned_in
from readiness.readiness import Readiness
from readiness.values import slugged
from store.commands import under_key
from store.names import printed_name
from store.regions import all_launches, latest_launch, launch_record
from store.rehearsing import rehearse_launch
from store.requirements import known_assessment, known_courses

PLAN_EXAMPLE = {
    "product": "atlas-2",
    "name": "Atlas 2",
    "tier": 1,
    "owner": "pm-7",
    "launch_at": "2027-03-01T09:00",
    "regions": [{"region": "emea", "name": "EMEA", "time_zone": "Europe/Berlin", "wave": 1}],
    "courses": [{"course_id": "atlas-2-basics", "title": "Atlas 2 basics", "min_score": 0}],
    "assessment": {"assessment_id": "atlas-2-cert", "title": "Atlas 2 certification", "pass_mark": 80},
}

_CURSORS = Cursors(tuple[str])

Document = Annotated[dict[str, Any], Body(examples=[PLAN_EXAMPLE])]
RegionDocument = Annotated[dict[str, Any], Body(examples=PLAN_EXAMPLE["regions"])]


def launches_router() -> APIRouter:
    """Return the routes of launches as a whole."""
    router = guarded_router(prefix="/v1/launches", tags=["launches"])
    router.add_api_route(
        "",
        start_launch,
        methods=["POST"],
        status_code=201,
        response_model=LaunchAnswer,
        responses=START_REHEARSED,
    )
    router.add_api_route("", launches, methods=["GET"], response_model=Listing[LaunchAnswer])
    router.add_api_route("/{product}", launch, methods=["GET"], response_model=LaunchAnswer)
    router.add_api_route(
        "/{product}/regions", add_region, methods=["POST"], status_code=201, response_model=Readiness
    )
    return router


async def start_launch(
    document: Document,
    request: Request,
    wish: Wished,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.START_LAUNCH, judged=Judged.BY_INSISTING)],
) -> Any:
    """Start a product's launch in every region of its plan; answers once each of them is in the ledger."""
    earlier = None if wish.is_rehearsal else await run_in_threadpool(asked_before, deps, actor, wish.key)
    if isinstance(earlier, StartLaunch):
        plan = earlier.plan
    else:
        # Before anything is looked up: who may not act there is not told what there is.
        named = regions_named(document)
        if named:
            await insist(request, named)
        plan = await run_in_threadpool(checked_plan, deps, document)
    regions = [region.region for region in plan.regions]
    await insist(request, regions, product=plan.product)
    role = role_used(actor, Action.START_LAUNCH, regions)
    asking = Asking(actor, role, wish.key, "start_launch", plain_json(document), origin_of(request, actor))
    if wish.is_rehearsal:
        return rehearsal_response(await run_in_threadpool(rehearsed_start, deps, asking, plan))
    launch_key = await carry_out_start(deps, asking, plan)
    started = await run_in_threadpool(_launch, deps, launch_key.product, allowed_regions(actor, Action.START_LAUNCH))
    headers = {"Location": f"/v1/launches/{launch_key.product}"}
    return Response(started.model_dump_json(), status_code=201, headers=headers, media_type="application/json")


async def carry_out_start(deps: Dependencies, asking: Asking, plan: LaunchPlan) -> LaunchKey:
    """Start the launch of `plan` and return its key; raises the problem of its refusal."""
    launch_key, _ = await command_launch(
        deps,
        asking,
        product=plan.product,
        starts=True,
        make=lambda _tx, asked: StartLaunch.model_validate({**asked, "plan": plan}),
    )
    return launch_key


def rehearsed_start(deps: Dependencies, asking: Asking, plan: LaunchPlan) -> StartRehearsalAnswer:
    """Return what the start of `plan` would come to; raises the problem of its refusal."""

    def make(command_id: str, now: datetime) -> StartLaunch:
        return StartLaunch.model_validate({**asking.asked(command_id, now), "plan": plan})

    with deps.store.reading() as tx:
        rehearsed = rehearse_launch(tx, plan.product, make, now=deps.store.now(tx))
    return start_rehearsal_of(plan, rehearsed)


async def carry_out_addition(deps: Dependencies, asking: Asking, product: str, region: RegionPlan) -> None:
    """Add a region to a running launch; raises the problem of its refusal."""
    await command_launch(
        deps,
        asking,
        product=product,
        starts=False,
        make=lambda _tx, asked: AddRegion.model_validate({**asked, "region": region}),
    )


async def launches(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_LAUNCH, judged=Judged.BY_FILTER)],
    cursor: CursorText = None,
    limit: Limit = PAGE_SIZE,
) -> Listing[LaunchAnswer]:
    """List the latest launch of each product, by product, with the regions that you may see."""
    allowed = allowed_regions(actor, Action.READ_LAUNCH)
    holder = deps.holder(actor)
    after = _CURSORS.read(cursor, of="launches", holder=holder)

    def page() -> Listing[LaunchAnswer]:
        with deps.store.reading() as tx:
            # What the reader may not see is not counted either: neither pages nor cursors tell of it.
            within = None if allowed.everywhere else allowed.named
            found = all_launches(tx, within=within, after=after[0] if after else None, limit=limit + 1)
            now = deps.store.now(tx)
            items = launch_answers(tx, found[:limit], allowed, now=now)
            last = found[limit - 1].key.product if len(found) > limit else None
        following = _CURSORS.write((last,), of="launches", holder=holder) if last is not None else None
        return Listing(items=items, next_cursor=following)

    return await run_in_threadpool(page)


async def launch(
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_LAUNCH, judged=Judged.BY_FILTER)],
) -> LaunchAnswer:
    """Return a product's latest launch with the regions that you may see."""
    return await run_in_threadpool(_launch, deps, product, allowed_regions(actor, Action.READ_LAUNCH))


async def add_region(
    product: str,
    document: RegionDocument,
    request: Request,
    response: Response,
    key: IdempotencyKey,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.ADD_REGION, judged=Judged.BY_INSISTING)],
) -> Readiness:
    """Add one region, an entry of a plan's `regions`, to a running launch."""
    earlier = await run_in_threadpool(asked_before, deps, actor, key)
    if isinstance(earlier, AddRegion):
        region = earlier.region
    else:
        named = regions_named({"regions": [document]})
        if named:
            await insist(request, named, product=product)
        region = await run_in_threadpool(checked_region, deps, product, document)
    await insist(request, [region.region], product=product)
    asking = Asking(
        actor,
        role_used(actor, Action.ADD_REGION, [region.region]),
        key,
        "add_region",
        plain_json(document),
        origin_of(request, actor),
    )
    await carry_out_addition(deps, asking, product, region)
    response.headers["Location"] = f"/v1/launches/{product}/regions/{region.region}/readiness"
    return await run_in_threadpool(region_readiness, deps.store, product, region.region)


def asked_before(deps: Dependencies, actor: Actor, key: str) -> LaunchCommand | RegionCommand | None:
    """Return what a repeat repeats: a plan that has become impossible with time was possible when it was asked."""
    with deps.store.reading() as tx:
        return under_key(tx, actor.person, key)


def role_used(actor: Actor, action: Action, regions: list[str]) -> Role:
    """Return the role by which `actor` acts in `regions`; raises the problem `not-allowed`."""
    role = right_used(actor, action, regions[0])
    if role is None:
        raise not_allowed(action, " there")
    return role


def regions_named(document: dict[str, Any]) -> list[str]:
    """Return the regions that a plan names, as far as it can be read."""
    regions = document.get("regions")
    each = [entry.get("region") for entry in regions if isinstance(entry, dict)] if isinstance(regions, list) else []
    return [str(slugged(region)) for region in each if isinstance(region, str)]


def plain_json(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as the command log keeps it: plain JSON, whatever it was read from."""
    kept: dict[str, Any] = json.loads(json.dumps(document, default=str))
    return kept


def _launch(deps: Dependencies, product: str, allowed: Regions) -> LaunchAnswer:
    with deps.store.reading() as tx:
        key = latest_launch(tx, product)
        record = launch_record(tx, key) if key is not None else None
        found = record.launch if record is not None else None
        now = deps.store.now(tx)
        answers = launch_answers(tx, [found] if found is not None else [], allowed, now=now)
    if not answers:
        raise launch_not_found(product)
    return answers[0]


def checked_plan(deps: Dependencies, document: dict[str, Any]) -> LaunchPlan:
    """Return the plan, checked by itself and against the database; raises the problem that names every fault."""
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        try:
            plan = read_plan(document, now=now)
        except PlanFaulty as faulty:
            raise _faults(faulty.adding(_unknown(tx, faulty.mentioned), document=document)) from faulty
        more = _unknown(tx, mentioned_in(plan))
    if more:
        raise _faults(PlanFaulty(more))
    return plan


def checked_region(deps: Dependencies, product: str, document: dict[str, Any]) -> RegionPlan:
    """Return the entry of a plan's `regions`, checked; raises the problem that names every fault."""
    with deps.store.reading() as tx:
        key = latest_launch(tx, product)
        found = launch_record(tx, key).launch if key is not None else None
        now = deps.store.now(tx)
    if found is None:
        raise launch_not_found(product)
    try:
        return read_region(document, plan=found.plan, now=now)
    except PlanFaulty as faulty:
        raise _faults(faulty) from faulty


def _unknown(tx: Connection, mentioned: Mentioned) -> tuple[Fault, ...]:
    """Return what a plan mentions that contradicts the database: its owner, its courses, its assessment."""
    faults: list[Fault] = []
    if mentioned.owner is not None and printed_name(tx, mentioned.owner) is None:
        faults.append(
            Fault(
                path="owner",
                code="unknown-person",
                reason=f"Nobody here has the id {mentioned.owner}; import them with the people, or name another.",
            )
        )
    known = known_courses(tx, [course.course_id for _, course in mentioned.courses])
    for path, course in mentioned.courses:
        other = known.get(course.course_id)
        if other is not None and (other.title, other.min_score) != (course.title, course.min_score):
            faults.append(
                Fault(
                    path=path,
                    code="course-known-otherwise",
                    reason=f"{course.course_id} is known as {other.title!r} with a minimum score of "
                    f"{other.min_score:f}; say the same, or give the course another id.",
                )
            )
    assessment = mentioned.assessment
    other_assessment = known_assessment(tx, assessment.assessment_id) if assessment is not None else None
    if assessment is not None and other_assessment is not None and other_assessment.title != assessment.title:
        faults.append(
            Fault(
                path="assessment",
                code="assessment-known-otherwise",
                reason=f"{assessment.assessment_id} is known as {other_assessment.title!r}; "
                "say the same, or give the assessment another id.",
            )
        )
    return tuple(faults)


def _faults(faulty: PlanFaulty) -> Problem:
    found = [ProblemFault(where="body", path=f.path, code=f.code, reason=f.reason) for f in faulty.faults]
    return invalid(found, slug="plan-invalid")
