"""In which table does it lie which views of lists people keep for themselves?"""

from sqlalchemy import Column, String, Table

from store.schema_base import metadata
from store.types import Identity, UtcDateTime

saved_views = Table(
    "saved_views",
    metadata,
    Column("person", Identity, primary_key=True),
    Column("list", Identity, primary_key=True),
    Column("name", String, primary_key=True),
    Column("query", String, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
)
"""A named set of filters of one list, as the query of an address has them, kept by one person for themselves."""
