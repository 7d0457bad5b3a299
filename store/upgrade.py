"""How does a database get the tables that this version of the code needs?"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from store.engine import Store

_MIGRATING = 0x6C746C00
"""The advisory lock on PostgreSQL that lets one process at a time migrate."""


class SchemaIsNewer(Exception):  # noqa: N818 - named as what is wrong, like a refusal.
    """The database was made by a later version of this program, which alone may use it."""


def upgrade(engine: Engine) -> None:
    """Bring the database behind `engine` up to this version's tables; one process at a time, the others wait.

    Raises `StoreAway` where the database does not answer and SchemaIsNewer where it knows more than this code does.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    with Store(engine).writing() as tx:
        if engine.dialect.name == "postgresql":
            tx.execute(text("SET LOCAL statement_timeout = 0"))
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        known = _revision(tx)
        if known == script.get_current_head():
            return
        if known is not None and known not in {revision.revision for revision in script.walk_revisions()}:
            raise SchemaIsNewer(
                f"the database is at revision {known}, which this version does not know; update the code"
            )
        config.attributes["connection"] = tx
        command.upgrade(config, "head")


def is_current(tx: Connection) -> bool:
    """Say whether the database has exactly the tables that this version of the code needs."""
    return _revision(tx) == ScriptDirectory(str(Path(__file__).parent / "migrations")).get_current_head()


def _revision(tx: Connection) -> str | None:
    return MigrationContext.configure(tx).get_current_revision()
