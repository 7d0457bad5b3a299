"""Who is known here, and under which name?"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from store.facts_schema import people

NAME_OF = select(people.c.name).where(people.c.person_id == bindparam("person_id"))
"""The name of one person as it is now, for a statement of its own or within another."""


def printed_name(tx: Connection, person_id: str) -> str | None:
    """Return the name of a person as it is now; None where nobody of that id is known."""
    name: str | None = tx.execute(NAME_OF, {"person_id": person_id}).scalar()
    return name


def names_of(tx: Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those of the persons who are known, by id."""
    wanted = sorted(set(person_ids))
    if not wanted:
        return {}
    found = tx.execute(select(people.c.person_id, people.c.name).where(people.c.person_id.in_(wanted)))
    return {row.person_id: row.name for row in found}
