"""How did each region stand on each day?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, UtcDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table; it fills from the first count on, as nothing kept how regions stood before."""
    op.create_table(
        "region_days",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("rag", sa.String(), nullable=False),
        sa.Column("index_tenths", sa.Integer(), nullable=False),
        sa.Column("launch_at", UtcDateTime(), nullable=False),
        sa.Column("forecast_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("day", "product", "region", "run", name=op.f("pk_region_days")),
    )
    op.create_index("ix_region_days_of_region", "region_days", ["product", "region", "run", "day"])
