"""Which tables tell what became of every bulk file?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, Ordinal, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of imports."""
    op.create_table(
        "imports",
        sa.Column("seq", Ordinal, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("uploaded_by", Identity, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("rows_total", sa.BigInteger()),
        sa.Column("staged", sa.BigInteger(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("unknown", sa.BigInteger(), nullable=False),
        sa.Column("next_chunk", sa.Integer(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("line", sa.BigInteger()),
        sa.CheckConstraint("rows_read = accepted + unchanged + rejected", name=op.f("ck_imports_adds_up")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_imports")),
        sa.UniqueConstraint("id", name=op.f("uq_imports_id")),
    )
    op.create_index(op.f("ix_imports_kind_seq"), "imports", ["kind", "seq"])
    op.create_table(
        "import_errors",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.String()),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_errors")),
        sqlite_with_rowid=False,
    )
