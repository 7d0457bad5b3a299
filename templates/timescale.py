"""Where on a line from the first day to the last does a moment lie?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WIDTH = 1_000
"""The length of the line, in units of the drawing."""

_MARGIN = timedelta(days=2)
_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
_MOST_TICKS = 9


@dataclass(frozen=True, slots=True)
class Tick:
    """A day that is marked on the line."""

    at: datetime
    x: int


@dataclass(frozen=True, slots=True)
class Timescale:
    """A line on which every moment from `first_at` to `last_at` has its place."""

    first_at: datetime
    last_at: datetime

    def x(self, moment: datetime) -> int:
        """Return where `moment` lies, from 0 to WIDTH; what lies beyond either end lies on that end."""
        whole = self.last_at - self.first_at
        return min(WIDTH, max(0, round((moment - self.first_at) / whole * WIDTH)))

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Midnights in UTC to be marked, evenly spaced and few enough to be read."""
        days = (self.last_at - self.first_at).days
        step = next((each for each in _STEPS if days // each < _MOST_TICKS), _STEPS[-1])
        first = self.first_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        found: list[Tick] = []
        while first < self.last_at:
            found.append(Tick(at=first, x=self.x(first)))
            first += timedelta(days=step)
        return tuple(found)


def timescale(moments: Iterable[datetime]) -> Timescale:
    """Return a line that holds all of `moments`, of which there is at least one, with a margin on either side."""
    each = tuple(moments)
    return Timescale(min(each) - _MARGIN, max(each) + _MARGIN)
