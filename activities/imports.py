"""How does one bulk file get from the disk into the facts?"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import Beating
from activities.import_files import (
    BATCH_ROWS,
    KEPT_BYTES,
    Batch,
    FileRefused,
    ImportLimits,
    check_file,
    read_rows,
)
from activities.messages import STORE_AWAY
from readiness.rows import ImportKind
from readiness.values import Frozen
from store.engine import Store, StoreAway
from store.facts import Loaded, finish_import
from store.imports import (
    UNFINISHED,
    ImportRecord,
    ImportState,
    Tally,
    advance,
    expect,
    fail,
    find,
    finish,
    refuse,
    start,
)
from store.learning import Arrival, arrival, load_attempts, load_completions
from store.packing import Packed
from store.regions import mark
from store.rosters import apply_audience, apply_people, discard_staged, stage_audience, stage_people

POSTGRESQL_BATCH_ROWS = 50_000
"""Rows of one transaction on PostgreSQL, where nobody waits for a chunk but other writers of facts, for a third of a
second; on SQLite everybody who writes does."""

IMPORT_FAILED = "import-failed"
"""The code of an import that was given up for a fault of ours."""


class GiveUp(Frozen):
    """Which import is given up, and why."""

    import_id: str
    reason: str


class _CountedBeforeError(Exception):
    """The chunk was counted before, so what this transaction wrote is undone."""


@dataclass(frozen=True, slots=True)
class _Roster:
    """A kind that is put aside chunk by chunk and takes effect at once."""

    stage: Callable[..., None]
    apply: Callable[..., Loaded]


_ROSTERS = {
    ImportKind.PEOPLE: _Roster(stage_people, apply_people),
    ImportKind.AUDIENCE: _Roster(stage_audience, apply_audience),
}
_LEARNING: dict[ImportKind, Callable[..., Loaded]] = {
    ImportKind.COMPLETIONS: load_completions,
    ImportKind.ATTEMPTS: load_attempts,
}


_Chunk = tuple[Batch, Arrival | Packed]
"""What was read, and how its rows go to the database."""


def _ahead(chunks: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Yield chunks, reading each while the database is busy with the one before."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as reader:
        following = reader.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = reader.submit(next, chunks, None)
            yield chunk


class ImportActivities:
    """Checks and loads files on one store; methods block, are called in threads, and go on where they stopped.

    Files are loaded `batch_rows` at a time (None: as many as suit the database), which may differ at each attempt.
    """

    def __init__(self, store: Store, *, limits: ImportLimits, scratch: Path, batch_rows: int | None = None) -> None:
        self._store = store
        self._batch_rows = batch_rows or (BATCH_ROWS if store.is_sqlite else POSTGRESQL_BATCH_ROWS)
        self._limits = limits
        self._scratch = scratch

    @activity.defn
    def load(self, import_id: str) -> ImportState:
        """Check the file, load its rows chunk by chunk, and return how the import ended.

        A file that is not what it claims is refused before anything is loaded. Called again after a crash it goes on
        with the first chunk that is not counted yet.
        """
        try:
            with Beating() as beating:
                return self._load(import_id, beating.beat)
        except StoreAway as away:
            raise ApplicationError(str(away), type=STORE_AWAY) from away

    @activity.defn
    def give_up(self, request: GiveUp) -> ImportState:
        """Record that an import failed for a fault of ours; what it staged never takes effect."""
        with self._store.writing() as tx:
            discard_staged(tx, import_id=request.import_id)
            finish_import(tx, request.import_id)
            now = self._store.now(tx)
            return fail(tx, request.import_id, code=IMPORT_FAILED, reason=request.reason, at=now).state

    def _load(self, import_id: str, beat: Callable[[int], None]) -> ImportState:
        record = self._started(import_id)
        if record.state not in UNFINISHED:
            return record.state
        path = Path(record.path)
        now = record.created_at
        try:
            checked = check_file(
                path,
                record.kind,
                limits=self._limits,
                now=now,
                scratch=self._scratch,
                beat=beat,
                kept_bytes=KEPT_BYTES,
            )
        except FileRefused as refused:
            return self._refused(import_id, refused)
        with self._store.writing() as tx:
            expect(tx, import_id, rows_total=checked.rows)
        batches = read_rows(
            path,
            record.kind,
            limits=self._limits,
            now=now,
            checked=checked,
            from_batch=record.next_chunk,
            from_row=record.next_row,
            batch_rows=self._batch_rows,
        )
        for batch, chunk in _ahead(map(self._shaped, batches)):
            self._load_chunk(record, batch, chunk)
            beat(batch.index)
        return self._finished(record)

    def _started(self, import_id: str) -> ImportRecord:
        with self._store.writing() as tx:
            return start(tx, import_id, at=self._store.now(tx))

    def _refused(self, import_id: str, refused: FileRefused) -> ImportState:
        with self._store.writing() as tx:
            finish_import(tx, import_id)
            now = self._store.now(tx)
            ended = refuse(tx, import_id, code=refused.code, reason=refused.reason, line=refused.line, at=now)
            return ended.state

    def _shaped(self, batch: Batch) -> _Chunk:
        rows = batch.loadable
        return batch, rows if rows.kind in _ROSTERS else arrival(rows, is_sqlite=self._store.is_sqlite)

    def _load_chunk(self, record: ImportRecord, batch: Batch, chunk: Arrival | Packed) -> None:
        """Write the rows and the count of one chunk together, or neither."""
        with suppress(_CountedBeforeError), self._store.writing() as tx:
            tally = self._write(tx, record, batch, chunk)
            if not advance(tx, record.id, tally, batch.rejections, chunk=batch.index, first_row=batch.first_row):
                raise _CountedBeforeError

    def _write(self, tx: Any, record: ImportRecord, batch: Batch, chunk: Arrival | Packed) -> Tally:
        roster = _ROSTERS.get(record.kind)
        if roster is not None:
            roster.stage(tx, chunk, import_id=record.id, chunk=batch.index)
            return Tally(unchanged=batch.repeated, rejected=batch.rejected, staged=len(batch.loadable))
        loaded = _LEARNING[record.kind](tx, chunk, import_id=record.id, mark=mark)
        return Tally(
            accepted=loaded.accepted,
            unchanged=loaded.unchanged + batch.repeated,
            rejected=batch.rejected,
            unknown=loaded.unknown,
        )

    def _finished(self, record: ImportRecord) -> ImportState:
        """Let a roster take effect, in the transaction that says so; of other kinds everything is there already."""
        with self._store.writing() as tx:
            current = find(tx, record.id)
            if current is None or current.state not in UNFINISHED:
                return record.state if current is None else current.state
            now = self._store.now(tx)
            roster = _ROSTERS.get(record.kind)
            if roster is None:
                finish_import(tx, record.id)
                return finish(tx, record.id, at=now).state
            loaded = roster.apply(tx, import_id=record.id, at=now, mark=mark)
            return finish(
                tx,
                record.id,
                at=now,
                accepted=loaded.accepted,
                unchanged=loaded.unchanged,
                unknown=loaded.unknown,
            ).state
