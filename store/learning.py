"""How do completions and attempts become facts, corrections among them?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from readiness.rows import AttemptRow, CompletionRow, ImportKind, ImportRow
from store.facts import Loaded, Mark, ProductRegion, begun, make_way, matching, sql
from store.packing import Packed, Shaped, packed, pour, shaped
from store.types import NEVER, from_microseconds


@dataclass(frozen=True, slots=True)
class _Learning:
    """One kind of fact about learning: where it lies, and what ties its items to products."""

    kind: ImportKind
    table: str
    item: str
    moment: str
    required_by: str
    known_in: str


_COMPLETIONS = _Learning(
    ImportKind.COMPLETIONS, "completions", "course_id", "completed_at", "required_courses", "courses"
)
_ATTEMPTS = _Learning(
    ImportKind.ATTEMPTS, "attempts", "assessment_id", "attempted_at", "product_requirements", "assessments"
)

_ARRIVING = {
    "sqlite": """
        CREATE TEMP TABLE IF NOT EXISTS arriving (
            person_id TEXT NOT NULL, item_id TEXT NOT NULL, happened_at INTEGER NOT NULL, score INTEGER,
            void BOOLEAN NOT NULL, fate TEXT NOT NULL DEFAULT 'new')
    """,
    "postgresql": """
        CREATE TEMP TABLE IF NOT EXISTS arriving (
            person_id TEXT COLLATE "C" NOT NULL, item_id TEXT COLLATE "C" NOT NULL, happened_at BIGINT NOT NULL,
            score INTEGER, void BOOLEAN NOT NULL, fate TEXT NOT NULL DEFAULT 'new') ON COMMIT DELETE ROWS
    """,
}
"""Where a chunk waits to be judged: moments in microseconds, scores in ten-thousandths on both databases."""

_SPELT = {
    "sqlite": {
        "moment": "arriving.happened_at",
        "score": "arriving.score",
        "items": "IN (SELECT value FROM json_each(:items))",
        "held": "roster held",
    },
    "postgresql": {
        # Exact up to the year 2255: so far a float counts microseconds without a gap.
        "moment": "(TIMESTAMPTZ 'epoch' + arriving.happened_at * INTERVAL '1 microsecond')",
        "score": "(arriving.score * 0.0001)",
        "items": "= ANY(CAST(:items AS TEXT[]))",
        # In one walk along the index, from PostgreSQL 17 on: a third faster than by a search for each row.
        "held": """(
            SELECT person_id, region, until_at FROM roster
            WHERE person_id = ANY(ARRAY(SELECT person_id FROM arriving)) OFFSET 0) held""",
    },
}
"""How a moment and a score of a row are said as their table keeps them, that an item is one of a chunk's, and what
rosters say of the people of a chunk."""

_SAME = """
    known.person_id = arriving.person_id AND known.{item} = arriving.item_id AND known.{moment} = <moment>
"""

_JUDGE = f"""
    UPDATE arriving SET fate = (
        SELECT CASE
            WHEN COUNT(CASE WHEN known.ordinal = :ordinal THEN 1 END) > 0 THEN 'repeated'
            WHEN MAX(known.ordinal) > :ordinal THEN 'overtaken'
            WHEN COUNT(CASE WHEN known.current
                AND (known.score <differs> <score> OR known.void <> arriving.void) THEN 1 END) > 0
                THEN 'corrects'
            WHEN :earlier_open THEN 'confirms'
            ELSE 'same' END
        FROM {{table}} known WHERE {_SAME})
    WHERE EXISTS (SELECT 1 FROM {{table}} known WHERE {_SAME})
"""
"""What a row means that meets something known: `repeated` by the same import after a crash, `overtaken` by a later
import and kept for the record only, and `confirms` the same while an earlier import may still say otherwise. Other
rows stay `new`: in most files that is all of them."""

_FATES = "SELECT fate, COUNT(*) AS rows FROM arriving GROUP BY fate"

_MET = """
    SELECT arriving.item_id, held.region,
        SUM(CASE WHEN arriving.fate IN ('new', 'corrects') THEN 1 ELSE 0 END) AS news,
        SUM(CASE WHEN held.until_at = :never THEN 1 ELSE 0 END) AS rows
    FROM arriving CROSS JOIN <held> WHERE held.person_id = arriving.person_id
    GROUP BY 1, 2
"""
"""Where those who are known are, were or will be at home, item by item: of how many rows that is news, and how many
rows are about them, each counted with the last entry of its person's roster."""

_NAMED = """
    SELECT DISTINCT named.product, named.region, arriving.item_id
    FROM arriving CROSS JOIN audience named
    WHERE arriving.fate IN ('new', 'corrects') AND named.person_id = arriving.person_id
"""

_ASKED = """
    SELECT known.{item} AS item_id, asks.product,
        EXISTS (SELECT 1 FROM audience named WHERE named.product = asks.product) AS by_name
    FROM {known_in} known LEFT JOIN {required_by} asks ON asks.{item} = known.{item}
    WHERE known.{item} <items>
"""
"""Which items are known, and who asks for them, if anybody: a product can only ask for what its plan made known."""

_OUTDATE = """
    UPDATE {table} SET current = FALSE
    FROM (
        SELECT DISTINCT person_id, item_id, <moment> AS happened_at
        FROM arriving WHERE fate IN ('corrects', 'confirms')) fresh
    WHERE {table}.person_id = fresh.person_id AND {table}.{item} = fresh.item_id
        AND {table}.{moment} = fresh.happened_at AND {table}.current
"""

_ADD = """
    INSERT INTO {table} (person_id, {item}, {moment}, ordinal, score, void, current)
    SELECT person_id, item_id, <moment>, :ordinal, <score>, void, fate <> 'overtaken'
    FROM arriving WHERE fate IN ('new', 'corrects', 'confirms', 'overtaken')
"""

