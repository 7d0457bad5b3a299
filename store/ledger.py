"""What has happened, in which order, and who is to be told of it?"""

# Rows are only ever added, under the row of the region launch or of the launch, and numbered from 1 without gaps.

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Connection, Insert, Integer, Table, bindparam, insert, select, union_all, update

from readiness.events import GIVING, LaunchEvent, RegionEvent
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import CORE_VERSION, LaunchRow, RegionRow
from store.alarms import scope_of
from store.commands import LoggedCommand, logged_all, printed_under
from store.proof import follows_from
from store.records_schema import decision_records, ledger, outbox

_REGION_EVENT: TypeAdapter[RegionEvent] = TypeAdapter(RegionEvent)
_LAUNCH_EVENT: TypeAdapter[LaunchEvent] = TypeAdapter(LaunchEvent)

# What every act asks is put together once: building a statement takes longer than running it.
_AFTER = (
    select(ledger.c.version, ledger.c.core_version, ledger.c.event)
    .where(
        ledger.c.product == bindparam("product"),
        ledger.c.region == bindparam("region"),
        ledger.c.run == bindparam("run"),
        ledger.c.version > bindparam("after"),
    )
    .order_by(ledger.c.version)
)
_FIRST_AFTER = _AFTER.limit(bindparam("at_most", type_=Integer))
_OF_COMMAND = _AFTER.where(ledger.c.command_id == bindparam("command_id"))
_ADD = insert(ledger)
_TELL = insert(outbox)
_KEEP = insert(decision_records)
_TOLD_OF = ("product", "region", "run", "version", "type", "at")

_MOST_AT_ONCE = 4
"""Events of one proposal that are written by one statement: what an act leads to, with the stages that it opens."""

Keeping = Callable[[tuple[RegionRow, ...]], list[dict[str, Any]]]
"""Returns what is to be kept of the decisions among rows, as rows of `decision_records`."""


ROWS_AT_ONCE = 250
"""Rows of a region launch that a workflow is told at once. Twice as many travel in one payload, and Temporal takes
none above two megabytes: some thousand rows, told at once, would keep every new run from ever beginning."""


@cache
def _adding(events: int, kept: int) -> Insert:
    """Return the statement that writes so many events, tells of each and keeps so many decisions: one trip to
    PostgreSQL. SQLite writes nothing within a statement that writes."""
    adding = _filled(outbox, _TOLD_OF, "of", events).add_cte(
        _filled(ledger, ledger.c.keys(), "of", events).cte("added")
    )
    if not kept:
        return adding
    return adding.add_cte(_filled(decision_records, decision_records.c.keys(), "kept", kept).cte("kept"))


def _filled(table: Table, columns: Sequence[str], named: str, rows: int) -> Insert:
    """Return the statement that writes rows whose values are filled in, in their order.

    A list of values is nothing that SQLAlchemy keeps: it would put the statement together anew each time, which takes
    longer than to run it.
    """
    given = [
        select(*(bindparam(f"{named}_{n}_{name}", type_=table.c[name].type) for name in columns)) for n in range(rows)
    ]
    return insert(table).from_select(list(columns), given[0] if rows == 1 else union_all(*given))


