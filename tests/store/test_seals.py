"""Is everything that is written sealed once, in order and without gaps?"""

from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import delete, func, insert, select, text

from bootstrap.ledger_keeping import CHECKPOINT_FILE, Keeper
from readiness.sealing import FaultKind
from store.alarms import AlarmKind, standing_alarms
from store.checkpoints import CHECKPOINT_AFTER, CHECKPOINT_ENTRIES, last_intact, last_whole, waits_since
from store.guards import guard, unguard
from store.records_schema import commands, ledger
from store.seal_checks import UNSEALED_GRACE
from store.seal_schema import checkpoints, seals, unsealed
from store.seals import seal_all, seal_waiting
from store.sources import SOURCES
from tests.store.desk import Desk


@pytest.fixture
def keeper(desk: Desk, tmp_path: Path) -> Keeper:
    """Who seals, with a key and a place of its own."""
    return Keeper(desk.store, OKPKey.generate_key("Ed25519"), tmp_path / "outside")


def sealed(desk: Desk) -> list[tuple[int, str]]:
    """Return the position and source of every seal."""
    with desk.store.reading() as tx:
        rows = tx.execute(select(seals.c.position, seals.c.source).order_by(seals.c.position))
        return [(row.position, row.source) for row in rows]


def test_every_row_of_every_source_is_sealed_once_without_gaps(desk: Desk) -> None:
    """As many seals as rows, a command twice: as it was logged and as it was settled."""
    desk.with_go()
    assert seal_all(desk.store) > 0
    found = sealed(desk)
    assert [position for position, _ in found] == list(range(1, len(found) + 1))
    with desk.store.reading() as tx:
        for source in SOURCES:
            rows = select(func.count()).select_from(source.table)
            if source.settled_by:
                rows = rows.where(source.table.c[source.settled_by].is_not(None))
            assert [name for _, name in found].count(source.name) == tx.execute(rows).scalar_one(), source.name
    assert seal_all(desk.store) == 0


def test_a_backlog_is_sealed_some_at_a_time(desk: Desk) -> None:
    """However much waits, nobody who writes waits for more than one batch."""
    desk.with_go()
    assert [seal_waiting(desk.store, limit=5), seal_waiting(desk.store, limit=5)] == [5, 5]
    assert len(sealed(desk)) == 10


def test_what_was_written_before_there_were_seals_is_sealed_too(desk: Desk, keeper: Keeper) -> None:
    """A database of an earlier version waits to be sealed as a whole after its migration."""
    desk.with_go()
    with desk.store.writing() as tx:
        unguard(tx)
        tx.execute(delete(unsealed))
        guard(tx)
        guard(tx)
    assert keeper.turn() > 40
    assert keeper.verify(whole=True).is_intact


def test_a_row_that_is_gone_before_its_turn_leaves_a_trace(desk: Desk, keeper: Keeper) -> None:
    """Whoever removes what was just written cannot remove that it was written."""
    desk.with_go()
    with desk.store.writing() as tx:
        unguard(tx)
        tx.execute(delete(ledger).where(ledger.c.version == 2))
    keeper.turn()
    (fault,) = keeper.verify(whole=True).faults
    assert (fault.kind, fault.source, fault.key) == (FaultKind.REMOVED, "ledger", '["atlas-2","emea",1,2]')


def test_a_row_put_there_behind_the_back_of_the_triggers_is_found(desk: Desk, keeper: Keeper) -> None:
    """A forged row that was never in line is named; one that waits is not, until it has waited for too long."""
    key = desk.with_go()
    keeper.turn()
    desk.accepted(key, desk.hold(key))
    assert keeper.verify(whole=True).is_intact
    desk.clock.now += UNSEALED_GRACE + timedelta(seconds=1)
    assert {fault.kind for fault in keeper.verify(whole=True).faults} == {FaultKind.UNSEALED}
    with desk.store.reading() as tx:
        assert waits_since(tx) is not None
    keeper.turn()
    with desk.store.writing() as tx:
        unguard(tx)
        row = dict(
            tx.execute(select(ledger).where(ledger.c.version == 3, ledger.c.region == "emea")).mappings().one()
        )
        tx.execute(insert(ledger).values({**row, "version": 99}))
    (fault,) = keeper.verify(whole=True).faults
    assert (fault.kind, fault.key) == (FaultKind.INSERTED, '["atlas-2","emea",1,99]')


