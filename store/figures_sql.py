"""In which SQL is an audience found and its learning counted, for many questions at once?"""

# The questions travel as one JSON document, so that the text of the query never changes. `CROSS JOIN` fixes the order
# of the joins on SQLite, from a question to its people to their facts, and means nothing special on PostgreSQL.

_FIELDS = {
    "n": "INTEGER",
    "product": "TEXT",
    "region": "TEXT",
    "at": "TIMESTAMPTZ",
    "latest_at": "TIMESTAMPTZ",
    "recent_at": "TIMESTAMPTZ",
    "valid_from": "TIMESTAMPTZ",
    "valid_now_from": "TIMESTAMPTZ",
    "since": "TIMESTAMPTZ",
    "assessment_id": "TEXT",
    "pass_mark": "NUMERIC",
    "max_attempts": "INTEGER",
    "required": "INTEGER",
}

_ASKED = {
    "sqlite": f"""
        asked AS MATERIALIZED (
            SELECT {", ".join(f"json_extract(value, '$.{field}') AS {field}" for field in _FIELDS)}
            FROM json_each(:asked))
    """,
    "postgresql": f"""
        asked AS MATERIALIZED (
            SELECT * FROM jsonb_to_recordset(CAST(:asked AS JSONB)) AS question (
                {", ".join(f"{field} {kind}" for field, kind in _FIELDS.items())}))
    """,
}
"""The questions. `latest_at` is the last moment of a fact that counts; a pass after `valid_from` is still valid at
`at`, one after `valid_now_from` is valid at the gathering."""

_MEMBERS = """
    by_name AS MATERIALIZED (
        SELECT asked.n FROM asked WHERE EXISTS (
            SELECT 1 FROM audience named
            WHERE named.product = asked.product AND named.region = asked.region
                AND named.from_at <= asked.at AND named.until_at > asked.at)),
    members AS {kept} (
        SELECT asked.n, asked.product, asked.latest_at, asked.recent_at, asked.required, named.person_id,
            {manager_id} AS manager_id
        FROM asked
            CROSS JOIN audience named
            CROSS JOIN roster held
        WHERE named.product = asked.product AND named.region = asked.region
            AND named.from_at <= asked.at AND named.until_at > asked.at AND named.active
            AND held.person_id = named.person_id
            AND held.from_at <= asked.at AND held.until_at > asked.at AND held.active
        UNION ALL
        SELECT asked.n, asked.product, asked.latest_at, asked.recent_at, asked.required, held.person_id,
            {manager_id} AS manager_id
        FROM asked
            CROSS JOIN required_functions meant
            CROSS JOIN roster held
        WHERE asked.n NOT IN (SELECT n FROM by_name) AND meant.product = asked.product
            AND held.region = asked.region AND held.active = TRUE AND held.function = meant.function
            AND held.from_at <= asked.at AND held.until_at > asked.at)
"""
"""Who must be ready, once per question, and with what is asked of them."""

_LEARNERS = """
    learners AS MATERIALIZED (
        SELECT n, person_id, manager_id, COUNT(first_at) AS completed, MAX(first_at) AS last_at, {listed} AS listed,
            SUM(CASE WHEN first_at > recent_at THEN 1 ELSE 0 END) AS recent,
            MIN(CASE WHEN first_at > recent_at THEN first_at END) AS first_recent_at,
            CASE WHEN COUNT(first_at) = MIN(required) THEN MAX(first_at) END AS trained_at
        FROM (
            SELECT members.n, members.person_id, members.manager_id, members.recent_at, members.required,
                needed.course_id, (
                    SELECT MIN(done.completed_at) FROM completions done
                    WHERE done.person_id = members.person_id AND done.course_id = needed.course_id
                        AND done.completed_at <= members.latest_at AND done.current AND NOT done.void
                        AND (needed.min_score = 0 OR done.score >= needed.min_score)) AS first_at
            FROM members LEFT JOIN required_courses needed ON needed.product = members.product
            LIMIT 9223372036854775807) firsts
        GROUP BY n, person_id, manager_id),
    sat AS (
        SELECT learners.n, learners.person_id, taken.attempted_at, taken.score, asked.pass_mark, asked.max_attempts,
            ROW_NUMBER() OVER (PARTITION BY learners.n, learners.person_id ORDER BY taken.attempted_at) AS turn
        FROM learners
            CROSS JOIN asked
            CROSS JOIN attempts taken
        WHERE asked.n = learners.n AND learners.trained_at IS NOT NULL
            AND taken.person_id = learners.person_id AND taken.assessment_id = asked.assessment_id
            AND taken.attempted_at >= learners.trained_at AND taken.attempted_at <= asked.latest_at
            AND taken.current AND NOT taken.void),
    proofs AS MATERIALIZED (
        SELECT n, person_id, COUNT(*) AS used, MAX(score) AS best_score, MAX(attempted_at) AS last_attempt_at,
            MIN(CASE WHEN score >= pass_mark THEN attempted_at END) AS first_pass_at,
            MAX(CASE WHEN score >= pass_mark THEN attempted_at END) AS last_pass_at
        FROM sat WHERE max_attempts IS NULL OR turn <= max_attempts
        GROUP BY n, person_id)
"""
"""How far each member has come: courses by their first counting completion, then attempts in the order of their time
from the moment of being trained on. The LIMIT that no table reaches keeps both databases from working out `first_at`
once for each time that it is mentioned."""