def _filling(named: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what fills in the values of `_filled`."""
    return {f"{named}_{n}_{name}": value for n, row in enumerate(rows) for name, value in row.items()}


class LedgerBehind(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The ledger ends before the version that its workflow knows: a database was restored, so nothing is written."""


class ProposalForged(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """Events were proposed that nobody asked for, or that this way cannot write."""


class Told(NamedTuple):
    """One row of the outbox; `region` is empty for a launch as a whole, `version` 0 for what is no event."""

    id: int
    product: str
    region: str
    run: int
    version: int
    type: str
    at: datetime


class Happening(NamedTuple):
    """One row of a timeline: what happened, and the request behind it with the words of who asked."""

    row: RegionRow
    command: LoggedCommand | None
    printed: str | None = None
    """The name of who asked as it was printed then; None where it was erased or never known."""


def rows_after(tx: Connection, key: RegionKey, version: int, *, limit: int | None = None) -> tuple[RegionRow, ...]:
    """Return the region launch's ledger from the row after `version` on, oldest first."""
    asked = {**scope_of(key), "after": version}
    rows = tx.execute(_AFTER, asked) if limit is None else tx.execute(_FIRST_AFTER, {**asked, "at_most": limit})
    return tuple(_region_row(*row) for row in rows)


def rows_of_command(tx: Connection, key: RegionKey, command_id: str) -> tuple[RegionRow, ...]:
    """Return what a command gave or took in the region launch's ledger, not what followed from it by itself."""
    rows = tx.execute(_OF_COMMAND, {**scope_of(key), "after": 0, "command_id": command_id})
    return tuple(_region_row(*row) for row in rows)


def launch_rows_after(tx: Connection, key: LaunchKey, version: int) -> tuple[LaunchRow, ...]:
    """Return the ledger of the launch as a whole from the row after `version` on, oldest first."""
    return tuple(
        LaunchRow(version=v, core_version=core, event=_LAUNCH_EVENT.validate_python(e))
        for v, core, e in tx.execute(_AFTER, {**scope_of(key), "after": version})
    )


def append(
    tx: Connection,
    key: RegionKey,
    events: Sequence[RegionEvent],
    *,
    after: int,
    now: datetime,
    command: LoggedCommand | None = None,
    keeping: Keeping | None = None,
) -> tuple[RegionRow, ...]:
    """Write `events` behind version `after` of the region launch, stamped, with a row of the outbox for each.

    What `keeping` says of the decisions among them is written down, too.

    Holds what was proposed to what was asked: raises ProposalForged where an event names another command than
    `command`, or gives something that this command does not ask for.
    """
    stamped = [_stamped(event, now=now, command=command) for event in events]
    rows = tuple(RegionRow(version=after + place, event=event) for place, event in enumerate(stamped, start=1))
    _write(tx, key, stamped, after=after, kept=keeping(rows) if keeping is not None else ())
    return rows


def append_to_launch(
    tx: Connection,
    key: LaunchKey,
    events: Sequence[LaunchEvent],
    *,
    after: int,
    now: datetime,
    command: LoggedCommand | None = None,
) -> tuple[LaunchRow, ...]:
    """Write `events` behind version `after` of the launch as a whole, as `append` does for a region launch."""
    stamped = [_stamped(event, now=now, command=command) for event in events]
    _write(tx, key, stamped, after=after)
    return tuple(LaunchRow(version=after + place, event=event) for place, event in enumerate(stamped, start=1))


def tell(tx: Connection, key: LaunchKey | RegionKey, what: str, *, now: datetime, version: int = 0) -> None:
    """Write a row of the outbox."""
    tx.execute(_TELL, {**scope_of(key), "version": version, "type": what, "at": now})


def untold(tx: Connection, *, limit: int = 200) -> tuple[Told, ...]:
    """Return the rows of the outbox that nobody has taken, oldest first."""
    kept = [outbox.c[name] for name in Told._fields]
    rows = tx.execute(select(*kept).where(outbox.c.taken_at.is_(None)).order_by(outbox.c.id).limit(limit))
    return tuple(Told(*row) for row in rows)


def take(tx: Connection, ids: Sequence[int], *, now: datetime) -> None:
    """Note that these rows of the outbox were delivered to whoever is to be told."""
    if ids:
        tx.execute(update(outbox).where(outbox.c.id.in_(list(ids))).values(taken_at=now))


def timeline(tx: Connection, key: RegionKey, *, after: int = 0, limit: int = 100) -> tuple[Happening, ...]:
    """Return what happened to a region launch, oldest first, each with the logged request behind it."""
    rows = rows_after(tx, key, after, limit=limit)
    asked = logged_all(tx, (row.event.command_id for row in rows if row.event.command_id is not None))
    printed = printed_under(tx, asked)
    ids = [row.event.command_id or "" for row in rows]
    return tuple(Happening(row, asked.get(each), printed.get(each)) for row, each in zip(rows, ids, strict=True))


def _region_row(version: int, core_version: int, event: Any) -> RegionRow:
    return RegionRow(version=version, core_version=core_version, event=_REGION_EVENT.validate_python(event))


def _stamped(event: Any, *, now: datetime, command: LoggedCommand | None) -> Any:
    """Return the event with the store's time and, where somebody asked for it, who and by which logged command."""
    by_itself = event.command_id is None
    if by_itself and event.type in GIVING:
        raise ProposalForged(f"{event.type} gives something that nobody asked for")
    if by_itself:
        return event.model_copy(update={"at": now, "person": None, "command_digest": None})
    if command is None or (event.command_id, event.person) != (command.id, command.person):
        raise ProposalForged(f"{event.type} names a command that it does not come from")
    if not follows_from(event, command.command):
        raise ProposalForged(f"{event.type} does not follow from this {command.kind}")
    return event.model_copy(update={"at": now, "command_digest": command.command_digest})


def _write(
    tx: Connection,
    key: LaunchKey | RegionKey,
    events: Sequence[Any],
    *,
    after: int,
    kept: Sequence[dict[str, Any]] = (),
) -> None:
    if not events:
        return
    scope = scope_of(key)
    rows = [
        {
            **scope,
            "version": version,
            "type": event.type,
            "at": event.at,
            "person": event.person,
            "command_id": event.command_id,
            "core_version": CORE_VERSION,
            "event": event.model_dump(mode="json"),
        }
        for version, event in enumerate(events, start=after + 1)
    ]
    if tx.dialect.name == "postgresql" and len(rows) <= _MOST_AT_ONCE:
        tx.execute(_adding(len(rows), len(kept)), {**_filling("of", rows), **_filling("kept", kept)})
        return
    tx.execute(_ADD, rows)
    if kept:
        tx.execute(_KEEP, list(kept))
    told = [{**scope, "version": row["version"], "type": row["type"], "at": row["at"]} for row in rows]
    tx.execute(_TELL, told)
