"""In which SQL are the people of a region found, with how far each of them has come?"""

# Both questions below, for a page of people and for how many there are of each kind, judge people by one and the same
# text, so that no page ever counts somebody as another than it shows.

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Integer, String, TextualSelect, bindparam, column, text

from store.types import Score, UtcDateTime

_NAMED = """
    SELECT held.person_id, held.manager_id{more}
    FROM audience named CROSS JOIN roster held
    WHERE named.product = :product AND named.region = :region AND named.person_id > :cursor AND named.active
        AND named.from_at <= :at AND named.until_at > :at AND held.person_id = named.person_id AND held.active
        AND held.from_at <= :at AND held.until_at > :at {narrowed}
"""

_OF_FUNCTIONS = """
    SELECT held.person_id, held.manager_id{more}
    FROM roster held
    WHERE held.region = :region AND held.active = TRUE AND held.function IN :functions AND held.person_id > :cursor
        AND held.from_at <= :at AND held.until_at > :at {narrowed}
"""

_FIRST_ONES = " ORDER BY {by} LIMIT :looked_at"

_MANAGED = "AND held.manager_id = :manager"
_PLACED = "AND held.territory = :territory"
_CALLED = """AND (LOWER(held.person_id) LIKE :called ESCAPE '!' OR (
            SELECT {lowered} FROM people printed WHERE printed.person_id = held.person_id) LIKE :called ESCAPE '!')"""
"""Asked person by person: an EXISTS here would have PostgreSQL read all the names that there are."""

_LOWERED = {"sqlite": "in_lower_case(printed.name)", "postgresql": "LOWER(printed.name)"}
"""SQLite itself knows the lower case of the letters of English alone: see `store.engine`."""

_STANDINGS = """
    WITH members AS MATERIALIZED ({members}),
    firsts AS {kept} (
        SELECT members.person_id, members.manager_id{more}, needed.course_id, (
            SELECT MIN(done.completed_at) FROM completions done
            WHERE done.person_id = members.person_id AND done.course_id = needed.course_id
                AND done.completed_at <= :latest_at AND done.current AND NOT done.void
                AND (needed.min_score = 0 OR done.score >= needed.min_score)) AS first_at
        FROM members LEFT JOIN required_courses needed ON needed.product = :product
        LIMIT 9223372036854775807),
    learners AS MATERIALIZED (
        SELECT person_id, manager_id{more_of_firsts}, COUNT(first_at) AS completed, {listed} AS listed,
            CASE WHEN COUNT(first_at) = :required THEN MAX(first_at) END AS trained_at,
            COUNT(CASE WHEN course_id = :course AND first_at IS NULL THEN 1 END) AS lacks
        FROM firsts
        GROUP BY person_id, manager_id{more_of_firsts}),
    proofs AS MATERIALIZED (
        SELECT person_id, COUNT(*) AS used, MAX(score) AS best_score,
            MAX(CASE WHEN score >= :pass_mark THEN attempted_at END) AS last_pass_at
        FROM (
            SELECT learners.person_id, taken.attempted_at, taken.score,
                ROW_NUMBER() OVER (PARTITION BY learners.person_id ORDER BY taken.attempted_at) AS turn
            FROM learners CROSS JOIN attempts taken
            WHERE learners.trained_at IS NOT NULL
                AND taken.person_id = learners.person_id AND taken.assessment_id = :assessment_id
                AND taken.attempted_at >= learners.trained_at AND taken.attempted_at <= :latest_at
                AND taken.current AND NOT taken.void) sat
        WHERE :max_attempts IS NULL OR turn <= :max_attempts
        GROUP BY person_id),
    standing AS (
        SELECT learners.person_id, learners.manager_id{more_of_learners}, learners.trained_at, learners.listed,
            proofs.best_score, proofs.last_pass_at, COALESCE(proofs.used, 0) AS used,
            CASE
                WHEN proofs.last_pass_at > :valid_from THEN 'certified'
                WHEN proofs.last_pass_at > :valid_now_from THEN 'lapses'
                WHEN learners.trained_at IS NOT NULL AND COALESCE(proofs.used, 0) >= :max_attempts THEN 'failed'
                WHEN learners.trained_at IS NOT NULL THEN 'trained'
                WHEN learners.completed > 0 THEN 'learning'
                ELSE 'not_started' END AS status
        FROM learners LEFT JOIN proofs ON proofs.person_id = learners.person_id
        WHERE learners.lacks >= :lacks)
"""
"""The LIMIT that no table reaches keeps both databases from working out `first_at` once for each time that it is
mentioned."""

