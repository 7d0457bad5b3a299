"""Does a bulk file bring exactly the rows that it holds, and name every line that it cannot use?"""

import csv
import io
import json
import random
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.import_files import Batch, Rejection, check_file, read_rows
from activities.import_lines import FileRefused, ImportLimits
from readiness.rows import AttemptRow, AudienceRow, CompletionRow, ImportKind, PersonRow
from tests.effort import examples

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
LIMITS = ImportLimits()

COMPLETIONS = "person_id,course_id,completed_at,score\n"
PEOPLE = "person_id,name,email,function,region\n"


def a_file(folder: Path, content: str | bytes) -> Path:
    """Write a file for a test to read; text is written as UTF-8, line ends as given."""
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def batches(path: Path, kind: ImportKind, *, batch_rows: int = 5_000) -> list[Batch]:
    """Return everything that a file brings."""
    return list(read_rows(path, kind, limits=LIMITS, now=NOW, batch_rows=batch_rows))


def one_batch(path: Path, kind: ImportKind) -> Batch:
    """Return what a short file brings."""
    (batch,) = batches(path, kind)
    return batch


def test_every_kind_of_file_brings_its_rows(tmp_path: Path) -> None:
    """Each of the four kinds is read into its own row, with what is left out as the contract says."""
    people = a_file(tmp_path, PEOPLE + "p-1, Ann  Lee ,ann@x.example,Sales,North West\n")
    assert one_batch(people, ImportKind.PEOPLE).rows == [
        PersonRow("p-1", "Ann  Lee", "ann@x.example", "sales", "north-west")
    ]
    audience = a_file(tmp_path, "product,region,person_id\natlas-2,EMEA,p-1\n")
    assert one_batch(audience, ImportKind.AUDIENCE).rows == [AudienceRow("atlas-2", "emea", "p-1")]
    completions = a_file(tmp_path, COMPLETIONS + "p-1,c-1,2026-11-01T13:00:00+01:00,\n")
    assert one_batch(completions, ImportKind.COMPLETIONS).rows == [CompletionRow("p-1", "c-1", NOON)]
    attempts = a_file(
        tmp_path, "person_id,assessment_id,attempted_at,score,void\np-1,a-1,2026-11-01T12:00Z,79.5,yes\n"
    )
    assert one_batch(attempts, ImportKind.ATTEMPTS).rows == [
        AttemptRow("p-1", "a-1", NOON, Decimal("79.5"), void=True)
    ]


def test_optional_columns_are_read_wherever_they_stand(tmp_path: Path) -> None:
    """The columns of a file may come in any order, optional ones among the required."""
    path = a_file(
        tmp_path,
        "active,region,manager_id,email,time_zone,name,effective_at,function,person_id,role,territory\n"
        "no,emea,p-9,a@x.example,Europe/Berlin,Ann,2027-01-01T00:00:00Z,sales,p-1,Account manager,DACH\n",
    )
    assert one_batch(path, ImportKind.PEOPLE).rows == [
        PersonRow(
            person_id="p-1",
            name="Ann",
            email="a@x.example",
            function="sales",
            region="emea",
            role="Account manager",
            manager_id="p-9",
            territory="DACH",
            time_zone="Europe/Berlin",
            active=False,
            effective_at=datetime(2027, 1, 1, tzinfo=UTC),
        )
    ]


def test_ndjson_says_the_same_as_csv(tmp_path: Path) -> None:
    """The same facts as one object a line are read alike: numbers exactly as written, null and absent as empty."""
    lines = [
        {
            "person_id": 100064,
            "course_id": "c-1",
            "completed_at": "2026-11-01T12:00:00Z",
            "score": 79.5,
            "void": True,
        },
        {"score": None, "person_id": "p-2", "course_id": "c-1", "completed_at": "2026-11-01T12:00:00Z"},
        {"person_id": "p-3", "course_id": "c-1", "completed_at": "2026-11-01T12:00:00Z"},
    ]
    path = a_file(tmp_path, "\n" + "\r\n".join(json.dumps(line) for line in lines))
    batch = one_batch(path, ImportKind.COMPLETIONS)
    assert batch.rows == [
        CompletionRow("100064", "c-1", NOON, Decimal("79.5"), void=True),
        CompletionRow("p-2", "c-1", NOON),
        CompletionRow("p-3", "c-1", NOON),
    ]
    assert batch.lines == [2, 3, 4]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_byte_order_mark_and_line_ends_make_no_difference(tmp_path: Path, mark: str, end: str, last: bool) -> None:
    """A file means the same with and without a byte order mark, CRLF, and a line end after its last line."""
    content = mark + end.join(["person_id,course_id,completed_at,score", "p-1,c-1,2026-11-01T12:00:00Z,80"])
    batch = one_batch(a_file(tmp_path, content + (end if last else "")), ImportKind.COMPLETIONS)
    assert batch.rows == [CompletionRow("p-1", "c-1", NOON, Decimal(80))]
    assert batch.lines == [2]


