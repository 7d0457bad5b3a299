"""Is a database that is full, read-only or standing still called what it is, and does reading go on?"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from store.engine import BUSY_TIMEOUT, Store, StoreAway, StoreFull, engine_of, open_store
from store.facts_schema import courses
from store.patience import allow
from tests.postgres import postgres_database
from tests.scarcity import files_no_longer_than

LITTLE = timedelta(milliseconds=500)
LONG = "A course with a name that is as long as a page of the database. " * 100


def add(tx: Connection, course_id: str, title: str = "A course") -> None:
    """Write a row."""
    tx.execute(courses.insert().values(course_id=course_id, title=title, min_score=Decimal(0)))


def count(store: Store) -> int:
    """Count the rows written."""
    with store.reading() as tx:
        return count_in(tx)


def count_in(tx: Connection) -> int:
    """Count the rows written, by one statement."""
    number: int = tx.execute(text("SELECT COUNT(*) FROM courses")).scalar_one()
    return number


def write(store: Store, course_id: str, title: str = "A course") -> None:
    """Write a row in a transaction of its own."""
    with store.writing() as tx:
        add(tx, course_id, title)


@contextmanager
def each_connection(store: Store, said: str) -> Iterator[None]:
    """Have every connection that is taken out told something first; with the last of them it is forgotten."""

    def tell(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(said).close()

    event.listen(store.engine, "checkout", tell)
    try:
        yield
    finally:
        event.remove(store.engine, "checkout", tell)
        store.engine.dispose()


@pytest.fixture
def in_a_file(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """A store in a SQLite file of this test's own."""
    file = tmp_path / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    store = open_store(f"sqlite:///{file}")
    yield store
    store.close()


@pytest.fixture
def hasty(migrated_postgres: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store on PostgreSQL that waits for an answer for half a second."""
    with postgres_database(request.getfixturevalue("postgres_url"), template=migrated_postgres) as url:
        store = Store(engine_of(url, patience=LITTLE))
        yield store
        store.close()


def test_a_file_that_may_have_no_more_pages_is_full(in_a_file: Store) -> None:
    """What SQLite itself calls full is full; nothing of it stays, reading goes on, and with room it is as before."""
    with each_connection(in_a_file, "PRAGMA max_page_count = 1"):
        with pytest.raises(StoreFull):
            write(in_a_file, "a", LONG)
        assert count(in_a_file) == 0
    write(in_a_file, "a", LONG)
    assert count(in_a_file) == 1


def test_a_file_that_the_system_lets_grow_no_more_is_full(in_a_file: Store, tmp_path: Path) -> None:
    """A limit of files or an owner's share of a disk is no room either, though SQLite says that a write failed."""
    write(in_a_file, "a", LONG)
    longest = max(file.stat().st_size for file in tmp_path.glob("store.sqlite*"))

    def fill() -> None:
        for number in range(100):
            write(in_a_file, f"b-{number}", LONG)

    with files_no_longer_than(longest), pytest.raises(StoreFull):
        fill()
    before = count(in_a_file)
    write(in_a_file, "c", LONG)
    assert count(in_a_file) == before + 1


def test_a_failed_write_with_room_left_is_not_called_full(tmp_path: Path) -> None:
    """A folder that cannot be written, or is not there, is away: more room would not mend it."""
    store = open_store(f"sqlite:///{tmp_path / 'nowhere' / 'x.sqlite'}")
    with pytest.raises(StoreAway) as raised:
        write(store, "a")
    assert not isinstance(raised.value, StoreFull)
    store.close()


def test_a_file_that_may_only_be_read_is_away(in_a_file: Store) -> None:
    """Writing is refused as away, reading goes on."""
    with each_connection(in_a_file, "PRAGMA query_only = ON"):
        with pytest.raises(StoreAway) as raised:
            write(in_a_file, "a")
        assert not isinstance(raised.value, StoreFull)
        assert count(in_a_file) == 0
    write(in_a_file, "a")
    assert count(in_a_file) == 1


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("state", "kind"), [("disk_full", StoreFull), ("XX000", StoreAway), ("58030", StoreAway), ("53300", StoreAway)]
)
def test_a_server_in_trouble_is_away_or_full(hasty: Store, state: str, kind: type[StoreAway]) -> None:
    """A full disk, a refused write, a broken disk and too many connections are no fault of a statement."""
    hold = f"RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'"
    with hasty.writing() as tx:
        tx.exec_driver_sql(
            f"CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {hold}; END $$; "
            "CREATE TRIGGER trouble BEFORE INSERT ON courses EXECUTE FUNCTION trouble()"
        )
    with pytest.raises(StoreAway) as raised:
        write(hasty, "a")
    assert type(raised.value) is kind
    assert count(hasty) == 0


