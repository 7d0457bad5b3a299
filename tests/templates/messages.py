"""Which messages must a catalogue hold, and which does it hold yet?"""

# `make catalogue` adds what is missing to each catalogue, without a translation, and takes out what nobody says any
# more; a test fails until every message has one.

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from api.problems import OF_THE_DOOR
from templates import (
    act_words,
    ask_words,
    core_words,
    import_words,
    kind_words,
    page_words,
    people_words,
    problem_words,
    prospect_words,
    refusal_words,
    words,
)
from templates.language import CATALOGUES, LANGUAGES

ROOT = Path(__file__).parents[2]

KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "counted": (2, 3),
    # How happenings are told.
    "_tell": None,
}

_METHODS = [
    ("templates/html/**.html", "jinja2.ext.babel_extract"),
    ("templates/**.py", "python"),
    ("api/**.py", "python"),
]
_OPTIONS = {"templates/html/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}

_FLEETING = (
    "#, fuzzy",
    *(f'"{name}' for name in ("Project-Id", "Report-Msgid", "POT-Creation", "PO-Revision", "Last-Translator")),
    *(f'"{name}' for name in ("Language-Team", "Generated-By")),
)

Message = str | tuple[str, str]


def messages() -> set[Message]:
    """Return every message that a page may say, a pair where it has a plural."""
    return {*_in_code(), *_in_words()}


def catalogue(language: str) -> Catalog:
    """Return the catalogue of a language as it lies there; an empty one where there is none."""
    file = CATALOGUES / f"{language}.po"
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as source:
        return read_po(source, locale=language)


def _in_code() -> Iterator[Message]:
    for _file, _line, message, _comments, _context in extract_from_dir(ROOT, _METHODS, _OPTIONS, keywords=KEYWORDS):
        yield (str(message[0]), str(message[1])) if isinstance(message, tuple) else str(message)


def _in_words() -> Iterator[str]:
    yield from core_words.SAID
    yield from core_words.PHRASES
    yield from import_words.FORMATS
    yield from (page_words.TITLES.get(kind.title, kind.title) for kind in OF_THE_DOOR)
    yield from problem_words.OTHERWISE
    yield from problem_words.WITHOUT_BOARD
    yield from problem_words.DOINGS
    for advice in problem_words.ADVICE.values():
        yield from advice
    for kept in (words, act_words, ask_words, kind_words, prospect_words, people_words, refusal_words):
        for name, value in vars(kept).items():
            if name.isupper() and isinstance(value, dict):
                yield from (word for word in value.values() if isinstance(word, str))


def renew(language: str) -> int:
    """Write the catalogue of a language anew, sorted, and return how many messages still have no translation."""
    before = catalogue(language)
    made = Catalog(locale=language, project="Learn Then Launch", header_comment=f"# {LANGUAGES[language]}.")
    missing = 0
    for message in sorted(messages(), key=lambda each: each if isinstance(each, str) else each[0]):
        known = before.get(message if isinstance(message, str) else message[0])
        translated = known.string if known is not None else ""
        missing += not (all(translated) if isinstance(translated, tuple) else translated)
        made.add(message, translated)
    keep(made, language)
    return missing


def keep(made: Catalog, language: str) -> None:
    """Write a catalogue to where pages read it, without what changes at every writing."""
    written = BytesIO()
    write_po(written, made, width=118, sort_output=True)
    lines = written.getvalue().decode("utf-8").splitlines(keepends=True)
    CATALOGUES.mkdir(exist_ok=True)
    text = "".join(line for line in lines if not line.startswith(_FLEETING))
    (CATALOGUES / f"{language}.po").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in LANGUAGES:
        if each != "en":
            print(f"{each}: {renew(each)} messages without a translation")
