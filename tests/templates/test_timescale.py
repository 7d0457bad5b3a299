"""Does every moment find its place on the line of a launch?"""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from templates.timescale import WIDTH, timescale

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=7_300)).map(lambda span: FIRST + span)


@given(each=st.lists(moments, min_size=1, max_size=8))
def test_places_keep_the_order_of_moments(each: list[datetime]) -> None:
    """What is later is never further left, and everything lies within the line with room on both sides."""
    scale = timescale(each)
    places = [scale.x(moment) for moment in sorted(each)]
    assert places == sorted(places)
    assert 0 < places[0] <= places[-1] < WIDTH or (max(each) - min(each)) > timedelta(days=1_900)


@given(each=st.lists(moments, min_size=1, max_size=8))
def test_ticks_are_midnights_and_few(each: list[datetime]) -> None:
    """However long a launch takes, its line has marks that can be read: evenly spaced midnights."""
    ticks = timescale(each).ticks
    assert 1 <= len(ticks) <= 25
    assert all((tick.at.hour, tick.at.minute) == (0, 0) for tick in ticks)
    assert [tick.x for tick in ticks] == sorted(tick.x for tick in ticks)


def test_what_lies_beyond_the_line_lies_on_its_end() -> None:
    """A forecast in ten years does not push everything else together."""
    first = datetime(2026, 1, 5, tzinfo=UTC)
    scale = timescale([first, first + timedelta(days=40)])
    assert scale.x(first + timedelta(days=3_650)) == WIDTH
    assert scale.x(first - timedelta(days=3_650)) == 0
