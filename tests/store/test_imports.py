"""Does the store tell what became of every file, each chunk counted once, on each database?"""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from readiness.rows import ImportKind
from store import imports
from store.engine import Store
from store.import_schema import imports as imports_table
from store.imports import ImportNotRunning, ImportState, Registered, ReportedError, Tally
from tests.effort import examples

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
A, B = (f"sha256:{letter * 64}" for letter in "ab")


def registered(tx: Connection, digest: str = A, *, kind: ImportKind = ImportKind.PEOPLE) -> Registered:
    """Register a file of that digest."""
    return imports.register(
        tx,
        kind=kind,
        digest=digest,
        file_name="roster.csv",
        size=1_234,
        path=f"/uploads/{digest[7:]}",
        uploaded_by="pm-7",
        at=NOW,
    )


def running(store: Store, kind: ImportKind = ImportKind.COMPLETIONS) -> str:
    """Return the id of an import that has been started."""
    with store.writing() as tx:
        import_id = registered(tx, kind=kind).record.id
        imports.start(tx, import_id, at=NOW)
    return import_id


def test_a_registered_file_is_queued_and_found_again(store: Store) -> None:
    """What was registered can be read back field by field, with nothing counted yet."""
    with store.writing() as tx:
        record, created = registered(tx)
    assert created
    assert (record.kind, record.digest, record.file_name, record.size) == (ImportKind.PEOPLE, A, "roster.csv", 1_234)
    assert (record.path, record.uploaded_by, record.created_at) == (f"/uploads/{'a' * 64}", "pm-7", NOW)
    assert (record.state, record.rows_total, record.rows_read, record.next_chunk) == (ImportState.QUEUED, None, 0, 0)
    with store.reading() as tx:
        assert imports.find(tx, record.id) == record
        assert imports.find(tx, "people-0-1") is None


def test_the_latest_file_of_its_kind_sent_again_answers_with_its_import(store: Store) -> None:
    """A file sent again changes nothing while it is the latest of its kind, however far its import is."""
    with store.writing() as tx:
        first = registered(tx).record
        other_kind = registered(tx, kind=ImportKind.AUDIENCE).record
        assert registered(tx) == Registered(first, created=False)
        assert other_kind.id != first.id
        imports.refuse(tx, first.id, code="empty-file", reason="empty", line=None, at=NOW)
        again = registered(tx)
    assert not again.created
    assert again.record.state is ImportState.REFUSED


def test_a_file_that_others_have_followed_is_loaded_anew(store: Store) -> None:
    """Sent after another file of its kind, the same bytes are a new import with the next id."""
    with store.writing() as tx:
        ids = [registered(tx, digest).record.id for digest in (A, B, A, A, B)]
    assert ids == [
        f"people-{letter * 24}-{times}" for letter, times in (("a", 1), ("b", 1), ("a", 2), ("a", 2), ("b", 2))
    ]


def test_a_file_whose_import_failed_may_be_sent_again(store: Store) -> None:
    """A failure of ours is not the answer to the same file for ever."""
    with store.writing() as tx:
        first = registered(tx).record
        imports.fail(tx, first.id, code="disk-full", reason="no room", at=NOW)
        again = registered(tx)
    assert again.created
    assert again.record.id != first.id


def test_the_same_file_twice_at_once_is_one_import(store: Store) -> None:
    """Of many who send the same file in the same moment one makes the import, and all get it."""
    barrier = threading.Barrier(8)
    answers: list[Registered] = []

    def send() -> None:
        barrier.wait()
        with store.writing() as tx:
            answers.append(registered(tx))

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len({answer.record.id for answer in answers}) == 1
    assert sorted(answer.created for answer in answers) == [False] * 7 + [True]


def test_imports_are_listed_newest_first_page_by_page(store: Store) -> None:
    """Pages follow each other without a gap, and may be of one kind."""
    with store.writing() as tx:
        made = [registered(tx, digest).record for digest in (A, B, A, B)]
        audience = registered(tx, kind=ImportKind.AUDIENCE).record
    with store.reading() as tx:
        assert imports.list_page(tx) == (audience, *reversed(made))
        assert imports.list_page(tx, kind=ImportKind.PEOPLE, limit=3) == (made[3], made[2], made[1])
        assert imports.list_page(tx, kind=ImportKind.PEOPLE, before=made[1].seq, limit=3) == (made[0],)


def test_an_unfinished_import_is_known_to_need_a_workflow(store: Store) -> None:
    """Queued and running imports are listed until they end."""
    with store.writing() as tx:
        first, second = (registered(tx, digest).record.id for digest in (A, B))
        imports.start(tx, first, at=NOW)
        assert [record.id for record in imports.unfinished(tx)] == [first, second]
        imports.finish(tx, first, at=LATER)
        imports.refuse(tx, second, code="nul-byte", reason="a NUL byte", line=3, at=LATER)
        assert imports.unfinished(tx) == ()


