"""Where does the next page of a list begin?"""

# A cursor is what the last row was sorted by, as JSON, sealed with a key of this installation, in base64url. It is
# opaque to its holder, and good for one list with one set of filters, for the one person to whom it was given.

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Generic, NamedTuple, TypeVar

from fastapi import Query
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from api.problems import Problem

PAGE_SIZE = 100
LARGEST_PAGE = 500
LONGEST_CURSOR = 2_000
"""Characters; ours have fewer than 300."""

_SEAL_BYTES = 16

Item = TypeVar("Item")
Position = TypeVar("Position")

ABOUT_LIMIT = "How many items to answer with at most."
ABOUT_CURSOR = "The `next_cursor` of the page before."

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description=ABOUT_LIMIT)]
"""For routes: `limit: Limit = PAGE_SIZE`."""

CursorText = Annotated[
    str | None,
    Query(alias="cursor", max_length=LONGEST_CURSOR, description=ABOUT_CURSOR),
]
"""For routes: `cursor: CursorText = None`."""


class Listing(BaseModel, Generic[Item]):
    """One page of a list, and the cursor of the next one if there is one."""

    items: list[Item]
    next_cursor: str | None = None


def listed(items: Sequence[BaseModel], next_cursor: str | None) -> Response:
    """Return the answer that lists `items`, for a route that declares `Listing` as what it answers with.

    They were checked as they were made: what FastAPI does with a listing that is returned as such, to check each of
    them once more, takes longer than it takes to read them from the database.
    """
    return Response(to_json({"items": items, "next_cursor": next_cursor}), media_type="application/json")


class Holder(NamedTuple):
    """Whose cursors they are, and what they are sealed with."""

    key: bytes
    person: str


class Cursors(Generic[Position]):
    """Writes and reads the cursors of one list; `shape` is the type of a position, `tuple[str, int]` for example."""

    def __init__(self, shape: type[Position]) -> None:
        self._shape = TypeAdapter[Position](shape)

    def write(
        self, position: Position, *, of: str, holder: Holder, filters: Mapping[str, object] | None = None
    ) -> str:
        """Return the cursor for the rows after `position` in the list `of`, asked for with `filters` by `holder`."""
        at = json.dumps(self._shape.dump_python(position, mode="json"), separators=(",", ":")).encode("utf-8")
        return base64.urlsafe_b64encode(_seal(at, of, holder, filters) + at).decode("ascii").rstrip("=")

    def read(
        self, cursor: str | None, *, of: str, holder: Holder, filters: Mapping[str, object] | None = None
    ) -> Position | None:
        """Return the position of `cursor`, None for the beginning; raises the problem `cursor-invalid`."""
        if cursor is None:
            return None
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
            seal, at = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
            if not hmac.compare_digest(seal, _seal(at, of, holder, filters)):
                raise _invalid()
            return self._shape.validate_json(at, strict=True)
        except (binascii.Error, UnicodeEncodeError, ValidationError) as fault:
            # A cursor of an earlier version may be sealed well and say something else.
            raise _invalid() from fault


def _seal(at: bytes, of: str, holder: Holder, filters: Mapping[str, object] | None) -> bytes:
    """Return what proves that `at` was given to `holder` for this list with these filters."""
    asked = json.dumps([of, holder.person, sorted((filters or {}).items())], default=str)
    sealed = hmac.new(holder.key, asked.encode("utf-8", "replace") + b"\0" + at, hashlib.sha256)
    return sealed.digest()[:_SEAL_BYTES]


def _invalid() -> Problem:
    return Problem(
        "cursor-invalid", "The cursor is not one that this list gave you with these filters; begin without one."
    )
