"""When does a forecast say that enough people will be ready?"""

from datetime import UTC, datetime, timedelta

import pytest

from readiness.evidence import Figures
from readiness.forecast import certification_forecast, is_outweighed, needed, training_forecast
from readiness.readiness import Rag

GATHERED_AT = datetime(2027, 1, 4, 9, 30, 15, 40, tzinfo=UTC)


def figures(**counts: object) -> Figures:
    """Return figures of ten people, gathered on a Monday morning."""
    told = {"at": GATHERED_AT, "gathered_at": GATHERED_AT, "revision": 1, "audience": 10, **counts}
    return Figures.model_validate(told)


def day(number: int) -> datetime:
    """Return the midnight before that day of January 2027."""
    return datetime(2027, 1, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reached", "required", "more"),
    [(0, 8_000, 8), (7, 8_000, 1), (8, 8_000, 0), (9, 8_000, 0), (0, 8_001, 9), (8, 8_001, 1), (0, 0, 0)],
)
def test_as_many_people_more_are_needed_as_make_the_share_whole(reached: int, required: int, more: int) -> None:
    """A share of a person is a person, and too many are not fewer than none."""
    assert needed(figures(), reached, required=required) == more


@pytest.mark.parametrize(
    ("certified", "recent", "forecast_at"),
    [
        # Eight are needed. Fourteen in fourteen days are one a day, so the last of four passes on Friday morning.
        (4, 14, day(9)),
        (7, 14, day(6)),
        # One in fourteen days is the least pace there is.
        (7, 1, day(19)),
        (0, 1, datetime(2027, 4, 27, tzinfo=UTC)),
        # As if it took no time at all, the day is the next one.
        (7, 1_000_000, day(5)),
    ],
)
def test_certification_is_forecast_from_the_pace_of_the_last_fourteen_days(
    certified: int, recent: int, forecast_at: datetime
) -> None:
    """Whoever is missing passes at the pace of those who passed lately; the day that is over then is named."""
    told = figures(certified=certified, certified_recent=recent)
    assert certification_forecast(told, required=8_000) == forecast_at


def test_a_forecast_that_falls_on_midnight_is_that_midnight() -> None:
    """A day that is not begun is not added."""
    at_midnight = figures(certified=7, certified_recent=14).model_copy(update={"gathered_at": day(4)})
    assert certification_forecast(at_midnight, required=8_000) == day(5)


def test_a_pace_that_does_not_divide_is_rounded_up() -> None:
    """Three in fourteen days take four days and sixteen hours for one, and not a second less."""
    at_midnight = figures(certified=7, certified_recent=3).model_copy(update={"gathered_at": day(4)})
    assert certification_forecast(at_midnight, required=8_000) == day(9)
    seventh = figures(certified=7, certified_recent=1_209_599).model_copy(
        update={"gathered_at": day(5) - timedelta(seconds=1)}
    )
    assert certification_forecast(seventh, required=8_000) == day(6)


@pytest.mark.parametrize("recent", [0, -1])
def test_without_a_pace_there_is_no_forecast(recent: int) -> None:
    """Nobody passed lately: no day can be named."""
    assert certification_forecast(figures(certified=7, certified_recent=recent), required=8_000) is None


def test_what_is_reached_needs_no_forecast() -> None:
    """Enough is enough."""
    assert certification_forecast(figures(certified=8, certified_recent=14), required=8_000) is None
    assert (
        training_forecast(figures(trained=8, completions=16, completions_recent=5), courses=2, required=8_000) is None
    )
    everyone = figures(trained=10, completions=20, completions_recent=5)
    assert training_forecast(everyone, courses=2, required=10_000) is None


def test_a_forecast_beyond_ten_years_says_no_more_than_none() -> None:
    """Ten years are named, a day more is not."""
    started_at = {"at": day(4), "gathered_at": day(4), "certified_recent": 1}
    of_many = figures(audience=261, certified=0, **started_at)
    # 260 times fourteen days are 3,640; one person more is beyond ten years of 3,650.
    assert certification_forecast(of_many, required=9_961) == day(4) + timedelta(days=3_640)
    assert certification_forecast(of_many, required=9_970) is None


def test_ten_years_to_the_second_are_still_named() -> None:
    """The bound belongs to what may be said."""
    told = figures(audience=3_650, certified=0, at=day(4), gathered_at=day(4), certified_recent=14)
    assert certification_forecast(told, required=10_000) == day(4) + timedelta(days=3_650)


def test_training_is_forecast_from_the_courses_that_those_who_are_needed_still_miss() -> None:
    """Four of six untrained are needed; the six miss nine courses, so the four are taken to miss six."""
    told = figures(trained=4, completions=11, completions_recent=14)
    assert training_forecast(told, courses=2, required=8_000) == day(11)
    # Half a course is a course: six untrained miss ten, four of them seven.
    fewer = figures(trained=4, completions=10, completions_recent=14)
    assert training_forecast(fewer, courses=2, required=8_000) == day(12)


def test_training_without_completions_lately_has_no_forecast() -> None:
    """A pace that ended is no pace."""
    assert training_forecast(figures(trained=4, completions=11), courses=2, required=8_000) is None


@pytest.mark.parametrize(
    ("rag", "days_late", "outweighed"),
    [(Rag.RED, -1, True), (Rag.RED, 0, True), (Rag.RED, 1, False), (Rag.AMBER, -1, False), (Rag.GREEN, -1, False)],
)
def test_a_forecast_in_time_says_little_beside_red(rag: Rag, days_late: int, outweighed: bool) -> None:
    """The pace of learning knows nothing of what is overdue or lapses; one that is late says the same as red."""
    launch_at = day(30)
    forecast_at = launch_at + timedelta(days=days_late)
    assert is_outweighed(forecast_at, launch_at=launch_at, rag=rag) is outweighed
    assert not is_outweighed(None, launch_at=launch_at, rag=rag)


@pytest.mark.parametrize(
    ("trained", "completions", "required", "forecast_at"),
    [
        # Two people miss three courses, a course and a half each: one of them has to complete two.
        (8, 17, 9_000, day(7)),
        # The last person of all misses one.
        (9, 19, 10_000, day(6)),
    ],
)
def test_half_a_course_is_a_course_and_the_last_person_is_forecast_too(
    trained: int, completions: int, required: int, forecast_at: datetime
) -> None:
    """One course a day is completed, and nobody completes a part of one."""
    told = figures(trained=trained, completions=completions, completions_recent=14)
    assert training_forecast(told, courses=2, required=required) == forecast_at
