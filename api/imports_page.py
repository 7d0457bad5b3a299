"""What do the pages of bulk files show of what is stored?"""

from collections.abc import Mapping

from api.dependencies import Dependencies
from api.identity import Actor
from api.imports import ERRORS_SHOWN, import_not_found
from api.page_answers import viewer_of
from api.page_forms import blank_form
from api.rights import Action, can
from readiness.rows import COLUMNS, ImportKind
from store.imports import ImportRecord, errors, find, list_page
from store.names import names_of
from templates.pages import BadRowLine, Form, ImportLine, ImportPage, ImportsPage, UploadForm

IMPORTS_ON_PAGE = 50

RUNNING_SECONDS = 2
"""How often a browser without scripts looks again at a file that is being loaded."""

_MEGABYTE = 1024 * 1024


def imports_page(
    deps: Dependencies, actor: Actor, *, before: int | None = None, forms: Mapping[ImportKind, Form] | None = None
) -> ImportsPage:
    """Return the page of imports, newest first, from the one before `before` on; `forms` are those at fault."""
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        found = list_page(tx, before=before, limit=IMPORTS_ON_PAGE + 1)
        shown = found[:IMPORTS_ON_PAGE]
        names = names_of(tx, {actor.person, *(record.uploaded_by for record in shown)})
    return ImportsPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        read_at=read_at,
        uploads=tuple(upload_form(kind, (forms or {}).get(kind)) for kind in ImportKind)
        if can(actor, Action.IMPORT_FACTS)
        else (),
        imports=tuple(_line(record, names) for record in shown),
        most_megabytes=deps.settings.upload_limit // _MEGABYTE,
        first_address="/imports" if before is not None else None,
        next_address=f"/imports?before={shown[-1].seq}" if len(found) > len(shown) else None,
    )


def import_page(deps: Dependencies, actor: Actor, import_id: str) -> ImportPage:
    """Return the page of one import; raises the problem `not-found`."""
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        record = find(tx, import_id)
        if record is None:
            raise import_not_found(import_id, where="/imports lists them")
        faults = errors(tx, import_id, limit=ERRORS_SHOWN)
        names = names_of(tx, {actor.person, record.uploaded_by})
    line = _line(record, names)
    return ImportPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=RUNNING_SECONDS if line.is_running else None,
        read_at=read_at,
        brought=line,
        finished_at=record.finished_at,
        rows_total=record.rows_total,
        rows_done=record.rows_read + record.staged,
        accepted=record.accepted,
        unchanged=record.unchanged,
        unknown=record.unknown,
        refusal=record.reason,
        refused_line=record.line,
        rows=tuple(BadRowLine(line=each.line, column=each.column, reason=each.reason) for each in faults),
        more=record.reported - len(faults),
        upload=upload_form(record.kind, None) if can(actor, Action.IMPORT_FACTS) else None,
    )


def upload_form(kind: ImportKind, form: Form | None) -> UploadForm:
    """Return where files of a kind come in, with what is wrong with what was sent."""
    columns = COLUMNS[kind]
    return UploadForm(kind=kind, required=columns.required, optional=columns.optional, form=form or blank_form())


def _line(record: ImportRecord, names: Mapping[str, str]) -> ImportLine:
    return ImportLine(
        id=record.id,
        kind=record.kind,
        state=record.state.value,
        file_name=record.file_name,
        by=names.get(record.uploaded_by, record.uploaded_by),
        at=record.created_at,
        rows_read=record.rows_read,
        rejected=record.rejected,
    )
