"""In which tables does the audit record keep its seals, its checkpoints and what became of checking them?"""

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from store.records_schema import MaybeJson
from store.schema_base import metadata
from store.types import Identity, Json, Ordinal, UtcDateTime

seals = Table(
    "seals",
    metadata,
    Column("position", Ordinal, primary_key=True, autoincrement=False),
    Column("source", Identity, nullable=False),
    Column("key", Identity, nullable=False),
    Column("digest", String, nullable=False),
    Column("chain", String, nullable=False),
    UniqueConstraint("source", "key"),
)
"""One row per entry, numbered from 1 without gaps; `key` is the JSON array of the source's key columns."""

unsealed = Table(
    "unsealed",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("source", Identity, nullable=False),
    Column("key", Identity, nullable=False),
)
"""What is written and not yet sealed: a trigger on each source puts it here in the same transaction."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("position", Ordinal, primary_key=True, autoincrement=False),
    Column("chain", String, nullable=False),
    Column("counts", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("signed", String, nullable=False),
)
"""What was signed of the chain, and when; `signed` is the compact JWS, which also lies outside the database."""

verifications = Table(
    "verifications",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("since", Ordinal, nullable=False),
    Column("until", Ordinal, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("first_faults", MaybeJson),
)
"""Each time that the record was verified: from which position to which, and what was wrong."""
