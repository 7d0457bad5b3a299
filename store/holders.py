"""Who holds which roles, as far as this installation knows?"""

# The roles of most people come with them from the identity provider, and are known here while they are signed in.
# What was granted or withdrawn here is known of everybody.

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, union

from readiness.commands import Role
from readiness.roles import EVERYWHERE, HeldRole, roles_held
from store.access import RolesRead
from store.access_schema import role_changes, sessions


class HolderOfRoles(NamedTuple):
    """A person with the roles that they hold now."""

    person: str
    roles: tuple[HeldRole, ...]
    seen_at: datetime | None
    """When they last used a login that lasts; None where they have none: only what was granted here is told."""


class HoldersOfRoles(NamedTuple):
    """The first of the holders, and whether there are more."""

    holders: tuple[HolderOfRoles, ...]
    has_more: bool


def holders_of_roles(
    tx: Connection, *, person: str | None, within: Sequence[str] | None, now: datetime, limit: int
) -> HoldersOfRoles:
    """Return who holds roles, by person, looking at `limit` people; `within` are the regions that the reader may see.

    Two queries, however many there are. Who holds nothing where the reader may look is left out.
    """
    lasting = sessions.c.expires_at > now
    known = union(select(role_changes.c.person), select(sessions.c.person).where(lasting)).subquery()
    chosen = select(known.c.person).order_by(known.c.person).limit(limit + 1)
    if person is not None:
        chosen = chosen.where(known.c.person == person)
    people = list(tx.execute(chosen).scalars())
    logins = select(sessions).where(sessions.c.person.in_(people[:limit]), lasting).order_by(sessions.c.logged_in_at)
    login = {row.person: row for row in tx.execute(logins)}
    changes = RolesRead(tx)
    changes.of(people[:limit])
    found = (
        HolderOfRoles(
            each,
            tuple(_seen(roles_held(_claims(login.get(each)), changes.of([each]), at=now), within)),
            login[each].seen_at if each in login else None,
        )
        for each in people[:limit]
    )
    return HoldersOfRoles(tuple(holder for holder in found if holder.roles), len(people) > limit)


def _claims(login: object) -> list[tuple[Role, str]]:
    grants: Iterable[tuple[str, str]] = getattr(login, "grants", ())
    return [(Role(role), region) for role, region in grants]


def _seen(held: Iterable[HeldRole], within: Sequence[str] | None) -> Iterable[HeldRole]:
    return (role for role in held if within is None or role.region == EVERYWHERE or role.region in within)
