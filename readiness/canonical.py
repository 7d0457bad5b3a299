"""Which bytes stand for a JSON value, whoever writes it down (RFC 8785)?"""

import hashlib
import json
from typing import TypeAlias

from readiness.values import Digest

Json: TypeAlias = "str | int | bool | list[Json] | tuple[Json, ...] | dict[str, Json] | None"
"""A value that has a canonical form here."""

LARGEST_INTEGER = 2**53 - 1
"""Beyond it JSON readers that hold numbers as doubles lose digits (RFC 7493, section 2.2)."""

_quoted = json.JSONEncoder(ensure_ascii=False).encode
"""Text as JSON; one encoder for all, because making one takes longer than using it."""


def canonical_json(value: object) -> bytes:
    """Return the canonical JSON of `value` in UTF-8: no spaces, keys sorted by UTF-16 code units.

    Fractions have none: whatever is digested is text, whole numbers and truth values, so that nobody's rendering of a
    float can change a digest. Raises TypeError for floats and anything else that is not `Json`, and ValueError for an
    integer beyond `LARGEST_INTEGER` and for a lone surrogate, which has no UTF-8.
    """
    return _rendered(value).encode("utf-8")


def digest(value: object) -> Digest:
    """Return `sha256:` and the SHA-256, in hex, of the canonical JSON of `value`; raises as `canonical_json` does."""
    return f"sha256:{hashlib.sha256(canonical_json(value)).hexdigest()}"


def _rendered(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise ValueError("an integer beyond 2^53 has no canonical form; write it as text")
            return int.__repr__(value)
        case list() | tuple():
            return f"[{','.join(_rendered(item) for item in value)}]"
        case dict():
            return f"{{{','.join(_member(key, value[key]) for key in sorted(value, key=_utf16))}}}"
        case _:
            raise TypeError(f"a {type(value).__name__} has no canonical form")


def _member(key: str, value: object) -> str:
    return f"{_rendered(key)}:{_rendered(value)}"


def _utf16(key: object) -> bytes:
    if not isinstance(key, str):
        raise TypeError(f"a {type(key).__name__} cannot be the name of a member; use text")
    return key.encode("utf-16-be", "surrogatepass")
