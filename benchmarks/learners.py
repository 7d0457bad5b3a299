"""Who are the made-up people of a region, what have they learned, and how do their facts get into a store?"""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, text

from readiness.people import PersonStatus
from readiness.rows import ImportKind
from store.facts import allow_bulk
from store.facts_schema import attempts, completions, fact_imports, people, roster
from store.types import EVER, NEVER, Score, UtcDateTime

COURSES = 3
PASS_MARK = Decimal(80)
VALID_DAYS = 365
MOST_ATTEMPTS = 3
TEAM = 20
"""People who have the same manager."""

FACTS_EACH = COURSES + 1
"""Facts of a person elsewhere: a completion of each course, and an attempt."""

TERRITORIES = ("north", "east", "south", "west")
"""Among which the people of a region are spread in turn."""

STATUS_SHARES = {
    PersonStatus.NOT_STARTED: 15,
    PersonStatus.LEARNING: 20,
    PersonStatus.TRAINED: 15,
    PersonStatus.FAILED: 5,
    PersonStatus.CERTIFIED: 40,
    PersonStatus.LAPSES: 5,
}
"""Of a hundred people, how many have come how far."""

MOVED = CORRECTED = 50
"""One in so many people came from another region; one in so many facts was corrected since."""

ELSEWHERE = 50
"""Regions that are not launched, among which people are spread who are nobody's audience."""

MOST_AT_ONCE = 10_000
"""People elsewhere who are added by one statement."""

Row = dict[str, Any]

_NUMBERS = """
    WITH RECURSIVE numbers (number) AS (
        SELECT CAST(:first AS INTEGER) UNION ALL SELECT number + 1 FROM numbers WHERE number < :last)
"""
_WHO = "'elsewhere-' || (10000000 + number)"
_ELSEWHERE = (
    f"""
    INSERT INTO people (person_id, name, email, ordinal)
    {_NUMBERS} SELECT {_WHO}, 'Zoë Müller ' || number, 'zoe-' || number || '@example.com', :ordinal FROM numbers
    """,
    f"""
    INSERT INTO roster (person_id, ordinal, place, imported_at, known_at, from_at, until_at, function, region, role,
        manager_id, active)
    {_NUMBERS} SELECT {_WHO}, :ordinal, number, :now, :now, :ever, :never, 'sales',
        'elsewhere-' || (number % :regions), 'seller', 'elsewhere-manager-' || (number / :team), TRUE FROM numbers
    """,
    f"""
    INSERT INTO completions (person_id, course_id, completed_at, ordinal, score, void, current)
    {_NUMBERS} SELECT {_WHO}, course_id, :done_at, :ordinal, :score, FALSE, TRUE
    FROM numbers CROSS JOIN required_courses WHERE product = :product ORDER BY 1, 2
    """,
    f"""
    INSERT INTO attempts (person_id, assessment_id, attempted_at, ordinal, score, void, current)
    {_NUMBERS} SELECT {_WHO}, assessment_id, :passed_at, :ordinal, :score, FALSE, TRUE
    FROM numbers CROSS JOIN product_requirements WHERE product = :product ORDER BY 1
    """,
)


def product_slug(number: int) -> str:
    """Return the slug of the product with this number."""
    return f"product-{number:03}"


def region_slug(number: int) -> str:
    """Return the slug of the region with this number."""
    return f"region-{number:02}"


def course_id(product: int, place: int) -> str:
    """Return the id of a course of a product, by its place from 1 on."""
    return f"{product_slug(product)}-course-{place}"


def proof_id(product: int) -> str:
    """Return the id of the assessment of a product."""
    return f"{product_slug(product)}-proof"


def manager_of(region: int, number: int) -> str:
    """Return the id of the manager of the person with this number in a region."""
    return f"{region_slug(region)}-manager-{number // TEAM:03}"


def add_audience(
    tx: Connection, product: int, region: int, count: int, *, draw: random.Random, now: datetime
) -> None:
    """Add so many sellers of a region, in every status for the product."""
    names = [f"{region_slug(region)}-{number:05}" for number in range(count)]
    statuses = draw.choices(tuple(STATUS_SHARES), tuple(STATUS_SHARES.values()), k=count)
    ordinal = _imported(tx, region_slug(region), now=now)
    tx.execute(insert(people), [_printed(name, ordinal) for name in names])
    tx.execute(insert(roster), list(_held(names, region, ordinal, now=now)))
    completed: list[Row] = []
    attempted: list[Row] = []
    for name, status in zip(names, statuses, strict=True):
        done_at = now - timedelta(days=340 if status is PersonStatus.LAPSES else draw.randint(5, 60))
        done_at -= timedelta(minutes=draw.randrange(1_440))
        for place in range(1, 1 + _courses_done(status, draw)):
            fact = {"course_id": course_id(product, place), "completed_at": done_at + timedelta(hours=place)}
            completed += _versions({"person_id": name, **fact}, Decimal(draw.randint(60, 100)), ordinal, draw)
        for place, score in enumerate(_scores(status, draw)):
            fact = {"assessment_id": proof_id(product), "attempted_at": done_at + timedelta(days=1, hours=place)}
            attempted += _versions({"person_id": name, **fact}, score, ordinal, draw)
    tx.execute(insert(completions), completed)
    tx.execute(insert(attempts), attempted)


