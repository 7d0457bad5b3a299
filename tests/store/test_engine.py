"""Does a transaction see one moment, write all or nothing, and say plainly when the database is away?"""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import IntegrityError

from store import engine as engine_module
from store.engine import Store, StoreAway, engine_of, migrate, open_store
from store.facts_schema import courses
from store.schema import metadata
from store.upgrade import SchemaIsNewer

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)


def add(tx: Connection, course_id: str) -> None:
    """Write a row."""
    tx.execute(courses.insert().values(course_id=course_id, title="A course", min_score=Decimal(0)))


def count(tx: Connection) -> int:
    """Count the rows written."""
    number: int = tx.execute(text("SELECT COUNT(*) FROM courses")).scalar_one()
    return number


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    """Whatever was written before an error is gone with it."""

    def fail_half_way() -> None:
        with store.writing() as tx:
            add(tx, "a")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    with store.reading() as tx:
        assert count(tx) == 0


def test_a_reader_sees_one_moment(store: Store) -> None:
    """What is committed while somebody reads does not show until they read anew."""
    with store.reading() as tx:
        assert count(tx) == 0
        with store.writing() as other:
            add(other, "a")
        assert count(tx) == 0
    with store.reading() as tx:
        assert count(tx) == 1


def test_a_reader_that_writes_is_refused(store: Store) -> None:
    """On PostgreSQL always; on SQLite as soon as what it read is no longer so."""

    def read_then_write() -> None:
        with store.reading() as tx:
            count(tx)
            with store.writing() as other:
                add(other, "a")
            add(tx, "b")

    with pytest.raises(StoreAway, match=r"locked|read-only"):
        read_then_write()


def test_many_threads_write_one_after_the_other(store: Store) -> None:
    """No write of many threads is lost, and none is refused."""

    def write(number: int) -> None:
        with store.writing() as tx:
            add(tx, f"course-{number}")
            assert count(tx) >= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    with store.reading() as tx:
        assert count(tx) == 40


def test_a_lock_that_stays_taken_means_that_the_store_is_away(store_url: str) -> None:
    """Whoever waits too long for another writer is told to ask again, with the one error for that."""
    patient, hasty = (open_store(store_url), Store(engine_of(store_url, lock_timeout=timedelta(milliseconds=50))))
    with patient.writing() as tx:
        tx.execute(text("DELETE FROM courses"))
        if not patient.is_sqlite:
            tx.execute(text("LOCK TABLE courses"))
        with pytest.raises(StoreAway), hasty.writing() as other:
            add(other, "a")
    with hasty.writing() as other:
        add(other, "a")
    patient.close()
    hasty.close()


