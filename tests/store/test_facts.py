"""Do imports become facts: corrected by later ones, never lost, never twice?"""

from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from readiness.plan import Assessment, Course
from readiness.rows import AttemptRow, AudienceRow, CompletionRow, ImportKind, PersonRow
from store.engine import Store
from store.facts import Loaded, ProductRegion, begin_import, finish_import
from store.figures import Question, figures
from store.learning import load_attempts, load_completions
from store.requirements import known_assessment, known_courses, require, requirements
from store.rosters import apply_audience, apply_people, discard_staged, stage_audience, stage_people
from tests.store.facts_model import DAWN, Import, day, ignore, load, load_one

BASICS = Course(course_id="basics", title="Basics")
CERT = Assessment(assessment_id="cert", title="Certification", pass_mark=Decimal(80), max_attempts=3)


def person(person_id: str, region: str = "emea", **fields: object) -> PersonRow:
    """Return a row of a roster."""
    row = PersonRow(person_id, person_id.title(), f"{person_id}@example.com", "sales", region)
    return row._replace(**fields)


def done(person_id: str, score: int | None = 90, *, course: str = "basics", void: bool = False) -> CompletionRow:
    """Return a completion on the first day."""
    return CompletionRow(person_id, course, day(1), None if score is None else Decimal(score), void)


def people_file(*rows: PersonRow, at: float = 0) -> Import:
    """Return a roster that is sent on that day."""
    return Import(ImportKind.PEOPLE, rows, day(at))


def completions_file(*rows: CompletionRow) -> Import:
    """Return a file of completions."""
    return Import(ImportKind.COMPLETIONS, rows, DAWN)


def ask(store: Store, product: str = "atlas", course: Course = BASICS) -> None:
    """Let a product ask for one course and the certification of its sales people."""
    with store.writing() as tx:
        require(tx, product, (course,), CERT, ("sales",))


def trained(store: Store, region: str = "emea", *, at: float = 20) -> tuple[int, int]:
    """Return how many of how many are trained in a region of the product."""
    with store.reading() as tx:
        counted = figures(tx, [Question("atlas", region, day(at))], gathered_at=day(20))["atlas", region]
    return counted.trained, counted.audience


def scores(store: Store) -> list[tuple[int, str | None, bool]]:
    """Return every version of the completions: the import's ordinal, the score, and whether it is the current one."""
    with store.reading() as tx:
        rows = tx.execute(text("SELECT ordinal, score, current FROM completions ORDER BY ordinal"))
        scale = 10_000 if store.is_sqlite else 1
        return [(row.ordinal, row.score and str(int(row.score / scale)), bool(row.current)) for row in rows]


class Marked:
    """Remembers what a loader says that it is about to touch."""

    def __init__(self) -> None:
        self.pairs: list[ProductRegion] = []

    def __call__(self, tx: Connection, pairs: tuple[ProductRegion, ...]) -> None:
        """Take the pairs down."""
        self.pairs.extend(pairs)


def test_a_fact_may_come_before_what_it_is_about(store: Store) -> None:
    """A completion of an unknown person and course is accepted, kept, and counts once both are known."""
    assert load(store, [completions_file(done("ann"))]) == [Loaded(accepted=1, unchanged=0, unknown=1)]
    ask(store)
    with store.writing() as tx:
        begin_import(tx, "people", ImportKind.PEOPLE, at=DAWN)
    load_one(store, "people", people_file(person("ann")))
    assert trained(store) == (1, 1)


def test_the_same_file_again_brings_nothing(store: Store) -> None:
    """Rows that say what is known are unchanged, whatever their kind."""
    files = [
        people_file(person("ann"), person("bob", effective_at=day(3))),
        Import(ImportKind.AUDIENCE, (AudienceRow("atlas", "emea", "ann"),), DAWN),
        completions_file(done("ann"), done("bob", None)),
        Import(ImportKind.ATTEMPTS, (AttemptRow("ann", "cert", day(2), Decimal("79.5")),), DAWN),
    ]
    first, again = (load(store, files), load(store, [])) and (None, None) or (None, None)
    del first, again
    with store.writing() as tx:
        for number, each in enumerate(files):
            begin_import(tx, f"again-{number}", each.kind, at=day(5))
    brought = [load_one(store, f"again-{number}", each) for number, each in enumerate(files)]
    assert [(each.accepted, each.unchanged) for each in brought] == [(0, 2), (0, 1), (0, 2), (0, 1)]
