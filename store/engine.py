"""How is the database opened, read in one snapshot and written in one transaction?"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.pool import QueuePool

from store.away import StoreAway, StoreFull, away_is_one_error
from store.patience import ANSWER_PATIENCE, STATEMENT_TIMEOUT, wait_patiently

__all__ = ["Clock", "Store", "StoreAway", "StoreFull", "engine_of", "migrate", "open_store"]

Clock = Callable[[], datetime]

BUSY_TIMEOUT = timedelta(seconds=5)
"""How long a transaction waits for a lock before the store counts as away: longer than any chunk of an import holds
one, shorter than a person waits for a page."""

MIGRATION_PATIENCE = timedelta(minutes=2)
"""How long a process waits for another to finish the migrations."""

_CONNECT_TIMEOUT = timedelta(seconds=5)
_CONNECTIONS = 10
_MORE_CONNECTIONS = 10

_WRITERS = 14
"""Transactions that write at once, in one process: as many as a worker has threads for, and fewer than there are
connections, so that reading goes on while writers wait for each other or for a disk."""

_BEGINNING = "beginning"
"""The execution option that names how a SQLite transaction begins."""


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

    def __post_init__(self) -> None:
        snapshots: dict[str, Any] = (
            {_BEGINNING: "BEGIN DEFERRED"}
            if self.is_sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        object.__setattr__(self, "_reader", self.engine.execution_options(**snapshots))

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one snapshot of the database; raises StoreAway."""
        with away_is_one_error(self.engine), self._reader.begin() as tx:
            yield tx

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
            with away_is_one_error(self.engine), self.engine.begin() as tx:
                yield tx
        finally:
            self._writers.release()

    def now(self, tx: Connection | None = None) -> datetime:
        """Return the store's clock in UTC: the injected one, else PostgreSQL's own or, on SQLite, the machine's."""
        if self.clock is not None:
            return self.clock().astimezone(UTC)
        if self.is_sqlite:
            return datetime.now(UTC)
        if tx is None:
            with self.reading() as tx_of_its_own:
                return self.now(tx_of_its_own)
        moment: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()


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
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -32768",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    # Its own LOWER knows the letters of English alone.
    connection.create_function("in_lower_case", 1, lambda name: name and name.lower(), deterministic=True)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGINNING, "BEGIN IMMEDIATE"))


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
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": int(_CONNECT_TIMEOUT.total_seconds()),
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": _milliseconds(STATEMENT_TIMEOUT),
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
    )
    wait_patiently(engine, patience)
    return engine


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