@pytest.mark.postgres
def test_a_server_that_stands_still_is_given_up(hasty: Store) -> None:
    """Whoever waits for a server that neither answers nor hangs up is told so in time, and the next one is served."""
    pids: list[int] = []

    def ask() -> None:
        with hasty.reading() as tx:
            pids.append(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
            os.kill(pids[0], signal.SIGSTOP)
            tx.execute(text("SELECT 1"))

    begun = time.monotonic()
    try:
        with pytest.raises(StoreAway, match="did not answer within"):
            ask()
        assert time.monotonic() - begun < BUSY_TIMEOUT.total_seconds()
        assert count(hasty) == 0
    finally:
        os.kill(pids[0], signal.SIGCONT)


@pytest.mark.postgres
def test_a_connection_that_stood_still_while_idle_is_replaced(hasty: Store) -> None:
    """A pooled connection shows a sign of life before it is used; one that does not is not used."""
    with hasty.reading() as tx:
        pid: int = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert count(hasty) == 0
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.postgres
@pytest.mark.parametrize("span", [timedelta(seconds=30), None])
def test_a_long_statement_may_be_allowed(hasty: Store, span: timedelta | None) -> None:
    """Where a transaction says so it is waited for longer, and only there."""
    with hasty.writing() as tx:
        allow(tx, span)
        tx.execute(text("SELECT pg_sleep(:long)"), {"long": 2 * LITTLE.total_seconds()})
    with pytest.raises(StoreAway), hasty.writing() as tx:
        tx.execute(text("SELECT pg_sleep(:long)"), {"long": 4 * LITTLE.total_seconds()})


def test_readers_find_a_connection_while_writers_wait(in_a_file: Store, tmp_path: Path) -> None:
    """However many wait to write, reading goes on; whoever waited too long is told so, and nothing is lost."""
    locked = Event()
    done = Event()

    def hold() -> None:
        other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        locked.set()
        assert done.wait(60)
        other.rollback()
        other.close()

    def outcome(act: Callable[[], None]) -> bool:
        try:
            act()
        except StoreAway:
            return False
        return True

    with ThreadPoolExecutor(41) as threads:
        holding = threads.submit(hold)
        assert locked.wait(60)
        begun = time.monotonic()
        writing = [threads.submit(outcome, partial(write, in_a_file, f"a-{n}")) for n in range(40)]
        for _ in range(20):
            assert count(in_a_file) == 0
        read = time.monotonic() - begun
        done.set()
        holding.result()
        written = [each.result() for each in writing].count(True)
    assert read < BUSY_TIMEOUT.total_seconds()
    assert count(in_a_file) == written


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGSTOP])
def test_a_question_is_asked_once_more_where_the_connection_was_lost(hasty: Store, how: signal.Signals) -> None:
    """A server that was started anew, or stands still, while a connection lay idle costs whoever asks nothing."""
    with hasty.reading() as tx:
        pid: int = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, how)
    try:
        assert hasty.asked(count_in) == 0
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