_ONCE = " ON CONFLICT DO NOTHING"
"""For rows among which some may be there twice."""


_ARRIVE_IN = ("person_id", "item_id", "happened_at", "score", "void")


class Arrival(NamedTuple):
    """A chunk of completions or attempts as the database takes it, made by `arrival`."""

    kind: ImportKind
    rows: int
    items: frozenset[str]
    """The courses or assessments that its rows are about."""
    dated_until: datetime | None
    """The latest moment of its rows."""
    are_distinct: bool
    shape: Shaped


def arrival(rows: Packed, *, is_sqlite: bool) -> Arrival:
    """Return a chunk as a database of that kind takes it; needs no database, so that it can be done ahead."""
    # Sorted so that the rows find what they meet, and their own place, from left to right: on PostgreSQL by the text
    # of COPY, which is several times as fast as by values. Where two rows may be of one identity no more than that is
    # compared among values, for a score may be missing.
    if is_sqlite:
        by = None if rows.are_checked else itemgetter(0, 1, 2)
        shape = Shaped(_ARRIVE_IN, sorted(zip(*rows.columns, strict=True), key=by))
    else:
        shape = shaped(_ARRIVE_IN, rows.columns, is_sqlite=False, is_sorted=True)
    return Arrival(
        kind=rows.kind,
        rows=len(rows),
        items=frozenset(rows.columns[1]),
        dated_until=from_microseconds(max(rows.columns[2])) if rows else None,
        are_distinct=rows.are_checked,
        shape=shape,
    )


def load_completions(
    tx: Connection, rows: Arrival | Sequence[CompletionRow], *, import_id: str, mark: Mark
) -> Loaded:
    """Load one chunk of a file of completions; a chunk that was loaded before changes nothing.

    `mark` is called once, in the transaction that writes. Lines of one file that contradict each other must be left
    out by the caller. Raises LookupError where the import has not begun.
    """
    return _load(tx, _COMPLETIONS, _arriving(tx, ImportKind.COMPLETIONS, rows), import_id=import_id, mark=mark)


def load_attempts(tx: Connection, rows: Arrival | Sequence[AttemptRow], *, import_id: str, mark: Mark) -> Loaded:
    """Load one chunk of a file of attempts, as `load_completions` does."""
    return _load(tx, _ATTEMPTS, _arriving(tx, ImportKind.ATTEMPTS, rows), import_id=import_id, mark=mark)


def _arriving(tx: Connection, kind: ImportKind, rows: Arrival | Sequence[ImportRow]) -> Arrival:
    if isinstance(rows, Arrival):
        return rows
    return arrival(packed(kind, rows), is_sqlite=tx.dialect.name == "sqlite")


def _load(tx: Connection, learning: _Learning, chunk: Arrival, *, import_id: str, mark: Mark) -> Loaded:
    make_way(tx, _ARRIVING[tx.dialect.name], "DELETE FROM arriving")
    this = begun(tx, import_id)
    pour(tx, "arriving", chunk.shape)
    turn = {"ordinal": this.ordinal}
    fates = {"new": chunk.rows}
    if tx.execute(_about(learning, _JUDGE, tx), {**turn, "earlier_open": this.earlier_open}).rowcount:
        fates = {row.fate: row.rows for row in tx.execute(text(_FATES))}
    met = _met(tx, learning, chunk.items)
    if fates.keys() & {"corrects", "confirms"}:
        tx.execute(_about(learning, _OUTDATE, tx))
    if fates.keys() - {"same", "repeated"}:
        tx.execute(_about(learning, _ADD if chunk.are_distinct else _ADD + _ONCE, tx), turn)
    # Last, so that on PostgreSQL nobody waits for a region while rows are written: nobody sees them before the marks.
    mark(tx, met.touched, chunk.dated_until)
    unchanged = fates.get("same", 0) + fates.get("confirms", 0)
    return Loaded(chunk.rows - unchanged, unchanged, chunk.rows - met.known)


class _Met(NamedTuple):
    """What a chunk is about."""

    touched: tuple[ProductRegion, ...]
    """In key order, where the people are to whom it brings news, of every product that asks for it."""
    known: int
    """Rows about a person and an item that are both known."""


def _met(tx: Connection, learning: _Learning, items: frozenset[str]) -> _Met:
    listed = json.dumps(sorted(items)) if tx.dialect.name == "sqlite" else sorted(items)
    asked = tx.execute(_about(learning, _ASKED, tx), {"items": listed}).all()
    with matching(tx):
        at_home = tx.execute(_about(learning, _MET, tx, "never"), {"never": NEVER}).all()
    asking: dict[str, set[str]] = {row.item_id: set() for row in asked}
    for row in asked:
        if row.product is not None:
            asking[row.item_id].add(row.product)
    touched = {(product, row.region) for row in at_home if row.news for product in asking.get(row.item_id, ())}
    if any(row.by_name for row in asked):
        named = tx.execute(text(_NAMED))
        touched |= {(row.product, row.region) for row in named if row.product in asking.get(row.item_id, ())}
    return _Met(tuple(sorted(touched)), sum(row.rows for row in at_home if row.item_id in asking))


def _about(learning: _Learning, statement: str, tx: Connection, *moments: str) -> TextClause:
    database = tx.dialect.name
    about = statement.format(
        table=learning.table,
        item=learning.item,
        moment=learning.moment,
        required_by=learning.required_by,
        known_in=learning.known_in,
    )
    for name, words in _SPELT[database].items():
        about = about.replace(f"<{name}>", words)
    return sql(about, tx, *moments)
