"""What became of a bulk file that was sent, and how far has its load come?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, text, update

from readiness.rows import ImportKind
from store.import_schema import import_errors, imports
from store.packing import pour, shaped

_REGISTERING = 0x6C746C02
"""The advisory lock on PostgreSQL that lets one file at a time be registered."""

_DIGITS_IN_ID = 24
"""Hex digits of the file's digest in an import's id: 96 bits, enough that no two files ever share them."""


class ImportState(StrEnum):
    """How far an import is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"


UNFINISHED = (ImportState.QUEUED, ImportState.RUNNING)
"""The states in which a workflow still has work to do."""


class ImportNotRunning(Exception):  # noqa: N818 - named as the other refusals are.
    """The import is not in a state in which rows may be counted, or has not counted the chunk before this one."""


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One file that was sent, and what became of it; rows_read = accepted + unchanged + rejected."""

    seq: int
    """Its place in the order in which files came; pages of imports follow it."""
    id: str
    kind: ImportKind
    digest: str
    """`sha256:` and 64 hex digits."""
    file_name: str
    size: int
    path: str
    uploaded_by: str
    state: ImportState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    rows_total: int | None
    """Data rows in the file, once it has been checked."""
    staged: int
    """Rows put aside, which are neither accepted nor unchanged until all of them take effect together."""
    rows_read: int
    accepted: int
    unchanged: int
    rejected: int
    unknown: int
    """Of the accepted and unchanged, those about a person, course or assessment that is not known yet."""
    next_chunk: int
    """The number of the first chunk that has not been counted: here a load goes on after a crash."""
    reported: int
    """How many entries its report of errors has; one row may have several."""
    code: str | None
    reason: str | None
    line: int | None
    on_behalf_of: str | None = None
    """Who answers for the program that brought it."""

    @property
    def next_row(self) -> int:
        """How many rows of the file were counted: so many come before the first chunk that was not."""
        return self.rows_read + self.staged


class Registered(NamedTuple):
    """The import that answers for a file; `created` is False where it was there already."""

    record: ImportRecord
    created: bool


class Tally(NamedTuple):
    """What became of the rows of one chunk; `staged` ones are counted as read when the import finishes."""

    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    unknown: int = 0
    staged: int = 0


class ReportedError(NamedTuple):
    """One entry of the report of errors; `number` counts them from 1 in the order of the file."""

    number: int
    line: int
    column: str | None
    code: str
    reason: str


Complaint = tuple[int, str | None, str, str]
"""Line, column (None for the whole row), code and reason of what is wrong with a row."""


def register(
    tx: Connection,
    *,
    kind: ImportKind,
    digest: str,
    file_name: str,
    size: int,
    path: str,
    uploaded_by: str,
    at: datetime,
    on_behalf_of: str | None = None,
) -> Registered:
    """Return the import that loads this file, making one unless the latest of its kind is of the same file.

    Files that come at once take turns, so that the same one twice is one import. One that failed does not answer for
    the file sent again: that is how one tries again.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REGISTERING})
    latest = tx.execute(select(imports).where(imports.c.kind == kind).order_by(imports.c.seq.desc()).limit(1)).first()
    if latest is not None and latest.digest == digest and latest.state != ImportState.FAILED:
        return Registered(_record(latest), created=False)
    same = select(func.count()).select_from(imports).where(imports.c.kind == kind, imports.c.digest == digest)
    times = tx.execute(same).scalar_one()
    counts = dict.fromkeys(("staged", "rows_read", "accepted", "unchanged", "rejected", "unknown", "reported"), 0)
    row = tx.execute(
        insert(imports)
        .values(
            id=f"{kind}-{digest.removeprefix('sha256:')[:_DIGITS_IN_ID]}-{times + 1}",
            kind=kind,
            digest=digest,
            file_name=file_name,
            size=size,
            path=path,
            uploaded_by=uploaded_by,
            on_behalf_of=on_behalf_of,
            state=ImportState.QUEUED,
            created_at=at,
            next_chunk=0,
            **counts,
        )
        .returning(imports)
    ).one()
    return Registered(_record(row), created=True)


def find(tx: Connection, import_id: str) -> ImportRecord | None:
    """Return an import, or None where there is none of that id."""
    row = tx.execute(select(imports).where(imports.c.id == import_id)).first()
    return None if row is None else _record(row)


def list_page(
    tx: Connection, *, kind: ImportKind | None = None, before: int | None = None, limit: int = 50
) -> tuple[ImportRecord, ...]:
    """Return up to `limit` imports, newest first, from the one before the `seq` given in `before` on."""
    query = select(imports).order_by(imports.c.seq.desc()).limit(limit)
    if kind is not None:
        query = query.where(imports.c.kind == kind)
    if before is not None:
        query = query.where(imports.c.seq < before)
    return tuple(_record(row) for row in tx.execute(query))


def unfinished(tx: Connection) -> tuple[ImportRecord, ...]:
    """Return the imports that are queued or running, oldest first: each is to have a workflow."""
    query = select(imports).where(imports.c.state.in_(UNFINISHED)).order_by(imports.c.seq)
    return tuple(_record(row) for row in tx.execute(query))


def start(tx: Connection, import_id: str, *, at: datetime) -> ImportRecord:
    """Note that the import runs, unless it does or has ended already; return it. Raises LookupError."""
    _change(tx, import_id, (ImportState.QUEUED,), state=ImportState.RUNNING, started_at=at)
    return _required(tx, import_id)


def expect(tx: Connection, import_id: str, *, rows_total: int) -> None:
    """Note how many data rows the file has, for those who watch its progress."""
    _change(tx, import_id, UNFINISHED, rows_total=rows_total)


