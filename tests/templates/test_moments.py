"""Does every moment read the same to whoever looks, wherever they are?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from templates import moments
from templates.language import Reader, reading

LAUNCH_AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


def loosely(said: str) -> str:
    """Return what is said with spaces at which a line may end."""
    return " ".join(said.split())


def test_no_line_ends_within_a_day() -> None:
    """A day keeps together in every language, and its time may stand on the next line."""
    held = "\N{NO-BREAK SPACE}"
    assert moments.instant(LAUNCH_AT, "Europe/Berlin") == f"1{held}Mar{held}2027, 09:00 CET"
    with reading(Reader(language="de")):
        assert moments.day(LAUNCH_AT) == f"1.{held}März{held}2027"


def test_a_few_minutes_are_no_nought_of_a_day() -> None:
    """Working days have one decimal, and what is less than that is said so."""
    assert [moments.working_days(days) for days in (0.0, 0.05, 0.1, 2.5, 3.0)] == [
        "less than 0.1",
        "less than 0.1",
        "0.1",
        "2.5",
        "3",
    ]


def test_since_when_is_told_by_day_and_length() -> None:
    """The day is that of the region's clock; the length is cut to its largest unit, and within a day the time of day
    is told too."""
    hours = LAUNCH_AT + timedelta(hours=23)
    assert loosely(moments.since(LAUNCH_AT, "Europe/Berlin", hours)) == "since 1 Mar 2027, 09:00 CET · 23 hours"
    now = LAUNCH_AT + timedelta(days=5, hours=3)
    assert loosely(moments.since(LAUNCH_AT, "Europe/Berlin", now)) == "since 1 Mar 2027 · 5 days"


@pytest.mark.parametrize(
    ("zone", "there", "beside"),
    [
        ("Europe/Berlin", "1 Mar 2027, 09:00 CET", "08:00 UTC"),
        ("Asia/Singapore", "1 Mar 2027, 16:00 UTC+8", "08:00 UTC"),
        ("Asia/Kathmandu", "1 Mar 2027, 13:45 UTC+5:45", "08:00 UTC"),
        ("America/Sao_Paulo", "1 Mar 2027, 05:00 UTC\N{MINUS SIGN}3", "08:00 UTC"),
        ("Pacific/Kiritimati", "1 Mar 2027, 22:00 UTC+14", "08:00 UTC"),
        ("Pacific/Honolulu", "28 Feb 2027, 22:00 HST", "1 Mar, 08:00 UTC"),
    ],
)
def test_an_instant_is_read_on_the_clock_of_the_region_with_beside(zone: str, there: str, beside: str) -> None:
    """The zone is always named, and the day in UTC wherever it is another one."""
    assert loosely(moments.instant(LAUNCH_AT, zone)) == there
    assert loosely(moments.beside(LAUNCH_AT, zone)) == beside


def test_a_day_names_its_clock_where_the_reader_has_another_day() -> None:
    """What happened in the small hours of a region whose clock is ahead does not look as if it were to come."""
    late = datetime(2026, 11, 23, 21, 14, tzinfo=UTC)
    assert loosely(moments.day_here(late, "Asia/Singapore")) == "24 Nov 2026 (UTC+8)"
    assert loosely(moments.day_here(late, "Europe/Berlin")) == "23 Nov 2026"
    assert loosely(moments.to_the_second(late, "Europe/Berlin")) == "23 Nov 2026, 22:14:00 CET"


def test_summer_time_has_its_own_name() -> None:
    """The same wall clock half a year later carries the name of summer time."""
    assert loosely(moments.instant(LAUNCH_AT.replace(month=7), "Europe/Berlin")) == "1 Jul 2027, 10:00 CEST"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (LAUNCH_AT, "1 Mar 2027"),
        (LAUNCH_AT.replace(day=15), "1\N{EN DASH}15 Mar 2027"),
        (LAUNCH_AT.replace(month=4), "1 Mar \N{EN DASH} 1 Apr 2027"),
        (LAUNCH_AT.replace(year=2028), "1 Mar 2027 \N{EN DASH} 1 Mar 2028"),
    ],
)
def test_a_span_of_days_says_nothing_twice(last: datetime, words: str) -> None:
    """Month and year are said once where they are the same."""
    assert loosely(moments.days(LAUNCH_AT, last)) == words


def test_an_hour_that_comes_twice_is_written_as_two() -> None:
    """Words that are kept are those of the moment, not of what a clock shows that goes back."""
    first = datetime(2027, 10, 31, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert loosely(moments.instant(first, "Europe/Berlin")) == "31 Oct 2027, 02:30 CEST"
    assert loosely(moments.instant(first.replace(fold=1), "Europe/Berlin")) == "31 Oct 2027, 02:30 CET"


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (timedelta(0), "less than a day before launch"),
        (timedelta(hours=-23), "less than a day before launch"),
        (timedelta(days=-1), "1 day before launch"),
        (timedelta(days=-9, hours=-5), "9 days before launch"),
        (timedelta(seconds=1), "1 day after launch"),
        (timedelta(days=13), "13 days after launch"),
        (timedelta(days=13, hours=1), "14 days after launch"),
    ],
)
def test_a_forecast_is_never_made_earlier_than_it_is(later: timedelta, words: str) -> None:
    """Whole days before the launch are cut, days begun after it are counted."""
    assert moments.margin(LAUNCH_AT + later, LAUNCH_AT) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=59), "less than an hour"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "1 day"),
        (timedelta(days=1200), "1,200 days"),
    ],
)
def test_a_length_of_time_is_cut_to_its_largest_unit(length: timedelta, words: str) -> None:
    """Nobody is said to have held the ball longer than they did."""
    assert moments.span(length) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=3, minutes=59), "3 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_the_age_of_what_is_stale_is_told_down_to_minutes(length: timedelta, words: str) -> None:
    """Whoever looks at old figures learns how old they are."""
    assert moments.age(LAUNCH_AT, LAUNCH_AT + length) == words


def test_what_is_past_is_told_from_what_is_to_come() -> None:
    """A moment lies ahead of now or behind it."""
    assert moments.until(LAUNCH_AT, LAUNCH_AT - timedelta(days=99)) == "in 99 days"
    assert moments.until(LAUNCH_AT, LAUNCH_AT + timedelta(hours=3)) == "3 hours ago"


@pytest.mark.parametrize(("share", "words"), [(0.8999, "89.9%"), (0.84, "84%"), (1.0, "100%"), (0.57, "57%")])
def test_a_share_is_never_rounded_up(share: float, words: str) -> None:
    """What is not quite ninety percent is not shown as ninety."""
    assert moments.percent(share) == words


def test_an_index_has_one_decimal_at_most() -> None:
    """The index is read as it was computed, without a decimal that says nothing."""
    assert (moments.index(63.4), moments.index(100.0), moments.index(0.0)) == ("63.4", "100", "0")


def test_a_long_text_is_cut_with_a_mark() -> None:
    """Whoever reads a cut text sees that it goes on."""
    assert moments.cut("a" * 10, 10) == "a" * 10
    assert moments.cut("a" * 11, 10) == "a" * 9 + "…"


@pytest.mark.parametrize(
    ("length", "english", "german"),
    [
        (timedelta(seconds=59), "for less than a minute", "seit weniger als einer Minute"),
        (timedelta(minutes=4), "for 4 minutes", "seit 4 Minuten"),
        (timedelta(hours=1), "for 1 hour", "seit 1 Stunde"),
        (timedelta(days=3, hours=5), "for 3 days", "seit 3 Tagen"),
    ],
)
def test_since_when_something_lasts_reads_as_a_sentence_of_its_language(
    length: timedelta, english: str, german: str
) -> None:
    """Each unit has words of its own, because other languages decline them."""
    now = datetime(2027, 1, 4, 9, tzinfo=UTC)
    for language, said in (("en", english), ("de", german)):
        with reading(Reader(language, "UTC")):
            assert moments.lasting(now - length, now) == said
