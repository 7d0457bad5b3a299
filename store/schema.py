"""Which tables does the store have?"""

from store import (
    access_schema,
    days_schema,
    deliver_schema,
    facts_schema,
    import_schema,
    records_schema,
    seal_schema,
    view_schema,
)
from store.schema_base import metadata

__all__ = [
    "access_schema",
    "days_schema",
    "deliver_schema",
    "facts_schema",
    "import_schema",
    "metadata",
    "records_schema",
    "seal_schema",
    "view_schema",
]
