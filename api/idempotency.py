"""Which key says that two requests are one and the same?"""

# The key belongs to its person. What was answered to it is kept in the command log.

import re
from typing import Annotated

from fastapi import Depends, Header
from starlette.requests import Request

from api.problems import Problem

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(
    request: Request,
    _documented: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="1 to 255 visible ASCII characters, new for each wish and the same when it is sent again.",
        ),
    ] = None,
) -> str:
    """Return the request's key; raises the problems `idempotency-key-missing` and `idempotency-key-invalid`."""
    stated = request.headers.getlist(HEADER)
    if not stated or not stated[0]:
        raise Problem("idempotency-key-missing", f"Send {HEADER}: a new one for each wish, the same for a repeat.")
    if len(stated) > 1 or not _KEY.fullmatch(stated[0]):
        raise Problem("idempotency-key-invalid", f"{HEADER} takes 1 to 255 visible ASCII characters, once.")
    return stated[0]


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
"""For routes that create or decide: `key: IdempotencyKey`."""
