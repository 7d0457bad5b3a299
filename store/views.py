"""Which views of a list does somebody keep for themselves?"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from store.view_schema import saved_views

MOST_VIEWS = 20
"""Views that one person keeps of one list: more are no shorter to look through than the list itself."""


class TooManyViews(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """The person keeps as many views of the list as there may be."""


class SavedView(NamedTuple):
    """A named set of filters."""

    name: str
    query: str
    """As it stands in an address."""


def views_of(tx: Connection, person: str, of: str) -> tuple[SavedView, ...]:
    """Return the views that `person` keeps of the list `of`, by name."""
    kept = select(saved_views.c.name, saved_views.c.query).filter_by(person=person, list=of)
    return tuple(SavedView(*row) for row in tx.execute(kept.order_by(saved_views.c.name)))


def keep_view(tx: Connection, person: str, of: str, view: SavedView, *, now: datetime) -> None:
    """Keep a view of the list `of`, in the place of one of the same name; raises TooManyViews."""
    forget_view(tx, person, of, view.name)
    kept = select(func.count()).select_from(saved_views).filter_by(person=person, list=of)
    if tx.execute(kept).scalar_one() >= MOST_VIEWS:
        raise TooManyViews(f"{person} keeps {MOST_VIEWS} views of {of} already")
    row = {"person": person, "list": of, "name": view.name, "query": view.query, "kept_at": now}
    tx.execute(insert(saved_views).values(**row))


def forget_view(tx: Connection, person: str, of: str, name: str) -> None:
    """Forget a view; one that is not there is forgotten already."""
    tx.execute(delete(saved_views).filter_by(person=person, list=of, name=name))
