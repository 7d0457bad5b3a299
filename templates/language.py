"""In which language and on which clock is the page read that is being written just now?"""

# English is what the code says; a catalogue turns it into another language. A page is written by one thread from its
# first word to its last, so the reader is kept beside the thread and templates need not hand them on.

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

CATALOGUES = Path(__file__).parent / "locale"

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "de": "Deutsch"})
"""What pages are shipped in, each by its own name."""


class Reader(NamedTuple):
    """Whoever will read what is being written."""

    language: str = "en"
    zone: str = "UTC"


_ANYBODY = Reader()
_READER: ContextVar[Reader] = ContextVar("reader", default=_ANYBODY)


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Write for `reader` while the context lasts."""
    token = _READER.set(reader)
    try:
        yield
    finally:
        _READER.reset(token)


def reader() -> Reader:
    """Return whom the page is written for that this thread writes."""
    return _READER.get()


def gettext(message: str) -> str:
    """Return `message` in the reader's language, or as it is where the catalogue has it not."""
    return _catalogue(_READER.get().language).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the form of a message that fits `number`, in the reader's language."""
    return _catalogue(_READER.get().language).ngettext(one, many, number)


@cache
def _catalogue(language: str) -> NullTranslations:
    file = CATALOGUES / f"{language}.po"
    if not file.exists():
        return NullTranslations()
    # Imported late: English alone, and every command but the web, do without it.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with file.open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
