"""What was asked, by whom and in which words?"""

# The command log is what gives an event its force: what gives counts only with an authenticated command behind it.

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql

from readiness.canonical import digest
from readiness.commands import STEERING, LaunchCommand, RegionCommand, Role
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Accepted, Outcome
from readiness.sealing import name_digest
from readiness.values import Digest
from store.alarms import scope_of
from store.once import insert_once
from store.records_schema import commands, printed_names
from store.regions import NEXT_COMMAND, next_command, region_record, which
from store.settled import OUTCOME

Command = LaunchCommand | RegionCommand
Scope = LaunchKey | RegionKey

_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)

# What every act asks is put together once: building a statement takes longer than running it.
_BY_ID = select(commands).where(commands.c.id == bindparam("command_id"))
_BY_KEY = select(commands).where(
    commands.c.person == bindparam("person"), commands.c.idempotency_key == bindparam("idempotency_key")
)
_OF_SCOPE = select(commands).where(
    commands.c.product == bindparam("product"),
    commands.c.region == bindparam("region"),
    commands.c.run == bindparam("run"),
)
_LATER_STEERING = _OF_SCOPE.where(
    commands.c.sequence > bindparam("sequence"),
    commands.c.kind.in_(sorted(STEERING)),
    commands.c.settled_at.is_not(None),
).order_by(commands.c.sequence.desc())
_PRINT_NAME = insert(printed_names)


