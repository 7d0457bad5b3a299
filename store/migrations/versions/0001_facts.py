"""Which tables hold the facts about people and their learning?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, Ordinal, Score, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of facts."""
    op.create_table(
        "assessments",
        sa.Column("assessment_id", Identity, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("pass_mark", Score(), nullable=False),
        sa.Column("valid_days", sa.Integer()),
        sa.Column("max_attempts", sa.Integer()),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_assessments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempts",
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("assessment_id", Identity, nullable=False),
        sa.Column("attempted_at", UtcDateTime(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("score", Score(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "assessment_id", "attempted_at", "ordinal", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audience",
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", UtcDateTime()),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.PrimaryKeyConstraint("product", "region", "person_id", "ordinal", "place", name=op.f("pk_audience")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_audience_person_id"), "audience", ["person_id"])
    op.create_table(
        "completions",
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("course_id", Identity, nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("score", Score()),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "course_id", "completed_at", "ordinal", name=op.f("pk_completions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "courses",
        sa.Column("course_id", Identity, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("min_score", Score(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_courses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fact_imports",
        sa.Column("ordinal", Ordinal, autoincrement=True, nullable=False),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("accepted", sa.BigInteger()),
        sa.Column("unchanged", sa.BigInteger()),
        sa.Column("unknown", sa.BigInteger()),
        sa.PrimaryKeyConstraint("ordinal", name=op.f("pk_fact_imports")),
        sa.UniqueConstraint("import_id", name=op.f("uq_fact_imports_import_id")),
    )
    op.create_table(
        "people",
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "product_requirements",
        sa.Column("product", Identity, nullable=False),
        sa.Column("assessment_id", Identity, nullable=False),
        sa.Column("pass_mark", Score(), nullable=False),
        sa.Column("valid_days", sa.Integer()),
        sa.Column("max_attempts", sa.Integer()),
        sa.PrimaryKeyConstraint("product", name=op.f("pk_product_requirements")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_product_requirements_assessment_id"), "product_requirements", ["assessment_id"])
    op.create_table(
        "required_courses",
        sa.Column("product", Identity, nullable=False),
        sa.Column("course_id", Identity, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("min_score", Score(), nullable=False),
        sa.PrimaryKeyConstraint("product", "course_id", name=op.f("pk_required_courses")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_required_courses_course_id"), "required_courses", ["course_id"])
    op.create_table(
        "required_functions",
        sa.Column("product", Identity, nullable=False),
        sa.Column("function", Identity, nullable=False),
        sa.PrimaryKeyConstraint("product", "function", name=op.f("pk_required_functions")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_required_functions_function"), "required_functions", ["function"])
    op.create_table(
        "roster",
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", UtcDateTime()),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("function", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("role", sa.String()),
        sa.Column("manager_id", Identity),
        sa.Column("territory", sa.String()),
        sa.Column("time_zone", sa.String()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "ordinal", "place", name=op.f("pk_roster")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_roster_region_active_function_until_at_from_at"),
        "roster",
        ["region", "active", "function", "until_at", "from_at"],
    )
    op.create_table(
        "staged_audience",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.String()),
        sa.Column("effective_at", UtcDateTime()),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.PrimaryKeyConstraint("import_id", "place", name=op.f("pk_staged_audience")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_people",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.String()),
        sa.Column("effective_at", UtcDateTime()),
        sa.Column("person_id", Identity, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("function", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("role", sa.String()),
        sa.Column("manager_id", Identity),
        sa.Column("territory", sa.String()),
        sa.Column("time_zone", sa.String()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "place", name=op.f("pk_staged_people")),
        sqlite_with_rowid=False,
    )
