"""What must one person learn, for which launches, and how far have they come?"""

# All facts about the person are read once, and each launch judges them by the rule for one person. That takes a fixed
# number of queries, however many launches there are.

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, exists, literal, or_, select, tuple_

from readiness.people import (
    Attempt,
    Completion,
    Entry,
    PersonFacts,
    PersonStanding,
    Requirements,
    RosterEntry,
    is_member,
    standing,
)
from readiness.plan import Assessment, Course
from readiness.policy import Policy
from readiness.region import Verdict
from store.facts_schema import (
    assessments,
    attempts,
    audience,
    completions,
    courses,
    people,
    product_requirements,
    required_courses,
    required_functions,
    roster,
)
from store.records_schema import region_launches
from store.types import UtcDateTime


class Due(NamedTuple):
    """What one launch asks of one person, and how they stand."""

    product: str
    region: str
    product_name: str
    region_name: str
    time_zone: str
    launch_at: datetime
    has_launched: bool
    policy: Policy
    courses: tuple[Course, ...]
    assessment: Assessment
    standing: PersonStanding


def due_for(tx: Connection, person: str, *, now: datetime) -> tuple[Due, ...]:
    """Return what every launch that is not cancelled asks of `person`, the earliest first."""
    facts = _facts_of(tx, person)
    named = _named_entries(tx, person)
    rows = _launches(tx, {entry.region for entry in facts.roster}, sorted(named), now=now)
    asked = _requirements(tx, sorted({row.product for row in rows}))
    found = []
    for row in rows:
        wanted = asked.get(row.product)
        mine = replace(facts, named=named.get((row.product, row.region), ()))
        if wanted is None or not is_member(mine, row.region, wanted.functions, row.judged_at, by_name=row.by_name):
            continue
        found.append(
            Due(
                product=row.product,
                region=row.region,
                product_name=row.product_name,
                region_name=row.name,
                time_zone=row.time_zone,
                launch_at=row.launch_at,
                has_launched=row.verdict == Verdict.LAUNCHED.value,
                policy=Policy.model_validate(row.policy),
                courses=wanted.courses,
                assessment=wanted.assessment,
                standing=standing(mine, wanted, at=row.judged_at, gathered_at=now),
            )
        )
    return tuple(sorted(found, key=lambda due: (due.launch_at, due.product, due.region)))


def _facts_of(tx: Connection, person: str) -> PersonFacts:
    name = tx.execute(select(people.c.name).filter_by(person_id=person)).scalar()
    held = tx.execute(select(roster).filter_by(person_id=person)).all()
    done = tx.execute(select(completions).filter_by(person_id=person)).all()
    taken = tx.execute(select(attempts).filter_by(person_id=person)).all()
    return PersonFacts(
        person_id=person,
        name=name,
        roster=tuple(
            RosterEntry(
                **_entry(row),
                function=row.function,
                region=row.region,
                manager_id=row.manager_id,
                territory=row.territory,
            )
            for row in held
        ),
        completions=tuple(Completion(r.course_id, r.completed_at, r.score, r.void, r.ordinal) for r in done),
        attempts=tuple(Attempt(r.assessment_id, r.attempted_at, r.score, r.void, r.ordinal) for r in taken),
    )


def _named_entries(tx: Connection, person: str) -> dict[tuple[str, str], tuple[Entry, ...]]:
    """Return what rows of audiences say of a person, by product and region."""
    found: dict[tuple[str, str], tuple[Entry, ...]] = {}
    for row in tx.execute(select(audience).filter_by(person_id=person)):
        key = (row.product, row.region)
        found[key] = (*found.get(key, ()), Entry(**_entry(row)))
    return found


def _entry(row: Any) -> dict[str, Any]:
    return {
        "ordinal": row.ordinal,
        "imported_at": row.imported_at,
        "known_at": row.known_at,
        "effective_at": row.effective_at,
        "active": row.active,
        "place": row.place,
    }


def _launches(tx: Connection, regions: set[str], named: Sequence[tuple[str, str]], *, now: datetime) -> Sequence[Any]:
    """Return the latest launches in `regions` and those of `named`, with when each is judged and whether anybody is
    named there then."""
    columns = region_launches.c
    moment = literal(now, UtcDateTime())
    is_now = or_(columns.verdict == Verdict.LAUNCHED.value, columns.launch_at < moment)
    judged_at = case((is_now, moment), else_=columns.launch_at)
    by_name = exists().where(
        and_(
            audience.c.product == columns.product,
            audience.c.region == columns.region,
            audience.c.from_at <= judged_at,
            audience.c.until_at > judged_at,
        )
    )
    own = columns.region.in_(sorted(regions))
    here = or_(own, tuple_(columns.product, columns.region).in_(named)) if named else own
    wanted = select(
        columns.product,
        columns.region,
        columns.product_name,
        columns.name,
        columns.time_zone,
        columns.launch_at,
        columns.verdict,
        columns.state["policy"].label("policy"),
        judged_at.label("judged_at"),
        by_name.label("by_name"),
    ).where(columns.is_latest, columns.verdict != Verdict.CANCELLED.value, here)
    return tx.execute(wanted).all()


def _requirements(tx: Connection, products: Sequence[str]) -> dict[str, Requirements]:
    """Return what each of these products asks of its people, with the titles of courses and assessments."""
    needed = required_courses.c
    of_product: dict[str, tuple[list[Course], list[str]]] = {product: ([], []) for product in products}
    taught = (
        select(
            required_courses.c.product, required_courses.c.course_id, required_courses.c.min_score, courses.c.title
        )
        .join_from(required_courses, courses, courses.c.course_id == needed.course_id, isouter=True)
        .where(needed.product.in_(products))
        .order_by(needed.place)
    )
    for row in tx.execute(taught):
        course = Course(course_id=row.course_id, title=row.title or row.course_id, min_score=row.min_score)
        of_product[row.product][0].append(course)
    for row in tx.execute(select(required_functions).where(required_functions.c.product.in_(products))):
        of_product[row.product][1].append(row.function)
    proven = (
        select(product_requirements, assessments.c.title)
        .join_from(
            product_requirements,
            assessments,
            assessments.c.assessment_id == product_requirements.c.assessment_id,
            isouter=True,
        )
        .where(product_requirements.c.product.in_(products))
    )
    return {
        row.product: Requirements(
            courses=tuple(of_product[row.product][0]),
            assessment=Assessment(
                assessment_id=row.assessment_id,
                title=row.title or row.assessment_id,
                pass_mark=row.pass_mark,
                valid_days=row.valid_days,
                max_attempts=row.max_attempts,
            ),
            functions=tuple(sorted(of_product[row.product][1])),
        )
        for row in tx.execute(proven)
    }
