"""How does what was written come to be sealed, one seal hanging on the one before?"""

# Nobody who writes evidence waits for the chain: a trigger puts what is written in line, and whoever seals takes it
# from there, one process at a time.

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from readiness.sealing import GENESIS, NOTHING, entry_digest, link
from store.engine import Store
from store.keyed import is_among
from store.records_schema import commands, ledger
from store.seal_schema import seals, unsealed
from store.sources import SOURCE_OF, Source

SEALED_AT_ONCE = 500
"""Rows sealed in one transaction: some ten milliseconds in which nobody else writes on SQLite."""

_SEALING = 0x6C746C01
"""The advisory lock on PostgreSQL that lets one process at a time seal."""

_LARGEST_KEY = 2**31
"""No number of a key of ours comes near it."""

_HEAD = select(seals.c.position, seals.c.chain).order_by(seals.c.position.desc()).limit(1)
_SEALED = select(seals.c.source, seals.c.key).where(
    seals.c.source == bindparam("source"), seals.c.key.in_(bindparam("keys", expanding=True))
)


class Head(NamedTuple):
    """The last seal: its position, 0 where there is none, and the digest of the chain up to it."""

    position: int
    chain: str


class Seal(NamedTuple):
    """One seal as it is kept."""

    position: int
    source: str
    key: str
    digest: str
    chain: str


def head_of(tx: Connection) -> Head:
    """Return the last seal."""
    row = tx.execute(_HEAD).first()
    return Head(row.position, row.chain) if row is not None else Head(0, GENESIS)


def seal_waiting(store: Store, *, limit: int = SEALED_AT_ONCE) -> int:
    """Seal up to `limit` rows that wait, and return how many were taken; 0 where another process is sealing."""
    with store.reading() as tx:
        if tx.execute(select(unsealed.c.id).limit(1)).first() is None:
            return 0
    with store.writing() as tx:
        return seal_within(tx, limit=limit)


def seal_all(store: Store) -> int:
    """Seal everything that waits; return how many rows were taken."""
    taken = 0
    while done := seal_waiting(store):
        taken += done
    return taken


def seal_within(tx: Connection, *, limit: int) -> int:
    """Seal up to `limit` rows that wait, in the transaction of the caller."""
    if tx.dialect.name == "postgresql":
        mine = tx.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _SEALING}).scalar()
        if not mine:
            return 0
    waiting = tx.execute(select(unsealed).order_by(unsealed.c.id).limit(limit)).all()
    if not waiting:
        return 0
    wanted = list(dict.fromkeys((row.source, row.key) for row in waiting))
    done = {
        (row.source, row.key)
        for name in dict.fromkeys(source for source, _ in wanted)
        for row in tx.execute(_SEALED, {"source": name, "keys": [key for source, key in wanted if source == name]})
    }
    fresh = [each for each in wanted if each not in done and each[0] in SOURCE_OF]
    digests = dict(digests_of(tx, fresh))
    position, chain = head_of(tx)
    rows: list[dict[str, Any]] = []
    for source, key in fresh:
        position += 1
        # A row that was taken away before its turn is sealed as missing: that it was there is not to be lost too.
        found = digests.get((source, key), NOTHING)
        chain = link(chain, position, source, key, found)
        rows.append({"position": position, "source": source, "key": key, "digest": found, "chain": chain})
    if rows:
        tx.execute(insert(seals), rows)
    tx.execute(delete(unsealed).where(unsealed.c.id.in_([row.id for row in waiting])))
    return len(waiting)


