"""Which regions that have launched still owe something?"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column by which a lost reinforcement is found; nothing that has launched so far owes anything."""
    op.add_column("region_launches", sa.Column("owes", sa.Boolean(), nullable=False, server_default=sa.false()))
