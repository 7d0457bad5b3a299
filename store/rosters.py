"""How do a roster and a named audience take effect, all at once?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, TextClause

from readiness.rows import AudienceRow, ImportKind, PersonRow
from store.facts import (
    AHEAD_AT_MOST,
    Begun,
    Loaded,
    Mark,
    allow_bulk,
    begun,
    hold_facts,
    outcome,
    record_outcome,
    refresh_statistics,
    sql,
)
from store.packing import Packed, names_of, packed, pour, shaped
from store.types import EVER, NEVER

LONGEST_CHUNK = 1_000_000
"""Rows in the longest chunk that may be staged: a row's place is made of its chunk's number and its place therein."""


@dataclass(frozen=True, slots=True)
class _History:
    """One kind of row that is in force from a moment on, until another follows."""

    kind: ImportKind
    table: str
    staged: str
    keys: tuple[str, ...]
    """Whom the row is about; the last of them is the person."""
    says: tuple[str, ...]
    """What the row says of them."""
    also_new: str
    """When a row is news though the history says the same."""
    touched: str


_PEOPLE = _History(
    kind=ImportKind.PEOPLE,
    table="roster",
    staged="staged_people",
    keys=("person_id",),
    says=("function", "region", "role", "manager_id", "territory", "time_zone", "active"),
    also_new="""
        EXISTS (SELECT 1 FROM people named WHERE named.person_id = fresh.person_id AND named.ordinal <= :ordinal
            AND (named.name <> fresh.name OR named.email <> fresh.email))
    """,
    touched="""
        WITH moving AS (SELECT DISTINCT person_id FROM staged_people WHERE import_id = :import_id AND fate = 'new')
        SELECT meant.product, fresh.region
        FROM staged_people fresh JOIN required_functions meant ON meant.function = fresh.function
        WHERE fresh.import_id = :import_id AND fresh.fate = 'new'
        UNION
        SELECT meant.product, held.region
        FROM moving JOIN roster held ON held.person_id = moving.person_id
            JOIN required_functions meant ON meant.function = held.function
        UNION
        SELECT named.product, named.region
        FROM moving JOIN audience named ON named.person_id = moving.person_id
        ORDER BY 1, 2
    """,
)

_AUDIENCE = _History(
    kind=ImportKind.AUDIENCE,
    table="audience",
    staged="staged_audience",
    keys=("product", "region", "person_id"),
    says=("active", "reason"),
    also_new="FALSE",
    touched="""
        SELECT DISTINCT product, region FROM staged_audience WHERE import_id = :import_id AND fate = 'new'
        ORDER BY 1, 2
    """,
)

_JUDGE = """
    UPDATE {staged} SET fate = judged.fate
    FROM (
        SELECT fresh.place, CASE
            WHEN ROW_NUMBER() OVER (PARTITION BY {fresh_keys}, fresh.effective_at ORDER BY fresh.place) > 1
                THEN 'same'
            WHEN known.ordinal IS NULL OR {differs} THEN 'new'
            WHEN {also_new} THEN 'renames'
            WHEN :earlier_open THEN 'confirms'
            ELSE 'same' END AS fate
        FROM {staged} fresh LEFT JOIN {table} known ON {same_keys}
            AND known.from_at <= COALESCE(fresh.effective_at, :begun_at)
            AND known.until_at > COALESCE(fresh.effective_at, :begun_at)
            AND (fresh.effective_at IS NULL OR known.from_at = fresh.effective_at)
        WHERE fresh.import_id = :import_id) judged
    WHERE {staged}.import_id = :import_id AND {staged}.place = judged.place
