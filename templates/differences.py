"""What was taken out of a text, and what was put in?"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

_MOST_WORDS = 2_500
"""Words that are told apart one by one; of longer texts whole lines are, for comparing takes time in their square."""

_MOST_LINES = 2_500


class Change(StrEnum):
    """What became of a piece of text."""

    KEPT = "kept"
    DELETED = "deleted"
    INSERTED = "inserted"


class Piece(NamedTuple):
    """A run of text that was kept, deleted or inserted as a whole."""

    change: Change
    text: str


def differences(before: str, after: str) -> tuple[Piece, ...]:
    """Return how `before` became `after`, word by word.

    What was kept and deleted, put together, is `before`; what was kept and inserted is `after`. A deletion stands
    before the insertion that takes its place.
    """
    old, new = _cut_up(before, after)
    return tuple(_merged(_pieces(old, new)))


def _cut_up(before: str, after: str) -> tuple[Sequence[str], Sequence[str]]:
    for pattern, most in ((_WORDS, _MOST_WORDS), (_LINES, _MOST_LINES)):
        old, new = pattern.findall(before), pattern.findall(after)
        if len(old) <= most and len(new) <= most:
            return old, new
    return [before], [after]


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    # Words that come very often are no anchors: without that, a page of one word repeated would take minutes.
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            yield Piece(Change.KEPT, "".join(old[i1:i2]))
            continue
        yield Piece(Change.DELETED, "".join(old[i1:i2]))
        yield Piece(Change.INSERTED, "".join(new[j1:j2]))


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces, a lone space between two changes drawn into them: so a phrase reads as one change."""
    kept: list[Piece] = [piece for piece in pieces if piece.text]
    deleted = inserted = ""
    for place, piece in enumerate(kept):
        if piece.change is Change.DELETED:
            deleted += piece.text
        elif piece.change is Change.INSERTED:
            inserted += piece.text
        elif piece.text == " " and (deleted or inserted) and place + 1 < len(kept):
            deleted, inserted = deleted + " ", inserted + " "
        else:
            yield from _changed(deleted, inserted)
            deleted = inserted = ""
            yield piece
    yield from _changed(deleted, inserted)


def _changed(deleted: str, inserted: str) -> Iterator[Piece]:
    if deleted:
        yield Piece(Change.DELETED, deleted)
    if inserted:
        yield Piece(Change.INSERTED, inserted)
