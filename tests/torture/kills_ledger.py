"""What did the house keep of what it was asked, as its database and its API tell?"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch, evolve_launch
from readiness.rules import fold
from store.facts_schema import attempts, completions
from store.ledger import launch_rows_after, rows_after
from store.records_schema import (
    alarms,
    commands,
    content_revisions,
    launch_records,
    launches,
    ledger,
    outbox,
    region_launches,
)
from store.regions import launch_record, region_record
from tests.torture.kills_book import Client


@dataclass(frozen=True, slots=True)
class Asked:
    """One row of the command log; `where` is product or product/region."""

    id: str
    where: str
    kind: str
    person: str
    key: str
    outcome: str | None
    """`accepted`, `refused` or None while it is open."""

    refusal: str


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the ledger."""

    version: int
    type: str
    at: datetime
    command_id: str | None
    data: Any


@dataclass
class Kept:
    """Everything that can be held against the clients' book."""

    asked: list[Asked] = field(default_factory=list)
    ledger: dict[str, list[Event]] = field(default_factory=dict)
    """By product or product/region, in the order of the ledger."""

    told: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """The outbox: version and type of every event that somebody is to be told of, by stream."""

    timelines: dict[str, list[tuple[int, str, str | None]]] = field(default_factory=dict)
    """What the API says: version, type and reason, by product/region."""

    folded: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """The projection beside the fold of the ledger, by stream."""

    texts: list[tuple[str, Any]] = field(default_factory=list)
    """Every revision of content: product, and what it says."""

    facts: list[tuple[str, str, datetime, bool]] = field(default_factory=list)
    """Every completion and attempt that holds: person, course or assessment, moment, and whether it is void."""

    launched: dict[str, datetime] = field(default_factory=dict)
    """The launch records, by product/region."""

    alarms: list[str] = field(default_factory=list)


def read_all(tx: Connection, products: Iterable[str]) -> Kept:
    """Return what the database keeps of these products; the timelines are read elsewhere."""
    kept = Kept()
    named = sorted(set(products))
    for row in tx.execute(select(commands).where(commands.c.product.in_(named)).order_by(commands.c.logged_at)):
        outcome = row.outcome or {}
        refusal = outcome.get("refusal", {}).get("kind", "")
        kind = outcome.get("kind")
        kept.asked.append(Asked(row.id, _where(row), row.kind, row.person, row.idempotency_key, kind, refusal))
    streams: dict[str, list[Event]] = defaultdict(list)
    for row in tx.execute(select(ledger).where(ledger.c.product.in_(named)).order_by(ledger.c.version)):
        streams[_where(row)].append(Event(row.version, row.type, row.at, row.command_id, row.event))
    kept.ledger = dict(streams)
    told: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in tx.execute(select(outbox).where(outbox.c.product.in_(named), outbox.c.version > 0)):
        told[_where(row)].append((row.version, row.type))
    kept.told = dict(told)
    _read_projections(tx, kept, named)
    for row in tx.execute(select(content_revisions).where(content_revisions.c.product.in_(named))):
        kept.texts.append((row.product, row.body))
    kept.facts = [
        (row[0], row[1], row[2], row.void)
        for table in (completions, attempts)
        for row in tx.execute(select(table).where(table.c.current))
    ]
    for row in tx.execute(select(launch_records).where(launch_records.c.product.in_(named))):
        kept.launched[_where(row)] = row.at
    kept.alarms = [f"{row.kind} {row.product}/{row.region}: {row.detail}" for row in tx.execute(select(alarms))]
    return kept


def read_timelines(client: Client, kept: Kept) -> None:
    """Read every region's timeline through the API, page after page."""
    for where in kept.ledger:
        product, _, region = where.partition("/")
        if not region:
            continue
        path = f"/v1/launches/{product}/regions/{region}/timeline?limit=200"
        shown: list[tuple[int, str, str | None]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = client.read(path + (f"&cursor={cursor}" if cursor else ""))
            shown += [(each["version"], each["type"], each["reason"]) for each in page["items"]]
            cursor = page["next_cursor"]
        kept.timelines[where] = shown


def _read_projections(tx: Connection, kept: Kept, products: list[str]) -> None:
    chosen = select(region_launches.c.product, region_launches.c.region, region_launches.c.run)
    for product, region, run in tx.execute(chosen.where(region_launches.c.product.in_(products))):
        key = RegionKey(product=product, region=region, run=run)
        kept.folded[f"{product}/{region}"] = (region_record(tx, key).region, fold(key, None, rows_after(tx, key, 0)))
    for product, run in tx.execute(
        select(launches.c.product, launches.c.run).where(launches.c.product.in_(products))
    ):
        launch_key = LaunchKey(product=product, run=run)
        launch: Launch | None = None
        for row in launch_rows_after(tx, launch_key, 0):
            launch = evolve_launch(launch_key, launch, row.event)
        kept.folded[product] = (launch_record(tx, launch_key).launch, launch)


def _where(row: Any) -> str:
    return f"{row.product}/{row.region}" if row.region else str(row.product)