"""
"""A row is compared with the one in force at its own moment or, without one, at the import. It `confirms` the same
while an earlier import may still say otherwise, and `renames` where only the printed name is new."""

_ADD = """
    INSERT INTO {table}
        ({keys}, ordinal, place, effective_at, imported_at, known_at, from_at, until_at, {says})
    SELECT {keys}, :ordinal, place, effective_at, :begun_at, :known_at, :ever, :ever, {says}
    FROM {staged} WHERE import_id = :import_id AND fate IN ('new', 'confirms')
    ORDER BY {keys}, place
"""

_ORDER = """
    UPDATE {table} SET from_at = timed.from_at, until_at = timed.until_at
    FROM (
        SELECT {keys}, ordinal, place, from_at,
            LEAD(from_at, 1, :never) OVER (PARTITION BY {keys} ORDER BY from_at, ordinal, place) AS until_at
        FROM (
            SELECT {keys}, ordinal, place, COALESCE(effective_at, CASE
                WHEN ordinal = MIN(ordinal) OVER (PARTITION BY {keys}) THEN :ever ELSE imported_at END) AS from_at
            FROM {table}
            WHERE {key_row} IN (
                SELECT {keys} FROM {staged} WHERE import_id = :import_id AND fate IN ('new', 'confirms'))) begun
        ) timed
    WHERE {timed_keys} AND {table}.ordinal = timed.ordinal AND {table}.place = timed.place
        AND ({table}.from_at <> timed.from_at OR {table}.until_at <> timed.until_at)
"""
"""Each row holds from its moment until that of the next; of two with the same moment the later import's counts."""

_NAME = """
    INSERT INTO people (person_id, name, email, ordinal)
    SELECT person_id, name, email, :ordinal
    FROM (
        SELECT person_id, name, email, ROW_NUMBER() OVER (PARTITION BY person_id ORDER BY place DESC) AS turn
        FROM staged_people WHERE import_id = :import_id) latest
    WHERE turn = 1
    ON CONFLICT (person_id) DO UPDATE SET name = excluded.name, email = excluded.email, ordinal = excluded.ordinal
    WHERE people.ordinal <= excluded.ordinal
        AND (people.name <> excluded.name OR people.email <> excluded.email OR :earlier_open)
"""

_COUNT = """
    SELECT COALESCE(SUM(CASE WHEN fate IN ('new', 'renames') THEN 1 ELSE 0 END), 0),
        COALESCE(SUM(CASE WHEN fate IN ('new', 'renames') THEN 0 ELSE 1 END), 0),
        COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM people WHERE people.person_id = {staged}.person_id)
            THEN 0 ELSE 1 END), 0)
    FROM {staged} WHERE import_id = :import_id
"""


def stage_people(tx: Connection, rows: Packed | Sequence[PersonRow], *, import_id: str, chunk: int) -> None:
    """Put one chunk of a roster aside until `apply_people`; the same chunk again takes the place of itself.

    Chunks are numbered by the caller in the order of the file. Lines of one file that contradict each other must be
    left out by the caller. Raises ValueError for a chunk longer than LONGEST_CHUNK.
    """
    _stage(tx, _PEOPLE, packed(ImportKind.PEOPLE, rows), import_id=import_id, chunk=chunk)


def apply_people(tx: Connection, *, import_id: str, at: datetime, mark: Mark) -> Loaded:
    """Let the staged roster take effect at `at`, the store's clock; a repeat answers what the first time did.

    `mark` is called once, before anything is written, and not at all on a repeat. Raises LookupError where the import
    has not begun.
    """
    return _apply(tx, _PEOPLE, import_id=import_id, at=at, mark=mark)


def stage_audience(tx: Connection, rows: Packed | Sequence[AudienceRow], *, import_id: str, chunk: int) -> None:
    """Put one chunk of a named audience aside until `apply_audience`, as `stage_people` does."""
    _stage(tx, _AUDIENCE, packed(ImportKind.AUDIENCE, rows), import_id=import_id, chunk=chunk)


def apply_audience(tx: Connection, *, import_id: str, at: datetime, mark: Mark) -> Loaded:
    """Let the staged audience take effect at `at`, as `apply_people` does."""
    return _apply(tx, _AUDIENCE, import_id=import_id, at=at, mark=mark)


