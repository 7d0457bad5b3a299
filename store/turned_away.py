"""Who asked for something that could not be meant, and was refused before it became a command?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from store.access_schema import turned_away
from store.engine import Store


class FaultKept(NamedTuple):
    """Where something was wrong and of which kind: never what was said there."""

    where: str
    path: str
    code: str


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One act of a person who was let in, refused for how it was asked; `faults` are the first of `fault_count`."""

    person: str
    on_behalf_of: str | None
    token_id: str
    authenticated_at: datetime | None
    role: str | None
    action: str
    product: str | None
    region: str | None
    method: str
    route: str
    status: int
    problem: str
    faults: Sequence[FaultKept]
    fault_count: int
    body_digest: str | None
    request_id: str
    address: str | None

    @property
    def row(self) -> dict[str, Any]:
        """What is written of it."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "faults": [{"in": each.where, "path": each.path, "code": each.code} for each in self.faults]}


def record_turned_away(store: Store, attempt: TurnedAway) -> None:
    """Write `attempt` with the store's time, in a transaction of its own; raises StoreAway."""
    with store.writing() as tx:
        tx.execute(insert(turned_away).values(at=store.now(tx), **attempt.row))


def turned_away_of(tx: Connection, person: str, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return what was recorded of `person`, newest first."""
    mine = select(turned_away).where(turned_away.c.person == person)
    return [dict(row) for row in tx.execute(mine.order_by(turned_away.c.id.desc()).limit(limit)).mappings()]
