"""Is a document read from its text as from what a driver has made of it, and anew once its text is another?"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from readiness.ball import Ball
from readiness.values import Moment
from store.documents import reads_once

KEPT = 2


def test_a_text_is_read_once_and_another_text_is_read_anew() -> None:
    """The same text gives the same frozen value, a text that differs by one number another; what is old is let go."""
    read: Callable[[Any], tuple[int, ...]] = reads_once(tuple[int, ...], kept=KEPT)
    first = read("[1, 2]")
    assert read("[1, 2]") is first
    assert read("[1, 3]") == (1, 3)
    assert read([1, 2]) == first
    for number in range(KEPT):
        read(f"[{number}]")
    assert read("[1, 2]") == first
    assert read("[1, 2]") is not first


def test_what_may_be_missing_is_read_as_missing() -> None:
    """NULL comes as None from either database, and is no document; what is there reads alike from text."""
    read: Callable[[Any], Ball | None] = reads_once(Ball | None)
    assert read(None) is None
    since = datetime(2027, 3, 1, 9, tzinfo=UTC)
    moments: Callable[[Any], dict[str, datetime]] = reads_once(dict[str, Moment])
    assert moments('{"at": "2027-03-01T09:00:00Z"}') == {"at": since} == moments({"at": "2027-03-01T09:00:00Z"})
