"""Who tried what they have no right to, and when?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select

from store.access_schema import denials
from store.engine import Store


@dataclass(frozen=True, slots=True)
class Denial:
    """One attempt of an authenticated person that no right allowed, as the door saw it."""

    person: str
    token_id: str
    action: str
    product: str | None
    region: str | None
    method: str
    path: str
    request_id: str
    address: str | None = None
    on_behalf_of: str | None = None


def record_denials(store: Store, attempts: Sequence[Denial]) -> None:
    """Write `attempts` with the store's time, in a transaction of their own; raises StoreAway."""
    if not attempts:
        return
    with store.writing() as tx:
        at = store.now(tx)
        tx.execute(insert(denials), [{"at": at, **asdict(attempt)} for attempt in attempts])


def denials_of(tx: Connection, person: str, *, limit: int = 100) -> list[Denial]:
    """Return the latest denied attempts of `person`, newest first."""
    kept = [denials.c[name] for name in Denial.__dataclass_fields__]
    rows = tx.execute(select(*kept).where(denials.c.person == person).order_by(denials.c.id.desc()).limit(limit))
    return [Denial(**row) for row in rows.mappings()]