def advance(
    tx: Connection,
    import_id: str,
    tally: Tally,
    complaints: Sequence[Complaint] = (),
    *,
    chunk: int,
    first_row: int,
) -> bool:
    """Count chunk number `chunk` (from 0), which begins after `first_row` rows of the file, once, with what is wrong
    with its rows; False if it was counted before.

    Call it in the transaction that writes the chunk's facts, and undo that where it answers False: they are there.
    Raises LookupError, and ImportNotRunning where the import does not run, or is somewhere else in the file: chunks
    may have been of another length before a crash.
    """
    counted = tally.accepted + tally.unchanged + tally.rejected
    reported = tx.execute(
        update(imports)
        .where(
            imports.c.id == import_id,
            imports.c.state == ImportState.RUNNING,
            imports.c.next_chunk == chunk,
            imports.c.rows_read + imports.c.staged == first_row,
        )
        .values(
            next_chunk=chunk + 1,
            staged=imports.c.staged + tally.staged,
            rows_read=imports.c.rows_read + counted,
            accepted=imports.c.accepted + tally.accepted,
            unchanged=imports.c.unchanged + tally.unchanged,
            rejected=imports.c.rejected + tally.rejected,
            unknown=imports.c.unknown + tally.unknown,
            reported=imports.c.reported + len(complaints),
        )
        .returning(imports.c.reported)
    ).scalar()
    if reported is None:
        found = _required(tx, import_id)
        if chunk < found.next_chunk and first_row + counted + tally.staged <= found.next_row:
            return False
        raise ImportNotRunning(
            f"{import_id} is {found.state} and at chunk {found.next_chunk} after {found.next_row} rows, "
            f"not at chunk {chunk} after {first_row}"
        )
    if complaints:
        count = len(complaints)
        numbers = range(reported - count + 1, reported + 1)
        names = [column.name for column in import_errors.columns]
        columns = ([import_id] * count, numbers, *zip(*complaints, strict=True))
        pour(tx, import_errors.name, shaped(names, columns, is_sqlite=tx.dialect.name == "sqlite"))
    return True


def finish(
    tx: Connection, import_id: str, *, at: datetime, accepted: int = 0, unchanged: int = 0, unknown: int = 0
) -> ImportRecord:
    """Note that the import is complete, and what its staged rows came to; return it. A repeat changes nothing.

    Raises LookupError, ImportNotRunning where it has not started or has ended otherwise, and ValueError where the
    counts are not those of the rows that were staged.
    """
    query = select(imports).where(imports.c.id == import_id)
    row = tx.execute(query.with_for_update()).first()
    if row is None:
        raise LookupError(f"there is no import {import_id}")
    if row.state == ImportState.COMPLETED:
        return _record(row)
    if row.state != ImportState.RUNNING:
        raise ImportNotRunning(f"{import_id} is {row.state}")
    if accepted + unchanged != row.staged:
        raise ValueError(f"{accepted} accepted and {unchanged} unchanged are not the {row.staged} rows staged")
    tx.execute(
        update(imports)
        .where(imports.c.id == import_id)
        .values(
            state=ImportState.COMPLETED,
            finished_at=at,
            staged=0,
            rows_read=imports.c.rows_read + row.staged,
            accepted=imports.c.accepted + accepted,
            unchanged=imports.c.unchanged + unchanged,
            unknown=imports.c.unknown + unknown,
        )
    )
    return _required(tx, import_id)


def refuse(tx: Connection, import_id: str, *, code: str, reason: str, line: int | None, at: datetime) -> ImportRecord:
    """Note that the file is not what it claims to be and none of it is loaded; return the import.

    An import that has ended stays as it is. Raises LookupError.
    """
    told = {"code": code, "reason": reason, "line": line}
    _change(tx, import_id, UNFINISHED, state=ImportState.REFUSED, finished_at=at, **told)
    return _required(tx, import_id)


def fail(tx: Connection, import_id: str, *, code: str, reason: str, at: datetime) -> ImportRecord:
    """Note that the import was given up for a fault of ours and what it staged never takes effect; return it.

    Chunks counted so far stay. An import that has ended stays as it is. Raises LookupError.
    """
    told = {"code": code, "reason": reason}
    _change(tx, import_id, UNFINISHED, state=ImportState.FAILED, finished_at=at, staged=0, **told)
    return _required(tx, import_id)


def errors(tx: Connection, import_id: str, *, after: int = 0, limit: int = 100) -> tuple[ReportedError, ...]:
    """Return up to `limit` entries of the report of errors in the order of the file, those after number `after`."""
    query = (
        select(*(column for column in import_errors.columns if column is not import_errors.c.import_id))
        .where(import_errors.c.import_id == import_id, import_errors.c.number > after)
        .order_by(import_errors.c.number)
        .limit(limit)
    )
    return tuple(ReportedError(*row) for row in tx.execute(query))


def _change(tx: Connection, import_id: str, states: tuple[ImportState, ...], **values: Any) -> None:
    """Change an import that is in one of `states`; others stay as they are."""
    tx.execute(update(imports).where(imports.c.id == import_id, imports.c.state.in_(states)).values(**values))


def _required(tx: Connection, import_id: str) -> ImportRecord:
    record = find(tx, import_id)
    if record is None:
        raise LookupError(f"there is no import {import_id}")
    return record


def _record(row: Row[Any]) -> ImportRecord:
    return ImportRecord(
        **{**row._mapping, "kind": ImportKind(row.kind), "state": ImportState(row.state)},
    )
