"""Where does the next page of a list begin?"""

# A cursor is what the last row was sorted by, as JSON in base64url. It is opaque to its holder and good for one list
# with one set of filters only.

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from api.problems import Problem
from api.strict_json import JsonRefused, parse_json

PAGE_SIZE = 100
LARGEST_PAGE = 500
LONGEST_CURSOR = 2_000
"""Characters; ours have fewer than 300."""

Item = TypeVar("Item")
Position = TypeVar("Position")

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many items to answer with at most.")]
"""For routes: `limit: Limit = PAGE_SIZE`."""

CursorText = Annotated[
    str | None,
    Query(alias="cursor", max_length=LONGEST_CURSOR, description="The `next_cursor` of the page before."),
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


class Cursors(Generic[Position]):
    """Writes and reads the cursors of one list; `shape` is the type of a position, `tuple[str, int]` for example."""

    def __init__(self, shape: type[Position]) -> None:
        self._shape = TypeAdapter[Position](shape)

    def write(self, position: Position, *, of: str, filters: Mapping[str, object] | None = None) -> str:
        """Return the cursor for the rows after `position` in the list `of`, asked for with `filters`."""
        payload = {"of": _fingerprint(of, filters), "at": self._shape.dump_python(position, mode="json")}
        text = json.dumps(payload, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")

    def read(self, cursor: str | None, *, of: str, filters: Mapping[str, object] | None = None) -> Position | None:
        """Return the position that `cursor` stands for, None for no cursor; raises the problem `cursor-invalid`."""
        if cursor is None:
            return None
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            payload = parse_json(base64.b64decode(padded, altchars=b"-_", validate=True))
            if not isinstance(payload, dict) or payload.get("of") != _fingerprint(of, filters):
                raise _invalid()
            at = json.dumps(payload.get("at"))
            return self._shape.validate_json(at, strict=True)
        except (binascii.Error, UnicodeEncodeError, JsonRefused, ValidationError, TypeError) as fault:
            raise _invalid() from fault


def _fingerprint(of: str, filters: Mapping[str, object] | None) -> str:
    """Return a short name for a list with its filters, so that a cursor cannot stray into another one."""
    asked = json.dumps([of, sorted((filters or {}).items())], default=str)
    return hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:16]


def _invalid() -> Problem:
    return Problem("cursor-invalid", "The cursor is not one of this list with these filters; begin without one.")
