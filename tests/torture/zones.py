"""When are the clocks of a zone changed, and which wall clocks are worth trying around that?"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from readiness.instants import WallClockRepeated, WallClockSkipped, known_zones, parse_wall_clock, resolve, written

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

LONGEST_CHANGE = timedelta(hours=25)
"""By how much clocks were ever put forward or back: Apia left out a day."""


class Change(NamedTuple):
    """The first instant, in UTC, at which the clocks of a zone have another offset than before."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_gap(self) -> bool:
        """True where clocks are put forward, so that some wall clocks never come."""
        return self.after > self.before

    def __str__(self) -> str:
        return f"{self.zone} {self.at:%Y-%m-%dT%H:%MZ} {'forward' if self.is_gap else 'back'}"


def changes(zone: str, first: datetime, last: datetime) -> list[Change]:
    """Return every change of the clocks of `zone` in a time, to the second, however many there are in a day."""
    place = ZoneInfo(zone)
    days = [first + DAY * number for number in range((last - first) // DAY + 1)]
    found = []
    for low, high in pairwise(days):
        if low.astimezone(place).utcoffset() != high.astimezone(place).utcoffset():
            found.append(_narrowed(zone, place, low, high))
    return found


def walls_around(change: Change, chance: random.Random) -> Iterator[datetime]:
    """Yield wall clocks at the ends of what is skipped or repeated, within it, and nearby."""
    ends = sorted((change.at + offset).replace(tzinfo=None) for offset in (change.before, change.after))
    inside = ends[0] + (ends[1] - ends[0]) / 2
    for wall in (*ends, inside, *(end + nudge for end in ends for nudge in (-MINUTE, MINUTE))):
        yield wall.replace(second=0, microsecond=0)
    for _ in range(3):
        yield (ends[0] + chance.randrange(-1_500, 1_500) * MINUTE).replace(second=0, microsecond=0)


def instants_showing(wall: datetime, zone: str) -> list[datetime]:
    """Return every instant at which the clocks of `zone` show `wall`, by trying each offset that holds around it."""
    place = ZoneInfo(zone)
    middle = wall.replace(tzinfo=UTC)
    tried = {_offset(middle + shift * LONGEST_CHANGE / 4, place) for shift in range(-8, 9)}
    found = {middle - offset for offset in tried}
    return sorted(at for at in found if shown(at, zone) == wall)


def shown(at: datetime, zone: str) -> datetime:
    """Return what the clocks of `zone` show at an instant."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def resolved(wall: datetime, zone: str) -> datetime | None:
    """Return the instant that the product takes `wall` for; None where it refuses it by name, with a way out."""
    try:
        return resolve(wall, zone)
    except (WallClockSkipped, WallClockRepeated) as refused:
        offered = str(refused).rpartition(", or ")[2].removesuffix(" or later.")
        resolve(parse_wall_clock(offered), zone)
        return None


def fault(wall: datetime, zone: str, taken_for: datetime | None) -> str | None:
    """Say what is wrong with taking `wall` for an instant, or with refusing it (None); None where all is well."""
    instants = instants_showing(wall, zone)
    if taken_for is None:
        return f"{written(wall)} in {zone} comes once, and is refused" if len(instants) == 1 else None
    if len(instants) != 1:
        return f"{written(wall)} in {zone} comes {len(instants)} times, and is taken for {taken_for}"
    early = taken_for < instants[0] or shown(taken_for, zone) < wall
    if early or taken_for != instants[0]:
        return f"{written(wall)} in {zone} is {instants[0]}, not {taken_for}{', which is too early' if early else ''}"
    return None


@cache
def every_zone() -> tuple[str, ...]:
    """Return the names of all zones, in order."""
    return tuple(sorted(known_zones()))


def _narrowed(zone: str, place: ZoneInfo, low: datetime, high: datetime) -> Change:
    before, after = _offset(low, place), _offset(high, place)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset(middle, place) == before else (low, middle)
    return Change(zone, high, before, after)


def _offset(at: datetime, place: ZoneInfo) -> timedelta:
    return at.astimezone(place).utcoffset() or timedelta()
