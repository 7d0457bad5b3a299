"""How long does a process wait for a PostgreSQL that neither answers nor hangs up?"""

# The server's own timeouts bound what it works on. They bound nothing while it stands still: frozen, swapped out, or
# behind a network that takes packets and delivers none. Then only whoever waits can put an end to it.

import time
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, event, text

STATEMENT_TIMEOUT = timedelta(seconds=10)
"""How long one statement may run on PostgreSQL: several times the slowest grouped query that was measured."""

GRACE = timedelta(seconds=2)
"""How much longer the answer may take than the statement: the way there and back."""

ANSWER_PATIENCE = STATEMENT_TIMEOUT + GRACE
"""How long an answer may take where nothing else is said."""

SIGN_OF_LIFE = timedelta(seconds=2)
"""How long a connection that lay idle may take to show that somebody is at its other end."""

Answer = TypeVar("Answer")


class PatientConnection(psycopg.Connection[Any]):
    """Waits for each answer for `patience` and no longer; then the connection is closed and of no further use."""

    patience: timedelta | None = ANSWER_PATIENCE

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Return what the server answers; raises OperationalError where it does not."""
        patience = self.patience
        if patience is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        begun = time.monotonic()
        try:
            return super().wait(gen, interval, patience.total_seconds())
        except psycopg.OperationalError as error:
            if time.monotonic() - begun < patience.total_seconds():
                raise
            # What was asked is still under way there: whatever came next here would be its answer.
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"the server did not answer within {patience.total_seconds():g} seconds"
            ) from error


def wait_patiently(engine: Engine, patience: timedelta) -> None:
    """Have `engine` wait for an answer no longer than `patience`, and less for a first sign of life."""

    def connect(_dialect: Any, _record: Any, args: Any, named: Any) -> PatientConnection:
        return PatientConnection.connect(*args, **named)

    def lie_idle(connection: PatientConnection | None, _record: Any) -> None:
        if connection is not None:
            connection.patience = min(SIGN_OF_LIFE, patience)

    def begin(connection: Connection) -> None:
        _be_patient(connection, patience)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkin", lie_idle)
    event.listen(engine, "begin", begin)


def allow(tx: Connection, span: timedelta | None) -> None:
    """Let each statement of this transaction take `span`, or as long as it needs; on SQLite nothing bounds them."""
    if tx.dialect.name == "postgresql":
        milliseconds = int(span.total_seconds() * 1000) if span is not None else 0
        tx.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))
        _be_patient(tx, span + GRACE if span is not None else None)


def begin_impatiently(connection: Connection) -> None:
    """Begin, and wait for what is asked next no longer than for the sign of life of a connection that lay idle."""
    driver = connection.connection.driver_connection
    left = driver.patience if isinstance(driver, PatientConnection) else None
    connection.begin()
    if isinstance(driver, PatientConnection):
        driver.patience = left


def _be_patient(connection: Connection, patience: timedelta | None) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, PatientConnection):
        driver.patience = patience