def test_a_checkpoint_is_due_by_age_or_by_number(desk: Desk, keeper: Keeper) -> None:
    """The first at once; then none until time or entries have passed, and never two of one position."""
    key = desk.with_go()

    def count() -> int:
        with desk.store.reading() as tx:
            return tx.execute(select(func.count()).select_from(checkpoints)).scalar_one()

    keeper.turn()
    assert count() == 1
    desk.accepted(key, desk.hold(key))
    keeper.turn()
    assert count() == 1
    desk.clock.now += CHECKPOINT_AFTER
    keeper.turn()
    keeper.turn(at_once=True)
    assert count() == 2
    assert CHECKPOINT_ENTRIES == 1_000
    assert len(keeper.outside() or ()) == 2


def test_what_lies_outside_is_for_its_owner_alone_and_can_be_made_anew(
    desk: Desk, keeper: Keeper, tmp_path: Path
) -> None:
    """The file has mode 600; where it is lost that is a fault, until somebody says that the database is right."""
    desk.with_go()
    keeper.turn()
    file = tmp_path / "outside" / CHECKPOINT_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    assert [fault.kind for fault in keeper.verify(whole=True).faults] == [FaultKind.CHECKPOINT_MISSING]
    assert keeper.copy_out() == 1
    assert keeper.verify(whole=True).is_intact


def test_at_a_start_only_what_came_since_is_verified_and_a_fault_sounds_an_alarm(desk: Desk, keeper: Keeper) -> None:
    """A start takes as long as what was sealed since the last one; a fault stands until somebody has looked."""
    key = desk.with_go()
    keeper.turn()
    whole = keeper.verify_at_start()
    assert (whole.since, whole.is_intact) == (0, True)
    desk.carry_out(key, desk.hold(key))
    keeper.turn(at_once=True)
    part = keeper.verify_at_start()
    assert (part.since, part.is_intact) == (whole.until, True)
    desk.carry_out(key, desk.hold(key))
    keeper.turn(at_once=True)
    with desk.store.writing() as tx:
        unguard(tx)
        tx.execute(
            text("UPDATE commands SET person = 'mallory' WHERE sequence = (SELECT MAX(sequence) FROM commands)")
        )
    found = keeper.verify_at_start()
    assert found.since == part.until
    assert {fault.kind for fault in found.faults} == {FaultKind.TAMPERED}
    with desk.store.reading() as tx:
        (alarm,) = standing_alarms(tx)
        assert last_intact(tx) is None
        kept = last_whole(tx)
    assert alarm.kind is AlarmKind.LEDGER_BROKEN
    assert "tampered" in alarm.detail
    assert kept is not None
    assert kept.faults == 0
    assert keeper.verify_at_start().since == 0


def test_a_checkpoint_of_another_key_or_purpose_proves_nothing(desk: Desk, keeper: Keeper, tmp_path: Path) -> None:
    """Only the ledger's own key signs checkpoints, and only what is marked as one."""
    desk.with_go()
    keeper.turn()
    other = Keeper(desk.store, OKPKey.generate_key("Ed25519"), tmp_path / "other")
    (signed,) = keeper.outside() or ()
    assert other.read(signed) is None
    assert keeper.read("e30.e30.AAAA") is None
    assert keeper.read("nonsense ☃") is None
    stated = keeper.read(signed)
    assert stated is not None
    assert sum(stated.counts.values()) == stated.position
    with desk.store.reading() as tx:
        assert tx.execute(select(func.count()).select_from(commands)).scalar_one() == stated.counts["commands"]
