"""From which indexes is it read in which order products come, whether anything has changed, and what?"""

from alembic import op

revision = "0015"
down_revision = "0014"

_TABLE = "region_launches"
_BOARD = "ix_region_launches_board"
_FILTERED = ["is_latest", "product", "region", "stage", "rag", "shown_verdict", "verdict", "launch_at"]
_NAMED = ["product_name", "name"]


def upgrade() -> None:
    """Make an index that holds all that a pulse is taken of, and one of what happened by its moment.

    The index of the board learns of tiers and waves, by which one filters and orders.
    """
    op.drop_index(_BOARD, table_name=_TABLE)
    op.create_index(_BOARD, _TABLE, [*_FILTERED, *_NAMED, "tier", "wave"], unique=False)
    op.create_index(
        "ix_region_launches_pulse", _TABLE, ["is_latest", "region", "version", "figures_gathered_at"], unique=False
    )
    op.create_index("ix_outbox_at", "outbox", ["at"], unique=False)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_outbox_at", table_name="outbox")
    op.drop_index("ix_region_launches_pulse", table_name=_TABLE)
    op.drop_index(_BOARD, table_name=_TABLE)
    op.create_index(_BOARD, _TABLE, [*_FILTERED, *_NAMED], unique=False)
