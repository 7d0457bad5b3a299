"""How do many rows travel to the database at once, without an object for each of their moments and scores?"""

# Of a file of a million rows every cell passes through here, so nothing is done per cell that can be done per column.

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

import psycopg
from sqlalchemy import Connection

from readiness.rows import COLUMNS, AttemptRow, AudienceRow, CompletionRow, ImportKind, ImportRow, PersonRow
from store.types import SCORE_PLACES, from_microseconds, plain_score, to_microseconds, to_ten_thousandths

Column = Sequence[Any]
"""What one column says of each row: texts, numbers, True and False, or None."""

MOMENTS = frozenset({"completed_at", "attempted_at", "effective_at"})
"""The columns of moments, which travel as microseconds since 1970. Scores travel as ten-thousandths."""

_ROWS_AT_ONCE = 200
"""Rows that one statement adds on SQLite: twice as fast as one by one, and far from the most values that it takes."""

_ROWS: dict[ImportKind, type[ImportRow]] = {
    ImportKind.PEOPLE: PersonRow,
    ImportKind.AUDIENCE: AudienceRow,
    ImportKind.COMPLETIONS: CompletionRow,
    ImportKind.ATTEMPTS: AttemptRow,
}
_NULL = "\\N"
"""What stands in the text of a COPY where nothing is said."""

_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def names_of(kind: ImportKind) -> tuple[str, ...]:
    """Return the columns of a kind, in the order of its contract."""
    return (*COLUMNS[kind].required, *COLUMNS[kind].optional)


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows of one kind, column by column in the order of its contract; all columns are of one length."""

    kind: ImportKind
    columns: tuple[Column, ...]
    are_checked: bool = False
    """Whether they are of a file that was checked: ids are ids, and no two rows are of one identity."""

    def __len__(self) -> int:
        """Return how many rows these are."""
        return len(self.columns[0])

    def rows(self) -> list[ImportRow]:
        """Return the rows themselves."""
        columns = (
            [_unpacked(name, value) for value in column]
            for name, column in zip(names_of(self.kind), self.columns, strict=True)
        )
        row_class = _ROWS[self.kind]
        return [row_class._make(values) for values in zip(*columns, strict=True)]


def packed(kind: ImportKind, rows: Packed | Sequence[ImportRow]) -> Packed:
    """Return `rows` column by column; raises ValueError for what cannot be kept exactly."""
    if isinstance(rows, Packed):
        return rows
    columns = zip(*rows, strict=True) if rows else [()] * len(names_of(kind))
    return Packed(kind, tuple([_packed(value) for value in column] for column in columns))


def _packed(value: object) -> object:
    if isinstance(value, datetime):
        return to_microseconds(value)
    return to_ten_thousandths(value) if isinstance(value, Decimal) else value


def _unpacked(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in MOMENTS:
        return from_microseconds(value)
    return plain_score(Decimal(value).scaleb(-SCORE_PLACES)) if name == "score" else value


@dataclass(frozen=True, slots=True)
class Shaped:
    """Rows as a driver takes them: tuples for SQLite, the text of a COPY for PostgreSQL."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]] | str


def shaped(
    names: Sequence[str],
    columns: Iterable[Column],
    *,
    is_sqlite: bool,
    moments: Collection[str] = (),
    is_sorted: bool = False,
) -> Shaped:
    """Return what `columns` say of each of `names`, all of one length, as a database of that kind takes it.

    Those named in `moments` go from microseconds since 1970 into columns of moments. This needs no database: a thread
    may do it while the database is busy. PostgreSQL takes rows that are to be sorted in the order of their text.
    """
    if is_sqlite:
        return Shaped(tuple(names), list(zip(*columns, strict=True)))
    texts = [_copied(column, dated=name in moments) for name, column in zip(names, columns, strict=True)]
    lines: Iterable[str] = map("\t".join, zip(*texts, strict=True))
    if is_sorted:
        lines = sorted(lines)
    return Shaped(tuple(names), "".join([f"{line}\n" for line in lines]))


def pour(tx: Connection, table: str, shape: Shaped) -> None:
    """Add rows to `table` as fast as the driver can, many at once on SQLite, by COPY on PostgreSQL."""
    driver = tx.connection.driver_connection
    names = ", ".join(shape.names)
    if isinstance(driver, sqlite3.Connection) and not isinstance(shape.rows, str):
        holes = f"({', '.join('?' * len(shape.names))})"
        for begin in range(0, len(shape.rows), _ROWS_AT_ONCE):
            some = shape.rows[begin : begin + _ROWS_AT_ONCE]
            statement = f"INSERT INTO {table} ({names}) VALUES {', '.join([holes] * len(some))}"
            driver.execute(statement, list(chain.from_iterable(some))).close()
    elif isinstance(driver, psycopg.Connection) and isinstance(shape.rows, str):
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            copy.write(shape.rows)
    else:
        raise TypeError(f"rows of this shape cannot be poured through {type(driver)}")


def _copied(column: Column, *, dated: bool) -> Iterable[str]:
    """Return a column as COPY reads it."""
    kinds = set(map(type, column))
    if kinds == {str}:
        together = "\n".join(column)
        is_plain = "\\" not in together and "\t" not in together and "\r" not in together
        return column if is_plain and together.count("\n") == len(column) - 1 else map(_escaped, column)
    if not dated and kinds <= {int, bool}:
        return map(str, column)
    spelt = _instant if dated else str if str not in kinds else _escaped
    return [_NULL if value is None else spelt(value) for value in column]


def _escaped(value: object) -> str:
    return str(value).translate(_ESCAPED)


@lru_cache(maxsize=1024)
def _instant(microseconds: int) -> str:
    return from_microseconds(microseconds).astimezone(UTC).isoformat()
