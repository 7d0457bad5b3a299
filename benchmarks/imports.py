"""How fast is a bulk file imported, in how much memory, and for how long does it hold anybody up?"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import make_url

from benchmarks.bulk_files import REGIONS, bulk_file
from benchmarks.seeding import SEED, Seeder
from benchmarks.serving import DATABASES
from benchmarks.tables import Line, Table
from readiness.rows import ImportKind
from store.engine import migrate, open_store
from store.imports import ImportState
from tests.postgres import postgres_database, postgres_server

ROWS = 100_000
MOST_ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "0"))
"""Rows of one more file of completions, 1,000,000 for instance: minutes, so only by choice."""

TURNS = 5
BAR = 3.0
MEMORY_BAR = 250.0
_MEGABYTE = 1_000_000


def tables() -> Iterable[Table]:
    """Measure every kind of file on both databases."""
    for database in DATABASES:
        with TemporaryDirectory(prefix="ltl-bench-") as folder:
            yield Table(
                title=f"Imports of {ROWS:,} rows, {database}",
                lines=list(_lines(Path(folder), database)),
                seed=SEED,
                limits=(
                    "Ours: from the file as it was received to `completed`: digest, registration, check of the whole "
                    f"file, load in chunks with every region of a launch in {REGIONS} marked by each; without HTTP "
                    "and Temporal. Bare: the same file through the csv module into the same tables of a copy of the "
                    "same database by `executemany` or COPY, in one transaction, with the same durability (WAL and "
                    "synchronous=FULL, or fsync); without any check. Medians of "
                    f"{TURNS} turns, each in a process of its own."
                ),
            )


def _lines(folder: Path, database: str) -> Iterator[Line]:
    with _scene(folder, database) as scene:
        people = bulk_file(folder, ImportKind.PEOPLE, ROWS)
        yield from scene.beside_bare(ImportKind.PEOPLE, people)
        scene.keep(ImportKind.PEOPLE, people)
        for kind in (ImportKind.COMPLETIONS, ImportKind.ATTEMPTS, ImportKind.AUDIENCE):
            path = bulk_file(folder, kind, ROWS)
            yield from scene.beside_bare(kind, path, bar=BAR if kind is ImportKind.COMPLETIONS else None)
        bad = scene.ours(ImportKind.COMPLETIONS, bulk_file(folder, ImportKind.COMPLETIONS, ROWS, bad=True))
        yield Line("completions, one bad row in a hundred", bad["seconds"], "s", note=f"{bad['rejected']:,} rejected")
        if MOST_ROWS:
            yield from scene.beside_bare(
                ImportKind.COMPLETIONS, bulk_file(folder, ImportKind.COMPLETIONS, MOST_ROWS), bar=BAR, turns=1
            )
        scene.keep(ImportKind.COMPLETIONS, bulk_file(folder, ImportKind.COMPLETIONS, ROWS))
        again = scene.ours(ImportKind.COMPLETIONS, bulk_file(folder, ImportKind.COMPLETIONS, ROWS, sent=2))
        assert again["unchanged"] == ROWS
        yield Line("completions that are all known", again["seconds"], "s", note="the same rows in another order")


@dataclass
class Scene:
    """A database with a launch, from which each import gets a copy of its own."""

    folder: Path
    server_url: str | None
    template: str
    """The SQLite file, or the name of the PostgreSQL database."""

    def beside_bare(
        self, kind: ImportKind, path: Path, *, bar: float | None = None, turns: int = TURNS
    ) -> Iterator[Line]:
        """Import a file and put it in barely, in turns."""
        taken = [(self.ours(kind, path), self._run("bare", kind, path)) for _ in range(turns)]
        ours, bare = (median(each["seconds"] for each in side) for side in zip(*taken, strict=True))
        counts = taken[0][0]
        rows = counts["accepted"]
        assert (counts["unchanged"], counts["rejected"]) == (0, 0)
        what = f"{rows:,} {kind}"
        yield Line(what, ours, "s", bare, bar, f"{ours / rows * 1e6:.1f} µs a row")
        peak = max(each["peak"] for each, _ in taken) / _MEGABYTE
        at_most = None if bar is None else MEMORY_BAR
        yield Line(
            f"{what}, peak memory", peak, "MB", at_most=at_most, note=f"bare {taken[0][1]['peak'] / 1e6:.0f} MB"
        )
        yield Line(f"{what}, longest hold of a region", max(each["held"] for each, _ in taken) * 1_000, "ms")

    def ours(self, kind: ImportKind, path: Path) -> dict[str, Any]:
        """Import a file into a copy, and return what was measured."""
        measured = self._run("ours", kind, path)
        assert measured["state"] == ImportState.COMPLETED
        return measured

    def keep(self, kind: ImportKind, path: Path) -> None:
        """Import a file into the scene itself, for everything that follows."""
        _measured("ours", kind, path, self._url(self.template))

    def _run(self, which: str, kind: ImportKind, path: Path) -> dict[str, Any]:
        with self._copy() as url:
            return _measured(which, kind, path, url)

    @contextmanager
    def _copy(self) -> Iterator[str]:
        if self.server_url is not None:
            with postgres_database(self.server_url, template=self.template) as url:
                yield url
            return
        with TemporaryDirectory(dir=self.folder) as folder:
            copy = shutil.copyfile(self.template, Path(folder) / "store.sqlite")
            yield self._url(str(copy))

    def _url(self, name: str) -> str:
        if self.server_url is None:
            return f"sqlite:///{name}"
        return make_url(self.server_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _scene(folder: Path, database: str) -> Iterator[Scene]:
    with ExitStack() as until_done:
        if database == "SQLite":
            file = str(folder / "template.sqlite")
            scene = Scene(folder, None, file)
            url = f"sqlite:///{file}"
        else:
            server_url = until_done.enter_context(postgres_server())
            url = until_done.enter_context(postgres_database(server_url))
            scene = Scene(folder, server_url, str(make_url(url).database))
        migrate(url)
        store = open_store(url)
        try:
            Seeder(store, datetime.now(UTC)).launches(range(1), regions=REGIONS)
        finally:
            store.close()
        yield scene


def _measured(which: str, kind: ImportKind, path: Path, url: str) -> dict[str, Any]:
    command = (sys.executable, "-m", "benchmarks.importing", which, kind, str(path), url)
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, Any] = json.loads(told.stdout)
    return measured