def test_a_file_of_a_header_alone_brings_nothing(tmp_path: Path) -> None:
    """A header without rows is a good file with no rows."""
    path = a_file(tmp_path, COMPLETIONS)
    assert check_file(path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW).rows == 0
    assert batches(path, ImportKind.COMPLETIONS) == []


def test_blank_lines_are_no_rows_but_count_as_lines(tmp_path: Path) -> None:
    """Blank lines are passed over, and rows after them are still found by their line."""
    batch = one_batch(
        a_file(tmp_path, "\n" + COMPLETIONS + "\n\np-1,c-1,2026-11-01T12:00:00Z,80\n\n"), ImportKind.COMPLETIONS
    )
    assert batch.lines == [5]
    assert batch.rows_read == 1


def test_formula_looking_cells_stay_plain_text(tmp_path: Path) -> None:
    """What a spreadsheet would run is kept letter by letter: neutralising it is for whoever exports it."""
    names = ["=1+1", "+SUM(A1)", "-2", "@cmd", '=HYPERLINK("http://x.example","here, now")']
    content = io.StringIO()
    writer = csv.writer(content)
    writer.writerow(PEOPLE.strip().split(","))
    writer.writerows([f"p-{number}", name, "a@x.example", "sales", "emea"] for number, name in enumerate(names))
    rows = one_batch(a_file(tmp_path, content.getvalue()), ImportKind.PEOPLE).rows
    assert [row.name for row in rows if isinstance(row, PersonRow)] == names


def test_a_row_that_cannot_be_used_does_not_stop_the_others(tmp_path: Path) -> None:
    """Bad rows are named by line, column, code and reason, each of their faults, and every other row is loaded."""
    path = a_file(
        tmp_path,
        COMPLETIONS
        + "p-1,c-1,2026-11-01T12:00:00Z,80\n"
        + ",c-1,2026-11-01T12:00:00,NaN\n"
        + "p-3,c-1,2026-11-01T12:00:00Z\n"
        + "p-4,c-1,2026-11-01T12:00:00Z,80,1\n"
        + "p-5,c-1,2026-11-01T12:00:00Z,80\n",
    )
    batch = one_batch(path, ImportKind.COMPLETIONS)
    assert batch.lines == [2, 6]
    assert [rejection[:3] for rejection in batch.rejections] == [
        (3, "person_id", "missing-value"),
        (3, "completed_at", "no-offset"),
        (3, "score", "score-not-finite"),
        (4, None, "too-few-cells"),
        (5, None, "too-many-cells"),
    ]
    assert (batch.rejected, batch.rows_read) == (3, 5)


def test_a_line_of_ndjson_that_is_no_object_is_one_bad_row(tmp_path: Path) -> None:
    """Broken JSON, a list, a nested value, a name twice and endless nesting each cost one row, with a reason."""
    good = '{"person_id": "p-1", "course_id": "c-1", "completed_at": "2026-11-01T12:00:00Z", "score": 80}'
    bad = [
        '{"person_id": "p-2"',
        "[1, 2]",
        '{"person_id": ["p-3"]}',
        '{"person_id": "p-4", "person_id": "p-5"}',
        '{"person_id": ' + "[" * 20_000,
        '{"person_id": ' + "9" * 5_000 + "}",
    ]
    batch = one_batch(a_file(tmp_path, "\n".join([good, *bad])), ImportKind.COMPLETIONS)
    assert batch.lines == [1]
    assert [rejection.code for rejection in batch.rejections[:5]] == [
        "not-json",
        "not-json",
        "not-a-value",
        "name-twice",
        "not-json",
    ]
    assert batch.rejections[5] == Rejection(7, "person_id", "text-too-long", batch.rejections[5].reason)
    assert batch.rejected == len(bad)


def test_a_lone_surrogate_costs_its_row_and_its_reason_can_be_kept(tmp_path: Path) -> None:
    """Text that no database takes is refused in every column, and the reason itself is text that any takes."""
    for column in ("person_id", "name", "email", "function", "region", "role", "manager_id", "time_zone", "active"):
        row = dict(zip(PEOPLE.strip().split(","), ("p-1", "Ann", "a@x.example", "sales", "emea"), strict=True))
        line = json.dumps({**row, column: "x\ud800"})
        batch = one_batch(a_file(tmp_path, line), ImportKind.PEOPLE)
        (rejection,) = batch.rejections
        assert rejection.column == column
        assert b"d800" in rejection.reason.lower().encode()


