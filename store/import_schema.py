"""In which tables is it kept what became of every bulk file?"""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table

from store.schema_base import metadata
from store.types import Identity, Ordinal, UtcDateTime

imports = Table(
    "imports",
    metadata,
    Column("seq", Ordinal, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("file_name", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("path", String, nullable=False),
    Column("uploaded_by", Identity, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("rows_total", BigInteger),
    Column("staged", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("unknown", BigInteger, nullable=False),
    Column("next_chunk", Integer, nullable=False),
    Column("reported", BigInteger, nullable=False),
    Column("code", String),
    Column("reason", String),
    Column("line", BigInteger),
    Column("on_behalf_of", String),
    CheckConstraint("rows_read = accepted + unchanged + rejected", name="adds_up"),
    Index(None, "kind", "seq"),
)
"""One row per file registered; `seq` is the order in which they came, `next_chunk` the first chunk not yet counted,
`reported` how many rows of `import_errors` there are, `code`, `reason` and `line` why it was refused or failed."""

import_errors = Table(
    "import_errors",
    metadata,
    Column("import_id", String, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("column_name", String),
    Column("code", String, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_with_rowid=False,
)
"""What is wrong with the lines that were rejected, numbered from 1 in the order of the file."""
