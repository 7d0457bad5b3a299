"""How is a row written that somebody else may have written at the same time?"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(tx: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Write `row` unless a row with the same key is there; say whether it was written.

    Where another transaction is just writing the same key, this waits for its end.
    """
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    written = insert(table).values(**row).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return tx.execute(written).first() is not None
