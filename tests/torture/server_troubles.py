"""What may befall a PostgreSQL that those who use it see only from outside?"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

import psycopg

from tests.stories.house import eventually

Trouble = Callable[[psycopg.Connection], AbstractContextManager[None]]
"""Lets something befall the server of an administrator's connection, for as long as it is entered."""

USER = "nobody_special"
"""Whom the troubles befall: not the administrator, whom a server spares."""


@contextmanager
def user_of(admin: psycopg.Connection) -> Iterator[None]:
    """Make the one whom the troubles befall, with every right that the product needs."""
    admin.execute(f"CREATE ROLE {USER} LOGIN")
    try:
        admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {USER}")
        admin.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {USER}")
        yield
    finally:
        hang_up(admin)
        admin.execute(f"DROP OWNED BY {USER}")
        admin.execute(f"DROP ROLE {USER}")


@contextmanager
def read_only(admin: psycopg.Connection) -> Iterator[None]:
    """Have the database take no writes, as a standby does."""
    with ExitStack() as stack:
        admin.execute(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
        # A setting of a role holds for connections made from now on.
        stack.callback(hang_up, admin)
        stack.callback(admin.execute, f"ALTER ROLE {USER} RESET ALL")
        hang_up(admin)
        yield


@contextmanager
def no_connections(admin: psycopg.Connection) -> Iterator[None]:
    """Let nobody connect who is nobody special."""
    admin.execute(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    hang_up(admin)
    try:
        yield
    finally:
        admin.execute(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@contextmanager
def slow_writes(admin: psycopg.Connection) -> Iterator[None]:
    """Have each write take three seconds: longer in all than those who wait for a place have patience."""
    admin.execute(
        "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$"
    )
    admin.execute("CREATE TRIGGER doze BEFORE INSERT ON content_revisions FOR EACH ROW EXECUTE FUNCTION doze()")
    try:
        yield
    finally:
        eventually(partial(dropped, admin, "DROP FUNCTION doze CASCADE"), bool)


@contextmanager
def held_rows(admin: psycopg.Connection) -> Iterator[None]:
    """Hold the rows that every writer must take."""
    with admin.transaction():
        admin.execute("SELECT * FROM region_launches FOR UPDATE")
        yield


@contextmanager
def full_disk(admin: psycopg.Connection) -> Iterator[None]:
    """Have the server say of each write what it says when its disk is full."""
    said = "RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'"
    admin.execute(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {said}; END $$")
    admin.execute("CREATE TRIGGER full_disk BEFORE INSERT ON content_revisions EXECUTE FUNCTION full_disk()")
    try:
        yield
    finally:
        admin.execute("DROP FUNCTION full_disk CASCADE")


@contextmanager
def standstill(admin: psycopg.Connection) -> Iterator[None]:
    """Have the whole server stand still, as a machine does that swaps or is suspended."""
    [[backend]] = admin.execute("SELECT pg_backend_pid()").fetchall()
    postmaster = parent_of(backend)
    everyone = [postmaster, *children_of(postmaster)]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in everyone:
            os.kill(pid, signal.SIGCONT)


def hang_up(admin: psycopg.Connection) -> None:
    """End every connection of whoever is nobody special, and return once they are gone."""
    admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", [USER])


def dropped(admin: psycopg.Connection, said: str) -> bool:
    """Drop something, unless those who use it are still at it."""
    try:
        with admin.transaction():
            admin.execute("SET LOCAL lock_timeout = '500ms'")
            admin.execute(said)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def parent_of(pid: int) -> int:
    """Return the process that started another."""
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], check=True, capture_output=True).stdout)


def children_of(pid: int) -> list[int]:
    """Return the processes that one has started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    return [int(child) for child, parent in map(str.split, listed.splitlines()) if int(parent) == pid]
