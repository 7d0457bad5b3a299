"""Is something broken here, for who runs the installation?"""

# `ltl doctor` looks at more, and from outside; this is what the web process can tell of at a glance.

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.dependencies import Dependencies
from api.health import missing_parts
from api.identity import Actor
from api.rights import Action, can
from api.speakers import speakers
from readiness.commands import Role
from store.alarms import standing_alarms
from store.checkpoints import last_whole, waits_since
from store.deliveries import count_deliveries
from store.overview import named_regions
from store.regions import overdue_regions
from store.webhooks import every_webhook
from templates.pages import Broken, Running

UNATTENDED_AFTER = timedelta(minutes=5)
"""How long something may be due, or wait to be sealed, before it is told of: each is tried every minute."""

_MOST = 100


async def running_of(deps: Dependencies, actor: Actor) -> Running | None:
    """Return what is broken, as far as the parts of the installation and its database tell.

    None where `actor` does not run it; raises StoreAway.
    """
    if not can(actor, Action.MANAGE_KEYS):
        return None
    missing, found = await asyncio.gather(missing_parts(deps), run_in_threadpool(_of_the_store, deps, actor))
    return replace(found, broken=(*(Broken(what=f"{part}-away") for part in missing), *found.broken))


def _of_the_store(deps: Dependencies, actor: Actor) -> Running:
    with deps.store.reading() as tx:
        now = deps.store.now(tx)
        verified = last_whole(tx)
        regions = [slug for slug, _ in named_regions(tx)]
        speaking = speakers(tx, deps, actor, regions, now=now)
        deciding = [speaking.of(region, Role.EXECUTIVE.value) for region in regions]
        return Running(
            broken=tuple(_broken(tx, now=now)),
            verified_at=verified.at if verified is not None else None,
            is_telling=any(webhook.enabled for webhook in every_webhook(tx)) or any(count_deliveries(tx).values()),
            mails=deps.mails,
            says_go=tuple(dict.fromkeys(name for each in deciding for name in each)),
            says_go_everywhere=len({frozenset(each) for each in deciding}) == 1,
        )


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
