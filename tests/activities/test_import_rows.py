"""Is every cell of an import read for what it says, and refused where it says nothing that can be trusted?"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from activities.import_rows import RowMaker
from readiness.rows import AttemptRow, AudienceRow, CompletionRow, ImportKind, PersonRow

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PERSON = ("p-1", "Ann", "a@x.example", "sales", "emea", "", "", "", "", "", "")


def faults(kind: ImportKind, cells: tuple[str, ...]) -> list[tuple[str | None, str]]:
    """Return columns and codes of what is wrong with a row."""
    maker = RowMaker(kind, now=NOW)
    found = [fault[:2] for fault in maker.faults(cells)]
    assert (maker.usable(cells) is None) == bool(found)
    return found


def attempt(score: str = "80", *, at: str = "2026-11-01T12:00:00Z") -> tuple[str, ...]:
    """Return the cells of one attempt."""
    return ("p-1", "a-1", at, score, "")


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("100", "100"),
        ("100.0000", "100"),
        ("87.5", "87.5"),
        (" 87.50 ", "87.5"),
        ("+87.1234", "87.1234"),
        ("8.75e1", "87.5"),
        ("87.", "87"),
        (".5", "0.5"),
    ],
)
def test_a_score_is_the_decimal_that_was_written(text: str, score: str) -> None:
    """Scores are exact, and different spellings of one score are one score."""
    row = RowMaker(ImportKind.ATTEMPTS, now=NOW).usable(attempt(text))
    assert isinstance(row, AttemptRow)
    assert str(row.score) == score


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing-value"),
        ("  ", "missing-value"),
        ("NaN", "score-not-finite"),
        ("sNaN1", "score-not-finite"),
        ("Infinity", "score-not-finite"),
        ("-inf", "score-not-finite"),
        ("1e999", "score-out-of-range"),
        ("1e-999", "score-too-fine"),
        ("100.0001", "score-out-of-range"),
        ("-1", "score-out-of-range"),
        ("79.9999999999999999999", "score-too-fine"),
        ("79.99999", "score-too-fine"),
        ("80%", "not-a-score"),
        ("80,5", "not-a-score"),
        ("1_0", "not-a-score"),
        ("٨٠", "not-a-score"),
        ("0x50", "not-a-score"),
        ("passed", "not-a-score"),
        ("1e99999999999", "not-a-score"),
        ("0." + "0" * 60, "not-a-score"),
        ("0" * 5_000, "text-too-long"),
    ],
)
def test_what_is_no_score_is_refused_by_name(text: str, code: str) -> None:
    """Nothing that is not a number from 0 to 100 with four decimals reaches a rule, and nothing is rounded."""
    assert faults(ImportKind.ATTEMPTS, attempt(text)) == [("score", code)]


def test_only_a_completion_may_have_no_score() -> None:
    """An empty score is a fact for a completion and a fault for an attempt."""
    row = RowMaker(ImportKind.COMPLETIONS, now=NOW).usable(attempt(" "))
    assert isinstance(row, CompletionRow)
    assert row.score is None
    assert faults(ImportKind.ATTEMPTS, attempt(" ")) == [("score", "missing-value")]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T12:00:00Z",
        "2026-11-01T12:00Z",
        "2026-11-01 12:00:00+00:00",
        " 2026-11-01T13:00:00.000+01:00 ",
        "20261101T120000Z",
        "2026-11-01T17:45:00+05:45",
        "2026-11-01T00:00:00-12:00",
    ],
)
def test_a_moment_is_the_instant_that_it_names(text: str) -> None:
    """ISO 8601 with an offset is read in any of its forms, and kept in UTC."""
    row = RowMaker(ImportKind.ATTEMPTS, now=NOW).usable(attempt(at=text))
    assert isinstance(row, AttemptRow)
    assert row.attempted_at == datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    assert row.attempted_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing-value"),
        ("2026-11-01T12:00:00", "no-offset"),
        ("2026-11-01 12:00", "no-offset"),
        ("2026-11-01", "not-a-time"),
        ("2026-02-30T12:00:00Z", "not-a-time"),
        ("2026-11-01T24:30:00Z", "not-a-time"),
        ("2026-11-01T12:00:00 Europe/Berlin", "not-a-time"),
        ("2026-11-01x12:00:00Z", "not-a-time"),
        ("01/11/2026 12:00", "not-a-time"),
        ("0001-01-01T00:00:00+14:00", "not-a-time"),
        ("0026-11-01T12:00:00Z", "not-a-time"),
        ("now", "not-a-time"),
        ("1793534400", "not-a-time"),
        ("2026-11-22T09:05:01Z", "in-the-future"),
        ("9999-12-31T23:59:59-12:00", "not-a-time"),
    ],
)
def test_what_is_no_past_instant_is_refused_by_name(text: str, code: str) -> None:
    """A time without an offset, a day that does not exist and one that has not come yet are different faults."""
    assert faults(ImportKind.ATTEMPTS, attempt(at=text)) == [("attempted_at", code)]


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("person_id", "", "missing-value"),
        ("person_id", "a b", "not-an-id"),
        ("person_id", "-1", "not-an-id"),
        ("person_id", "é", "not-an-id"),
        ("person_id", "p-1\n", None),
        ("person_id", "x" * 129, "not-an-id"),
        ("person_id", "x" * 5_000, "text-too-long"),
        ("name", " ", "missing-value"),
        ("name", "A\tB", "text-not-allowed"),
        ("name", "A\x00B", "text-not-allowed"),
        ("name", "A\u202eB", "text-not-allowed"),
        ("name", "A\ud800", "text-not-allowed"),
        ("name", "x" * 301, "text-too-long"),
        ("email", "", "missing-value"),
        ("email", "ann", "not-an-email"),
        ("email", "a@b@c", "not-an-email"),
        ("email", "a b@c", "not-an-email"),
        ("email", "@c", "not-an-email"),
        ("email", "a" * 250 + "@x.example", "not-an-email"),
        ("function", "", "missing-value"),
        ("function", "a/b", "not-a-slug"),
        ("region", "x" * 65, "not-a-slug"),
        ("region", "Île", "not-a-slug"),
        ("manager_id", "a b", "not-an-id"),
        ("role", "A\u2028B", None),
        ("time_zone", "Mars/Olympus", "unknown-time-zone"),
        ("time_zone", "europe/berlin", "unknown-time-zone"),
        ("time_zone", "../../etc/passwd", "unknown-time-zone"),
        ("time_zone", " Asia/Kathmandu ", None),
        ("active", "maybe", "not-yes-or-no"),
        ("active", "2", "not-yes-or-no"),
        ("active", " TRUE", None),
        ("effective_at", "2026-11-01", "not-a-time"),
        ("effective_at", "2027-11-01T00:00:00Z", None),
    ],
)
def test_each_column_of_a_roster_has_its_own_rule(column: str, text: str, code: str | None) -> None:
    """A cell that breaks the rule of its column is named with the rule that it breaks, and no other cell is."""
    cells = list(PERSON)
    cells[PersonRow._fields.index(column)] = text
    assert faults(ImportKind.PEOPLE, tuple(cells)) == ([] if code is None else [(column, code)])


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("", True),
        (" ", True),
        ("true", True),
        ("Yes", True),
        ("1", True),
        ("FALSE", False),
        ("no", False),
        ("0", False),
    ],
)
def test_a_flag_is_read_in_every_usual_spelling(text: str, active: bool) -> None:
    """Left out, a person of an audience is active."""
    row = RowMaker(ImportKind.AUDIENCE, now=NOW).usable(("atlas-2", "EMEA", "p-1", text, "", ""))
    assert row == AudienceRow("atlas-2", "emea", "p-1", active=active)


def test_regions_and_functions_are_compared_as_slugs_and_products_are_given_as_one() -> None:
    """Capitals and spaces make no other region, but a product's address is written as it is."""
    cells = ["p-1", "Ann", "a@x.example", " Inside  Sales ", "North-West England", *PERSON[5:]]
    row = RowMaker(ImportKind.PEOPLE, now=NOW).usable(tuple(cells))
    assert isinstance(row, PersonRow)
    assert (row.function, row.region) == ("inside-sales", "north-west-england")
    assert faults(ImportKind.AUDIENCE, ("Atlas 2", "emea", "p-1", "", "", "")) == [("product", "not-a-slug")]


def test_one_name_in_two_unicode_forms_is_one_name() -> None:
    """Text is kept composed, so that the same letters are the same text."""
    names = set()
    for name in ("Jos\u00e9", "Jose\u0301"):
        row = RowMaker(ImportKind.PEOPLE, now=NOW).usable(("p-1", name, *PERSON[2:]))
        assert isinstance(row, PersonRow)
        names.add(row.name)
    assert names == {"Jos\u00e9"}


def test_scores_are_decimals_never_floats() -> None:
    """A score that a float cannot hold is held."""
    row = RowMaker(ImportKind.ATTEMPTS, now=NOW).usable(attempt("79.9999"))
    assert isinstance(row, AttemptRow)
    assert row.score == Decimal("79.9999")
