"""Up to where has each person read each region?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table of last looks, from which pages tell what has happened since."""
    op.create_table(
        "last_looks",
        sa.Column("person", Identity, nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person", "product", "region", name=op.f("pk_last_looks")),
    )
