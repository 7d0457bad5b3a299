"""Which rows may an import bring, and in which columns?"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class ImportKind(StrEnum):
    """The kinds of bulk file; each brings one kind of row."""

    PEOPLE = "people"
    AUDIENCE = "audience"
    COMPLETIONS = "completions"
    ATTEMPTS = "attempts"


REJECTED_BECAUSE = "rejected_because"
"""The column of a file of bad rows that says what is wrong with each: passed over in a file that comes in."""


class PersonRow(NamedTuple):
    """What a roster says of one person from `effective_at` on; None there means since ever or from its import."""

    person_id: str
    name: str
    email: str
    function: str
    """A lower-case slug."""
    region: str
    """A lower-case slug: the one home region."""
    role: str | None = None
    """A job title; it never grants a right."""
    manager_id: str | None = None
    territory: str | None = None
    time_zone: str | None = None
    active: bool = True
    effective_at: datetime | None = None


class AudienceRow(NamedTuple):
    """Whether one person is named in the audience of a product and region from `effective_at` on."""

    product: str
    region: str
    person_id: str
    active: bool = True
    reason: str | None = None
    effective_at: datetime | None = None


class CompletionRow(NamedTuple):
    """That a person completed a course at an instant in UTC, with a score or none; or that this is void."""

    person_id: str
    course_id: str
    completed_at: datetime
    score: Decimal | None = None
    void: bool = False


class AttemptRow(NamedTuple):
    """That a person took an assessment at an instant in UTC, with a score from 0 to 100; or that this is void."""

    person_id: str
    assessment_id: str
    attempted_at: datetime
    score: Decimal
    void: bool = False


ImportRow = PersonRow | AudienceRow | CompletionRow | AttemptRow


class Columns(NamedTuple):
    """The columns of one kind of file, in the order in which its row names them."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    identity: tuple[str, ...]
    """Lines of one file that agree in these columns and differ in another contradict each other."""


COLUMNS: dict[ImportKind, Columns] = {
    ImportKind.PEOPLE: Columns(
        required=("person_id", "name", "email", "function", "region"),
        optional=("role", "manager_id", "territory", "time_zone", "active", "effective_at"),
        identity=("person_id", "effective_at"),
    ),
    ImportKind.AUDIENCE: Columns(
        required=("product", "region", "person_id"),
        optional=("active", "reason", "effective_at"),
        identity=("product", "region", "person_id", "effective_at"),
    ),
    ImportKind.COMPLETIONS: Columns(
        required=("person_id", "course_id", "completed_at", "score"),
        optional=("void",),
        identity=("person_id", "course_id", "completed_at"),
    ),
    ImportKind.ATTEMPTS: Columns(
        required=("person_id", "assessment_id", "attempted_at", "score"),
        optional=("void",),
        identity=("person_id", "assessment_id", "attempted_at"),
    ),
}
"""The import contract; rows are NamedTuples with these very fields, required first, in this order."""
