"""Who takes what waits in the outbox, and sees that every delivery has its workflow?"""

import asyncio
import logging
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.deliver import DeliveryOrder, Ways
from activities.deliver_http import WebhookSender
from activities.deliver_mail import Mailer, MailServer, Rooms
from activities.deliver_targets import Targets
from bootstrap.sealing import box_of
from bootstrap.settings import Settings
from readiness.quiet import Hours
from store.deliveries import Delivery, note_started, stalled, to_start
from store.dispatch import Telling, dispatch, dispatch_digests
from store.engine import Store, StoreAway
from workflows import names
from workflows.delivery import DeliveryWorkflow

_log = logging.getLogger(__name__)

TAKE_EVERY = timedelta(seconds=1)
DIGEST_EVERY = timedelta(minutes=1)
HEAL_EVERY = timedelta(minutes=5)
STALLED_AFTER = timedelta(minutes=10)
"""When a delivery that should have been tried is given a workflow again, because its own was lost with Temporal's
database or ended by somebody: a try takes three minutes at most."""

START_PATIENCE = timedelta(seconds=5)

OWN_SOURCE = "urn:learn-then-launch:installation"
"""The source of events where nobody said under which address the installation is."""

TAKEN_AT_ONCE = 25
"""Rows of the outbox that one transaction takes: with some webhooks a twentieth of a second, for which on SQLite
everybody else who writes waits."""

_BATCH = 100


class Dispatcher:
    """Takes the outbox and starts deliveries; whatever it is cut off in, the next turn repeats without doubling."""

    def __init__(self, store: Store, client: Client, telling: Telling) -> None:
        self._store = store
        self._client = client
        self._telling = telling

    async def run(self) -> None:
        """Run until cancelled; what cannot be reached is tried again at the next turn."""
        loop = asyncio.get_running_loop()
        digest_at = heal_at = loop.time()
        while True:
            busy = 0
            try:
                if loop.time() >= digest_at:
                    await asyncio.to_thread(dispatch_digests, self._store, self._telling)
                    digest_at = loop.time() + DIGEST_EVERY.total_seconds()
                if loop.time() >= heal_at:
                    await self.heal()
                    heal_at = loop.time() + HEAL_EVERY.total_seconds()
                busy = await self.turn()
            except (StoreAway, RPCError, TimeoutError) as away:
                _log.warning("Deliveries wait: %s", away)
            except (ValueError, LookupError, TypeError, RuntimeError, SQLAlchemyError):
                # One row that cannot be read must not end the worker.
                _log.exception("The outbox could not be taken and is tried again")
            if busy < TAKEN_AT_ONCE:
                await asyncio.sleep(TAKE_EVERY.total_seconds())

    async def turn(self) -> int:
        """Take what waits and start what has no workflow; return how many rows were taken."""
        taken = await asyncio.to_thread(dispatch, self._store, self._telling, limit=TAKEN_AT_ONCE)
        waiting = await asyncio.to_thread(self._to_start)
        started: list[Delivery] = []
        try:
            for each in waiting:
                await self._start(each)
                started.append(each)
        finally:
            if started:
                await asyncio.to_thread(self._note, tuple(started))
        return taken

    async def heal(self) -> None:
        """Give a workflow to every delivery that should have been tried and was not; one that runs is left alone."""
        for each in await asyncio.to_thread(self._stalled):
            await self._start(each, again=True)

    async def _start(self, delivery: Delivery, *, again: bool = False) -> None:
        reuse, conflict = (
            (WorkflowIDReusePolicy.ALLOW_DUPLICATE, WorkflowIDConflictPolicy.USE_EXISTING)
            if again
            else (WorkflowIDReusePolicy.REJECT_DUPLICATE, WorkflowIDConflictPolicy.FAIL)
        )
        try:
            await self._client.start_workflow(
                DeliveryWorkflow.run,
                DeliveryOrder(delivery=delivery.id, round=delivery.round),
                id=names.delivery_workflow_id(delivery.event_id, delivery.target, delivery.round),
                task_queue=names.TASK_QUEUE,
                id_reuse_policy=reuse,
                id_conflict_policy=conflict,
                rpc_timeout=START_PATIENCE,
            )
        except WorkflowAlreadyStartedError:
            # It was started just before a crash: that one carries it.
            return

    def _to_start(self) -> tuple[Delivery, ...]:
        with self._store.reading() as tx:
            return to_start(tx, limit=_BATCH)

    def _stalled(self) -> tuple[Delivery, ...]:
        with self._store.reading() as tx:
            return stalled(tx, before=self._store.now(tx) - STALLED_AFTER, limit=_BATCH)

    def _note(self, started: tuple[Delivery, ...]) -> None:
        with self._store.writing() as tx:
            note_started(tx, started)


def ways_of(settings: Settings) -> Ways:
    """Return by what deliveries leave the house."""
    mailer = None
    if settings.smtp_host is not None:
        password = settings.smtp_password.get_secret_value() if settings.smtp_password is not None else None
        mailer = Mailer(
            MailServer(
                host=settings.smtp_host,
                port=settings.smtp_port,
                sender=settings.mail_from,
                user=settings.smtp_user,
                password=password,
                start_tls=settings.smtp_start_tls,
            )
        )
    return Ways(
        webhooks=WebhookSender(Targets(allow_private=settings.webhooks_private)),
        box=box_of(settings),
        mailer=mailer,
        rooms=Rooms(_rooms(settings)),
        hours=_hours(settings),
        public_url=settings.public_url,
    )


def telling_of(settings: Settings) -> Telling:
    """Return what may leave from here, and by which ways."""
    return Telling(
        source=settings.public_url or OWN_SOURCE,
        mail=settings.smtp_host is not None,
        rooms=len(_rooms(settings)),
        hours=_hours(settings),
    )


def _hours(settings: Settings) -> Hours:
    return Hours(begins=settings.quiet_begins, ends=settings.quiet_ends, digest_at=settings.digest_at)


def _rooms(settings: Settings) -> tuple[str, ...]:
    return tuple(settings.chat_urls.get_secret_value().split()) if settings.chat_urls is not None else ()