def test_an_import_runs_from_its_first_start(store: Store) -> None:
    """Starting again after a crash changes nothing, and an ended import does not start again."""
    import_id = running(store)
    with store.writing() as tx:
        imports.expect(tx, import_id, rows_total=3)
        again = imports.start(tx, import_id, at=LATER)
        assert (again.state, again.started_at, again.rows_total) == (ImportState.RUNNING, NOW, 3)
        ended = imports.finish(tx, import_id, at=LATER)
        assert imports.start(tx, import_id, at=LATER) == ended
        with pytest.raises(LookupError):
            imports.start(tx, "people-0-1", at=NOW)


def test_a_chunk_is_counted_once(store: Store) -> None:
    """A chunk counted again after a crash changes neither the counts nor the report of errors."""
    import_id = running(store)
    tally = Tally(accepted=3, unchanged=2, rejected=1, unknown=4)
    complaints = [(7, "score", "not-a-score", "'x' is not a score"), (9, None, "too-few-cells", "3 cells")]
    with store.writing() as tx:
        assert imports.advance(tx, import_id, tally, complaints, chunk=0, first_row=0)
    for _ in range(2):
        with store.writing() as tx:
            assert not imports.advance(tx, import_id, tally, complaints, chunk=0, first_row=0)
    with store.writing() as tx:
        assert imports.advance(tx, import_id, Tally(accepted=1), chunk=1, first_row=6)
    with store.reading() as tx:
        record = imports.find(tx, import_id)
        assert record is not None
        assert (record.rows_read, record.accepted, record.unchanged, record.rejected, record.unknown) == (
            7,
            4,
            2,
            1,
            4,
        )
        assert (record.next_chunk, record.reported) == (2, 2)
        assert imports.errors(tx, import_id) == (ReportedError(1, *complaints[0]), ReportedError(2, *complaints[1]))


def test_a_chunk_that_begins_or_ends_elsewhere_than_what_was_counted_is_no_repeat(store: Store) -> None:
    """Where chunks were of another length before a crash, none is taken for one that was counted, and no row is
    left out or counted twice."""
    import_id = running(store)
    with store.writing() as tx:
        assert imports.advance(tx, import_id, Tally(accepted=5), chunk=0, first_row=0)
        with pytest.raises(ImportNotRunning):
            imports.advance(tx, import_id, Tally(accepted=20), chunk=0, first_row=0)
        with pytest.raises(ImportNotRunning):
            imports.advance(tx, import_id, Tally(accepted=20), chunk=1, first_row=20)
        record = imports.find(tx, import_id)
        assert record is not None
        assert (record.next_chunk, record.next_row) == (1, 5)
        assert imports.advance(tx, import_id, Tally(accepted=20), chunk=1, first_row=5)


def test_a_chunk_undone_is_not_counted(store: Store) -> None:
    """Where the transaction that loads a chunk is undone, its counts and errors are too."""
    import_id = running(store)
    with store.engine.connect() as tx:
        transaction = tx.begin()
        imports.advance(tx, import_id, Tally(rejected=1), [(2, None, "not-json", "broken")], chunk=0, first_row=0)
        transaction.rollback()
    with store.writing() as tx:
        assert imports.errors(tx, import_id) == ()
        assert imports.advance(
            tx, import_id, Tally(rejected=1), [(2, None, "not-json", "broken")], chunk=0, first_row=0
        )


def test_a_chunk_cannot_be_left_out_nor_counted_for_an_import_that_does_not_run(store: Store) -> None:
    """Chunks are counted in order while the import runs; anything else is a mistake that is named."""
    import_id = running(store)
    with store.writing() as tx, pytest.raises(ImportNotRunning):
        imports.advance(tx, import_id, Tally(), chunk=1, first_row=0)
    with store.writing() as tx:
        imports.fail(tx, import_id, code="disk-full", reason="no room", at=LATER)
        with pytest.raises(ImportNotRunning):
            imports.advance(tx, import_id, Tally(), chunk=0, first_row=0)
        with pytest.raises(ImportNotRunning):
            imports.finish(tx, import_id, at=LATER)
        with pytest.raises(LookupError):
            imports.advance(tx, "people-0-1", Tally(), chunk=0, first_row=0)


