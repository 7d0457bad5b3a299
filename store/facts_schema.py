"""In which tables do the facts about people and their learning lie?"""

# Facts are only ever added. Three columns are derived from them and kept beside them for speed: the interval in
# which a row of a roster or an audience is in force (`from_at`, `until_at`), and which version of a completion or
# an attempt is the `current` one. None of the tables has foreign keys to another: a fact may come before what it is
# about.

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from store.schema_base import metadata
from store.types import Identity, Ordinal, Score, UtcDateTime

fact_imports = Table(
    "fact_imports",
    metadata,
    Column("ordinal", Ordinal, primary_key=True, autoincrement=True),
    Column("import_id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("accepted", BigInteger),
    Column("unchanged", BigInteger),
    Column("unknown", BigInteger),
)
"""Which import is the later one: the one with the greater ordinal. The counts are those of a roster or an audience
that has taken effect."""

people = Table(
    "people",
    metadata,
    Column("person_id", Identity, primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Printed names, apart from everything else so that they can be erased; `ordinal` is the import they are from."""

roster = Table(
    "roster",
    metadata,
    Column("person_id", Identity, primary_key=True),
    Column("ordinal", BigInteger, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("effective_at", UtcDateTime),
    Column("imported_at", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("from_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("function", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("role", String),
    Column("manager_id", Identity),
    Column("territory", String),
    Column("time_zone", String),
    Column("active", Boolean, nullable=False),
    Index("ix_roster_audience", "region", "active", "function", "person_id", "until_at", "from_at", "manager_id"),
    sqlite_with_rowid=False,
)
"""What each import said of a person, at its place in the file; known since `known_at`, when it took effect."""

audience = Table(
    "audience",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("person_id", Identity, primary_key=True),
    Column("ordinal", BigInteger, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("effective_at", UtcDateTime),
    Column("imported_at", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("from_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("reason", String),
    Index(None, "person_id"),
    sqlite_with_rowid=False,
)
"""Whom each import named in the audience of a product and region, like the roster."""


def _staged_columns() -> tuple[Column[Any], ...]:
    return (
        Column("import_id", String, primary_key=True),
        Column("place", BigInteger, primary_key=True),
        Column("fate", String),
        Column("effective_at", UtcDateTime),
    )


staged_people = Table(
    "staged_people",
    metadata,
    *_staged_columns(),
    Column("person_id", Identity, nullable=False),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("function", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("role", String),
    Column("manager_id", Identity),
    Column("territory", String),
    Column("time_zone", String),
    Column("active", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""Rows of a roster that has not taken effect yet: no question is answered from here."""

staged_audience = Table(
    "staged_audience",
    metadata,
    *_staged_columns(),
    Column("product", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("person_id", Identity, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("reason", String),
    sqlite_with_rowid=False,
)
"""Rows of a named audience that has not taken effect yet."""

completions = Table(
    "completions",
    metadata,
    Column("person_id", Identity, primary_key=True),
    Column("course_id", Identity, primary_key=True),
    Column("completed_at", UtcDateTime, primary_key=True),
    Column("ordinal", BigInteger, primary_key=True),
    Column("score", Score),
    Column("void", Boolean, nullable=False),
    Column("current", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""Every version of every completion; the current one is that of the latest import that spoke of it."""

attempts = Table(
    "attempts",
    metadata,
    Column("person_id", Identity, primary_key=True),
    Column("assessment_id", Identity, primary_key=True),
    Column("attempted_at", UtcDateTime, primary_key=True),
    Column("ordinal", BigInteger, primary_key=True),
    Column("score", Score, nullable=False),
    Column("void", Boolean, nullable=False),
    Column("current", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""Every version of every attempt at an assessment."""

courses = Table(
    "courses",
    metadata,
    Column("course_id", Identity, primary_key=True),
    Column("title", String, nullable=False),
    Column("min_score", Score, nullable=False),
    sqlite_with_rowid=False,
)
"""The courses that some plan has named."""

assessments = Table(
    "assessments",
    metadata,
    Column("assessment_id", Identity, primary_key=True),
    Column("title", String, nullable=False),
    Column("pass_mark", Score, nullable=False),
    Column("valid_days", Integer),
    Column("max_attempts", Integer),
    sqlite_with_rowid=False,
)
"""The assessments that some plan has named."""

product_requirements = Table(
    "product_requirements",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("assessment_id", Identity, nullable=False, index=True),
    Column("pass_mark", Score, nullable=False),
    Column("valid_days", Integer),
    Column("max_attempts", Integer),
    sqlite_with_rowid=False,
)
"""How people prove that they have learned a product, as its latest launch asks."""

required_courses = Table(
    "required_courses",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("course_id", Identity, primary_key=True, index=True),
    Column("place", Integer, nullable=False),
    Column("min_score", Score, nullable=False),
    sqlite_with_rowid=False,
)
"""What people must complete for a product, in the order of its plan."""

required_functions = Table(
    "required_functions",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("function", Identity, primary_key=True, index=True),
    sqlite_with_rowid=False,
)
"""Whose people are the audience of a product where none is named."""
