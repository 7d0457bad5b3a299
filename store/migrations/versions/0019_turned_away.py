"""Which acts were refused before they became commands, and for whom did a program act?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, Json, Ordinal, UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the table, and the columns that say on whose behalf something was tried or brought in."""
    op.create_table(
        "turned_away",
        sa.Column("id", Ordinal, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", Identity, nullable=False),
        sa.Column("on_behalf_of", sa.String()),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("authenticated_at", UtcDateTime()),
        sa.Column("role", sa.String()),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("product", Identity),
        sa.Column("region", Identity),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("faults", Json, nullable=False),
        sa.Column("fault_count", sa.Integer(), nullable=False),
        sa.Column("body_digest", sa.String()),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("address", sa.String()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turned_away")),
    )
    op.add_column("denials", sa.Column("on_behalf_of", sa.String()))
    op.add_column("imports", sa.Column("on_behalf_of", sa.String()))
    # `store/guards.py` makes it again, and then it keeps the new column too.
    on_table = " ON imports" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER IF EXISTS imports_keeps_sealed{on_table}")
