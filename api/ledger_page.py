"""What does the page of the audit record show, and to whom?"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.decision_seen import record_address
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.page_answers import page_response, viewer_of
from api.rights import Action, allowed_regions
from readiness.commands import Choice
from store.checkpoints import CHECKPOINT_AFTER, last_whole, latest_checkpoint, waits_since
from store.names import names_of
from store.overview import named_products, named_regions
from store.record import Shown, Wanted, shown_after, shown_before, shown_of_act
from store.records_schema import decision_records
from store.seals import head_of
from templates.kind_words import kind_meant
from templates.pages import KeptRecord, RecordFilters, RecordLine, RecordPage, act_address

_DECISIONS = frozenset({"decide", "decision_taken"})

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
    act: Asked = "",
    after: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
    before: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
) -> Response:
    """Show the audit record: the newest entries first, those behind a position in order, or those of one act."""
    filters = RecordFilters(
        product=product.strip(), region=region.strip(), person=person.strip(), kind=kind.strip(), act=act.strip()
    )

    def shown() -> Response:
        return page_response(record_page(deps, actor, filters, after=after, before=before), request)

    return await run_in_threadpool(shown)


def record_page(
    deps: Dependencies, actor: Actor, filters: RecordFilters, *, after: int | None, before: int | None = None
) -> RecordPage:
    """Return what `actor` may see of the record with `filters`: behind `after` in order, or else the newest first."""
    allowed = allowed_regions(actor, Action.READ_LEDGER)
    within = None if allowed.everywhere else allowed.named
    with deps.store.reading() as tx:
        head, checkpoint, verified = head_of(tx), latest_checkpoint(tx), last_whole(tx)
        kind, kinds, choice = _kinds(filters.kind)
        wanted = Wanted(
            product=_id_of(filters.product, lambda: named_products(tx, within=within)),
            region=_id_of(filters.region, lambda: named_regions(tx, within=within)),
            person=filters.person or None,
            kind=kind,
            kinds=kinds,
            choice=choice,
            within=within,
        )
        newest_first = after is None and not filters.act
        following: str | None = None
        if filters.act:
            found = shown_of_act(tx, filters.act, wanted)
        elif after is None:
            found, last = shown_before(tx, head.position + 1 if before is None else before, wanted, limit=ENTRIES)
            following = filters.address(before=last) if last is not None else None
        else:
            found, last = shown_after(tx, after, wanted, limit=ENTRIES)
            following = filters.address(after=last) if last is not None and last < head.position else None
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
        checkpoint_minutes=CHECKPOINT_AFTER // timedelta(minutes=1),
        waits_since=waits,
        filters=filters,
        lines=tuple(_line(each, names, filters.act) for each in found),
        newest_first=newest_first,
        next_address=following,
        first_address=filters.address(after=0),
        # An export takes ids alone.
        export_query=RecordFilters(
            product=wanted.product or "", region=wanted.region or "", person=filters.person, kind=kind or ""
        ).query,
    )


def _id_of(written: str, named: Callable[[], Iterable[tuple[str, str]]]) -> str | None:
    """Return the id that is meant by an id or a name, in whatever case; None where nothing is written."""
    if not written:
        return None
    same = written.casefold()
    return next((each for each, name in named() if same in (each.casefold(), name.casefold())), same)


def _kinds(written: str) -> tuple[str | None, frozenset[str] | None, str | None]:
    """Return the kind that is meant, or several and what was decided, by words of pages or by the kind itself."""
    word = "_".join(kind_meant(written).lower().replace("-", " ").split())
    if word in {choice.value for choice in Choice} - {Choice.HOLD.value}:
        return None, _DECISIONS, word
    if word == "decision":
        return None, _DECISIONS, None
    return word or None, None, None


def _line(shown: Shown, names: dict[str, str], act: str) -> RecordLine:
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
        act_address=act_address(shown.act) if shown.act is not None and shown.act != act else None,
        kept=_kept(shown),
    )


def _kept(shown: Shown) -> KeptRecord | None:
    """Return where what a decision was taken on is read, if the entry is the record of it."""
    said = shown.said
    if shown.seal.source != decision_records.name or not said:
        return None
    place = (str(said["product"]), str(said["region"]), int(said["version"]))
    return KeptRecord(record_address(*place, run=int(said["run"])), str(said["digest"]))
