"""How do completions and attempts become facts, corrections among them?"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from readiness.rows import AttemptRow, CompletionRow
from store.facts import Loaded, Mark, ProductRegion, begun, hold_facts, pour, refresh_statistics, sql


@dataclass(frozen=True, slots=True)
class _Learning:
    """One kind of fact about learning: where it lies, and what ties its items to products."""

    table: str
    item: str
    moment: str
    required_by: str
    known_in: str


_COMPLETIONS = _Learning("completions", "course_id", "completed_at", "required_courses", "courses")
_ATTEMPTS = _Learning("attempts", "assessment_id", "attempted_at", "product_requirements", "assessments")

_ARRIVING = {
    "sqlite": """
        CREATE TEMP TABLE IF NOT EXISTS arriving (
            person_id TEXT NOT NULL, item_id TEXT NOT NULL, happened_at INTEGER NOT NULL, score INTEGER,
            void BOOLEAN NOT NULL, fate TEXT)
    """,
    "postgresql": """
        CREATE TEMP TABLE IF NOT EXISTS arriving (
            person_id TEXT COLLATE "C" NOT NULL, item_id TEXT COLLATE "C" NOT NULL, happened_at TIMESTAMPTZ NOT NULL,
            score NUMERIC(7, 4), void BOOLEAN NOT NULL, fate TEXT) ON COMMIT DELETE ROWS
    """,
}

_JUDGE = """
    UPDATE arriving SET fate = (
        SELECT CASE
            WHEN COUNT(*) = 0 THEN 'new'
            WHEN COUNT(CASE WHEN known.ordinal = :ordinal THEN 1 END) > 0 THEN 'repeated'
            WHEN MAX(known.ordinal) > :ordinal THEN 'overtaken'
            WHEN COUNT(CASE WHEN known.current
                AND (known.score <differs> arriving.score OR known.void <> arriving.void) THEN 1 END) > 0
                THEN 'corrects'
            WHEN :earlier_open THEN 'confirms'
            ELSE 'same' END
        FROM {table} known
        WHERE known.person_id = arriving.person_id AND known.{item} = arriving.item_id
            AND known.{moment} = arriving.happened_at)
"""
"""What a row means for what is known: `repeated` by the same import after a crash, `overtaken` by a later import and
kept for the record only, and `confirms` the same while an earlier import may still say otherwise."""

_TOUCHED = """
    WITH touching AS (SELECT DISTINCT person_id, item_id FROM arriving WHERE fate IN ('new', 'corrects'))
    SELECT asks.product, held.region
    FROM touching JOIN {required_by} asks ON asks.{item} = touching.item_id
        JOIN roster held ON held.person_id = touching.person_id
    UNION
    SELECT named.product, named.region
    FROM touching JOIN {required_by} asks ON asks.{item} = touching.item_id
        JOIN audience named ON named.person_id = touching.person_id AND named.product = asks.product
    ORDER BY 1, 2
"""

_OUTDATE = """
    UPDATE {table} SET current = FALSE
    FROM (SELECT DISTINCT person_id, item_id, happened_at FROM arriving WHERE fate IN ('corrects', 'confirms')) fresh
    WHERE {table}.person_id = fresh.person_id AND {table}.{item} = fresh.item_id
        AND {table}.{moment} = fresh.happened_at AND {table}.current
"""

_ADD = """
    INSERT INTO {table} (person_id, {item}, {moment}, ordinal, score, void, current)
    SELECT person_id, item_id, happened_at, :ordinal, score, void, fate <> 'overtaken'
    FROM arriving WHERE fate IN ('new', 'corrects', 'confirms', 'overtaken')
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
"""

_COUNT = """
    SELECT COALESCE(SUM(CASE WHEN fate IN ('same', 'confirms') THEN 0 ELSE 1 END), 0),
        COALESCE(SUM(CASE WHEN fate IN ('same', 'confirms') THEN 1 ELSE 0 END), 0),
        COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM people WHERE people.person_id = arriving.person_id)
            AND EXISTS (SELECT 1 FROM {known_in} WHERE {known_in}.{item} = arriving.item_id) THEN 0 ELSE 1 END), 0)
    FROM arriving
"""


def load_completions(tx: Connection, rows: Sequence[CompletionRow], *, import_id: str, mark: Mark) -> Loaded:
    """Load one chunk of a file of completions; a chunk that was loaded before changes nothing.

    `mark` is called once, before anything is written. Lines of one file that contradict each other must be left out
    by the caller. Raises LookupError where the import has not begun.
    """
    return _load(tx, _COMPLETIONS, rows, import_id=import_id, mark=mark)


def load_attempts(tx: Connection, rows: Sequence[AttemptRow], *, import_id: str, mark: Mark) -> Loaded:
    """Load one chunk of a file of attempts, as `load_completions` does."""
    return _load(tx, _ATTEMPTS, rows, import_id=import_id, mark=mark)


def _load(
    tx: Connection,
    learning: _Learning,
    rows: Sequence[CompletionRow] | Sequence[AttemptRow],
    *,
    import_id: str,
    mark: Mark,
) -> Loaded:
    hold_facts(tx)
    this = begun(tx, import_id)
    # Sorted so that the rows go into the tree of the table from left to right.
    _arrive(tx, sorted(rows, key=lambda row: row[:3]))
    turn = {"ordinal": this.ordinal}
    tx.execute(_about(learning, _JUDGE, tx), {**turn, "earlier_open": this.earlier_open})
    touched: tuple[ProductRegion, ...] = tuple((row[0], row[1]) for row in tx.execute(_about(learning, _TOUCHED, tx)))
    mark(tx, touched)
    tx.execute(_about(learning, _OUTDATE, tx))
    tx.execute(_about(learning, _ADD, tx), turn)
    return Loaded(*tx.execute(_about(learning, _COUNT, tx)).one())


def _arrive(tx: Connection, rows: Sequence[Sequence[object]]) -> None:
    tx.execute(text(_ARRIVING[tx.dialect.name]))
    tx.execute(text("DELETE FROM arriving"))
    pour(tx, "arriving", ("person_id", "item_id", "happened_at", "score", "void"), rows)
    refresh_statistics(tx, "arriving")


def _about(learning: _Learning, statement: str, tx: Connection) -> TextClause:
    return sql(
        statement.format(
            table=learning.table,
            item=learning.item,
            moment=learning.moment,
            required_by=learning.required_by,
            known_in=learning.known_in,
        ),
        tx,
    )
