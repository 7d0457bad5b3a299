"""Is the audit record what was sealed and signed, and if not, which entry is wrong?"""

# Two passes, each a stream: the chain of seals by itself with the checkpoints, then every row against its seal.

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, and_, bindparam, literal_column, select, true

from readiness.sealing import GENESIS, NOTHING, Fault, FaultKind, Statement, link, name_digest
from store.guards import key_sql
from store.patience import allow
from store.records_schema import commands, printed_names
from store.seal_schema import checkpoints, seals, unsealed
from store.seals import Head, Seal, digest_or_nothing, entries_of, head_of, is_sealed_as
from store.sources import SOURCES, Source

FAULTS_TOLD = 100
"""How many faults are named; the rest are counted."""

UNSEALED_GRACE = timedelta(minutes=5)
"""How long a row may wait for its seal: what seals may be down for a while, and somebody is told after that."""

_AT_ONCE = 2_000
_STREAMED = {"yield_per": _AT_ONCE}
_COMPARED = 64
"""Seals in disorder that are tried in each other's places: more of them is no mere exchange."""

ReadSigned = Callable[[str], Statement | None]
"""Returns what a checkpoint states; None where the ledger's key did not sign it."""


class Report(NamedTuple):
    """What a verification found; `since` is 0 where it was of the whole."""

    since: int
    until: int
    faults_found: int
    faults: tuple[Fault, ...]

    @property
    def is_intact(self) -> bool:
        """Say whether nothing was found to be wrong."""
        return self.faults_found == 0


