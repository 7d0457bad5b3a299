"""Are working days counted on the clock of the region, and is nothing lost where an interval is cut?"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.instants import known_zones, resolve
from readiness.working_days import working_days
from tests.effort import examples

BERLIN = "Europe/Berlin"

START = datetime(2001, 1, 1, tzinfo=UTC)
moments = st.integers(0, 190 * 365 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
spans = st.timedeltas(timedelta(), timedelta(days=40))
zones = st.sampled_from(sorted(known_zones()))


def local(wall_clock: str, zone: str) -> datetime:
    """Return the instant at which the clocks of `zone` show `wall_clock`."""
    return resolve(datetime.fromisoformat(wall_clock), zone)


def berlin(wall_clock: str) -> datetime:
    """Return the instant at which the clocks of Berlin show `wall_clock`."""
    return local(wall_clock, BERLIN)


@pytest.mark.parametrize(
    ("began", "ended", "days"),
    [
        ("2027-01-04T00:00", "2027-01-05T00:00", Fraction(1)),
        ("2027-01-04T09:00", "2027-01-04T15:00", Fraction(1, 4)),
        ("2027-01-08T12:00", "2027-01-11T12:00", Fraction(1)),
        ("2027-01-09T00:00", "2027-01-11T00:00", Fraction(0)),
        ("2027-01-04T00:00", "2027-01-18T00:00", Fraction(10)),
        ("2027-01-04T09:00", "2027-01-04T09:00", Fraction(0)),
    ],
)
def test_monday_to_friday_count_from_midnight_to_midnight(began: str, ended: str, days: Fraction) -> None:
    """A weekday is one day and its hours are shares of it, a weekend is nothing."""
    assert working_days(berlin(began), berlin(ended), BERLIN) == days


def test_it_is_the_weekday_of_the_region_that_counts() -> None:
    """While it is still Sunday evening in London it is Monday morning in Tokyo, and somebody could be at work."""
    began = datetime(2027, 1, 3, 18, tzinfo=UTC)
    six_hours = began + timedelta(hours=6)
    assert working_days(began, six_hours, "Europe/London") == 0
    assert working_days(began, six_hours, "Asia/Tokyo") == Fraction(1, 4)


def test_a_weekday_of_another_length_is_still_one_day() -> None:
    """Where clocks change on a working day its 23 or 25 hours make one day, and an hour is a share of them."""
    zone = "Africa/Cairo"
    friday = local("2026-04-24T01:00", zone)
    assert local("2026-04-25T00:00", zone) - friday == timedelta(hours=23)
    assert working_days(friday, friday + timedelta(hours=23), zone) == 1
    assert working_days(friday, friday + timedelta(hours=1), zone) == Fraction(1, 23)


def test_a_day_that_a_zone_skipped_is_no_day() -> None:
    """Samoa went from Thursday to Saturday at the end of 2011: there was no Friday to work on."""
    thursday, saturday = (local(f"2011-12-{day}T12:00", "Pacific/Apia") for day in (29, 31))
    assert working_days(thursday, saturday, "Pacific/Apia") == Fraction(1, 2)
    december, january = (local(f"{day}T00:00", "Pacific/Apia") for day in ("2011-12-01", "2012-01-01"))
    assert working_days(december, january, "Pacific/Apia") == 21
    assert working_days(local("2010-12-01T00:00", BERLIN), local("2011-01-01T00:00", BERLIN), BERLIN) == 23


@given(began=moments, first=spans, second=spans, zone=zones)
@settings(max_examples=examples(150))
def test_the_parts_of_an_interval_add_up_to_it(
    began: datetime, first: timedelta, second: timedelta, zone: str
) -> None:
    """Wherever an interval is cut, nothing is counted twice and nothing is lost, in every zone there is."""
    cut, ended = began + first, began + first + second
    parts = working_days(began, cut, zone) + working_days(cut, ended, zone)
    assert parts == working_days(began, ended, zone)


@given(began=moments, span=spans)
@settings(max_examples=examples(50))
def test_long_intervals_are_counted_as_their_hours_are(began: datetime, span: timedelta) -> None:
    """Where clocks never change, an interval has as many working days as it has working hours by four and twenty."""
    minutes = span // timedelta(minutes=1)
    ticks = (began + timedelta(minutes=minute) for minute in range(0, minutes + 1, 15))
    quarters = list(ticks)
    working = sum(tick.astimezone(ZoneInfo("Asia/Tokyo")).weekday() < 5 for tick in quarters[:-1])
    found = working_days(began, quarters[-1], "Asia/Tokyo")
    assert abs(found - Fraction(working, 96)) <= Fraction(12, 96)


@given(began=moments, zone=zones)
@settings(max_examples=examples(100))
def test_a_week_has_five_working_days(began: datetime, zone: str) -> None:
    """A week from any instant has five working days, but for the hours by which clocks change in it."""
    found = working_days(began, began + timedelta(days=7), zone)
    assert abs(found - 5) <= Fraction(1, 6)
