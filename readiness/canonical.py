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

_sorted_by_code_points = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""The canonical form wherever all names are ASCII, whose code points are in the order of their UTF-16 code units."""


def canonical_json(value: object) -> bytes:
    """Return the canonical JSON of `value` in UTF-8: no spaces, keys sorted by UTF-16 code units.

    Fractions have none: whatever is digested is text, whole numbers and truth values, so that nobody's rendering of a
    float can change a digest. Raises TypeError for floats and anything else that is not `Json`, and ValueError for an
    integer beyond `LARGEST_INTEGER` and for a lone surrogate, which has no UTF-8.
    """
    write = _sorted_by_code_points if _has_plain_names(value) else _rendered
    return write(value).encode("utf-8")


def digest(value: object) -> Digest:
    """Return `sha256:` and the SHA-256, in hex, of the canonical JSON of `value`; raises as `canonical_json` does."""
    return digest_of_text(canonical_json(value))


def digest_of_text(text: bytes) -> Digest:
    """Return the digest of a value whose canonical JSON is at hand."""
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _has_plain_names(value: object) -> bool:
    """Say whether the name of every member is ASCII; raises for what has no canonical form."""
    match value:
        case None | bool() | str():
            return True
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise ValueError("an integer beyond 2^53 has no canonical form; write it as text")
            return True
        case list() | tuple():
            found = [_has_plain_names(item) for item in value]
        case dict():
            found = [_is_plain_name(key) for key in value]
            found += [_has_plain_names(item) for item in value.values()]
        case _:
            raise TypeError(f"a {type(value).__name__} has no canonical form")
    # Made whole first: what has no canonical form may come after a name that is not plain.
    return all(found)


def _is_plain_name(key: object) -> bool:
    if not isinstance(key, str):
        raise TypeError(f"a {type(key).__name__} cannot be the name of a member; use text")
    return key.isascii()


def _rendered(value: object) -> str:
    """Return the canonical text of what was found to have one."""
    match value:
        case dict():
            return f"{{{','.join(f'{_quoted(key)}:{_rendered(value[key])}' for key in sorted(value, key=_utf16))}}}"
        case list() | tuple():
            return f"[{','.join(_rendered(item) for item in value)}]"
        case _:
            return _quoted(value)


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