def test_a_moment_ahead_of_the_clock_is_a_bad_row_but_not_for_a_roster(tmp_path: Path) -> None:
    """Five minutes ahead is a clock that differs, more is a mistake; an announced roster change may lie ahead."""
    ahead = [NOW + timedelta(minutes=5), NOW + timedelta(minutes=5, seconds=1)]
    rows = "".join(f"p-1,c-1,{moment.isoformat()},80\n" for moment in ahead)
    batch = one_batch(a_file(tmp_path, COMPLETIONS + rows), ImportKind.COMPLETIONS)
    assert batch.lines == [2]
    assert [rejection[:3] for rejection in batch.rejections] == [(3, "completed_at", "in-the-future")]
    roster = a_file(tmp_path, "product,region,person_id,effective_at\na,emea,p-1,2027-06-01T00:00:00Z\n")
    assert one_batch(roster, ImportKind.AUDIENCE).rejected == 0


def test_a_quoted_line_break_is_a_bad_row_that_begins_on_its_first_line(tmp_path: Path) -> None:
    """A cell that was properly quoted over two lines costs its own row only; later lines are still named rightly."""
    path = a_file(tmp_path, PEOPLE + 'p-1,"Ann\nLee",a@x.example,sales,emea\np-2,Bob,b@x.example,sales,emea\n')
    batch = one_batch(path, ImportKind.PEOPLE)
    assert [rejection[:3] for rejection in batch.rejections] == [(2, "name", "text-not-allowed")]
    assert batch.lines == [4]


def test_batches_can_be_taken_up_again_at_any_of_them(tmp_path: Path) -> None:
    """A load that goes on at a batch reads exactly what the whole load would have read from there."""
    bad = {4, 11, 12}
    rows = "".join(f"p-{n},c-1,2026-11-01T12:00:00Z,{'x' if n in bad else 80}\n" for n in range(25))
    path = a_file(tmp_path, COMPLETIONS + rows + "p-1,c-1,2026-11-01T12:00:00Z,80\n")
    checked = check_file(path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW)
    whole = batches(path, ImportKind.COMPLETIONS, batch_rows=7)
    assert [batch.index for batch in whole] == [0, 1, 2, 3]
    assert sum(batch.rows_read for batch in whole) == checked.rows == 26
    go_on = partial(read_rows, path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW, checked=checked)
    for first in range(5):
        assert list(go_on(from_batch=first, from_row=first * 7, batch_rows=7)) == whole[first:]


def test_what_the_check_has_kept_is_loaded_as_if_read_anew(tmp_path: Path) -> None:
    """A file that is kept from its check to its load brings the same rows, counts and refusals, from any row on."""
    cells = {4: "x", 11: "101", 12: ""}
    rows = "".join(f"p-{n},c-1,2026-11-01T12:00:00Z,{cells.get(n, 80)}\n" for n in range(25))
    twice = "p-1,c-1,2026-11-01T12:00:00Z,80\np-2,c-1,2026-11-01T12:00:00Z,81\n"
    path = a_file(tmp_path, COMPLETIONS + rows + twice + "p-9\n")
    check = partial(check_file, path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW)
    anew, kept = check(), check(kept_bytes=path.stat().st_size)
    assert anew.kept is None
    assert check(kept_bytes=path.stat().st_size - 1).kept is None
    assert kept.kept is not None
    load = partial(read_rows, path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW, batch_rows=7)
    for row in range(30):
        assert list(load(checked=kept, from_row=row)) == list(load(checked=anew, from_row=row))


def test_a_load_goes_on_at_any_row_in_batches_of_any_length(tmp_path: Path) -> None:
    """After a crash the rest of the file comes whole, though batches have become longer or shorter since."""
    rows = "".join(f"p-{n},c-1,2026-11-01T12:00:00Z,80\n" for n in range(25))
    path = a_file(tmp_path, COMPLETIONS + rows)
    for counted in range(26):
        for length in (1, 4, 30):
            resumed = list(
                read_rows(
                    path,
                    ImportKind.COMPLETIONS,
                    limits=LIMITS,
                    now=NOW,
                    from_batch=3,
                    from_row=counted,
                    batch_rows=length,
                )
            )
            assert [batch.index for batch in resumed] == list(range(3, 3 + len(resumed)))
            assert [line for batch in resumed for line in batch.lines] == list(range(2 + counted, 27))
            assert all(batch.first_row == counted + length * place for place, batch in enumerate(resumed))


def test_a_long_check_gives_signs_of_life(tmp_path: Path) -> None:
    """Whoever waits for the check hears how many rows it has read."""
    path = a_file(tmp_path, COMPLETIONS + "p-1,c-1,2026-11-01T12:00:00Z,80\n" * 10_001)
    heard: list[int] = []
    check_file(path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW, beat=heard.append)
    assert heard[:2] == [5_000, 10_000]


