"""How is the audit record read, and taken out so that others can verify it?"""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from fastapi.routing import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing, listed
from api.dependencies import Dependencies, Deps
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.rights import Action, allowed_regions
from api.sheets import csv_text
from readiness.values import Moment
from store.checkpoints import signed_checkpoints
from store.record import Shown, Wanted, batch_after, moment_text, shown_after
from store.seals import head_of

FORMAT = "ltl-ledger-1"
"""What the first line of an export says that it is."""

_COLUMNS = (
    *("position", "at", "source", "person", "name", "on_behalf_of", "role", "kind", "product", "region", "run"),
    *("reason", "meaning", "outcome", "refusal", "digest", "address", "request_id", "sealed_digest", "chain"),
)
_CURSORS = Cursors(tuple[int])

Name = Annotated[str | None, Query(max_length=128)]


class LedgerEntry(BaseModel):
    """One entry: what is sealed is in `entry`; the rest is read from it, or stands beside it, for people."""

    position: int
    source: str
    at: str | None
    person: str | None
    name: str | None
    """As it was printed then; null where it was erased or never known."""
    on_behalf_of: str | None
    role: str | None
    kind: str | None
    product: str | None
    region: str | None
    run: int | None
    reason: str | None
    meaning: str | None
    """What a signature meant, in a sentence (21 CFR 11.50)."""
    outcome: str | None
    refusal: str | None
    digest: str | None
    """Of what was signed, asked or written."""
    address: str | None
    request_id: str | None
    withheld: str | None
    """Why the entry is not shown yet; null where it is."""
    entry: dict[str, Any] | None
    sealed_digest: str
    chain: str


class LedgerKeys(BaseModel):
    """The public keys of the ledger as a JWKS (RFC 7517)."""

    keys: list[dict[str, Any]]


def ledger_router() -> APIRouter:
    """Return the routes of the audit record."""
    router = guarded_router(prefix="/v1/ledger", tags=["ledger"])
    router.add_api_route("", entries, methods=["GET"], response_model=Listing[LedgerEntry])
    text = {"schema": {"type": "string"}}
    router.add_api_route(
        "/export",
        export,
        methods=["GET"],
        response_class=Response,
        response_model=None,
        responses={200: {"content": {"application/x-ndjson": text, "text/csv": text}}},
    )
    router.add_api_route("/keys", ledger_keys, methods=["GET"], response_model=LedgerKeys)
    return router


async def entries(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_LEDGER, judged=Judged.BY_FILTER)],
    product: Name = None,
    region: Name = None,
    person: Name = None,
    kind: Name = None,
    since: Annotated[Moment | None, Query(description="Only what was written from this instant on.")] = None,
    cursor: CursorText = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """List the audit record, oldest first. A page of a narrow filter may be short or empty and still have a next."""
    wanted = _wanted(actor, product=product, region=region, person=person, kind=kind, since=since)
    filters = {"product": product, "region": region, "person": person, "kind": kind, "since": since}
    after = _CURSORS.read(cursor, of="ledger", holder=deps.holder(actor), filters=filters)

    def page() -> Response:
        with deps.store.reading() as tx:
            shown, last = shown_after(tx, after[0] if after else 0, wanted, limit=limit)
        following = (
            _CURSORS.write((last,), of="ledger", holder=deps.holder(actor), filters=filters)
            if last is not None
            else None
        )
        return listed([_entry(each) for each in shown], following)

    return await run_in_threadpool(page)


async def export(
    request: Request,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_LEDGER, judged=Judged.BY_FILTER)],
    form: Annotated[Literal["ndjson", "csv"], Query(alias="format")] = "ndjson",
    product: Name = None,
    region: Name = None,
    person: Name = None,
    kind: Name = None,
    since: Annotated[Moment | None, Query(description="Only what was written from this instant on.")] = None,
) -> StreamingResponse:
    """Return the audit record as a file: NDJSON with its checkpoints, which `verify_ledger.py` verifies, or CSV.

    Whoever may see some regions only gets their part, and the first line says that it is one.
    """
    del request
    wanted = _wanted(actor, product=product, region=region, person=person, kind=kind, since=since)
    media, lines = ("text/csv", _as_csv) if form == "csv" else ("application/x-ndjson", _as_ndjson)
    headers = {"Content-Disposition": f'attachment; filename="ledger.{form}"'}
    return StreamingResponse(lines(deps, wanted), media_type=f"{media}; charset=utf-8", headers=headers)


