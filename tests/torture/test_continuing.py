"""Is every update answered, once, while a region's runs continue as new, and does nothing outgrow its limits?"""

from pathlib import Path
from random import Random

import pytest

from tests.effort import TORTURE_SEED, rounds
from tests.torture.conftest import Say
from tests.torture.storm import largest_payload, replay, storm

pytestmark = [pytest.mark.torture, pytest.mark.temporal]

LONGEST_HISTORY = 500
"""Events that no run has more of, whatever storms."""


@pytest.fixture
def file_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test's own."""
    file = tmp_path / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{file}"


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """Choices that the seed repeats."""
    return Random(f"{TORTURE_SEED} {request.node.name}")  # noqa: S311 - repeated at will, not to be a secret.


async def test_a_storm_over_many_runs_loses_and_doubles_nothing(file_url: str, chance: Random, say: Say) -> None:
    """With a run that continues as new every few updates, decisions in flight among them, each has its one answer."""
    async with storm(file_url, processes=4, continue_after=40, in_flight=100) as raging:
        told = await raging.rage(chance, rounds(60, many=3_000))
        assert raging.disagreements(told) == []
        runs = await raging.runs()
        assert len(runs) > rounds(5, many=100)
        await replay(runs)
    answers = sum(len(each) for each in told.answers.values())
    say(
        f"seed {TORTURE_SEED}: {len(told.answers)} commands, {answers} answers to {told.tries} tries over "
        f"{len(runs)} runs of at most {max(len(run.events) for run in runs)} events: none lost, none doubled"
    )


async def test_no_history_outgrows_its_bound_in_a_storm(file_url: str, chance: Random, say: Say) -> None:
    """Left to its own threshold a run ends before it has 500 events, however many updates it still lets out."""
    async with storm(file_url, processes=2) as raging:
        told = await raging.rage(chance, rounds(120, many=3_000))
        assert raging.disagreements(told) == []
        runs = await raging.runs()
        assert len(runs) > 1
        lengths = [len(run.events) for run in runs]
        say(
            f"seed {TORTURE_SEED}: {len(told.answers)} commands over {len(runs)} runs of at most {max(lengths)} "
            f"events, the largest event {largest_payload(runs):,} bytes"
        )
        assert max(lengths) <= LONGEST_HISTORY
