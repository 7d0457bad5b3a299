"""In which table lies how each region stood on each day?"""

from sqlalchemy import Column, Index, Integer, String, Table

from store.schema_base import metadata
from store.types import Identity, UtcDateTime

region_days = Table(
    "region_days",
    metadata,
    Column("day", String, primary_key=True),
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("stage", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("rag", String, nullable=False),
    Column("index_tenths", Integer, nullable=False),
    Column("launch_at", UtcDateTime, nullable=False),
    Column("forecast_at", UtcDateTime),
    Index("ix_region_days_of_region", "product", "region", "run", "day"),
)
"""What the board said of each region at the last count of each day, in UTC; written as figures are counted, at least
once an hour, and no evidence of anything: the ledger is."""
