"""How do bulk files come in, and how does one see what became of them?"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from api.answers import BadRow, ImportAnswer, RefusedFile
from api.cursors import PAGE_SIZE, Cursors, CursorText, Limit, Listing
from api.dependencies import Dependencies, Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.problems import RETRY_AFTER_SECONDS, Problem
from api.rights import Action
from api.sheets import csv_text
from api.uploads import Received, UploadStorageFull, UploadTooLarge, plain_name, receive
from readiness.rows import ImportKind
from store.away import NO_ROOM
from store.engine import Store
from store.facts import begin_import
from store.imports import ImportRecord, ReportedError, errors, find, list_page, register

ERRORS_SHOWN = 100
"""Bad rows in one answer; the rest are in the file of them."""

_ERRORS_AT_ONCE = 5_000
_BLOCK = 256 * 1024

_CURSORS = Cursors(tuple[int])

RAW_BODY = {
    "requestBody": {
        # An empty body is an empty file, which is taken in and refused as one.
        "required": False,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/x-ndjson": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
                    },
                }
            },
        },
    }
}


def imports_router() -> APIRouter:
    """Return the routes of imports."""
    router = guarded_router(prefix="/v1/imports", tags=["imports"])
    router.add_api_route(
        "/{kind}", import_file, methods=["POST"], status_code=202, response_model=ImportAnswer, openapi_extra=RAW_BODY
    )
    router.add_api_route("", imports, methods=["GET"], response_model=Listing[ImportAnswer])
    router.add_api_route("/{import_id}", import_state, methods=["GET"], response_model=ImportAnswer)
    router.add_api_route(
        "/{import_id}/errors.csv",
        import_errors,
        methods=["GET"],
        response_model=None,
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    return router


async def import_file(
    kind: ImportKind,
    request: Request,
    response: Response,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.IMPORT_FACTS)],
    name: Annotated[str | None, Query(max_length=255, description="The file's name, for people.")] = None,
) -> ImportAnswer:
    """Take in a bulk file, as the raw body or as the multipart field `file`; it is loaded after this answer.

    The same file sent again while it is the latest of its kind answers with its import.
    """
    record = await take_in(request, deps, actor, kind, name=name)
    await deps.sender.start_import(record.id)
    response.headers["Location"] = f"/v1/imports/{record.id}"
    return await run_in_threadpool(_read, deps.store, record.id)


async def take_in(
    request: Request, deps: Dependencies, actor: Actor, kind: ImportKind, *, name: str | None = None
) -> ImportRecord:
    """Write the file that a request brings to the disk and register it; raises the problem that tells why not."""
    received, file_name = await _receive(request, deps, name)

    def registered() -> ImportRecord:
        with deps.store.writing() as tx:
            now = deps.store.now(tx)
            made = register(
                tx,
                kind=kind,
                digest=received.digest,
                file_name=file_name,
                size=received.size,
                path=str(received.path),
                uploaded_by=actor.person,
                on_behalf_of=actor.on_behalf_of,
                at=now,
            )
            if made.created:
                begin_import(tx, made.record.id, kind, at=now)
            return made.record

    return await run_in_threadpool(registered)


async def imports(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_IMPORT)],
    kind: ImportKind | None = None,
    cursor: CursorText = None,
    limit: Limit = PAGE_SIZE,
) -> Listing[ImportAnswer]:
    """List imports, newest first."""
    filters = {"kind": kind}
    holder = deps.holder(actor)
    before = _CURSORS.read(cursor, of="imports", holder=holder, filters=filters)

    def page() -> Listing[ImportAnswer]:
        with deps.store.reading() as tx:
            found = list_page(tx, kind=kind, before=before[0] if before else None, limit=limit + 1)
        shown = found[:limit]
        following = (
            _CURSORS.write((shown[-1].seq,), of="imports", holder=holder, filters=filters)
            if len(found) > limit
            else None
        )
        return Listing(items=[_answer(record, ()) for record in shown], next_cursor=following)

    return await run_in_threadpool(page)


async def import_state(
    import_id: str, deps: Deps, actor: Annotated[Actor, requires(Action.READ_IMPORT)]
) -> ImportAnswer:
    """Return how far an import has come, with its first bad rows."""
    del actor
    return await run_in_threadpool(_read, deps.store, import_id)


async def import_errors(
    import_id: str, deps: Deps, actor: Annotated[Actor, requires(Action.READ_IMPORT)]
) -> StreamingResponse:
    """Return every bad row of an import as CSV: line, column, code, reason."""
    del actor
    await run_in_threadpool(_required, deps.store, import_id)
    headers = {"Content-Disposition": f'attachment; filename="{import_id}-errors.csv"'}
    return StreamingResponse(
        _error_lines(deps.store, import_id), media_type="text/csv; charset=utf-8", headers=headers
    )


async def _receive(request: Request, deps: Dependencies, name: str | None) -> tuple[Received, str]:
    limit = deps.settings.upload_limit
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media != "multipart/form-data":
            return await receive(request.stream(), deps.uploads, limit=limit), plain_name(name)
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                raise Problem("body-unreadable", "Send the file as the multipart field `file`, or as the raw body.")
            return await receive(_blocks(file), deps.uploads, limit=limit), plain_name(name or file.filename)
    except UploadTooLarge as large:
        raise Problem("content-too-large", f"A file may have {limit} bytes at most. Send it in parts.") from large
    except UploadStorageFull as full:
        raise _not_kept(is_full=True) from full
    except ConnectionError:
        raise
    except OSError as error:
        # The parser of forms keeps what it reads in files of its own, elsewhere than `receive` does.
        raise _not_kept(is_full=error.errno in NO_ROOM) from error
    except HTTPException as unread:
        if isinstance(unread, Problem):
            raise
        raise Problem(
            "body-unreadable", "The form could not be read. Send one file, as the multipart field `file`."
        ) from unread


def _not_kept(*, is_full: bool) -> Problem:
    slug, what = (
        ("storage-full", "There is no room for the file")
        if is_full
        else ("storage-away", "The file cannot be written at the moment")
    )
    return Problem(
        slug, f"{what}. Nothing was kept; send it again later.", headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
    )


async def _blocks(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(_BLOCK):
        yield block


def _read(store: Store, import_id: str) -> ImportAnswer:
    with store.reading() as tx:
        record = find(tx, import_id)
        shown = errors(tx, import_id, limit=ERRORS_SHOWN) if record is not None else ()
    if record is None:
        raise import_not_found(import_id)
    return _answer(record, shown)


def _required(store: Store, import_id: str) -> None:
    with store.reading() as tx:
        if find(tx, import_id) is None:
            raise import_not_found(import_id)


def import_not_found(import_id: str, *, where: str = "GET /v1/imports lists them") -> Problem:
    """Return the problem of an import that is not there, and `where` to look."""
    return Problem("not-found", f"There is no import {import_id}: {where}.")


def _answer(record: ImportRecord, shown: tuple[ReportedError, ...]) -> ImportAnswer:
    refused = None
    if record.code is not None:
        refused = RefusedFile(code=record.code, reason=record.reason or "", line=record.line)
    return ImportAnswer(
        id=record.id,
        kind=record.kind.value,
        state=record.state.value,
        rows_total=record.rows_total,
        rows_read=record.rows_read,
        accepted=record.accepted,
        unchanged=record.unchanged,
        rejected=record.rejected,
        unknown=record.unknown,
        refused=refused,
        errors=tuple(BadRow(line=e.line, column=e.column, code=e.code, reason=e.reason) for e in shown),
        errors_url=f"/v1/imports/{record.id}/errors.csv" if record.reported > len(shown) else None,
        created_at=record.created_at,
        finished_at=record.finished_at,
    )


async def _error_lines(store: Store, import_id: str) -> AsyncIterator[str]:
    def page(after: int) -> tuple[ReportedError, ...]:
        with store.reading() as tx:
            return errors(tx, import_id, after=after, limit=_ERRORS_AT_ONCE)

    yield csv_text([("line", "column", "code", "reason")])
    after = 0
    while found := await run_in_threadpool(page, after):
        yield csv_text([(str(e.line), e.column or "", e.code, e.reason) for e in found])
        after = found[-1].number
