"""Is something broken here, for who runs the installation?"""

# `ltl doctor` looks at more, and from outside; this is what the web process can tell of at a glance.

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.dependencies import Dependencies
from api.health import missing_parts
from store.alarms import standing_alarms
from store.away import StoreAway
from store.checkpoints import last_whole, waits_since
from store.regions import overdue_regions
from templates.pages import Broken, Running

UNATTENDED_AFTER = timedelta(minutes=5)
"""How long something may be due, or wait to be sealed, before it is told of: each is tried every minute."""

_MOST = 100


async def running_of(deps: Dependencies) -> Running:
    """Return what is broken, as far as the parts of the installation and its database tell."""
    missing, found = await asyncio.gather(missing_parts(deps), run_in_threadpool(_of_the_store, deps))
    return Running(
        broken=(*(Broken(what=f"{part}-away") for part in missing), *found.broken), verified_at=found.verified_at
    )


def _of_the_store(deps: Dependencies) -> Running:
    try:
        with deps.store.reading() as tx:
            verified = last_whole(tx)
            return Running(
                broken=tuple(_broken(tx, now=deps.store.now(tx))),
                verified_at=verified.at if verified is not None else None,
            )
    except StoreAway:
        # The page needs the store itself, and says so.
        return Running(broken=(), verified_at=None)


def _broken(tx: Connection, *, now: datetime) -> Iterator[Broken]:
    for kind, count in Counter(alarm.kind for alarm in standing_alarms(tx, limit=_MOST)).items():
        yield Broken(what=kind.value, count=count)
    overdue = overdue_regions(tx, now=now - UNATTENDED_AFTER, limit=_MOST)
    if overdue:
        yield Broken(what="unattended", count=len(overdue))
    waits = waits_since(tx)
    if waits is not None and now - waits > UNATTENDED_AFTER:
        yield Broken(what="unsealed")
    verified = last_whole(tx)
    if verified is not None and verified.faults:
        yield Broken(what="record-changed", count=verified.faults)