_FIGURES = """
    SELECT learners.n, COUNT(*) AS audience,
        COUNT(CASE WHEN learners.completed > 0 THEN 1 END) AS started,
        COUNT(learners.trained_at) AS trained,
        COUNT(CASE WHEN proofs.last_pass_at > asked.valid_from THEN 1 END) AS certified,
        COUNT(CASE WHEN proofs.last_pass_at <= asked.valid_from AND proofs.last_pass_at > asked.valid_now_from
            THEN 1 END) AS lapsing,
        MIN(CASE WHEN proofs.last_pass_at <= asked.valid_from AND proofs.last_pass_at > asked.valid_now_from
            THEN proofs.last_pass_at END) AS first_lapsing_pass_at,
        MIN(CASE WHEN proofs.last_pass_at > asked.valid_from THEN proofs.last_pass_at END) AS first_valid_pass_at,
        SUM(learners.completed) AS completions,
        SUM(learners.recent) AS completions_recent,
        COUNT(CASE WHEN proofs.last_pass_at > asked.valid_from AND proofs.first_pass_at > asked.recent_at
            THEN 1 END) AS certified_recent,
        MIN(learners.first_recent_at) AS first_recent_at,
        MIN(CASE WHEN proofs.last_pass_at > asked.valid_from AND proofs.first_pass_at > asked.recent_at
            THEN proofs.first_pass_at END) AS first_recent_pass_at,
        MAX(learners.last_at) AS last_completion_at,
        MAX(proofs.last_attempt_at) AS last_attempt_at
    FROM learners
        CROSS JOIN asked
        LEFT JOIN proofs ON proofs.n = learners.n AND proofs.person_id = learners.person_id
    WHERE asked.n = learners.n
    GROUP BY learners.n
"""


_LISTED = {
    "sqlite": "GROUP_CONCAT(CASE WHEN first_at IS NOT NULL THEN course_id END, ' ')",
    "postgresql": "STRING_AGG(CASE WHEN first_at IS NOT NULL THEN course_id END, ' ')",
}

_CHANGES = """
    by_name_then AS MATERIALIZED (
        SELECT asked.n FROM asked WHERE EXISTS (
            SELECT 1 FROM audience named
            WHERE named.product = asked.product AND named.region = asked.region
                AND named.from_at <= asked.since AND named.known_at <= asked.since)),
    members_then AS MATERIALIZED (
        SELECT asked.n, named.person_id
        FROM asked
            CROSS JOIN audience named
            CROSS JOIN roster held
        WHERE named.product = asked.product AND named.region = asked.region AND named.active
            AND named.from_at <= asked.since AND named.known_at <= asked.since
            AND NOT EXISTS (
                SELECT 1 FROM audience later
                WHERE later.product = named.product AND later.region = named.region
                    AND later.person_id = named.person_id
                    AND later.from_at <= asked.since AND later.known_at <= asked.since
                    AND (later.from_at, later.ordinal, later.place) > (named.from_at, named.ordinal, named.place))
            AND held.person_id = named.person_id AND held.active
            AND held.from_at <= asked.since AND held.known_at <= asked.since
            AND NOT EXISTS ({later_held})
        UNION ALL
        SELECT asked.n, held.person_id
        FROM asked
            CROSS JOIN required_functions meant
            CROSS JOIN roster held
        WHERE asked.n NOT IN (SELECT n FROM by_name_then) AND meant.product = asked.product
            AND held.region = asked.region AND held.active = TRUE AND held.function = meant.function
            AND held.from_at <= asked.since AND held.known_at <= asked.since
            AND NOT EXISTS ({later_held})),
    gone AS MATERIALIZED (
        SELECT then_.n, then_.person_id
        FROM members_then then_ LEFT JOIN members ON members.n = then_.n AND members.person_id = then_.person_id
        WHERE members.person_id IS NULL),
    excluded AS MATERIALIZED (
        SELECT asked.n, COUNT(*) AS people
        FROM asked
            CROSS JOIN gone
            CROSS JOIN roster held
        WHERE gone.n = asked.n AND asked.n IN (SELECT n FROM by_name) AND held.person_id = gone.person_id
            AND held.from_at <= asked.at AND held.until_at > asked.at AND held.active
        GROUP BY asked.n),
    joined AS MATERIALIZED (
        SELECT members.n, COUNT(*) AS people
        FROM members LEFT JOIN members_then then_ ON then_.n = members.n AND then_.person_id = members.person_id
        WHERE then_.person_id IS NULL
        GROUP BY members.n)
    SELECT asked.n, COALESCE(joined.people, 0) AS joined, COALESCE(excluded.people, 0) AS excluded,
        (SELECT COUNT(*) FROM gone WHERE gone.n = asked.n) AS gone
    FROM asked LEFT JOIN joined ON joined.n = asked.n LEFT JOIN excluded ON excluded.n = asked.n
""".format(
    later_held="""
                SELECT 1 FROM roster later
                WHERE later.person_id = held.person_id
                    AND later.from_at <= asked.since AND later.known_at <= asked.since
                    AND (later.from_at, later.ordinal, later.place) > (held.from_at, held.ordinal, held.place)
    """
)
"""Who was in the audience at `since`, as it was known then, and is no longer, or is new."""

