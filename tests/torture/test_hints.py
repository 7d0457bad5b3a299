"""Do hints and signals that come twice, late, in any order or not at all lead to the same launch?"""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.effort import TORTURE_SEED, rounds
from tests.torture.conftest import Say
from tests.torture.tale import Messenger, Player, Step, Tale, WildMessenger, meaning, tell
from tests.workflows.servers import skipping_server
from tests.workflows.test_with_the_store import House

pytestmark = [pytest.mark.torture, pytest.mark.temporal]

STEPS = 12


async def test_hints_in_any_order_lead_to_the_same_launch(migrated_sqlite: Path, tmp_path: Path, say: Say) -> None:
    """Whatever becomes of the hints, outcomes, ledger, verdict and readiness are those of hints sent in order."""
    sent = steps = launched = 0
    for number in range(rounds(2, many=150)):
        chance = Random(f"{TORTURE_SEED} {number}")  # noqa: S311 - repeated at will, not to be a secret.
        tale = tell(chance, STEPS)
        wild = WildMessenger(chance)
        meant = await _played(migrated_sqlite, tmp_path / f"{number}-in-order", tale, Messenger())
        came = await _played(migrated_sqlite, tmp_path / f"{number}-wild", tale, wild)
        assert came == meant, f"tale {number}: {tale}"
        sent += wild.sent
        steps += len(tale)
        launched += sum(region["launched"] for region in (meant["apac"], meant["emea"]))
    say(
        f"seed {TORTURE_SEED}: {steps} steps with {sent} hints and signals out of order, {launched} launches, "
        "no difference"
    )


async def test_another_tale_has_another_meaning(migrated_sqlite: Path, tmp_path: Path) -> None:
    """What is compared tells launches apart: a go that is given in one region shows there, and only there."""
    go = Step("bring to a go", "emea", 0)
    with_it = await _played(migrated_sqlite, tmp_path / "with", (go,), Messenger())
    without = await _played(migrated_sqlite, tmp_path / "without", (), Messenger())
    assert with_it["emea"]["launched"] == 1
    assert with_it["emea"] != without["emea"]
    assert with_it["apac"] == without["apac"]


async def _played(template: Path, directory: Path, tale: Tale, messenger: Messenger) -> dict[str, Any]:
    """Play a tale on a server, a worker and a store of its own, and return what it came to."""
    directory.mkdir()
    file = directory / "store.sqlite"
    file.write_bytes(template.read_bytes())
    async with skipping_server() as env:
        house = await House.on(env, f"sqlite:///{file}")
        try:
            async with house.worker():
                player = Player(house)
                await player.play(tale, messenger)
                return meaning(player)
        finally:
            house.desk.store.close()