async def ledger_keys(deps: Deps, actor: Annotated[Actor, requires(Action.READ_REFERENCE)]) -> LedgerKeys:
    """Return the public keys with which checkpoints are verified."""
    del actor
    return LedgerKeys(keys=[dict(key) for key in deps.ledger_keys])


def _wanted(
    actor: Actor,
    *,
    product: str | None,
    region: str | None,
    person: str | None,
    kind: str | None,
    since: datetime | None,
) -> Wanted:
    allowed = allowed_regions(actor, Action.READ_LEDGER)
    return Wanted(
        product=product,
        region=region,
        person=person,
        kind=kind,
        since=moment_text(since) if since is not None else None,
        within=None if allowed.everywhere else allowed.named,
    )


def _entry(shown: Shown) -> LedgerEntry:
    said = shown.said
    told = {
        name: said.get(name) for name in ("at", "person", "on_behalf_of", "role", "kind", "product", "region", "run")
    }
    return LedgerEntry(
        **told,
        position=shown.seal.position,
        source=shown.seal.source,
        name=shown.printed.name if shown.printed is not None else None,
        reason=shown.reason,
        meaning=shown.meaning,
        outcome=shown.outcome,
        refusal=shown.refusal,
        digest=said.get("digest"),
        address=said.get("address"),
        request_id=said.get("request_id"),
        withheld=shown.withheld,
        entry=shown.entry,
        sealed_digest=shown.seal.digest,
        chain=shown.seal.chain,
    )


async def _as_ndjson(deps: Dependencies, wanted: Wanted) -> AsyncIterator[str]:
    """Yield a first line about the export, a line for each entry, the checkpoints, and a last line that ends it."""

    def begin() -> tuple[int, str, list[str]]:
        with deps.store.reading() as tx:
            head = head_of(tx)
            return head.position, moment_text(deps.store.now(tx)), list(signed_checkpoints(tx, until=head.position))

    until, at, stated = await run_in_threadpool(begin)
    yield _line({"format": FORMAT, "complete": wanted.is_everything, "until": until, "at": at})
    count = 0
    async for batch in _batches(deps, wanted, until):
        yield "".join(_line(_document(shown)) for shown in batch)
        count += len(batch)
    yield "".join(_line({"checkpoint": signed}) for signed in stated)
    yield _line({"end": count})


async def _as_csv(deps: Dependencies, wanted: Wanted) -> AsyncIterator[str]:
    def begin() -> int:
        with deps.store.reading() as tx:
            return head_of(tx).position

    until = await run_in_threadpool(begin)
    part = [] if wanted.is_everything else [("This is a part of the record: what you asked for and may see.",)]
    yield csv_text([*part, _COLUMNS])
    async for batch in _batches(deps, wanted, until):
        rows = (_entry(shown).model_dump() for shown in batch)
        yield csv_text([tuple("" if row[name] is None else str(row[name]) for name in _COLUMNS) for row in rows])


async def _batches(deps: Dependencies, wanted: Wanted, until: int) -> AsyncIterator[list[Shown]]:
    def batch(after: int) -> tuple[list[Shown], int | None]:
        with deps.store.reading() as tx:
            return batch_after(tx, after, until, wanted)

    position: int | None = 0
    while position is not None:
        shown, position = await run_in_threadpool(batch, position)
        if shown:
            yield shown


def _document(shown: Shown) -> dict[str, Any]:
    seal = shown.seal
    beside = {
        "name": dict(shown.printed._asdict()) if shown.printed is not None else None,
        "meaning": shown.meaning,
        "withheld": shown.withheld,
    }
    return {**seal._asdict(), "entry": shown.entry, **{name: value for name, value in beside.items() if value}}


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
