"""In which tables does it lie who is told of what, and how far that has come?"""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, UniqueConstraint, column

from store.schema_base import metadata
from store.types import Identity, Json, Ordinal, UtcDateTime

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("url", String, nullable=False),
    Column("types", Json, nullable=False),
    Column("regions", Json, nullable=False),
    Column("products", Json, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_because", String),
    Column("version", Integer, nullable=False),
    Column("made_by", Identity, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("body_digest", String, nullable=False),
    Column("removed_at", UtcDateTime),
    UniqueConstraint("made_by", "idempotency_key"),
)
"""Where events are sent; an empty list of types, regions or products means all of them."""

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("webhook", Identity, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sealed", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
"""What is signed with: the newest two of a webhook, sealed; an older one is gone."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Ordinal, primary_key=True, autoincrement=True),
    Column("id", Identity, nullable=False, unique=True),
    Column("event_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("target", Identity, nullable=False),
    Column("type", String, nullable=False),
    Column("product", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("body", String),
    Column("state", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("started_round", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("replay_key", String),
    Column("first_at", UtcDateTime),
    Column("next_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Index("ix_deliveries_by_state", "state", "number"),
    Index("ix_deliveries_by_product", "product", "number"),
    Index("ix_deliveries_by_target", "target", "type"),
    Index(
        "ix_deliveries_to_start",
        "number",
        sqlite_where=column("started_round") < column("round"),
        postgresql_where=column("started_round") < column("round"),
    ),
)
"""One thing told to one target. `body` is what is sent, fixed once; None where it is rendered as it is sent. Each
replay by hand is a round of its own, and has a workflow once `started_round` has caught up."""

delivery_tries = Table(
    "delivery_tries",
    metadata,
    Column("delivery", Identity, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("fate", String),
    Column("status", Integer),
    Column("detail", String),
)
"""Every try; written before anything is sent, so that one whose end nobody knows is known to have begun."""

nudges = Table(
    "nudges",
    metadata,
    Column("number", Ordinal, primary_key=True, autoincrement=True),
    Column("person", Identity, nullable=False),
    Column("product", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("asked_by", Identity, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("digest", Identity),
    Index("ix_nudges_of_digest", "digest"),
    Index("ix_nudges_lately", "product", "region", "asked_at", "person"),
    Index(
        "uq_nudges_waiting",
        "person",
        "product",
        "region",
        unique=True,
        sqlite_where=column("digest").is_(None),
        postgresql_where=column("digest").is_(None),
    ),
)
"""Whom somebody reminded of what; `digest` is the delivery that tells them, None while it waits for their day."""
