"""Does a region launch exactly when it may, and is it held in every other case?"""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from readiness.commands import Choice, NameSeat, Role
from readiness.events import HoldCause, RegionHeld
from readiness.ledger import Accepted, Refused
from readiness.policy import Function, Stage
from readiness.region import Ending, Verdict
from readiness.rules import verdict_of
from readiness.working_days import after_working_days
from tests.readiness.builders import READY_WORLD, lasting, unpolled
from tests.workflows.scene import EMEA, Scene
from workflows import names

pytestmark = pytest.mark.temporal


def _holds(scene: Scene) -> list[HoldCause]:
    return [row.event.cause for row in scene.ledger.rows[EMEA] if isinstance(row.event, RegionHeld)]


async def test_a_region_with_a_go_launches_at_its_instant_and_not_before(scene: Scene) -> None:
    """Nothing launches until the instant that the go was for, and then the workflow ends."""
    region = await scene.begin()
    await scene.go()
    await scene.pass_until(region.launch_at - timedelta(minutes=1))
    await scene.hint()
    assert scene.ledger.launched == []
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().ending is Ending.LAUNCHED)
    await scene.until_closed()
    assert scene.ledger.launched == [EMEA]
    assert await scene.status() is WorkflowExecutionStatus.COMPLETED


async def test_operators_find_a_region_by_its_stage_verdict_and_instant(scene: Scene) -> None:
    """The search attributes say what the ledger says, from the first message on."""
    region = await scene.begin()
    await scene.go()
    shown = (await scene.handle().describe()).typed_search_attributes
    assert shown.get(names.LAUNCH_PRODUCT) == "atlas-2"
    assert shown.get(names.LAUNCH_REGION) == "emea"
    assert shown.get(names.LAUNCH_STAGE) == "go_no_go"
    assert shown.get(names.LAUNCH_VERDICT) == "go"
    assert shown.get(names.LAUNCH_AT) == region.launch_at


async def test_a_region_whose_evidence_falls_after_the_go_is_held(scene: Scene) -> None:
    """A go stays alive only while its evidence does: the hint makes the region look, and the look holds it."""
    region = await scene.begin()
    await scene.go()
    scene.ledger.worlds["emea"] = READY_WORLD.but(certified=39, lapsing=1)
    await scene.hint()
    await scene.until(lambda: scene.region().holding is not None)
    assert _holds(scene) == [HoldCause.GATE_UNMET]
    await scene.pass_until(region.launch_at + timedelta(hours=2))
    assert scene.ledger.launched == []
    assert await scene.status() is WorkflowExecutionStatus.RUNNING


async def test_a_lost_hint_delays_nothing_that_matters(scene: Scene) -> None:
    """At its instant the region looks for itself, so evidence that fell unheard of still holds it."""
    region = await scene.begin()
    await scene.go()
    scene.ledger.worlds["emea"] = READY_WORLD.but(trained=10)
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().holding is not None)
    assert _holds(scene) == [HoldCause.GATE_UNMET]
    assert scene.ledger.launched == []


async def test_a_rescheduled_region_needs_a_new_go_and_launches_at_the_new_instant(scene: Scene) -> None:
    """Rescheduling takes the go away, and the old instant passes without a launch."""
    region = await scene.begin()
    await scene.go()
    later = region.launch_at + timedelta(days=5)
    assert isinstance(await scene.send(await scene.reschedule(later)), Accepted)
    assert scene.region().decision is None
    await scene.pass_until(region.launch_at + timedelta(hours=2))
    assert scene.region().holding is None
    assert isinstance(await scene.send(await scene.decide(Choice.GO)), Accepted)
    await scene.pass_until(later)
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    assert scene.region().ended_at is not None
    assert scene.region().ended_at >= later  # type: ignore[operator]  # It has just been seen not to be None.


async def test_a_slipped_region_keeps_a_go_that_covers_it_and_launches_at_the_new_instant(scene: Scene) -> None:
    """The slip is judged on evidence for the new instant; the old one passes without a launch and without a hold."""
    region = await scene.begin(policy=lasting())
    await scene.go()
    later = region.launch_at + timedelta(days=5)
    assert isinstance(await scene.send(await scene.reschedule(later)), Accepted)
    assert verdict_of(scene.region()) is Verdict.GO
    await scene.pass_until(region.launch_at + timedelta(hours=2))
    assert (scene.region().holding, scene.region().ending) == (None, None)
    await scene.pass_until(later)
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    assert "region_rescheduled" not in scene.ledger.types(EMEA)


async def test_a_go_that_a_gate_took_away_revives_when_the_facts_come_back_and_launches(scene: Scene) -> None:
    """A hint is enough: the region looks, and the go stands as it stood."""
    region = await scene.begin(policy=lasting(2))
    await scene.go()
    scene.ledger.worlds["emea"] = READY_WORLD.but(certified=34)
    await scene.hint()
    await scene.until(lambda: verdict_of(scene.region()) is Verdict.HELD)
    scene.ledger.worlds["emea"] = READY_WORLD
    await scene.hint()
    await scene.until(lambda: "go_revived" in scene.ledger.types(EMEA))
    assert verdict_of(scene.region()) is Verdict.GO
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.ledger.launched == [EMEA])


