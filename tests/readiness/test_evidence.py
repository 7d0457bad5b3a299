"""For how long do figures that were counted once stay those that counting anew would give?"""

from datetime import UTC, datetime, timedelta

import pytest

from readiness.evidence import AudienceChange, Figures, pace_begins_at, pace_forgets_at

GATHERED_AT = datetime(2027, 1, 4, 9, 30, 15, 40, tzinfo=UTC)
LAUNCH_AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
STEADY_UNTIL = GATHERED_AT + timedelta(hours=2)
TICK = timedelta(microseconds=1)
OPENED_AT = GATHERED_AT - timedelta(days=3)


def figures(*, at: datetime = LAUNCH_AT, **changes: object) -> Figures:
    """Return figures that are steady for two hours."""
    told = {"at": at, "gathered_at": GATHERED_AT, "revision": 7, "audience": 10, "steady_until": STEADY_UNTIL}
    return Figures.model_validate({**told, **changes})


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (GATHERED_AT, True),
        (STEADY_UNTIL - TICK, True),
        (STEADY_UNTIL, False),
        (GATHERED_AT - TICK, False),
    ],
)
def test_steady_figures_hold_from_their_gathering_until_just_before_they_change(now: datetime, holds: bool) -> None:
    """Counting again would give the same; what was counted is said to be as of now."""
    again = figures().as_of(LAUNCH_AT, now=now, since=None)
    assert again == (figures(gathered_at=now) if holds else None)


def test_figures_of_which_nobody_knows_how_long_they_hold_are_counted_anew() -> None:
    """Unknown is no."""
    assert figures(steady_until=None).as_of(LAUNCH_AT, now=GATHERED_AT, since=None) is None


def test_figures_for_one_instant_say_nothing_of_another() -> None:
    """Ready on the day: of another day nothing was counted."""
    now = GATHERED_AT + timedelta(hours=1)
    assert figures().as_of(LAUNCH_AT + TICK, now=now, since=None) is None
    assert figures().as_of(now, now=now, since=None) is None


def test_figures_for_the_moment_of_their_gathering_hold_for_every_moment_while_they_are_steady() -> None:
    """Once a launch instant has passed everything is judged as of now."""
    now = GATHERED_AT + timedelta(hours=1)
    of_then = figures(at=GATHERED_AT)
    assert of_then.as_of(now, now=now, since=None) == figures(at=now, gathered_at=now)
    assert of_then.as_of(GATHERED_AT, now=now, since=None) == figures(at=GATHERED_AT, gathered_at=now)
    assert of_then.as_of(now + TICK, now=now, since=None) is None


def test_a_change_of_the_audience_is_reckoned_from_the_moment_that_is_asked_for() -> None:
    """What changed since another moment was not counted."""
    changed = figures(change=AudienceChange(joined=1, left=0, excluded=0, since=OPENED_AT))
    assert changed.as_of(LAUNCH_AT, now=GATHERED_AT, since=OPENED_AT) == changed
    assert changed.as_of(LAUNCH_AT, now=GATHERED_AT, since=OPENED_AT + TICK) is None
    assert changed.as_of(LAUNCH_AT, now=GATHERED_AT, since=None) is None
    assert figures().as_of(LAUNCH_AT, now=GATHERED_AT, since=OPENED_AT) is None


def test_the_pace_is_measured_over_the_fourteen_days_before_the_last_full_hour() -> None:
    """Minutes change no figure."""
    begins_at = datetime(2026, 12, 21, 9, tzinfo=UTC)
    assert pace_begins_at(GATHERED_AT) == begins_at
    assert pace_begins_at(begins_at + timedelta(days=14)) == begins_at


@pytest.mark.parametrize(
    ("done_at", "forgotten_at"),
    [
        (datetime(2027, 1, 1, 8, 0, tzinfo=UTC), datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        (datetime(2027, 1, 1, 8, 0, 0, 1, tzinfo=UTC), datetime(2027, 1, 15, 9, 0, tzinfo=UTC)),
        (datetime(2027, 1, 1, 8, 59, 59, 999_999, tzinfo=UTC), datetime(2027, 1, 15, 9, 0, tzinfo=UTC)),
    ],
)
def test_the_pace_forgets_at_the_first_full_hour_that_is_late_enough(
    done_at: datetime, forgotten_at: datetime
) -> None:
    """Just before it the completion still counts, and from it on no more."""
    assert pace_forgets_at(done_at) == forgotten_at
    assert pace_begins_at(forgotten_at) >= done_at > pace_begins_at(forgotten_at - TICK)
