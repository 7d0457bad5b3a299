"""Who is known here, and under which name?"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from store.facts_schema import people

_NAME = select(people.c.name).where(people.c.person_id == bindparam("person_id"))


def printed_name(tx: Connection, person_id: str) -> str | None:
    """Return the name of a person as it is now; None where nobody of that id is known."""
    name: str | None = tx.execute(_NAME, {"person_id": person_id}).scalar()
    return name


def names_of(tx: Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those of the persons who are known, by id."""
    wanted = sorted(set(person_ids))
    if not wanted:
        return {}
    found = tx.execute(select(people.c.person_id, people.c.name).where(people.c.person_id.in_(wanted)))
    return {row.person_id: row.name for row in found}
