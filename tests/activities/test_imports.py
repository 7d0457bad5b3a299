"""Does a bulk file end up in the facts once, however often its loading breaks off?"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.import_files import BATCH_ROWS, ImportLimits
from activities.imports import GiveUp, ImportActivities
from readiness.rows import ImportKind
from store.engine import Store, StoreAway, open_store
from store.facts import begin_import
from store.facts_schema import completions, people
from store.imports import ImportRecord, ImportState, errors, find, register, start

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
CHECKED_ROWS = 5_000
"""The first sign of life of a check tells of this many rows; those of the loading number chunks from 0."""


class Office:
    """Registers files as the API does and loads them as a worker does, on a store with a clock that stands still."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.count = 0
        self.load_by(BATCH_ROWS)

    def load_by(self, batch_rows: int | None) -> None:
        """Load so many rows at a time from now on; None: as many as suit the database."""
        self.files = ImportActivities(self.store, limits=ImportLimits(), scratch=self.folder, batch_rows=batch_rows)

    def register(self, kind: ImportKind, lines: Sequence[str]) -> str:
        """Return the id of a new import of these lines."""
        self.count += 1
        path = self.folder / f"file-{self.count}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with self.store.writing() as tx:
            made = register(
                tx,
                kind=kind,
                digest=f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
                file_name=path.name,
                size=path.stat().st_size,
                path=str(path),
                uploaded_by="en-1",
                at=NOW,
            )
            begin_import(tx, made.record.id, kind, at=NOW)
        return made.record.id

    def load(self, import_id: str, *, after_chunk: Callable[[int], None] = lambda _chunk: None) -> ImportState:
        """Load as an activity; `after_chunk` hears of each chunk once it is written."""
        environment = ActivityEnvironment()
        # Up to the number of rows the beats are of the check, which is no chunk's number here.
        environment.on_heartbeat = lambda beat: after_chunk(beat) if beat < CHECKED_ROWS else None
        state: ImportState = environment.run(self.files.load, import_id)
        return state

    def record(self, import_id: str) -> ImportRecord:
        """Return how the import stands."""
        with self.store.reading() as tx:
            found = find(tx, import_id)
        assert found is not None
        return found

    def rows_of(self, table: object) -> int:
        """Return how many rows a table of facts has."""
        with self.store.reading() as tx:
            return int(tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]  # Any table.


