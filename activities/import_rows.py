"""Which row do the cells of one line make, and what is wrong with those that make none?"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast, get_args
from unicodedata import normalize
from zoneinfo import available_timezones

from activities.import_lines import Cells, Fault, shown
from readiness.rows import AttemptRow, AudienceRow, CompletionRow, ImportKind, ImportRow, PersonRow
from readiness.values import Identifier, Slug, clean_line, slugged
from store.facts import AHEAD_AT_MOST
from store.packing import names_of

LONGEST_LINE = 300
"""Characters in the longest cell."""
LONGEST_EMAIL = 254
"""RFC 5321: a path has at most 256 octets, with its angle brackets."""
_LONGEST_SCORE = 40
_HIGHEST_SCORE = 100
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""Beyond these a moment is a slip of the pen, and the store's own EVER and NEVER lie further out."""
_SCORE_STEP = Decimal("0.0001")
_REMEMBERED = 4096
"""Distinct ids, regions, functions and scores whose reading is remembered: files repeat them, mostly close by."""


class CellError(Exception):
    """One cell cannot be used: `code` is stable, `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


Parser = Callable[[str], Any]
"""Returns what a cell says; raises CellError where it says nothing that can be used."""


class RowMaker:
    """Makes rows of one kind; completions and attempts dated well after `now` are faults.

    This is what the rows of a file are, by definition; `activities.import_columns` makes the same of many at once.
    """

    def __init__(self, kind: ImportKind, *, now: datetime) -> None:
        self.latest = now.astimezone(UTC) + AHEAD_AT_MOST
        """No completion or attempt is dated after this."""
        self._row_class, parsers = _parsers(kind, now, self.latest)
        self.parsers: dict[str, Parser] = dict(zip(names_of(kind), parsers, strict=True))
        """How each column is read, in the order of the contract."""

    def usable(self, cells: Cells) -> ImportRow | None:
        """Return the row that `cells` make, or None."""
        try:
            return self._row_class._make(
                [parse(cell) for parse, cell in zip(self.parsers.values(), cells, strict=True)]
            )
        except CellError:
            return None

    def faults(self, cells: Cells) -> list[Fault]:
        """Return everything that is wrong with `cells`, in the order of the columns."""
        found = []
        for (column, parse), cell in zip(self.parsers.items(), cells, strict=True):
            try:
                parse(cell)
            except CellError as fault:
                found.append(Fault(column, fault.code, fault.reason))
        return found


def _parsers(kind: ImportKind, now: datetime, latest: datetime) -> tuple[type[ImportRow], tuple[Parser, ...]]:
    """Return the row class of `kind`, and one parser per column in the order of its fields."""

    def past_moment(text: str) -> datetime:
        moment = _moment(text)
        if moment > latest:
            raise CellError(
                "in-the-future", f"{shown(text)} is more than five minutes ahead of {now:%Y-%m-%dT%H:%MZ}"
            )
        return moment

    match kind:
        case ImportKind.PEOPLE:
            return PersonRow, (
                _identifier,
                _line,
                _email,
                _slug,
                _slug,
                _optional_line,
                _optional_identifier,
                _optional_line,
                _optional_zone,
                _true_unless_said,
                _optional_moment,
            )
        case ImportKind.AUDIENCE:
            return AudienceRow, (
                _exact_slug,
                _slug,
                _identifier,
                _true_unless_said,
                _optional_line,
                _optional_moment,
            )
        case ImportKind.COMPLETIONS:
            return CompletionRow, (_identifier, _identifier, past_moment, _optional_score, _false_unless_said)
        case ImportKind.ATTEMPTS:
            return AttemptRow, (_identifier, _identifier, past_moment, _score, _false_unless_said)


def pattern_of(annotated: object) -> re.Pattern[str]:
    """Return the pattern of one of the core's constrained texts, so that there is one definition of each."""
    (constraints,) = get_args(annotated)[1:]
    return re.compile(cast(str, constraints.pattern))


_is_identifier = pattern_of(Identifier).fullmatch
_is_slug = pattern_of(Slug).fullmatch
_is_email = re.compile(r"[^@\s]+@[^@\s]+").fullmatch
_is_number = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?").fullmatch
_is_infinite_or_nan = re.compile(r"[+-]?(s?nan[0-9]*|inf(inity)?)", re.IGNORECASE).fullmatch


def _missing() -> CellError:
    return CellError("missing-value", "nothing stands here, and something must")


@lru_cache(maxsize=_REMEMBERED)
def _identifier(text: str) -> str:
    if _is_identifier(text):
        return text
    stripped = _short(text).strip()
    if not stripped:
        raise _missing()
    if _is_identifier(stripped):
        return stripped
    raise CellError(
        "not-an-id",
        f"{shown(text)} is not an id: letters a-z, digits and . _ @ : + -, up to 128, the first a letter or a digit",
    )


