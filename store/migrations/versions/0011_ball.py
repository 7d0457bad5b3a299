"""Where has the ball of each region launch been?"""

import sqlalchemy as sa
from alembic import op

from store.records_schema import MaybeJson

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; a region's next settlement fills it, and until then it is read from the ledger."""
    op.add_column("region_launches", sa.Column("ball", MaybeJson))
