"""Does an act in one transaction come to what looking, proposing and settling one after the other come to?"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.engine.interfaces import CacheStats

from readiness.commands import Choice, RegionCommand, Role
from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Proposal, Refused, Settled
from readiness.policy import Stage
from readiness.rules import propose
from store.access import record_change
from store.acting import act
from store.alarms import AlarmKind, standing_alarms
from store.board import refresh_figures
from store.commands import CommandForged
from store.facts import AHEAD_AT_MOST
from store.ledger import rows_after
from store.regions import lock_region_now
from tests.readiness.builders import OWNER
from tests.store.desk import Desk


@pytest.fixture
def key(desk: Desk) -> RegionKey:
    """A region whose figures are at hand."""
    key = desk.ready()
    desk.clock.now += AHEAD_AT_MOST + timedelta(seconds=1)
    refresh_figures(desk.store, [key])
    desk.clock.now += timedelta(seconds=1)
    desk.look(key)
    return key


def acted(desk: Desk, key: RegionKey, command: RegionCommand, known: int | None = None) -> Settled | None:
    """Act as a workflow does that knows the whole ledger, or the ledger up to `known`."""
    region = desk.region(key)  # By a transaction of its own.

    def proposed(evidence: Evidence, now: datetime) -> Proposal:
        return propose(region, command, evidence=evidence, now=now)

    return act(desk.store, key, region.version if known is None else known, command, proposed)


@contextmanager
def transactions(desk: Desk) -> Iterator[list[object]]:
    """Take down each transaction that begins."""
    begun: list[object] = []

    def take_down(connection: object) -> None:
        begun.append(connection)

    event.listen(desk.store.engine, "begin", take_down)
    try:
        yield begun
    finally:
        event.remove(desk.store.engine, "begin", take_down)


def test_an_act_on_figures_at_hand_is_one_transaction(desk: Desk, key: RegionKey) -> None:
    """It reads, judges and writes in it, and the ledger has what it led to."""
    command = desk.decide(key, Choice.GO)
    known = desk.region(key).version
    with transactions(desk) as begun:
        settled = acted(desk, key, command)
    assert settled is not None
    assert isinstance(settled.outcome, Accepted)
    assert len(begun) == 2, "one to ask what the workflow knows, one to act"
    with desk.store.reading() as tx:
        assert rows_after(tx, key, known) == settled.rows
    assert [row.event.type for row in settled.rows] == ["decision_taken"]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_decision_takes_few_trips_to_the_database(desk: Desk, key: RegionKey) -> None:
    """The row is taken and the clock read by one statement, the command with the roles; an event is written with its
    place in the outbox and what it was decided on, and the outcome with the row."""
    command = desk.decide(key, Choice.GO)
    region, asked = desk.region(key), list[str]()
    event.listen(desk.store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def proposed(evidence: Evidence, now: datetime) -> Proposal:
        return propose(region, command, evidence=evidence, now=now)

    assert act(desk.store, key, region.version, command, proposed) is not None
    written = [each for each in asked if "INSERT INTO" in each or " SET " in each]
    assert len(written) == 2, "the event with the outbox and the record, the outcome with the row"
    assert len(asked) - len(written) == 2, "the row with the clock, the command with the roles"


def test_no_statement_of_an_act_is_put_together_anew(desk: Desk, key: RegionKey) -> None:
    """A decision asks and writes by the statements of the one before: to put one together takes longer than to run
    it."""
    anew = list[str]()

    def take_down(*given: Any) -> None:
        if given[4].compiled is not None and given[4].cache_hit is not CacheStats.CACHE_HIT:
            anew.append(given[2])

    for _ in range(2):
        assert acted(desk, key, desk.decide(key, Choice.GO)) is not None
        for kind in ("hold", "resume"):
            acted(desk, key, desk.ask(key, kind, OWNER, Role.PRODUCT_MANAGER))
    command = desk.decide(key, Choice.GO)
    event.listen(desk.store.engine, "before_cursor_execute", take_down)
    assert acted(desk, key, command) is not None
    assert anew == []


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_the_clock_is_read_once_the_row_is_held(desk: Desk, key: RegionKey) -> None:
    """Whoever waited for a region's row is told what time it is after the wait, though nothing was changed in it."""

    def take() -> datetime | None:
        with desk.store.writing() as tx:
            return lock_region_now(tx, key)[1]

    waits = text("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    clock = select(func.clock_timestamp())
    with ThreadPoolExecutor(1) as pool:
        with desk.store.writing() as tx:
            lock_region_now(tx, key)
            taken = pool.submit(take)
            while not tx.execute(waits).scalar_one():
                # Within one transaction what goes on in the server is told once, unless it is forgotten.
                tx.execute(text("SELECT pg_stat_clear_snapshot()"))
            released_at = tx.execute(clock).scalar_one()
        held_at = taken.result(timeout=30)
    assert held_at is not None
    assert held_at > released_at


def test_an_act_leads_to_what_the_three_steps_lead_to(desk: Desk, key: RegionKey) -> None:
    """The same events, the same refusal, and the region as it was."""
    before = desk.region(key)
    for kind in ("hold", "resume", "resume"):
        command = desk.ask(key, kind, OWNER, Role.PRODUCT_MANAGER)
        _, proposal, _ = desk.proposed(key, command)
        settled = acted(desk, key, command)
        assert settled is not None
        unstamped = {"at", "command_digest"}
        told = [row.event.model_dump(exclude=unstamped) for row in settled.rows]
        assert told == [each.model_dump(exclude=unstamped) for each in proposal.events]
        assert (settled.outcome.refusal if isinstance(settled.outcome, Refused) else None) == proposal.refusal
    assert desk.region(key).decision == before.decision


def test_nobody_is_counted_and_no_text_is_read_while_the_row_is_held(desk: Desk, key: RegionKey) -> None:
    """Facts that came since, figures that time changes, a text that was edited: each is looked at beforehand."""

    def teaches() -> None:
        desk.teach("emea", people=12, trained=12, certified=12)

    def edits() -> None:
        desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Another promise."})

    def waits() -> None:
        desk.clock.now += timedelta(days=400)

    changes: tuple[Callable[[], None], ...] = (teaches, edits, waits)
    for changed in changes:
        changed()
        known = desk.region(key).version
        assert acted(desk, key, desk.hold(key)) is None
        assert desk.region(key).version == known
        if changed is not waits:
            desk.clock.now += AHEAD_AT_MOST + timedelta(seconds=1)
            refresh_figures(desk.store, [key])


def test_an_act_that_knows_less_than_the_ledger_writes_nothing(desk: Desk, key: RegionKey) -> None:
    """It is caught up with first."""
    known = desk.region(key).version
    assert acted(desk, key, desk.hold(key), known - 1) is None
    assert desk.region(key).version == known


def test_a_repeated_act_has_its_first_outcome(desk: Desk, key: RegionKey) -> None:
    """One effect per command, however often it comes."""
    command = desk.hold(key)
    first, again = acted(desk, key, command), acted(desk, key, command)
    assert first is not None
    assert again is not None
    assert (again.outcome, again.rows) == (first.outcome, ())


def test_a_role_withdrawn_while_the_command_was_on_its_way_stops_the_act(desk: Desk, key: RegionKey) -> None:
    """It counts at once."""
    command = desk.decide(key, Choice.GO)
    with desk.store.writing() as tx:
        record_change(
            tx,
            person="ex-1",
            role=Role.EXECUTIVE,
            region="emea",
            change="withdrawn",
            by="admin",
            reason="They have left.",
            effective_at=None,
            idempotency_key="withdraw",
            now=desk.clock.now,
            check=lambda *_given, **_named: None,
        )
    settled = acted(desk, key, command)
    assert settled is not None
    assert isinstance(settled.outcome, Refused)
    assert settled.outcome.refusal.kind == "role-withdrawn"


def test_a_forged_act_writes_nothing_and_leaves_an_alarm(desk: Desk, key: RegionKey) -> None:
    """What the log does not hold as it came is not carried out on this way either."""
    command = desk.hold(key).model_copy(update={"person": "somebody-else"})
    known = desk.region(key).version
    with pytest.raises(CommandForged):
        acted(desk, key, command)
    assert desk.region(key).version == known
    with desk.store.reading() as tx:
        assert AlarmKind.COMMAND_FORGED in {alarm.kind for alarm in standing_alarms(tx)}
