"""What do the rules make of a series of imports, and which series are worth trying?"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from readiness.people import (
    SINCE_EVER,
    Attempt,
    Completion,
    Entry,
    PersonFacts,
    Requirements,
    RosterEntry,
    in_force,
)
from readiness.plan import Assessment, Course
from readiness.rows import AttemptRow, AudienceRow, CompletionRow, ImportKind, PersonRow
from store.engine import Store
from store.facts import Loaded, ProductRegion, begin_import, finish_import
from store.learning import load_attempts, load_completions
from store.rosters import apply_audience, apply_people, stage_audience, stage_people
from store.schema_base import metadata

DAWN = datetime(2027, 1, 1, tzinfo=UTC)
PRODUCT = "atlas"
REGIONS = ("apac", "emea")
PEOPLE = ("ann", "Bob", "cy", "dee")
COURSES = ("basics", "objections")
CERT = "cert"


def day(number: float) -> datetime:
    """Return the instant that many days after the dawn."""
    return DAWN + timedelta(days=number)


def ignore(_tx: Connection, _pairs: tuple[ProductRegion, ...], _dated_until: datetime | None) -> None:
    """Mark nothing."""


@dataclass(frozen=True)
class Import:
    """One file: its kind, its rows, and when it was begun."""

    kind: ImportKind
    rows: Sequence[PersonRow | AudienceRow | CompletionRow | AttemptRow]
    at: datetime


def load(
    store: Store, imports: Sequence[Import], order: Sequence[int] | None = None, *, name: str = "import"
) -> list[Loaded]:
    """Begin all imports one after the other, then load them in that order or another; return what each brought."""
    with store.writing() as tx:
        for number, each in enumerate(imports):
            begin_import(tx, f"{name}-{number}", each.kind, at=each.at)
    return [load_one(store, f"{name}-{number}", imports[number]) for number in order or range(len(imports))]


def load_one(store: Store, import_id: str, each: Import) -> Loaded:
    """Load an import that has begun, and finish it."""
    with store.writing() as tx:
        people = [row for row in each.rows if isinstance(row, PersonRow)]
        named = [row for row in each.rows if isinstance(row, AudienceRow)]
        completed = [row for row in each.rows if isinstance(row, CompletionRow)]
        taken = [row for row in each.rows if isinstance(row, AttemptRow)]
        match each.kind:
            case ImportKind.PEOPLE:
                stage_people(tx, people, import_id=import_id, chunk=0)
                loaded = apply_people(tx, import_id=import_id, at=each.at, mark=ignore)
            case ImportKind.AUDIENCE:
                stage_audience(tx, named, import_id=import_id, chunk=0)
                loaded = apply_audience(tx, import_id=import_id, at=each.at, mark=ignore)
            case ImportKind.COMPLETIONS:
                loaded = load_completions(tx, completed, import_id=import_id, mark=ignore)
            case ImportKind.ATTEMPTS:
                loaded = load_attempts(tx, taken, import_id=import_id, mark=ignore)
        finish_import(tx, import_id)
    return loaded


def forget_everything(store: Store) -> None:
    """Empty the tables of facts, so that the next example starts anew."""
    with store.writing() as tx:
        for name in (
            "fact_imports", "people", "roster", "audience", "completions", "attempts", "courses", "assessments",
            "product_requirements", "required_courses", "required_functions",
        ):  # fmt: skip
            tx.execute(delete(metadata.tables[name]))


@dataclass
class Known:
    """What the rules make of imports, person by person; the reference for the tables and the SQL."""

    facts: dict[str, PersonFacts] = field(default_factory=dict)
    named: dict[tuple[str, str], tuple[Entry, ...]] = field(default_factory=dict)

    def take(self, ordinal: int, each: Import) -> None:
        """Add what an import says, row by row."""
        for place, row in enumerate(each.rows):
            person = self.facts.get(row.person_id, PersonFacts(person_id=row.person_id))
            match row:
                case PersonRow():
                    entry = RosterEntry(
                        ordinal=ordinal, imported_at=each.at, known_at=each.at, effective_at=row.effective_at,
                        active=row.active, place=place, function=row.function, region=row.region,
                        manager_id=row.manager_id, territory=row.territory,
                    )  # fmt: skip
                    person = replace(person, name=row.name, roster=_with(person.roster, entry))
                case AudienceRow():
                    named = Entry(
                        ordinal=ordinal, imported_at=each.at, known_at=each.at, effective_at=row.effective_at,
                        active=row.active, place=place,
                    )  # fmt: skip
                    key = (row.region, row.person_id)
                    self.named[key] = _with(self.named.get(key, ()), named)
                case CompletionRow():
                    done = Completion(row.course_id, row.completed_at, row.score, row.void, ordinal)
                    person = replace(person, completions=(*person.completions, done))
                case AttemptRow():
                    taken = Attempt(row.assessment_id, row.attempted_at, row.score, row.void, ordinal)
                    person = replace(person, attempts=(*person.attempts, taken))
            self.facts[row.person_id] = person

    def people_of(self, region: str) -> list[PersonFacts]:
        """Return everybody, with the rows of this region's audience."""
        return [
            replace(person, named=self.named.get((region, person_id), ()))
            for person_id, person in sorted(self.facts.items())
        ]


