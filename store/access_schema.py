"""Where are the attempts kept that were denied?"""

from sqlalchemy import Column, String, Table

from store.schema_base import metadata
from store.types import Identity, Ordinal, UtcDateTime

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
)
"""One row per attempt, and per region where it named several; rows are only ever added."""
