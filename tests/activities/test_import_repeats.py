"""Are lines that contradict each other all rejected, and lines that repeat another counted once?"""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.import_files import Batch, check_file, read_rows
from activities.import_lines import ImportLimits
from readiness.rows import COLUMNS, ImportKind
from tests.effort import examples

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMITS = ImportLimits()


def everything(folder: Path, kind: ImportKind, lines: list[str], *, batch_rows: int = 2) -> list[Batch]:
    """Return what a CSV file of these lines brings, in small batches so that most lines meet across them."""
    columns = COLUMNS[kind]
    path = folder / "file"
    path.write_text("\n".join([",".join((*columns.required, *columns.optional)), *lines]))
    return list(read_rows(path, kind, limits=LIMITS, now=NOW, batch_rows=batch_rows))


def summary(batches: list[Batch]) -> tuple[list[int], list[int], int]:
    """Return the lines accepted, the lines rejected as contradictions, and how many were repeats."""
    rejections = [rejection for batch in batches for rejection in batch.rejections]
    assert {rejection.code for rejection in rejections} <= {"contradicts-another-line"}
    return (
        [line for batch in batches for line in batch.lines],
        [rejection.line for rejection in rejections],
        sum(batch.repeated for batch in batches),
    )


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (ImportKind.COMPLETIONS, "p-1,c-1,2026-11-01T12:00:00Z,80,", "p-1,c-1,2026-11-01T13:00:00+01:00,81,"),
        (ImportKind.COMPLETIONS, "p-1,c-1,2026-11-01T12:00:00Z,80,", "p-1,c-1,2026-11-01T12:00:00Z,80,yes"),
        (ImportKind.COMPLETIONS, "p-1,c-1,2026-11-01T12:00:00Z,0,", "p-1,c-1,2026-11-01T12:00:00Z,,"),
        (ImportKind.ATTEMPTS, "p-1,a-1,2026-11-01T12:00:00Z,80,", "p-1,a-1,2026-11-01T12:00Z,80.5,"),
        (ImportKind.PEOPLE, "p-1,Ann,a@x.example,sales,emea,,,,,,", "p-1,Ann,a@x.example,sales,apac,,,,,,"),
        (ImportKind.PEOPLE, "p-1,Ann,a@x.example,sales,emea,,,,,,", "p-1,Ann,a@x.example,sales,emea,,,,,no,"),
        (ImportKind.AUDIENCE, "atlas-2,emea,p-1,,,", "atlas-2,EMEA,p-1,no,left,"),
    ],
)
def test_lines_that_contradict_each_other_are_all_rejected(
    tmp_path: Path, kind: ImportKind, one: str, other: str
) -> None:
    """Wherever in the file they stand, no line of a contradiction is believed, and each names another of it."""
    neutral = {
        ImportKind.COMPLETIONS: "p-{},c-9,2026-11-01T12:00:00Z,1,",
        ImportKind.ATTEMPTS: "p-{},a-9,2026-11-01T12:00:00Z,1,",
        ImportKind.PEOPLE: "q-{},Bo,b@x.example,sales,emea,,,,,,",
        ImportKind.AUDIENCE: "atlas-2,emea,q-{},,,",
    }[kind]
    lines = [one, *(neutral.format(number) for number in range(5)), other, one]
    batches = everything(tmp_path, kind, lines)
    assert summary(batches) == ([3, 4, 5, 6, 7], [2, 8, 9], 0)
    reasons = [rejection.reason for batch in batches for rejection in batch.rejections]
    assert [reason.split(" says ")[0] for reason in reasons] == ["line 8", "line 2", "line 8"]


def test_identical_lines_are_accepted_once_and_the_others_counted(tmp_path: Path) -> None:
    """Lines that say the same in other words are one fact: another offset, other capitals, another spelling."""
    lines = [
        "p-1,c-1,2026-11-01T12:00:00Z,80,",
        "p-1,c-1,2026-11-01T13:00:00+01:00,80.0,no",
        "p-1,c-1,2026-11-01T12:00Z, 8e1 ,0",
    ]
    assert summary(everything(tmp_path, ImportKind.COMPLETIONS, lines)) == ([2], [], 2)


def test_another_moment_is_another_line_of_the_roster(tmp_path: Path) -> None:
    """What holds today and what is announced for next month do not contradict each other."""
    lines = [
        "p-1,Ann,a@x.example,sales,emea,,,,,,",
        "p-1,Ann,a@x.example,sales,apac,,,,,,2026-12-01T00:00:00Z",
        "p-1,Ann,a@x.example,sales,apac,,,,,no,2027-01-01T00:00:00Z",
    ]
    assert summary(everything(tmp_path, ImportKind.PEOPLE, lines)) == ([2, 3, 4], [], 0)


def test_a_line_that_cannot_be_used_contradicts_nothing(tmp_path: Path) -> None:
    """A bad line is reported for what is wrong with it and does not take a good one with it."""
    lines = ["p-1,c-1,2026-11-01T12:00:00Z,80,", "p-1,c-1,2026-11-01T12:00:00Z,180,"]
    (batch,) = everything(tmp_path, ImportKind.COMPLETIONS, lines)
    assert batch.lines == [2]
    assert [rejection.code for rejection in batch.rejections] == ["score-out-of-range"]


def test_the_check_leaves_nothing_in_its_scratch_folder(tmp_path: Path) -> None:
    """Fingerprints on the disk are gone when the check is done."""
    everything(tmp_path, ImportKind.AUDIENCE, ["a,emea,p-1,,,"] * 3)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    check_file(tmp_path / "file", ImportKind.AUDIENCE, limits=LIMITS, now=NOW, scratch=scratch)
    assert list(scratch.iterdir()) == []


@given(
    facts=st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.integers(0, 2)), max_size=40),
    batch_rows=st.integers(1, 9),
)
@settings(max_examples=examples(150))
def test_contradictions_and_repeats_are_those_of_the_plain_definition(
    tmp_path_factory: pytest.TempPathFactory, facts: list[tuple[int, str, int]], batch_rows: int
) -> None:
    """Of each identity: several contents reject every line, one content accepts the first and counts the others."""
    lines = [f"p-{person},{course},2026-11-01T12:00:00Z,{score}," for person, course, score in facts]
    said = defaultdict(list)
    for number, (person, course, score) in enumerate(facts, 2):
        said[person, course].append((number, score))
    accepted = sorted(group[0][0] for group in said.values() if len({score for _, score in group}) == 1)
    rejected = sorted(
        number for group in said.values() if len({score for _, score in group}) > 1 for number, _ in group
    )
    found = everything(tmp_path_factory.mktemp("facts"), ImportKind.COMPLETIONS, lines, batch_rows=batch_rows)
    assert summary(found) == (accepted, rejected, len(facts) - len(accepted) - len(rejected))
