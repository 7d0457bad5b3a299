"""How many working days lie between two instants on the clock of a region, and when have so many gone by?"""

# A working day is Monday to Friday on the region's own clock, from midnight to midnight there. What lies within one
# counts as the share of that very day: of its 23 or 25 hours where clocks change. So a weekday held from midnight to
# midnight is one day, whatever its length, six hours of a plain one are a quarter, and a weekend is nothing. Public
# holidays are not known and count as what their weekday is.

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

WORKING_WEEKDAYS = frozenset(range(5))
"""Monday to Friday, as `date.weekday` counts them."""

_DAY = timedelta(days=1)
_FIRST_MONDAY = date(2000, 1, 3)
_MICROSECOND = timedelta(microseconds=1)


def working_days(began_at: datetime, ended_at: datetime, zone: str) -> Fraction:
    """Return how many working days of the time zone `zone` lie between two instants, exactly; 0 where none passed.

    Whatever an interval is cut into, its parts add up to the whole.
    """
    if ended_at <= began_at:
        return Fraction()
    # A day more on either side: where clocks skip midnight, a date may be reached before the day begins.
    place = ZoneInfo(zone)
    first = began_at.astimezone(place).date() - _DAY
    until = ended_at.astimezone(place).date() + 2 * _DAY
    if _skips_a_day(zone, first, until):
        return _shares(first, until, began_at, ended_at, zone)
    return _reached(ended_at, zone) - _reached(began_at, zone)


@lru_cache(maxsize=262_144)
def _reached(at: datetime, zone: str) -> Fraction:
    """Return how many working days of `zone` have gone by at `at` since the first Monday of 2000, were none skipped.

    Whoever adds up ten thousand regions asks for the same moments again and again.
    """
    day = at.astimezone(ZoneInfo(zone)).date()
    while at < _midnight(zone, day):
        day -= _DAY
    while at >= _midnight(zone, day + _DAY):
        day += _DAY
    share = _share(day, _midnight(zone, day), at, zone) if day.weekday() in WORKING_WEEKDAYS else Fraction()
    return _weekdays(_FIRST_MONDAY, day) + share


def _shares(first: date, until: date, began_at: datetime, ended_at: datetime, zone: str) -> Fraction:
    """Return the sum of the shares that lie between two instants, of the working days from `first` to `until`."""
    days = (date.fromordinal(ordinal) for ordinal in range(first.toordinal(), until.toordinal()))
    shares = (_share(day, began_at, ended_at, zone) for day in days if day.weekday() in WORKING_WEEKDAYS)
    return sum(shares, Fraction())


def _share(day: date, began_at: datetime, ended_at: datetime, zone: str) -> Fraction:
    """Return which share of a day on the clock of `zone` lies between two instants."""
    start, end = _midnight(zone, day), _midnight(zone, day + _DAY)
    within = min(end, ended_at) - max(start, began_at)
    if within <= timedelta():
        return Fraction()
    return Fraction(within // _MICROSECOND, (end - start) // _MICROSECOND)


def _weekdays(first: date, until: date) -> int:
    """Return how many Mondays to Fridays lie from `first` on and before `until`; below 0 where that is earlier."""
    weeks, rest = divmod((until - first).days, 7)
    return 5 * weeks + sum((first.weekday() + day) % 7 in WORKING_WEEKDAYS for day in range(rest))


def _skips_a_day(zone: str, first: date, until: date) -> bool:
    """Say whether the zone has moved across the date line between two dates, which no change of clocks comes near."""
    expected = timedelta(days=(until - first).days)
    return abs(_midnight(zone, until) - _midnight(zone, first) - expected) > timedelta(hours=12)


@lru_cache(maxsize=65_536)
def _midnight(zone: str, day: date) -> datetime:
    """Return the instant at which `day` begins; where clocks skip its midnight, the one at which they do."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def after_working_days(since: datetime, days: int, zone: str) -> datetime:
    """Return the moment, in UTC, at which `days` working days have gone by in `zone` since `since`.

    Where the clocks of the zone skip that time of day it is the moment as long after the change; where they show it
    twice, the first.
    """
    place = ZoneInfo(zone)
    clock = since.astimezone(place).replace(tzinfo=None)
    if not _is_working(clock):
        clock = datetime.combine(clock.date() + (7 - clock.weekday()) * _DAY, datetime.min.time())
    weeks, rest = divmod(days, len(WORKING_WEEKDAYS))
    clock += timedelta(weeks=weeks)
    while rest:
        clock += _DAY
        rest -= _is_working(clock)
    return clock.replace(tzinfo=place).astimezone(UTC)


def whole_working_days(since: datetime, until: datetime, zone: str) -> int:
    """Return how many whole working days have gone by in `zone` from `since` to `until`; 0 where that is earlier."""
    # A few too few to begin with: five in seven days, less the weekend that the span may begin or end in.
    days = max(0, (until - since) // _DAY * len(WORKING_WEEKDAYS) // 7 - len(WORKING_WEEKDAYS))
    while after_working_days(since, days + 1, zone) <= until:
        days += 1
    return days


def _is_working(clock: datetime) -> bool:
    return clock.weekday() in WORKING_WEEKDAYS