def test_staged_rows_are_read_when_they_take_effect(store: Store) -> None:
    """Until all rows of a roster take effect together none of them is accepted, and then all add up."""
    import_id = running(store, ImportKind.PEOPLE)
    with store.writing() as tx:
        imports.advance(tx, import_id, Tally(staged=4, rejected=1), chunk=0, first_row=0)
        imports.advance(tx, import_id, Tally(staged=2, unchanged=1), chunk=1, first_row=5)
        record = imports.find(tx, import_id)
        assert record is not None
        assert (record.staged, record.rows_read, record.accepted) == (6, 2, 0)
        with pytest.raises(ValueError, match="6 rows staged"):
            imports.finish(tx, import_id, at=LATER, accepted=5)
        done = imports.finish(tx, import_id, at=LATER, accepted=5, unchanged=1, unknown=2)
        assert (done.staged, done.rows_read, done.accepted, done.unchanged, done.rejected) == (0, 8, 5, 2, 1)
        assert (done.unknown, done.state, done.finished_at) == (2, ImportState.COMPLETED, LATER)
        assert imports.finish(tx, import_id, at=LATER, accepted=5, unchanged=1) == done


def test_a_refused_file_says_why_and_stays_refused(store: Store) -> None:
    """A refusal keeps its code, reason and line, and nothing that comes later changes how an import ended."""
    with store.writing() as tx:
        import_id = registered(tx).record.id
        refused = imports.refuse(tx, import_id, code="nul-byte", reason="a NUL byte", line=3, at=LATER)
        assert (refused.state, refused.code, refused.reason, refused.line) == (
            ImportState.REFUSED,
            "nul-byte",
            "a NUL byte",
            3,
        )
        assert imports.fail(tx, import_id, code="disk-full", reason="no room", at=LATER) == refused
        assert imports.refuse(tx, import_id, code="empty-file", reason="empty", line=None, at=LATER) == refused
        with pytest.raises(LookupError):
            imports.refuse(tx, "people-0-1", code="nul-byte", reason="a NUL byte", line=3, at=LATER)


def test_what_was_loaded_before_a_failure_stays_counted(store: Store) -> None:
    """A failed import keeps the counts of its chunks and forgets what was only staged."""
    import_id = running(store)
    with store.writing() as tx:
        imports.advance(tx, import_id, Tally(accepted=2, staged=3), chunk=0, first_row=0)
        failed = imports.fail(tx, import_id, code="disk-full", reason="no room", at=LATER)
    assert (failed.state, failed.rows_read, failed.accepted, failed.staged) == (ImportState.FAILED, 2, 2, 0)


def test_the_report_of_errors_is_read_page_by_page(store: Store) -> None:
    """Pages of the report follow each other in the order of the file, two faults of one line among them."""
    import_id = running(store)
    complaints = [(line // 2, "score", "not-a-score", f"reason {line} ü") for line in range(4, 34)]
    with store.writing() as tx:
        imports.advance(tx, import_id, Tally(rejected=8), complaints[:15], chunk=0, first_row=0)
        imports.advance(tx, import_id, Tally(rejected=7), complaints[15:], chunk=1, first_row=8)
    read: list[ReportedError] = []
    with store.reading() as tx:
        while page := imports.errors(tx, import_id, after=read[-1].number if read else 0, limit=7):
            read.extend(page)
    assert [entry[1:] for entry in read] == complaints
    assert [entry.number for entry in read] == list(range(1, 31))


def test_the_database_itself_refuses_counts_that_do_not_add_up(store: Store) -> None:
    """Rows read are those accepted, unchanged and rejected, whoever writes them."""
    import_id = running(store)
    with pytest.raises(IntegrityError), store.writing() as tx:
        tx.execute(update(imports_table).where(imports_table.c.id == import_id).values(accepted=1))


COUNTS = st.tuples(*[st.integers(0, 5_000)] * 4).map(lambda counts: Tally(*counts))


@given(chunks=st.lists(st.tuples(COUNTS, st.integers(1, 3)), max_size=5))
@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_the_sums_over_chunks_however_often_each_is_sent(
    store: Store, chunks: list[tuple[Tally, int]]
) -> None:
    """Whatever is repeated after crashes, the counts are those of each chunk taken once."""
    with store.writing() as tx:
        # The failed import of the example before makes room for a new one of the same file.
        for left in imports.unfinished(tx):
            imports.fail(tx, left.id, code="disk-full", reason="no room", at=NOW)
        import_id = imports.start(tx, registered(tx).record.id, at=NOW).id
    before = 0
    for number, (tally, times) in enumerate(chunks):
        for time in range(times):
            with store.writing() as tx:
                assert imports.advance(tx, import_id, tally, chunk=number, first_row=before) == (time == 0)
        before += tally.accepted + tally.unchanged + tally.rejected
    with store.reading() as tx:
        record = imports.find(tx, import_id)
    assert record is not None
    accepted, unchanged, rejected, unknown = (sum(tally[place] for tally, _ in chunks) for place in range(4))
    assert record == replace(
        record,
        rows_read=accepted + unchanged + rejected,
        accepted=accepted,
        unchanged=unchanged,
        rejected=rejected,
        unknown=unknown,
        next_chunk=len(chunks),
    )