class _Faults:
    """Keeps the first faults and counts all."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Fault] = []

    def add(self, kind: FaultKind, says: str, **where: Any) -> None:
        self.count += 1
        if len(self.first) < FAULTS_TOLD:
            self.first.append(Fault(kind=kind, says=says, **where))


def verify(
    tx: Connection,
    read_signed: ReadSigned,
    outside: Sequence[str] | None,
    *,
    now: datetime,
    since: Head | None = None,
) -> Report:
    """Verify the whole record, or what was sealed behind `since`, which a checkpoint states that was verified before.

    `outside` are the checkpoints kept outside the database, None where nobody can read them.
    """
    allow(tx, None)
    faults = _Faults()
    begin = since or Head(0, GENESIS)
    signed = _signed(tx, read_signed, outside, faults, after=begin.position)
    counts, end = _chain(tx, begin, signed, faults)
    head = head_of(tx)
    for position in sorted(signed):
        if position > end:
            says = f"a checkpoint states {position} entries, there are {end}"
            faults.add(FaultKind.CUT, says, position=end + 1, until=position)
            break
    if since is None:
        for source in SOURCES:
            _rows(tx, source, counts.pop(source.name, 0), faults, now=now)
        for name, count in counts.items():
            faults.add(FaultKind.INSERTED, f"{count} seals of a source that is not known", source=name)
    else:
        _rows_behind(tx, begin.position, faults)
    _names(tx, faults)
    return Report(begin.position, head.position, faults.count, _in_order(faults.first))


def _in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.position is None, fault.position or 0)))


def _signed(
    tx: Connection, read_signed: ReadSigned, outside: Sequence[str] | None, faults: _Faults, *, after: int
) -> dict[int, list[Statement]]:
    """Return what checkpoints behind `after` truly state, by position; say which are forged or missing somewhere."""
    inside: dict[int, list[Statement]] = {}
    for row in tx.execute(select(checkpoints).where(checkpoints.c.position > after)):
        stated = read_signed(row.signed)
        if stated is None:
            faults.add(FaultKind.CHECKPOINT_FORGED, "not signed by the ledger's key", position=row.position)
            continue
        if (stated.position, stated.chain, stated.counts, stated.at) != (row.position, row.chain, row.counts, row.at):
            says = "the row in the database says something else than what was signed"
            faults.add(FaultKind.CHECKPOINT_FORGED, says, position=row.position)
        inside.setdefault(stated.position, []).append(stated)
    if outside is None:
        return inside
    beyond: dict[int, list[Statement]] = {}
    for number, line in enumerate(outside, start=1):
        stated = read_signed(line)
        if stated is None:
            says = f"line {number} outside the database is not signed by the ledger's key"
            faults.add(FaultKind.CHECKPOINT_FORGED, says)
        elif stated.position > after:
            beyond.setdefault(stated.position, []).append(stated)
    for position in sorted(inside.keys() - beyond.keys()):
        faults.add(FaultKind.CHECKPOINT_MISSING, "it is not among those outside the database", position=position)
    for position in sorted(beyond.keys() - inside.keys()):
        faults.add(FaultKind.CHECKPOINT_MISSING, "it is outside the database and not in it", position=position)
    for position, stated_all in beyond.items():
        inside.setdefault(position, []).extend(stated_all)
    return inside


def _chain(
    tx: Connection, begin: Head, signed: Mapping[int, Sequence[Statement]], faults: _Faults
) -> tuple[Counter[str], int]:
    """Go along the chain; return how many seals there are of each source, and where the chain ends."""
    query = select(seals).where(seals.c.position > begin.position).order_by(seals.c.position)
    counts: Counter[str] = Counter()
    position, chain = begin
    stated_until = begin.position
    is_rewritten = False
    broken: list[tuple[str, Seal]] = []
    for found, source, key, digest, sealed in tx.execute(query, execution_options=_STREAMED):
        if found != position + 1:
            gone = found - position - 1
            until = found - 1 if gone > 1 else None
            faults.add(FaultKind.REMOVED, f"{gone} seals are gone", position=position + 1, until=until)
        elif link(chain, found, source, key, digest) != sealed:
            broken.append((chain, Seal(found, source, key, digest, sealed)))
            if len(broken) > _AT_ONCE:
                _tell_broken(broken, faults)
                broken.clear()
        position, chain = found, sealed
        counts[source] += 1
        for stated in signed.get(found, ()):
            if stated.chain == chain:
                if not is_rewritten:
                    stated_until = found
            elif not is_rewritten:
                is_rewritten = True
                says = "the chain is not the one that the checkpoint at its end states"
                faults.add(FaultKind.REWRITTEN, says, position=stated_until + 1, until=found)
    _tell_broken(broken, faults)
    return counts, position


def _tell_broken(broken: Sequence[tuple[str, Seal]], faults: _Faults) -> None:
    """Say of each seal that does not hang on the one before whether it was changed or came from another place."""
    chains = {seal.chain for _, seal in broken[:_COMPARED]}
    behind: set[int] = set()
    for previous, seal in broken:
        where = {"position": seal.position, "source": seal.source, "key": seal.key}
        moved = any(
            link(previous, seal.position, other.source, other.key, other.digest) in chains
            for _, other in broken[:_COMPARED]
            if other.position != seal.position
        )
        if moved:
            faults.add(FaultKind.REORDERED, "another seal was made for this place", **where)
            behind.add(seal.position + 1)
        elif seal.position not in behind:
            faults.add(FaultKind.TAMPERED, "the seal does not hang on the one before", **where)


def _rows(tx: Connection, source: Source, sealed: int, faults: _Faults, *, now: datetime) -> None:
    """Hold every row of a source against its seal."""
    is_sqlite = tx.dialect.name == "sqlite"
    columns = source.columns(is_sqlite=is_sqlite)
    key = literal_column(key_sql(source, is_sqlite=is_sqlite, of=f"{source.table.name}."), String)
    mine = and_(seals.c.source == source.name, seals.c.key == key)
    query = select(seals.c.position, seals.c.digest, *columns).select_from(source.table.outerjoin(seals, mine))
    if source.settled_by:
        query = query.where(source.table.c[source.settled_by].is_not(None))
    matched = 0
    strays = False
    for position, digest, *values in tx.execute(query, execution_options=_STREAMED):
        if position is None:
            strays = True
            continue
        matched += 1
        if not is_sealed_as(source, values, digest):
            at = tx.execute(select(seals.c.key).where(seals.c.position == position)).scalar()
            says = "the row is not what was sealed"
            faults.add(FaultKind.TAMPERED, says, position=position, source=source.name, key=at)
    if strays:
        _strays(tx, source, faults, now=now)
    if matched < sealed:
        _removed(tx, source, faults)


def _strays(tx: Connection, source: Source, faults: _Faults, *, now: datetime) -> None:
    """Tell of rows without a seal: those not in line to be sealed, and those that wait for too long."""
    is_sqlite = tx.dialect.name == "sqlite"
    key = literal_column(key_sql(source, is_sqlite=is_sqlite, of=f"{source.table.name}."), String)
    mine = and_(seals.c.source == source.name, seals.c.key == key)
    at = source.table.c[source.at]
    in_line = select(unsealed.c.id).where(unsealed.c.source == source.name, unsealed.c.key == key).exists()
    settled = source.table.c[source.settled_by].is_not(None) if source.settled_by else true()
    query = (
        select(key.label("key"), in_line.label("waits"), (at < now - UNSEALED_GRACE).label("late"))
        .select_from(source.table)
        .where(~select(seals.c.position).where(mine).exists(), settled)
    )
    for row in tx.execute(query):
        where = {"source": source.name, "key": row.key}
        if not row.waits:
            faults.add(FaultKind.INSERTED, "the row was never sealed and does not wait to be", **where)
        elif row.late:
            faults.add(FaultKind.UNSEALED, "the row waits to be sealed for too long", **where)


def _removed(tx: Connection, source: Source, faults: _Faults) -> None:
    """Name the seals whose rows are gone."""
    for batch in _batches(tx, 0, of=source.name):
        there = {key for _, key, _ in entries_of(tx, [(seal.source, seal.key) for seal in batch])}
        for seal in batch:
            if seal.key not in there:
                where = {"position": seal.position, "source": seal.source, "key": seal.key}
                faults.add(FaultKind.REMOVED, "the row that was sealed is gone", **where)


def _rows_behind(tx: Connection, after: int, faults: _Faults) -> None:
    """Hold the rows that were sealed behind a position against their seals."""
    for batch in _batches(tx, after):
        found = {(source, key): entry for source, key, entry in entries_of(tx, [(s.source, s.key) for s in batch])}
        for seal in batch:
            where = {"position": seal.position, "source": seal.source, "key": seal.key}
            if (seal.source, seal.key) not in found:
                faults.add(FaultKind.REMOVED, "the row that was sealed is gone", **where)
                continue
            entry = found[seal.source, seal.key]
            if entry is None or seal.digest == NOTHING or digest_or_nothing(entry) != seal.digest:
                faults.add(FaultKind.TAMPERED, "the row is not what was sealed", **where)


def _batches(tx: Connection, after: int, *, of: str | None = None) -> Iterator[list[Seal]]:
    query = select(seals).where(seals.c.position > bindparam("after")).order_by(seals.c.position).limit(_AT_ONCE)
    if of is not None:
        query = query.where(seals.c.source == of)
    while batch := [Seal(*row) for row in tx.execute(query, {"after": after})]:
        yield batch
        after = batch[-1].position


def _names(tx: Connection, faults: _Faults) -> None:
    """Hold the printed names that are still there against what the commands say of them."""
    query = (
        select(printed_names.c.command_id, printed_names.c.name, printed_names.c.salt, commands.c.name_digest)
        .join(commands, commands.c.id == printed_names.c.command_id)
        .where(commands.c.name_digest.is_not(None))
    )
    for row in tx.execute(query, execution_options=_STREAMED):
        if row.name_digest != name_digest(row.salt or "", row.name):
            where = {"source": "printed_names", "key": f'["{row.command_id}"]'}
            faults.add(FaultKind.TAMPERED, "the name is not the one that was printed", **where)
