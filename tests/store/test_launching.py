"""Does a region launch only where ledger, command log and facts allow it, and then once?"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from readiness.commands import Choice
from readiness.events import DecisionTaken, HoldCause, RegionEvent, RegionHeld
from readiness.keys import RegionKey
from readiness.ledger import Accepted, LaunchDenied, Launched, LaunchRefused, NotNow, RegionRow, Settled
from readiness.policy import Stage
from readiness.region import Ending, Verdict
from readiness.rules import fold, propose
from store import launching
from store.launching import launch_record
from store.ledger import rows_after, untold
from store.projection import move_row
from store.records_schema import launch_records, ledger
from store.regions import lock_region, update_region
from store.settling import settle
from store.sight import look
from tests.readiness.builders import LAUNCH_AT, SIGNERS
from tests.store.desk import Desk

RACES = 25
"""Enough that a launch which checks first and writes later would lose one: without the row it lost nearly all."""


def at_the_instant(desk: Desk) -> None:
    """Move the clock to the launch instant."""
    desk.clock.now = LAUNCH_AT


def test_a_ready_region_launches_at_its_instant(desk: Desk) -> None:
    """Launch record, event, projection and outbox are there together."""
    key = desk.with_go()
    decided = desk.region(key).decision
    at_the_instant(desk)
    answer = desk.launch(key)
    assert isinstance(answer, Launched), answer
    assert answer.bearings.verdict is Verdict.LAUNCHED
    assert desk.region(key).ending is Ending.LAUNCHED
    with desk.store.reading() as tx:
        record = launch_record(tx, key)
        assert record is not None
        assert decided is not None
        assert (record["decision_version"], record["version"]) == (decided.version, decided.version + 1)
        assert record["readiness"]["verdict"] == "go"
        assert untold(tx)[-1].type == "region_launched"


def test_a_launch_that_happened_is_the_answer(desk: Desk) -> None:
    """Asked again, also by a workflow that knows less, the launch stands and nothing is written."""
    key = desk.with_go()
    known = desk.region(key).version
    at_the_instant(desk)
    first = desk.launch(key)
    again = launching.launch(desk.store, key, known)
    assert isinstance(first, Launched)
    assert isinstance(again, Launched)
    assert again.rows == first.rows
    assert desk.region(key).version == known + 1


def test_nothing_launches_before_its_instant(desk: Desk) -> None:
    """The database's clock decides, not whoever asks."""
    key = desk.with_go()
    desk.clock.now = LAUNCH_AT - timedelta(microseconds=1)
    assert isinstance(desk.launch(key), NotNow)
    assert desk.region(key).ending is None


def test_a_launch_more_than_an_hour_late_is_denied(desk: Desk) -> None:
    """Late is held, not launched."""
    key = desk.with_go()
    desk.clock.now = LAUNCH_AT + timedelta(minutes=60, microseconds=1)
    assert isinstance(desk.launch(key), LaunchDenied)


def test_a_workflow_that_knows_another_version_is_told_not_now(desk: Desk) -> None:
    """The workflow must have decided on all there is, and on no more than there is."""
    key = desk.with_go()
    at_the_instant(desk)
    version = desk.region(key).version
    assert isinstance(launching.launch(desk.store, key, version - 1), NotNow)
    assert isinstance(launching.launch(desk.store, key, version + 1), NotNow)


def test_an_open_command_makes_the_launch_wait(desk: Desk) -> None:
    """Somebody may have said stop: that is settled first."""
    key = desk.with_go()
    at_the_instant(desk)
    desk.hold(key)
    assert isinstance(desk.launch(key), NotNow)


def test_rules_that_did_not_look_do_not_launch(desk: Desk) -> None:
    """While two versions of the rules run side by side, the launch waits until its own version has looked."""
    key = desk.with_go()
    at_the_instant(desk)
    with desk.store.writing() as tx:
        update_region(tx, key, core_version=99)
    assert desk.launch(key) == NotNow(reason="other core version")
    desk.look(key)
    assert isinstance(desk.launch(key), Launched)


def test_facts_that_fell_since_the_go_deny_the_launch(desk: Desk) -> None:
    """The launch judges on the facts of its own transaction, whatever the workflow has seen."""
    key = desk.with_go()
    desk.void_passes("emea")
    at_the_instant(desk)
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert any("certified_share" in objection for objection in answer.objections)
    held = desk.carry_out(key, LaunchRefused(objections=answer.objections))
    assert held.bearings.verdict is Verdict.HELD


def test_content_that_moved_on_since_the_go_denies_the_launch(desk: Desk) -> None:
    """A sign-off counts only while what was signed is what is said."""
    key = desk.with_go()
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Another promise."}, holds=("emea",))
    at_the_instant(desk)
    assert isinstance(desk.launch(key), LaunchDenied)


def test_no_go_no_launch(desk: Desk) -> None:
    """A region in which every gate is met launches on a go, and on nothing else."""
    key = desk.ready()
    at_the_instant(desk)
    assert isinstance(desk.launch(key), LaunchDenied)


