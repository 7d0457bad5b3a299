"""Are the smallest values what everything else takes them for?"""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from readiness.values import Moment, basis_points, clean_line, clean_text, to_utc


@pytest.mark.parametrize(
    "edge",
    [
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_an_instant_outside_the_calendar_is_refused_and_breaks_nothing(edge: datetime) -> None:
    """A moment that UTC has no date for is a fault of whoever sent it."""
    with pytest.raises(ValidationError, match="outside the calendar"):
        TypeAdapter(Moment).validate_python(edge)


@pytest.mark.parametrize("number", [0.5, 1_900_000_000, "0.5", "1900000000", "-1"])
def test_a_number_is_no_instant(number: object) -> None:
    """Seconds since 1970 are refused, as a number and as text: no description of ours asks for them."""
    with pytest.raises(ValidationError, match="date and time"):
        TypeAdapter(Moment).validate_python(number)


def test_an_instant_is_kept_in_utc() -> None:
    """Whatever offset it was written with, two of the same instant are written alike."""
    written = datetime(2027, 3, 1, 9, tzinfo=timezone(timedelta(hours=1)))
    assert to_utc(written).isoformat() == "2027-03-01T08:00:00+00:00"
    assert to_utc(written).tzinfo is UTC


@pytest.mark.parametrize(
    ("share", "points"), [("0", 0), ("0.0001", 1), ("0.85", 8_500), ("1", 10_000), ("1.0000000", 10_000), ("0E+9", 0)]
)
def test_a_share_is_counted_in_ten_thousandths(share: str, points: int) -> None:
    """Both ends count, and zeros behind a number make it no finer."""
    assert basis_points(Decimal(share)) == points


@pytest.mark.parametrize("share", ["-0.0001", "1.0001", "2", "NaN", "Infinity", "-Infinity"])
def test_a_share_lies_between_none_and_all(share: str) -> None:
    """What is no number is no share either."""
    with pytest.raises(ValueError, match=r"^a share lies between 0 and 1$"):
        basis_points(Decimal(share))


@pytest.mark.parametrize("share", ["0.00001", "0.85001", f"0.85{'0' * 40}1"])
def test_a_share_is_no_finer_than_a_ten_thousandth(share: str) -> None:
    """However far behind the point the last digit stands: nothing is rounded."""
    with pytest.raises(ValueError, match=r"^a share is given in steps of 0\.0001$"):
        basis_points(Decimal(share))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\x00two", r"^the character U\+0000 is not allowed in text$"),
        ("one\ntwo\x07", r"^the character U\+0007 is not allowed in text$"),
        ("one\u202etwo", r"^the character U\+202E is not allowed in text$"),
        (" \u200b\t", "^at least one character that shows is needed$"),
        ("\u200d\u200c", "^at least one character that shows is needed$"),
    ],
)
def test_text_that_cannot_be_trusted_or_does_not_show_is_refused(text: str, said: str) -> None:
    """What is wrong is named, also behind a line break, which is none."""
    with pytest.raises(ValueError, match=said):
        clean_text(text)


@pytest.mark.parametrize("text", ["one\ntwo", "one\ttwo"])
def test_a_line_is_one_line(text: str) -> None:
    """Text may run over several and hold tabs; a name or a title may not."""
    assert clean_text(text) == text
    with pytest.raises(ValueError, match=r"^a line break or a tab is not allowed here$"):
        clean_line(text)