def discard_staged(tx: Connection, *, import_id: str) -> None:
    """Forget what was staged by an import that will not take effect."""
    for history in (_PEOPLE, _AUDIENCE):
        tx.execute(_about(history, "DELETE FROM {staged} WHERE import_id = :import_id", tx), {"import_id": import_id})


def _stage(
    tx: Connection,
    history: _History,
    rows: Packed,
    *,
    import_id: str,
    chunk: int,
) -> None:
    if len(rows) > LONGEST_CHUNK:
        raise ValueError(f"a chunk has at most {LONGEST_CHUNK} rows, this one has {len(rows)}")
    first = chunk * LONGEST_CHUNK
    tx.execute(
        _about(
            history,
            "DELETE FROM {staged} WHERE import_id = :import_id AND place >= :first AND place < :next",
            tx,
        ),
        {"import_id": import_id, "first": first, "next": first + LONGEST_CHUNK},
    )
    places = range(first, first + len(rows))
    shape = shaped(
        ("import_id", "place", *names_of(history.kind)),
        ([import_id] * len(rows), places, *rows.columns),
        is_sqlite=tx.dialect.name == "sqlite",
        moments=("effective_at",),
    )
    pour(tx, history.staged, shape)


def _apply(tx: Connection, history: _History, *, import_id: str, at: datetime, mark: Mark) -> Loaded:
    hold_facts(tx)
    allow_bulk(tx)
    before = outcome(tx, import_id)
    if before is not None:
        return before
    this = begun(tx, import_id)
    refresh_statistics(tx, history.staged)
    _judge(tx, history, this, import_id)
    touched = tx.execute(_about(history, history.touched, tx), {"import_id": import_id})
    mark(tx, tuple((row[0], row[1]) for row in touched), at + AHEAD_AT_MOST)
    turn = {"import_id": import_id, "ordinal": this.ordinal}
    moments = ("begun_at", "known_at", "ever", "never")
    tx.execute(
        _about(history, _ADD, tx, *moments[:3]), {**turn, "begun_at": this.begun_at, "known_at": at, "ever": EVER}
    )
    tx.execute(_about(history, _ORDER, tx, *moments[2:]), {"import_id": import_id, "ever": EVER, "never": NEVER})
    if history is _PEOPLE:
        tx.execute(_about(history, _NAME, tx), {**turn, "earlier_open": this.earlier_open})
    loaded = Loaded(*tx.execute(_about(history, _COUNT, tx), {"import_id": import_id}).one())
    discard_staged(tx, import_id=import_id)
    refresh_statistics(tx, history.table)
    record_outcome(tx, import_id, loaded)
    return loaded


def _judge(tx: Connection, history: _History, this: Begun, import_id: str) -> None:
    tx.execute(
        _about(history, _JUDGE, tx, "begun_at"),
        {"import_id": import_id, "begun_at": this.begun_at, "earlier_open": this.earlier_open}
        | ({"ordinal": this.ordinal} if history is _PEOPLE else {}),
    )


def _about(history: _History, statement: str, tx: Connection, *moments: str) -> TextClause:
    keys = ", ".join(history.keys)
    return sql(
        statement.format(
            table=history.table,
            staged=history.staged,
            keys=keys,
            key_row=f"({keys})",
            says=", ".join(history.says),
            fresh_keys=", ".join(f"fresh.{key}" for key in history.keys),
            same_keys=" AND ".join(f"known.{key} = fresh.{key}" for key in history.keys),
            timed_keys=" AND ".join(f"{history.table}.{key} = timed.{key}" for key in history.keys),
            differs=" OR ".join(f"known.{name} <differs> fresh.{name}" for name in history.says),
            also_new=history.also_new,
        ),
        tx,
        *moments,
    )
