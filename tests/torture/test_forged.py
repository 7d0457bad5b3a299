"""Does anything launch, or go unreported, that somebody sends straight to Temporal?"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from pydantic import SecretStr
from temporalio import activity

from activities.ledger import LedgerActivities
from activities.messages import SettleRequest
from bootstrap.doctor import examine
from bootstrap.settings import Settings
from readiness.commands import Role
from readiness.ledger import Accepted, LaunchRefused, Look, Settled
from store.alarms import AlarmKind
from store.commands import log_command, logged
from store.engine import Store
from tests.effort import TORTURE, TORTURE_SEED, rounds
from tests.store.desk import PRODUCT
from tests.torture.attacks import ATTACKS, Attack, Expected, all_terminated, forged_go
from tests.torture.conftest import Say
from tests.torture.fort import BOUND, WITH_A_GO, WITHOUT_ONE, Fort, Memory, fort, pause

pytestmark = [
    pytest.mark.torture,
    pytest.mark.temporal,
    # The SDK warns where a workflow is ended while it waits for the ledger; elsewhere in the tests that is an error.
    pytest.mark.filterwarnings("ignore:Cannot find activity to cancel:UserWarning"),
]

DUE_IN = timedelta(seconds=8)
"""What is left to the regions that are near their instant when a siege begins: long enough to be attacked first."""

STAND_BACK = timedelta(seconds=3)
"""How long before that instant these regions are left alone, so that what becomes of them is known."""

AT_ONCE = 4
"""Attacks that come together, each on another workflow."""

WATCHES = 6
"""Watches after which everything must be reported."""

REPORTED_WITHIN = timedelta(seconds=60)


@pytest.fixture
def file_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test's own."""
    file = tmp_path / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{file}"


async def test_nothing_launches_by_an_attack_and_each_is_reported(
    migrated_sqlite: Path, tmp_path: Path, say: Say
) -> None:
    """Every attack there is, in any order on regions in any state: nothing is given, and a watch tells of each."""
    rng = Random(TORTURE_SEED)  # noqa: S311 - repeated at will, not to be a secret.
    done: Counter[str] = Counter()
    for number in range(rounds(1, many=40)):
        file = tmp_path / f"store-{number}.sqlite"
        file.write_bytes(migrated_sqlite.read_bytes())
        async with fort(f"sqlite:///{file}", due_in=DUE_IN) as besieged:
            before = besieged.remember()
            order = [*ATTACKS, *rng.choices(ATTACKS, k=rounds(0, many=10))]
            rng.shuffle(order)
            for burst in _bursts(order):
                done.update(await _attack(besieged, rng, burst))
                assert besieged.breaches(before) == []
            await _see_it_through(besieged, before)
            await _ask_the_doctor(besieged, tmp_path)
    say(f"seed {TORTURE_SEED}, {done.total()} attacks of {len(ATTACKS)} kinds: nothing given, all reported")


async def test_a_ledger_that_trusted_temporal_would_be_found_out(file_url: str) -> None:
    """The search for breaches has teeth: where the command log does not matter, a forged go is given, and seen."""
    async with fort(file_url, due_in=timedelta(days=1), states=("ready",), ledger=_TrustingLedger) as besieged:
        before = besieged.remember()
        assert await forged_go(besieged, "ready") == 0
        assert any("decision_taken" in breach for breach in besieged.breaches(before))


@pytest.mark.skipif(TORTURE != "long", reason="it waits for the relay's own pace, half a minute for each attack")
async def test_an_attack_is_reported_within_a_minute(file_url: str, say: Say) -> None:
    """At the pace of the relay itself, from the attack to the alarm takes less than a minute, whenever it comes."""
    rng = Random(TORTURE_SEED)  # noqa: S311 - repeated at will, not to be a secret.
    took: list[float] = []
    async with fort(file_url, due_in=timedelta(days=1)) as besieged:
        relaying = asyncio.create_task(besieged.relay.run())
        try:
            for _ in range(rounds(1, many=30)):
                await pause(timedelta(seconds=rng.uniform(0, 30)))
                took += await _times_to_alarm(besieged, rng)
        finally:
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
    took.sort()
    say(f"seed {TORTURE_SEED}, {len(took)} alarms: median {took[len(took) // 2]:.1f} s, last {took[-1]:.1f} s")
    assert took[-1] <= REPORTED_WITHIN.total_seconds()


def _bursts(order: list[Attack]) -> list[list[Attack]]:
    """Return attacks as they come together; one that hits every workflow comes alone."""
    alone: list[list[Attack]] = [[attack] for attack in order if attack is all_terminated]
    others = [attack for attack in order if attack is not all_terminated]
    return [*(others[start : start + AT_ONCE] for start in range(0, len(others), AT_ONCE)), *alone]


