"""Does a region launch at its intended local minute and never before, wherever clocks are changed?"""

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from readiness.commands import Choice, Role
from readiness.instants import written
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Launched, NotNow
from readiness.plan import LaunchPlan
from readiness.plan_document import read_plan, reschedule_instant
from readiness.plan_faults import PlanFaulty
from readiness.region import Ending, RegionLaunch
from readiness.rules import due_at, wants_launch
from store.engine import open_store
from store.launching import launch_record
from tests.effort import TORTURE_SEED, rounds
from tests.readiness.builders import OWNER
from tests.readiness.steps import with_go
from tests.store.desk import Clock, Desk
from tests.torture.conftest import Say
from tests.torture.zones import Change, changes, every_zone, fault, instants_showing, resolved, shown, walls_around

pytestmark = pytest.mark.torture

NAMED = ("Australia/Lord_Howe", "America/New_York", "Europe/Dublin", "Africa/Casablanca")
"""Half an hour; an hour; an hour that counts backwards in winter; an hour that goes away for Ramadan."""

YEARS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 12, 31, tzinfo=UTC)
NOT_LONG_BEFORE = timedelta(days=5)
A_MOMENT = timedelta(microseconds=1)

ZONES = rounds(40, many=len(every_zone()))
CHANGES_EACH = rounds(6, many=1_000)
LAUNCHES_EACH = rounds(2, many=8)


