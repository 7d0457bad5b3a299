"""Do imports become facts: corrected by later ones, never lost, never twice?"""

from datetime import datetime
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


def person(
    person_id: str, region: str = "emea", *, effective_at: datetime | None = None, name: str = "Somebody"
) -> PersonRow:
    """Return a row of a roster."""
    return PersonRow(person_id, name, f"{person_id}@example.com", "sales", region, effective_at=effective_at)


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

    def __call__(self, tx: Connection, pairs: tuple[ProductRegion, ...], dated_until: datetime | None) -> None:
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
    load(store, files)
    brought = load(store, files, name="again")
    assert [(each.accepted, each.unchanged) for each in brought] == [(0, 2), (0, 1), (0, 2), (0, 1)]


def test_a_correction_is_added_and_the_later_import_wins(store: Store) -> None:
    """Another score for the same completion is a new version; the old one stays for the record."""
    ask(store, course=BASICS.model_copy(update={"min_score": Decimal(80)}))
    load(store, [people_file(person("ann")), completions_file(done("ann", 70)), completions_file(done("ann", 90))])
    assert scores(store) == [(2, "70", False), (3, "90", True)]
    assert trained(store) == (1, 1)


def test_a_void_takes_a_completion_back_and_a_later_one_restores_it(store: Store) -> None:
    """Void is a correction like any other, and can itself be corrected."""
    ask(store)
    load(store, [people_file(person("ann")), completions_file(done("ann")), completions_file(done("ann", void=True))])
    assert trained(store) == (0, 1)
    load(store, [completions_file(done("ann"))], name="after")
    assert trained(store) == (1, 1)


def test_an_earlier_file_that_is_loaded_later_corrects_nothing(store: Store) -> None:
    """What counts is the order in which files were sent; what the earlier one said is kept for the record."""
    load(store, [completions_file(done("ann", 70)), completions_file(done("ann", 90))], [1, 0])
    assert scores(store) == [(1, "70", False), (2, "90", True)]


def test_a_later_file_holds_against_an_earlier_one_though_it_said_nothing_new(store: Store) -> None:
    """While an earlier file may still say otherwise, agreeing with what is known is worth recording."""
    files = [completions_file(done("ann", score)) for score in (90, 70, 90)]
    load(store, files, [0, 2, 1])
    assert [row for row in scores(store) if row[2]] == [(3, "90", True)]


def test_a_chunk_that_was_loaded_before_is_loaded_once(store: Store) -> None:
    """After a crash the same chunk of the same import comes again: it answers the same and changes nothing."""
    with store.writing() as tx:
        begin_import(tx, "c", ImportKind.COMPLETIONS, at=DAWN)
    brought = []
    for _ in range(2):
        with store.writing() as tx:
            brought.append(load_completions(tx, [done("ann"), done("bob")], import_id="c", mark=ignore))
    assert brought == [Loaded(accepted=2, unchanged=0, unknown=2)] * 2
    assert len(scores(store)) == 2


def test_a_line_twice_in_a_chunk_is_one_fact(store: Store) -> None:
    """Lines that say the same twice do not contradict each other, and both are answered for."""
    assert load(store, [completions_file(done("ann"), done("ann"))]) == [Loaded(2, 0, 2)]
    assert len(scores(store)) == 1


def test_a_chunk_that_fails_leaves_nothing_behind(store: Store) -> None:
    """A row that cannot be kept exactly takes its whole chunk with it: all or nothing."""
    with store.writing() as tx:
        begin_import(tx, "c", ImportKind.COMPLETIONS, at=DAWN)
    finer = done("bob")._replace(score=Decimal("79.99999"))
    with pytest.raises(ValueError, match="decimal places"), store.writing() as tx:
        load_completions(tx, [done("ann"), finer], import_id="c", mark=ignore)
    assert scores(store) == []


