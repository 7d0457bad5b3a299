"""What is told to whom, how far has it come, and what did each try come to?"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from readiness.delivering import Channel, DeliveryState, Fate, Next, Tried, after_try
from readiness.values import Frozen, Moment
from store.alarms import AlarmKind, sound_within
from store.deliver_schema import deliveries, delivery_tries
from store.once import insert_once
from store.webhooks import disable_webhook

GONE = "The receiver answered 410: it wants nothing more."
"""Why a webhook is disabled that nobody here disabled."""

_LOUD = frozenset({DeliveryState.GIVEN_UP, DeliveryState.UNKNOWN})


class Delivery(Frozen):
    """One thing told to one target, as it stands."""

    number: int
    id: str
    event_id: str
    channel: Channel
    target: str
    """A webhook, a person, or `chat`."""
    type: str
    product: str
    region: str
    at: Moment
    body: str | None
    state: DeliveryState
    round: int
    started_round: int
    tries: int
    made_at: Moment
    first_at: Moment | None
    next_at: Moment | None
    ended_at: Moment | None


class Try(Frozen):
    """One try of a delivery; without a fate it is under way, or was cut off."""

    round: int
    number: int
    began_at: Moment
    ended_at: Moment | None
    fate: Fate | None
    status: int | None
    detail: str | None


class NotReplayable(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The delivery is on its way already."""


def delivery_id(event_id: str, target: str) -> str:
    """Return what one event to one target is known by: the same whoever works it out."""
    return "dlv-" + hashlib.sha256(f"{event_id}\n{target}".encode()).hexdigest()[:24]


def make_delivery(
    tx: Connection,
    *,
    event_id: str,
    channel: Channel,
    target: str,
    kind: str,
    product: str,
    region: str,
    at: datetime,
    body: str | None,
    now: datetime,
) -> bool:
    """Write down that `target` is to be told; False where that was written down before, and stands as it is."""
    row = {
        "id": delivery_id(event_id, target),
        "event_id": event_id,
        "channel": channel.value,
        "target": target,
        "type": kind,
        "product": product,
        "region": region,
        "at": at,
        "body": body,
        "state": DeliveryState.PENDING.value,
        "round": 1,
        "started_round": 0,
        "tries": 0,
        "made_at": now,
    }
    return insert_once(tx, deliveries, row)


def to_start(tx: Connection, *, limit: int) -> tuple[Delivery, ...]:
    """Return deliveries whose round has no workflow yet, the oldest first."""
    chosen = select(deliveries).where(deliveries.c.started_round < deliveries.c.round)
    return tuple(map(_delivery, tx.execute(chosen.order_by(deliveries.c.number).limit(limit))))


def note_started(tx: Connection, started: Sequence[Delivery]) -> None:
    """Note that these rounds have a workflow."""
    for each in started:
        chosen = update(deliveries).where(deliveries.c.id == each.id, deliveries.c.started_round < each.round)
        tx.execute(chosen.values(started_round=each.round))


def stalled(tx: Connection, *, before: datetime, limit: int) -> tuple[Delivery, ...]:
    """Return pending deliveries whose workflow should have tried them by `before`: it may be lost."""
    should = func.coalesce(deliveries.c.next_at, deliveries.c.first_at, deliveries.c.made_at)
    chosen = select(deliveries).where(
        deliveries.c.state == DeliveryState.PENDING.value,
        deliveries.c.started_round == deliveries.c.round,
        should < before,
    )
    return tuple(map(_delivery, tx.execute(chosen.order_by(deliveries.c.number).limit(limit))))


def find_delivery(tx: Connection, id_: str, *, for_update: bool = False) -> Delivery | None:
    """Return a delivery as it stands."""
    chosen = select(deliveries).filter_by(id=id_)
    row = tx.execute(chosen.with_for_update() if for_update else chosen).first()
    return _delivery(row) if row is not None else None


def tries_of(tx: Connection, id_: str) -> tuple[Try, ...]:
    """Return every try of a delivery, the first one first."""
    columns = [delivery_tries.c[name] for name in Try.model_fields]
    chosen = select(*columns).filter_by(delivery=id_)
    rows = tx.execute(chosen.order_by(delivery_tries.c.round, delivery_tries.c.number))
    return tuple(Try.model_validate(row._mapping) for row in rows)


def list_deliveries(
    tx: Connection, *, state: DeliveryState | None, product: str | None, before: int | None, limit: int
) -> tuple[Delivery, ...]:
    """Return deliveries, the newest first, from before the one of number `before` on."""
    chosen = select(deliveries)
    if state is not None:
        chosen = chosen.where(deliveries.c.state == state.value)
    if product is not None:
        chosen = chosen.where(deliveries.c.product == product)
    if before is not None:
        chosen = chosen.where(deliveries.c.number < before)
    return tuple(map(_delivery, tx.execute(chosen.order_by(deliveries.c.number.desc()).limit(limit))))


