"""Who was granted which role and from whom was it withdrawn, and which regions does that touch?"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select

from readiness.canonical import digest
from readiness.commands import Role
from readiness.keys import RegionKey
from readiness.region import RegionLaunch
from readiness.role_values import RoleLost
from readiness.roles import EVERYWHERE, HeldRole, RoleChange, givers, roles_held, roles_lost
from readiness.values import Identifier, Moment
from store.access_schema import role_changes
from store.commands import KeyReused, LoggedCommand, command_of_row
from store.records_schema import commands, region_launches
from store.regions import lock_regions, mark_locked, record_of

_COLUMNS = role_changes.c
_OF_PERSON = select(role_changes).where(_COLUMNS.person == bindparam("person")).order_by(_COLUMNS.id)
_OF_PEOPLE = (
    select(role_changes).where(_COLUMNS.person.in_(bindparam("people", expanding=True))).order_by(_COLUMNS.id)
)
_WITH_COMMAND = (
    select(commands, *(column.label(f"change_{column.name}") for column in _COLUMNS))
    .outerjoin(role_changes, _COLUMNS.person.in_(bindparam("people", expanding=True)))
    .where(commands.c.id == bindparam("command_id"))
    .order_by(_COLUMNS.id)
)
"""A command, and beside it each change of the roles of some people: one row where there is none."""
_BY_KEY = select(role_changes).where(
    _COLUMNS.by == bindparam("by"), _COLUMNS.idempotency_key == bindparam("idempotency_key")
)


class RecordedChange(RoleChange):
    """A change of roles as it was recorded: when, by whom and why."""

    id: int
    at: Moment
    by: Identifier
    reason: str


class Recorded(NamedTuple):
    """A recorded change, and whether this is a repeat of the request that made it."""

    change: RecordedChange
    is_repeat: bool


def record_change(
    tx: Connection,
    *,
    person: str,
    role: Role,
    region: str,
    change: Literal["granted", "withdrawn"],
    effective_at: datetime | None,
    by: str,
    reason: str,
    idempotency_key: str,
    now: datetime,
    check: Callable[..., None],
) -> Recorded:
    """Write a change of roles; a withdrawal marks every region launch that rests on what the person gave by it.

    `effective_at` None is now. `check` is asked of a change that is no repeat. Raises what it raises, and KeyReused
    where `by` used the key for another change.
    """
    said = {
        "person": person,
        "role": role.value,
        "region": region,
        "change": change,
        "effective_at": effective_at.isoformat() if effective_at is not None else None,
        "reason": reason,
    }
    earlier = tx.execute(_BY_KEY, {"by": by, "idempotency_key": idempotency_key}).first()
    if earlier is not None:
        if earlier.body_digest != digest(said):
            raise KeyReused(f"{by} used this Idempotency-Key for another change of roles")
        return Recorded(_recorded(earlier), is_repeat=True)
    check(person, by=by, effective_at=effective_at, now=now)
    row = {
        **said,
        "at": now,
        "effective_at": effective_at or now,
        "by": by,
        "idempotency_key": idempotency_key,
        "body_digest": digest(said),
    }
    recorded = _recorded(tx.execute(insert(role_changes).values(**row).returning(role_changes)).one())
    if change == "withdrawn":
        _mark_touched(tx, recorded)
    return Recorded(recorded, is_repeat=False)


def changes_of(tx: Connection, person: str) -> tuple[RecordedChange, ...]:
    """Return every change of the roles of `person`, in the order in which they were made."""
    return tuple(_recorded(row) for row in tx.execute(_OF_PERSON, {"person": person}))


def every_change(
    tx: Connection, *, person: str | None, within: Iterable[str] | None, after: int = 0, limit: int = 50
) -> tuple[RecordedChange, ...]:
    """Return changes of roles from the one after `after` on; `within` are the regions that the reader may see, None
    for all: what was changed for every region concerns each of them."""
    chosen = select(role_changes).where(_COLUMNS.id > after).order_by(_COLUMNS.id).limit(limit)
    if person is not None:
        chosen = chosen.where(_COLUMNS.person == person)
    if within is not None:
        chosen = chosen.where(_COLUMNS.region.in_(sorted({*within, EVERYWHERE})))
    return tuple(_recorded(row) for row in tx.execute(chosen))


def changes_of_roles(tx: Connection, roles: Iterable[Role]) -> tuple[RecordedChange, ...]:
    """Return every change of these roles, whosever they are, in the order in which they were made; one query."""
    chosen = select(role_changes).where(_COLUMNS.role.in_(sorted(role.value for role in roles)))
    return tuple(map(_recorded, tx.execute(chosen.order_by(_COLUMNS.id))))


def latest_changes(
    tx: Connection, *, person: str | None, within: Sequence[str] | None, limit: int
) -> tuple[RecordedChange, ...]:
    """Return the latest changes of roles, the newest first; `within` are the regions that the reader may see."""
    chosen = select(role_changes)
    if person is not None:
        chosen = chosen.where(_COLUMNS.person == person)
    if within is not None:
        chosen = chosen.where(_COLUMNS.region.in_(sorted(set(within))))
    return tuple(map(_recorded, tx.execute(chosen.order_by(_COLUMNS.id.desc()).limit(limit))))


def standing_roles(
    tx: Connection, person: str, claimed: Iterable[tuple[Role, str]], *, clock: Callable[[], datetime]
) -> tuple[HeldRole, ...] | None:
    """Return the roles that `person` holds now: those `claimed` and those granted, less what was withdrawn; None
    where nobody ever changed them, so that they are those claimed.

    One query where nothing was ever withdrawn from them. A role that is held everywhere but in some regions is told
    for every region that there is, too, so that lists can name them.
    """
    changes = changes_of(tx, person)
    if not changes:
        return None
    held = roles_held(claimed, changes, at=clock())
    if not any(role.excluding for role in held):
        return held
    known = set(tx.execute(select(region_launches.c.region).distinct()).scalars())
    told = [
        HeldRole(role=role.role, region=region)
        for role in held
        if role.excluding
        for region in sorted(known - set(role.excluding))
    ]
    return tuple(dict.fromkeys((*held, *told)))


class RolesRead:
    """How people's roles were changed, as one transaction reads it: nobody is asked about twice."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._read: dict[str, list[RecordedChange]] = {}

    def of(self, people: Iterable[str]) -> list[RecordedChange]:
        """Return every change of the roles of `people`, in the order in which they were made; at most one query."""
        wanted = set(people)
        unread = sorted(wanted - self._read.keys())
        if unread:
            self._read |= {person: [] for person in unread}
            for row in self._tx.execute(_OF_PEOPLE, {"people": unread}):
                self._read[row.person].append(_recorded(row))
        return sorted((change for person in wanted for change in self._read[person]), key=lambda change: change.id)

    def of_command(self, command_id: str, people: Iterable[str]) -> LoggedCommand | None:
        """Return the command as it was logged, None where the log has no such command, and read in the same query
        how the roles of `people` were changed."""
        wanted = sorted(set(people))
        rows = self._tx.execute(_WITH_COMMAND, {"command_id": command_id, "people": wanted}).all()
        if not rows:
            return None
        self._read |= {person: [] for person in wanted}
        for row in rows:
            if row.change_id is not None:
                self._read[row.change_person].append(_recorded(row, "change_"))
        return command_of_row(rows[0])

    def are_withdrawn(self, person: str, role: Role, region: str, *, at: datetime) -> bool:
        """Say whether the latest change in force of this role in `region` is that it was withdrawn."""
        changes = [change for change in self.of([person]) if change.role is role]
        return any(
            span.from_at <= at and (span.until_at is None or at < span.until_at)
            for span in roles_lost(changes, region)
        )

    def lost_in(self, regions: Sequence[RegionLaunch]) -> dict[RegionKey, tuple[RoleLost, ...]]:
        """Return, for each of `regions`, when those who gave something there were without the role that they gave it
        by, announced spans among them; at most one query for all, none where nobody gave anything."""
        gave = {region.key: givers(region) for region in regions}
        changes = self.of(person for who in gave.values() for person, _ in who)
        return {key: _spans(changes, key, who) for key, who in gave.items()}


def _spans(
    changes: Sequence[RecordedChange], key: RegionKey, who: frozenset[tuple[str, Role]]
) -> tuple[RoleLost, ...]:
    concerned = [change for change in changes if (change.person, change.role) in who]
    return roles_lost(concerned, key.region) if concerned else ()


def _mark_touched(tx: Connection, change: RecordedChange) -> None:
    """Have the open region launches looked at that rest on what the person gave by the role that is withdrawn."""
    columns = region_launches.c
    chosen = select(region_launches).where(columns.is_latest, columns.ended_at.is_(None))
    if change.region != EVERYWHERE:
        chosen = chosen.where(columns.region == change.region)
    rests = [
        record.key
        for row in tx.execute(chosen)
        if (change.person, change.role) in givers((record := record_of(row)).region)
    ]
    held = lock_regions(tx, rests)
    mark_locked(tx, [record.key for record in held])


def _recorded(row: Row[tuple[object, ...]], prefix: str = "") -> RecordedChange:
    told = {name: getattr(row, f"{prefix}{name}") for name in RecordedChange.model_fields}
    return RecordedChange(**{**told, "role": Role(told["role"])})