_PAGE = """
    SELECT looked.people, looked.last_id, standing.person_id, people.name, standing.manager_id, standing.territory,
        standing.status, standing.trained_at, standing.best_score, standing.last_pass_at, standing.used,
        standing.listed, (
            SELECT MAX(done.completed_at) FROM completions done
            WHERE done.person_id = standing.person_id AND done.completed_at <= :latest_at
                AND done.current AND NOT done.void
                AND done.course_id IN (SELECT course_id FROM required_courses WHERE product = :product)
        ) AS completed_at, (
            SELECT MAX(taken.attempted_at) FROM attempts taken
            WHERE taken.person_id = standing.person_id AND taken.assessment_id = :assessment_id
                AND taken.attempted_at <= :latest_at AND taken.current AND NOT taken.void) AS attempted_at
    FROM (SELECT COUNT(*) AS people, MAX(person_id) AS last_id FROM members) looked
        LEFT JOIN standing ON standing.status IN :statuses
        LEFT JOIN people ON people.person_id = standing.person_id
    ORDER BY standing.person_id
    LIMIT :limit
"""
"""There is one row at least, which says how many people were looked at."""

_COUNTS = """
    SELECT 'status' AS what, status AS id, COUNT(*) AS people FROM standing GROUP BY status
    UNION ALL
    SELECT 'course', course_id, COUNT(*) - COUNT(first_at) FROM firsts WHERE course_id IS NOT NULL GROUP BY course_id
"""

_LISTED = {
    "sqlite": "GROUP_CONCAT(CASE WHEN first_at IS NOT NULL THEN course_id END, ' ')",
    "postgresql": "STRING_AGG(CASE WHEN first_at IS NOT NULL THEN course_id END, ' ')",
}

_MOMENTS = ("at", "latest_at", "valid_from", "valid_now_from")


@cache
def page_query(dialect: str, *, is_named: bool, narrowed_by: Collection[str]) -> TextualSelect:
    """Return the query for a page of people, with one row at least; putting it together anew for each page would take
    longer than carrying it out.

    `narrowed_by` are those of `manager`, `territory` and `called` that a value is given for.
    """
    members = _members(dialect, is_named=is_named, narrowed_by=narrowed_by, more=", held.territory")
    members += _FIRST_ONES.format(by="named.person_id" if is_named else "held.person_id")
    standings = _STANDINGS.format(
        members=members,
        kept="MATERIALIZED",
        listed=_LISTED[dialect],
        more=", members.territory",
        more_of_firsts=", territory",
        more_of_learners=", learners.territory",
    )
    return (
        text(standings + _PAGE)
        .bindparams(*_typed(is_named=is_named), bindparam("statuses", expanding=True))
        .columns(
            column("people", Integer),
            *(column(name, String) for name in ("last_id", "person_id", "name", "manager_id", "territory", "status")),
            column("trained_at", UtcDateTime),
            column("best_score", Score),
            column("last_pass_at", UtcDateTime),
            column("used", Integer),
            column("listed", String),
            column("completed_at", UtcDateTime),
            column("attempted_at", UtcDateTime),
        )
    )


@cache
def counts_query(dialect: str, *, is_named: bool, narrowed_by: Collection[str]) -> TextualSelect:
    """Return the query that counts the same people by status, and by course those who have not completed it."""
    members = _members(dialect, is_named=is_named, narrowed_by=narrowed_by, more="")
    standings = _STANDINGS.format(
        members=members,
        kept="MATERIALIZED",
        listed="NULL",
        more="",
        more_of_firsts="",
        more_of_learners="",
    )
    return (
        text(standings + _COUNTS)
        .bindparams(*_typed(is_named=is_named))
        .columns(column("what", String), column("id", String), column("people", Integer))
    )


@cache
def teams_query(*, is_named: bool) -> TextualSelect:
    """Return the query for the managers and territories that the people of an audience have, pair by pair."""
    members = _members("sqlite", is_named=is_named, narrowed_by=(), more=", held.territory")
    wanted = f"SELECT DISTINCT manager_id, territory FROM ({members}) members"
    typed = [bindparam("at", type_=UtcDateTime)] + [bindparam("functions", expanding=True)] * (not is_named)
    return text(wanted).bindparams(*typed).columns(column("manager_id", String), column("territory", String))


def _members(dialect: str, *, is_named: bool, narrowed_by: Collection[str], more: str) -> str:
    filters = {"manager": _MANAGED, "territory": _PLACED, "called": _CALLED.format(lowered=_LOWERED[dialect])}
    narrowed = " ".join(text for name, text in filters.items() if name in narrowed_by)
    return (_NAMED if is_named else _OF_FUNCTIONS).format(narrowed=narrowed, more=more)


def _typed(*, is_named: bool) -> list[BindParameter[Any]]:
    return [
        *(bindparam(name, type_=UtcDateTime) for name in _MOMENTS),
        *([] if is_named else [bindparam("functions", expanding=True)]),
        bindparam("pass_mark", type_=Score),
        bindparam("max_attempts", type_=Integer),
        bindparam("lacks", type_=Integer),
    ]
