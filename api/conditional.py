"""Has it changed since the sender read it?"""

# Entity tags and preconditions after RFC 9110, sections 8.8.3 and 13.

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header
from starlette.responses import Response

from api.problems import Problem

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST = re.compile(rf"\s*{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*\s*")
_LONGEST_HEADER = 4_096

PACKED_TAG_ENDS = "-gzip"
"""How the tag of a packed answer ends (`api/packing.py`); what is said of it is said of the answer itself."""

_PACKED = re.compile(rf'{PACKED_TAG_ENDS}"\Z')


def entity_tag(*parts: str | int) -> str:
    """Return the strong tag of what `parts` identify: a digest, or a version with the query that was asked."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode("utf-8")).hexdigest()
    return f'"{digest[:32]}"'


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What the sender expects; None where nothing was said, `("*",)` for whatever there is."""

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None

    def admit_edit(self, current: str | None, *, required: bool = True) -> None:
        """Let an edit through only if it was made on `current` (None: there is nothing yet).

        Raises the problems `precondition-failed` (412), and `precondition-required` (428) where something is there,
        `required` is set and nothing was said.
        """
        if self.if_match is not None and not _holds_strongly(self.if_match, current):
            raise _failed(current)
        if self.if_none_match is not None and _holds_weakly(self.if_none_match, current):
            raise _failed(current)
        if required and current is not None and self.if_match is None and self.if_none_match is None:
            raise Problem("precondition-required", "Send If-Match with the ETag of what you read, or If-Match: *.")


async def preconditions(
    if_match: Annotated[str | None, Header(description="The ETag that the edit was made on.")] = None,
    if_none_match: Annotated[
        str | None, Header(description="The ETag already known; * for what must be new.")
    ] = None,
) -> Preconditions:
    """Return the preconditions of a request; raises the problem `precondition-invalid`."""
    return Preconditions(if_match=_tags("If-Match", if_match), if_none_match=_tags("If-None-Match", if_none_match))


Conditional = Annotated[Preconditions, Depends(preconditions)]
"""For routes that edit: `conditional: Conditional`."""

KnownTags = Annotated[str | None, Header(description="The ETag already known: 304 where it is current.")]
"""For routes that read: `if_none_match: KnownTags = None`; a dependency would cost them as much as a query does."""


def not_modified(if_none_match: str | None, current: str) -> Response | None:
    """Return the empty 304 where who asks has `current` already, else None; raises `precondition-invalid`."""
    known = _tags("If-None-Match", if_none_match)
    if known is not None and _holds_weakly(known, current):
        return Response(status_code=304, headers={"ETag": current})
    return None


def _tags(header: str, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    if value.strip() == "*":
        return ("*",)
    if len(value) > _LONGEST_HEADER or not _LIST.fullmatch(value):
        raise Problem("precondition-invalid", f'{header} takes * or tags in quotes, as in {header}: "abc".')
    return tuple(_PACKED.sub('"', match[0]) for match in _TAG.finditer(value))


def _holds_strongly(tags: tuple[str, ...], current: str | None) -> bool:
    return current is not None and ("*" in tags or (not current.startswith("W/") and current in tags))


def _holds_weakly(tags: tuple[str, ...], current: str | None) -> bool:
    if current is None:
        return False
    return "*" in tags or current.removeprefix("W/") in {tag.removeprefix("W/") for tag in tags}


def _failed(current: str | None) -> Problem:
    detail = "It changed since you read it; read it again." if current else "There is nothing there to be edited yet."
    return Problem("precondition-failed", detail, headers={"ETag": current} if current else None)
