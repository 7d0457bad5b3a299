"""Which verdict do readers see of a region's row?"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, or_

from readiness.region import Verdict
from store.records_schema import region_launches

GOES = (Verdict.GO.value, Verdict.CONDITIONAL_GO.value)
"""What a row never shows while anything speaks against it."""


def is_told_truly() -> ColumnElement[bool]:
    """Return the condition that a row shows what it says that the ledger does, or less: else it was tampered with."""
    columns = region_launches.c
    shows_less = columns.shown_verdict.in_((Verdict.HELD.value, Verdict.NOT_READY.value))
    return or_(shows_less, columns.shown_verdict == columns.verdict)


def verdict_shown(now: datetime | None) -> ColumnElement[str]:
    """Return the column of the verdict that readers see: never a false go.

    What a row shows is held where its own parts contradict each other. Where the reader's clock `now` is given, a go
    shows as held once its instant is past: its figures were counted for that instant, and say nothing of the moments
    after it, until the region launches or is held.
    """
    return case((_is_doubted(now), Verdict.HELD.value), else_=region_launches.c.shown_verdict)


def is_shown_as(verdict: Verdict, now: datetime | None) -> ColumnElement[bool]:
    """Return the condition that `verdict_shown` is `verdict`, in words that an index knows the answer to."""
    is_stored = region_launches.c.shown_verdict == verdict.value
    return or_(is_stored, _is_doubted(now)) if verdict is Verdict.HELD else and_(is_stored, ~_is_doubted(now))


def _is_doubted(now: datetime | None) -> ColumnElement[bool]:
    columns = region_launches.c
    is_past = [] if now is None else [and_(columns.shown_verdict.in_(GOES), columns.launch_at < now)]
    return or_(~is_told_truly(), *is_past)
