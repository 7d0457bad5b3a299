"""Is it noticed that no worker takes tasks, whatever the clocks say?"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bootstrap.attendance import BELIEVED, POLLED_WITHIN, Attendance, NobodyWorks

LONG_AGO = datetime(2017, 1, 4, 12, tzinfo=UTC)
"""What a clock shows that is years off."""


class Queue:
    """A task queue with the moments at which workers asked, and a clock of the one who looks at it."""

    def __init__(self, *polled: datetime) -> None:
        self.polled = list(polled)
        self.now = 1_000.0
        self.asked = 0
        self.attendance = Attendance(self._ask, clock=lambda: self.now)

    async def _ask(self) -> list[datetime]:
        self.asked += 1
        return self.polled

    def passes(self, span: timedelta) -> None:
        """Let time pass for the one who looks."""
        self.now += span.total_seconds()

    @property
    def is_attended(self) -> bool:
        """What the check says now."""
        try:
            asyncio.run(self.attendance.check())
        except NobodyWorks:
            return False
        return True


def test_a_queue_that_nobody_asks_at_is_unattended() -> None:
    """Without any poller there is no worker, and with the first there is one at once."""
    queue = Queue()
    assert not queue.is_attended
    queue.polled.append(LONG_AGO)
    assert queue.is_attended


def test_a_worker_that_stops_asking_is_missed() -> None:
    """A moment that does not move on for longer than an idle worker waits is a worker that is gone."""
    queue = Queue(LONG_AGO)
    assert queue.is_attended
    queue.passes(POLLED_WITHIN)
    assert queue.is_attended
    queue.passes(BELIEVED)
    assert not queue.is_attended


def test_a_worker_that_goes_on_asking_is_there_however_wrong_the_clocks_are() -> None:
    """Only that the moment moves on counts; one worker is enough where others have gone."""
    queue = Queue(LONG_AGO, LONG_AGO)
    for _ in range(5):
        queue.passes(POLLED_WITHIN)
        queue.polled[1] += timedelta(minutes=1)
        assert queue.is_attended


@pytest.mark.parametrize(("span", "asked"), [(BELIEVED / 2, 1), (BELIEVED, 2)])
def test_a_yes_is_believed_for_a_moment(span: timedelta, asked: int) -> None:
    """Whoever asks for health many times a second does not make Temporal work as often."""
    queue = Queue(LONG_AGO)
    assert queue.is_attended
    queue.passes(span)
    assert queue.is_attended
    assert queue.asked == asked