class KeyReused(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The person has used this Idempotency-Key for another request."""


class CommandForged(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """A command came that the log does not hold as it came: it did not pass the door."""


class ForAnotherRun(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The command is logged for another run of the same launch or region: it came to a workflow that is ending."""


class Origin(NamedTuple):
    """From where a request came: what is not known is None."""

    request_id: str | None = None
    address: str | None = None
    token_id: str | None = None
    authenticated_at: datetime | None = None
    """When the person last proved who they are."""
    on_behalf_of: str | None = None
    """For whom a service asked."""


UNKNOWN_ORIGIN = Origin()
"""Of what did not come over HTTP."""


class LoggedCommand(NamedTuple):
    """One row of the command log; `body` is what the person sent, with their words."""

    id: str
    scope: Scope
    sequence: int
    kind: str
    person: str
    role: Role
    body: Any
    command: Command
    command_digest: Digest
    written: Any
    """The command as it was written: a version that has fields of its own since reads more into `command`."""
    logged_at: datetime
    outcome: Outcome | None
    settled_at: datetime | None

    @property
    def is_accepted(self) -> bool:
        """Say whether the command was carried out."""
        return isinstance(self.outcome, Accepted)

    @property
    def is_as_written(self) -> bool:
        """Say whether the log holds the very command that it was given, by its digest."""
        return digest_of_document(self.written) == self.command_digest


class Logged(NamedTuple):
    """What logging a request gives: its command, and the outcome where this repeats a request that has one."""

    command: Command
    scope: Scope
    outcome: Outcome | None
    is_repeat: bool


def digest_of_command(command: Command) -> Digest:
    """Return the digest under which the log and the ledger know this command."""
    return digest(command.model_dump(mode="json"))


def digest_of_document(document: Any) -> Digest:
    """Return the digest of any JSON value, its fractions written as text: they have no canonical form."""
    return digest(without_fractions(document))


def log_command(
    tx: Connection,
    *,
    scope: Scope,
    kind: str,
    person: str,
    role: Role,
    idempotency_key: str,
    body: Any,
    make_command: Callable[[str, datetime], Command],
    now: datetime,
    printed_name: str | None = None,
    origin: Origin = UNKNOWN_ORIGIN,
    may_be_repeat: bool = True,
) -> Logged:
    """Write an authenticated and authorised request to the command log, or find it there.

    A request is repeated where the same person sends the same key with the same kind, product, region and body: it
    keeps the command, the run and the outcome of the first. Raises KeyReused where any of these differs and, for a
    region, RegionUnknown. `may_be_repeat` is False where this transaction has seen that the key was not used yet;
    whoever uses it meanwhile is found all the same.
    """
    asked = {"product": scope.product, "region": scope_of(scope)["region"], "kind": kind, "body": body}
    body_digest = digest_of_document(asked)
    earlier = _repeated(tx, person, idempotency_key, body_digest) if may_be_repeat else None
    if earlier is not None:
        return earlier
    command = make_command(str(uuid4()), now)
    row = {
        **scope_of(scope),
        "id": command.command_id,
        "kind": kind,
        "person": person,
        "role": role.value,
        "idempotency_key": idempotency_key,
        "body": body,
        "body_digest": body_digest,
        "command": command.model_dump(mode="json"),
        "command_digest": digest_of_command(command),
        "logged_at": now,
        **origin._asdict(),
    }
    salt = secrets.token_hex(16)
    if printed_name is not None:
        row["name_digest"] = name_digest(salt, printed_name)
    if (command.kind, command.person, command.role) != (kind, person, role):
        raise ValueError(f"a {command.kind} by {command.person} is not the {kind} by {person} that was authenticated")
    printed = {"name": printed_name, "salt": salt} if printed_name is not None else None
    if not _write(tx, scope, row, printed):
        twin = _repeated(tx, person, idempotency_key, body_digest)
        if twin is None:
            if isinstance(scope, RegionKey):
                region_record(tx, scope)
            raise ValueError(f"the command id {command.command_id} is taken")
        return twin
    return Logged(command, scope, None, is_repeat=False)


def under_key(tx: Connection, person: str, idempotency_key: str) -> Command | None:
    """Return what this person asked before under this key; None where they did not.

    What was checked when it was first asked is not checked again for a repeat, whatever has changed since.
    """
    found = logged_under_key(tx, person, idempotency_key)
    return found.command if found is not None else None


def logged_under_key(tx: Connection, person: str, idempotency_key: str) -> LoggedCommand | None:
    """Return the log's row of what this person asked under this key, whatever it was; None where they did not."""
    row = tx.execute(_BY_KEY, {"person": person, "idempotency_key": idempotency_key}).first()
    return command_of_row(row) if row is not None else None


def logged(tx: Connection, command_id: str) -> LoggedCommand | None:
    """Return the command as it was logged; None where the log has no such command."""
    row = tx.execute(_BY_ID, {"command_id": command_id}).first()
    return command_of_row(row) if row is not None else None


def logged_all(tx: Connection, command_ids: Iterable[str]) -> dict[str, LoggedCommand]:
    """Return those of the commands that the log has, by id."""
    wanted = sorted(set(command_ids))
    found = tx.execute(select(commands).where(commands.c.id.in_(wanted))) if wanted else ()
    return {row.id: command_of_row(row) for row in found}


def reason_under(said: Mapping[str, LoggedCommand], command_id: str | None) -> str | None:
    """Return why that command was asked for, in the words of who did; None where nothing says so."""
    command = said.get(command_id or "")
    reason = command.body.get("reason") if command is not None and isinstance(command.body, dict) else None
    return reason if isinstance(reason, str) else None


def printed_under(tx: Connection, command_ids: Iterable[str]) -> dict[str, str]:
    """Return the names that were printed under those of the commands whose names were not erased, by id."""
    wanted = sorted(set(command_ids))
    found = tx.execute(select(printed_names).where(printed_names.c.command_id.in_(wanted))) if wanted else ()
    return {row.command_id: row.name for row in found}


def authenticated(
    tx: Connection, scope: Scope, command: Command, *, found: LoggedCommand | None = None
) -> LoggedCommand:
    """Return the log's row for `command`, `found` where this transaction has read it already.

    Raises CommandForged unless the log holds this very command for this scope, and ForAnotherRun where only the run
    differs.
    """
    found = found or logged(tx, command.command_id)
    if found is None:
        raise CommandForged(f"the command log has no command {command.command_id}")
    if found.scope != scope and found.scope.model_copy(update={"run": scope.run}) == scope:
        raise ForAnotherRun(f"command {command.command_id} is for run {found.scope.run}, not for {scope}")
    differing = [
        name
        for name, differs in (
            ("product, region or run", found.scope != scope),
            ("kind", found.kind != command.kind),
            ("person", found.person != command.person),
            # What both say is compared as this version reads it: either may have been written by an earlier one.
            ("content", found.command != command or not found.is_as_written),
        )
        if differs
    ]
    if differing:
        raise CommandForged(f"command {command.command_id} differs from the log in {' and '.join(differing)}")
    return found


def open_commands(tx: Connection, older_than: datetime, *, limit: int = 200) -> tuple[LoggedCommand, ...]:
    """Return commands without an outcome that were logged before `older_than`, oldest first: recovery sends these."""
    chosen = select(commands).where(commands.c.settled_at.is_(None), commands.c.logged_at < older_than)
    return tuple(command_of_row(row) for row in tx.execute(chosen.order_by(commands.c.logged_at).limit(limit)))


def has_open_command(tx: Connection, key: RegionKey) -> bool:
    """Say whether some command of this region launch has no outcome yet."""
    chosen = select(commands.c.id).filter_by(**scope_of(key)).where(commands.c.settled_at.is_(None))
    return tx.execute(chosen.limit(1)).first() is not None


def overtaken_by(tx: Connection, command: LoggedCommand) -> LoggedCommand | None:
    """Return the latest steering command that was logged after this one for the same region and carried out."""
    if command.kind not in STEERING:
        return None
    later = tx.execute(_LATER_STEERING, {**scope_of(command.scope), "sequence": command.sequence})
    return next((found for row in later if (found := command_of_row(row)).is_accepted), None)


def commands_of(tx: Connection, scope: Scope, *, after: int = 0, limit: int = 100) -> tuple[LoggedCommand, ...]:
    """Return what was asked of this launch or region launch, in the order of the log, refused requests included."""
    chosen = select(commands).filter_by(**scope_of(scope)).where(commands.c.sequence > after)
    return tuple(command_of_row(row) for row in tx.execute(chosen.order_by(commands.c.sequence).limit(limit)))


def _write(tx: Connection, scope: Scope, row: Mapping[str, Any], printed: Mapping[str, str] | None) -> bool:
    """Write a command with the next number of its log, and the name that is printed under it; say whether it was
    written, or was there already."""
    if printed is not None and isinstance(scope, RegionKey) and tx.dialect.name == "postgresql":
        given = {f"new_{name}": value for name, value in row.items()}
        said = {f"printed_{name}": value for name, value in printed.items()}
        return tx.execute(_log_and_print(tuple(row)), {**which(scope), **given, **said}).first() is not None
    if not insert_once(tx, commands, {**row, "sequence": _next_sequence(tx, scope)}):
        return False
    if printed is not None:
        tx.execute(_PRINT_NAME, {"command_id": row["id"], **printed})
    return True


@cache
def _log_and_print(names: tuple[str, ...]) -> Any:
    """Return the statement that takes the region's row and its next number and writes both in one trip to PostgreSQL:
    no name is printed under what was there."""
    # What it is given has names that no column has: SQLAlchemy would write them into the row that it takes.
    counted = NEXT_COMMAND.cte("counted")
    given = [bindparam(f"new_{name}", type_=commands.c[name].type) for name in names]
    written = (
        postgresql.insert(commands)
        .from_select([*names, "sequence"], select(*given, counted.c.commands_logged))
        .on_conflict_do_nothing()
        .returning(commands.c.id)
        .cte("written")
    )
    of = printed_names.c
    printed = select(
        written.c.id, bindparam("printed_name", type_=of.name.type), bindparam("printed_salt", type_=of.salt.type)
    )
    return insert(printed_names).from_select(["command_id", "name", "salt"], printed).returning(of.command_id)


def _next_sequence(tx: Connection, scope: Scope) -> int:
    if isinstance(scope, RegionKey):
        return next_command(tx, scope)
    last = tx.execute(select(func.max(commands.c.sequence)).filter_by(**scope_of(scope))).scalar()
    return (last or 0) + 1


def _repeated(tx: Connection, person: str, idempotency_key: str, body_digest: Digest) -> Logged | None:
    row = tx.execute(_BY_KEY, {"person": person, "idempotency_key": idempotency_key}).first()
    if row is None:
        return None
    if row.body_digest != body_digest:
        raise KeyReused(f"{person} used this Idempotency-Key for another request")
    found = command_of_row(row)
    return Logged(found.command, found.scope, found.outcome, is_repeat=True)


def command_of_row(row: Row[Any]) -> LoggedCommand:
    """Return what a row with every column of the log tells."""
    scope: Scope = (
        RegionKey(product=row.product, region=row.region, run=row.run)
        if row.region
        else LaunchKey(product=row.product, run=row.run)
    )
    return LoggedCommand(
        id=row.id,
        scope=scope,
        sequence=row.sequence,
        kind=row.kind,
        person=row.person,
        role=Role(row.role),
        body=row.body,
        command=_COMMAND.validate_python(row.command),
        command_digest=row.command_digest,
        written=row.command,
        logged_at=row.logged_at,
        outcome=OUTCOME.validate_python(row.outcome) if row.outcome is not None else None,
        settled_at=row.settled_at,
    )


def without_fractions(value: Any) -> Any:
    """Return `value` with every fraction written as text: fractions have no canonical form."""
    match value:
        case float():
            return repr(value)
        case dict():
            return {name: without_fractions(item) for name, item in value.items()}
        case list() | tuple():
            return [without_fractions(item) for item in value]
        case _:
            return value
