"""How is a row that is kept for good kept from being replaced?"""

from alembic import op

revision = "0006"
down_revision = "0005"

_KEYS = {
    "ledger": ("product", "region", "run", "version"),
    "launch_records": ("product", "region", "run"),
    "commands": ("id",),
}


def upgrade() -> None:
    """Refuse on SQLite to insert over a row: INSERT OR REPLACE removes it without asking the triggers on DELETE."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, key in _KEYS.items():
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        op.execute(
            f"CREATE TRIGGER {table}_keeps_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
        )
