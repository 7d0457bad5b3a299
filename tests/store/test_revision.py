"""Is it known without Alembic which tables a database has?"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from store.engine import Store, migrate
from store.revision import TABLE, VERSIONS, head, is_current_file
from store.upgrade import is_current


def test_the_head_is_the_one_that_the_migrations_lead_to() -> None:
    """What the file names say is what Alembic finds in the files."""
    assert head() == ScriptDirectory(str(VERSIONS.parent)).get_current_head()


def test_a_migrated_database_is_current(store: Store) -> None:
    """On each kind of database the revision is read right."""
    with store.reading() as tx:
        assert is_current(tx)


def test_a_database_without_tables_is_not_current(database_url: str) -> None:
    """Nor is one that another version made; the migration then has its say."""
    from store.engine import open_store

    opened = open_store(database_url)
    try:
        with opened.reading() as tx:
            assert not is_current(tx)
    finally:
        opened.close()


@pytest.mark.parametrize("revisions", [[], ["0001"], [head(), "0001"], ["9999"]])
def test_a_file_at_another_revision_is_not_current(revisions: list[str], tmp_path: Path) -> None:
    """Only exactly the head will do."""
    file = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(file)) as made, made:
        made.execute(f"CREATE TABLE {TABLE} (version_num TEXT)")
        made.executemany(f"INSERT INTO {TABLE} VALUES (?)", [(revision,) for revision in revisions])
    assert not is_current_file(file)


def test_a_file_that_is_no_database_is_not_current(tmp_path: Path) -> None:
    """What is not there is not made by asking, and what cannot be read is left to the migration to complain of."""
    file = tmp_path / "store.sqlite"
    assert not is_current_file(file)
    assert not file.exists()
    file.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    assert not is_current_file(file)


def test_where_there_is_nothing_to_do_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """A start on an existing directory asks the file itself; even a migration that is not needed spares Alembic."""
    file = tmp_path / "store.sqlite"
    migrate(f"sqlite:///{file}")
    assert is_current_file(file)
    asks = f"from pathlib import Path; from store.revision import is_current_file as ask; ask(Path({str(file)!r}))"
    migrates = f"from store.engine import migrate; migrate({f'sqlite:///{file}'!r})"
    assert _imported_by(asks) == []
    assert _imported_by(migrates) == ["sqlalchemy"]


def _imported_by(script: str) -> list[str]:
    told = f"{script}; import sys; print(*(name for name in ('sqlalchemy', 'alembic') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return done.stdout.split()
