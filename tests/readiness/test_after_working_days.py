"""When have so many working days gone by on the region's own clock?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from readiness.working_days import after_working_days, whole_working_days

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo")
HOUR = timedelta(hours=1)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis takes naive bounds.
zones = st.sampled_from(ZONES)
counts = st.integers(0, 30)


def local(moment: datetime, zone: str) -> datetime:
    """Return what the clocks of `zone` show."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    """Return the instant at which the clocks of `zone` show `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_a_weekend_is_left_out() -> None:
    """Three working days after Wednesday afternoon it is Monday afternoon; a Saturday counts from Monday on."""
    assert after_working_days(at("2027-01-06T14:00"), 3, "Europe/Berlin") == at("2027-01-11T14:00")
    assert after_working_days(at("2027-01-09T10:00"), 2, "Europe/Berlin") == at("2027-01-13T00:00")
    assert after_working_days(at("2027-01-08T09:00"), 1, "Europe/Berlin") == at("2027-01-11T09:00")


def test_the_region_says_which_day_it_is() -> None:
    """Late on Sunday in Berlin it is Monday in Auckland, where the working day has begun."""
    moment = at("2027-01-10T23:00")
    assert after_working_days(moment, 1, "Pacific/Auckland") == moment + timedelta(days=1)
    assert after_working_days(moment, 1, "Europe/Berlin") == at("2027-01-12T00:00")


def test_a_change_of_the_clocks_keeps_the_time_of_day() -> None:
    """Over the last weekend of March a day has 23 hours; a time that is skipped comes an hour later."""
    assert after_working_days(at("2027-03-26T09:00"), 1, "Europe/Berlin") == at("2027-03-29T09:00")
    assert at("2027-03-29T09:00") - at("2027-03-26T09:00") == timedelta(hours=71)


@given(since=moments, days=counts, zone=zones)
def test_what_ends_on_a_working_day_lies_that_many_working_days_on(since: datetime, days: int, zone: str) -> None:
    """Counted day by day on the calendar of the zone, from the first working day."""
    end = local(after_working_days(since, days, zone), zone)
    begin = local(after_working_days(since, 0, zone), zone)
    between = (begin.date() + timedelta(days=n) for n in range(1, (end.date() - begin.date()).days + 1))
    assert end.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == days


@given(since=moments, days=counts, zone=zones)
def test_no_working_days_is_no_time_on_a_working_day(since: datetime, days: int, zone: str) -> None:
    """Only a weekend is waited out; and a week has five."""
    if local(since, zone).weekday() < 5:
        assert after_working_days(since, 0, zone) == since
        weeks = local(after_working_days(since, 5 * days, zone), zone) - local(since, zone)
        assert abs(weeks - timedelta(weeks=days)) <= HOUR


@given(since=moments, span=st.timedeltas(timedelta(0), timedelta(days=40)), days=counts, zone=zones)
def test_whoever_began_later_waits_at_least_as_long(since: datetime, span: timedelta, days: int, zone: str) -> None:
    """But for the hour that the clocks show twice."""
    assert after_working_days(since + span, days, zone) >= after_working_days(since, days, zone) - HOUR


@given(since=moments, first=counts, second=counts)
def test_waiting_on_is_waiting_in_all(since: datetime, first: int, second: int) -> None:
    """Two days and three are five, on a clock that is never changed."""
    once = after_working_days(after_working_days(since, first, "UTC"), second, "UTC")
    assert once == after_working_days(since, first + second, "UTC")


@given(since=moments, until=moments, zone=zones)
def test_the_days_that_have_gone_by_are_those_whose_end_has_come(since: datetime, until: datetime, zone: str) -> None:
    """One more has not; before the beginning none has."""
    gone = whole_working_days(since, until, zone)
    assert gone >= 0
    assert after_working_days(since, gone + 1, zone) > until
    if gone:
        assert after_working_days(since, gone, zone) <= until
