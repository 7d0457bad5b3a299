"""Where do people keep views of lists, and how is it found who was reminded lately?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table of views, and an index of reminders by where they were about and when."""
    op.create_table(
        "saved_views",
        sa.Column("person", Identity, nullable=False),
        sa.Column("list", Identity, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person", "list", "name", name=op.f("pk_saved_views")),
    )
    op.create_index("ix_nudges_lately", "nudges", ["product", "region", "asked_at", "person"])