@pytest.fixture
def office(store_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office on each kind of database."""
    opened = open_store(store_url, lambda: NOW)
    try:
        yield Office(opened, tmp_path)
    finally:
        opened.close()


def learned(count: int) -> list[str]:
    """Return a file of `count` completions."""
    rows = [f"p-{number},basics,2026-12-01T09:00:00Z,80" for number in range(count)]
    return ["person_id,course_id,completed_at,score", *rows]


def test_a_file_is_loaded_and_its_bad_rows_reported_by_line(office: Office) -> None:
    """Rows that cannot be used never stop the others, and the counts add up."""
    lines = [*learned(3), "p-9,basics,2026-12-01T09:00:00,80", "p-8,basics,2026-12-01T09:00:00Z,NaN"]
    import_id = office.register(ImportKind.COMPLETIONS, lines)
    assert office.load(import_id) is ImportState.COMPLETED
    record = office.record(import_id)
    assert (record.rows_read, record.accepted, record.unchanged, record.rejected) == (5, 3, 0, 2)
    with office.store.reading() as tx:
        assert [(error.line, error.column) for error in errors(tx, import_id)] == [(5, "completed_at"), (6, "score")]


def test_a_file_that_is_not_what_it_claims_changes_nothing(office: Office) -> None:
    """A refusal names the fault and comes before the first row is loaded."""
    import_id = office.register(ImportKind.COMPLETIONS, [*learned(3), 'p-1,"basics,2026-12-01T09:00:00Z,80'])
    assert office.load(import_id) is ImportState.REFUSED
    assert office.record(import_id).line == 5
    assert office.rows_of(completions) == 0


def test_loading_goes_on_with_the_chunk_at_which_it_broke_off(office: Office) -> None:
    """A store that goes away between two chunks loses nothing and doubles nothing."""
    import_id = office.register(ImportKind.COMPLETIONS, learned(12_000))
    chunks: list[int] = []

    def break_off(chunk: int) -> None:
        chunks.append(chunk)
        raise StoreAway("gone")

    with pytest.raises(ApplicationError, match="gone"):
        office.load(import_id, after_chunk=break_off)
    assert office.record(import_id).rows_read == 5_000
    assert office.load(import_id, after_chunk=chunks.append) is ImportState.COMPLETED
    assert chunks == [0, 1, 2]
    assert office.record(import_id).accepted == office.rows_of(completions) == 12_000


@pytest.mark.parametrize("then", [700, None], ids=["shorter", "as suits the database"])
def test_loading_goes_on_at_the_row_at_which_it_broke_off(office: Office, then: int | None) -> None:
    """Chunks that have become longer or shorter since neither leave a row out nor load one twice."""
    import_id = office.register(ImportKind.COMPLETIONS, learned(12_000))

    def break_off(chunk: int) -> None:
        raise StoreAway(f"gone after chunk {chunk}")

    with pytest.raises(ApplicationError, match="gone after chunk 0"):
        office.load(import_id, after_chunk=break_off)
    office.load_by(then)
    assert office.load(import_id) is ImportState.COMPLETED
    record = office.record(import_id)
    assert (record.rows_read, record.accepted, record.unchanged) == (12_000, 12_000, 0)
    assert office.rows_of(completions) == 12_000


def test_an_import_that_has_ended_is_not_loaded_again(office: Office) -> None:
    """A second attempt of the activity answers what the first did."""
    import_id = office.register(ImportKind.COMPLETIONS, learned(2))
    assert office.load(import_id) is office.load(import_id) is ImportState.COMPLETED
    assert office.record(import_id).accepted == 2


def test_a_roster_takes_effect_all_at_once(office: Office) -> None:
    """No gate ever sees half an audience: until the last chunk is there, nobody is."""
    rows = [f"p-{number},Person {number},p{number}@example.com,sales,emea" for number in range(6_000)]
    import_id = office.register(ImportKind.PEOPLE, ["person_id,name,email,function,region", *rows])
    seen: list[int] = []
    assert office.load(import_id, after_chunk=lambda _: seen.append(office.rows_of(people))) is ImportState.COMPLETED
    assert seen == [0, 0]
    assert office.rows_of(people) == office.record(import_id).accepted == 6_000


def test_an_import_given_up_says_why_and_takes_no_effect(office: Office) -> None:
    """What was staged by an import that failed is never read."""
    import_id = office.register(ImportKind.PEOPLE, ["person_id,name,email,function,region"])
    with office.store.writing() as tx:
        start(tx, import_id, at=NOW)
    ActivityEnvironment().run(office.files.give_up, GiveUp(import_id=import_id, reason="The disk is broken."))
    record = office.record(import_id)
    assert (record.state, record.reason) == (ImportState.FAILED, "The disk is broken.")
    assert office.load(import_id) is ImportState.FAILED


def test_a_file_sent_later_wins_even_if_it_is_loaded_first(office: Office) -> None:
    """The order of acknowledgement counts, not that of the workers."""
    header = "person_id,course_id,completed_at,score"
    earlier = office.register(ImportKind.COMPLETIONS, [header, "p-1,basics,2026-12-01T09:00:00Z,50"])
    later = office.register(ImportKind.COMPLETIONS, [header, "p-1,basics,2026-12-01T09:00:00Z,90"])
    office.load(later)
    office.load(earlier)
    with office.store.reading() as tx:
        scores = tx.execute(select(completions.c.score).where(completions.c.current)).scalars().all()
    assert [int(score) for score in scores] == [90]
