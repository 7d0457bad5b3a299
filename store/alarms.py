"""What should never have happened and did, and is it settled?"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from readiness.keys import LaunchKey, RegionKey
from store.engine import Store
from store.records_schema import alarms


class AlarmKind(StrEnum):
    """The kinds of thing that someone must look at."""

    COMMAND_FORGED = "command-forged"
    LEDGER_BEHIND = "ledger-behind"
    WORKFLOW_LOST = "workflow-lost"


class Alarm(NamedTuple):
    """One alarm; `region` is empty where it is about a launch as a whole."""

    at: datetime
    kind: AlarmKind
    product: str
    region: str
    run: int
    detail: str


def scope_of(key: LaunchKey | RegionKey) -> dict[str, str | int]:
    """Return the columns that name `key` in tables shared by launches and regions."""
    region = key.region if isinstance(key, RegionKey) else ""
    return {"product": key.product, "region": region, "run": key.run}


def sound(store: Store, kind: AlarmKind, key: LaunchKey | RegionKey, detail: str) -> None:
    """Record an alarm in a transaction of its own, so that it stays when what it is about is rolled back."""
    with store.writing() as tx:
        sound_within(tx, kind, key, detail, now=store.now(tx))


def sound_within(tx: Connection, kind: AlarmKind, key: LaunchKey | RegionKey, detail: str, *, now: datetime) -> None:
    """Record an alarm, unless the same one stands already: what is retried must not fill the list."""
    scope = scope_of(key)
    standing = select(alarms.c.id).filter_by(**scope, kind=kind.value, detail=detail, resolved_at=None)
    if tx.execute(standing.limit(1)).first() is None:
        tx.execute(insert(alarms).values(at=now, kind=kind.value, detail=detail, **scope))


def resolve(tx: Connection, kind: AlarmKind, key: LaunchKey | RegionKey, *, now: datetime) -> None:
    """Note that the alarms of this kind about `key` are settled."""
    scope = scope_of(key)
    tx.execute(update(alarms).filter_by(**scope, kind=kind.value, resolved_at=None).values(resolved_at=now))


def settle_all(tx: Connection, *, now: datetime) -> int:
    """Note that somebody has looked at every alarm that stands; return how many. They are kept."""
    return tx.execute(update(alarms).where(alarms.c.resolved_at.is_(None)).values(resolved_at=now)).rowcount


def standing_alarms(tx: Connection, *, limit: int = 100) -> tuple[Alarm, ...]:
    """Return the alarms that nobody has settled, newest first."""
    columns = (alarms.c.at, alarms.c.kind, alarms.c.product, alarms.c.region, alarms.c.run, alarms.c.detail)
    found = tx.execute(
        select(*columns).where(alarms.c.resolved_at.is_(None)).order_by(alarms.c.id.desc()).limit(limit)
    )
    return tuple(Alarm(row.at, AlarmKind(row.kind), *row[2:]) for row in found)
