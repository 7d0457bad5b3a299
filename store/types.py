"""How are moments, scores and ids kept, so that both databases compare and sort them alike?"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

EVER = datetime(1, 1, 1, tzinfo=UTC)
"""Before every fact: a row that holds since ever holds from here."""

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""After every fact: a row that nothing has followed yet holds until here."""

SCORE_PLACES = 4
"""Decimal places of a score that are kept; a finer score is refused, never rounded."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCALE = 10**SCORE_PLACES


def to_microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 to `moment`; raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no zone: only instants are kept")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the instant that lies `microseconds` after 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_ten_thousandths(score: Decimal) -> int:
    """Return `score` in ten-thousandths; raises ValueError where it is finer than that or not finite."""
    if not score.is_finite():
        raise ValueError(f"{score} is not a score")
    scaled = score.scaleb(SCORE_PLACES)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"the score {score} has more than {SCORE_PLACES} decimal places")
    return int(scaled)


def plain_score(score: Decimal) -> Decimal:
    """Return `score` without trailing zeros and without an exponent, as people write it: 80, 79.5."""
    return score.quantize(Decimal(1)) if score == score.to_integral_value() else score.normalize()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, read back in UTC: integer microseconds on SQLite, `timestamptz` on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column in this database."""
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(BigInteger()) if sqlite else dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return the moment as this database takes it; raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return to_microseconds(value)
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no zone: only instants are kept")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return from_microseconds(value)
        moment: datetime = value
        return moment.astimezone(UTC)


class Score(TypeDecorator[Decimal]):
    """A score out of 100, exact: integer ten-thousandths on SQLite, `numeric` on PostgreSQL; never a float."""

    impl = Numeric(7, SCORE_PLACES)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column in this database."""
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(Integer()) if sqlite else dialect.type_descriptor(Numeric(7, SCORE_PLACES))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Return the score as this database takes it; raises ValueError where it is too fine to be kept exactly."""
        if value is None:
            return None
        scaled = to_ten_thousandths(value)
        return scaled if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return the score as a plain decimal."""
        if value is None:
            return None
        return plain_score(Decimal(value).scaleb(-SCORE_PLACES) if dialect.name == "sqlite" else value)


Identity = String().with_variant(String(collation="C"), "postgresql")
"""An id or a slug, sorted by its bytes on both databases: pages follow it, so both must agree on the order."""

Ordinal = BigInteger().with_variant(Integer(), "sqlite")
"""A growing number that the database deals out; SQLite does so only for a plain INTEGER key."""

Json = JSON().with_variant(JSONB(), "postgresql")
"""A document, as JSON text on SQLite and JSONB on PostgreSQL."""
