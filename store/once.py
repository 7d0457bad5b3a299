"""How is a row written that somebody else may have written at the same time?"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(tx: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Write `row` unless a row with the same key is there; say whether it was written.

    Where another transaction is just writing the same key, this waits for its end.
    """
    return tx.execute(_insert_unless_there(table, tx.dialect.name), dict(row)).first() is not None


@cache
def _insert_unless_there(table: Table, dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
