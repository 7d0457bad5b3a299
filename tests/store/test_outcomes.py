"""Does whoever waits for an outcome hear of it once it is recorded, and of nothing else?"""

import queue
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from readiness.commands import Choice
from readiness.ledger import Accepted, Outcome, Refused
from readiness.refusals import Expired
from store.engine import open_store
from store.outcomes import OutcomeWatch
from store.records_schema import commands, region_launches
from store.settled import OutcomeTold, outcome_of, outcome_told, outcomes_of, record_outcome, settle_and_move
from tests.store.desk import Desk

SOON = 20.0
"""Seconds that are waited for what takes milliseconds, before a test fails."""

Heard = queue.Queue[Outcome]


@pytest.fixture
def watch(desk: Desk) -> Iterator[OutcomeWatch]:
    """A watch on the desk's store, closed in the end."""
    watching = OutcomeWatch(desk.store)
    try:
        yield watching
    finally:
        watching.close()


def test_an_outcome_is_heard_of_once_it_is_recorded(desk: Desk, watch: OutcomeWatch) -> None:
    """Nothing is heard while the command is open; then the very outcome that the log has."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    heard: Heard = queue.Queue()
    with watch.told(command.command_id, heard.put):
        assert heard.empty()
        settled = desk.accepted(key, command)
        assert heard.get(timeout=SOON) == settled.outcome
    assert heard.empty()


def test_what_another_process_records_is_heard_of_too(desk: Desk, watch: OutcomeWatch) -> None:
    """The worker that settles is never the process that waits."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    url = desk.store.engine.url.render_as_string(hide_password=False)
    elsewhere = Desk(open_store(url, desk.clock), desk.clock)
    heard: Heard = queue.Queue()
    try:
        with watch.told(command.command_id, heard.put):
            elsewhere.accepted(key, command)
            assert isinstance(heard.get(timeout=SOON), Accepted)
    finally:
        elsewhere.store.close()


def test_an_outcome_from_before_anybody_waited_is_heard_of(desk: Desk, watch: OutcomeWatch) -> None:
    """Whoever begins to wait too late does not wait for a change that has been already."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    desk.accepted(key, command)
    heard: Heard = queue.Queue()
    with watch.told(command.command_id, heard.put):
        assert isinstance(heard.get(timeout=SOON), Accepted)


def test_an_outcome_that_nobody_was_told_of_is_found(desk: Desk, watch: OutcomeWatch) -> None:
    """What stands between a process and its database may swallow notifications; the log is asked all the same."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    heard: Heard = queue.Queue()
    with watch.told(command.command_id, heard.put):
        with desk.store.writing() as tx:
            outcome = Accepted(version=1).model_dump(mode="json")
            settled = update(commands).where(commands.c.id == command.command_id)
            tx.execute(settled.values(outcome=outcome, settled_at=desk.clock.now))
        assert isinstance(heard.get(timeout=SOON), Accepted)


def test_two_who_wait_for_the_same_command_both_hear(desk: Desk, watch: OutcomeWatch) -> None:
    """A request that is repeated while the first still waits gets the same answer."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    first: Heard = queue.Queue()
    second: Heard = queue.Queue()
    with watch.told(command.command_id, first.put), watch.told(command.command_id, second.put):
        desk.accepted(key, command)
        assert first.get(timeout=SOON) == second.get(timeout=SOON)


def test_only_the_command_that_was_waited_for_is_told_of(desk: Desk, watch: OutcomeWatch) -> None:
    """An outcome of somebody else's command is nobody's answer."""
    key = desk.ready()
    open_one, settled_one = desk.hold(key), desk.decide(key, Choice.GO)
    of_open: Heard = queue.Queue()
    of_settled: Heard = queue.Queue()
    with watch.told(open_one.command_id, of_open.put), watch.told(settled_one.command_id, of_settled.put):
        desk.accepted(key, settled_one)
        assert isinstance(of_settled.get(timeout=SOON), Accepted)
        assert of_open.empty()


def test_the_outcomes_of_many_are_those_of_each(desk: Desk) -> None:
    """Open and unknown commands are left out."""
    key = desk.ready()
    settled, still_open = desk.decide(key, Choice.GO), desk.hold(key)
    desk.accepted(key, settled)
    with desk.store.reading() as tx:
        found = outcomes_of(tx, [settled.command_id, still_open.command_id, "made-up"])
        assert found == {settled.command_id: outcome_of(tx, settled.command_id)}


def test_an_outcome_that_is_too_long_to_tell_is_heard_of_all_the_same(desk: Desk, watch: OutcomeWatch) -> None:
    """PostgreSQL tells 8,000 bytes at most; of what is longer it tells only that it is there."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    longest = Refused(refusal=Expired(detail="ö" * 4_000))
    heard: Heard = queue.Queue()
    with watch.told(command.command_id, heard.put):
        with desk.store.writing() as tx:
            record_outcome(tx, command.command_id, longest, now=desk.clock.now)
        assert heard.get(timeout=SOON) == longest


def test_an_outcome_is_written_once_and_with_it_the_row(desk: Desk) -> None:
    """Whoever comes second writes neither another outcome nor what the row would tell by it."""
    key = desk.ready()
    command = desk.decide(key, Choice.GO)
    first, second = Accepted(version=desk.region(key).version), Refused(refusal=Expired(detail="Too late."))
    with desk.store.writing() as tx:
        settle_and_move(tx, key, command.command_id, first, {"revisit_at": desk.clock.now}, now=desk.clock.now)
    with pytest.raises(ValueError, match="has an outcome already"), desk.store.writing() as tx:
        settle_and_move(tx, key, command.command_id, second, {"revisit_at": None}, now=desk.clock.now)
    with desk.store.reading() as tx:
        assert outcome_of(tx, command.command_id) == first
        told = tx.execute(select(region_launches.c.revisit_at).where(region_launches.c.region == key.region)).scalar()
        assert told == desk.clock.now


@pytest.mark.parametrize("outcome", [Accepted(version=7), Refused(refusal=Expired(detail="Too late."))])
def test_what_is_told_of_an_outcome_reads_as_it_was(outcome: Outcome) -> None:
    """The news of an outcome carries it whole, so that nobody need ask for it."""
    news = OutcomeTold(command_id="c-1", outcome=outcome)
    assert outcome_told(news.model_dump_json()) == news


@pytest.mark.parametrize("news", ["", "c-1", "{}", '{"command_id": "c-1", "outcome": {"kind": "guessed"}}'])
def test_news_that_does_not_read_tells_nothing(news: str) -> None:
    """What another version says in its own way is no outcome, and whoever hears it asks the log."""
    assert outcome_told(news) is None