def test_an_import_that_has_not_begun_cannot_be_loaded(store: Store) -> None:
    """Without its place among the others nobody could say which import is the later one."""
    with store.writing() as tx, pytest.raises(LookupError, match="has not begun"):
        load_attempts(tx, [], import_id="nobody", mark=ignore)


def test_beginning_twice_keeps_the_first_place(store: Store) -> None:
    """A repeat of the beginning does not make an import later than it is."""
    with store.writing() as tx:
        for import_id in ("first", "second", "first"):
            begin_import(tx, import_id, ImportKind.COMPLETIONS, at=DAWN)
        load_completions(tx, [done("ann", 90)], import_id="second", mark=ignore)
        load_completions(tx, [done("ann", 70)], import_id="first", mark=ignore)
        finish_import(tx, "first")
    assert [row for row in scores(store) if row[2]] == [(2, "90", True)]


def test_a_roster_takes_effect_all_at_once(store: Store) -> None:
    """Staged chunks count for nothing until they are applied, and a chunk staged again is there once."""
    ask(store)
    with store.writing() as tx:
        begin_import(tx, "p", ImportKind.PEOPLE, at=DAWN)
        stage_people(tx, [person("ann"), person("bob")], import_id="p", chunk=0)
    for _ in range(2):
        with store.writing() as tx:
            stage_people(tx, [person("cy")], import_id="p", chunk=1)
    assert trained(store) == (0, 0)
    with store.writing() as tx:
        assert apply_people(tx, import_id="p", at=DAWN, mark=ignore) == Loaded(3, 0, 0)
    assert trained(store) == (0, 3)


def test_a_roster_applied_twice_answers_the_same(store: Store) -> None:
    """After a crash between the effect and the answer, the repeat finds the answer and marks nothing."""
    marked = Marked()
    with store.writing() as tx:
        begin_import(tx, "p", ImportKind.PEOPLE, at=DAWN)
        stage_people(tx, [person("ann")], import_id="p", chunk=0)
        first = apply_people(tx, import_id="p", at=DAWN, mark=ignore)
    with store.writing() as tx:
        assert apply_people(tx, import_id="p", at=DAWN, mark=marked) == first
    assert marked.pairs == []


def test_what_was_discarded_never_takes_effect(store: Store) -> None:
    """An import that ends badly leaves no row that a later one could pick up."""
    with store.writing() as tx:
        begin_import(tx, "a", ImportKind.AUDIENCE, at=DAWN)
        stage_audience(tx, [AudienceRow("atlas", "emea", "ann")], import_id="a", chunk=0)
        discard_staged(tx, import_id="a")
        assert apply_audience(tx, import_id="a", at=DAWN, mark=ignore) == Loaded(0, 0, 0)


def test_a_mover_announced_for_later_still_counts_where_they_are(store: Store) -> None:
    """A row holds from its `effective_at`, whatever the order in which rows came."""
    ask(store)
    announced = person("ann", "apac", effective_at=day(9))
    load(store, [people_file(announced), people_file(person("ann", effective_at=day(2)), at=1)])
    assert [trained(store, "emea", at=at)[1] for at in (1, 2, 8.99, 9)] == [0, 1, 1, 0]
    assert trained(store, "apac", at=9) == (0, 1)


def test_the_roster_sent_later_wins_even_if_it_takes_effect_first(store: Store) -> None:
    """Where two rosters overtake each other the one sent later says where a person is, since it was sent."""
    ask(store)
    files = [people_file(person("ann", "apac"), at=1), people_file(person("ann", "emea"), at=2)]
    load(store, files, [1, 0])
    assert [trained(store, "apac", at=at)[1] for at in (0, 1.5, 2)] == [1, 1, 0]
    assert trained(store, "emea", at=2) == (0, 1)


