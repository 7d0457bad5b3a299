"""Is nobody written to in their quiet hours, nor sent two digests on one day, whatever their clock does?"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.quiet import Hours, digest_day, first_loud, is_quiet

ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"),
    *("Africa/Casablanca", "Pacific/Apia", "Pacific/Chatham", "America/Santiago", "UTC", "Africa/Cairo"),
)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware at once.
quarters = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
hours = st.builds(Hours, begins=quarters, ends=quarters, digest_at=quarters)
zones = st.sampled_from(ZONES)


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[datetime, str]:
    """An instant within a day of a change of the clock, with its zone; any instant where none is near."""
    zone = draw(zones)
    at = draw(instants)
    here = ZoneInfo(zone)
    for hour in range(24 * 400):
        before, after = at + timedelta(hours=hour), at + timedelta(hours=hour + 1)
        if before.astimezone(here).utcoffset() != after.astimezone(here).utcoffset():
            return before + draw(st.timedeltas(timedelta(hours=-24), timedelta(hours=24))), zone
    return at, zone


@given(where=near_changes() | st.tuples(instants, zones), hours=hours)
def test_nothing_is_sent_in_quiet_hours_and_nothing_waits_longer_than_it_must(
    where: tuple[datetime, str], hours: Hours
) -> None:
    """What is put off goes out at the first quarter of an hour that is loud, and each one before it was quiet."""
    at, zone = where
    loud = first_loud(at, zone, hours)
    assert not is_quiet(loud, zone, hours)
    assert loud >= at
    if loud > at:
        assert is_quiet(at, zone, hours)
        assert is_quiet(max(at, loud - timedelta(minutes=15)), zone, hours)
    assert first_loud(loud, zone, hours) == loud


@given(
    at=instants, zone=zones, hours=hours, looks=st.lists(st.timedeltas(timedelta(0), timedelta(hours=9)), max_size=60)
)
def test_no_day_of_a_person_has_two_digests(at: datetime, zone: str, hours: Hours, looks: list[timedelta]) -> None:
    """However often somebody looks, days are in order, each has one, and none goes out in quiet hours."""
    sent = []
    last = None
    for pause in looks:
        at += pause
        day = digest_day(at, zone, hours, last)
        if day is not None:
            assert not is_quiet(at, zone, hours)
            assert at.astimezone(ZoneInfo(zone)).date() == day
            sent.append(day)
            last = day
    assert sent == sorted(set(sent))


@pytest.mark.parametrize(
    ("shown", "quiet"),
    [("19:59", False), ("20:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_run_over_midnight(shown: str, quiet: bool) -> None:
    """From eight in the evening to just before seven, on the clock of the person."""
    local = datetime.fromisoformat(f"2027-03-01T{shown}").replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert is_quiet(local.astimezone(UTC), "Asia/Tokyo", Hours()) is quiet


def test_equal_ends_mean_that_no_hour_is_quiet() -> None:
    """Whoever wants no quiet hours sets both to the same."""
    none = Hours(begins=time(0), ends=time(0))
    assert not any(is_quiet(datetime(2027, 1, 1, hour, tzinfo=UTC), "UTC", none) for hour in range(24))


def test_a_digest_is_due_at_its_hour_and_not_before() -> None:
    """At eight on the person's clock, which in Berlin is seven in UTC."""
    before, at = datetime(2027, 1, 4, 6, 59, tzinfo=UTC), datetime(2027, 1, 4, 7, tzinfo=UTC)
    assert digest_day(before, "Europe/Berlin", Hours(), None) is None
    day = digest_day(at, "Europe/Berlin", Hours(), None)
    assert day is not None
    assert digest_day(at, "Europe/Berlin", Hours(), day) is None
