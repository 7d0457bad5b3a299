"""Does the rule for one person say what the rule book says?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from readiness.people import (
    Attempt,
    Completion,
    Entry,
    PersonFacts,
    PersonStanding,
    PersonStatus,
    Requirements,
    RosterEntry,
    audience_at,
    count_figures,
    due_at,
    in_force,
    is_member,
    standing,
    then_due_at,
    valid_until,
)
from readiness.plan import Assessment, Course
from readiness.policy import TIERS, Stage

DAWN = datetime(2027, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """Return the instant that many days after the dawn."""
    return DAWN + timedelta(days=number)


def asking(
    *courses: str, min_score: int = 0, valid_days: int | None = None, max_attempts: int | None = None
) -> Requirements:
    """Return requirements of these courses and a certification passed at 80."""
    return Requirements(
        courses=tuple(Course(course_id=name, title=name, min_score=Decimal(min_score)) for name in courses),
        assessment=Assessment(
            assessment_id="cert",
            title="Certification",
            pass_mark=Decimal(80),
            valid_days=valid_days,
            max_attempts=max_attempts,
        ),
        functions=("sales",),
    )


def on_roster(
    region: str = "emea", *, function: str = "sales", active: bool = True, ordinal: int = 1, at: float = 0
) -> RosterEntry:
    """Return a row of a roster, imported on that day; with an ordinal above 1 it holds from then."""
    return RosterEntry(
        ordinal=ordinal,
        imported_at=day(at),
        known_at=day(at),
        function=function,
        region=region,
        active=active,
    )


def named(*, active: bool = True, ordinal: int = 1, at: float = 0) -> Entry:
    """Return a row of a named audience, imported on that day."""
    return Entry(ordinal=ordinal, imported_at=day(at), known_at=day(at), active=active)


def person(
    *attempts: tuple[float, int],
    completed: float | None = None,
    roster: tuple[RosterEntry, ...] = (on_roster(),),
    named: tuple[Entry, ...] = (),
    person_id: str = "ann",
) -> PersonFacts:
    """Return somebody who completed the basics on a day and took the certification on days with scores."""
    return PersonFacts(
        person_id=person_id,
        roster=roster,
        named=named,
        completions=() if completed is None else (Completion("basics", day(completed)),),
        attempts=tuple(Attempt("cert", day(on), Decimal(score)) for on, score in attempts),
    )


def seen(
    facts: PersonFacts, requirements: Requirements, *, at: float = 10, gathered_at: float | None = None
) -> PersonStanding:
    """Return how far somebody is, seen from a day, by default with everything known up to it."""
    return standing(facts, requirements, at=day(at), gathered_at=day(at if gathered_at is None else gathered_at))


def test_who_has_done_nothing_has_not_started() -> None:
    """Without a counting completion nobody has started, whatever they attempted."""
    row = seen(person((1, 100)), asking("basics"))
    assert row.status is PersonStatus.NOT_STARTED
    assert row.missing_courses == ("basics",)
    assert row.best_score is None


def test_who_lacks_a_course_is_learning() -> None:
    """One course of two is learning, and the other is what is missing."""
    row = seen(person(completed=1), asking("basics", "objections"))
    assert row.status is PersonStatus.LEARNING
    assert row.missing_courses == ("objections",)
    assert row.trained_at is None


def test_trained_is_the_latest_of_the_first_completions() -> None:
    """Repeating a course takes nothing away: its first counting completion is the one."""
    facts = PersonFacts(
        person_id="ann",
        completions=tuple(
            Completion(course, day(on)) for course, on in (("basics", 1), ("basics", 9), ("objections", 4))
        ),
    )
    assert seen(facts, asking("basics", "objections")).trained_at == day(4)


def test_where_no_course_is_asked_for_nobody_is_trained() -> None:
    """Nothing learned is never enough, not even where nothing is required."""
    assert seen(person((1, 100), completed=1), asking()).status is PersonStatus.NOT_STARTED


@pytest.mark.parametrize(
    ("score", "min_score", "counts"),
    [(None, 0, True), (None, 50, False), ("50", 50, True), ("49.9999", 50, False), ("0", 0, True)],
)
def test_a_completion_counts_from_its_least_score_on(score: str | None, min_score: int, counts: bool) -> None:
    """An empty score counts only where there is no minimum, and no score is rounded up."""
    done = Completion("basics", day(1), None if score is None else Decimal(score))
    row = seen(PersonFacts(person_id="ann", completions=(done,)), asking("basics", min_score=min_score))
    assert (row.status is PersonStatus.TRAINED) is counts


def test_a_later_import_corrects_an_earlier_one() -> None:
    """Of two versions of one completion the later import's counts, a void one included."""
    versions = (Completion("basics", day(1), void=True, ordinal=2), Completion("basics", day(1), ordinal=1))
    assert seen(PersonFacts(person_id="ann", completions=versions), asking("basics")).trained_at is None