def named_changes() -> list[Change]:
    """Return the changes across which regions launch: of each of the four zones, and of Apia when it had any."""
    found = []
    for zone in NAMED:
        found += changes(zone, datetime(2027, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))[:LAUNCHES_EACH]
    apia = changes("Pacific/Apia", datetime(2010, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
    # The day that never was comes first, then the changes before and after it.
    apia.sort(key=lambda change: -abs(change.after - change.before))
    return found + apia[:LAUNCHES_EACH]


def test_in_every_zone_a_wall_clock_is_one_instant_or_refused(say: Say) -> None:
    """Around each change from 2020 to 2040 a wall clock that comes once is that instant; any other is refused."""
    chance = random.Random(TORTURE_SEED)  # noqa: S311 - it chooses what to try.
    tried = refused = changed = 0
    region = with_go()
    for zone in sorted(chance.sample(every_zone(), ZONES)):
        found = changes(zone, *YEARS)
        for change in chance.sample(found, min(len(found), CHANGES_EACH)):
            changed += 1
            for wall in walls_around(change, chance):
                instant = resolved(wall, zone)
                tried += 1
                refused += instant is None
                assert fault(wall, zone, instant) is None, f"{change}: {fault(wall, zone, instant)}"
                if instant is not None:
                    launches_at_its_instant(region, instant, wall, zone)
    say(f"seed {TORTURE_SEED}: {ZONES} zones, {changed} changes, {tried} wall clocks, {refused} of them refused")
    assert refused


def test_the_judge_finds_those_who_guess(say: Say) -> None:
    """Whoever takes the time that Python takes, by one offset or the other, is early or takes one of two instants."""
    wrong = {0: 0, 1: 0}
    early = tried = 0
    for change in named_changes():
        for wall in walls_around(change, random.Random(TORTURE_SEED)):  # noqa: S311 - it chooses what to try.
            tried += 1
            for fold in wrong:
                guess = wall.replace(tzinfo=ZoneInfo(change.zone), fold=fold).astimezone(UTC)
                wrong[fold] += fault(wall, change.zone, guess) is not None
                early += shown(guess, change.zone) < wall
    say(
        f"of {tried} wall clocks, guessing goes wrong {wrong[0]} times (fold 0) and {wrong[1]} times (fold 1), "
        f"{early} of them too early"
    )
    assert all(wrong.values())
    assert early


@pytest.mark.parametrize("change", named_changes(), ids=str)
def test_a_region_launches_across_a_change_of_its_clocks(change: Change, desk: Desk) -> None:
    """What does not come once is refused at the door; what does is launched then, not a moment or an hour before."""
    desk.clock.now = change.at - NOT_LONG_BEFORE
    chance = random.Random(TORTURE_SEED)  # noqa: S311 - it chooses what to try.
    walls = [
        wall for wall in walls_around(change, chance) if abs(wall - shown(change.at, change.zone)) < NOT_LONG_BEFORE
    ]
    possible = [wall for wall in walls if len(instants_showing(wall, change.zone)) == 1]
    for wall in walls:
        if wall not in possible:
            assert refused_at_the_door(wall, change, desk) == {
                ("regions[0].launch_at", "wall-clock-skipped" if change.is_gap else "wall-clock-repeated")
            }
    # First the one planned, then one to which it is moved across the change; each is the nearest to it on its side.
    before = max(wall for wall in possible if instants_showing(wall, change.zone)[0] < change.at)
    after = min(wall for wall in possible if instants_showing(wall, change.zone)[0] >= change.at)
    key = ready_to_launch(desk, change.zone, before)
    [first] = instants_showing(before, change.zone)
    [second] = instants_showing(after, change.zone)
    assert desk.region(key).launch_at == first
    not_yet(desk, key, first)
    moved(desk, key, change.zone, after, second)
    # At the old instant, and at every one that a wrong offset would make of the new one, nothing happens.
    for offset in (change.before, change.after):
        wrong = (after - offset).replace(tzinfo=UTC)
        if wrong < second:
            not_yet(desk, key, wrong + A_MOMENT)
    not_yet(desk, key, second)
    desk.clock.now = second
    assert isinstance(desk.launch(key), Launched)
    assert shown(second, change.zone) == after
    with desk.store.reading() as tx:
        record = launch_record(tx, key)
    assert record is not None
    assert (record["launch_at"], record["at"]) == (second, second)
    assert desk.region(key).ending is Ending.LAUNCHED


def launches_at_its_instant(region: RegionLaunch, instant: datetime, wall: datetime, zone: str) -> None:
    """See that the core wants a region launched from this instant on, and that this is the intended local minute."""
    assert region.decision is not None
    moved_there = region.model_copy(
        update={
            "plan": region.plan.model_copy(update={"launch_at": instant}),
            "decision": region.decision.model_copy(update={"launch_at": instant}),
        }
    )
    assert wants_launch(moved_there, now=instant)
    assert not wants_launch(moved_there, now=instant - A_MOMENT)
    assert due_at(moved_there, now=instant - A_MOMENT) == instant
    assert shown(instant, zone) == wall


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a database of this test's own; what differs on another kind of database, the store's tests see."""
    file = tmp_path / "store.sqlite"
    shutil.copyfile(migrated_sqlite, file)
    clock = Clock()
    store = open_store(f"sqlite:///{file}", clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


def plan_at(zone: str, wall: datetime, now: datetime) -> LaunchPlan:
    """Return the plan of a launch in one region of `zone`, read from a document as people write it."""
    document: dict[str, Any] = {
        "product": "atlas-2",
        "name": "Atlas 2",
        "tier": 1,
        "owner": OWNER,
        "regions": [{"region": "there", "name": "There", "time_zone": zone, "launch_at": written(wall)}],
        "courses": [{"course_id": "basics", "title": "Basics"}],
        "assessment": {"assessment_id": "cert", "title": "Certification", "pass_mark": 80},
        "policy": {"go_no_go": {"polled": []}},
    }
    return read_plan(document, now=now)


def refused_at_the_door(wall: datetime, change: Change, desk: Desk) -> set[tuple[str, str]]:
    """Return path and code of what is wrong with a launch at `wall`, planned or moved there."""
    with pytest.raises(PlanFaulty) as planned:
        plan_at(change.zone, wall, desk.clock.now)
    with pytest.raises(PlanFaulty) as slipped:
        reschedule_instant(written(wall), change.zone, now=desk.clock.now)
    assert {each.code for each in planned.value.faults} == {each.code for each in slipped.value.faults}
    return {(each.path, each.code) for each in planned.value.faults}


def ready_to_launch(desk: Desk, zone: str, wall: datetime) -> RegionKey:
    """Bring a region of `zone` that is to launch at `wall` there to a go."""
    settled = desk.start_settled(plan_at(zone, wall, desk.clock.now))
    assert isinstance(settled.outcome, Accepted), settled.outcome
    [key] = settled.open_regions
    desk.write_all()
    desk.teach(key.region)
    desk.sign_all(key)
    desk.look(key)
    desk.accepted(key, desk.decide(key, Choice.GO))
    return key


def moved(desk: Desk, key: RegionKey, zone: str, wall: datetime, instant: datetime) -> None:
    """Move the launch of a region to `wall` there, so little later that its go covers it."""
    taken_for = reschedule_instant(written(wall), zone, now=desk.clock.now)
    assert taken_for == instant
    slip = desk.ask(key, "reschedule", OWNER, Role.PRODUCT_MANAGER, launch_at=taken_for, wall_clock=written(wall))
    desk.accepted(key, slip)
    decision = desk.region(key).decision
    assert decision is not None
    assert decision.stands_for == instant


def not_yet(desk: Desk, key: RegionKey, instant: datetime) -> None:
    """See that a moment before `instant` a go stands, and nothing launches."""
    desk.clock.now = instant - A_MOMENT
    desk.look(key)
    answer = desk.launch(key)
    assert isinstance(answer, NotNow), answer
    assert desk.region(key).ending is None
