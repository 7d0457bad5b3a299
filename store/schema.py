"""Which tables does the store have?"""

from store import access_schema, facts_schema, import_schema, records_schema
from store.schema_base import metadata

__all__ = ["access_schema", "facts_schema", "import_schema", "metadata", "records_schema"]