def test_every_row_read_is_accepted_rejected_or_repeated(tmp_path: Path) -> None:
    """In files with one bad line in a hundred and some repeated, the counts add up and name exactly those lines."""
    for seed in range(5):
        dice = random.Random(seed)  # noqa: S311 - a seeded draw for a test.
        lines: list[str] = []
        bad: list[int] = []
        repeated = 0
        for number in range(2_000):
            line = f"p-{number},c-1,2026-11-01T12:00:00Z,{dice.randint(0, 100)}"
            if dice.random() < 0.01:
                line = dice.choice([line + "1e9", line.replace("Z", ""), line + ",more", "p 1" + line, '"",' * 3])
                bad.append(number + 2)
            elif lines and number + 1 not in bad and dice.random() < 0.02:
                line = lines[-1]
                repeated += 1
            lines.append(line)
        found = batches(a_file(tmp_path, COMPLETIONS + "\n".join(lines)), ImportKind.COMPLETIONS, batch_rows=300)
        assert sum(batch.rows_read for batch in found) == 2_000
        assert sorted({rejection.line for batch in found for rejection in batch.rejections}) == bad
        assert sum(batch.rejected for batch in found) == len(bad)
        assert sum(batch.repeated for batch in found) == repeated


def test_memory_stays_flat_however_many_rows_there_are(tmp_path: Path) -> None:
    """Reading 20,000 rows that would fill some ten megabytes holds a fraction of that at any time."""
    path = a_file(tmp_path, COMPLETIONS + "".join(f"p-{n},c-1,2026-11-01T12:00:00Z,80\n" for n in range(20_000)))
    tracemalloc.start()
    try:
        read = read_rows(path, ImportKind.COMPLETIONS, limits=LIMITS, now=NOW, batch_rows=1_000)
        assert sum(batch.rows_read for batch in read) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


TEXT = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=60).filter(
    str.strip
)
SCORES = st.none() | st.decimals(0, 100, places=4, allow_nan=False)
MOMENTS = st.datetimes(EARLIEST.replace(tzinfo=None), NOON.replace(tzinfo=None), timezones=st.timezones())


@given(rows=st.lists(st.tuples(TEXT, TEXT), max_size=20), end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=examples(100))
def test_text_written_by_a_csv_writer_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    """Whatever names and job titles are written, with quotes, commas and accents, are read as they were written."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator=end)
    writer.writerow([*PEOPLE.strip().split(","), "role"])
    for number, (name, role) in enumerate(rows):
        writer.writerow([f"p-{number}", name, "a@x.example", "sales", "emea", role])
    path = a_file(tmp_path_factory.mktemp("written"), content.getvalue())
    read = [row for batch in batches(path, ImportKind.PEOPLE) for row in batch.rows]
    expected = [
        PersonRow(f"p-{number}", composed(name), "a@x.example", "sales", "emea", role=composed(role))
        for number, (name, role) in enumerate(rows)
    ]
    assert read == expected


def composed(text: str) -> str:
    """Return text in the one form in which it is kept."""
    return normalize("NFC", text).strip()


@given(facts=st.lists(st.tuples(MOMENTS, SCORES, st.booleans()), max_size=20), as_json=st.booleans())
@settings(max_examples=examples(100))
def test_facts_come_back_equal_in_either_format(
    tmp_path_factory: pytest.TempPathFactory,
    facts: list[tuple[datetime, Decimal | None, bool]],
    as_json: bool,
) -> None:
    """Moments of any zone, scores to four decimals and flags are read exactly, from CSV and from NDJSON."""
    names = ("person_id", "course_id", "completed_at", "score", "void")
    written = [
        (f"p-{number}", "c-1", moment.isoformat(), "" if score is None else str(score), str(void).lower())
        for number, (moment, score, void) in enumerate(facts)
    ]
    content = io.StringIO(newline="")
    if as_json and written:
        content.writelines(json.dumps(dict(zip(names, line, strict=True))) + "\n" for line in written)
    else:
        csv.writer(content).writerows([names, *written])
    path = a_file(tmp_path_factory.mktemp("written"), content.getvalue())
    read = [row for batch in batches(path, ImportKind.COMPLETIONS) for row in batch.rows]
    assert read == [
        CompletionRow(f"p-{number}", "c-1", moment.astimezone(UTC), score, void)
        for number, (moment, score, void) in enumerate(facts)
    ]


@given(content=st.binary(max_size=400))
@settings(max_examples=examples(200))
def test_any_bytes_are_read_or_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """No bytes whatever after a good header lead to anything but rows, rejections or a refusal."""
    path = a_file(tmp_path_factory.mktemp("noise"), PEOPLE.encode() + content)
    with suppress(FileRefused):
        assert all(rejection.line > 1 for batch in batches(path, ImportKind.PEOPLE) for rejection in batch.rejections)
