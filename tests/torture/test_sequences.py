"""Does any random sequence of acts, facts and time launch a region of running workflows in breach of the rules?"""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity

from activities.messages import LaunchRequest, LookRequest
from readiness.events import RegionLaunched
from readiness.ledger import LaunchAnswer, Launched, NotNow, Sight
from readiness.rules import bearings, fold
from store.ledger import append
from store.projection import move_row
from store.regions import lock_region
from tests.effort import TORTURE_SEED, rounds
from tests.torture.conftest import Say
from tests.torture.launch_auditor import breaches_of, has_launched
from tests.torture.sequence import DAYS, SELLERS, Sequence
from tests.torture.town import OnTheStoresDay, Town
from tests.workflows.servers import real_server

pytestmark = [
    pytest.mark.temporal,
    # What the SDK warns of where a local activity ends just as it times out, on a machine with no time left: an error
    # would end the worker, and in production it ends nothing.
    pytest.mark.filterwarnings("ignore:Cannot find activity to cancel:UserWarning"),
]

SIDE_BY_SIDE = 20
"""How many regions live through their days together."""

ACTS_OF_A_DAY = (0, 1, 1)
AT_ONCE = 6
"""How many of them send something at the same time."""

SEQUENCES = {"sqlite": (15, 400), "postgres": (5, 100)}
"""How many sequences each database sees, in CI and in the long run."""


def chance_of(number: int) -> random.Random:
    """Return the chance that the sequence of this number follows: the same with the same seed."""
    return random.Random(f"{TORTURE_SEED} {number}")  # noqa: S311 - nothing secret is drawn.


async def played(town: Town, first: int, many: int, said: Counter[str]) -> list[dict[str, Any]]:
    """Play so many sequences side by side, from that number on, and return what was exported of each."""
    since = town.now + timedelta(hours=1)
    sequences = [Sequence(town, number, chance_of(number), since=since) for number in range(first, first + many)]
    turnstile = asyncio.Semaphore(AT_ONCE)

    async def a_day_of(sequence: Sequence, day: int) -> None:
        async with turnstile:
            if day == 0:
                await sequence.begin()
            for _ in range(sequence.chance.choice(ACTS_OF_A_DAY)):
                if not sequence.has_ended:
                    await sequence.act()

    for day in range(DAYS):
        await asyncio.gather(*(a_day_of(sequence, day) for sequence in sequences))
        await town.pass_until(since + timedelta(days=day), [each.key for each in sequences if not each.has_ended])
    await asyncio.gather(*(sequence.end() for sequence in sequences))
    for sequence in sequences:
        said.update(sequence.outcomes)
        await town.until_closed(sequence.key)
    return [await town.export(sequence.key) for sequence in sequences]


async def test_no_sequence_of_commands_launches_a_region_in_breach_of_the_rules(
    store_url: str, database_kind: str, say: Say
) -> None:
    """An auditor who knows only what was exported finds nothing, and at least a quarter of the regions launch."""
    few, most = SEQUENCES[database_kind]
    many = rounds(few, many=most)
    said: Counter[str] = Counter()
    found: list[str] = []
    launches = 0
    async with real_server() as env, Town.on(env, store_url) as town:
        for first in range(0, many, SIDE_BY_SIDE):
            for export in await played(town, first, min(SIDE_BY_SIDE, many - first), said):
                launches += has_launched(export)
                found += [f"{export['where']}: {rule}: {what}" for rule, what in breaches_of(export)]
    say(f"{many} sequences on {database_kind} with seed {TORTURE_SEED}: {launches} launched, {len(found)} breaches")
    say(f"{town.unanswered} commands were sent again; {said.total()} were answered: {dict(sorted(said.items()))}")
    assert found == []
    assert launches * 4 >= many


class Credulous(OnTheStoresDay):
    """A worker whose two locks are broken: it sees everybody certified, and launches whoever has a go."""

    @activity.defn(name="look")
    def look(self, request: LookRequest) -> Sight:
        """Return what a region sees, told better than it is."""
        sight = super().look(request)
        if sight.evidence is None:
            return sight
        figures = sight.evidence.figures.model_copy(update={"audience": SELLERS, **dict.fromkeys(_DONE, SELLERS)})
        return sight.model_copy(update={"evidence": sight.evidence.model_copy(update={"figures": figures})})

    @activity.defn(name="launch")
    def launch(self, request: LaunchRequest) -> LaunchAnswer:
        """Launch without a second look."""
        with self.store.writing() as tx:
            record = lock_region(tx, request.key)
            now = self.store.now(tx)
            decision = record.region.decision
            if decision is None or record.version != request.known:
                return NotNow(reason="the ledger has moved on")
            launch_at = record.region.launch_at
            event = RegionLaunched(at=now, launch_at=launch_at, decision_version=decision.version)
            rows = append(tx, request.key, [event], after=record.version, now=now)
            region = fold(request.key, record.region, rows)
            assert region is not None
            move_row(tx, record, region, now=now, seen=None)
            return Launched(rows=rows, bearings=bearings(region, now=now))


_DONE = ("started", "trained", "certified")


async def test_a_launch_through_two_broken_locks_is_reported(tmp_path: Path, migrated_sqlite: Path) -> None:
    """Where everybody is believed to have learned and nobody looks again, the auditor sees who had not."""
    file = tmp_path / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    async with (
        real_server() as env,
        Town.on(env, f"sqlite:///{file}", activities=Credulous) as town,
    ):
        since = town.now + timedelta(hours=1)
        sequence = Sequence(town, 0, chance_of(0), since=since)
        await sequence.begin()
        await sequence.become_ready_and_go(passed=1)
        await town.pass_until(town.region(sequence.key).launch_at, [sequence.key])
        await town.until_closed(sequence.key)
        export = await town.export(sequence.key)
    assert has_launched(export)
    found = {rule for rule, _ in breaches_of(export)}
    assert "criteria-met" in found
    assert "launched-once" in found
