"""How is one delivery tried once, so that no crash doubles it and no end of it is forgotten?"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.deliver_http import WebhookSender
from activities.deliver_mail import Mailer, Rooms
from activities.messages import STORE_AWAY
from readiness.delivering import Channel, DeliveryState, Fate, Next, Tried
from readiness.notices import Topic
from readiness.quiet import Hours, first_loud
from readiness.values import Frozen
from store.deliver_people import Addressee, addressee, reminders
from store.deliveries import Delivery, begin_try, end_try, find_delivery, put_off
from store.dispatch import DIGEST, ROOM
from store.engine import Store, StoreAway
from store.regions import latest_record
from store.sealing import Box, SealBroken
from store.webhooks import Webhook, find_webhook, sealed_secrets
from templates.mailing import DigestPage, NoticePage, Reminded, Rendered, render_mail
from templates.pages import region_address

BEAT_EVERY = timedelta(seconds=4)
"""A few times in the patience of `DELIVER`, so that one may be lost."""


class DeliveryOrder(Frozen):
    """Which delivery, and the how manieth time that it is sent from the start: ids alone travel through Temporal."""

    delivery: str
    round: int


class Carried(Frozen):
    """How a delivery stands after a try, and how long to wait for the next; None where there is none."""

    state: DeliveryState
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """By what deliveries leave the house; None for a way that nobody has set up."""

    webhooks: WebhookSender
    box: Box
    mailer: Mailer | None = None
    rooms: Rooms = field(default_factory=lambda: Rooms(()))
    hours: Hours = field(default_factory=Hours)
    public_url: str | None = None


class DeliverActivities:
    """Tries deliveries on one store; a try is written down before anything leaves, and its end after."""

    def __init__(self, store: Store, ways: Ways) -> None:
        self._store = store
        self._ways = ways

    @activity.defn
    async def deliver(self, order: DeliveryOrder) -> Carried:
        """Try once, unless it was ended, replayed or put off meanwhile, and return how it stands."""
        beating = asyncio.create_task(_beat())
        try:
            return await self._once(order)
        finally:
            beating.cancel()

    async def _once(self, order: DeliveryOrder) -> Carried:
        try:
            begun = await asyncio.to_thread(self._begin, order)
            if isinstance(begun, Carried):
                return begun
            tried = await self._try(begun)
            follows, now = await asyncio.to_thread(self._end, begun, tried)
        except StoreAway as away:
            raise ApplicationError(str(away), type=STORE_AWAY) from away
        return _carried(follows, now=now)

    def _begin(self, order: DeliveryOrder) -> Delivery | Carried:
        with self._store.writing() as tx:
            now = self._store.now(tx)
            found = find_delivery(tx, order.delivery)
            if found is not None and found.channel is Channel.MAIL and found.state is DeliveryState.PENDING:
                loud = first_loud(now, addressee(tx, found.target, now=now).zone, self._ways.hours)
                if loud > now:
                    put_off(tx, found, until=loud)
                    return Carried(state=DeliveryState.PENDING, wait=loud - now)
            begun = begin_try(tx, order.delivery, order.round, now=now)
        return begun if isinstance(begun, Delivery) else Carried(state=begun)

    def _end(self, delivery: Delivery, tried: Tried) -> tuple[Next, datetime]:
        with self._store.writing() as tx:
            now = self._store.now(tx)
            return end_try(tx, delivery, tried, now=now), now

    async def _try(self, delivery: Delivery) -> Tried:
        match delivery.channel:
            case Channel.WEBHOOK:
                return await self._to_webhook(delivery)
            case Channel.MAIL:
                return await self._to_person(delivery)
            case Channel.CHAT:
                return await self._to_room(delivery)

    async def _to_webhook(self, delivery: Delivery) -> Tried:
        found = await asyncio.to_thread(self._webhook, delivery.target)
        if found is None:
            return Tried(fate=Fate.UNWANTED, detail="The webhook is disabled or was removed.")
        webhook, sealed, now = found
        try:
            secrets = [self._ways.box.open(each) for each in sealed]
        except SealBroken as broken:
            return Tried(fate=Fate.FAILED, detail=str(broken))
        sender = self._ways.webhooks
        return await sender.send(webhook.url, delivery.body or "", id_=delivery.event_id, secrets=secrets, now=now)

    def _webhook(self, id_: str) -> tuple[Webhook, tuple[str, ...], datetime] | None:
        with self._store.reading() as tx:
            webhook = find_webhook(tx, id_)
            if webhook is None or not webhook.enabled:
                return None
            return webhook, sealed_secrets(tx, id_), self._store.now(tx)

    async def _to_person(self, delivery: Delivery) -> Tried:
        if self._ways.mailer is None:
            return Tried(fate=Fate.FAILED, detail="No mail server is set.")
        person, page = await asyncio.to_thread(self._mail, delivery)
        if person.email is None:
            return Tried(fate=Fate.UNADDRESSED, detail="Nobody of that id has an address here.")
        rendered = await asyncio.to_thread(render_mail, page)
        return await self._ways.mailer.send(rendered, id_=delivery.id, to=person.email, name=person.name)

    async def _to_room(self, delivery: Delivery) -> Tried:
        _, page = await asyncio.to_thread(self._mail, delivery)
        rendered: Rendered = await asyncio.to_thread(render_mail, page)
        return await self._ways.rooms.say(int(delivery.target.removeprefix(ROOM)), rendered)

    def _mail(self, delivery: Delivery) -> tuple[Addressee, NoticePage | DigestPage]:
        with self._store.reading() as tx:
            person = addressee(tx, delivery.target, now=self._store.now(tx))
            if delivery.type == DIGEST:
                reminded = tuple(
                    Reminded(
                        product_name=each.product_name,
                        region_name=each.region_name,
                        address=self._address(each.product, each.region),
                    )
                    for each in reminders(tx, delivery.id)
                )
                return person, DigestPage(
                    name=person.name, zone=person.zone, board=self._ways.public_url, reminders=reminded
                )
            record = latest_record(tx, delivery.product, delivery.region)
        names = (delivery.product, delivery.region)
        if record is not None:
            names = (record.region.product_name, record.region.plan.name)
        return person, NoticePage(
            name=person.name,
            zone=person.zone,
            board=self._ways.public_url,
            topic=Topic(delivery.type),
            product_name=names[0],
            region_name=names[1],
            at=delivery.at,
            address=self._address(delivery.product, delivery.region),
        )

    def _address(self, product: str, region: str) -> str | None:
        base = self._ways.public_url
        return f"{base.rstrip('/')}{region_address(product, region)}" if base else None


def _carried(follows: Next, *, now: datetime) -> Carried:
    return Carried(state=follows.state, wait=follows.at - now if follows.at is not None else None)


async def _beat() -> None:
    """Show that the process lives, however long the other side takes, until cancelled."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT_EVERY.total_seconds())
