"""Where does the board keep who is waited on, and the decision that stands?"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_MAYBE_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add both to the rows of the board, and mark the rows of before, so that they are counted and have them too."""
    op.add_column("region_launches", sa.Column("blockers", _MAYBE_JSON))
    op.add_column("region_launches", sa.Column("decision", _MAYBE_JSON))
    op.execute("UPDATE region_launches SET figures_revision = 0")
