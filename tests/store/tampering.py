"""How does a test come to a sealed record made by real transactions, and how does somebody tamper with it?"""

import json
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from joserfc.jwk import OKPKey
from sqlalchemy import JSON, Boolean, Connection, DateTime, Integer, String, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from bootstrap.ledger_keeping import Keeper, read_statement
from readiness.canonical import digest
from readiness.commands import Role
from readiness.rows import ImportKind
from readiness.sealing import GENESIS, Fault, FaultKind, Statement, link
from store.denials import Denial, record_denials
from store.imports import finish, register, start
from store.seal_checks import verify
from store.seal_schema import checkpoints, seals
from store.seals import digest_or_nothing, entries_of
from store.sources import SOURCE_OF, Source
from store.types import UtcDateTime
from tests.readiness.builders import OWNER
from tests.store.desk import Desk

_READ: dict[str, Statement | None] = {}

CYCLES = 20
"""Holds and resumes of one region: few enough that folding its ledger stays quick."""


def build(desk: Desk, keeper: Keeper, *, entries: int, each: int) -> int:
    """Have real transactions write at least `entries` entries, with a checkpoint after `each`; return how many."""
    written = 0
    (first, *rest) = desk.start(*[f"region-{number}" for number in range(max(1, entries // (CYCLES * 8)) + 1)])
    desk.write_all()
    desk.teach("region-0")
    desk.sign_all(first)
    for number, key in enumerate((first, *rest)):
        record_denials(desk.store, [_denial(number, turn) for turn in range(CYCLES)])
        _load(desk, number)
        for turn in range(CYCLES):
            desk.clock.now += timedelta(seconds=7)
            desk.accepted(key, desk.hold(key))
            desk.accepted(key, desk.ask(key, "resume", OWNER, Role.PRODUCT_MANAGER))
            if turn % 5 == 0:
                # It is not held any more: refused, and that is recorded too.
                desk.carry_out(key, desk.ask(key, "resume", OWNER, Role.PRODUCT_MANAGER))
            if turn % 3 == 0:
                is_due = turn == 0 and number % max(1, each // (CYCLES * 8)) == 0
                written += keeper.turn(at_once=is_due)
    return written + keeper.turn(at_once=True)


def _denial(number: int, turn: int) -> Denial:
    return Denial(
        person=f"s-{number}",
        token_id=f"t-{turn}",
        action="decide",
        product="atlas-2",
        region=f"region-{number}",
        method="POST",
        path="/v1/launches/atlas-2",
        request_id=f"r-{number}-{turn}",
    )


def _load(desk: Desk, number: int) -> None:
    with desk.store.writing() as tx:
        now = desk.store.now(tx)
        made = register(
            tx,
            kind=ImportKind.PEOPLE,
            digest=digest(number),
            file_name=f"people-{number}.csv",
            size=number,
            path="gone",
            uploaded_by="en-1",
            at=now,
        )
        start(tx, made.record.id, at=now)
        finish(tx, made.record.id, at=now)


class Tampered(NamedTuple):
    """What was done, and whether a list of faults finds and locates it."""

    what: str
    is_found: Callable[[Sequence[Fault]], bool]


class Attacker:
    """Somebody with every right over the database and none over the key, nor (unless said) over what is outside."""

    def __init__(self, tx: Connection, chance: random.Random, outside: list[str], key: OKPKey) -> None:
        self.tx = tx
        self.chance = chance
        self.outside = list(outside)
        self.key = key
        self.stated = sorted({s.position for line in outside if (s := self.read(line)) is not None})
        self.last = self.stated[-1]

    def faults(self, now: datetime) -> Sequence[Fault]:
        """Verify the record as it is now."""
        return verify(self.tx, self.read, self.outside, now=now).faults

    def read(self, line: str) -> Statement | None:
        """Return what a checkpoint states, as the ledger's key has it; what was read once is remembered."""
        if line not in _READ:
            _READ[line] = read_statement(line, self.key)
        return _READ[line]

    def act(self) -> Tampered | None:
        """Do one thing at random; None where it would have changed nothing."""
        return self.chance.choice(
            (
                *(self.change_field,) * 6,
                *(self.remove_row, self.swap_contents, self.insert_row) * 2,
                *(self.remove_seal, self.swap_seals, self.change_seal, self.cut_tail),
                *(self.rewrite_from, self.rewrite_all, self.change_checkpoint, self.remove_checkpoint),
                *(self.replay_outside, self.change_outside),
            )
        )()

    def change_field(self) -> Tampered | None:
        """Change one column of one row."""
        position, source, key = self._target()
        column = source.table.c[self.chance.choice(tuple(source.members.values()))]
        here = self._here(source, key)
        before = self.tx.execute(select(column).where(*here)).scalar()
        after = self._other(column.type, before)
        self.tx.execute(update(source.table).where(*here).values({column.name: after}))
        return Tampered(f"{source.name}.{column.name} {before!r} → {after!r}", _at(position))

    def remove_row(self) -> Tampered:
        """Remove one row."""
        position, source, key = self._target()
        self.tx.execute(delete(source.table).where(*self._here(source, key)))
        return Tampered(f"removed {source.name} {key}", _at(position))

    def swap_contents(self) -> Tampered | None:
        """Exchange what two rows of one table say."""
        position, source, key = self._target()
        others = self.tx.execute(
            select(seals.c.position, seals.c.key).where(seals.c.source == source.name, seals.c.position <= self.last)
        ).all()
        other = self.chance.choice(others)
        free = [name for name in source.members.values() if name not in source.key_columns]
        columns = [source.table.c[name] for name in free if not source.table.c[name].unique]
        columns = [column for column in columns if column.name not in ("idempotency_key", "person")]
        mine = self.tx.execute(select(*columns).where(*self._here(source, key))).mappings().one()
        theirs = self.tx.execute(select(*columns).where(*self._here(source, other.key))).mappings().one()
        if dict(mine) == dict(theirs):
            return None
        self.tx.execute(update(source.table).where(*self._here(source, key)).values(dict(theirs)))
        self.tx.execute(update(source.table).where(*self._here(source, other.key)).values(dict(mine)))
        both = _at(position), _at(other.position)
        return Tampered(f"exchanged {source.name} {key} {other.key}", lambda f: both[0](f) and both[1](f))

    def insert_row(self) -> Tampered | None:
        """Add a row that looks like another."""
        _, source, key = self._target()
        row = dict(self.tx.execute(select(source.table).where(*self._here(source, key))).mappings().one())
        if source.settled_by is not None:
            return None
        name = source.key_columns[-1]
        row[name] = self._other(source.table.c[name].type, row[name])
        if isinstance(row[name], int):
            row[name] += 100_000
        for column in source.table.columns:
            if column.unique or column.name == "idempotency_key":
                row[column.name] = f"{row[column.name]}-forged"
        self.tx.execute(insert(source.table).values(row))
        found = [row[name] for name in source.key_columns]

        def is_found(faults: Sequence[Fault]) -> bool:
            keys = [json.loads(f.key) for f in faults if f.kind is FaultKind.INSERTED and f.source == source.name]
            return found in keys

        return Tampered(f"inserted {source.name} {found}", is_found)

    def remove_seal(self) -> Tampered | None:
        """Remove one seal between others."""
        position = self.chance.randint(1, self.last - 1)
        self.tx.execute(delete(seals).where(seals.c.position == position))
        return Tampered(f"removed seal {position}", _at(position))

    def swap_seals(self) -> Tampered | None:
        """Have two seals change places."""
        one, two = self.chance.sample(range(1, self.last + 1), 2)
        places = [(one, -1), (two, one), (-1, two)]
        for before, after in places:
            self.tx.execute(update(seals).where(seals.c.position == before).values(position=after))
        return Tampered(f"exchanged seals {one} {two}", lambda f: _at(one)(f) and _at(two)(f))

    def change_seal(self) -> Tampered:
        """Change one column of one seal."""
        position = self.chance.randint(1, self.last)
        name = self.chance.choice(("source", "key", "digest", "chain"))
        before = self.tx.execute(select(seals.c[name]).where(seals.c.position == position)).scalar_one()
        self.tx.execute(update(seals).where(seals.c.position == position).values({name: before[:-1] + "~"}))
        return Tampered(f"changed {name} of seal {position}", _at(position))

    def cut_tail(self) -> Tampered:
        """Remove everything behind a position, with the checkpoints of the database."""
        begin = self.chance.randint(1, self.last)
        gone = self.tx.execute(select(seals).where(seals.c.position >= begin)).all()
        if self.chance.random() < 0.5:
            for seal in gone[-20:]:
                source = SOURCE_OF[seal.source]
                self.tx.execute(delete(source.table).where(*self._here(source, seal.key)))
        self.tx.execute(delete(seals).where(seals.c.position >= begin))
        self.tx.execute(delete(checkpoints).where(checkpoints.c.position >= begin))
        return Tampered(
            f"cut from {begin}", lambda f: any(x.kind is FaultKind.CUT and x.position == begin for x in f)
        )

    def rewrite_from(self) -> Tampered | None:
        """Change a row and write its seal and all behind it anew."""
        changed = self.change_field()
        if changed is None:
            return None
        begin = self._rewrite()
        if begin is None:
            return None
        return Tampered(f"{changed.what}, chain written anew from {begin}", _rewritten(begin))

    def rewrite_all(self) -> Tampered | None:
        """Change a row, write the whole chain anew, and sign the checkpoints of the database with another key."""
        changed = self.change_field()
        begin = self._rewrite() if changed is not None else None
        if changed is None or begin is None:
            return None
        forger = Keeper.__new__(Keeper)
        forger._key = OKPKey.generate_key("Ed25519")
        for row in self.tx.execute(select(checkpoints)).all():
            at = select(seals.c.chain).where(seals.c.position == row.position)
            chain = self.tx.execute(at).scalar_one()
            forged = Statement(position=row.position, chain=chain, counts=row.counts, at=row.at)
            values = {"chain": chain, "signed": forger.sign(forged)}
            self.tx.execute(update(checkpoints).where(checkpoints.c.position == row.position).values(values))

        def is_found(faults: Sequence[Fault]) -> bool:
            forged = sum(f.kind is FaultKind.CHECKPOINT_FORGED for f in faults)
            return forged >= min(len(self.stated), 50) and _rewritten(begin)(faults)

        return Tampered(f"{changed.what}, everything written anew from {begin}", is_found)

    def change_checkpoint(self) -> Tampered:
        """Put something else in the place of a checkpoint of the database."""
        position = self.chance.choice(self.stated)
        values: dict[str, Any] = self.chance.choice(
            (
                {"signed": self.chance.choice([line for line in self.outside if self._states(line) != position])},
                {"signed": "e30.e30.AAAA"},
                {"chain": "0" * 64},
                {"counts": {"ledger": 1}},
            )
        )
        self.tx.execute(update(checkpoints).where(checkpoints.c.position == position).values(values))
        return Tampered(f"changed checkpoint {position}: {list(values)}", _of_checkpoint(position))

    def remove_checkpoint(self) -> Tampered:
        """Remove a checkpoint of the database."""
        position = self.chance.choice(self.stated)
        self.tx.execute(delete(checkpoints).where(checkpoints.c.position == position))
        return Tampered(f"removed checkpoint {position}", _of_checkpoint(position))

    def replay_outside(self) -> Tampered:
        """Put an older copy of what is outside in its place."""
        kept = self.chance.randint(0, len(self.outside) - 1)
        self.outside = self.outside[:kept]
        return Tampered(f"an older file of {kept} checkpoints", _of_checkpoint(self.last))

    def change_outside(self) -> Tampered:
        """Change a line of what is outside."""
        number = self.chance.randrange(len(self.outside))
        line = self.outside[number]
        place = self.chance.randrange(len(line) - 2)
        other = "A" if line[place] != "A" else "B"
        self.outside[number] = line[:place] + other + line[place + 1 :]
        position = self._states(line)
        return Tampered(f"changed line {number} outside", _of_checkpoint(position))

    def _states(self, line: str) -> int:
        found = self.read(line)
        assert found is not None
        return found.position

    def _rewrite(self) -> int | None:
        """Write anew every seal from the first whose row is another; return its position."""
        rows = self.tx.execute(select(seals).order_by(seals.c.position)).all()
        found = {(s, k): e for s, k, e in entries_of(self.tx, [(row.source, row.key) for row in rows])}
        chain, begin, written = GENESIS, None, []
        for row in rows:
            entry = found.get((row.source, row.key))
            digest = digest_or_nothing(entry) if entry is not None else row.digest
            if begin is None and digest == row.digest:
                chain = row.chain
                continue
            begin = begin or row.position
            chain = link(chain, row.position, row.source, row.key, digest)
            written.append({**row._asdict(), "digest": digest, "chain": chain})
        if begin is not None:
            self.tx.execute(delete(seals).where(seals.c.position >= begin))
            self.tx.execute(insert(seals), written)
        return begin

    def _target(self) -> tuple[int, Source, str]:
        position = self.chance.randint(1, self.last)
        row = self.tx.execute(select(seals).where(seals.c.position == position)).one()
        return position, SOURCE_OF[row.source], row.key

    @staticmethod
    def _here(source: Source, key: str) -> list[ColumnElement[bool]]:
        return [
            source.table.c[name] == value for name, value in zip(source.key_columns, json.loads(key), strict=True)
        ]

    def _other(self, kind: Any, value: Any) -> Any:
        """Return another value of the same kind."""
        if isinstance(kind, JSON):
            return self._other_document(value)
        if isinstance(kind, UtcDateTime | DateTime):
            span = timedelta(microseconds=self.chance.choice((1, -1, 10**6, 86_400 * 10**6)))
            return value + span if value is not None else datetime.fromisoformat("2027-01-01T00:00:00+00:00")
        if isinstance(kind, Boolean):
            return not value
        if isinstance(kind, Integer):
            return (value or 0) + self.chance.choice((1, 2, 1_000))
        assert isinstance(kind, String)
        if not value:
            return "x"
        place = self.chance.randrange(len(value))
        return value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]

    def _other_document(self, value: Any) -> Any:
        if isinstance(value, dict) and value and self.chance.random() < 0.9:
            name = self.chance.choice(sorted(value))
            if self.chance.random() < 0.2:
                return {other: item for other, item in value.items() if other != name}
            return {**value, name: self._other_document(value[name])}
        if isinstance(value, list) and value:
            place = self.chance.randrange(len(value))
            return [*value[:place], self._other_document(value[place]), *value[place + 1 :]]
        match value:
            case bool():
                return not value
            case int():
                return value + 1
            case str():
                return value + "x"
            case dict():
                return {**value, "forged": None}
            case list():
                return [*value, None]
            case _:
                return "forged"


def _at(position: int) -> Callable[[Sequence[Fault]], bool]:
    def is_found(faults: Sequence[Fault]) -> bool:
        return any(
            fault.position is not None and fault.position <= position <= (fault.until or fault.position)
            for fault in faults
        )

    return is_found


def _rewritten(begin: int) -> Callable[[Sequence[Fault]], bool]:
    def is_found(faults: Sequence[Fault]) -> bool:
        return any(
            fault.kind is FaultKind.REWRITTEN and (fault.position or 0) <= begin <= (fault.until or 0)
            for fault in faults
        )

    return is_found


_CHECKPOINT_FAULTS = (FaultKind.CHECKPOINT_FORGED, FaultKind.CHECKPOINT_MISSING)


def _of_checkpoint(position: int) -> Callable[[Sequence[Fault]], bool]:
    return lambda faults: any(f.kind in _CHECKPOINT_FAULTS and f.position == position for f in faults)
