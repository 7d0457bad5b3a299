"""In which order were the rows of ledger, command log and facts committed?"""

# Numbers that rows are given as they are written say nothing of commits. On PostgreSQL a deferred trigger runs as its
# transaction commits, and takes a lock there that only the end of the transaction gives back: whoever is numbered
# first has committed first. On SQLite there is one writer at a time, so the order of writing is that of committing.

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from store.engine import Store
from store.types import from_microseconds

_KEPT: Mapping[str, tuple[str, ...]] = {
    "ledger": ("product", "region", "run", "version", "type", "at", "person", "command_id", "event"),
    "launch_records": ("product", "region", "run", "at", "version", "decision_version"),
    "commands": ("id", "product", "region", "run", "kind", "person", "command_digest", "command", "outcome"),
    "content_revisions": ("product", "stage", "region", "material", "withdrawn"),
    "roster": (
        *("person_id", "ordinal", "place", "effective_at", "imported_at", "function", "region", "active"),
        *("manager_id",),
    ),
    "audience": ("product", "region", "person_id", "ordinal", "active"),
    "completions": ("person_id", "course_id", "completed_at", "ordinal", "score", "void"),
    "attempts": ("person_id", "assessment_id", "attempted_at", "ordinal", "score", "void"),
}
"""The columns that are kept of each table, as its rows are added."""

_SETTLED = "settled"
"""What a row is called that tells that a command got its outcome."""

_DOCUMENTS = frozenset({"event", "command", "outcome"})
_MOMENTS = frozenset({"at", "effective_at", "imported_at", "completed_at", "attempted_at"})
_SCORES = frozenset({"score"})
_TRUTHS = frozenset({"material", "withdrawn", "active", "void"})

_NUMBERING = 0x6C746C71

_ON_POSTGRESQL = f"""
CREATE TABLE race_journal (place BIGINT PRIMARY KEY, kind TEXT NOT NULL, kept JSONB NOT NULL);
CREATE SEQUENCE race_places;
CREATE FUNCTION race_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({_NUMBERING});
    INSERT INTO race_journal VALUES (nextval('race_places'), TG_ARGV[0], to_jsonb(NEW));
    RETURN NULL;
END $$;
"""


class Noted(NamedTuple):
    """A row and its place in the order of commits; `kind` is its table, or `settled`."""

    place: int
    kind: str
    row: Mapping[str, Any]


def keep_journal(store: Store) -> None:
    """Have the database note every row from now on, in the order of commits."""
    with store.writing() as tx:
        if store.is_sqlite:
            tx.exec_driver_sql(
                "CREATE TABLE race_journal (place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, kept TEXT)"
            )
        else:
            tx.execute(text(_ON_POSTGRESQL))
        for table in _KEPT:
            tx.exec_driver_sql(_trigger(store, table, table, "INSERT"))
        tx.exec_driver_sql(_trigger(store, "commands", _SETTLED, "UPDATE"))


def noted(tx: Connection) -> tuple[Noted, ...]:
    """Return everything that was noted, in the order of commits."""
    rows = tx.execute(text("SELECT place, kind, CAST(kept AS TEXT) FROM race_journal ORDER BY place"))
    return tuple(Noted(at, kind, _read(kind, json.loads(kept, parse_float=Decimal))) for at, kind, kept in rows)


def _trigger(store: Store, table: str, kind: str, act: str) -> str:
    name = f"race_{table}_{act.lower()}"
    if not store.is_sqlite:
        return (
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {act} ON {table} DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW EXECUTE FUNCTION race_note('{kind}')"
        )
    fields = ", ".join(
        f"'{column}', {f'json(NEW.{column})' if column in _DOCUMENTS else f'NEW.{column}'}" for column in _KEPT[table]
    )
    return (
        f"CREATE TRIGGER {name} AFTER {act} ON {table} BEGIN "
        f"INSERT INTO race_journal (kind, kept) VALUES ('{kind}', json_object({fields})); END"
    )


def _read(kind: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    columns = _KEPT["commands" if kind == _SETTLED else kind]
    return {column: _value(column, kept[column]) for column in columns}


def _value(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in _MOMENTS:
        return from_microseconds(value) if isinstance(value, int) else datetime.fromisoformat(value)
    if column in _SCORES:
        return Decimal(value).scaleb(-4) if isinstance(value, int) else value
    return bool(value) if column in _TRUTHS else value
