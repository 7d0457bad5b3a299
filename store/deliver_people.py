"""Who acts in a role, where is a person reached, and what were they reminded of?"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from readiness.commands import Role
from readiness.keys import RegionKey
from readiness.roles import EVERYWHERE, roles_held
from store.access import changes_of
from store.access_schema import role_changes
from store.deliver_schema import nudges
from store.facts_schema import people, roster
from store.keyed import is_among
from store.records_schema import commands, region_launches

NO_ZONE = "UTC"
"""Whose clock holds where nobody knows where a person is."""


class Addressee(NamedTuple):
    """How a person is reached: no address means not at all."""

    person: str
    name: str | None
    email: str | None
    zone: str


class Reminder(NamedTuple):
    """What a person was reminded of."""

    product: str
    region: str
    product_name: str
    region_name: str
    asked_at: datetime


def addressee(tx: Connection, person: str, *, now: datetime) -> Addressee:
    """Return how `person` is reached; somebody who has left has no address."""
    named = tx.execute(select(people.c.name, people.c.email).filter_by(person_id=person)).first()
    held = tx.execute(
        select(roster.c.region, roster.c.time_zone, roster.c.active)
        .where(roster.c.person_id == person, roster.c.from_at <= now, roster.c.until_at > now)
        .limit(1)
    ).first()
    has_left = held is not None and not held.active
    zone = held.time_zone if held is not None else None
    if zone is None and held is not None:
        here = select(region_launches.c.time_zone).filter_by(region=held.region, is_latest=True)
        zone = tx.execute(here.order_by(region_launches.c.product).limit(1)).scalar()
    return Addressee(
        person=person,
        name=named.name if named is not None else None,
        email=named.email if named is not None and not has_left else None,
        zone=zone or NO_ZONE,
    )


def acting_in(tx: Connection, role: Role, key: RegionKey, *, limit: int, now: datetime) -> tuple[str, ...]:
    """Return who has `role` in that region: who acted in it there, whoever did last first, then whom it was granted;
    where there is nobody, who acted in it in any other. From whom it was withdrawn is none of them.

    What a token states of its person is kept nowhere; the command log says who used which role.
    """
    last = func.max(commands.c.logged_at)
    used = select(commands.c.person).where(commands.c.role == role.value).group_by(commands.c.person)
    ranked = used.order_by(last.desc(), commands.c.person).limit(limit)
    granted = (
        select(role_changes.c.person)
        .where(role_changes.c.role == role.value, role_changes.c.region.in_((key.region, EVERYWHERE)))
        .distinct()
        .order_by(role_changes.c.person)
    )

    def holding(people: Iterable[str], claimed: tuple[tuple[Role, str], ...]) -> list[str]:
        return [
            person
            for person in people
            if any(
                held.role is role and held.covers(key.region)
                for held in roles_held(claimed, changes_of(tx, person), at=now)
            )
        ]

    claimed = ((role, key.region),)
    here = holding(tx.execute(ranked.where(commands.c.region == key.region)).scalars().all(), claimed)
    named = holding(tx.execute(granted).scalars().all(), ())
    found = tuple(dict.fromkeys((*here, *named))) or tuple(holding(tx.execute(ranked).scalars().all(), claimed))
    return found[:limit]


class Reminded(NamedTuple):
    """By whom somebody was reminded, and when."""

    by: str
    at: datetime


def nudge(
    tx: Connection, product: str, region: str, persons: Iterable[str], *, by: str, now: datetime
) -> tuple[str, ...]:
    """Write down that these people are reminded; return those for whom it was not waiting already."""
    wanted = sorted(set(persons))
    waiting = select(nudges.c.person).where(
        nudges.c.product == product, nudges.c.region == region, nudges.c.digest.is_(None), nudges.c.person.in_(wanted)
    )
    known = set(tx.execute(waiting).scalars())
    fresh = tuple(person for person in wanted if person not in known)
    if fresh:
        row = {"product": product, "region": region, "asked_by": by, "asked_at": now}
        tx.execute(insert(nudges), [{**row, "person": person} for person in fresh])
    return fresh


def last_reminders(
    tx: Connection, person: str, places: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Reminded]:
    """Return by whom and when `person` was last reminded of each product and region of `places`, by one query."""
    if not places:
        return {}
    of = nudges.c
    about = is_among((of.product, of.region), places)
    asked = select(of.product, of.region, of.asked_by, of.asked_at).where(about, of.person == person)
    found = tx.execute(asked.order_by(of.asked_at))
    return {(row.product, row.region): Reminded(row.asked_by, row.asked_at) for row in found}


def reminded_since(tx: Connection, product: str, region: str, *, since: datetime) -> dict[str, bool]:
    """Return who was reminded of a region launch at `since` or later, and whoever still waits for their digest: True
    for who waits."""
    about = (nudges.c.product == product) & (nudges.c.region == region)
    lately = select(nudges.c.person).where(about, nudges.c.asked_at >= since)
    waiting = select(nudges.c.person).where(about, nudges.c.digest.is_(None))
    found = dict.fromkeys(tx.execute(lately).scalars(), False)
    return found | dict.fromkeys(tx.execute(waiting).scalars(), True)


def reminders(tx: Connection, digest: str) -> tuple[Reminder, ...]:
    """Return what a digest reminds of, by product and region."""
    same = (nudges.c.product == region_launches.c.product) & (nudges.c.region == region_launches.c.region)
    chosen = (
        select(
            nudges.c.product,
            nudges.c.region,
            region_launches.c.product_name,
            region_launches.c.name,
            nudges.c.asked_at,
        )
        .join(region_launches, same & region_launches.c.is_latest)
        .where(nudges.c.digest == digest)
        .order_by(nudges.c.product, nudges.c.region)
    )
    return tuple(Reminder(*row) for row in tx.execute(chosen))
