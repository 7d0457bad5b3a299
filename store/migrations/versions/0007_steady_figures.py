"""Where is kept how long counted figures stay true by themselves, and the content that was judged with them?"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from store.types import UtcDateTime

revision = "0007"
down_revision = "0006"


_MAYBE_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add what it takes to answer from figures at hand; rows of before know nothing of it and are counted anew."""
    op.add_column("region_launches", sa.Column("figures_steady_until", UtcDateTime()))
    op.add_column("region_launches", sa.Column("contents", _MAYBE_JSON))
    op.add_column("region_launches", sa.Column("facts_dated_until", UtcDateTime()))
