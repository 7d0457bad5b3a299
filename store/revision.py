"""Which tables does this version of the code need, and has a database exactly these?"""

# Standard library alone: every start asks this, and importing Alembic or SQLAlchemy for a mere no to "is there
# something to do?" would take longer than everything else that a start does by itself.

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

VERSIONS = Path(__file__).parent / "migrations" / "versions"
"""The migrations: `NNNN_what.py` has the revision `NNNN`, and follows the one before."""

TABLE = "alembic_version"
"""Where Alembic keeps the revision of a database."""

_BUSY_SECONDS = 5.0


@cache
def head() -> str:
    """Return the revision that this version of the code needs."""
    return max(file.stem.partition("_")[0] for file in VERSIONS.glob("[0-9]*_*.py"))


def is_current_file(file: Path) -> bool:
    """Say whether the SQLite database in `file` is known to be at `head`; whatever stands in the way means no."""
    if not file.is_file():
        return False
    try:
        # Neither made where it is not there, nor only read: what a killed process left is put in order first.
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS)
        ) as asked:
            return [revision for (revision,) in asked.execute(f"SELECT version_num FROM {TABLE}")] == [head()]
    except sqlite3.Error:
        return False
