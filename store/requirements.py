"""What must the people of a product learn, and whose people are they?"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import BindParameter, Connection, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from readiness.people import Requirements
from readiness.plan import Assessment, Course
from store.facts import hold_facts
from store.facts_schema import assessments, courses, product_requirements, required_courses, required_functions

# What every look asks is put together once: building a statement takes longer than running it.
_OF_PRODUCTS: BindParameter[list[str]] = bindparam("products", expanding=True)
_ASKED = (
    select(product_requirements, assessments.c.title)
    .join(assessments, assessments.c.assessment_id == product_requirements.c.assessment_id)
    .where(product_requirements.c.product.in_(_OF_PRODUCTS))
)
_ASKED_COURSES = (
    select(required_courses.c.product, required_courses.c.course_id, required_courses.c.min_score, courses.c.title)
    .join(courses, courses.c.course_id == required_courses.c.course_id)
    .where(required_courses.c.product.in_(_OF_PRODUCTS))
    .order_by(required_courses.c.place)
)
_ASKED_FUNCTIONS = (
    select(required_functions.c.product, required_functions.c.function)
    .where(required_functions.c.product.in_(_OF_PRODUCTS))
    .order_by(required_functions.c.function)
)


def require(
    tx: Connection, product: str, courses: Sequence[Course], assessment: Assessment, functions: Sequence[str]
) -> None:
    """Ask this of `product` from now on, in place of what its launch before asked; the courses and the assessment
    become known if they were not.

    Changes the figures of every region of the product, so the caller marks them. Takes the turn of the writers of
    facts: call it before any region's row is held.
    """
    hold_facts(tx)
    for table in (product_requirements, required_courses, required_functions):
        tx.execute(delete(table).where(table.c.product == product))
    proof = assessment.model_dump(exclude={"title"})
    tx.execute(insert(product_requirements).values(product=product, **proof))
    asked = [
        {"product": product, "place": place, "course_id": course.course_id, "min_score": course.min_score}
        for place, course in enumerate(courses)
    ]
    if asked:
        tx.execute(insert(required_courses), asked)
    if functions:
        tx.execute(
            insert(required_functions), [{"product": product, "function": name} for name in dict.fromkeys(functions)]
        )
    _make_known(tx, courses, assessment)


def requirements(tx: Connection, products: Iterable[str]) -> dict[str, Requirements]:
    """Return what each of `products` asks of its people; a product that nothing was asked for is left out."""
    wanted = {"products": sorted(set(products))}
    asked: dict[str, list[Course]] = defaultdict(list)
    for product, course_id, min_score, title in tx.execute(_ASKED_COURSES, wanted):
        asked[product].append(Course(course_id=course_id, title=title, min_score=min_score))
    meant: dict[str, list[str]] = defaultdict(list)
    for product, function in tx.execute(_ASKED_FUNCTIONS, wanted):
        meant[product].append(function)
    return {
        row.product: Requirements(
            courses=tuple(asked[row.product]),
            assessment=Assessment.model_validate(row._asdict()),
            functions=tuple(meant[row.product]),
        )
        for row in tx.execute(_ASKED, wanted)
    }


def known_courses(tx: Connection, course_ids: Iterable[str]) -> dict[str, Course]:
    """Return those of the courses that some plan has named, by their id."""
    rows = tx.execute(select(courses).where(courses.c.course_id.in_(sorted(set(course_ids)))))
    return {row.course_id: Course.model_validate(row._asdict()) for row in rows}


def known_assessment(tx: Connection, assessment_id: str) -> Assessment | None:
    """Return the assessment as some plan has named it first, or None."""
    row = tx.execute(select(assessments).where(assessments.c.assessment_id == assessment_id)).first()
    return Assessment.model_validate(row._asdict()) if row else None


def _make_known(tx: Connection, named: Sequence[Course], assessment: Assessment) -> None:
    _add_missing(tx, courses, [course.model_dump() for course in named])
    _add_missing(tx, assessments, [assessment.model_dump()])


def _add_missing(tx: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    tx.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
