"""How is the database opened, read in one snapshot and written in one transaction?"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from store.away import StoreAway, StoreFull, away_is_one_error
from store.patience import ANSWER_PATIENCE, STATEMENT_TIMEOUT, begin_impatiently, wait_patiently

__all__ = ["Clock", "Store", "StoreAway", "StoreFull", "engine_of", "migrate", "open_store"]

Clock = Callable[[], datetime]

Answer = TypeVar("Answer")

BUSY_TIMEOUT = timedelta(seconds=5)
"""How long a transaction waits for a lock before the store counts as away: longer than any chunk of an import holds
one, shorter than a person waits for a page."""

_BUSY_GLANCE = 0.01
"""Seconds after which SQLite is asked again where it does not wait by itself."""

MIGRATION_PATIENCE = timedelta(minutes=2)
"""How long a process waits for another to finish the migrations."""

_CONNECT_TIMEOUT = timedelta(seconds=5)
_CONNECTIONS = 10
_MORE_CONNECTIONS = 10

_WRITERS = 14
"""Transactions that write at once, in one process: as many as a worker has threads for, and fewer than there are
connections, so that reading goes on while writers wait for each other or for a disk."""

_BEGINNING = "beginning"
"""The execution option that names the statement by which a transaction begins; None for none."""

_WRITES, _READS = "write", "read"

_CLOCK = "clock_timestamp()"

_BEGUN_AT = "ltl.begun_at"
"""Where a connection keeps the server's clock as its transaction began; None where none was told."""

_BEGINNINGS = {
    "sqlite": {_WRITES: "BEGIN IMMEDIATE", _READS: "BEGIN DEFERRED"},
    "postgresql": {
        # Not READ WRITE: whoever runs the server may have told it to take no writes for now.
        _WRITES: "BEGIN ISOLATION LEVEL READ COMMITTED",
        _READS: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    },
}
"""How transactions begin. The drivers begin none by themselves, so that a statement alone takes one trip there."""


@dataclass(frozen=True, slots=True)
class Store:
    """One database and the clock that its facts are judged by; may be shared by many threads."""

    engine: Engine
    clock: Clock | None = None
    _writers: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_WRITERS), init=False, repr=False, compare=False
    )
    _reader: Engine = field(init=False, repr=False, compare=False)
    """The same engine for transactions that only read."""
    _glancer: Engine = field(init=False, repr=False, compare=False)
    """The same engine for one statement without a transaction."""

    def __post_init__(self) -> None:
        reads = _BEGINNINGS[self.engine.dialect.name][_READS]
        object.__setattr__(self, "_reader", self.engine.execution_options(**{_BEGINNING: reads}))
        object.__setattr__(self, "_glancer", self.engine.execution_options(**{_BEGINNING: None}))

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one snapshot of the database; raises StoreAway."""
        with away_is_one_error(self.engine), _begun(self._reader) as tx:
            yield tx

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """Yield a connection for one statement that reads, in no transaction; raises StoreAway.

        The statement sees one snapshot (two would see two), and is one trip to PostgreSQL instead of three. `reading`
        finds out as it begins that the server was started anew since the connection was last used, and takes another
        one; this finds out as it asks, and the store is away.
        """
        with away_is_one_error(self.engine), self._glancer.connect() as connection:
            yield connection

    def asked(self, question: Callable[[Connection], Answer]) -> Answer:
        """Return the answer to a question of one statement that reads, in no transaction; raises StoreAway.

        As `glancing`, but asked once more where the connection was lost while it lay idle, as `reading` would.
        """
        with away_is_one_error(self.engine):
            try:
                with self._glancer.connect() as connection:
                    begin_impatiently(connection)
                    return question(connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            with self._glancer.connect() as connection:
                return question(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed if the block ends without an error.

        Raises StoreAway, and StoreFull where there is no room for what was to be written.

        On SQLite there is one writer at a time, from the first statement on. On PostgreSQL the transaction reads
        committed rows and holds what it locks.
        """
        if not self._writers.acquire(timeout=BUSY_TIMEOUT.total_seconds()):
            raise StoreAway("too many write at once")
        try:
            with away_is_one_error(self.engine), _begun(self.engine) as tx:
                yield tx
        finally:
            self._writers.release()

    def now(self, tx: Connection | None = None) -> datetime:
        """Return the store's clock in UTC: the injected one, else PostgreSQL's own or, on SQLite, the machine's.

        On PostgreSQL it stands still in a transaction that reads, at the instant of its snapshot: nothing later is
        seen there, and asking takes no trip.
        """
        if self.clock is not None:
            return self.clock().astimezone(UTC)
        if self.is_sqlite:
            return datetime.now(UTC)
        if tx is not None and _reads_only(tx) and (begun_at := tx.info.get(_BEGUN_AT)) is not None:
            return _utc(begun_at)
        if tx is None:
            with self.reading() as tx_of_its_own:
                return self.now(tx_of_its_own)
        return _utc(tx.execute(text(f"SELECT {_CLOCK}")).scalar_one())

    def begun_at(self, tx: Connection) -> datetime:
        """Return the store's clock as this transaction began, also where it writes: no trip asks for it.

        What must not be before a row was taken asks `now`, or is told it with the row (`now_told`).
        """
        begun_at = tx.info.get(_BEGUN_AT)
        return self.now(tx) if begun_at is None else self.now_told(begun_at)

    def now_told(self, moment: datetime | None) -> datetime:
        """Return the store's clock where a statement told PostgreSQL's own, `moment`; None where it told none."""
        if self.clock is not None or self.is_sqlite or moment is None:
            return self.now()
        return _utc(moment)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed if the block ends without an error.

    The statement by which it begins is also the first sign of life of a connection that lay idle. Where there is
    none, the pool drops every connection that is as old, and the transaction begins on a new one.
    """
    connection = engine.connect()
    try:
        connection.begin()
    except DBAPIError as error:
        connection.close()
        if not error.connection_invalidated:
            raise
        connection = engine.connect()
    with connection, connection.get_transaction() or connection.begin():
        yield connection


def open_store(url: str, clock: Clock | None = None) -> Store:
    """Return the store at `url`, `sqlite:///PATH` or `postgresql://…`; nothing is connected to yet.

    Raises ValueError for another kind of database, and for SQLite in memory, where each thread would see its own.
    """
    return Store(engine_of(url), clock)


def migrate(url: str) -> None:
    """Bring the database at `url` up to this version's tables; does nothing where they are there already.

    Two processes may do this at once: one waits for the other. Raises `StoreAway` where the database does not answer
    and `store.upgrade.SchemaIsNewer` where it knows more than this code does.
    """
    # Imported late: Alembic takes longer to import than most commands take to run.
    from store.upgrade import upgrade

    engine = engine_of(url, lock_timeout=MIGRATION_PATIENCE)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def engine_of(url: str, *, lock_timeout: timedelta = BUSY_TIMEOUT, patience: timedelta = ANSWER_PATIENCE) -> Engine:
    """Return an engine for `url` whose transactions begin as `Store` promises; raises ValueError as `open_store`.

    A PostgreSQL that stands still is waited for no longer than `patience`.
    """
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            return _sqlite(address, lock_timeout)
        case "postgresql" | "postgres":
            return _postgresql(address, lock_timeout, patience)
        case other:
            raise ValueError(f"the store runs on SQLite and PostgreSQL, not on {other}")


def _sqlite(address: URL, lock_timeout: timedelta) -> Engine:
    if not address.database or address.database == ":memory:":
        raise ValueError("the store needs a SQLite file: in memory each connection would see another database")
    engine = create_engine(
        address.set(drivername="sqlite"),
        poolclass=QueuePool,
        pool_size=_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_timeout=BUSY_TIMEOUT.total_seconds(),
        connect_args={
            # The driver would begin transactions by itself, late and deferred; here `_begin` alone does.
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": lock_timeout.total_seconds(),
        },
        # Sorted and tight, as the audit record digests it: PostgreSQL keeps no order of names either.
        json_serializer=json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    _write_ahead(connection)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -32768",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    # Its own LOWER knows the letters of English alone.
    connection.create_function("in_lower_case", 1, lambda name: name and name.lower(), deterministic=True)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have changes written ahead. Whoever opens a new file does that, and SQLite does not wait for another who is
    just doing it: so it is asked again."""
    until = time.monotonic() + BUSY_TIMEOUT.total_seconds()
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_BUSY_GLANCE)
        else:
            return


