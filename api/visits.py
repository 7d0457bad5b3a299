"""When did somebody last visit the board, and what has happened since?"""

# The browser keeps two moments: when the visit before this one ended, and when this one was last seen. A visit ends
# when nobody has looked for half an hour; until then every page of it compares with the same moment.

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from store.pulse import Changed, changed_since
from templates.happenings import happening
from templates.pages import ChangeLine, Changes

VISIT_COOKIE = "ltl-visit"

VISIT_ENDS_AFTER = timedelta(minutes=30)
"""Without a look: shorter than a meeting that goes without the board, longer than a telephone call."""

LINES = 6
"""Regions told of by name; how many more there are is counted."""

LATEST_OF_REGION = 3
"""Things told of one region, the latest."""

_QUIET = frozenset({"criteria_judged"})
"""What happens at every turn and says nothing that a stage or a verdict does not say."""

_A_YEAR_SECONDS = 31_536_000
_VISIT = re.compile(r"(\d{1,10})\.(\d{1,10})")


class Visit(NamedTuple):
    """A visit to the board: when the one before it was last seen, if there was one, and when it was itself."""

    before_at: datetime | None
    seen_at: datetime


def visit_of(request: Request, *, now: datetime) -> Visit:
    """Return the visit that `request` belongs to, seen at `now`."""
    kept = _VISIT.fullmatch(request.cookies.get(VISIT_COOKIE, ""))
    if kept is None:
        return Visit(None, now)
    before, seen_at = (datetime.fromtimestamp(int(part), UTC) for part in kept.groups())
    if now - seen_at > VISIT_ENDS_AFTER:
        return Visit(seen_at, now)
    return Visit(before if int(kept[1]) else None, now)


def keep_visit(answer: Response, visit: Visit) -> None:
    """Have the browser keep what the next page of this visit, or the next visit, compares with."""
    before = int(visit.before_at.timestamp()) if visit.before_at is not None else 0
    kept = f"{before}.{int(visit.seen_at.timestamp())}"
    answer.set_cookie(VISIT_COOKIE, kept, max_age=_A_YEAR_SECONDS, httponly=True, samesite="lax")


def changes_since(tx: Connection, since: datetime, within: Sequence[str] | None, *, now: datetime) -> Changes:
    """Return what has happened since in the regions that a reader may see, those of the latest change first."""
    of_region: dict[tuple[str, str], list[Changed]] = {}
    for each in changed_since(tx, since, but=_QUIET, within=within, now=now):
        of_region.setdefault((each.product, each.region), []).append(each)
    regions = list(of_region.values())
    return Changes(since=since, lines=tuple(map(_line, regions[:LINES])), others=max(0, len(regions) - LINES))


def _line(changed: Sequence[Changed]) -> ChangeLine:
    latest = changed[0]
    return ChangeLine(
        product=latest.product,
        region=latest.region,
        product_name=latest.product_name,
        name=latest.name,
        verdict=latest.verdict,
        rag=latest.rag,
        what=tuple(happening(each.event) for each in reversed(changed[:LATEST_OF_REGION])),
        last_at=latest.event.at,
    )
