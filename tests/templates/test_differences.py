"""Does a diff tell the whole of both texts, and mark the words that changed?"""

from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates.differences import Change, differences

WORDS = st.lists(st.sampled_from(["a", "b", "price", " ", "  ", "\n", ",", "é", "\U0001f600", "1"]), max_size=40)
TEXTS = st.text(max_size=60) | WORDS.map("".join)


@given(TEXTS, TEXTS)
def test_a_diff_holds_both_texts_to_the_last_character(before: str, after: str) -> None:
    """What was kept and taken out is the one text, what was kept and put in the other; nothing is empty, and no two
    pieces beside each other are of one kind."""
    pieces = differences(before, after)
    assert "".join(text for change, text in pieces if change is not Change.INSERTED) == before
    assert "".join(text for change, text in pieces if change is not Change.DELETED) == after
    assert all(text for _, text in pieces)
    assert all(one.change is not next_.change for one, next_ in pairwise(pieces))
    assert before != after or all(change is Change.KEPT for change, _ in pieces)


def test_a_phrase_that_changed_reads_as_one_change() -> None:
    """The words of a phrase are not torn apart by the spaces that they have in common."""
    assert differences("the cat sat on it", "the dog lay down on it") == (
        (Change.KEPT, "the "),
        (Change.DELETED, "cat sat"),
        (Change.INSERTED, "dog lay down"),
        (Change.KEPT, " on it"),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [("a " * 10_000, "b a " * 5_000), ("x\n" * 10_000, "y\n" * 10_000), ("ab " * 1_200, "ba " * 1_200)],
    ids=["words", "lines", "repeated"],
)
def test_the_longest_texts_are_compared_at_once(before: str, after: str) -> None:
    """Twenty thousand characters of anything are told apart in less than a second, and still whole."""
    begun = perf_counter()
    pieces = differences(before, after)
    assert perf_counter() - begun < 1
    assert "".join(text for change, text in pieces if change is not Change.INSERTED) == before
