"""How is a store of a test brought to where another test of the same process has brought its own?"""

import atexit
import sqlite3
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from store.engine import Store

Came = TypeVar("Came")

_KEPT: dict[Hashable, tuple[sqlite3.Connection, Any]] = {}
"""By the state and the tables: a copy of the first store that came there, only read from, and what was returned."""


def brought(store: Store, state: Hashable, bring: Callable[[], Came]) -> Came:
    """Return what `bring` returns once it has brought `store` to `state`, which says all that it depends on.

    A SQLite in which nothing is yet becomes a copy of the first that came there from the same tables. What has
    something in it, and every PostgreSQL, goes all the way.
    """
    tables = _if_empty(store) if store.is_sqlite else None
    if tables is None:
        return bring()
    if (state, tables) not in _KEPT:
        came = bring()
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        atexit.register(copy.close)
        _copy(store, lambda own: own.backup(copy))
        _KEPT[state, tables] = copy, came
        return came
    kept, before = _KEPT[state, tables]
    _copy(store, kept.backup)
    found: Came = before
    return found


def _copy(store: Store, copy: Callable[[sqlite3.Connection], None]) -> None:
    """Have the file of `store` read or written as a whole."""
    pooled = store.engine.raw_connection()
    try:
        own = pooled.driver_connection
        assert isinstance(own, sqlite3.Connection)
        copy(own)
    finally:
        pooled.close()


def _if_empty(store: Store) -> str | None:
    """Return how the tables, guards and indexes of `store` are made, None if a row stands in any of them."""
    with store.reading() as tx:
        made = tx.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all()
        tables = [name for kind, name, _ in made if kind == "table" and name != "alembic_version"]
        rows = " UNION ALL ".join(f"SELECT EXISTS (SELECT 1 FROM {name})" for name in tables)
        is_empty = not any(tx.exec_driver_sql(rows).scalars())
    return "\n".join(str(sql) for _, _, sql in made) if is_empty else None