EntryT = TypeVar("EntryT", bound=Entry)


def _with(entries: tuple[EntryT, ...], entry: EntryT) -> tuple[EntryT, ...]:
    """Add an entry, unless it says what is known: of its own moment, or without one, of when it is imported."""
    held = in_force(entries, entry.effective_at or entry.imported_at)
    if held is not None and _says(held) == _says(entry):
        first = held.ordinal == min(each.ordinal for each in entries)
        begins_at = held.effective_at or (SINCE_EVER if first else held.imported_at)
        if entry.effective_at in (None, begins_at):
            return entries
    return (*entries, entry)


def _says(entry: Entry) -> Entry:
    return replace(entry, ordinal=0, place=0, imported_at=DAWN, known_at=DAWN, effective_at=None)


moments = st.integers(0, 20).map(day)
maybe_moments = st.none() | moments
people_ids = st.sampled_from(PEOPLE)
scores = st.sampled_from([Decimal(0), Decimal("49.5"), Decimal(50), Decimal("79.9999"), Decimal(80), Decimal(100)])

person_rows = st.builds(
    PersonRow,
    person_id=people_ids,
    name=st.sampled_from(["A", "Bé", "100%_!"]),
    email=st.just("a@example.com"),
    function=st.sampled_from(["sales", "sales", "marketing"]),
    region=st.sampled_from(REGIONS),
    role=st.none(),
    territory=st.sampled_from([None, "north", "100%_!"]),
    time_zone=st.none(),
    manager_id=st.sampled_from([None, "boss", "chief"]),
    active=st.sampled_from([True, True, True, False]),
    effective_at=maybe_moments,
)
audience_rows = st.builds(
    AudienceRow,
    product=st.just(PRODUCT),
    region=st.just("emea"),
    person_id=people_ids,
    active=st.sampled_from([True, True, False]),
    reason=st.none(),
    effective_at=maybe_moments,
)
completion_rows = st.builds(
    CompletionRow,
    person_id=people_ids,
    course_id=st.sampled_from((*COURSES, "other")),
    completed_at=moments,
    score=st.none() | scores,
    void=st.sampled_from([False, False, False, True]),
)
attempt_rows = st.builds(
    AttemptRow,
    person_id=people_ids,
    assessment_id=st.sampled_from([CERT, CERT, "other"]),
    attempted_at=moments,
    score=scores,
    void=st.sampled_from([False, False, False, True]),
)


@st.composite
def series_of_imports(draw: st.DrawFn) -> tuple[Import, ...]:
    """Draw imports of all kinds, a day apart, whose lines do not contradict each other."""
    kinds = draw(st.lists(st.sampled_from(ImportKind), max_size=5))
    imports = [Import(ImportKind.PEOPLE, draw(_rows_of(ImportKind.PEOPLE)), day(3))]
    for number, kind in enumerate((ImportKind.COMPLETIONS, ImportKind.ATTEMPTS, *kinds), 4):
        imports.append(Import(kind, draw(_rows_of(kind)), day(number)))
    return tuple(imports)


RowT = TypeVar("RowT")


def _some(rows: st.SearchStrategy[RowT], most: int, identity: Callable[[RowT], Hashable]) -> st.SearchStrategy[Any]:
    return st.lists(rows, max_size=most, unique_by=identity)


def _rows_of(kind: ImportKind) -> st.SearchStrategy[Any]:
    match kind:
        case ImportKind.PEOPLE:
            return _some(person_rows, 6, lambda row: (row.person_id, row.effective_at))
        case ImportKind.AUDIENCE:
            return _some(audience_rows, 4, lambda row: (row.person_id, row.effective_at))
        case ImportKind.COMPLETIONS:
            return _some(completion_rows, 14, lambda row: row[:3])
        case ImportKind.ATTEMPTS:
            return _some(attempt_rows, 10, lambda row: row[:3])


@st.composite
def asked_of_people(draw: st.DrawFn) -> Requirements:
    """Draw what a product asks, from nothing at all to two courses with a minimum."""
    chosen = draw(st.sampled_from([COURSES[:1], COURSES, COURSES, ()]))
    least = st.sampled_from([Decimal(0), Decimal(50)])
    return Requirements(
        courses=tuple(Course(course_id=name, title=name, min_score=draw(least)) for name in chosen),
        assessment=Assessment(
            assessment_id=CERT,
            title="Certification",
            pass_mark=draw(st.sampled_from([Decimal(50), Decimal(80)])),
            valid_days=draw(st.sampled_from([None, 1, 4, 10])),
            max_attempts=draw(st.sampled_from([None, 1, 2])),
        ),
        functions=draw(st.sampled_from([("sales",), ("marketing", "sales")])),
    )