_NEXT_MOVES = """
    SELECT n, MIN(moves_at) AS moves_at
    FROM (
        SELECT asked.n, held.from_at AS moves_at
        FROM asked CROSS JOIN roster held
        WHERE held.region = asked.region AND held.from_at > asked.at
        UNION ALL
        SELECT asked.n, held.until_at
        FROM asked CROSS JOIN roster held
        WHERE held.region = asked.region AND held.until_at > asked.at
        UNION ALL
        SELECT asked.n, named.from_at
        FROM asked CROSS JOIN audience named
        WHERE named.product = asked.product AND named.region = asked.region AND named.from_at > asked.at
        UNION ALL
        SELECT asked.n, named.until_at
        FROM asked CROSS JOIN audience named
        WHERE named.product = asked.product AND named.region = asked.region AND named.until_at > asked.at
        UNION ALL
        SELECT asked.n, held.from_at
        FROM asked CROSS JOIN audience named CROSS JOIN roster held
        WHERE named.product = asked.product AND named.region = asked.region
            AND held.person_id = named.person_id AND held.from_at > asked.at
        UNION ALL
        SELECT asked.n, held.until_at
        FROM asked CROSS JOIN audience named CROSS JOIN roster held
        WHERE named.product = asked.product AND named.region = asked.region
            AND held.person_id = named.person_id AND held.until_at > asked.at) moves
    GROUP BY n
"""
"""When the first row of a roster or an audience after `at` begins or ends to hold, as known today."""


def next_moves(dialect: str) -> str:
    """Return the query that says when time alone changes the audience of each question next."""
    return f"WITH {_ASKED[dialect]} {_NEXT_MOVES}"


def counted_learners(dialect: str) -> str:
    """Return the query that counts the learners of each question; a question without any member has no row.

    Neither managers nor the names of courses are wanted, so that an index alone tells who is there.
    """
    members = _MEMBERS.format(kept="NOT MATERIALIZED", manager_id="NULL")
    return f"WITH {_ASKED[dialect]}, {members}, {_LEARNERS.format(listed='NULL')} {_FIGURES}"


def single_learners(dialect: str) -> str:
    """Return how a query begins that asks for `learners` one by one, with their `manager_id`, the ids of the courses
    `listed` that they completed, with spaces between, and their `proofs`."""
    members = _MEMBERS.format(kept="NOT MATERIALIZED", manager_id="held.manager_id")
    return f"WITH {_ASKED[dialect]}, {members}, {_LEARNERS.format(listed=_LISTED[dialect])}"


_DATED = """
    SELECT n, what, day, COUNT(*) AS people
    FROM (
        SELECT learners.n, 'audience' AS what, 0 AS day FROM learners
        UNION ALL
        SELECT learners.n, 'trained', {trained} FROM learners WHERE learners.trained_at IS NOT NULL
        UNION ALL
        SELECT proofs.n, 'certified', {certified}
        FROM proofs CROSS JOIN asked
        WHERE asked.n = proofs.n AND proofs.last_pass_at > asked.valid_from) dated
    GROUP BY n, what, day
"""
"""How many reached what on which day, counted in days since 1970 in UTC."""

_DAY_OF = {
    "sqlite": "{moment} / 86400000000",
    "postgresql": "CAST(FLOOR(EXTRACT(EPOCH FROM {moment}) / 86400) AS INTEGER)",
}


def dated_learners(dialect: str) -> str:
    """Return the query that counts, for each question and day, who was trained and who passed then, of those who are
    in the audience and whose pass holds at its instant; the audience itself stands under day 0."""
    members = _MEMBERS.format(kept="NOT MATERIALIZED", manager_id="NULL")
    trained, certified = (
        _DAY_OF[dialect].format(moment=moment) for moment in ("learners.trained_at", "proofs.first_pass_at")
    )
    asked = f"WITH {_ASKED[dialect]}, {members}, {_LEARNERS.format(listed='NULL')}"
    return f"{asked} {_DATED.format(trained=trained, certified=certified)}"


def changed_audiences(dialect: str) -> str:
    """Return the query that compares each question's audience with that at `since`, as it was known then."""
    members = _MEMBERS.format(kept="MATERIALIZED", manager_id="NULL")
    return f"WITH {_ASKED[dialect]}, {members}, {_CHANGES}"