async def test_the_timer_of_an_idle_seat_rings_and_somebody_else_is_named(scene: Scene) -> None:
    """Nobody hints: the region wakes when the days are over, and takes the name as an update."""
    region = await scene.begin(policy=unpolled(2).model_copy(update={"idle_working_days": 3}))
    await scene.hint()
    await scene.pass_until(after_working_days(region.started_at, 3, region.plan.time_zone))
    await scene.until(lambda: "seat_idled" in scene.ledger.types(EMEA))
    asked = await scene.asked("ex-1", Role.EXECUTIVE)
    named = NameSeat(function=Function.SALES, named="sa-2", **asked)
    assert isinstance(await scene.send(named), Accepted)
    seat = scene.region().idle_seat(Stage.VALUE_PROPOSITIONS, Function.SALES)
    assert seat is not None
    assert (seat.named, seat.named_by) == ("sa-2", "ex-1")


async def test_a_no_go_ends_when_its_review_comes(scene: Scene) -> None:
    """The question of a no-go is open again at the date that it named, without anybody asking."""
    await scene.begin()
    await scene.sign_everything()
    asked = await scene.decide(Choice.NO_GO, review_in=timedelta(days=7))
    assert isinstance(await scene.send(asked), Accepted)
    assert verdict_of(scene.region()) is Verdict.NO_GO
    await scene.pass_time(timedelta(days=7, minutes=1))
    await scene.until(lambda: "review_came" in scene.ledger.types(EMEA))
    assert verdict_of(scene.region()) is Verdict.READY


async def test_a_resumed_region_is_ready_but_has_no_go(scene: Scene) -> None:
    """A hold takes the go away for good: what resumes needs another decision before it launches."""
    region = await scene.begin()
    await scene.go()
    assert isinstance(await scene.send(await scene.hold()), Accepted)
    assert verdict_of(scene.region()) is Verdict.HELD
    assert isinstance(await scene.send(await scene.resume()), Accepted)
    assert verdict_of(scene.region()) is Verdict.READY
    assert isinstance(await scene.send(await scene.decide(Choice.GO)), Accepted)
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.ledger.launched == [EMEA])


async def test_a_region_without_a_go_at_its_instant_is_held_and_never_launches_by_itself(scene: Scene) -> None:
    """A missed instant is a hold that only a reschedule ends; a go after it is refused."""
    region = await scene.begin()
    await scene.sign_everything()
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().holding is not None)
    assert _holds(scene) == [HoldCause.LAUNCH_INSTANT_MISSED]
    assert isinstance(await scene.send(await scene.decide(Choice.GO)), Refused)
    await scene.pass_time(timedelta(hours=2))
    assert scene.ledger.launched == []


async def test_a_launch_that_cannot_be_told_yet_is_tried_again(scene: Scene) -> None:
    """*Not now* is neither yes nor no: the region looks and tries again, and is not held."""
    region = await scene.begin()
    await scene.go()
    scene.ledger.faults.not_now = 3
    await scene.pass_until(region.launch_at + timedelta(minutes=1))
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    assert _holds(scene) == []
    assert scene.ledger.faults.not_now == 0


async def test_a_hold_reaches_a_region_that_waits_to_launch(scene: Scene) -> None:
    """Between two tries the region is free, so that a hold still stops the launch."""
    region = await scene.begin()
    await scene.go()
    scene.ledger.faults.not_now = 1_000
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.ledger.faults.not_now < 1_000)
    assert isinstance(await scene.send(await scene.hold()), Accepted)
    scene.ledger.faults.not_now = 0
    await scene.pass_time(timedelta(minutes=2))
    assert scene.ledger.launched == []
    assert verdict_of(scene.region()) is Verdict.HELD


async def test_a_real_no_of_the_launch_transaction_holds_the_region(scene: Scene) -> None:
    """What the second lock finds stands in the hold, word by word."""
    region = await scene.begin()
    await scene.go()
    scene.ledger.faults.objections = ("the decision has no command behind it",)
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().holding is not None)
    holding = scene.region().holding
    assert holding is not None
    assert holding.cause is HoldCause.LAUNCH_REFUSED
    assert holding.objections == ("the decision has no command behind it",)
    assert scene.ledger.launched == []


async def test_a_region_launches_once_even_if_the_answer_is_lost(scene: Scene) -> None:
    """The launch transaction commits and nobody hears of it: asked again, it answers with what it did."""
    region = await scene.begin()
    await scene.go()
    await scene.pass_until(region.launch_at - timedelta(seconds=30))
    scene.ledger.faults.not_now = 1
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.ledger.faults.not_now == 0)
    scene.ledger.faults.lost_answers = 1
    await scene.pass_time(timedelta(seconds=20))
    await scene.until(lambda: scene.ledger.launched == [EMEA])
    await scene.until_closed()
    assert scene.ledger.types(EMEA).count("region_launched") == 1
    assert await scene.status() is WorkflowExecutionStatus.COMPLETED


async def test_a_cancelled_region_ends_and_answers_commands_with_a_refusal(scene: Scene) -> None:
    """A command for an ended region brings its workflow back from the ledger, which refuses and ends again."""
    await scene.begin()
    assert isinstance(await scene.send(await scene.cancel()), Accepted)
    await scene.until_closed()
    answer = await scene.send(await scene.hold())
    assert isinstance(answer, Refused)
    assert answer.refusal.kind == "region-ended"
    await scene.until_closed()
    assert await scene.status() is WorkflowExecutionStatus.COMPLETED
