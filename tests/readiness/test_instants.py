"""Does a wall clock in a zone stand for exactly one instant, or is it refused by name?"""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.instants import (
    MalformedWallClock,
    UnknownZone,
    WallClockRepeated,
    WallClockSkipped,
    checked_wall_clock,
    known_zones,
    local_time,
    parse_wall_clock,
    resolve,
    written,
)
from tests.effort import examples

EVERY_OFFSET = [timedelta(minutes=minutes) for minutes in range(-14 * 60, 15 * 60 + 1, 15)]
"""Since 2000 every offset in use has been a whole number of quarters of an hour."""

CLOCKS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31, 23, 59)).map(  # noqa: DTZ001 - a wall clock.
    lambda clock: clock.replace(microsecond=0)
)
ZONES = st.sampled_from(sorted(known_zones()))


def instants_showing(clock: datetime, zone: str) -> list[datetime]:
    """Every instant at which clocks in `zone` show `clock`, found by trying all offsets there are."""
    place = ZoneInfo(zone)
    tried = [(clock - offset).replace(tzinfo=UTC) for offset in EVERY_OFFSET]
    return sorted(at for at in tried if at.astimezone(place).replace(tzinfo=None) == clock)


def first_change(start: datetime, end: datetime, step: timedelta, place: ZoneInfo) -> datetime | None:
    """The first step after which clocks have another offset than at the step before it."""
    steps = [start + step * number for number in range((end - start) // step + 1)]
    moved = (on for on, to in pairwise(steps) if on.astimezone(place).utcoffset() != to.astimezone(place).utcoffset())
    return next(moved, None)


@st.composite
def clocks_near_a_change(draw: st.DrawFn) -> tuple[datetime, str]:
    """A zone and a wall clock near a change of its clocks, or some noon if it has none in those months."""
    zone = draw(ZONES)
    place = ZoneInfo(zone)
    start = datetime(draw(st.integers(2000, 2198)), draw(st.integers(1, 12)), 2, tzinfo=UTC)
    day = first_change(start, start + timedelta(days=300), timedelta(days=1), place)
    if day is None:
        return start.replace(hour=12, tzinfo=None), zone
    change = first_change(day, day + timedelta(days=1), timedelta(minutes=15), place)
    assert change is not None
    nearby = timedelta(minutes=draw(st.integers(-75, 105)))
    return change.astimezone(place).replace(tzinfo=None) + nearby, zone


@pytest.mark.parametrize(
    ("clock", "zone", "instant"),
    [
        ("2027-03-01T09:00", "Europe/Berlin", "2027-03-01T08:00"),
        ("2027-07-01T09:00", "Europe/Berlin", "2027-07-01T07:00"),
        ("2027-03-15T09:00", "Asia/Singapore", "2027-03-15T01:00"),
        ("2027-03-01T09:00:30", "Asia/Kathmandu", "2027-03-01T03:15:30"),
        ("2027-03-14T01:59", "America/New_York", "2027-03-14T06:59"),
        ("2027-03-14T03:00", "America/New_York", "2027-03-14T07:00"),
        ("2027-11-07T00:59", "America/New_York", "2027-11-07T04:59"),
        ("2027-11-07T02:00", "America/New_York", "2027-11-07T07:00"),
        ("2011-12-29T23:59", "Pacific/Apia", "2011-12-30T09:59"),
        ("2011-12-31T00:00", "Pacific/Apia", "2011-12-30T10:00"),
        ("2199-12-31T23:59", "UTC", "2199-12-31T23:59"),
    ],
)
def test_a_wall_clock_stands_for_one_instant(clock: str, zone: str, instant: str) -> None:
    """Around changes of the clocks and away from them, the offset that holds there and then is the one used."""
    assert resolve(parse_wall_clock(clock), zone) == parse_wall_clock(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "zone", "last", "first"),
    [
        ("2027-03-14T02:30", "America/New_York", "2027-03-14T02:00", "2027-03-14T03:00"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-04T02:00", "2026-10-04T02:30"),
        ("2027-03-28T01:30", "Europe/Dublin", "2027-03-28T01:00", "2027-03-28T02:00"),
        ("2027-03-14T02:30", "Africa/Casablanca", "2027-03-14T02:00", "2027-03-14T03:00"),
        ("2027-09-05T00:30", "America/Santiago", "2027-09-05T00:00", "2027-09-05T01:00"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T00:00", "2011-12-31T00:00"),
    ],
)
def test_a_skipped_wall_clock_is_refused_with_the_nearest_that_exist(
    clock: str, zone: str, last: str, first: str
) -> None:
    """A time that clocks jump over is refused by name, with the ends of the gap: half an hour, an hour or a day."""
    with pytest.raises(WallClockSkipped) as refused:
        resolve(parse_wall_clock(clock), zone)

    assert str(refused.value) == (
        f"{clock} does not exist in {zone}: clocks go from {last} to {first}; "
        f"give a time before {last}, or {first} or later."
    )


@pytest.mark.parametrize(
    ("clock", "zone", "start", "end"),
    [
        ("2027-11-07T01:30", "America/New_York", "2027-11-07T01:00", "2027-11-07T02:00"),
        ("2027-04-04T01:45", "Australia/Lord_Howe", "2027-04-04T01:30", "2027-04-04T02:00"),
        ("2027-10-31T01:30", "Europe/Dublin", "2027-10-31T01:00", "2027-10-31T02:00"),
        ("2027-02-07T02:30", "Africa/Casablanca", "2027-02-07T02:00", "2027-02-07T03:00"),
        ("2027-04-03T23:30", "America/Santiago", "2027-04-03T23:00", "2027-04-04T00:00"),
    ],
)
def test_a_repeated_wall_clock_is_refused_with_the_nearest_that_come_once(
    clock: str, zone: str, start: str, end: str
) -> None:
    """A time that comes twice is refused by name rather than guessed, with the ends of what is repeated."""
    with pytest.raises(WallClockRepeated) as refused:
        resolve(parse_wall_clock(clock), zone)

    assert str(refused.value).startswith(f"{clock} comes twice in {zone}, at ")
    assert str(refused.value).endswith(f"give a time before {start}, or {end} or later.")


@settings(max_examples=examples(400))
@given(CLOCKS, ZONES)
def test_every_wall_clock_comes_back_or_is_refused_by_name(clock: datetime, zone: str) -> None:
    """In every zone an instant found shows the wall clock that it was found for."""
    try:
        instant = resolve(clock, zone)
    except (WallClockSkipped, WallClockRepeated):
        return
    assert instant.utcoffset() == timedelta(0)
    assert local_time(instant, zone).replace(tzinfo=None) == clock


@settings(max_examples=examples(400))
@given(clocks_near_a_change())
def test_a_wall_clock_is_refused_exactly_if_it_does_not_come_once(near: tuple[datetime, str]) -> None:
    """Trying every offset finds no instant for a skipped time, two for a repeated one and otherwise the same one."""
    clock, zone = near
    shown_at = instants_showing(clock, zone)
    try:
        found = [resolve(clock, zone)]
    except WallClockSkipped:
        found = []
    except WallClockRepeated:
        assert len(shown_at) == 2
        return
    assert found == shown_at


@settings(max_examples=examples(100))
@given(clocks_near_a_change())
def test_the_times_that_a_refusal_offers_exist(near: tuple[datetime, str]) -> None:
    """Whoever takes the later of the times that a refusal names is not refused again."""
    clock, zone = near
    try:
        resolve(clock, zone)
    except (WallClockSkipped, WallClockRepeated) as refused:
        offered = str(refused).rpartition(", or ")[2].removesuffix(" or later.")
        resolve(parse_wall_clock(offered), zone)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("europe/berlin", "write Europe/Berlin if"),
        ("Berlin", "write Europe/Berlin if"),
        ("Europe/Berln", "write Europe/Berlin if"),
        ("new york", "write America/New_York if"),
        ("", "for example Europe/Berlin"),
        ("../../etc/passwd", "for example Europe/Berlin"),
        ("/etc/localtime", "for example Europe/Berlin"),
        ("Europe", "for example Europe/Berlin"),
        ("Factory", "for example Europe/Berlin"),
        ("Mars/Olympus_Mons", "for example Europe/Berlin"),
        ("x" * 10_000, "for example Europe/Berlin"),
        ("\ud800\u202e\x00", "for example Europe/Berlin"),
    ],
)
def test_an_unknown_zone_is_refused_with_advice(name: str, advice: str) -> None:
    """Only listed zones are looked up, whatever the name looks like, and the answer is short and can be printed."""
    with pytest.raises(UnknownZone, match=advice) as refused:
        resolve(parse_wall_clock("2027-03-01T09:00"), name)

    assert len(str(refused.value).encode()) < 200
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-01T09:00Z",
        "2027-03-01T09:00:00+01:00",
        "2027-03-01T09:00+0100",
        "2027-03-01 09:00 +01",
        "2027-03-01T09:00:00.000-05:00",
    ],
)
def test_an_offset_on_a_wall_clock_is_refused(text: str) -> None:
    """The region's zone says which clock is meant, so a time that brings an offset is refused and not converted."""
    with pytest.raises(MalformedWallClock, match="without an offset"):
        parse_wall_clock(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "tomorrow",
            "2027-03-01",
            "09:00",
            "2027-3-1T9:00",
            "20270301T0900",
            "2027-03-01T24:00",
            "2027-02-29T09:00",
        ),
        *("2027-03-01T09:60", "2027-03-01T09:00:60", "2027-03-01T09:00:00.5", "1999-12-31T23:59", "2200-01-01T00:00"),
        *(
            "+2027-03-01T09:00",
            "\uff12\uff10\uff12\uff17-03-01T09:00",
            "2027-03-01T09:00\x00",
            "2027-03-01T" + "09:00 " * 10_000,
        ),
    ],
)
def test_what_is_not_a_wall_clock_is_refused(text: str) -> None:
    """Other formats, days that do not exist and years that must be slips are refused with a short sentence."""
    with pytest.raises(MalformedWallClock) as refused:
        parse_wall_clock(text)

    assert len(str(refused.value)) < 200


@given(CLOCKS)
def test_a_wall_clock_is_written_as_it_is_read(clock: datetime) -> None:
    """Writing and reading a wall clock are inverse to each other, and a space does for the T."""
    assert parse_wall_clock(written(clock)) == clock
    assert parse_wall_clock(f" {written(clock).replace('T', ' ')} ") == clock


def test_a_wall_clock_has_no_offset_and_no_fraction() -> None:
    """A datetime that YAML has read already is held to the same rules as text."""
    clock = datetime(2027, 3, 1, 9, 0)  # noqa: DTZ001 - a wall clock.

    assert checked_wall_clock(clock.replace(fold=1)).fold == 0
    with pytest.raises(MalformedWallClock, match="without one"):
        checked_wall_clock(clock.replace(tzinfo=timezone(timedelta(hours=1))))
    with pytest.raises(MalformedWallClock, match="whole seconds"):
        checked_wall_clock(clock.replace(microsecond=1))
