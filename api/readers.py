"""In which language and on which clock does whoever sent a request read its page?"""

from functools import cache
from operator import itemgetter
from zoneinfo import available_timezones

from starlette.requests import Request

from templates.language import LANGUAGES, Reader

LANGUAGE_COOKIE = "ltl-language"
ZONE_COOKIE = "ltl-zone"
"""The reader's own time zone, as their browser knows it (`templates/static/frame.js`)."""

_MOST_LANGUAGES = 20
_FOR_PROGRAMS = ("/v1/", "/ofrep/", "/.well-known/", "/livez", "/readyz", "/openapi.json")


def is_for_programs(path: str) -> bool:
    """Say whether what is answered at `path` is read by programs, which know one language."""
    return path.startswith(_FOR_PROGRAMS)


def reader_of(request: Request) -> Reader:
    """Return who reads the answer: in the language that they chose or their browser wants, on their own clock."""
    if is_for_programs(request.scope["path"]):
        return Reader()
    zone = request.cookies.get(ZONE_COOKIE, "").replace("%2F", "/")
    language = language_of(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", ""))
    return Reader(language, zone if zone in _zones() else "UTC")


def language_of(chosen: str, accepted: str) -> str:
    """Return the language to write in: the one that was `chosen`, or the first of Accept-Language that there is."""
    if chosen in LANGUAGES:
        return chosen
    wished: list[tuple[float, str]] = []
    for each in accepted.split(",")[:_MOST_LANGUAGES]:
        name, _, weight = each.strip().partition(";q=")
        try:
            wished.append((-float(weight or 1), name.partition("-")[0].lower()))
        except ValueError:
            continue
    return next((name for weight, name in sorted(wished, key=itemgetter(0)) if name in LANGUAGES and weight), "en")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
