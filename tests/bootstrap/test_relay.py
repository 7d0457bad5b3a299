"""Does the relay tell workflows what they must know, and send again what got stuck?"""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.sending import EngineAway
from bootstrap.relay import STUCK_AFTER, Relay
from readiness.commands import LaunchCommand, RegionCommand
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome
from readiness.region import Verdict
from readiness.rows import ImportKind
from store.board import board
from store.engine import migrate, open_store
from store.imports import register
from store.regions import update_region
from tests.store.desk import Clock, Desk
from tests.stories.house import eventually


class Messenger:
    """A sender that notes what it was asked to carry and whose engine never answers."""

    def __init__(self) -> None:
        self.hinted: list[RegionKey | LaunchKey] = []
        self.sent: list[str] = []
        self.imports: list[str] = []

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Note the command; nobody answers."""
        self.sent.append(command.command_id)
        raise EngineAway

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Note the command; nobody answers."""
        self.sent.append(command.command_id)
        raise EngineAway

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Note the hints."""
        self.hinted.extend(keys)

    async def hint_launch(self, key: LaunchKey) -> None:
        """Note the hint."""
        self.hinted.append(key)

    async def start_import(self, import_id: str) -> None:
        """Note the import."""
        self.imports.append(import_id)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    migrate(url)
    clock = Clock()
    store = open_store(url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


@pytest.fixture
def messenger() -> Messenger:
    """Whom the relay sends."""
    return Messenger()


@pytest.fixture
def relay(desk: Desk, messenger: Messenger) -> Relay:
    """The relay; none of these tests asks Temporal anything."""
    return Relay(desk.store, messenger, cast(Client, None), hint_launch=messenger.hint_launch)


async def test_a_region_is_hinted_once_for_facts_that_move_a_criterion(
    desk: Desk, relay: Relay, messenger: Messenger
) -> None:
    """Facts that change no criterion cost a workflow nothing."""
    key = desk.ready()
    await relay.count()
    assert messenger.hinted == []
    desk.void_passes("emea")
    await relay.count()
    assert messenger.hinted == [key]


async def test_a_command_that_got_stuck_is_sent_again(desk: Desk, relay: Relay, messenger: Messenger) -> None:
    """What has no outcome after a while is sent again under its own id; a fresh one is left to its sender."""
    key = desk.ready()
    hold = desk.hold(key)
    await relay.recover()
    assert messenger.sent == []
    desk.clock.now += STUCK_AFTER + timedelta(seconds=1)
    await relay.recover()
    assert messenger.sent == [hold.command_id]


async def test_an_import_without_a_workflow_gets_one(desk: Desk, relay: Relay, messenger: Messenger) -> None:
    """A process that died between the file and its workflow leaves nothing queued for ever."""
    with desk.store.writing() as tx:
        made = register(
            tx,
            kind=ImportKind.PEOPLE,
            digest="sha256:" + "0" * 64,
            file_name="people.csv",
            size=1,
            path="people.csv",
            uploaded_by="en-1",
            at=desk.clock.now,
        )
    await relay.recover()
    assert messenger.imports == []
    desk.clock.now += STUCK_AFTER + timedelta(seconds=1)
    await relay.recover()
    assert messenger.imports == [made.record.id]


async def test_a_region_whose_instant_nobody_attended_to_is_hinted(
    desk: Desk, relay: Relay, messenger: Messenger
) -> None:
    """A workflow that was lost with its timer is woken by the sweep."""
    key = desk.with_go()
    desk.clock.now = desk.region(key).launch_at + timedelta(minutes=5)
    await relay.sweep()
    assert key in messenger.hinted


async def test_a_row_changed_by_hand_is_written_anew_and_its_workflow_hinted(
    desk: Desk, relay: Relay, messenger: Messenger
) -> None:
    """What somebody wrote into the database lasts until the next check, and the region looks for itself."""
    key = desk.ready()
    await relay.check()
    assert messenger.hinted == []
    with desk.store.writing() as tx:
        update_region(tx, key, verdict="go", shown_verdict="go")
    await relay.check()
    assert messenger.hinted == [key]
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx)] == [Verdict.READY]


class Deaf:
    """A client whose server never answers."""

    namespace = "default"

    @property
    def workflow_service(self) -> Client:
        """Raise what is raised where nobody answers."""
        raise RPCError("nobody answers", RPCStatusCode.UNAVAILABLE, b"")


async def test_a_row_that_nobody_can_read_does_not_stop_the_relay(
    desk: Desk, messenger: Messenger, caplog: pytest.LogCaptureFixture
) -> None:
    """A turn that meets it fails and comes again, while the loop that mends rows goes on."""
    key = desk.ready()
    with desk.store.writing() as tx:
        update_region(tx, key, state={"nonsense": True}, facts_revision=99)
    relay = Relay(desk.store, messenger, cast(Client, Deaf()), hint_launch=messenger.hint_launch)
    with pytest.raises(ValueError, match="validation error"):
        await relay.count()
    running = asyncio.create_task(relay.run())
    try:
        await asyncio.to_thread(eventually, lambda: caplog.text, lambda said: "it was written anew" in said)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert desk.region(key).key == key
