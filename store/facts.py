"""Which import is the later one, who may write facts, and how does the database find what they touch?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection, Row, TextClause, bindparam, exists, insert, select, text, update

from readiness.rows import ImportKind
from store.facts_schema import fact_imports
from store.patience import allow
from store.types import UtcDateTime

_OUTGROWN = text("""
    SELECT relname FROM pg_class
    WHERE oid IN (SELECT CAST(name AS REGCLASS) FROM unnest(CAST(:tables AS TEXT[])) AS name)
        AND 10 * pg_relation_size(oid) > 11 * relpages * CAST(current_setting('block_size') AS BIGINT)
    ORDER BY relname
""")
"""Which tables have grown by a tenth since PostgreSQL last counted: one that gets a row at a time is not counted anew
for each of them."""

_ROUGHLY = text("SET LOCAL default_statistics_target = 50")
"""15,000 rows are looked at instead of 30,000: how many different people and courses there are comes out the same to
within two in a hundred, in half the time."""

_CHUNK_SETTINGS = """
    SELECT set_config('enable_' || way, 'off', TRUE) FROM unnest(ARRAY['seqscan', 'hashjoin', 'mergejoin']) AS way
"""
"""How PostgreSQL takes a chunk: what a row meets is found by the keys, row by row. Knowing nothing of a table that
was filled a moment ago, nor how much the facts have grown, it might else read all of them for every chunk."""

ProductRegion = tuple[str, str]
"""A product and a region, in this order."""

Mark = Callable[[Connection, tuple[ProductRegion, ...], datetime | None], None]
"""Called by a loader in the transaction that writes, with every product and region whose figures it may change, in
key order, and the latest moment that a fact among them is dated, None where facts have no date of their own: here the
caller holds those regions and raises their revisions, so that nobody sees the facts without that. The pairs hold
more than the launches there are: pairs without a launch are for the caller to pass over."""

AHEAD_AT_MOST = timedelta(minutes=5)
"""How far ahead of the clock that takes it in a fact may be dated: clocks differ a little."""

_WRITING_FACTS = 0x6C746C01
"""The advisory lock on PostgreSQL that lets one transaction at a time write facts."""

_BULK_TIMEOUT = timedelta(minutes=2)
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
    if tx.dialect.name == "postgresql":
        refresh_statistics(tx, *tx.execute(_OUTGROWN, {"tables": ["completions", "attempts"]}).scalars())


def hold_facts(tx: Connection) -> None:
    """Keep every other writer of facts waiting until this transaction ends; every loader begins with this.

    Which regions a fact touches depends on other facts, so writers take turns. Take this before any region's row, as
    the loaders do. On SQLite there is one writer anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING_FACTS})


def allow_bulk(tx: Connection) -> None:
    """Let the statements of this transaction take as long as a whole roster needs."""
    allow(tx, _BULK_TIMEOUT)


def make_way(tx: Connection, *statements: str) -> None:
    """Hold the facts for a chunk of rows, as `hold_facts` does, and do `statements`, all in one breath."""
    driver = tx.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        chunk = (f"SELECT pg_advisory_xact_lock({_WRITING_FACTS})", _CHUNK_SETTINGS, *statements)
        driver.execute("; ".join(chunk), prepare=False).close()
    else:
        for statement in statements:
            tx.execute(text(statement))


@contextmanager
def matching(tx: Connection) -> Iterator[None]:
    """Let PostgreSQL match what it has found by keys with a chunk, instead of searching one in the other; the
    statement must leave it no way to read a whole table for that."""
    if tx.dialect.name != "postgresql":
        yield
        return
    tx.execute(text("SET LOCAL enable_hashjoin = on"))
    yield
    tx.execute(text("SET LOCAL enable_hashjoin = off"))


def refresh_statistics(tx: Connection, *tables: str) -> None:
    """Let PostgreSQL know at once how large `tables` have become: its plans for the next minute depend on it."""
    if tables and tx.dialect.name == "postgresql":
        tx.execute(_ROUGHLY)
        tx.execute(text(f"ANALYZE {', '.join(tables)}"))


def begun(tx: Connection, import_id: str) -> Begun:
    """Return the place of an import among the others; raises LookupError where it has not begun."""
    before = fact_imports.alias()
    is_open = (
        (before.c.kind == fact_imports.c.kind) & (before.c.ordinal < fact_imports.c.ordinal) & ~before.c.finished
    )
    earlier_open = exists().where(is_open).correlate(fact_imports)
    place = select(fact_imports.c.ordinal, fact_imports.c.begun_at, earlier_open)
    found = tx.execute(place.where(fact_imports.c.import_id == import_id)).first()
    if found is None:
        raise LookupError(f"the import {import_id} has not begun")
    return Begun(*found)


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


def sql(statement: str, tx: Connection, *moments: str) -> TextClause:
    """Return `statement` for this database; `moments` names the parameters that are moments.

    `<differs>` stands for the comparison that treats two missing values as the same.
    """
    differs = "IS NOT" if tx.dialect.name == "sqlite" else "IS DISTINCT FROM"
    clause = text(statement.replace("<differs>", differs))
    return clause.bindparams(*(bindparam(moment, type_=UtcDateTime) for moment in moments))
