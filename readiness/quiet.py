"""When may a person be written to, and when is their one digest of the day due?"""

# Hours are those of the clock on the person's wall. An hour that the clock skips delays nothing, and one that it
# shows twice is quiet both times.

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from readiness.values import Frozen, to_utc

_STEP = timedelta(minutes=15)
"""Every zone's clock differs from UTC by whole quarters of an hour, and so do all changes of it."""

_LONGEST = timedelta(hours=49)


class Hours(Frozen):
    """The hours of the day in which nobody is mailed, from `begins` to just before `ends`, and when digests go out.

    Whole quarters of an hour; equal ends mean that no hour is quiet.
    """

    begins: time = time(20)
    ends: time = time(7)
    digest_at: time = time(8)


def is_quiet(at: datetime, zone: str, hours: Hours) -> bool:
    """Say whether `at` lies in the quiet hours of `zone`."""
    shown = at.astimezone(ZoneInfo(zone)).time()
    if hours.begins <= hours.ends:
        return hours.begins <= shown < hours.ends
    return shown >= hours.begins or shown < hours.ends


def first_loud(at: datetime, zone: str, hours: Hours) -> datetime:
    """Return the first instant from `at` on that is not quiet in `zone`: `at` itself where it is not."""
    if not is_quiet(at, zone, hours):
        return to_utc(at)
    # From quarter to quarter, because a clock that is put on or back makes every shorter way wrong somewhere.
    tried = _next_quarter(to_utc(at))
    until = tried + _LONGEST
    while is_quiet(tried, zone, hours):
        tried += _STEP
        if tried > until:
            raise ValueError("every hour of the day is quiet")
    return tried


def digest_day(now: datetime, zone: str, hours: Hours, last: date | None) -> date | None:
    """Return the day, on the clock of `zone`, whose digest is due at `now`; None where none is due.

    `last` is the day of the last digest that the person had: no day has two.
    """
    local = now.astimezone(ZoneInfo(zone))
    if local.time() < hours.digest_at or is_quiet(now, zone, hours):
        return None
    today = local.date()
    return None if last is not None and last >= today else today


def _next_quarter(at: datetime) -> datetime:
    whole = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return whole if whole == at else whole + _STEP