def add_elsewhere(tx: Connection, product: int, numbers: range, *, now: datetime) -> None:
    """Add certified sellers of regions that are not launched, with FACTS_EACH facts each about a product."""
    allow_bulk(tx)
    moments = {
        "now": now,
        "ever": EVER,
        "never": NEVER,
        "done_at": now - timedelta(days=30),
        "passed_at": now - timedelta(days=29),
    }
    ordinal = _imported(tx, f"elsewhere-{numbers.start}", now=now)
    said = {"ordinal": ordinal, "score": Decimal(90), "product": product_slug(product)}
    for first in range(numbers.start, numbers.stop, MOST_AT_ONCE):
        here = {"first": first, "last": min(first + MOST_AT_ONCE, numbers.stop) - 1}
        values = {**moments, **said, **here, "regions": ELSEWHERE, "team": TEAM}
        for statement in _ELSEWHERE:
            typed = [bindparam(name, type_=UtcDateTime) for name in moments if f":{name}" in statement]
            scored = [bindparam("score", type_=Score)] if ":score" in statement else []
            asked = {name: value for name, value in values.items() if f":{name}" in statement}
            tx.execute(text(statement).bindparams(*typed, *scored), asked)


def _imported(tx: Connection, name: str, *, now: datetime) -> int:
    """Write two imports of which the second corrects the first, and return the ordinal of the second."""
    rows = [
        {"import_id": f"{name}-{place}", "kind": kind.value, "begun_at": now, "finished": True}
        for place, kind in enumerate((ImportKind.PEOPLE, ImportKind.COMPLETIONS))
    ]
    tx.execute(insert(fact_imports), rows)
    ordinal: int = tx.execute(select(func.max(fact_imports.c.ordinal))).scalar_one()
    return ordinal


def _printed(name: str, ordinal: int) -> Row:
    return {"person_id": name, "name": f"Zoë Müller {name}", "email": f"{name}@example.com", "ordinal": ordinal}


def _held(names: Sequence[str], region: int, ordinal: int, *, now: datetime) -> Iterable[Row]:
    """Yield what the roster says of each, and of some that they came from elsewhere."""
    moved_at = now - timedelta(days=200)
    for number, name in enumerate(names):
        held = {
            "person_id": name,
            "ordinal": ordinal,
            "place": number,
            "imported_at": now,
            "known_at": now,
            "from_at": EVER,
            "until_at": NEVER,
            "function": "sales",
            "region": region_slug(region),
            "role": "seller",
            "manager_id": manager_of(region, number),
            "territory": TERRITORIES[number % len(TERRITORIES)],
            "active": True,
        }
        if number % MOVED:
            yield held
        else:
            yield {**held, "ordinal": ordinal - 1, "until_at": moved_at, "region": "elsewhere-0"}
            yield {**held, "from_at": moved_at}


def _courses_done(status: PersonStatus, draw: random.Random) -> int:
    if status is PersonStatus.NOT_STARTED:
        return 0
    return draw.randint(1, COURSES - 1) if status is PersonStatus.LEARNING else COURSES


def _scores(status: PersonStatus, draw: random.Random) -> list[Decimal]:
    """Return the scores of somebody's attempts, in their order."""
    missed = [Decimal(draw.randint(30, 79)) for _ in range(MOST_ATTEMPTS)]
    match status:
        case PersonStatus.FAILED:
            return missed
        case PersonStatus.TRAINED:
            return missed[: draw.randrange(MOST_ATTEMPTS)]
        case PersonStatus.CERTIFIED | PersonStatus.LAPSES:
            return [Decimal(draw.randint(80, 100))]
        case _:
            return []


def _versions(fact: Row, score: Decimal, ordinal: int, draw: random.Random) -> list[Row]:
    """Return the versions of a fact: the one that counts, and now and then the one that it corrected."""
    counting = {**fact, "ordinal": ordinal, "score": score, "void": False, "current": True}
    if draw.randrange(CORRECTED):
        return [counting]
    return [{**counting, "ordinal": ordinal - 1, "score": Decimal(100), "current": False}, counting]