def test_a_database_that_is_not_there_is_away(tmp_path: Path) -> None:
    """No file, no folder, no server: the same one error."""
    for url in (f"sqlite:///{tmp_path / 'nowhere' / 'x.sqlite'}", f"postgresql:///x?host={tmp_path}"):
        store = open_store(url)
        with pytest.raises(StoreAway), store.reading():
            pass
        store.close()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_server_that_was_told_to_take_no_writes_is_obeyed(store_url: str) -> None:
    """Whoever runs it may have it only read for a while: what writes is away, and what reads is answered."""
    database = make_url(store_url).database
    first = open_store(store_url)
    with first.writing() as tx:
        tx.execute(text(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on'))
    first.close()
    obeying = open_store(store_url)
    try:
        with obeying.reading() as tx:
            assert count(tx) == 0
        with pytest.raises(StoreAway), obeying.writing() as tx:
            add(tx, "basics")
    finally:
        obeying.close()


def test_a_mistake_of_ours_is_not_called_away(store: Store) -> None:
    """A statement that is wrong, or breaks a rule of the tables, is no reason to ask again."""
    with pytest.raises(Exception, match="no_such_table") as wrong, store.reading() as tx:
        tx.execute(text("SELECT 1 FROM no_such_table"))
    assert not isinstance(wrong.value, StoreAway)
    with store.writing() as tx:
        add(tx, "a")
    with pytest.raises(IntegrityError), store.writing() as tx:
        add(tx, "a")


def test_every_connection_in_use_means_that_the_store_is_away(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool that is used up does not keep people waiting for ever."""
    monkeypatch.setattr(engine_module, "_CONNECTIONS", 1)
    monkeypatch.setattr(engine_module, "_MORE_CONNECTIONS", 0)
    monkeypatch.setattr(engine_module, "BUSY_TIMEOUT", timedelta(milliseconds=50))
    store = open_store(store_url)
    with store.reading(), pytest.raises(StoreAway, match="in use"), store.reading():
        pass
    store.close()


def test_the_clock_is_the_injected_one_or_a_real_one(store: Store, store_url: str) -> None:
    """The store's clock answers in UTC, whoever's clock it is."""
    berlin = timezone(timedelta(hours=1))
    told = open_store(store_url, lambda: NOON.astimezone(berlin))
    assert told.now() == NOON
    assert told.now().tzinfo is UTC
    assert store.now().tzinfo is UTC
    with store.reading() as tx:
        assert abs(store.now(tx) - datetime.now(UTC)) < timedelta(minutes=1)
    told.close()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_the_clock_of_a_transaction_that_reads_is_that_of_its_snapshot(store: Store) -> None:
    """On PostgreSQL nothing that is written later is seen there, and asking what time it is takes no statement."""
    with store.writing() as tx:
        before = store.now(tx)
    asked: list[str] = []
    with store.reading() as tx:
        event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        begun_at = store.now(tx)
        with store.writing() as other:
            add(other, "a")
            after = store.now(other)
        assert before <= begun_at <= after
        assert store.now(tx) == begun_at
        assert count(tx) == 0
    clocks = [statement for statement in asked if "clock" in statement]
    assert len(clocks) == 1, "only the one that writes asks"


def test_sqlite_runs_as_safely_as_it_can(migrated_sqlite: Path) -> None:
    """A write-ahead log, synced on every commit, with foreign keys enforced."""
    store = open_store(f"sqlite:///{migrated_sqlite}")
    with store.reading() as tx:
        pragmas = {
            name: tx.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_other_databases_are_refused(url: str) -> None:
    """A database in memory would be another one for every thread."""
    with pytest.raises(ValueError, match=r"needs a SQLite file|not on mysql"):
        open_store(url)


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    """Nothing is missing, nothing is left over, nothing differs."""
    with store.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_two_processes_may_migrate_at_once(database_url: str) -> None:
    """Processes that start together wait for each other, and all find the tables there."""
    with get_context("spawn").Pool(2) as processes:
        processes.map(migrate, [database_url] * 2)
    migrate(database_url)
    store = open_store(database_url)
    with store.reading() as tx:
        assert count(tx) == 0
    store.close()


def test_a_new_file_that_another_is_opening_is_waited_for(tmp_path: Path) -> None:
    """SQLite itself gives up at once where another holds a file that does not write ahead yet."""
    file = tmp_path / "new.sqlite"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("CREATE TABLE begun (n)")
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as elsewhere:
        opening = elsewhere.submit(migrate, f"sqlite:///{file}")
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.5)
        other.execute("ROLLBACK")
        opening.result()
    other.close()


def test_a_database_of_a_later_version_is_left_alone(store: Store, store_url: str) -> None:
    """Old code never works on tables that it does not know."""
    with store.writing() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaIsNewer, match="9999"):
        migrate(store_url)


def test_a_killed_migration_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables come all together or not at all."""
    file = tmp_path / "x.sqlite"

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
    with pytest.raises(KeyboardInterrupt):
        migrate(f"sqlite:///{file}")
    monkeypatch.undo()
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
    migrate(f"sqlite:///{file}")


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_the_moment_at_which_a_transaction_began_is_told_with_its_beginning(store: Store) -> None:
    """On PostgreSQL one that writes knows when it began without asking, and goes on asking what time it is."""
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    with store.writing() as tx:
        begun_at = store.begun_at(tx)
        assert store.begun_at(tx) == begun_at
        assert asked == []
        assert begun_at < store.now(tx)
        assert abs(begun_at - datetime.now(UTC)) < timedelta(minutes=1)