def test_a_fact_after_the_instant_or_the_gathering_does_not_count() -> None:
    """What is dated after the instant asked for, or after the evidence was gathered, is not there."""
    facts = person(completed=5)
    assert seen(facts, asking("basics"), at=4, gathered_at=9).trained_at is None
    assert seen(facts, asking("basics"), at=9, gathered_at=4).trained_at is None
    assert seen(facts, asking("basics"), at=5, gathered_at=5).trained_at == day(5)


def test_an_attempt_before_being_trained_neither_counts_nor_is_used_up() -> None:
    """Whoever tried too early has every attempt left."""
    row = seen(person((1, 100), completed=2), asking("basics", max_attempts=2))
    assert row.status is PersonStatus.TRAINED
    assert row.attempts_left == 2


def test_an_attempt_in_the_moment_of_being_trained_counts() -> None:
    """At or after that moment is in time."""
    assert seen(person((2, 80), completed=2), asking("basics")).status is PersonStatus.CERTIFIED


def test_only_the_first_attempts_count() -> None:
    """A pass beyond the last attempt allowed is none, and who used them all up has failed."""
    row = seen(person((5, 90), (4, 10), (3, 20), completed=2), asking("basics", max_attempts=2))
    assert row.status is PersonStatus.FAILED
    assert row.attempts_left == 0
    assert row.best_score == 20


def test_a_failed_attempt_after_a_pass_takes_nothing_away() -> None:
    """A pass stays a pass."""
    row = seen(person((3, 90), (4, 10), completed=2), asking("basics"))
    assert row.status is PersonStatus.CERTIFIED
    assert row.best_score == 90
    assert row.certified_until is None


def test_a_pass_is_valid_until_just_before_its_end() -> None:
    """At exactly `valid_days` times 24 hours it has lapsed."""
    asked = asking("basics", valid_days=3)
    moment = timedelta(microseconds=1)
    facts = person((2, 80), completed=2)
    before = standing(facts, asked, at=day(5) - moment, gathered_at=day(3))
    assert before.status is PersonStatus.CERTIFIED
    assert before.certified_until == day(5)
    assert seen(facts, asked, at=5, gathered_at=3).status is PersonStatus.LAPSES
    assert seen(facts, asked, at=5, gathered_at=5).status is PersonStatus.TRAINED
    assert valid_until(day(2), None) is None


def test_the_longest_pass_counts() -> None:
    """A second pass makes a certification last longer."""
    facts = person((2, 80), (4, 80), completed=2)
    assert seen(facts, asking("basics", valid_days=3), at=6).certified_until == day(7)


def test_a_standing_tells_where_somebody_sells_by_the_row_in_force() -> None:
    """The territory of the latest row; nobody on no roster has one."""
    north, south = replace(on_roster(), territory="north"), replace(on_roster(ordinal=2, at=5), territory="south")
    sells = person(roster=(north, south))
    assert [seen(sells, asking("basics"), at=at).territory for at in (4, 6)] == ["north", "south"]
    assert seen(person(roster=()), asking("basics")).territory is None


