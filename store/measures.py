"""How much of everything is there, for whoever watches over the installation?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from readiness.keys import RegionKey
from store.board import marked_regions
from store.records_schema import alarms, commands, outbox, region_launches

MOST_MARKED = 1_000
"""Marked regions that are named; a relay that is so far behind is known to be."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was counted in one transaction; numbers and kinds, and nothing of anybody."""

    regions: Mapping[str, int]
    """Region launches, the latest of each product and region, by the verdict that is shown."""
    alarms: Mapping[str, int]
    """Alarms that nobody has settled, by kind."""
    outbox_waiting: int
    outbox_oldest_at: datetime | None
    """Events that nobody has taken yet, and since when the oldest of them waits."""
    commands_open: int
    """Commands without an outcome."""
    marked: tuple[RegionKey, ...]
    """Regions whose facts are newer than their figures."""


def measures(tx: Connection) -> Measures:
    """Return what is counted now."""
    waiting = outbox.c.taken_at.is_(None)
    backlog = tx.execute(select(func.count(), func.min(outbox.c.at)).where(waiting)).one()
    verdict = region_launches.c.shown_verdict
    standing = tx.execute(select(verdict, func.count()).where(region_launches.c.is_latest).group_by(verdict))
    sounding = select(alarms.c.kind, func.count()).where(alarms.c.resolved_at.is_(None)).group_by(alarms.c.kind)
    return Measures(
        regions={row[0]: row[1] for row in standing},
        alarms={row[0]: row[1] for row in tx.execute(sounding)},
        outbox_waiting=backlog[0],
        outbox_oldest_at=backlog[1],
        commands_open=tx.execute(
            select(func.count()).select_from(commands).where(commands.c.settled_at.is_(None))
        ).scalar_one(),
        marked=marked_regions(tx, limit=MOST_MARKED),
    )
