"""What does the page of the audit record show, and to whom?"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.page_answers import page_response, viewer_of
from api.rights import Action, allowed_regions
from store.checkpoints import last_whole, latest_checkpoint, waits_since
from store.names import names_of
from store.record import Shown, Wanted, shown_after
from store.seals import head_of
from templates.pages import RecordFilters, RecordLine, RecordPage

ENTRIES = 60
"""On one page."""

Asked = Annotated[str, Query(max_length=128)]


def ledger_page_router() -> APIRouter:
    """Return the route of the page of the audit record."""
    router = guarded_router()
    router.add_api_route("/ledger", show_record, methods=["GET"], response_model=None)
    return router


async def show_record(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_LEDGER, judged=Judged.BY_FILTER, persona=True)],
    product: Asked = "",
    region: Asked = "",
    person: Asked = "",
    kind: Asked = "",
    after: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
) -> Response:
    """Show the audit record: its latest entries, or those asked for from the first on."""
    # Ids of products and regions are small, however people write them.
    filters = RecordFilters(product=product.strip().lower(), region=region.strip().lower(), person=person, kind=kind)

    def shown() -> Response:
        return page_response(record_page(deps, actor, filters, after=after), request)

    return await run_in_threadpool(shown)


def record_page(deps: Dependencies, actor: Actor, filters: RecordFilters, *, after: int | None) -> RecordPage:
    """Return what `actor` may see of the record with `filters`, behind the position `after`."""
    allowed = allowed_regions(actor, Action.READ_LEDGER)
    wanted = Wanted(
        product=filters.product or None,
        region=filters.region or None,
        person=filters.person or None,
        kind=filters.kind or None,
        within=None if allowed.everywhere else allowed.named,
    )
    with deps.store.reading() as tx:
        head, checkpoint, verified = head_of(tx), latest_checkpoint(tx), last_whole(tx)
        # Who asks for nothing in particular wants to see what has happened lately.
        begins = max(0, head.position - ENTRIES) if wanted.is_everything and after is None else after or 0
        found, last = shown_after(tx, begins, wanted, limit=ENTRIES)
        persons = {str(each.said["person"]) for each in found if each.said.get("person")}
        names = names_of(tx, {actor.person, *persons})
        waits, read_at = waits_since(tx), deps.store.now(tx)
    return RecordPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        read_at=read_at,
        entries=head.position,
        sealed_until=checkpoint.position if checkpoint is not None else 0,
        verified_at=verified.at if verified is not None else None,
        faults=verified.faults if verified is not None else 0,
        waits_since=waits,
        filters=filters,
        lines=tuple(_line(each, names) for each in found),
        next_address=filters.address(after=last) if last is not None and last < head.position else None,
        first_address=filters.address(after=0),
        export_query=filters.query,
    )


def _line(shown: Shown, names: dict[str, str]) -> RecordLine:
    said = shown.said
    person = said.get("person")
    place = [str(said[name]) for name in ("product", "region") if said.get(name)]
    return RecordLine(
        position=shown.seal.position,
        at=datetime.fromisoformat(said["at"]) if isinstance(said.get("at"), str) else None,
        source=shown.seal.source,
        kind=str(said["kind"]) if said.get("kind") else None,
        person=str(person) if person else None,
        name=shown.printed.name if shown.printed is not None else names.get(str(person)),
        on_behalf_of=str(said["on_behalf_of"]) if said.get("on_behalf_of") else None,
        role=str(said["role"]) if said.get("role") else None,
        place=" / ".join(place),
        reason=shown.reason,
        meaning=shown.meaning,
        outcome=shown.outcome,
        refusal=shown.refusal,
        withheld=shown.withheld,
        digest=shown.seal.digest,
    )
