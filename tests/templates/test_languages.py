"""Does every page speak every language that it is shipped in, and write dates and numbers as people there do?"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import nodes

from templates import moments
from templates.language import LANGUAGES, Reader, gettext, reading
from templates.pages import Frame, Page
from templates.rendering import FOLDER, environment, render
from templates.words import within_sentence
from tests.templates.board_samples import board_page
from tests.templates.every_sample import SAMPLES
from tests.templates.messages import Message, catalogue, messages
from tests.templates.outline import Outline
from tests.templates.samples import VIEWER

OTHERS = tuple(language for language in LANGUAGES if language != "en")
GERMAN = Reader("de", "Europe/Berlin")
MOMENT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_has_a_translation_and_none_is_left_over(language: str) -> None:
    """What a page says is in the catalogue, translated; what no page says any more is not: `make catalogue`."""
    kept = {_key(each.id): each.string for each in catalogue(language) if each.id}
    written = messages()
    assert written - kept.keys() == set()
    assert kept.keys() - written == set()
    assert [key for key, said in kept.items() if not (all(said) if isinstance(said, tuple) else said)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_speaks_of_the_same_values(language: str) -> None:
    """No name of a value is lost, made up or misspelt on the way."""
    for each in catalogue(language):
        said = each.string if isinstance(each.string, tuple) else (each.string,)
        meant = each.id if isinstance(each.id, tuple | list) else (each.id,)
        for form, original in zip(said, meant, strict=True):
            # A singular may do without its number.
            left = _values(str(form)) ^ _values(str(original))
            assert each.id == "" or left <= {"count"}, (original, form)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_every_page_renders_in_german(sample: Page) -> None:
    """Each page says which language it is in, and is as whole as in English."""
    outline = Outline(render(replace(sample, frame=Frame(language="de", zone="Europe/Berlin"))))
    assert outline.open == []
    assert ("html", {"lang": "de"}) in outline.elements
    assert "Zum Inhalt springen" in outline.text


def test_no_word_is_written_before_anybody_reads_it() -> None:
    """A filter of a word that stands in a template is written once, for whoever opens the page first; `_` is not."""
    for file in sorted(FOLDER.iterdir()):
        tree = environment().parse(file.read_text("utf-8"))
        found = [
            each.name for each in tree.find_all(nodes.Filter) if isinstance(each.node, nodes.Const) and not each.args
        ]
        assert found == [], file


def test_what_surrounds_a_message_does_not_hide_its_translation() -> None:
    """A message is looked up without the blanks around it, and nouns keep their capitals in German."""
    shown = render(replace(board_page(viewer=replace(VIEWER, is_signed_in=True)), frame=Frame(language="de")))
    assert "Sie probieren dies aus als" in shown
    with reading(GERMAN):
        assert within_sentence("Zielgruppe") == "Zielgruppe"
    assert within_sentence("Audience") == "audience"


def test_dates_and_numbers_are_written_as_in_german() -> None:
    """Months have their names, thousands their point, tenths their comma, and spans their case."""
    with reading(GERMAN):
        assert " ".join(moments.instant(MOMENT, "Europe/Berlin").split()) == "1. März 2027, 09:00 CET"
        said = moments.days(MOMENT, MOMENT + timedelta(days=2))
        assert " ".join(said.split()) == "1.\N{EN DASH}3. März 2027"
        assert " ".join(moments.on_day(MOMENT.date()).split()) == "1. März 2027"
        assert moments.number(9_235) == "9.235"
        assert moments.percent(0.8437) == "84,3\N{NO-BREAK SPACE}%"
        assert moments.index(63.4) == "63,4"
        assert moments.until(MOMENT + timedelta(days=99), MOMENT) == "in 99 Tagen"
        assert moments.ago(MOMENT, MOMENT + timedelta(hours=3)) == "vor 3 Stunden"
        assert moments.counted(1, "day", "days") == "1 Tag"
    assert moments.number(9_235) == "9,235"


def test_what_no_catalogue_has_is_said_in_english() -> None:
    """A message that nobody translated is better read in another language than not at all."""
    with reading(GERMAN):
        assert gettext("This is in no catalogue.") == "This is in no catalogue."


def _key(of: object) -> Message:
    return (str(of[0]), str(of[1])) if isinstance(of, tuple | list) else str(of)


def _values(message: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", message))
