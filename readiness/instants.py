"""At which instant does a clock on the wall of a region show a given time?"""

import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

EARLIEST_YEAR = 2000
LATEST_YEAR = 2199
"""The years that a wall clock may show. A year outside is a slip of the keyboard, and the arithmetic here stays far
from the ends of the calendar."""

_WALL_CLOCK = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_OFFSET = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)\Z", re.ASCII | re.IGNORECASE)
_NOT_PLACES = frozenset({"Factory", "localtime"})
_LONGEST_QUOTE = 64


class MalformedWallClock(ValueError):  # noqa: N818 - named by its reason, as refusals are.
    """What was given is not a time on a wall clock."""


class WallClockSkipped(ValueError):  # noqa: N818 - named by its reason, as refusals are.
    """The clocks of the zone are put forward past that time, so that it never comes."""


class WallClockRepeated(ValueError):  # noqa: N818 - named by its reason, as refusals are.
    """The clocks of the zone are put back over that time, so that it comes twice."""


class UnknownZone(ValueError):  # noqa: N818 - named by its reason, as refusals are.
    """There is no such time zone."""


def shown(value: object) -> str:
    """Return `value` as a sentence may quote it: short, in quotes, and without a character that does not print."""
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")


@cache
def known_zones() -> frozenset[str]:
    """Return the names of the time zones of the IANA database that stand for a place or a fixed offset."""
    return frozenset(available_timezones() - _NOT_PLACES)


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone called `name`; raises UnknownZone.

    Only listed names are ever looked up, so a name cannot reach a file outside the database.
    """
    if name not in known_zones():
        raise UnknownZone(f"{shown(name)} is not a known time zone; {_zone_advice(name)}.")
    return ZoneInfo(name)


@cache
def _zones_in_lower_case() -> dict[str, str]:
    return {zone.lower(): zone for zone in sorted(known_zones())}


def _zone_advice(name: str) -> str:
    wanted = name.strip().lower().replace(" ", "_")
    zones = _zones_in_lower_case()
    if wanted and len(wanted) <= _LONGEST_QUOTE:
        meant = [zone for zone in zones if zone == wanted or zone.rpartition("/")[2] == wanted]
        # A slip is looked for among the names that begin alike: quick, and rarely beside the point.
        alike = [zone for zone in zones if zone[0] == wanted[0] and abs(len(zone) - len(wanted)) <= 2]
        for match in (*meant, *get_close_matches(wanted, alike, n=1, cutoff=0.8)):
            return f"write {zones[match]} if that is meant"
    return "give a name of the IANA time zone database, for example Europe/Berlin"


def parse_wall_clock(text: str) -> datetime:
    """Return the wall clock written as `2027-03-01T09:00`, with or without seconds, as a naive datetime.

    Raises MalformedWallClock, also for a time with an offset: whose clock it is, the region's zone says.
    """
    trimmed = text.strip()
    if len(trimmed) <= _LONGEST_QUOTE and _OFFSET.search(trimmed):
        raise MalformedWallClock(
            f"{shown(text)} carries an offset; give the wall clock in the region's zone, without an offset, "
            "as in 2027-03-01T09:00."
        )
    match = _WALL_CLOCK.fullmatch(trimmed)
    if match is None:
        raise MalformedWallClock(f"{shown(text)} is not a day and time; write it as in 2027-03-01T09:00.")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        wall_clock = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock has no zone.
    except ValueError:
        raise MalformedWallClock(f"{shown(text)} is not in the calendar; give a day and time that exist.") from None
    return checked_wall_clock(wall_clock)


def checked_wall_clock(wall_clock: datetime) -> datetime:
    """Return `wall_clock` if it is naive, in whole seconds and in an allowed year; raises MalformedWallClock."""
    if wall_clock.tzinfo is not None:
        raise MalformedWallClock(
            f"{wall_clock.isoformat()} carries an offset; give the wall clock in the region's zone, without one."
        )
    if wall_clock.microsecond:
        raise MalformedWallClock(f"{wall_clock.isoformat()} has a fraction of a second; give whole seconds.")
    if not EARLIEST_YEAR <= wall_clock.year <= LATEST_YEAR:
        raise MalformedWallClock(
            f"{wall_clock.isoformat()} is out of range; give a year from {EARLIEST_YEAR} to {LATEST_YEAR}."
        )
    return wall_clock.replace(fold=0)


def written(wall_clock: datetime) -> str:
    """Return `wall_clock` as plans write it: `2027-03-01T09:00`, with seconds only where there are any."""
    return wall_clock.replace(tzinfo=None).isoformat(timespec="seconds" if wall_clock.second else "minutes")


def local_time(moment: datetime, zone: str) -> datetime:
    """Return the instant `moment` with the offset of `zone`, for showing only; instants are compared in UTC."""
    return moment.astimezone(zone_named(zone))


def resolve(wall_clock: datetime, zone: str) -> datetime:
    """Return the one instant, in UTC, at which the clocks of `zone` show the naive `wall_clock`.

    Raises UnknownZone, MalformedWallClock, WallClockSkipped where clocks are put forward past it, and
    WallClockRepeated where they are put back over it.
    """
    clock = checked_wall_clock(wall_clock)
    place = zone_named(zone)
    # PEP 495: fold 0 reads the time with the offset before a change of the clocks, fold 1 with the one after it.
    before, after = (clock.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    exact = [instant for instant in (before, after) if _shown_at(instant, place) == clock]
    if not exact:
        last, first = _around_change(after, before, place)
        raise WallClockSkipped(
            f"{written(clock)} does not exist in {zone}: clocks go from {written(last)} to {written(first)}; "
            f"give a time before {written(last)}, or {written(first)} or later."
        )
    if len(exact) == 2 and before != after:
        end, start = _around_change(before, after, place)
        raise WallClockRepeated(
            f"{written(clock)} comes twice in {zone}, at {_utc(before)} and at {_utc(after)}: clocks go back from "
            f"{written(end)} to {written(start)}; give a time before {written(start)}, or {written(end)} or later."
        )
    return exact[0]


def _shown_at(instant: datetime, place: ZoneInfo) -> datetime:
    return instant.astimezone(place).replace(tzinfo=None, fold=0)


def _utc(instant: datetime) -> str:
    return f"{written(instant)} UTC"


def _around_change(early: datetime, late: datetime, place: ZoneInfo) -> tuple[datetime, datetime]:
    """Return what the clocks show just as they are changed between two instants: by the old offset, by the new."""
    old, new = (instant.astimezone(place).utcoffset() or timedelta() for instant in (early, late))
    low, high = early, late
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(place).utcoffset() == old:
            low = middle
        else:
            high = middle
    naive = high.replace(tzinfo=None)
    return naive + old, naive + new
