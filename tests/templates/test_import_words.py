"""Do pages say in every language why a file, or a row of it, could not be used?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities import import_lines
from templates.core_words import SENTENCES, plainly
from templates.import_words import FILES, FORMATS, ROWS
from templates.language import Reader, gettext, reading
from tests.templates.test_core_words import sentence

ROOT = Path(__file__).parents[2]
GERMAN = Reader("de", "Europe/Berlin")

MADE_OF = {"FileRefused": 1, "CellError": 1, "Fault": 2}
"""Which argument of what is made says why."""

PUT_TOGETHER = {"line {} {}", "says otherwise of the same {}"}
"""`ROWS` has the whole."""


def reasons(file: Path) -> Iterator[str]:
    """Yield every reason that a module gives, with a hole for each value."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=made), args=args) if len(args) > MADE_OF.get(made, len(args)):
                yield from sentence(args[MADE_OF[made]])
            case ast.Assign(targets=[ast.Name(id="reason" | "contradicted")], value=said):
                yield from sentence(said)
            case ast.Call(func=ast.Name(id="ValueError"), args=[said]) if file.name == "values.py":
                yield from sentence(said)


def test_pages_know_every_reason_for_which_a_file_or_a_row_is_left_out() -> None:
    """Whoever gives another reason gives pages the words for it, and takes out those that nobody says any more."""
    files = (
        *(ROOT / "activities").glob("import_*.py"),
        ROOT / "workflows" / "import_file.py",
        ROOT / "readiness" / "values.py",
    )
    said = {each for file in files for each in reasons(file)}
    known = {re.sub(r"%\(\w+\)s", "{}", message) for message in (*FILES, *ROWS)}
    of_texts = {each for each in said if "character" in each or "line break" in each}
    assert len(said) > 40
    assert known - said == {"line {} says otherwise of the same {}"}
    assert said - known - PUT_TOGETHER == {
        "the instant lies outside the calendar",
        "a share lies between 0 and 1",
        "a share is given in steps of 0.0001",
        "an instant is written with its date and time, as 2027-03-01T09:00:00Z",
    }, "no cell is read as one of these"
    assert of_texts <= known


def test_pages_know_every_kind_of_file_that_is_none() -> None:
    """What a file is by its first bytes is said in the reader's language."""
    assert tuple(name for _, name in import_lines.FOREIGN_FORMATS) == FORMATS
    with reading(GERMAN):
        assert all(gettext(each) != each for each in FORMATS)


@pytest.mark.parametrize(
    ("said", "in_german"),
    [
        ("'2027-13-01' is not a date and time such as 2027-03-01T09:00:00+01:00", "'2027-13-01' ist kein Tag mit"),
        ("line 1204 says otherwise of the same person_id, effective_at", "Zeile 1.204 sagt über dieselben person_id"),
        ("'2027-03-01' is more than five minutes ahead of 2027-01-04T12:00Z", "mehr als fünf Minuten nach 4. Jan"),
        ("this is a PDF document; plain CSV or NDJSON is needed", "Das ist ein PDF-Dokument; gebraucht wird"),
        ("the byte 0xFF is not UTF-8 here; save the file as UTF-8", "Das Byte 0xFF ist hier kein UTF-8"),
        ("the file has 12345 bytes, at most 10000 are allowed", "Die Datei hat 12.345 Byte, erlaubt sind"),
    ],
)
def test_what_stood_in_the_file_is_quoted_word_for_word(said: str, in_german: str) -> None:
    """Around it are the reader's own words, with numbers and dates as pages write them."""
    with reading(GERMAN):
        assert in_german in " ".join(plainly(said).split())


def test_every_reason_is_recognised_as_itself() -> None:
    """No other sentence that pages know is taken for one of these."""
    values = {
        "format": FORMATS[0],
        "byte": "FF",
        "n": "7",
        "all": "9",
        "year": "1900",
        "last_year": "2999",
        "minute": "2027-01-04T12:00Z",
        "quoted": "'?'",
        "name": "score",
        "names": "score, void",
    }
    with reading(GERMAN):
        for message in (*FILES, *ROWS):
            assert message in SENTENCES
            said = gettext(message)
            beginning = re.split(r"%\(\w+\)s", said)[-1] or re.split(r"%\(\w+\)s", said)[0]
            assert beginning in plainly(message % values), message
