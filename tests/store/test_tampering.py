"""Is every tampering with the audit record found and located, whoever has rights over the database?"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bootstrap.ledger_keeping import Keeper
from store.engine import Store
from store.guards import unguard
from tests.effort import TORTURE_SEED
from tests.store.desk import Desk
from tests.store.tampering import Attacker, build

TAMPERINGS = int(os.environ.get("TAMPERINGS", "40"))
ENTRIES = int(os.environ.get("TAMPER_ENTRIES", "400"))
"""How often it is tampered, with a record of how many entries; `make tamper` says 5,000 and 10,000."""


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """Yield a transaction of which nothing is left afterwards."""
    with store.engine.connect() as connection:
        transaction = connection.begin()
        try:
            yield connection
        finally:
            transaction.rollback()


def test_every_tampering_before_the_last_checkpoint_is_found_and_located(desk: Desk, tmp_path: Path) -> None:
    """Rows, seals and checkpoints changed, removed, added, exchanged, cut off, rewritten or replayed: none passes."""
    key = OKPKey.generate_key("Ed25519")
    keeper = Keeper(desk.store, key, tmp_path)
    written = build(desk, keeper, entries=ENTRIES, each=min(1_000, ENTRIES // 5))
    assert written >= ENTRIES
    assert keeper.verify(whole=True).is_intact
    outside = list(keeper.outside() or ())
    assert len(outside) > 3
    with desk.store.writing() as tx:
        unguard(tx)
    chance = random.Random(TORTURE_SEED)  # noqa: S311 - the same seed tampers in the same ways.
    done: Counter[str] = Counter()
    missed: list[str] = []
    while done.total() < TAMPERINGS:
        with undone(desk.store) as tx:
            attacker = Attacker(tx, chance, outside, key)
            try:
                tampered = attacker.act()
            except IntegrityError:
                continue
            if tampered is None:
                continue
            done[tampered.what.split()[0].partition(".")[0]] += 1
            if done.total() % 250 == 0:
                print(done.total(), "tamperings,", len(missed), "missed", flush=True)
            faults = attacker.faults(desk.clock.now)
            if not tampered.is_found(faults):
                missed.append(f"{tampered.what}: {[fault.sentence for fault in faults[:5]]}")
    print(f"{written} entries, {len(outside)} checkpoints: {dict(done)}, {len(missed)} missed")
    assert missed == []
    assert keeper.verify(whole=True).is_intact


@pytest.mark.parametrize("kind", ["ledger", "seals", "checkpoints"])
def test_a_record_that_was_not_touched_is_intact(desk: Desk, tmp_path: Path, kind: str) -> None:
    """What is verified again and again, as a whole or from the last checkpoint, shows no fault of its own making."""
    keeper = Keeper(desk.store, OKPKey.generate_key("Ed25519"), tmp_path)
    key = desk.with_go()
    for _ in range(3):
        keeper.turn(at_once=True)
        assert keeper.verify(whole=kind == "ledger").is_intact
        desk.carry_out(key, desk.hold(key))
        if kind == "seals":
            keeper.turn()
        assert keeper.verify(whole=kind != "checkpoints").is_intact
        desk.carry_out(key, desk.hold(key))