def count_deliveries(tx: Connection) -> dict[DeliveryState, int]:
    """Return how many deliveries there are in each state that any is in, as far as an index tells."""
    counted = tx.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
    return {DeliveryState(state): count for state, count in counted}


def replay(tx: Connection, id_: str, *, key: str) -> Delivery | None:
    """Begin a round of tries anew, under the same id for whoever receives it; None where there is no such delivery.

    Asked for twice under the same key it begins once. Raises NotReplayable where its present round has no workflow
    yet. A round that waits for its next try ends with this one.
    """
    found = find_delivery(tx, id_, for_update=True)
    if found is None:
        return None
    if tx.execute(select(deliveries.c.replay_key).filter_by(id=id_)).scalar() == key:
        return found
    if found.started_round < found.round:
        raise NotReplayable
    values: dict[str, Any] = {
        "state": DeliveryState.PENDING.value,
        "round": found.round + 1,
        "tries": 0,
        "replay_key": key,
        "first_at": None,
        "next_at": None,
        "ended_at": None,
    }
    tx.execute(update(deliveries).filter_by(id=id_).values(**values))
    return find_delivery(tx, id_)


def put_off(tx: Connection, delivery: Delivery, *, until: datetime) -> None:
    """Note that a delivery waits without a try, because its hour has not come."""
    tx.execute(update(deliveries).filter_by(id=delivery.id).values(next_at=until))


def begin_try(tx: Connection, id_: str, round_: int, *, now: datetime) -> Delivery | DeliveryState:
    """Note that a try begins, before anything is sent, and return the delivery as it then stands.

    Returns its state instead where nothing is to be sent: it was ended or replayed meanwhile, or its last try was cut
    off and must not be made twice.
    """
    found = find_delivery(tx, id_, for_update=True)
    if found is None:
        return DeliveryState.DISABLED
    if found.round != round_ or found.state is not DeliveryState.PENDING:
        return found.state if found.round == round_ else DeliveryState.DISABLED
    open_try = tx.execute(
        select(delivery_tries.c.number).filter_by(delivery=id_, round=round_, ended_at=None).limit(1)
    ).scalar()
    if open_try is not None:
        cut_off = Tried(fate=Fate.UNCERTAIN, detail="It was cut off: a process ended in the middle of it.")
        follows = end_try(tx, found, cut_off, now=now)
        if follows.state is not DeliveryState.PENDING:
            return follows.state
    number = found.tries + 1
    tx.execute(insert(delivery_tries).values(delivery=id_, round=round_, number=number, began_at=now))
    first_at = found.first_at or now
    tx.execute(update(deliveries).filter_by(id=id_).values(tries=number, first_at=first_at, next_at=None))
    return found.model_copy(update={"tries": number, "first_at": first_at, "next_at": None})


def end_try(tx: Connection, delivery: Delivery, tried: Tried, *, now: datetime) -> Next:
    """Note what a try came to and return what follows; what is given up leaves an alarm."""
    follows = after_try(
        tried, channel=delivery.channel, number=delivery.tries, first_at=delivery.first_at or now, now=now
    )
    chosen = update(delivery_tries).filter_by(delivery=delivery.id, round=delivery.round, number=delivery.tries)
    tx.execute(chosen.values(ended_at=now, fate=tried.fate.value, status=tried.status, detail=tried.detail[:300]))
    ended_at = None if follows.state is DeliveryState.PENDING else now
    mine = update(deliveries).filter_by(id=delivery.id, round=delivery.round, tries=delivery.tries)
    if follows.state is not DeliveryState.DELIVERED:
        # A process that stood still may come late with what a later try has settled; that it arrived is always news.
        mine = mine.filter_by(state=DeliveryState.PENDING.value)
    if not tx.execute(mine.values(state=follows.state.value, next_at=follows.at, ended_at=ended_at)).rowcount:
        return follows
    if tried.fate is Fate.GONE and delivery.channel is Channel.WEBHOOK:
        disable_webhook(tx, delivery.target, because=GONE)
    if follows.state in _LOUD:
        what = f"{delivery.channel.value} {delivery.id} of {delivery.event_id} to {delivery.target}"
        says = f"The {what} is {follows.state.value.replace('_', ' ')} after {delivery.tries} tries"
        sound_within(tx, AlarmKind.DELIVERY_GIVEN_UP, None, says, now=now)
    return follows


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery.model_validate(row._mapping)
