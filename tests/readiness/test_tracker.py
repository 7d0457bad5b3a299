"""Does a row of the tracker say what it must, down to the edges that decide who counts?"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from readiness.people import (
    Completion,
    Entry,
    PersonFacts,
    PersonStatus,
    RosterEntry,
    count_figures,
    in_force,
    standing,
)
from tests.readiness.test_people import asking, day, named, on_roster, person, seen


def test_a_row_names_the_person_and_whom_they_work_for() -> None:
    """The manager is the one of the row in force, and nobody where there is no row."""
    rows = (
        replace(on_roster(), manager_id="first"),
        replace(on_roster(ordinal=2, at=5), manager_id="second"),
        replace(on_roster(ordinal=3, at=6), effective_at=day(20), manager_id="announced"),
    )
    row = seen(replace(person(roster=rows), name="Ann"), asking("basics"))
    assert (row.person_id, row.name, row.manager_id) == ("ann", "Ann", "second")
    assert seen(person(roster=rows[:1]), asking("basics")).manager_id == "first"
    nobody = seen(person(roster=()), asking("basics"))
    assert (nobody.name, nobody.manager_id) == (None, None)


def test_without_a_pass_nothing_ends() -> None:
    """Who is trained and has not passed has no end of a certification, though passes do lapse."""
    row = seen(person((3, 10), completed=2), asking("basics", valid_days=30, max_attempts=3))
    assert (row.status, row.certified_until) == (PersonStatus.TRAINED, None)
    assert (row.best_score, row.attempts_left) == (Decimal(10), 2)


def test_an_empty_score_is_less_than_the_least_minimum() -> None:
    """Where any minimum above 0 is set an empty score does not count."""
    done = PersonFacts(person_id="ann", completions=(Completion("basics", day(1)),))
    assert seen(done, asking("basics", min_score=1)).missing_courses == ("basics",)


def test_a_person_without_a_row_holds_none() -> None:
    """Nothing was ever said of them."""
    assert in_force((), day(1)) is None


@pytest.mark.parametrize(("passed", "recent"), [(6, 0), (6.5, 1)])
def test_a_pass_is_recent_for_less_than_fourteen_days(passed: float, recent: int) -> None:
    """A pass exactly fourteen days old is no longer part of the pace."""
    people = [person((passed, 90), completed=5)]
    figures = count_figures(people, asking("basics"), region="emea", at=day(20), gathered_at=day(20))
    assert (figures.certified, figures.certified_recent, figures.revision) == (1, recent, 0)


def test_a_leaver_is_not_excluded_by_a_named_audience() -> None:
    """Excluded is who is still there and left out; who left has left, and who was never known is neither."""
    gone = (on_roster(), on_roster(active=False, ordinal=2, at=6))
    people = [
        person(completed=1, named=(named(at=6),)),
        person(person_id="left", roster=gone),
        person(person_id="dropped"),
        person(person_id="unknown", roster=()),
    ]
    change = count_figures(
        people, asking("basics"), region="emea", at=day(9), gathered_at=day(9), since=day(5)
    ).change
    assert change is not None
    assert (change.joined, change.left, change.excluded) == (0, 1, 1)


def test_of_one_import_the_later_line_counts() -> None:
    """Two rows for one moment in one file: the one further down."""
    first = Entry(ordinal=1, imported_at=day(0), known_at=day(0), place=1)
    second = replace(first, place=2, active=False)
    assert in_force((second, first), day(1)) == in_force((first, second), day(1)) == second


def test_a_row_counts_only_once_it_was_known() -> None:
    """What then was known of somebody does not change by what is learned later."""
    late = RosterEntry(
        ordinal=2, imported_at=day(3), known_at=day(4), effective_at=day(1), function="sales", region="apac"
    )
    rows = (on_roster(), late)
    assert in_force(rows, day(2), known_by=day(4) - timedelta(seconds=1)) == rows[0]
    assert in_force(rows, day(2), known_by=day(4)) == late
    assert in_force(rows, day(2)) == late


def test_what_is_gathered_later_is_seen_from_the_instant_asked_for() -> None:
    """For an instant in the past facts dated after it do not count, whatever is known today."""
    row = standing(person((3, 90), completed=2), asking("basics"), at=day(2.5), gathered_at=day(9))
    assert (row.status, row.trained_at) == (PersonStatus.TRAINED, day(2))
