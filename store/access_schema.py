"""Where is kept who may come in as whom, and who was denied what?"""

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from store.schema_base import metadata
from store.types import Identity, Json, Ordinal, UtcDateTime

denials = Table(
    "denials",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("person", Identity, nullable=False),
    Column("token_id", String, nullable=False),
    Column("action", String, nullable=False),
    Column("product", Identity),
    Column("region", Identity),
    Column("method", String, nullable=False),
    Column("path", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("address", String),
    Column("on_behalf_of", String),
)
"""One row per attempt, and per region where it named several; rows are only ever added."""

turned_away = Table(
    "turned_away",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("person", Identity, nullable=False),
    Column("on_behalf_of", String),
    Column("token_id", String, nullable=False),
    Column("authenticated_at", UtcDateTime),
    Column("role", String),
    Column("action", String, nullable=False),
    Column("product", Identity),
    Column("region", Identity),
    Column("method", String, nullable=False),
    Column("route", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("problem", String, nullable=False),
    Column("faults", Json, nullable=False),
    Column("fault_count", Integer, nullable=False),
    Column("body_digest", String),
    Column("request_id", String, nullable=False),
    Column("address", String),
)
"""One row per act that was refused before it became a command: places and kinds of what was wrong, never what was
said."""

role_changes = Table(
    "role_changes",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("person", Identity, nullable=False),
    Column("role", String, nullable=False),
    Column("region", Identity, nullable=False),
    Column("change", String, nullable=False),
    Column("effective_at", UtcDateTime, nullable=False),
    Column("by", Identity, nullable=False),
    Column("reason", String, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("body_digest", String, nullable=False),
    UniqueConstraint("by", "idempotency_key"),
    Index("ix_role_changes_person", "person", "id"),
)
"""Every role that was granted or withdrawn, in a region or in all (`*`); rows are only ever added."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Identity, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("grants", Json, nullable=False),
    Column("created_by", Identity, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_by", Identity),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("idempotency_key", String, nullable=False),
    Column("body_digest", String, nullable=False),
    UniqueConstraint("created_by", "idempotency_key"),
)
"""The keys of services, by the SHA-256 of what was shown once."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String, primary_key=True),
    Column("person", Identity, nullable=False),
    Column("grants", Json, nullable=False),
    Column("logged_in_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_sessions_person", "person"),
)
"""Who is logged in, by the SHA-256 of the cookie; a row is gone once the session has ended."""

logins = Table(
    "logins",
    metadata,
    Column("digest", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("return_to", String, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
)
"""Logins under way, by the SHA-256 of the cookie that binds each to its browser; a row is used once."""

last_looks = Table(
    "last_looks",
    metadata,
    Column("person", Identity, primary_key=True),
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("looked_at", UtcDateTime, nullable=False),
)
"""Up to which version of a region somebody said that they have read; no evidence, so that rows are replaced."""

APPEND_ONLY = ("role_changes", "turned_away")
"""The tables of this file whose rows are never changed and never removed."""
