"""Where does the audit record keep its seals and checkpoints, and from where did a command come?"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from store.types import Identity, Json, Ordinal, UtcDateTime

revision = "0012"
down_revision = "0011"

_MAYBE_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make the tables of the audit record, and the columns that say from where something was asked.

    The triggers follow from the sources that are declared: `store/guards.py` makes them after each migration.
    """
    op.create_table(
        "seals",
        sa.Column("position", Ordinal, autoincrement=False, nullable=False),
        sa.Column("source", Identity, nullable=False),
        sa.Column("key", Identity, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_seals")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_seals_source_key")),
    )
    op.create_table(
        "unsealed",
        sa.Column("id", Ordinal, autoincrement=True, nullable=False),
        sa.Column("source", Identity, nullable=False),
        sa.Column("key", Identity, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsealed")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("position", Ordinal, autoincrement=False, nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("signed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "verifications",
        sa.Column("id", Ordinal, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("since", Ordinal, nullable=False),
        sa.Column("until", Ordinal, nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("first_faults", _MAYBE_JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
    )
    for name in ("name_digest", "on_behalf_of", "request_id", "address", "token_id"):
        op.add_column("commands", sa.Column(name, sa.String()))
    op.add_column("commands", sa.Column("authenticated_at", UtcDateTime()))
    op.add_column("denials", sa.Column("address", sa.String()))
    op.add_column("printed_names", sa.Column("salt", sa.String()))
    # Kept by the triggers that `store/guards.py` makes, under names of its own.
    if op.get_bind().dialect.name == "postgresql":
        for table in ("ledger", "launch_records", "content_revisions", "decision_records"):
            op.execute(f"DROP TRIGGER {table}_keeps ON {table}")
