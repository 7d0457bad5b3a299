"""Is an act answered by whoever knows first what became of it, and never by a guess?"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from api.sending import EngineAway
from bootstrap.answering import PromptSender
from readiness.commands import Choice, LaunchCommand, RegionCommand
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Accepted, Outcome
from store.engine import migrate, open_store
from store.outcomes import OutcomeWatch
from tests.store.desk import Clock, Desk

SOON = 20
"""Seconds that are waited for what takes milliseconds, before a test fails."""


class SlowSender:
    """A sender whose answer comes when a test lets it come."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Return the answer, once there is one."""
        try:
            return await self.answer
        finally:
            self.ended.set()

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Return the answer, once there is one."""
        return await self.answer

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Do nothing."""

    async def start_import(self, import_id: str) -> None:
        """Do nothing."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk on a SQLite file of its own."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    migrate(url)
    clock = Clock()
    store = open_store(url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


@pytest.fixture
async def watch(desk: Desk) -> AsyncIterator[OutcomeWatch]:
    """A watch on the desk's store."""
    watching = OutcomeWatch(desk.store)
    try:
        yield watching
    finally:
        await asyncio.to_thread(watching.close)


async def test_the_ledger_answers_before_the_workflow_does(desk: Desk, watch: OutcomeWatch) -> None:
    """What is recorded is final, so nobody waits for the workflow to write its own history."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    slow = SlowSender()
    sent = asyncio.ensure_future(PromptSender(slow, watch).region(key, command))
    settled = await asyncio.to_thread(desk.accepted, key, command)
    assert await asyncio.wait_for(sent, SOON) == settled.outcome
    # The workflow is still told: the sending goes on to its own end.
    assert not slow.ended.is_set()
    slow.answer.set_result(Accepted(version=1))
    await asyncio.wait_for(slow.ended.wait(), SOON)


async def test_the_workflow_answers_where_it_is_first(desk: Desk, watch: OutcomeWatch) -> None:
    """Nothing waits for the ledger to be looked at."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    slow = SlowSender()
    slow.answer.set_result(Accepted(version=7))
    assert await PromptSender(slow, watch).region(key, command) == Accepted(version=7)


async def test_no_answer_from_either_is_no_answer(desk: Desk, watch: OutcomeWatch) -> None:
    """An open command whose workflow does not answer is never taken for accepted."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    slow = SlowSender()
    slow.answer.set_exception(EngineAway("nobody is there"))
    with pytest.raises(EngineAway):
        await PromptSender(slow, watch).region(key, command)