def test_the_last_activity_is_that_of_what_is_asked_whether_it_counts_or_not() -> None:
    """A failed attempt is activity; another course, another assessment and what came later are not."""
    busy = person((6, 10), completed=2)
    others = replace(
        busy,
        completions=(*busy.completions, Completion("another", day(8))),
        attempts=(*busy.attempts, Attempt("another", day(9), Decimal(90)), Attempt("cert", day(30), Decimal(90))),
    )
    assert seen(others, asking("basics")).last_activity_at == day(6)
    learned = replace(others, attempts=())
    assert seen(learned, asking("basics")).last_activity_at == day(2)
    assert seen(others, asking("basics"), at=40, gathered_at=5).last_activity_at == day(2)
    assert seen(person(), asking("basics")).last_activity_at is None


def test_who_was_named_later_than_what_is_known_is_no_member_yet() -> None:
    """A name that a later import brought is not known of before it."""
    late = person(named=(named(at=8),))
    for known_by, is_one in ((7, False), (8, True)):
        assert is_member(late, "emea", ("sales",), day(10), by_name=True, known_by=day(known_by)) is is_one


def test_the_latest_row_in_force_counts_and_an_announced_one_not_yet() -> None:
    """A mover announced for later is still where they are, and is gone on the day."""
    announced = RosterEntry(
        ordinal=2, imported_at=day(1), known_at=day(1), effective_at=day(8), function="sales", region="apac"
    )
    entries = (on_roster(), announced)
    assert in_force(entries, day(7)) is entries[0]
    assert in_force(entries, day(8)) is announced
    assert in_force(entries, day(8), known_by=day(0)) is entries[0]


def test_a_first_row_holds_since_ever_and_a_later_one_from_its_import() -> None:
    """Before the second import the first row held, even before that was imported."""
    entries = (on_roster("apac", ordinal=2, at=5), on_roster("emea", at=3))
    assert in_force(entries, day(-400)) is entries[1]
    assert in_force(entries, day(5)) is entries[0]
    assert in_force((), day(5)) is None


def test_of_two_rows_for_one_moment_the_later_import_counts() -> None:
    """A correction of the same moment takes its place."""
    entries = tuple(
        Entry(ordinal=ordinal, imported_at=day(0), known_at=day(0), effective_at=day(1)) for ordinal in (3, 2)
    )
    assert in_force(entries, day(2)) is entries[0]


def test_without_names_the_audience_is_the_active_of_its_functions_in_the_region() -> None:
    """Other regions, other functions and the inactive are left out."""
    people = [
        person(person_id="in"),
        person(person_id="away", roster=(on_roster("apac"),)),
        person(person_id="elsewhere", roster=(on_roster(function="finance"),)),
        person(person_id="left", roster=(on_roster(active=False),)),
        person(person_id="unknown", roster=()),
    ]
    assert audience_at(people, "emea", ("sales",), day(1)) == {"in"}


def test_a_named_audience_is_taken_as_named() -> None:
    """Names of any region and function count, the unnamed do not, and the inactive and unknown count nowhere."""
    people = [
        person(person_id="of another region", roster=(on_roster("apac", function="finance"),), named=(named(),)),
        person(person_id="not named"),
        person(person_id="named no more", named=(named(active=False),)),
        person(person_id="left", roster=(on_roster(active=False),), named=(named(),)),
        person(person_id="unknown", roster=(), named=(named(),)),
    ]
    assert audience_at(people, "emea", ("sales",), day(1)) == {"of another region"}


def test_an_audience_of_which_every_name_was_withdrawn_is_empty() -> None:
    """Naming nobody is not the same as not naming: the region does not fall back to everyone."""
    people = [person(named=(named(active=False),)), person(person_id="bob")]
    assert audience_at(people, "emea", ("sales",), day(1)) == frozenset()