def test_a_new_name_is_accepted_and_changes_no_audience(store: Store) -> None:
    """Whoever marries is news, but touches no region."""
    ask(store)
    load(store, [people_file(person("ann"))])
    marked = Marked()
    with store.writing() as tx:
        begin_import(tx, "p", ImportKind.PEOPLE, at=day(2))
        stage_people(tx, [person("ann", name="Ann Other")], import_id="p", chunk=0)
        assert apply_people(tx, import_id="p", at=day(2), mark=marked) == Loaded(1, 0, 0)
        assert tx.execute(text("SELECT name FROM people")).scalar_one() == "Ann Other"
        assert tx.execute(text("SELECT COUNT(*) FROM roster")).scalar_one() == 1
    assert marked.pairs == []


def test_a_move_touches_the_region_left_and_the_region_joined(store: Store) -> None:
    """Both regions count anew, and so does every audience that names the mover; others stay as they are."""
    ask(store)
    ask(store, "borealis")
    load(
        store,
        [
            people_file(person("ann"), person("bob", "latam")),
            Import(ImportKind.AUDIENCE, (AudienceRow("crux", "anz", "ann"),), DAWN),
        ],
    )
    marked = Marked()
    with store.writing() as tx:
        begin_import(tx, "p", ImportKind.PEOPLE, at=day(2))
        stage_people(tx, [person("ann", "apac"), person("bob", "latam")], import_id="p", chunk=0)
        apply_people(tx, import_id="p", at=day(2), mark=marked)
    assert marked.pairs == [
        ("atlas", "apac"), ("atlas", "emea"), ("borealis", "apac"), ("borealis", "emea"), ("crux", "anz")
    ]  # fmt: skip


def test_a_completion_touches_the_products_that_ask_for_it_where_the_person_is(store: Store) -> None:
    """Home regions, past and to come, and audiences that name the person; a row that is known touches nothing."""
    ask(store)
    ask(store, "borealis", Course(course_id="other", title="Other"))
    load(
        store,
        [
            people_file(person("ann"), person("ann", "apac", effective_at=day(9)), person("bob", "latam")),
            Import(
                ImportKind.AUDIENCE, (AudienceRow("atlas", "anz", "ann"), AudienceRow("crux", "anz", "ann")), DAWN
            ),
            completions_file(done("bob")),
        ],
    )
    marked = Marked()
    with store.writing() as tx:
        begin_import(tx, "c", ImportKind.COMPLETIONS, at=DAWN)
        load_completions(tx, [done("ann"), done("bob")], import_id="c", mark=marked)
    assert marked.pairs == [("atlas", "anz"), ("atlas", "apac"), ("atlas", "emea")]


def test_an_attempt_touches_the_products_that_ask_for_its_assessment(store: Store) -> None:
    """An attempt at something that no launch asks for touches nothing."""
    ask(store)
    load(store, [people_file(person("ann"))])
    marked = Marked()
    rows = [AttemptRow("ann", name, day(2), Decimal(90)) for name in ("cert", "hobby")]
    with store.writing() as tx:
        begin_import(tx, "t", ImportKind.ATTEMPTS, at=DAWN)
        assert load_attempts(tx, rows, import_id="t", mark=marked) == Loaded(2, 0, 1)
    assert marked.pairs == [("atlas", "emea")]


def test_what_a_product_asks_is_what_its_latest_launch_asked(store: Store) -> None:
    """Requirements are replaced as a whole; courses stay known under their first title."""
    ask(store)
    renamed = BASICS.model_copy(update={"title": "Basics, again"})
    extra = Course(course_id="extra", title="Extra", min_score=Decimal("62.5"))
    with store.writing() as tx:
        require(tx, "atlas", (extra, renamed), CERT, ("sales", "marketing"))
    with store.reading() as tx:
        asked = requirements(tx, ["atlas", "unheard-of"])
        assert list(asked) == ["atlas"]
        assert asked["atlas"].courses == (extra, BASICS)
        assert asked["atlas"].assessment == CERT
        assert asked["atlas"].functions == ("marketing", "sales")
        assert known_courses(tx, ["basics", "nothing"]) == {"basics": BASICS}
        assert known_assessment(tx, "cert") == CERT
        assert known_assessment(tx, "nothing") is None
