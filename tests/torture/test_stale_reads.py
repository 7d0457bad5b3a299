"""Does anybody ever read a go or a launch that is not so, whoever stands still, lags behind or tampers?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from readiness.commands import Choice
from readiness.keys import RegionKey
from readiness.policy import Stage
from readiness.region import Ending, RegionLaunch, Verdict
from readiness.rules import decision_shown, evolve
from store.alarms import AlarmKind, standing_alarms
from store.board import refresh_figures
from store.engine import open_store
from store.rebuild import mend_regions
from store.regions import update_region
from tests.effort import TORTURE, TORTURE_SEED, rounds
from tests.store.desk import Clock, Desk
from tests.stories.house import House, eventually
from tests.stories.scene import Scene, settle_in
from tests.torture.conftest import Say
from tests.torture.onlooker import HOPEFUL, Onlooker, truth_of
from tests.torture.weather import Weather

pytestmark = pytest.mark.torture

REGIONS = ("amer", "apac", "emea")


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on each kind of database."""
    clock = Clock()
    store = open_store(store_url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """Choices that the seed repeats."""
    return Random(f"{TORTURE_SEED} {request.node.name}")  # noqa: S311 - repeated at will, not to be a secret.


def test_no_stale_read_says_go(desk: Desk, chance: Random, say: Say) -> None:
    """Facts fall, texts change, signatures go and hours pass while few notice: nobody reads more than is so."""
    keys = {key.region: key for key in desk.start(*REGIONS)}
    desk.write_all()
    weather = Weather(desk, keys, chance)
    onlooker = Onlooker(desk.store, keys)
    careless = hopeful = 0
    try:
        for number in range(rounds(8, many=250)):
            # Something to be false about comes first.
            (weather.bring_to_a_go, weather.void_what_goes, *[weather.turn] * 6)[number % 8]()
            truths = {region: truth_of(desk.store, key).verdict for region, key in keys.items()}
            assert onlooker.told_falsely() == []
            hopeful += sum(verdict in HOPEFUL for verdict in truths.values())
            careless += sum(
                weather.said_last(key) in HOPEFUL - {Verdict.LAUNCHED} and truths[region] not in HOPEFUL
                for region, key in keys.items()
            )
    finally:
        onlooker.close()
    say(
        f"seed {TORTURE_SEED}: {onlooker.reads} reads, none of them false; a board of what workflows said last would "
        f"have shown {careless} false gos beside {hopeful} true ones; {dict(sorted(weather.done.items()))}"
    )
    assert careless


def test_a_row_changed_by_hand_is_not_believed_beyond_the_next_check(desk: Desk, chance: Random, say: Say) -> None:
    """Whoever writes go or launched into rows may be believed until the next check, and not a read longer."""
    keys = {key.region: key for key in desk.start(*REGIONS)}
    desk.write_all()
    for region in ("apac", "emea"):
        desk.teach(region)
        desk.sign_all(keys[region])
        desk.look(keys[region])
    desk.accepted(keys["emea"], desk.decide(keys["emea"], Choice.GO))
    refresh_figures(desk.store, list(keys.values()))
    onlooker = Onlooker(desk.store, keys)
    seen_through = believed = 0
    try:
        for _ in range(rounds(3, many=60)):
            region = chance.choice(("amer", "apac"))
            _tamper(desk, keys[region], chance)
            lies = onlooker.told_falsely()
            believed += bool(lies)
            seen_through += not lies
            mend_regions(desk.store, after=None, limit=len(keys))
            assert onlooker.told_falsely() == []
            with desk.store.reading() as tx:
                assert {alarm.kind for alarm in standing_alarms(tx)} == {AlarmKind.ROW_UNTRUE}
        assert truth_of(desk.store, keys["emea"]).verdict is Verdict.GO
    finally:
        onlooker.close()
    say(
        f"seed {TORTURE_SEED}: {onlooker.reads} reads; of {believed + seen_through} rows changed by hand "
        f"{seen_through} were seen through at once, {believed} were believed until the check, none after it"
    )


def test_the_age_of_what_is_stale_is_shown(desk: Desk) -> None:
    """With the relay stopped for three hours the board says so at the figures that it shows, and how old they are."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.teach("emea", people=10, trained=9, certified=3)
    desk.look(key)
    refresh_figures(desk.store, [key])
    onlooker = Onlooker(desk.store, {"emea": key})
    try:
        assert "Figures " not in onlooker.page("/")
        desk.void_passes("emea", people=3)
        desk.clock.now += timedelta(minutes=4)
        assert "Figures 4 minutes old, newer facts not counted yet" in onlooker.page("/")
        desk.clock.now += timedelta(hours=3)
        assert "Figures 3 hours old, newer facts not counted yet" in onlooker.page("/")
        refresh_figures(desk.store, [key])
        assert "Figures" not in onlooker.page("/")
        desk.clock.now += timedelta(hours=5)
        page = onlooker.page("/")
        assert "Figures 5 hours old: nobody counts" in page
        assert "oldest figures 5 hours old" in page
    finally:
        onlooker.close()


@pytest.mark.skipif(TORTURE != "long", reason="it runs the whole product, which takes longer than a taste may")
def test_a_frozen_worker_lets_nobody_read_a_go(tmp_path: Path, say: Say) -> None:
    """With worker and relay standing still, a thousand reads over HTTP say held of what was edited under its go."""
    with House(tmp_path / "ltl") as house:
        settle_in(house)
        scene = Scene(house, "still", "north", "south")
        scene.start()
        scene.make_ready()
        scene.decide("north")
        scene.decide("south")
        eventually(lambda: {scene.on_board(r)["verdict"] for r in scene.regions}, lambda seen: seen == {"go"})
        reads = 0
        with house.frozen("worker"):
            scene.write_message("It halves the time from order to invoice.", holds=["north"], regions=["north"])
            for _ in range(rounds(1, many=200)):
                rows = scene.auditor.read_all("/v1/readiness", product="still")
                assert {row["region"]: row["verdict"] for row in rows} == {"north": "held", "south": "go"}
                assert scene.verdict("north") == "held"
                assert scene.verdict("south") == "go"
                for page in ("/", "/launches/still/north"):
                    answer = house.request("GET", page, token=None, headers={"Accept": "text/html"})
                    assert answer.status_code == 200
                    assert "v-launched" not in answer.text
                    assert answer.text.count(" v-go") == (1 if page == "/" else 0)
                reads += 5
        scene.becomes("north", "held")
        assert scene.statuses("north")["value_propositions"] == "reopened"
        assert scene.verdict("south") == "go"
    say(f"{reads} reads beside a frozen worker, none of them a false go")


def _tamper(desk: Desk, key: RegionKey, chance: Random) -> None:
    """Write a go or a launch into a row: all of it, or some of it."""
    region = desk.region(key)
    if region.stage(Stage.GO_NO_GO).opened_at is not None:
        _, proposal, _ = desk.proposed(key, desk.decide(key, Choice.GO))
        for event in proposal.events:
            region = evolve(region, event)
    decision = decision_shown(region)
    told = chance.choice(("go", "launched"))
    columns: dict[str, Any] = {
        "shown_verdict": told,
        "verdict": told,
        "reasons": [],
        "state": _state(region, told),
        "version": region.version,
        "stage": "launched" if told == "launched" else "go_no_go",
        "decision": decision.model_dump(mode="json") if decision is not None else None,
        "ended_at": desk.clock.now if told == "launched" else None,
    }
    chosen = list(columns) if chance.random() < 0.5 else chance.sample(list(columns), chance.randint(1, 4))
    with desk.store.writing() as tx:
        update_region(tx, key, **{"shown_verdict": told, **{name: columns[name] for name in chosen}})


def _state(region: RegionLaunch, told: str) -> dict[str, Any]:
    ended = {"ending": Ending.LAUNCHED, "ended_at": region.last_at} if told == "launched" else {}
    return region.model_copy(update=ended).model_dump(mode="json")