def test_a_go_that_the_log_does_not_hold_is_named_and_denied(desk: Desk) -> None:
    """A go written into the ledger past the door counts for nothing."""
    key = desk.ready()
    forged = DecisionTaken(
        at=desk.clock.now, person="ex-1", command_id="made-up", choice=Choice.GO, launch_at=LAUNCH_AT
    )
    _write_past_the_door(desk, key, forged)
    at_the_instant(desk)
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert "is not proven" in answer.objections[0]


def test_a_go_that_points_to_another_command_is_denied(desk: Desk) -> None:
    """A real no-go does not stand behind a forged go, nor a refused command behind anything."""
    key = desk.ready()
    refused = desk.decide(key, Choice.CONDITIONAL_GO)
    desk.carry_out(key, refused)
    with desk.store.reading() as tx:
        digest = tx.execute(
            text("SELECT command_digest FROM commands WHERE id = :id"), {"id": refused.command_id}
        ).scalar_one()
    forged = DecisionTaken(
        at=desk.clock.now,
        person="ex-1",
        command_id=refused.command_id,
        command_digest=digest,
        choice=Choice.GO,
        launch_at=LAUNCH_AT,
    )
    _write_past_the_door(desk, key, forged)
    at_the_instant(desk)
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert "asks for something else" in answer.objections[0]


def test_a_hold_without_a_command_counts(desk: Desk) -> None:
    """What takes away needs no proof: anybody may stop a launch."""
    key = desk.with_go()
    _write_past_the_door(desk, key, RegionHeld(at=desk.clock.now, cause=HoldCause.GATE_UNMET))
    at_the_instant(desk)
    assert isinstance(desk.launch(key), LaunchDenied)


def test_a_launch_record_is_written_once(desk: Desk) -> None:
    """The database itself refuses a second launch of the same run, and any change to the first."""
    key = desk.with_go()
    at_the_instant(desk)
    desk.launch(key)
    with desk.store.reading() as tx:
        record = launch_record(tx, key)
    assert record is not None
    with pytest.raises(IntegrityError), desk.store.writing() as tx:
        tx.execute(insert(launch_records).values(**record))


def test_a_hold_and_a_launch_never_both_win(desk: Desk) -> None:
    """In twenty-five races each region is launched or held, never both: who takes its row first wins."""
    keys = desk.start(*(f"region-{number:02}" for number in range(RACES)))
    desk.write_all()
    for key in keys:
        desk.teach(key.region, people=1, trained=1, certified=1)
        _take_to_go(desk, key)
    at_the_instant(desk)
    for key in keys:
        known = desk.region(key).version
        answer, held = _raced(partial(launching.launch, desk.store, key, known), partial(_hold, desk, key))
        launched = isinstance(answer, Launched)
        assert launched or isinstance(answer, NotNow), answer
        assert launched is not isinstance(held.outcome, Accepted)
        region = desk.region(key)
        assert (region.ending is Ending.LAUNCHED, region.holding is not None) == (launched, not launched)
        with desk.store.reading() as tx:
            types = [row.event.type for row in rows_after(tx, key, known)]
            assert types == (["region_launched"] if launched else ["region_held"])
            assert (launch_record(tx, key) is not None) is launched


def _take_to_go(desk: Desk, key: RegionKey) -> None:
    """Sign and decide on one look, which saves the looks that change nothing."""
    sight = look(desk.store, key, 0)
    region = fold(key, None, sight.rows)
    assert region is not None
    assert sight.evidence is not None
    asks = [
        partial(
            desk.ask, key, "sign_off", person, role, stage=content.stage, function=function, digest=content.digest
        )
        for content in sight.evidence.contents
        for function, role, person in SIGNERS
    ]
    for ask in (*asks, partial(desk.decide, key, Choice.GO)):
        command = ask()
        proposal = propose(region, command, evidence=sight.evidence, now=desk.clock.now)
        settled = settle(desk.store, key, region.version, command, proposal)
        assert isinstance(settled.outcome, Accepted), settled.outcome
        region = fold(key, region, settled.rows)
        assert region is not None


def _hold(desk: Desk, key: RegionKey) -> Settled:
    """Ask for a hold and carry it out, looking again while the ledger moves on."""
    command = desk.hold(key)
    while (settled := desk.carry_out(key, command)).is_behind:
        pass
    return settled


def _raced(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """Run both at once and return what they return."""
    gate = threading.Barrier(2)

    def after_the_gate(act: Callable[[], Any]) -> Any:
        gate.wait(timeout=10)
        return act()

    with ThreadPoolExecutor(max_workers=2) as pool:
        both = [pool.submit(after_the_gate, act) for act in (first, second)]
        return both[0].result(timeout=30), both[1].result(timeout=30)


def _write_past_the_door(desk: Desk, key: RegionKey, event: RegionEvent) -> None:
    """Write an event into the ledger as somebody with the database's password could."""
    with desk.store.writing() as tx:
        record = lock_region(tx, key)
        row = RegionRow(version=record.version + 1, event=event)
        tx.execute(
            insert(ledger).values(
                product=key.product,
                region=key.region,
                run=key.run,
                version=row.version,
                type=event.type,
                at=event.at,
                core_version=row.core_version,
                event=event.model_dump(mode="json"),
            )
        )
        region = fold(key, record.region, [row])
        assert region is not None
        move_row(tx, record, region, now=desk.clock.now)
