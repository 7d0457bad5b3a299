"""What should never have happened and did, and is it settled?"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, insert, select, update

from readiness.keys import LaunchKey, RegionKey
from store.engine import Store
from store.records_schema import alarms

MOST_ALIKE = 100
"""Alarms of one kind about one region that stand at once; each tells of another message."""


class AlarmKind(StrEnum):
    """The kinds of thing that someone must look at."""

    COMMAND_FORGED = "command-forged"
    LEDGER_BEHIND = "ledger-behind"
    LEDGER_BROKEN = "ledger-broken"
    ROW_UNTRUE = "row-untrue"
    WORKFLOW_LOST = "workflow-lost"
    WORKFLOW_STRAY = "workflow-stray"
    DELIVERY_GIVEN_UP = "delivery-given-up"


class Alarm(NamedTuple):
    """One alarm; `region` is empty where it is about a launch as a whole, `product` where it is about no launch."""

    at: datetime
    kind: AlarmKind
    product: str
    region: str
    run: int
    detail: str
    resolved_at: datetime | None = None


def scope_of(key: LaunchKey | RegionKey) -> dict[str, str | int]:
    """Return the columns that name `key` in tables shared by launches and regions."""
    region = key.region if isinstance(key, RegionKey) else ""
    return {"product": key.product, "region": region, "run": key.run}


def sound(
    store: Store, kind: AlarmKind, key: LaunchKey | RegionKey | None, detail: str, *, once: bool = False
) -> bool:
    """Record an alarm in a transaction of its own, so that it stays when what it is about is rolled back.

    As `sound_within`.
    """
    with store.writing() as tx:
        return sound_within(tx, kind, key, detail, now=store.now(tx), once=once)


def sound_within(
    tx: Connection,
    kind: AlarmKind,
    key: LaunchKey | RegionKey | None,
    detail: str,
    *,
    now: datetime,
    once: bool = False,
) -> bool:
    """Record an alarm, unless the same one stands already: what is retried must not fill the list. Say if it is new.

    Nor must whoever forges by the thousand: beyond `MOST_ALIKE` that stand nobody learns more. What is to be told
    only `once` is not told again after somebody has looked. `key` is None where it is about no launch.
    """
    scope = {"product": "", "region": "", "run": 0} if key is None else scope_of(key)
    alike = select(alarms.c.detail).filter_by(**scope, kind=kind.value)
    is_same = alarms.c.detail == detail if once else (alarms.c.detail == detail) & alarms.c.resolved_at.is_(None)
    if tx.execute(alike.where(is_same).limit(1)).first() is not None:
        return False
    standing = tx.execute(alike.where(alarms.c.resolved_at.is_(None)).limit(MOST_ALIKE)).all()
    if len(standing) < MOST_ALIKE:
        tx.execute(insert(alarms).values(at=now, kind=kind.value, detail=detail, **scope))
    return len(standing) < MOST_ALIKE


def resolve(tx: Connection, kind: AlarmKind, key: LaunchKey | RegionKey, *, now: datetime) -> None:
    """Note that the alarms of this kind about `key` are settled."""
    scope = scope_of(key)
    tx.execute(update(alarms).filter_by(**scope, kind=kind.value, resolved_at=None).values(resolved_at=now))


def settle_all(tx: Connection, *, now: datetime) -> int:
    """Note that somebody has looked at every alarm that stands; return how many. They are kept."""
    return tx.execute(update(alarms).where(alarms.c.resolved_at.is_(None)).values(resolved_at=now)).rowcount


def standing_alarms(tx: Connection, *, limit: int = 100) -> tuple[Alarm, ...]:
    """Return the alarms that nobody has settled, newest first."""
    return _alarms(tx, alarms.c.resolved_at.is_(None), limit=limit)


def lately_lost(tx: Connection, *, since: datetime, limit: int = 100) -> tuple[Alarm, ...]:
    """Return the workflows that were lost after `since` and run again, newest first: settled, and still a riddle."""
    is_over = (alarms.c.kind == AlarmKind.WORKFLOW_LOST.value) & alarms.c.resolved_at.is_not(None)
    return _alarms(tx, is_over & (alarms.c.at > since), limit=limit)


def _alarms(tx: Connection, wanted: ColumnElement[bool], *, limit: int) -> tuple[Alarm, ...]:
    columns = [alarms.c[name] for name in Alarm._fields]
    found = tx.execute(select(*columns).where(wanted).order_by(alarms.c.id.desc()).limit(limit))
    return tuple(Alarm(*row)._replace(kind=AlarmKind(row.kind)) for row in found)