def digests_of(tx: Connection, wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the digest of what is there now for each source and key; nothing for a row that is not there."""
    for source, key, entry in entries_of(tx, wanted):
        if entry is not None:
            yield (source, key), digest_or_nothing(entry)


def digest_or_nothing(entry: Mapping[str, Any]) -> str:
    """Return the digest of an entry, NOTHING where it holds what no entry of ours can."""
    try:
        return entry_digest(entry)
    except (TypeError, ValueError, RecursionError):
        return NOTHING


def entries_of(tx: Connection, wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Yield source, key and entry of every row that is there; None for an entry that cannot be read."""
    of_source: dict[str, list[str]] = {}
    for name, key in wanted:
        of_source.setdefault(name, []).append(key)
    for name, keys in of_source.items():
        source = SOURCE_OF.get(name)
        if source is not None:
            yield from _entries(tx, source, keys)


def read_entry(source: Source, values: Sequence[Any]) -> dict[str, Any] | None:
    """Return the entry of a row; None where a column holds what it never could."""
    try:
        return source.entry(values)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return None


def is_sealed_as(source: Source, values: Sequence[Any], digest: str) -> bool:
    """Say whether a row is what was sealed under `digest`: first by how its documents are likely to be kept."""
    try:
        if hashlib.sha256(source.likely_bytes(values)).hexdigest() == digest:
            return True
    except (TypeError, ValueError, AttributeError, OverflowError):
        return False
    entry = read_entry(source, values)
    return entry is not None and digest != NOTHING and digest_or_nothing(entry) == digest


def _entries(tx: Connection, source: Source, keys: Sequence[str]) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    columns = source.columns(is_sqlite=tx.dialect.name == "sqlite")
    query = _by_keys(source, columns, dialect=tx.dialect.name)
    left = iter(keys)
    while some := list(islice(left, SEALED_AT_ONCE)):
        known = [key for key in some if _parts(source, key) is not None]
        found = {row[0]: row[1:] for row in tx.execute(query, {"keys": f"[{','.join(known)}]"})}
        for number, key in enumerate(known):
            if number in found:
                yield source.name, key, read_entry(source, found[number])


def _by_keys(source: Source, columns: Sequence[ColumnElement[Any]], *, dialect: str) -> Select[Any]:
    """Return the query of columns, behind the number of each key, for the JSON array of keys that is bound as `keys`.

    It looks each key up: of a list of pairs SQLite would read the whole table.
    """
    own = [source.table.c[name] for name in source.key_columns]
    if dialect == "sqlite":
        listed = text("SELECT key AS number, value AS parts FROM json_each(:keys)")
        wanted = listed.columns(column("number", Integer), column("parts", String)).subquery("wanted")
        parts: list[Any] = [func.json_extract(wanted.c.parts, f"$[{at}]") for at in range(len(own))]
    else:
        listed = text(
            "SELECT number - 1 AS number, parts FROM jsonb_array_elements(CAST(:keys AS jsonb)) "
            "WITH ORDINALITY AS listed (parts, number)"
        )
        wanted = listed.columns(column("number", Integer), column("parts", JSONB)).subquery("wanted")
        parts = [cast(wanted.c.parts[at].astext, mine.type) for at, mine in enumerate(own)]
    same = and_(*(mine == part for mine, part in zip(own, parts, strict=True)))
    if source.settled_by:
        same = and_(same, source.table.c[source.settled_by].is_not(None))
    return select(wanted.c.number, *columns).select_from(wanted.join(source.table, same))


def moments_of(tx: Connection, source: Source, keys: Sequence[str]) -> list[datetime]:
    """Return when the rows of these keys were written."""
    query = _by_keys(source, [source.table.c[source.at].label("at")], dialect=tx.dialect.name)
    known = [key for key in keys if _parts(source, key) is not None]
    return [row.at for row in tx.execute(query, {"keys": f"[{','.join(known)}]"})]


def _parts(source: Source, key: str) -> tuple[Any, ...] | None:
    """Return the values of the key columns that a seal names; None where no row of the source could have them."""
    try:
        parts = json.loads(key)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) != len(source.key_types):
        return None
    fits = all(
        isinstance(part, str) if is_text else type(part) is int and abs(part) < _LARGEST_KEY
        for part, is_text in zip(parts, source.key_types, strict=True)
    )
    return tuple(parts) if fits and "\x00" not in key and "\\u0000" not in key else None


def seals_after(tx: Connection, position: int, *, limit: int) -> list[Seal]:
    """Return the seals behind `position`, in order."""
    query = select(seals).where(seals.c.position > position).order_by(seals.c.position).limit(limit)
    return [Seal(*row) for row in tx.execute(query)]


def seals_before(tx: Connection, position: int, *, limit: int) -> list[Seal]:
    """Return the seals before `position`, the last first."""
    query = select(seals).where(seals.c.position < position).order_by(seals.c.position.desc()).limit(limit)
    return [Seal(*row) for row in tx.execute(query)]


def seals_of_act(tx: Connection, command_id: str) -> list[Seal]:
    """Return the seals of everything that is evidence of one act, in order: the wish, its answer, what happened by it
    and the record of a decision. Three queries, however long the record is."""
    asked = tx.execute(select(commands).where(commands.c.id == command_id)).first()
    if asked is None:
        return []
    of = (asked.product, asked.region, asked.run)
    scope = (ledger.c.product == of[0], ledger.c.region == of[1], ledger.c.run == of[2])
    versions = tx.execute(select(ledger.c.version).where(*scope, ledger.c.command_id == command_id)).scalars().all()
    keys = [("commands", [command_id]), ("outcomes", [command_id])]
    keys += [(name, [*of, version]) for name in ("ledger", "decision_records") for version in versions]
    # SQLite writes an array without blanks, PostgreSQL with them.
    written = [
        (name, json.dumps(key, ensure_ascii=False, separators=separators))
        for name, key in keys
        for separators in ((",", ":"), (", ", ": "))
    ]
    chosen = select(seals).where(is_among((seals.c.source, seals.c.key), written)).order_by(seals.c.position)
    return [Seal(*row) for row in tx.execute(chosen)]


def counts_between(tx: Connection, after: int, until: int) -> Counter[str]:
    """Return how many seals there are of each source, behind `after` and up to `until`."""
    query = (
        select(seals.c.source, func.count().label("count"))
        .where(seals.c.position > after, seals.c.position <= until)
        .group_by(seals.c.source)
    )
    return Counter({row.source: row.count for row in tx.execute(query)})
