"""Where is kept who is told of what, and how far that has come?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, Json, Ordinal, UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables of webhooks, deliveries and nudges."""
    op.create_table(
        "webhooks",
        sa.Column("id", Identity, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("types", Json, nullable=False),
        sa.Column("regions", Json, nullable=False),
        sa.Column("products", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_because", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_by", Identity, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("body_digest", sa.String(), nullable=False),
        sa.Column("removed_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("made_by", "idempotency_key", name=op.f("uq_webhooks_made_by_idempotency_key")),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("webhook", Identity, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("webhook", "number", name=op.f("pk_webhook_secrets")),
    )
    _make_deliveries()
    op.create_table(
        "nudges",
        sa.Column("number", Ordinal, nullable=False, autoincrement=True),
        sa.Column("person", Identity, nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("asked_by", Identity, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("digest", Identity),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_nudges")),
    )
    op.create_index("ix_nudges_of_digest", "nudges", ["digest"])
    is_waiting = sa.text("digest IS NULL")
    op.create_index(
        "uq_nudges_waiting",
        "nudges",
        ["person", "product", "region"],
        unique=True,
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", Ordinal, nullable=False, autoincrement=True),
        sa.Column("id", Identity, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target", Identity, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("started_round", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("replay_key", sa.String()),
        sa.Column("first_at", UtcDateTime()),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
    )
    op.create_index("ix_deliveries_by_state", "deliveries", ["state", "number"])
    op.create_index("ix_deliveries_by_product", "deliveries", ["product", "number"])
    op.create_index("ix_deliveries_by_target", "deliveries", ["target", "type"])
    is_to_start = sa.text("started_round < round")
    op.create_index(
        "ix_deliveries_to_start",
        "deliveries",
        ["number"],
        sqlite_where=is_to_start,
        postgresql_where=is_to_start,
    )
    op.create_table(
        "delivery_tries",
        sa.Column("delivery", Identity, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("fate", sa.String()),
        sa.Column("status", sa.Integer()),
        sa.Column("detail", sa.String()),
        sa.PrimaryKeyConstraint("delivery", "round", "number", name=op.f("pk_delivery_tries")),
    )