def _optional_identifier(text: str) -> str | None:
    return _identifier(text) if text and not text.isspace() else None


def _line(text: str) -> str:
    cleaned = _cleaned(text)
    if not cleaned:
        raise _missing()
    return cleaned


def _optional_line(text: str) -> str | None:
    return _cleaned(text) or None if text else None


def _short(text: str) -> str:
    """Return `text`; no cell may be longer than a line, so that nothing huge is remembered or searched."""
    if len(text) > LONGEST_LINE:
        raise CellError("text-too-long", f"the text has {len(text)} characters, at most {LONGEST_LINE} are allowed")
    return text


def _cleaned(text: str) -> str:
    if _short(text).isprintable():
        # Printable text holds nothing that clean_line refuses: only its form remains to be settled.
        return (text if text.isascii() else normalize("NFC", text)).strip()
    try:
        return clean_line(text)
    except ValueError as error:
        raise CellError("text-not-allowed", str(error)) from None


def _email(text: str) -> str:
    cleaned = _cleaned(text)
    if not cleaned:
        raise _missing()
    if len(cleaned) > LONGEST_EMAIL or not _is_email(cleaned):
        raise CellError("not-an-email", f"{shown(cleaned)} is not an e-mail address")
    return cleaned


@lru_cache(maxsize=_REMEMBERED)
def _slug(text: str) -> str:
    slug = cast(str, slugged(_short(text)))
    if not slug:
        raise _missing()
    if not _is_slug(slug):
        raise CellError(
            "not-a-slug", f"{shown(text)} is not a name of up to 64 letters a-z, digits, spaces and hyphens"
        )
    return slug


@lru_cache(maxsize=_REMEMBERED)
def _exact_slug(text: str) -> str:
    slug = _short(text).strip()
    if not slug:
        raise _missing()
    if not _is_slug(slug):
        raise CellError("not-a-slug", f"{shown(text)} is not a name of up to 64 letters a-z, digits and hyphens")
    return slug


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _optional_zone(text: str) -> str | None:
    zone = _short(text).strip()
    if not zone:
        return None
    if zone not in _zones():
        raise CellError("unknown-time-zone", f"{shown(text)} is not a time zone such as Europe/Berlin")
    return zone


def _flag(text: str, *, unsaid: bool) -> bool:
    match _short(text).strip().lower():
        case "":
            return unsaid
        case "true" | "yes" | "1":
            return True
        case "false" | "no" | "0":
            return False
        case _:
            raise CellError("not-yes-or-no", f"{shown(text)} is none of true, false, yes, no, 1, 0")


def _true_unless_said(text: str) -> bool:
    return _flag(text, unsaid=True) if text else True


def _false_unless_said(text: str) -> bool:
    return _flag(text, unsaid=False) if text else False


def _moment(text: str) -> datetime:
    text = _short(text).strip()
    if not text:
        raise _missing()
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    # Python also reads a date alone, and takes any character for the T between date and time.
    if moment is None or not ("T" in text or " " in text):
        raise CellError("not-a-time", f"{shown(text)} is not a date and time such as 2027-03-01T09:00:00+01:00")
    if moment.tzinfo is None:
        raise CellError("no-offset", f"{shown(text)} has no offset: end it with Z or, for example, +01:00")
    if not EARLIEST <= moment < _LATEST:
        raise CellError("not-a-time", f"{shown(text)} lies outside the years {EARLIEST.year} to {_LATEST.year - 1}")
    return moment


def _optional_moment(text: str) -> datetime | None:
    return _moment(text) if text and not text.isspace() else None


@lru_cache(maxsize=_REMEMBERED)
def _score(text: str) -> Decimal:
    number = _short(text).strip()
    if not number:
        raise _missing()
    if _is_infinite_or_nan(number):
        raise CellError("score-not-finite", f"{shown(text)} is not a score: not a number, or infinite")
    if len(number) > _LONGEST_SCORE or not _is_number(number):
        raise CellError("not-a-score", f"{shown(text)} is not a decimal number such as 87 or 87.5")
    score = Decimal(number)
    if not 0 <= score <= _HIGHEST_SCORE:
        raise CellError("score-out-of-range", f"{shown(text)} is not between 0 and 100")
    stepped = score.quantize(_SCORE_STEP)
    if stepped != score:
        raise CellError("score-too-fine", f"{shown(text)} has more than four decimals")
    # One spelling for one score: 87, 87.0 and 8.7e1 are the same contents.
    whole = stepped.to_integral_value()
    return abs(whole if whole == stepped else stepped.normalize())


def _optional_score(text: str) -> Decimal | None:
    return _score(text) if text and not text.isspace() else None
