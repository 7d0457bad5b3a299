"""Who in a region is missing what?"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Integer, String, bindparam, column, text

from readiness.people import PersonStanding, PersonStatus, valid_until
from store.figures import Question, questions_document
from store.figures_sql import single_learners
from store.requirements import requirements
from store.types import Score, UtcDateTime

LONGEST_PAGE = 1_000
"""People in the longest page of the tracker."""

_TRACKER = """
    , standing AS (
        SELECT learners.person_id, learners.manager_id, learners.trained_at, learners.listed, proofs.best_score,
            proofs.last_pass_at, COALESCE(proofs.used, 0) AS used,
            CASE
                WHEN proofs.last_pass_at > asked.valid_from THEN 'certified'
                WHEN proofs.last_pass_at > asked.valid_now_from THEN 'lapses'
                WHEN learners.trained_at IS NOT NULL AND COALESCE(proofs.used, 0) >= asked.max_attempts THEN 'failed'
                WHEN learners.trained_at IS NOT NULL THEN 'trained'
                WHEN learners.completed > 0 THEN 'learning'
                ELSE 'not_started' END AS status
        FROM learners
            CROSS JOIN asked
            LEFT JOIN proofs ON proofs.n = learners.n AND proofs.person_id = learners.person_id
        WHERE asked.n = learners.n AND (:cursor IS NULL OR learners.person_id > :cursor)
            AND (:manager IS NULL OR learners.manager_id = :manager))
    SELECT standing.person_id, people.name, standing.manager_id, standing.status, standing.trained_at,
        standing.best_score, standing.last_pass_at, standing.used, standing.listed
    FROM standing LEFT JOIN people ON people.person_id = standing.person_id
    WHERE standing.status IN :statuses
    ORDER BY standing.person_id
    LIMIT :limit
"""


def tracker(
    tx: Connection,
    product: str,
    region: str,
    *,
    at: datetime,
    gathered_at: datetime,
    statuses: Collection[PersonStatus] = (),
    manager: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> tuple[tuple[PersonStanding, ...], str | None]:
    """Return a page of the audience of `region` at `at`, by person id, and the cursor of the next page or None.

    Only people of `statuses`, where any are given, and of the manager that they have at `at`. `cursor` is the last
    person id of the page before. Each row is `readiness.people.standing` of the same facts. Raises ValueError for a
    page that is not between 1 and LONGEST_PAGE people long.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise ValueError(f"a page has 1 to {LONGEST_PAGE} people, not {limit}")
    asked = requirements(tx, [product])
    wanted = asked.get(product)
    query = (
        text(f"{single_learners(tx.dialect.name)} {_TRACKER}")
        .bindparams(
            bindparam("cursor", type_=String),
            bindparam("manager", type_=String),
            bindparam("statuses", expanding=True),
        )
        .columns(
            *(column(name, String) for name in ("person_id", "name", "manager_id", "status")),
            column("trained_at", UtcDateTime),
            column("best_score", Score),
            column("last_pass_at", UtcDateTime),
            column("used", Integer),
            column("listed", String),
        )
    )
    values = {
        "asked": questions_document(tx, [Question(product, region, at)], asked, gathered_at=gathered_at),
        "cursor": cursor,
        "manager": manager,
        "statuses": [status.value for status in (statuses or PersonStatus)],
        "limit": limit + 1,
    }
    required = [course.course_id for course in wanted.courses] if wanted else []
    valid_days = wanted.assessment.valid_days if wanted else None
    max_attempts = wanted.assessment.max_attempts if wanted else None
    rows = []
    for row in tx.execute(query, values):
        completed = (row.listed or "").split()
        rows.append(
            PersonStanding(
                person_id=row.person_id,
                name=row.name,
                manager_id=row.manager_id,
                status=PersonStatus(row.status),
                missing_courses=tuple(course_id for course_id in required if course_id not in completed),
                trained_at=row.trained_at,
                best_score=row.best_score,
                certified_until=valid_until(row.last_pass_at, valid_days) if row.last_pass_at else None,
                attempts_left=None if max_attempts is None else max_attempts - row.used,
            )
        )
    page = tuple(rows[:limit])
    return page, page[-1].person_id if len(rows) > limit else None
