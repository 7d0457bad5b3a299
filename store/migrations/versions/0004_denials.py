"""Which table keeps the attempts that were denied?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, Ordinal, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of denials."""
    op.create_table(
        "denials",
        sa.Column("id", Ordinal, nullable=False, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", Identity, nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("product", Identity),
        sa.Column("region", Identity),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_denials")),
    )
