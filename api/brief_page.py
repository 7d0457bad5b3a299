"""How does an executive take one page of a region into a meeting?"""

from typing import Annotated

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.commanding import region_not_found
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.live import readiness_of_record
from api.readers import reader_of
from api.region_page import persons_in
from api.rights import Action, can
from readiness.values import slugged
from store.decision_records import kept
from store.names import names_of
from store.regions import latest_record
from templates.brief import Brief, brief_pdf


def brief_router() -> APIRouter:
    """Return the route of the one-page brief of a region."""
    router = guarded_router()
    router.add_api_route("/launches/{product}/{region}/brief", show_brief, methods=["GET"], response_model=None)
    return router


async def show_brief(
    request: Request,
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_READINESS, persona=True)],
) -> Response:
    """Answer with one page on a region, as PDF, of what stands now."""
    of, there = str(slugged(product)), str(slugged(region))

    def printed() -> bytes:
        reader = reader_of(request)
        return brief_pdf(brief_of(deps, actor, of, there), reader.language, reader.zone)

    pdf = await run_in_threadpool(printed)
    headers = {"Content-Disposition": f'inline; filename="{of}-{there}-brief.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def brief_of(deps: Dependencies, actor: Actor, product: str, region: str) -> Brief:
    """Return what the brief of a region says; raises the problem `not-found`."""
    with deps.store.reading() as tx:
        record = latest_record(tx, product, region)
        if record is None:
            raise region_not_found(product, region)
        now = deps.store.now(tx)
        readiness = readiness_of_record(tx, record, now=now)
        taken = readiness.decision
        known = kept(tx, record.key, taken.version) if taken is not None else None
        names = names_of(tx, {person for person in persons_in(readiness) if person is not None} | {actor.person})
    return Brief(
        readiness=readiness,
        names=names,
        printed_by=names.get(actor.person, actor.person),
        printed_at=now,
        decision_digest=known.digest if known is not None and can(actor, Action.READ_TIMELINE, region) else None,
    )