def test_dropping_people_by_naming_the_others_shows_as_excluded() -> None:
    """The easiest cheat is visible: a first named audience that leaves somebody out, though it holds since ever."""
    people = [person(completed=1, named=(named(at=6),)), person(person_id="bob")]
    change = count_figures(
        people, asking("basics"), region="emea", at=day(9), gathered_at=day(9), since=day(5)
    ).change
    assert change is not None
    assert (change.joined, change.left, change.excluded) == (0, 0, 1)


def test_leavers_movers_and_newcomers_since_the_stage_opened_are_counted() -> None:
    """A row dated back hides nobody: the audience of then is the one that was known then."""
    back_dated = RosterEntry(
        ordinal=2, imported_at=day(6), known_at=day(6), effective_at=day(-9), function="sales", region="apac"
    )
    people = [
        person(person_id="stays"),
        person(person_id="moved", roster=(on_roster(), back_dated)),
        person(person_id="left", roster=(on_roster(), on_roster(active=False, ordinal=2, at=6))),
        person(person_id="new", roster=(on_roster(ordinal=2, at=6),)),
    ]
    figures = count_figures(people, asking("basics"), region="emea", at=day(9), gathered_at=day(9), since=day(5))
    assert figures.audience == 2
    assert figures.change is not None
    assert (figures.change.joined, figures.change.left, figures.change.excluded) == (1, 2, 0)


def test_figures_add_up_the_people_of_the_audience() -> None:
    """Each count, each pace and each last moment is that of the members, and of nobody else."""
    people = [
        person((3, 90), completed=2, person_id="lapses"),
        person((30, 90), completed=20, person_id="certified"),
        person((31, 10), completed=21, person_id="failed once"),
        person(person_id="not started"),
        person((35, 90), completed=34, person_id="away", roster=(on_roster("apac"),)),
    ]
    figures = count_figures(
        people, asking("basics", valid_days=40), region="emea", at=day(45), gathered_at=day(35), revision=9
    )
    assert figures.model_dump() == {
        "at": day(45),
        "gathered_at": day(35),
        "revision": 9,
        "audience": 4,
        "started": 3,
        "trained": 3,
        "certified": 1,
        "lapsing": 1,
        "first_lapse_at": day(43),
        "completions": 3,
        "completions_recent": 0,
        "certified_recent": 1,
        "last_completion_at": day(21),
        "last_attempt_at": day(31),
        "change": None,
        "steady_until": None,
    }


def test_pace_counts_what_is_younger_than_its_window() -> None:
    """A completion exactly fourteen days old is no longer recent."""
    people = [person(completed=6), person(completed=6.01, person_id="bob")]
    figures = count_figures(people, asking("basics"), region="emea", at=day(20), gathered_at=day(20))
    assert figures.completions_recent == 1


def test_everybody_is_due_when_the_stage_is_that_they_must_pass_next() -> None:
    """Who misses a course is due with training, who misses a pass with certification, who is certified never."""
    policy, launch_at = TIERS[2], day(60)
    due = {status: due_at(status, policy, launch_at=launch_at) for status in PersonStatus}
    learned, proved = (policy.due_at(stage, launch_at) for stage in (Stage.TRAINING, Stage.CERTIFICATION))
    assert learned < proved < launch_at
    assert due == {
        PersonStatus.NOT_STARTED: learned,
        PersonStatus.LEARNING: learned,
        PersonStatus.TRAINED: proved,
        PersonStatus.FAILED: proved,
        PersonStatus.LAPSES: proved,
        PersonStatus.CERTIFIED: None,
    }
    then = {status: then_due_at(status, policy, launch_at=launch_at) for status in PersonStatus}
    assert {status for status, at in then.items() if at is not None} == {
        PersonStatus.NOT_STARTED,
        PersonStatus.LEARNING,
    }
    assert set(then.values()) == {proved, None}
