"""What are the smallest values that everything else is made of?"""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import MAX_PREC, Context, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

BASIS_POINTS = 10_000
"""Basis points in a whole: shares are integers underneath, so that nothing is ever rounded up."""

LONGEST_TEXT = 20_000
"""Characters in the longest text that a person may write into one field."""

_EXACT = Context(prec=MAX_PREC)
"""Arithmetic that never rounds."""

_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Cn", "Co"})
_ALLOWED_CONTROLS = frozenset("\n\t")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u034f\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"))
"""What nobody sees, and word processors leave behind: two names that differ in nothing else would look the same."""

_JOINERS = "\u200c\u200d"
"""What shapes Persian and Indic words and joins emoji; by itself it shows nothing."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Frozen(BaseModel):
    """A recorded value: never changed once made, and tolerant of fields that a later version added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Body(BaseModel):
    """Something that arrives from outside: a field that we do not know is refused, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def clean_text(text: str) -> str:
    """Return `text` in NFC, without surrounding space and without what never shows, such as a zero-width space.

    Raises ValueError where nothing is left, and for text that no database and no page can be trusted with: control
    characters, lone surrogates, unassigned code points and marks that reverse the reading direction.
    """
    for character in text:
        if character in _ALLOWED_CONTROLS:
            continue
        if character in _BIDI_CONTROLS or unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            raise ValueError(f"the character U+{ord(character):04X} is not allowed in text")
    cleaned = unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()
    if not cleaned.strip(_JOINERS):
        raise ValueError("at least one character that shows is needed")
    return cleaned


def clean_line(text: str) -> str:
    """Return `text` cleaned as `clean_text` does; raises ValueError where it runs over more than one line."""
    cleaned = clean_text(text)
    if "\n" in cleaned or "\t" in cleaned:
        raise ValueError("a line break or a tab is not allowed here")
    return cleaned


def to_utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; instants are compared in UTC only.

    Raises ValueError for an instant that lies outside the calendar in UTC, such as late on the last day of 9999.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar") from None


def slugged(value: Any) -> Any:
    """Return `value` in lower case with spaces as hyphens, as regions and functions are compared."""
    return "-".join(value.strip().lower().split()) if isinstance(value, str) else value


def basis_points(share: Decimal) -> int:
    """Return `share` (0 to 1) in basis points; raises ValueError where it is outside or finer than 0.0001."""
    if not share.is_finite() or not 0 <= share <= 1:
        raise ValueError("a share lies between 0 and 1")
    # Scaling a decimal with very many digits would round it; what it is finer than is seen in its exponent instead.
    exponent = share.normalize(_EXACT).as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -4:
        raise ValueError("a share is given in steps of 0.0001")
    return int(share * BASIS_POINTS)


def as_written(value: object) -> object:
    """Return `value`; raises ValueError for a number, and for text that is one, which would be read as seconds since
    1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and not _DATE.match(value)):
        raise ValueError("an instant is written with its date and time, as 2027-03-01T09:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(as_written), AfterValidator(to_utc)]
"""An instant: aware, and in UTC whatever offset it was written with."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
"""A name in addresses: products, regions, functions, segments."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$")]
"""An id given by another system: persons, courses, assessments."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(clean_text)]
"""Something a person wrote, over one or more lines."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(clean_line)]
"""Something a person wrote, on one line: names and titles."""

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""The SHA-256 of a canonical JSON text, in hex."""

BasisPoints = Annotated[int, Field(ge=0, le=BASIS_POINTS)]
"""A share in ten-thousandths."""


def share_is_met(numerator: int, denominator: int, *, required: int) -> bool:
    """Say whether `numerator` of `denominator` reaches `required` basis points; an empty whole never does."""
    return denominator > 0 and numerator * BASIS_POINTS >= required * denominator
