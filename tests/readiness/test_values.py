"""Are the smallest values what everything else takes them for?"""

from datetime import datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError

from readiness.values import Moment


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
