"""How is a document of a row read, each text of it once?"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

TEXTS_KEPT = 128
"""Documents of each kind that are kept as read: those of the regions that are looked at just now."""

Document = TypeVar("Document")


def reads_once(kind: type[Document] | Any, *, kept: int = TEXTS_KEPT) -> Callable[[Any], Document]:
    """Return what reads a document of `kind` from its text, or from what a driver has made of it.

    A row that is asked for again has most often not changed, and reading its text takes longer than fetching it. The
    text is asked for each time; what was made of it is frozen, so that nobody can change it for the next reader.
    """
    reader: TypeAdapter[Document] = TypeAdapter(kind)
    read_text = lru_cache(kept)(reader.validate_json)

    def read(document: Any) -> Document:
        return read_text(document) if isinstance(document, str) else reader.validate_python(document)

    return read