def _targets(besieged: Fort) -> list[str]:
    near = datetime.now(UTC) > besieged.due_at - STAND_BACK
    left_alone = {WITH_A_GO, WITHOUT_ONE} if near else set()
    return ["", *(region for region in besieged.keys if region not in left_alone and besieged.is_open(region))]


async def _attack(besieged: Fort, rng: Random, burst: list[Attack]) -> list[str]:
    """Attack as many workflows as there are attacks, then see each reported and everything well again."""
    known = max((alarm["id"] for alarm in besieged.alarms()), default=0)
    expected = await _strike(besieged, rng, burst)
    await _reported(besieged, expected, known)
    await besieged.until_well()
    about_us = {
        (alarm["kind"], alarm["region"])
        for alarm in besieged.alarms()
        if alarm["id"] > known and alarm["product"] == PRODUCT
    }
    assert about_us <= {(each.kind, each.about) for each in expected}, "an alarm tells of what did not happen"
    return [attack.__name__ for attack in burst]


async def _strike(besieged: Fort, rng: Random, burst: list[Attack]) -> list[Expected]:
    targets = rng.sample(_targets(besieged), len(burst))
    choices = [Random(rng.random()) for _ in burst]  # noqa: S311 - repeated at will, not to be a secret.
    struck = await asyncio.gather(
        *(attack(besieged, own, target) for attack, own, target in zip(burst, choices, targets, strict=True))
    )
    return [each for expected in struck for each in expected]


async def _reported(besieged: Fort, expected: list[Expected], known: int) -> None:
    """Watch until everything is reported that must be; what ended meanwhile was not lost."""

    def missing(each: Expected) -> bool:
        ended = each.about is not None and not besieged.is_open(each.about)
        return not ended and not besieged.told(each.kind, each.about, after=known)

    for _ in range(WATCHES):
        await besieged.relay.watch()
        if not any(missing(each) for each in expected):
            return
        # Visibility lags behind; between two watches of the relay it has half a minute to catch up.
        await pause(timedelta(seconds=0.5))
    assert [each for each in expected if missing(each)] == []


async def _see_it_through(besieged: Fort, before: Memory) -> None:
    """Let the near instant pass: what had a go launches then and only then, and whoever may steers the rest."""
    await besieged.until(lambda: datetime.now(UTC) >= besieged.due_at)
    await besieged.sender.hint(besieged.keys[region] for region in (WITH_A_GO, WITHOUT_ONE))
    await besieged.until(lambda: not besieged.is_open(WITH_A_GO))
    await besieged.until(lambda: besieged.desk.region(besieged.keys[WITHOUT_ONE]).holding is not None)
    assert besieged.breaches(before) == []
    go = besieged.keys["go"]
    assert isinstance(await besieged.sender.region(go, besieged.desk.hold(go)), Accepted)
    held = besieged.keys["held"]
    resume = besieged.desk.ask(held, "resume", "ex-1", Role.EXECUTIVE)
    assert isinstance(await besieged.sender.region(held, resume), Accepted)


async def _ask_the_doctor(besieged: Fort, directory: Path) -> None:
    settings = Settings(
        directory=directory, database_url=SecretStr(besieged.store_url), temporal_address=besieged.address
    )
    findings = await examine(settings)
    told = " ".join(finding.says for finding in findings if not finding.well)
    for kind in (AlarmKind.COMMAND_FORGED, AlarmKind.WORKFLOW_STRAY):
        assert kind.value in told
    assert any(finding.about == "workflows" and "Lost in the last day" in finding.says for finding in findings)
    assert all(finding.well for finding in findings if finding.about == "rows")


async def _times_to_alarm(besieged: Fort, rng: Random) -> list[float]:
    """Attack four workflows and return how long each alarm took."""
    known = max((alarm["id"] for alarm in besieged.alarms()), default=0)
    burst = [attack for attack in rng.sample(ATTACKS, AT_ONCE) if attack is not all_terminated]
    struck_at = datetime.now(UTC)
    expected = await _strike(besieged, rng, burst)
    await besieged.until(
        lambda: all(besieged.told(each.kind, each.about, after=known) for each in expected), within=2 * BOUND
    )
    await besieged.until_well()
    return [
        (besieged.told(each.kind, each.about, after=known)[0]["at"] - struck_at).total_seconds() for each in expected
    ]


class _TrustingLedger(LedgerActivities):
    """A ledger for which whatever reaches a workflow was asked by somebody."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._trusted = store

    @activity.defn
    def settle(self, request: SettleRequest) -> Settled:
        """Settle, having believed the command first."""
        cause = request.cause
        if not isinstance(cause, Look | LaunchRefused):
            with self._trusted.writing() as tx:
                if logged(tx, cause.command_id) is None:
                    log_command(
                        tx,
                        scope=request.key,
                        kind=cause.kind,
                        person=cause.person,
                        role=cause.role,
                        idempotency_key=str(uuid4()),
                        body={},
                        make_command=lambda _id, _at: cause,
                        now=self._trusted.now(tx),
                    )
        return super().settle(request)
