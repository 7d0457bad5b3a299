"""How does a database get the tables that this version of the code needs?"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from store.engine import Store
from store.patience import allow
from store.revision import TABLE, head

_MIGRATING = 0x6C746C00
"""The advisory lock on PostgreSQL that lets one process at a time migrate."""


class SchemaIsNewer(Exception):  # noqa: N818 - named as what is wrong, like a refusal.
    """The database was made by a later version of this program, which alone may use it."""


def upgrade(engine: Engine) -> None:
    """Bring the database behind `engine` up to this version's tables; one process at a time, the others wait.

    Raises `StoreAway` where the database does not answer and SchemaIsNewer where it knows more than this code does.
    """
    store = Store(engine)
    with store.reading() as tx:
        if is_current(tx):
            return
    # Imported only where there is something to do: it takes longer than all else that a start does by itself.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    with store.writing() as tx:
        if engine.dialect.name == "postgresql":
            allow(tx, None)
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        known = _revision(tx)
        if known == head():
            return
        if known is not None and known not in {revision.revision for revision in script.walk_revisions()}:
            raise SchemaIsNewer(
                f"the database is at revision {known}, which this version does not know; update the code"
            )
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        from store.guards import guard

        guard(tx)


def is_current(tx: Connection) -> bool:
    """Say whether the database has exactly the tables that this version of the code needs."""
    return _revision(tx) == head()


def _revision(tx: Connection) -> str | None:
    if not inspect(tx).has_table(TABLE):
        return None
    known: str | None = tx.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()
    return known
