"""Do the regions of a wave launch together where their policy says so, whatever happens at one instant?"""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from readiness.commands import Choice, Role
from readiness.events import HoldCause, RegionHeld
from readiness.keys import RegionKey
from readiness.ledger import LaunchDenied, Launched, LaunchRefused, NotNow
from readiness.policy import Policy, WaveLaunch
from readiness.rules import evolve
from store.engine import open_store
from store.ledger import append
from store.projection import move_row
from store.regions import lock_region
from store.sight import look
from tests.readiness.builders import LAUNCH_AT, OWNER, UNPOLLED
from tests.store.desk import Clock, Desk, plan

ROUNDS = 4
"""Pairs of regions in each race: taking each its own row first, the first pair waited for each other."""


class TickingClock(Clock):
    """A clock that no two people read alike, so that moments tell the order in which rows were taken."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks = itertools.count()

    def __call__(self) -> datetime:
        """Return the moment, a little later each time."""
        return self.now + next(self._ticks) * timedelta(microseconds=1)


def together() -> Policy:
    """Return a policy by which a wave launches together."""
    rules = UNPOLLED.go_no_go.model_copy(update={"wave": WaveLaunch.TOGETHER})
    return UNPOLLED.model_copy(update={"go_no_go": rules})


@pytest.fixture
def ticking(store_url: str) -> Iterator[Desk]:
    """A desk whose launches go wave by wave, and whose clock goes on."""
    store = open_store(store_url, clock := TickingClock())
    try:
        yield Desk(store, clock, together())
    finally:
        store.close()


@pytest.fixture
def waves(desk: Desk) -> Desk:
    """A desk whose launches go wave by wave."""
    desk.policy = together()
    return desk


def started(desk: Desk, regions: dict[str, int]) -> tuple[RegionKey, ...]:
    """Start a launch in these regions, each in its wave."""
    wanted = plan(*regions, policy=desk.policy)
    placed = tuple(region.model_copy(update={"wave": regions[region.region]}) for region in wanted.regions)
    keys = desk.start_settled(wanted.model_copy(update={"regions": placed})).open_regions
    desk.write_all()
    return keys


def take_to_go(desk: Desk, key: RegionKey) -> None:
    """Bring a region to a go."""
    desk.teach(key.region, people=1, trained=1, certified=1)
    desk.sign_all(key)
    desk.look(key)
    desk.accepted(key, desk.decide(key, Choice.GO))


def at_the_instant(desk: Desk) -> None:
    """Move the clock to the launch instant."""
    desk.clock.now = LAUNCH_AT


def test_mates_that_all_stand_at_a_go_launch_one_after_the_other(waves: Desk) -> None:
    """Who has launched stands in nobody's way."""
    keys = started(waves, {"apac": 1, "emea": 1, "latam": 1})
    for key in keys:
        take_to_go(waves, key)
    at_the_instant(waves)
    for key in keys:
        assert isinstance(waves.launch(key), Launched)


def test_a_region_is_held_where_a_mate_has_no_go_and_is_told_which(waves: Desk) -> None:
    """A go of its own is not enough, and the timeline says so."""
    apac, emea = started(waves, {"apac": 1, "emea": 1})
    take_to_go(waves, emea)
    at_the_instant(waves)
    answer = waves.launch(emea)
    assert answer == LaunchDenied(objections=("wave 1 launches together, and waits for apac (not ready)",))
    waves.carry_out(emea, LaunchRefused(objections=answer.objections))
    holding = waves.region(emea).holding
    assert holding is not None
    assert holding.objections == answer.objections
    assert waves.region(apac).ending is None


def test_other_waves_and_cancelled_regions_are_not_waited_for(waves: Desk) -> None:
    """A wave is a wave of one launch, and of those that still mean to launch."""
    apac, emea, latam = started(waves, {"apac": 1, "emea": 1, "latam": 2})
    take_to_go(waves, emea)
    waves.accepted(apac, waves.ask(apac, "cancel", OWNER, Role.PRODUCT_MANAGER))
    at_the_instant(waves)
    assert isinstance(waves.launch(emea), Launched)
    assert waves.region(latam).ending is None


