"""Is this body JSON that everything behind the door can be trusted with?"""

# JSON as Python reads it has NaN, Infinity, lone surrogates, numbers of any length and any depth. None of these may
# reach a rule or a database, so they are refused here, before any model sees them.

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

DEEPEST_NESTING = 64
"""Levels of objects and arrays; our own documents have fewer than ten."""

MOST_NAMES = 1_000
"""Names in one object; our own documents have fewer than thirty. Each unknown one costs a fault: of sixty thousand,
which fit into a megabyte, the faults alone would keep everybody else waiting for seconds."""

LARGEST_INTEGER = 2**53
"""Beyond it other programs read another number (RFC 8259, section 6)."""

_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 16
_SMALLEST_EXPONENT = -30


class JsonRefused(ValueError):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """Says in a whole sentence why the text is not JSON that we take."""


def parse_json(body: bytes) -> Any:
    """Return the value that `body` (UTF-8) holds; fractions are exact, as Decimal. Raises JsonRefused."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise JsonRefused(f"The body is not UTF-8 at byte {fault.start}.") from fault
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_fraction,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as fault:
        raise JsonRefused(
            f"The body is not JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}."
        ) from fault
    except RecursionError as fault:
        raise _too_deep() from fault
    _refuse_untrusted(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefused(f"{name} is not a number.")


def _integer(text: str) -> int:
    if len(text) > len(str(LARGEST_INTEGER)) + 1 or abs(int(text)) > LARGEST_INTEGER:
        raise JsonRefused("A whole number in the body is larger than 2 to the power of 53.")
    return int(text)


def _fraction(text: str) -> Decimal:
    try:
        number = Decimal(text) if len(text) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    if number is None or (number and not _SMALLEST_EXPONENT <= number.adjusted() <= _LARGEST_EXPONENT):
        raise JsonRefused("A number in the body is too large, too small or too long.")
    return number or Decimal(0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise JsonRefused(f"An object in the body has more than {MOST_NAMES} names.")
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JsonRefused("An object in the body has the same name twice.")
    return value


def _refuse_untrusted(root: Any) -> None:
    """Walk without recursion through every text and level of `root`."""
    level: list[Any] = [root]
    depth = 0
    while level:
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _refuse_text(value)
            elif isinstance(value, dict | list):
                if depth == DEEPEST_NESTING:
                    raise _too_deep()
                below.extend(value)
                if isinstance(value, dict):
                    below.extend(value.values())
        level = below
        depth += 1


def _refuse_text(text: str) -> None:
    if "\x00" in text:
        raise JsonRefused("A text in the body holds the character U+0000.")
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as fault:
        raise JsonRefused("A text in the body holds half of a surrogate pair.") from fault


def _too_deep() -> JsonRefused:
    return JsonRefused(f"The body is nested more than {DEEPEST_NESTING} levels deep.")
