"""How are moments, spans and numbers written for people?"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, wraps
from typing import ParamSpec
from zoneinfo import ZoneInfo

from templates.language import gettext, ngettext, reader

Said = ParamSpec("Said")

_MONTHS = {
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
}
"""Of the languages that are not the machine's own."""

_TOGETHER = "\N{NO-BREAK SPACE}"
"""Between the parts of a day: no line ends within one."""

_KEPT = 4_096
"""Moments and numbers whose words are kept: more than a page of the board has."""

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def _kept(write: Callable[Said, str]) -> Callable[Said, str]:
    """Write the same for the same reader once: the cells of a board say few moments many times."""
    written = lru_cache(maxsize=_KEPT)(lambda _reader, _folds, said, named: write(*said, **dict(named)))

    @wraps(write)
    def kept(*said: Said.args, **named: Said.kwargs) -> str:
        # The two moments of a clock that goes back are equal to each other but for their fold.
        folds = tuple(getattr(each, "fold", 0) for each in said)
        return written(reader(), folds, said, tuple(named.items()))

    return kept


@_kept
def instant(moment: datetime, zone: str) -> str:
    """Return `moment` on the clock of `zone`, named: `1 Mar 2027, 09:00 CET`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_day(local)}, {local:%H:%M} {_clock_name(local)}"


@_kept
def to_the_second(moment: datetime, zone: str) -> str:
    """Return `moment` on the clock of `zone` where a minute is too coarse: `1 Mar 2027, 09:00:07 CET`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_day(local)}, {local:%H:%M:%S} {_clock_name(local)}"


@_kept
def beside(moment: datetime, zone: str) -> str:
    """Return the same instant on the reader's own clock as it is written beside `instant`: `08:00 UTC`.

    Its day is there only where it differs; whose clock is the region's reads UTC.
    """
    local, own = moment.astimezone(ZoneInfo(zone)), moment.astimezone(ZoneInfo(reader().zone))
    other = own if own.utcoffset() != local.utcoffset() else moment.astimezone(UTC)
    clock = f"{other:%H:%M} {_clock_name(other)}"
    return clock if other.date() == local.date() else f"{_short(other)}, {clock}"


def in_utc(moment: datetime) -> str:
    """Return `moment` in UTC: `1 Mar 2027, 08:00 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{_day(utc)}, {utc:%H:%M} UTC"


@_kept
def day(moment: datetime, zone: str = "UTC") -> str:
    """Return the day of `moment` in `zone`: `1 Mar 2027`."""
    return _day(moment.astimezone(ZoneInfo(zone)))


@_kept
def day_here(moment: datetime, zone: str) -> str:
    """Return the day of `moment` in `zone`, whose clock is named where the reader's own shows another day."""
    local = moment.astimezone(ZoneInfo(zone))
    own = moment.astimezone(ZoneInfo(reader().zone))
    return _day(local) if own.date() == local.date() else f"{_day(local)} ({_clock_name(local)})"


def on_day(day_of: date) -> str:
    """Return a day that is on no clock: `1 Mar 2027`."""
    return _day(day_of)


def days(first: datetime, last: datetime) -> str:
    """Return a span of days, each on its own clock: `1 Mar 2027`, the month or year said once where it is one."""
    if first.date() == last.date():
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{_number_of(first)}\N{EN DASH}{_day(last)}"
    return f"{_day(first) if first.year != last.year else _short(first)} \N{EN DASH} {_day(last)}"


@_kept
def machine(moment: datetime) -> str:
    """Return `moment` for the `datetime` attribute, in UTC to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def on_the_clock(moment: datetime, zone: str) -> str:
    """Return what the clock of `zone` shows at `moment`, as a field for a day and time takes it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def span(length: timedelta) -> str:
    """Return how long something takes, cut to its largest unit: `3 days`, `5 hours`, `less than an hour`."""
    days, hours = length // _DAY, length // _HOUR
    if days:
        return counted(days, "day", "days")
    return counted(hours, "hour", "hours") if hours else gettext("less than an hour")


def age(moment: datetime, now: datetime) -> str:
    """Return how old what is of `moment` is, down to minutes: `3 hours`, `4 minutes`, `less than a minute`."""
    length = now - moment
    if length >= _HOUR:
        return span(length)
    minutes = length // _MINUTE
    return counted(minutes, "minute", "minutes") if minutes > 0 else gettext("less than a minute")


def lasting(moment: datetime, now: datetime) -> str:
    """Return since when something lasts, down to minutes: `for 3 hours`, `for less than a minute`.

    A sentence of its own for each unit: elsewhere than in English it is another case than that of `age`.
    """
    length = now - moment
    days, hours, minutes = length // _DAY, length // _HOUR, length // _MINUTE
    if days > 0:
        return ngettext("for %(count)s day", "for %(count)s days", days) % {"count": number(days)}
    if hours > 0:
        return ngettext("for %(count)s hour", "for %(count)s hours", hours) % {"count": number(hours)}
    if minutes > 0:
        return ngettext("for %(count)s minute", "for %(count)s minutes", minutes) % {"count": number(minutes)}
    return gettext("for less than a minute")


