"""How do the tests of one process, each with a store of its own, compile every SQL statement only once?"""

from typing import Any

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.engine import Compiled
from sqlalchemy.util import LRUCache

_MOST = 5_000
"""More statements than the product and its tests have, on both databases."""


class StatementsOfAll(LRUCache[Any, Compiled]):
    """Compiled statements by what SQLAlchemy keeps them under, a dialect read as the database that it speaks to.

    An engine keeps its statements to itself, because the dialect of another may be set up differently. Those of the
    tests all come from `store.engine`: what was compiled for one may be run by the next.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the statement kept under `key`, or `default`."""
        return super().get(_for_all(key), default)

    def __setitem__(self, key: Any, compiled: Compiled) -> None:
        """Keep a statement under `key`."""
        super().__setitem__(_for_all(key), compiled)


def share_compiled_statements() -> None:
    """Have all engines of this process compile into one place, as the one engine of a running product does."""
    statements = StatementsOfAll(_MOST)

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)

    event.listen(Engine, "engine_connect", share)


def _for_all(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect: Dialect = key[0]
    return (type(dialect), dialect.server_version_info, dialect.default_schema_name, *key[1:])
