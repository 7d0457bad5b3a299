"""Who holds which roles, as far as this installation knows?"""

# The roles of most people come with them from the identity provider, and are known here while they are signed in.
# What was granted or withdrawn here is known of everybody.

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, String, cast, or_, select, union

from readiness.commands import Role
from readiness.roles import EVERYWHERE, SPEAKS, HeldRole, roles_held, speakers_in
from store.access import RecordedChange, RolesRead, changes_of_roles
from store.access_schema import role_changes, sessions

MOST_LOGINS = 2_000
"""Logins that are asked who speaks for a function, the latest first: more than govern in any house."""


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
    tx: Connection,
    *,
    person: str | None,
    within: Sequence[str] | None,
    now: datetime,
    limit: int,
    role: Role | None = None,
    region: str | None = None,
) -> HoldersOfRoles:
    """Return who holds roles, by person, looking at `limit` people; `within` are the regions that the reader may see.

    Two queries, however many there are. Who holds nothing where the reader may look is left out; so is who does not
    hold `role`, or nothing that is held in `region`, where these are asked for.
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
    asked = (holder for holder in found if any(_is_asked(each, role, region) for each in holder.roles))
    return HoldersOfRoles(tuple(asked), len(people) > limit)


def holders_in(tx: Connection, regions: Iterable[str], *, now: datetime) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return who speaks for each function in each of `regions`, and who decides there, as far as is known here: by
    region, then by the words of `readiness.roles.SPEAKS`, then in the order of `readiness.roles.speakers_in`.

    Two queries, however many regions and people there are; none for no region.
    """
    asked = sorted(set(regions))
    if not asked:
        return {}
    roles = tuple(SPEAKS.values())
    of = sessions.c
    # Most who are signed in sell: their logins are not opened.
    governs = or_(*(cast(of.grants, String).contains(f'"{role.value}"', autoescape=True) for role in roles))
    latest = select(of.person, of.grants).where(of.expires_at > now, governs).order_by(of.logged_in_at.desc())
    claims: dict[str, list[tuple[Role, str]]] = {}
    for row in tx.execute(latest.limit(MOST_LOGINS)):
        claims.setdefault(row.person, _claims(row))
    changes: dict[str, list[RecordedChange]] = {}
    for change in changes_of_roles(tx, roles):
        changes.setdefault(change.person, []).append(change)
    held = {
        person: roles_held(claims.get(person, ()), changes.get(person, ()), at=now)
        for person in claims.keys() | changes.keys()
    }
    return {region: speakers_in(held, region) for region in asked}


def _claims(login: object) -> list[tuple[Role, str]]:
    grants: Iterable[tuple[str, str]] = getattr(login, "grants", ())
    return [(Role(role), region) for role, region in grants]


def _is_asked(held: HeldRole, role: Role | None, region: str | None) -> bool:
    return (role is None or held.role is role) and (region is None or held.covers(region))


def _seen(held: Iterable[HeldRole], within: Sequence[str] | None) -> Iterable[HeldRole]:
    return (role for role in held if within is None or role.region == EVERYWHERE or role.region in within)
