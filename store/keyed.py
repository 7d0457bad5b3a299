"""How are rows asked for by many keys of several columns at once, so that both databases find them by an index?"""

# SQLite reads a whole table for a list of several row values (3.40 to 3.50: `EXPLAIN QUERY PLAN`), unless something
# simpler narrows it first.

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, tuple_


def is_among(columns: Sequence[ColumnElement[Any]], keys: Collection[Sequence[Any]]) -> ColumnElement[bool]:
    """Return the condition that `columns` hold one of `keys`, each as long as there are columns."""
    first, second = ({key[place] for key in keys} for place in (0, 1))
    return and_(columns[0].in_(sorted(first)), columns[1].in_(sorted(second)), tuple_(*columns).in_(list(keys)))
