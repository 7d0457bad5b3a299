"""How are moments, spans and numbers written for people?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def instant(moment: datetime, zone: str) -> str:
    """Return `moment` on the clock of `zone`, named: `1 Mar 2027, 09:00 CET`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_day(local)}, {local:%H:%M} {_clock_name(local)}"


def utc_beside(moment: datetime, zone: str) -> str:
    """Return the same instant in UTC as it is written beside `instant`: with its day only where that differs."""
    local, utc = moment.astimezone(ZoneInfo(zone)), moment.astimezone(UTC)
    return f"{utc:%H:%M} UTC" if utc.date() == local.date() else f"{utc.day} {utc:%b}, {utc:%H:%M} UTC"


def in_utc(moment: datetime) -> str:
    """Return `moment` in UTC: `1 Mar 2027, 08:00 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{_day(utc)}, {utc:%H:%M} UTC"


def day(moment: datetime, zone: str = "UTC") -> str:
    """Return the day of `moment` in `zone`: `1 Mar 2027`."""
    return _day(moment.astimezone(ZoneInfo(zone)))


def days(first: datetime, last: datetime) -> str:
    """Return a span of days, each on its own clock: `1 Mar 2027`, the month or year said once where it is one."""
    if first.date() == last.date():
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{EN DASH}{_day(last)}"
    return f"{_day(first) if first.year != last.year else f'{first.day} {first:%b}'} \N{EN DASH} {_day(last)}"


def machine(moment: datetime) -> str:
    """Return `moment` for the `datetime` attribute, in UTC to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(length: timedelta) -> str:
    """Return how long something takes, cut to its largest unit: `3 days`, `5 hours`, `less than an hour`."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour")):
        if length >= unit:
            return counted(length // unit, name)
    return "less than an hour"


def age(moment: datetime, now: datetime) -> str:
    """Return how old what is of `moment` is, down to minutes: `3 hours`, `4 minutes`, `less than a minute`."""
    length = now - moment
    if length >= _HOUR:
        return span(length)
    return counted(length // _MINUTE, "minute") if length >= _MINUTE else "less than a minute"


def until(moment: datetime, now: datetime) -> str:
    """Return where `moment` lies from `now`: `in 99 days`, `3 hours ago`."""
    return f"in {span(moment - now)}" if moment >= now else f"{span(now - moment)} ago"


def margin(forecast_at: datetime, launch_at: datetime) -> str:
    """Return how a forecast lies to the launch, in whole days: a day begun after it counts as late."""
    if forecast_at <= launch_at:
        early = (launch_at - forecast_at) // _DAY
        return f"{counted(early, 'day')} before launch" if early else "less than a day before launch"
    return f"{counted(-((launch_at - forecast_at) // _DAY), 'day')} after launch"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return the number with its noun, in the plural but for one: `1 day`, `3 days`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def percent(share: float) -> str:
    """Return a share in percent, cut and never rounded up: `84%`, `84.3%`."""
    tenths = round(share * 10_000) // 10
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}%" if rest else f"{whole}%"


def number(count: int) -> str:
    """Return a count with its thousands apart: `9,235`."""
    return f"{count:,}"


def index(reached: float) -> str:
    """Return a readiness index, 0 to 100, with the one decimal that it has: `63.4`, `100`."""
    return f"{reached:.1f}".removesuffix(".0")


def cut(text: str, longest: int) -> str:
    """Return `text` with an ellipsis in place of what goes beyond `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _day(local: datetime) -> str:
    return f"{local.day} {local:%b %Y}"


def _clock_name(local: datetime) -> str:
    """Return the zone's own abbreviation, or its offset where the zone has none but a number."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    sign, (hours, rest) = "+" if minutes >= 0 else "\N{MINUS SIGN}", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"
