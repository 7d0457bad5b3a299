"""At which addresses do bulk files come in by hand, and are their bad rows taken away to be mended?"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from activities.import_mending import Reason, rows_to_mend
from api.dependencies import Deps
from api.guard import guarded_router, requires
from api.identity import Actor
from api.imports import import_errors, import_not_found, take_in
from api.imports_page import import_page, imports_page
from api.page_answers import page_response, see_other
from api.page_forms import faulty_form, refused_form
from api.problems import Problem
from api.rights import Action
from api.sending import EngineAway
from api.sheets import CSV, csv_blocks, csv_text
from readiness.rows import COLUMNS, ImportKind
from store.engine import Store
from store.imports import ImportRecord, errors, find
from templates.core_words import plainly
from templates.language import Reader, reader, reading

EXAMPLES: Mapping[ImportKind, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        ImportKind.PEOPLE: (
            ("em-01", "Amélie Laurent", "amelie@example.com", "sales", "emea", "Account executive", "sa-1", "France"),
            ("em-02", "Jonas Weber", "jonas@example.com", "sales", "emea", "Account executive", "sa-1", "DACH"),
        ),
        ImportKind.AUDIENCE: (("atlas-2", "emea", "em-01"), ("atlas-2", "emea", "em-02", "false", "On leave")),
        ImportKind.COMPLETIONS: (
            ("em-01", "atlas-2-basics", "2027-01-12T09:30:00+01:00", "92"),
            ("em-02", "atlas-2-basics", "2027-01-12T08:30:00Z", ""),
        ),
        ImportKind.ATTEMPTS: (("em-01", "atlas-2-cert", "2027-01-20T10:00:00+01:00", "84.5"),),
    }
)
"""Rows of each kind as they come in, their columns in the order of the contract."""

_ROWS_AT_ONCE = 1_000
_ERRORS_AT_ONCE = 5_000

MayRead = Annotated[Actor, requires(Action.READ_IMPORT, persona=True)]


def imports_pages_router() -> APIRouter:
    """Return the routes of the pages of bulk files, for `create_app(pages=[…])`."""
    router = guarded_router()
    router.add_api_route("/imports", show_imports, methods=["GET"], response_model=None)
    router.add_api_route("/imports/{kind}", bring_in, methods=["POST"], response_model=None)
    router.add_api_route("/imports/{kind}/example.csv", take_example, methods=["GET"], response_model=None)
    router.add_api_route("/imports/{import_id}", show_import, methods=["GET"], response_model=None)
    router.add_api_route("/imports/{import_id}/bad-rows.csv", take_bad_rows, methods=["GET"], response_model=None)
    router.add_api_route("/imports/{import_id}/faults.csv", take_faults, methods=["GET"], response_model=None)
    return router


async def show_imports(
    request: Request, deps: Deps, actor: MayRead, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """Show which files came in and where the next one goes."""

    def shown() -> Response:
        return page_response(imports_page(deps, actor, before=before), request)

    return await run_in_threadpool(shown)


async def bring_in(
    kind: ImportKind, request: Request, deps: Deps, actor: Annotated[Actor, requires(Action.IMPORT_FACTS)]
) -> Response:
    """Take in a bulk file that somebody chose on the page, and show how far it has come."""
    try:
        record = await take_in(request, deps, actor, kind)
    except Problem as problem:
        form = refused_form({}, problem)
        if problem.kind.slug == "body-unreadable":
            form = faulty_form({}, {"file": ("Choose a file first.",)})
        page = await run_in_threadpool(imports_page, deps, actor, forms={kind: form})
        return await run_in_threadpool(page_response, page, request, status=problem.status_code)
    # It is kept: where the engine is away just now, the relay starts what waits.
    with suppress(EngineAway):
        await deps.sender.start_import(record.id)
    return see_other(f"/imports/{record.id}", said="file-received")


async def take_example(
    kind: ImportKind, actor: Annotated[Actor, requires(Action.READ_IMPORT, persona=True)]
) -> Response:
    """Answer with a small file of a kind, to begin from."""
    del actor
    head = (*COLUMNS[kind].required, *COLUMNS[kind].optional)
    rows = [row + ("",) * (len(head) - len(row)) for row in EXAMPLES[kind]]
    named = {"Content-Disposition": f'attachment; filename="example-{kind.value}.csv"'}
    return Response(csv_text([head, *rows]), media_type=CSV, headers=named)


async def show_import(import_id: str, request: Request, deps: Deps, actor: MayRead) -> Response:
    """Show how far one file has come, and what is wrong with which of its rows."""

    def shown() -> Response:
        return page_response(import_page(deps, actor, import_id), request)

    return await run_in_threadpool(shown)


async def take_faults(import_id: str, deps: Deps, actor: MayRead) -> Response:
    """Answer with everything that is wrong, by line, as the API does."""
    return await import_errors(import_id, deps, actor)


async def take_bad_rows(import_id: str, deps: Deps, actor: MayRead) -> Response:
    """Answer with just the rows that could not be used, and why, to be mended and brought in again."""
    del actor
    # The file is written while it is sent, when nobody is known to read any more.
    whoever = reader()

    def begun() -> Iterator[list[list[str]]]:
        with deps.store.reading() as tx:
            record = find(tx, import_id)
        if record is None:
            raise import_not_found(import_id, where="/imports lists them")
        if not Path(record.path).is_file():
            raise Problem("not-found", "The file itself is not kept any more. Take away every fault by line instead.")
        return _pages(rows_to_mend(Path(record.path), record.kind, _reasons(deps.store, record, whoever)))

    pages = await run_in_threadpool(begun)
    named = {"Content-Disposition": f'attachment; filename="{import_id}-bad-rows.csv"'}
    return StreamingResponse(csv_blocks(pages), media_type=CSV, headers=named)


def _pages(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while page := list(islice(rows, _ROWS_AT_ONCE)):
        yield page


def _reasons(store: Store, record: ImportRecord, whoever: Reader) -> Iterator[Reason]:
    after = 0
    while True:
        with store.reading() as tx:
            found = errors(tx, record.id, after=after, limit=_ERRORS_AT_ONCE)
        if not found:
            return
        with reading(whoever):
            said = [(each.line, each.column, plainly(each.reason)) for each in found]
        yield from said
        after = found[-1].number
