"""How long does it take to verify the audit record, beside the bare hashing of the same bytes?"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey
from sqlalchemy import insert

from benchmarks.tables import Line, Table
from bootstrap.ledger_keeping import Keeper
from readiness.canonical import digest
from readiness.events import HoldCause, RegionHeld
from readiness.sealing import entry_bytes
from store.engine import Store, migrate, open_store
from store.records_schema import ledger
from store.seals import entries_of, seals_after

ENTRIES = int(os.environ.get("LEDGER_ENTRIES", "1000000"))
STREAM = 1_000
"""Events of one region launch."""

SAMPLE = 50_000
"""Entries that are hashed barely; what a million of them would take follows from it."""

AT_MOST = 10.0
BEGIN = datetime(2027, 1, 4, 9, tzinfo=UTC)


def tables() -> Iterator[Table]:
    """Verify a record of `LEDGER_ENTRIES` entries on SQLite, and hash the same bytes barely."""
    with tempfile.TemporaryDirectory(prefix="ltl-ledger-") as folder:
        url = f"sqlite:///{Path(folder) / 'store.sqlite'}"
        migrate(url)
        store = open_store(url, lambda: BEGIN + timedelta(days=30))
        try:
            yield _measured(store, Path(folder))
        finally:
            store.close()


def _measured(store: Store, folder: Path) -> Table:
    _write(store)
    keeper = Keeper(store, OKPKey.generate_key("Ed25519"), folder)
    begun = time.perf_counter()
    sealed = keeper.turn(at_once=True)
    sealing = time.perf_counter() - begun
    bare = _barely_hashed(store) * sealed / min(SAMPLE, sealed)
    begun = time.perf_counter()
    report = keeper.verify(whole=True)
    verifying = time.perf_counter() - begun
    bare = (bare + _barely_hashed(store) * sealed / min(SAMPLE, sealed)) / 2
    assert report.is_intact
    assert report.until == sealed
    return Table(
        title=f"The audit record of {sealed:,} entries",
        lines=[
            Line("verify the whole", verifying, "s", bare=bare, at_most=AT_MOST),
            Line("verify, an entry", verifying / sealed * 1e6, "µs"),
            Line("seal, an entry", sealing / sealed * 1e6, "µs"),
        ],
        limits=(
            f"Bare: SHA-256 of the canonical bytes of {min(SAMPLE, sealed):,} entries and of their links, in memory, "
            "before and after, scaled to all. Events of held regions, on SQLite."
        ),
    )


def _write(store: Store) -> None:
    """Write events as transactions of the product do, a thousand at a time."""
    written = 0
    while written < ENTRIES:
        number = written // STREAM
        rows = [_event(number, version) for version in range(1, min(STREAM, ENTRIES - written) + 1)]
        with store.writing() as tx:
            tx.execute(insert(ledger), rows)
        written += len(rows)


def _event(number: int, version: int) -> dict[str, Any]:
    at = BEGIN + timedelta(seconds=number * STREAM + version)
    command_id = f"{number:08x}-0000-4000-8000-{version:012x}"
    event = RegionHeld(
        at=at, person="pm-7", command_id=command_id, command_digest=digest(command_id), cause=HoldCause.PERSON
    )
    return {
        "product": f"product-{number:05d}",
        "region": "emea",
        "run": 1,
        "version": version,
        "type": event.type,
        "at": at,
        "person": event.person,
        "command_id": command_id,
        "core_version": 2,
        "event": event.model_dump(mode="json"),
    }


def _barely_hashed(store: Store) -> float:
    """Return how long hashing the sample takes, once for each entry and once for each link, in seconds."""
    with store.reading() as tx:
        seals = seals_after(tx, 0, limit=SAMPLE)
        entries = [entry for _, _, entry in entries_of(tx, [(seal.source, seal.key) for seal in seals])]
    texts = [entry_bytes(entry) for entry in entries if entry is not None]
    links = [f'{seal.chain}[{seal.position},"{seal.source}","{seal.key}","{seal.digest}"]'.encode() for seal in seals]
    begun = time.perf_counter()
    for content in texts:
        hashlib.sha256(content).hexdigest()
    for content in links:
        hashlib.sha256(content).hexdigest()
    return time.perf_counter() - begun
