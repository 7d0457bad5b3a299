"""How long does one process take to import a file, how much memory, and how long does it hold a region's row?"""

# Run as a process of its own, `python -m benchmarks.importing ours|bare KIND FILE URL`, so that the peak of its
# memory is that of the one import. It prints what it measured as JSON.

import csv
import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import event, make_url
from temporalio.testing import ActivityEnvironment

from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from benchmarks.tables import peak_memory_of
from readiness.rows import ImportKind
from store.engine import Store, open_store
from store.facts import begin_import
from store.imports import find, register

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_FILE = 2 * 1024**3

_Row = tuple[object, ...]
_Said = Callable[[str], object]


class _Holds:
    """Takes the time for which regions are held: on SQLite, where there is one writer, all of a transaction."""

    def __init__(self, store: Store) -> None:
        self.longest = 0.0
        self._since: float | None = None
        self._is_sqlite = store.is_sqlite
        event.listen(store.engine, "begin", self._begun)
        event.listen(store.engine, "before_cursor_execute", self._asked)
        event.listen(store.engine, "checkin", self._done)

    def _begun(self, *_: object) -> None:
        self._since = time.perf_counter() if self._is_sqlite else None

    def _asked(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if self._since is None and "region_launches" in statement and "FOR UPDATE" in statement:
            self._since = time.perf_counter()

    def _done(self, *_: object) -> None:
        if self._since is not None:
            self.longest = max(self.longest, time.perf_counter() - self._since)
            self._since = None


def ours(kind: ImportKind, path: Path, url: str) -> dict[str, Any]:
    """Import a file that lies on the disk as an upload does, all that the API and the activity do about it."""
    store = open_store(url)
    holds = _Holds(store)
    try:
        with TemporaryDirectory(prefix="ltl-bench-") as scratch:
            limits = ImportLimits(file_bytes=_LONGEST_FILE)
            files = ImportActivities(store, limits=limits, scratch=Path(scratch))
            begun = time.perf_counter()
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            with store.writing() as tx:
                now = store.now(tx)
                record = register(
                    tx,
                    kind=kind,
                    digest=f"sha256:{digest}",
                    file_name=path.name,
                    size=path.stat().st_size,
                    path=str(path),
                    uploaded_by="enablement-1",
                    at=now,
                ).record
                begin_import(tx, record.id, kind, at=now)
            state = ActivityEnvironment().run(files.load, record.id)
            seconds = time.perf_counter() - begun
            with store.reading() as tx:
                ended = find(tx, record.id)
        assert ended is not None
        counts = {name: getattr(ended, name) for name in ("accepted", "unchanged", "rejected", "unknown")}
        return {"seconds": seconds, "held": holds.longest, "state": state, **counts}
    finally:
        store.close()


def bare(kind: ImportKind, path: Path, url: str) -> dict[str, Any]:
    """Parse the file with the csv module and put its rows into the same tables, in one transaction for each table."""
    is_sqlite = url.startswith("sqlite")
    put, (moment, score) = (_into_sqlite, _SQLITE) if is_sqlite else (_into_postgresql, _POSTGRESQL)
    begun = time.perf_counter()
    for table, names, row in _BARE[kind]:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            next(lines)
            put(url, table, names, (row(line, moment, score) for line in lines))
    return {"seconds": time.perf_counter() - begun}


def _into_sqlite(url: str, table: str, names: str, rows: Iterator[_Row]) -> None:
    connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32768"):
            connection.execute(f"PRAGMA {pragma}")
        holes = ", ".join("?" * len(names.split(",")))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({holes})", rows)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _into_postgresql(url: str, table: str, names: str, rows: Iterator[_Row]) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with (
        psycopg.connect(plain) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


_SQLITE: tuple[_Said, _Said] = (_microseconds, lambda text: round(float(text) * 10_000) if text else None)
_POSTGRESQL: tuple[_Said, _Said] = (str, lambda text: text or None)
"""How a moment and a score are kept: PostgreSQL reads both itself."""

_SINCE, _UNTIL = "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"
_IN_FORCE = "ordinal, place, imported_at, known_at, from_at, until_at"


def _in_force(moment: _Said) -> _Row:
    return 1, 0, moment(_SINCE), moment(_SINCE), moment(_SINCE), moment(_UNTIL)


def _learned(cells: list[str], moment: _Said, score: _Said) -> _Row:
    return cells[0], cells[1], moment(cells[2]), 1, score(cells[3]), False, True


_BARE: dict[ImportKind, tuple[tuple[str, str, Callable[[list[str], _Said, _Said], _Row]], ...]] = {
    ImportKind.PEOPLE: (
        ("people", "person_id, name, email, ordinal", lambda cells, _moment, _score: (*cells[:3], 1)),
        (
            "roster",
            f"{_IN_FORCE}, person_id, function, region, active",
            lambda cells, moment, _score: (*_in_force(moment), cells[0], cells[3], cells[4], True),
        ),
    ),
    ImportKind.AUDIENCE: (
        (
            "audience",
            f"{_IN_FORCE}, product, region, person_id, active",
            lambda cells, moment, _score: (*_in_force(moment), *cells, True),
        ),
    ),
    ImportKind.COMPLETIONS: (
        ("completions", "person_id, course_id, completed_at, ordinal, score, void, current", _learned),
    ),
    ImportKind.ATTEMPTS: (
        ("attempts", "person_id, assessment_id, attempted_at, ordinal, score, void, current", _learned),
    ),
}
"""Into which tables the bare import puts what."""


def main(which: str, kind: str, path: str, url: str) -> None:
    """Do one import and print what was measured."""
    measure = {"ours": ours, "bare": bare}[which]
    measured = measure(ImportKind(kind), Path(path), url)
    print(json.dumps({**measured, "peak": peak_memory_of(os.getpid())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