def since(moment: datetime, zone: str, now: datetime) -> str:
    """Return since when something lasts, on the clock of `zone`, and how long that is: `since 1 Mar 2027 · 5 days`,
    with the time of day where it is younger than a day."""
    began = instant(moment, zone) if now - moment < _DAY else day_here(moment, zone)
    lasted = age(moment, now).replace(" ", _TOGETHER)
    told = gettext("since %(day)s · %(age)s") % {"day": began, "age": lasted}
    return told.replace(" ·", f"{_TOGETHER}·")


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, down to minutes: `3 hours ago`, `less than a minute ago`."""
    length = now - moment
    days, hours, minutes = length // _DAY, length // _HOUR, length // _MINUTE
    if days > 0:
        return ngettext("%(count)s day ago", "%(count)s days ago", days) % {"count": number(days)}
    if hours > 0:
        return ngettext("%(count)s hour ago", "%(count)s hours ago", hours) % {"count": number(hours)}
    if minutes > 0:
        return ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes) % {"count": number(minutes)}
    return gettext("less than a minute ago")


def until(moment: datetime, now: datetime) -> str:
    """Return where `moment` lies from `now`: `in 99 days`, `3 hours ago`."""
    length = abs(moment - now)
    days, hours = length // _DAY, length // _HOUR
    if moment >= now:
        if days:
            return ngettext("in %(count)s day", "in %(count)s days", days) % {"count": number(days)}
        if hours:
            return ngettext("in %(count)s hour", "in %(count)s hours", hours) % {"count": number(hours)}
        return gettext("in less than an hour")
    return ago(moment, now) if hours else gettext("less than an hour ago")


@_kept
def margin(forecast_at: datetime, launch_at: datetime) -> str:
    """Return how a forecast lies to the launch, in whole days: a day begun after it counts as late."""
    if forecast_at <= launch_at:
        early = (launch_at - forecast_at) // _DAY
        if not early:
            return gettext("less than a day before launch")
        return ngettext("%(count)s day before launch", "%(count)s days before launch", early) % {
            "count": number(early)
        }
    late = -((launch_at - forecast_at) // _DAY)
    return ngettext("%(count)s day after launch", "%(count)s days after launch", late) % {"count": number(late)}


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return the number with its noun, in the plural but for one: `1 day`, `3 days`."""
    return f"{number(count)} {ngettext(one, many or f'{one}s', count)}"


@_kept
def percent(share: float) -> str:
    """Return a share in percent, cut and never rounded up: `84%`, `84.3%`; in German `84,3 %`."""
    tenths = round(share * 10_000) // 10
    whole, rest = divmod(tenths, 10)
    cut_off = f"{whole}{_mark()}{rest}" if rest else f"{whole}"
    return f"{cut_off}%" if reader().language == "en" else f"{cut_off}\N{NO-BREAK SPACE}%"


def number(count: int) -> str:
    """Return a count with its thousands apart: `9,235`; in German `9.235`."""
    written = f"{count:,}"
    return written if reader().language == "en" else written.replace(",", ".")


@_kept
def index(reached: float) -> str:
    """Return a readiness index, 0 to 100, with the one decimal that it has: `63.4`, `100`."""
    return f"{reached:.1f}".removesuffix(".0").replace(".", _mark())


def working_days(days: float) -> str:
    """Return how many working days something took, with one decimal: `2.5`, `less than 0.1`."""
    least = 0.1
    return index(days) if days >= least else gettext("less than %(days)s") % {"days": index(least)}


def cut(text: str, longest: int) -> str:
    """Return `text` with an ellipsis in place of what goes beyond `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _day(local: date) -> str:
    return f"{_short(local)}{_TOGETHER}{local.year}"


def _short(local: date) -> str:
    """Return the day without its year: `1 Mar`, in German `1. März`."""
    months = _MONTHS.get(reader().language)
    said = (f"{local.day}.", months[local.month - 1]) if months else (f"{local.day}", f"{local:%b}")
    return _TOGETHER.join(said)


def _number_of(local: datetime) -> str:
    return f"{local.day}" if reader().language == "en" else f"{local.day}."


def _mark() -> str:
    """Return what stands between a number and its tenths."""
    return "." if reader().language == "en" else ","


def _clock_name(local: datetime) -> str:
    """Return the zone's own abbreviation, or its offset where the zone has none but a number."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    sign, (hours, rest) = "+" if minutes >= 0 else "\N{MINUS SIGN}", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"
