"""Is anything that was written once ever changed, removed or replaced?"""

import pytest
from sqlalchemy import exc, text

from tests.store.desk import Desk


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET person = 'somebody'",
        "DELETE FROM ledger",
        "UPDATE commands SET person = 'somebody' WHERE settled_at IS NOT NULL",
        "DELETE FROM commands",
        "UPDATE content_revisions SET person = 'somebody'",
        "DELETE FROM content_revisions",
    ],
)
def test_what_is_written_is_never_changed_or_removed(desk: Desk, statement: str) -> None:
    """The database itself refuses, whoever asks."""
    desk.ready()
    with pytest.raises(exc.DBAPIError, match=r"only added to|settled once"), desk.store.writing() as tx:
        tx.execute(text(statement))


@pytest.mark.parametrize("table", ["ledger", "commands"])
def test_what_is_written_is_never_replaced(desk: Desk, table: str) -> None:
    """SQLite would replace a row without asking the triggers that guard its removal."""
    desk.ready()
    if not desk.store.is_sqlite:
        pytest.skip("only SQLite has INSERT OR REPLACE")
    with pytest.raises(exc.DBAPIError, match="only added to"), desk.store.writing() as tx:
        tx.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"))