def _begin(connection: Connection) -> None:
    beginnings = _BEGINNINGS[connection.dialect.name]
    beginning = connection.get_execution_options().get(_BEGINNING, beginnings[_WRITES])
    connection.info[_BEGUN_AT] = None
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection) and beginning is not None:
        try:
            connection.info[_BEGUN_AT] = _begin_and_ask(driver, beginning)
        except psycopg.OperationalError:
            # It fails once more below, where SQLAlchemy finds that the connection is lost, and all that are as old.
            connection.exec_driver_sql(beginning)
    elif beginning is not None:
        connection.exec_driver_sql(beginning)


def _reads_only(tx: Connection) -> bool:
    return tx.get_execution_options().get(_BEGINNING) == _BEGINNINGS[tx.dialect.name][_READS]


def _begin_and_ask(driver: psycopg.Connection[Any], beginning: str) -> datetime:
    """Begin a transaction, take the snapshot of one that reads, and return the server's clock, all in one trip."""
    with driver.cursor() as cursor:
        # Two statements in one cannot be prepared.
        cursor.execute(f"{beginning}; SELECT {_CLOCK}", prepare=False)
        cursor.nextset()
        [[begun_at]] = cursor.fetchall()
    moment: datetime = begun_at
    return moment


def _postgresql(address: URL, lock_timeout: timedelta, patience: timedelta) -> Engine:
    settings = {
        "timezone": "UTC",
        "statement_timeout": _milliseconds(max(STATEMENT_TIMEOUT, lock_timeout)),
        "lock_timeout": _milliseconds(lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(timedelta(minutes=1)),
        # Compiling costs more than the grouped queries themselves take.
        "jit": "off",
    }
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_timeout=BUSY_TIMEOUT.total_seconds(),
        # The connection that was used last is used next: it has the statements prepared.
        pool_use_lifo=True,
        # `_begin` begins transactions, and finds out whether a connection that lay idle still has a server.
        isolation_level="AUTOCOMMIT",
        connect_args={
            "connect_timeout": int(_CONNECT_TIMEOUT.total_seconds()),
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": _milliseconds(STATEMENT_TIMEOUT),
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
    )
    event.listen(engine, "begin", _begin)
    # Behind `_begin`: until that is answered there is only the patience for a sign of life.
    wait_patiently(engine, patience)
    return engine


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
