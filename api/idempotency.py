"""Which key says that two requests are one and the same, and is the wish meant or only rehearsed?"""

# The key belongs to its person. What was answered to it is kept in the command log. A rehearsal changes nothing, so
# it needs none.

import re
from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Query
from starlette.requests import Request

from api.problems import Problem

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEY_SHAPE = f"{HEADER} takes 1 to 255 visible ASCII characters, once."

_Documented = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="1 to 255 visible ASCII characters, new for each wish and the same when it is sent again.",
    ),
]


class Wish(NamedTuple):
    """What a request is known by: its key, or that it is a rehearsal, which has none."""

    key: str
    is_rehearsal: bool


async def idempotency_key(request: Request, _documented: _Documented = None) -> str:
    """Return the request's key; raises the problems `idempotency-key-missing` and `idempotency-key-invalid`."""
    return _key_of(request)


def _key_of(request: Request) -> str:
    stated = request.headers.getlist(HEADER)
    if len(stated) > 1:
        raise Problem("idempotency-key-invalid", _KEY_SHAPE)
    return require_key(stated[0] if stated else "")


def require_key(stated: str) -> str:
    """Return the key that was stated; raises the problems `idempotency-key-missing` and `idempotency-key-invalid`."""
    if not stated:
        raise Problem("idempotency-key-missing", f"Send {HEADER}: a new one for each wish, the same for a repeat.")
    if not _KEY.fullmatch(stated):
        raise Problem("idempotency-key-invalid", _KEY_SHAPE)
    return stated


Rehearse = Annotated[
    bool,
    Query(
        description="Answer what would follow, and change nothing. It needs the same right as the act, and no "
        "Idempotency-Key."
    ),
]


async def wish(request: Request, rehearse: Rehearse = False, _documented: _Documented = None) -> Wish:
    """Return what is wished for; raises as `idempotency_key` does unless it is a rehearsal."""
    return Wish("", is_rehearsal=True) if rehearse else Wish(_key_of(request), is_rehearsal=False)


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
"""For routes that create or decide: `key: IdempotencyKey`."""

Wished = Annotated[Wish, Depends(wish)]
"""For routes that may be rehearsed: `wish: Wished`."""
