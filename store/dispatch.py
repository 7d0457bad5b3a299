"""How does what was written to the outbox become deliveries, exactly once?"""

# In one transaction rows of the outbox are taken and what is to be told of them is written: a crash repeats all of it
# or nothing. Ids follow from the events, so that even a restored outbox doubles nothing.

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from readiness import rules
from readiness.commands import Role
from readiness.delivering import Channel, is_news
from readiness.events import LaunchEvent, RegionEvent
from readiness.keys import LaunchKey, RegionKey
from readiness.notices import NOTIFYING, Topic, notices
from readiness.quiet import Hours, digest_day
from readiness.telling import TOLD, event_id, public_event
from store.alarms import AlarmKind, sound_within
from store.deliver_people import acting_in, addressee
from store.deliver_schema import deliveries, nudges
from store.deliveries import delivery_id, make_delivery
from store.engine import Store
from store.ledger import Told, launch_rows_after, rows_after, take, untold
from store.webhooks import Webhook, enabled_webhooks

DIGEST = "digest"
"""The type of the delivery that gathers a person's nudges of one day."""

ROOM = "chat/"
"""How the target of a room begins, with its place among those that are set; no person's id has a slash."""

MOST_TOLD_OF_A_ROLE = 5
"""People who are told at most where a role is: whoever acted in it last. A crowd that is told is nobody who acts."""


class Telling(NamedTuple):
    """What may leave from here: under which source, and by which ways besides webhooks."""

    source: str
    mail: bool = False
    rooms: int = 0
    """How many rooms to chat in."""
    hours: Hours = Hours()


def dispatch(store: Store, telling: Telling, *, limit: int = 100) -> int:
    """Take up to `limit` rows of the outbox and write down what is to be told of them; return how many were taken."""
    with store.reading() as tx:
        # Most of the time nothing waits, and on SQLite whoever wants to write keeps everybody else from it.
        if not untold(tx, limit=1):
            return 0
    with store.writing() as tx:
        now = store.now(tx)
        rows = untold(tx, limit=limit)
        subscribed = enabled_webhooks(tx)
        if subscribed or telling.mail or telling.rooms:
            for row in rows:
                try:
                    _tell(tx, row, subscribed, telling, now=now)
                except (ValueError, LookupError) as error:
                    # One row that cannot be read must not keep all that come after it from being told.
                    says = f"Row {row.id} of the outbox could not be told ({type(error).__name__})"
                    sound_within(tx, AlarmKind.DELIVERY_GIVEN_UP, None, says, now=now)
        take(tx, [row.id for row in rows], now=now)
        return len(rows)


def dispatch_digests(store: Store, telling: Telling) -> int:
    """Write down the digests that are due: of each person one a day, at their hour; return how many."""
    with store.reading() as tx:
        waiting = tx.execute(select(nudges.c.person).where(nudges.c.digest.is_(None)).distinct()).scalars().all()
    if not waiting or not telling.mail:
        return 0
    made = 0
    for person in sorted(waiting):
        with store.writing() as tx:
            made += _digest(tx, person, telling.hours, now=store.now(tx))
    return made


def _digest(tx: Connection, person: str, hours: Hours, *, now: datetime) -> bool:
    last = tx.execute(select(func.max(deliveries.c.event_id)).filter_by(target=person, type=DIGEST)).scalar()
    had = datetime.fromisoformat(last.rpartition("/")[2]).date() if last else None
    day = digest_day(now, addressee(tx, person, now=now).zone, hours, had)
    if day is None:
        return False
    of_day = f"{DIGEST}/{person}/{day.isoformat()}"
    is_new = make_delivery(
        tx,
        event_id=of_day,
        channel=Channel.MAIL,
        target=person,
        kind=DIGEST,
        product="",
        region="",
        at=now,
        body=None,
        now=now,
    )
    if is_new:
        chosen = update(nudges).where(nudges.c.person == person, nudges.c.digest.is_(None))
        tx.execute(chosen.values(digest=delivery_id(of_day, person)))
    return is_new


def _tell(tx: Connection, row: Told, subscribed: Iterable[Webhook], telling: Telling, *, now: datetime) -> None:
    if row.version == 0 or row.type not in TOLD.keys() | NOTIFYING:
        return
    key = RegionKey(product=row.product, region=row.region, run=row.run) if row.region else None
    event = _event(tx, key or LaunchKey(product=row.product, run=row.run), row.version)
    if event is None:
        return
    public = public_event(
        key or LaunchKey(product=row.product, run=row.run), row.version, event, source=telling.source
    )
    for webhook in subscribed if public is not None else ():
        if public is not None and webhook.wants(public):
            make_delivery(
                tx,
                event_id=public.id,
                channel=Channel.WEBHOOK,
                target=webhook.id,
                kind=public.type,
                product=row.product,
                region=row.region,
                at=row.at,
                body=public.body,
                now=now,
            )
    if key is not None and row.type in NOTIFYING and (telling.mail or telling.rooms) and is_news(row.at, now=now):
        _notify(tx, key, row, event, telling, now=now)


def _notify(
    tx: Connection, key: RegionKey, row: Told, event: LaunchEvent | RegionEvent, telling: Telling, *, now: datetime
) -> None:
    before = rules.fold(key, None, rows_after(tx, key, 0, limit=row.version - 1)) if row.version > 1 else None
    if before is None:
        return
    told: dict[str, Topic] = {}
    for notice in notices(before, event):  # type: ignore[arg-type]  # A row of a region holds a region's event.
        people = _people(tx, notice.person, notice.role, key, now=now) if telling.mail else ()
        for person in people:
            if person != event.person:
                told.setdefault(person, notice.topic)
        for room in range(1, telling.rooms + 1):
            told.setdefault(f"{ROOM}{room}", notice.topic)
    for target, topic in told.items():
        make_delivery(
            tx,
            event_id=event_id(key, row.version),
            channel=Channel.CHAT if target.startswith(ROOM) else Channel.MAIL,
            target=target,
            kind=topic.value,
            product=row.product,
            region=row.region,
            at=row.at,
            body=None,
            now=now,
        )


def _people(
    tx: Connection, person: str | None, role: Role | None, key: RegionKey, *, now: datetime
) -> tuple[str, ...]:
    if person is not None:
        return (person,)
    return acting_in(tx, role, key, limit=MOST_TOLD_OF_A_ROLE, now=now) if role is not None else ()


def _event(tx: Connection, key: LaunchKey | RegionKey, version: int) -> LaunchEvent | RegionEvent | None:
    if isinstance(key, RegionKey):
        return next((row.event for row in rows_after(tx, key, version - 1, limit=1)), None)
    return next((row.event for row in launch_rows_after(tx, key, version - 1)), None)
