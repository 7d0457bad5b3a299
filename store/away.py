"""When is the database away or full, whatever its driver calls that?"""

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Engine
from sqlalchemy import exc as sql_errors

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a file cannot grow: the disk, the owner's share of it or the file itself is full."""

_LIKE_A_PAGE = 4096


class StoreAway(Exception):  # noqa: N818 - named as what is wrong, like a refusal.
    """The database did not answer, or not in time: what was asked may or may not have happened, so ask again."""


class StoreFull(StoreAway):
    """The database has no room for what was to be written; what it holds can be read all the same."""


@contextmanager
def away_is_one_error(engine: Engine) -> Iterator[None]:
    """Translate what the pool, SQLAlchemy and the drivers raise where the database, not a statement, is at fault."""
    try:
        yield
    except (sql_errors.DBAPIError, sqlite3.Error, psycopg.Error) as error:
        cause = error.orig if isinstance(error, sql_errors.DBAPIError) else error
        lost = isinstance(error, sql_errors.DBAPIError) and error.connection_invalidated
        if not lost and not _means_away(cause):
            raise
        kind = StoreFull if _means_full(cause, engine) else StoreAway
        raise kind(str(cause).strip() or type(cause).__name__) from error
    except sql_errors.TimeoutError as error:
        raise StoreAway("every connection to the database is in use") from error


def _means_away(cause: BaseException | None) -> bool:
    if isinstance(cause, psycopg.Error):
        # Class XX is the server's own trouble, a write that the system refused it for instance.
        own_trouble = (cause.sqlstate or "").startswith("XX")
        return own_trouble or isinstance(cause, psycopg.OperationalError | psycopg.errors.ReadOnlySqlTransaction)
    if isinstance(cause, sqlite3.OperationalError):
        # SQLITE_ERROR is a mistake in the statement; every other code is the disk, a lock or the file.
        return _sqlite_code(cause) & 0xFF != sqlite3.SQLITE_ERROR
    return False


def _means_full(cause: BaseException | None, engine: Engine) -> bool:
    if isinstance(cause, psycopg.errors.DiskFull):
        return True
    if not isinstance(cause, sqlite3.OperationalError):
        return False
    code = _sqlite_code(cause) & 0xFF
    if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}:
        # SQLite names only one of the ways in which there may be no room; of the others it says that a write failed.
        return not _may_grow(Path(str(engine.url.database)))
    return code == sqlite3.SQLITE_FULL


def _sqlite_code(cause: sqlite3.OperationalError) -> int:
    return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)


def _may_grow(database: Path) -> bool:
    """Say whether a file beside the database may be a page longer than the longest of its own."""
    try:
        longest = max(each.stat().st_size for each in database.parent.glob(f"{database.name}*"))
        with tempfile.TemporaryFile(dir=database.parent, buffering=0) as probe:
            probe.seek(longest)
            probe.write(bytes(_LIKE_A_PAGE))
    except OSError as error:
        return error.errno not in NO_ROOM
    except ValueError:
        # There is no such file at all: what is wrong is something else than room.
        return True
    return True
