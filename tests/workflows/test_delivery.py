"""Is a delivery tried for three days, taken up after a crash, and ended as its store says?"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select, update
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.deliver import DeliverActivities, Ways
from activities.deliver_http import WebhookSender
from activities.deliver_targets import Targets
from bootstrap import temporal
from bootstrap.dispatcher import Dispatcher
from bootstrap.sandbox import sandbox
from readiness.delivering import GIVEN_UP_AFTER, WAITS, Channel, DeliveryState, Fate
from store.deliver_schema import deliveries
from store.deliveries import delivery_id, find_delivery, make_delivery, replay, tries_of
from store.dispatch import Telling
from store.engine import Store, migrate, open_store
from store.sealing import Box
from store.webhooks import Webhook, find_webhook, make_webhook
from tests.deliver_receiver import Receiver, receiving
from tests.workflows.servers import real_server, skipping_server
from workflows import names
from workflows.delivery import DeliveryWorkflow

pytestmark = pytest.mark.temporal

EVENT = "atlas-2/emea/1/17"
SECOND = timedelta(seconds=1)
BOX = Box([Fernet.generate_key().decode()])


class Stage:
    """A store whose clock is Temporal's, a dispatcher on it, and workers that deliver."""

    def __init__(self, env: WorkflowEnvironment, store: Store) -> None:
        self.env = env
        self.store = store
        self.dispatcher = Dispatcher(store, env.client, Telling(source="urn:test"))
        ways = Ways(webhooks=WebhookSender(Targets(allow_private=True)), box=BOX)
        self.activities = DeliverActivities(store, ways)

    @asynccontextmanager
    async def workers(self) -> AsyncIterator[None]:
        """Run what a worker process runs for deliveries."""
        with temporal.activity_threads() as threads:
            workflows = (DeliveryWorkflow,)
            async with (
                temporal.make_worker(self.env.client, (unused,), threads, workflows=workflows, strict=True),
                temporal.make_delivery_worker(self.env.client, (self.activities.deliver,)),
            ):
                yield

    def subscribe(self, receiver: Receiver) -> tuple[Webhook, str]:
        """Have a webhook, and one delivery for it; return the webhook with the delivery's id."""
        wanted = {"url": receiver.url, "types": [], "regions": [], "products": []}
        now = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
        with self.store.writing() as tx:
            webhook, _ = make_webhook(tx, wanted, by="admin-1", key="k", body_digest="d", box=BOX, now=now)
            make_delivery(
                tx,
                event_id=EVENT,
                channel=Channel.WEBHOOK,
                target=webhook.id,
                kind="launch.region.held",
                product="atlas-2",
                region="emea",
                at=now,
                body='{"specversion":"1.0"}',
                now=now,
            )
        return webhook, delivery_id(EVENT, webhook.id)

    def handle(self, webhook: Webhook, again: str = "") -> WorkflowHandle[DeliveryWorkflow, DeliveryState]:
        """Return the workflow that delivers to a webhook."""
        id_ = f"delivery/{EVENT}/{webhook.id}{again}"
        return self.env.client.get_workflow_handle_for(DeliveryWorkflow.run, id_)

    def due(self) -> datetime | None:
        """Return when the delivery is tried next, where that is known."""
        with self.store.reading() as tx:
            at: datetime | None = tx.execute(select(func.max(deliveries.c.next_at))).scalar()
        return at

    async def result(self, handle: WorkflowHandle[DeliveryWorkflow, DeliveryState]) -> DeliveryState:
        """Let time pass, from one try to the next, until the delivery has ended."""
        async with asyncio.timeout(60):
            while (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                due = self.due()
                if due is not None:
                    await self.env.sleep(max(due - await self.env.get_current_time(), timedelta()) + SECOND)
        return await handle.result()


@activity.defn
def unused() -> None:
    """Do nothing: a worker of workflows needs an activity to be made."""


def temporal_clock() -> datetime:
    """Return the time of the activity that asks, which skips with the server's."""
    try:
        return activity.info().started_time
    except RuntimeError:
        return datetime.fromisoformat("2027-01-01T00:00:00+00:00")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of this test's own."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    migrate(url)
    opened = open_store(url, temporal_clock)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
async def stage(store: Store) -> AsyncIterator[Stage]:
    """A server whose time skips, and everything that delivers."""
    async with skipping_server() as env:
        stage = Stage(env, store)
        async with stage.workers():
            yield stage


async def test_a_receiver_that_is_down_for_days_gets_it_when_it_is_back(stage: Stage) -> None:
    """Nine tries fail over three days, and the tenth is taken, with the bytes and the id of the first."""
    with receiving(*[500] * len(WAITS), 204) as receiver:
        webhook, id_ = stage.subscribe(receiver)
        await stage.dispatcher.turn()
        assert await stage.result(stage.handle(webhook)) is DeliveryState.DELIVERED
    assert len(receiver.received) == len(WAITS) + 1
    assert {(each.body, each.headers["webhook-id"]) for each in receiver.received} == {
        (b'{"specversion":"1.0"}', EVENT)
    }
    with stage.store.reading() as tx:
        tries = tries_of(tx, id_)
    assert [each.fate for each in tries] == [Fate.FAILED] * len(WAITS) + [Fate.ACCEPTED]
    waited = [b.began_at - a.began_at for a, b in itertools.pairwise(tries)]
    assert all(wait <= each < wait + timedelta(minutes=1) for wait, each in zip(WAITS, waited, strict=True))
    assert timedelta(days=3) < tries[-1].began_at - tries[0].began_at <= GIVEN_UP_AFTER
    history = await stage.handle(webhook).fetch_history()
    assert len(history.events) < 150
    # What is sent and where to is nobody's business in there.
    assert not any(word in history.to_json() for word in (receiver.url, "whsec_", "specversion"))
    await replayed(history)


async def replayed(history: WorkflowHistory) -> None:
    """Replay a history under the strict sandbox."""
    replayer = Replayer(
        workflows=temporal.WORKFLOWS,
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=sandbox(strict=True),
    )
    await replayer.replay_workflow(history)


async def test_what_is_never_taken_is_given_up_and_sent_again_by_hand(stage: Stage) -> None:
    """After three days it ends loudly; a replay is a round of its own under the same id for the receiver."""
    with receiving(500) as receiver:
        webhook, id_ = stage.subscribe(receiver)
        await stage.dispatcher.turn()
        assert await stage.result(stage.handle(webhook)) is DeliveryState.GIVEN_UP
        assert len(receiver.received) == len(WAITS) + 1
        receiver.answers = [(200, {})]
        with stage.store.writing() as tx:
            replay(tx, id_, key="again")
        await stage.dispatcher.turn()
        assert await stage.result(stage.handle(webhook, "/2")) is DeliveryState.DELIVERED
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1


async def test_a_dispatcher_that_died_between_start_and_note_starts_nothing_twice(stage: Stage) -> None:
    """The workflow's id is the delivery's: whoever comes again finds it started, also once it has ended."""
    with receiving() as receiver:
        webhook, id_ = stage.subscribe(receiver)
        await stage.dispatcher.turn()
        assert await stage.result(stage.handle(webhook)) is DeliveryState.DELIVERED
        for _ in range(3):
            with stage.store.writing() as tx:
                tx.execute(update(deliveries).values(started_round=0))
            await stage.dispatcher.turn()
    assert len(receiver.received) == 1
    with stage.store.reading() as tx:
        found = find_delivery(tx, id_)
    assert found is not None
    assert (found.state, found.started_round) == (DeliveryState.DELIVERED, 1)


async def test_a_delivery_whose_workflow_was_lost_gets_another(store: Store) -> None:
    """Somebody ended it, or Temporal's database is gone: what should have been tried is tried."""
    async with real_server() as env:
        stage = Stage(env, store)
        async with stage.workers():
            with receiving(500, 204) as receiver:
                webhook, id_ = stage.subscribe(receiver)
                await stage.dispatcher.turn()
                handle = stage.handle(webhook)
                async with asyncio.timeout(60):
                    while stage.due() is None:
                        await handle.describe()
                await handle.terminate()
                with store.writing() as tx:
                    tx.execute(update(deliveries).values(next_at=temporal_clock() - timedelta(hours=1)))
                await stage.dispatcher.heal()
                assert await stage.handle(webhook).result() is DeliveryState.DELIVERED
                await stage.dispatcher.heal()
            assert len(receiver.received) == 2
    with store.reading() as tx:
        assert [each.number for each in tries_of(tx, id_)] == [1, 2]


async def test_gone_disables_and_a_disabled_webhook_is_sent_nothing(stage: Stage) -> None:
    """After a 410 nothing more goes out, not even what was written down before."""
    with receiving(410) as receiver:
        webhook, id_ = stage.subscribe(receiver)
        await stage.dispatcher.turn()
        assert await stage.result(stage.handle(webhook)) is DeliveryState.DISABLED
        with stage.store.reading() as tx:
            disabled = find_webhook(tx, webhook.id)
        assert disabled is not None
        assert not disabled.enabled
        with stage.store.writing() as tx:
            replay(tx, id_, key="again")
        await stage.dispatcher.turn()
        assert await stage.result(stage.handle(webhook, "/2")) is DeliveryState.DISABLED
    assert len(receiver.received) == 1


def test_the_id_of_a_delivery_is_one_that_every_server_takes() -> None:
    """The longest names are told apart as well as short ones; a short id can be read."""
    event = f"{'p' * 64}/{'r' * 64}/1/17"
    ids = {names.delivery_workflow_id(event, "s" * 127 + end, round_) for end in "ab" for round_ in (1, 2)}
    assert len(ids) == 4
    assert max(map(len, ids)) <= names.LONGEST_ID
    assert names.delivery_workflow_id(EVENT, "whk-1", 1) == f"delivery/{EVENT}/whk-1"
    assert names.delivery_workflow_id(EVENT, "whk-1", 2) == f"delivery/{EVENT}/whk-1/2"