def test_regions_that_launch_alone_do_not_look_at_their_wave(desk: Desk) -> None:
    """Unless the policy says so, a wave locks nothing."""
    _, emea = started(desk, {"apac": 1, "emea": 1})
    take_to_go(desk, emea)
    assert (evidence := look(desk.store, emea, 0).evidence) is not None
    assert evidence.wave_mates is None
    at_the_instant(desk)
    assert isinstance(desk.launch(emea), Launched)


def test_a_launch_waits_while_a_mate_is_being_checked(waves: Desk) -> None:
    """Facts that fell are judged first: then it is a no, or a yes."""
    apac, emea = started(waves, {"apac": 1, "emea": 1})
    for key in (apac, emea):
        take_to_go(waves, key)
    waves.teach("apac", people=2, trained=1, certified=1)
    at_the_instant(waves)
    assert waves.launch(emea) == NotNow(reason="of its wave apac being settled")
    waves.look(apac)
    assert waves.launch(emea) == LaunchDenied(objections=("wave 1 launches together, and waits for apac (held)",))


def test_a_launch_waits_for_what_was_asked_of_a_mate(waves: Desk) -> None:
    """Somebody may have said stop for the other region: that is carried out first."""
    apac, emea = started(waves, {"apac": 1, "emea": 1})
    for key in (apac, emea):
        take_to_go(waves, key)
    at_the_instant(waves)
    hold = waves.hold(apac)
    assert isinstance(waves.launch(emea), NotNow)
    waves.accepted(apac, hold)
    assert isinstance(waves.launch(emea), LaunchDenied)


def test_mates_that_launch_at_one_instant_both_launch(ticking: Desk) -> None:
    """They take each other's rows in one order, so neither waits for ever nor finds the other gone."""
    pairs = _pairs(ticking)
    for first, second in pairs:
        answers = _raced(partial(ticking.launch, first), partial(ticking.launch, second))
        assert [type(answer) for answer in answers] == [Launched, Launched]


def test_a_launch_waits_for_a_mate_that_is_moving_and_sees_what_became_of_it(waves: Desk) -> None:
    """Held in the very instant, a mate is either held before, and seen, or it is held after the launch: whoever
    launches takes its row first, and does not read past one that is being written."""
    apac, emea = started(waves, {"apac": 1, "emea": 1})
    for key in (apac, emea):
        take_to_go(waves, key)
    at_the_instant(waves)
    with ThreadPoolExecutor(max_workers=1) as pool:
        with waves.store.writing() as tx:
            record = lock_region(tx, apac)
            now = waves.store.now(tx)
            held = RegionHeld(at=now, cause=HoldCause.LAUNCH_REFUSED, objections=("another reason",))
            rows = append(tx, apac, [held], after=record.version, now=now)
            move_row(tx, record, evolve(record.region, rows[0].event), now=now)
            launching = pool.submit(waves.launch, emea)
            with pytest.raises(TimeoutError):
                launching.result(timeout=1)
        answer = launching.result(timeout=30)
    assert answer == LaunchDenied(objections=("wave 1 launches together, and waits for apac (held)",))


def _pairs(desk: Desk) -> list[tuple[RegionKey, RegionKey]]:
    """Return pairs of regions at their launch instant with a go, each pair a wave of its own."""
    names = {f"region-{n:02}-{end}": n + 1 for n in range(ROUNDS) for end in "ab"}
    keys = started(desk, names)
    for key in keys:
        take_to_go(desk, key)
    at_the_instant(desk)
    return list(zip(keys[::2], keys[1::2], strict=True))


def _raced(*acts: Callable[[], Any]) -> list[Any]:
    """Run all at once and return what they return."""
    gate = threading.Barrier(len(acts))

    def after_the_gate(act: Callable[[], Any]) -> Any:
        gate.wait(timeout=10)
        return act()

    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        return [each.result(timeout=30) for each in [pool.submit(after_the_gate, act) for act in acts]]
