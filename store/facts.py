"""Which import is the later one, who may write facts, and how do many rows get into the database at once?"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection, Row, TextClause, bindparam, insert, select, text, update

from readiness.rows import ImportKind
from store.facts_schema import fact_imports
from store.types import UtcDateTime, to_microseconds, to_ten_thousandths

ProductRegion = tuple[str, str]
"""A product and a region, in this order."""

Mark = Callable[[Connection, tuple[ProductRegion, ...]], None]
"""Called by a loader before it writes anything, with every product and region whose figures it may change, in key
order: here the caller holds those regions and raises their revisions, in the same transaction. The pairs hold more
than the launches there are: pairs without a launch are for the caller to pass over."""

_WRITING_FACTS = 0x6C746C01
"""The advisory lock on PostgreSQL that lets one transaction at a time write facts."""

_BULK_TIMEOUT = "120s"
"""How long one statement over a whole roster may take on PostgreSQL: a roster takes effect in one transaction."""


class Loaded(NamedTuple):
    """What became of rows: `accepted` + `unchanged` = the rows given."""

    accepted: int
    """Rows that say something new."""
    unchanged: int
    """Rows that say what is known already."""
    unknown: int
    """Of both, how many are about a person, course or assessment that is not known yet; they count once it is."""

    def __add__(self, other: object) -> "Loaded":
        if not isinstance(other, Loaded):
            return NotImplemented
        return Loaded(self.accepted + other.accepted, self.unchanged + other.unchanged, self.unknown + other.unknown)


class Begun(NamedTuple):
    """An import whose place among the others is settled."""

    ordinal: int
    begun_at: datetime
    earlier_open: bool
    """True while an earlier import of its kind is unfinished: then what is known may still be overwritten by it, and
    even a row that says nothing new has to be kept."""


def begin_import(tx: Connection, import_id: str, kind: ImportKind, *, at: datetime) -> None:
    """Settle that this import comes after every import begun before; rows that name no moment hold from `at`.

    Call it when the file is acknowledged, in the transaction that registers it (these take turns), so that the file
    sent later is the one that wins; no writer of facts is waited for. A repeat does nothing.
    """
    if _imported(tx, import_id) is None:
        tx.execute(insert(fact_imports).values(import_id=import_id, kind=kind, begun_at=at, finished=False))


def finish_import(tx: Connection, import_id: str) -> None:
    """Record that nothing more will come from this import, however it ended; a roster that took effect is finished
    already. An import that stays unfinished costs later ones room, nothing else."""
    tx.execute(update(fact_imports).where(fact_imports.c.import_id == import_id).values(finished=True))
    refresh_statistics(tx, "completions", "attempts")


def hold_facts(tx: Connection) -> None:
    """Keep every other writer of facts waiting until this transaction ends; every loader begins with this.

    Which regions a fact touches depends on other facts, so writers take turns. Take this before any region's row, as
    the loaders do. On SQLite there is one writer anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING_FACTS})


def allow_bulk(tx: Connection) -> None:
    """Let the statements of this transaction take as long as a whole roster needs."""
    if tx.dialect.name == "postgresql":
        tx.execute(text(f"SET LOCAL statement_timeout = '{_BULK_TIMEOUT}'"))


def refresh_statistics(tx: Connection, *tables: str) -> None:
    """Let PostgreSQL know at once how large `tables` have become: its plans for the next minute depend on it."""
    if tx.dialect.name == "postgresql":
        tx.execute(text(f"ANALYZE {', '.join(tables)}"))


def begun(tx: Connection, import_id: str) -> Begun:
    """Return the place of an import among the others; raises LookupError where it has not begun."""
    found = _imported(tx, import_id)
    if found is None:
        raise LookupError(f"the import {import_id} has not begun")
    earlier = select(fact_imports.c.ordinal).where(
        fact_imports.c.kind == found.kind, fact_imports.c.ordinal < found.ordinal, ~fact_imports.c.finished
    )
    earlier_open = tx.execute(earlier.limit(1)).first() is not None
    return Begun(ordinal=found.ordinal, begun_at=found.begun_at, earlier_open=earlier_open)


def outcome(tx: Connection, import_id: str) -> Loaded | None:
    """Return what a roster or an audience brought when it took effect, or None where it has not."""
    found = _imported(tx, import_id)
    if found is None or found.accepted is None:
        return None
    return Loaded(found.accepted, found.unchanged, found.unknown)


def record_outcome(tx: Connection, import_id: str, loaded: Loaded) -> None:
    """Keep what a roster or an audience brought, so that a repeat answers the same; it is finished with that."""
    kept = {"finished": True, **loaded._asdict()}
    tx.execute(update(fact_imports).where(fact_imports.c.import_id == import_id).values(**kept))


def _imported(tx: Connection, import_id: str) -> Row[Any] | None:
    return tx.execute(select(fact_imports).where(fact_imports.c.import_id == import_id)).first()


def pour(tx: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Add `rows` to `table` as fast as the driver can: many at once on SQLite, by COPY on PostgreSQL."""
    driver = tx.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        holes = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({holes})"
        driver.executemany(statement, ([_for_sqlite(value) for value in row] for row in rows)).close()
        return
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"rows cannot be poured through {type(driver)}")
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_for_postgresql(value) for value in row])


def _for_sqlite(value: object) -> object:
    if isinstance(value, datetime):
        return to_microseconds(value)
    return to_ten_thousandths(value) if isinstance(value, Decimal) else value


def _for_postgresql(value: object) -> object:
    if isinstance(value, Decimal):
        # Raises where the score is finer than the column keeps: PostgreSQL would round it.
        to_ten_thousandths(value)
    elif isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no zone: only instants are kept")
    return value


def sql(statement: str, tx: Connection, *moments: str) -> TextClause:
    """Return `statement` for this database; `moments` names the parameters that are moments.

    `<differs>` stands for the comparison that treats two missing values as the same.
    """
    differs = "IS NOT" if tx.dialect.name == "sqlite" else "IS DISTINCT FROM"
    clause = text(statement.replace("<differs>", differs))
    return clause.bindparams(*(bindparam(moment, type_=UtcDateTime) for moment in moments))
