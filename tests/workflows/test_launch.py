"""Does a launch as a whole start its regions, outlive them and end with the last?"""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from readiness.commands import Choice
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Refused
from readiness.region import Ending
from tests.readiness.builders import READY_WORLD
from tests.workflows.scene import ATLAS, EMEA, Scene
from workflows.launch import LaunchWorkflow

pytestmark = pytest.mark.temporal

APAC = RegionKey(product="atlas-2", region="apac", run=1)


async def test_a_launch_starts_a_workflow_for_each_region_and_ends_with_the_last(scene: Scene) -> None:
    """The answer to a start means that every region is in the ledger; their workflows follow, and outlive nothing."""
    assert isinstance(await scene.send_to_launch(await scene.start_launch("emea", "apac")), Accepted)
    assert [scene.region(key).version for key in (EMEA, APAC)] == [1, 1]
    await scene.until_running(EMEA)
    await scene.until_running(APAC)
    assert isinstance(await scene.send(await scene.cancel(), APAC), Accepted)
    await scene.until_closed(APAC)
    assert (await scene.launch_handle().describe()).status is WorkflowExecutionStatus.RUNNING
    scene.ledger.worlds["emea"] = READY_WORLD
    await scene.go()
    await scene.pass_until(scene.region().launch_at)
    await scene.until(lambda: scene.region().ending is Ending.LAUNCHED)
    await scene.until_launch_closed()
    launch = scene.ledger.launch_as_a_whole(ATLAS)
    assert launch is not None
    assert launch.ended_at is not None


async def test_a_cancelled_region_may_be_added_again_under_its_next_run(scene: Scene) -> None:
    """The region that is added again has a ledger of its own, and its workflow carries the new run."""
    await scene.send_to_launch(await scene.start_launch("emea", "apac"))
    await scene.until_running(EMEA)
    await scene.send(await scene.cancel())
    await scene.until_closed()
    assert isinstance(await scene.send_to_launch(await scene.add_region("emea")), Accepted)
    again = RegionKey(product="atlas-2", region="emea", run=2)
    await scene.until(lambda: len(scene.ledger.rows[again]) > 1)
    assert isinstance(await scene.send(await scene.hold(), again), Accepted)


async def test_a_launch_and_its_regions_are_handed_over(scene: Scene) -> None:
    """The launch as a whole and a region each take their own command; what joins later is the new owner's."""
    await scene.send_to_launch(await scene.start_launch("emea"))
    assert isinstance(await scene.send_to_launch(await scene.hand_over("pm-8")), Accepted)
    assert isinstance(await scene.send(await scene.change_owner("pm-8")), Accepted)
    assert (scene.region().owner, scene.region().former_owners) == ("pm-8", ("pm-7",))
    again = await scene.send(await scene.change_owner("pm-8"))
    assert isinstance(again, Refused)
    assert again.refusal.kind == "owner-unchanged"
    await scene.send_to_launch(await scene.add_region("apac"))
    assert scene.region(APAC).owner == "pm-8"


async def test_a_second_start_is_refused_while_the_launch_runs(scene: Scene) -> None:
    """One product has one launch at a time, and a repeat of the first start has the answer of the first."""
    first = await scene.start_launch("emea")
    answer = await scene.send_to_launch(first)
    second = await scene.send_to_launch(await scene.start_launch("apac"))
    assert isinstance(second, Refused)
    assert second.refusal.kind == "launch-already-running"
    assert await scene.send_to_launch(first) == answer


async def test_a_refused_start_leaves_no_workflow_behind(scene: Scene) -> None:
    """A launch that could not start has nothing to run."""
    start = await scene.start_launch("emea")
    await scene.pass_time(timedelta(days=90))
    refused = await scene.send_to_launch(start)
    assert isinstance(refused, Refused)
    assert refused.refusal.kind == "launch-in-the-past"
    await scene.until_launch_closed()
    assert await scene.launch_handle().query(LaunchWorkflow.launch) is None


async def test_regions_live_on_when_their_launch_is_terminated_and_come_back_with_it(scene: Scene) -> None:
    """Children are abandoned, not ended; and whatever region is lost, its launch starts it again from the ledger."""
    await scene.send_to_launch(await scene.start_launch("emea", "apac"))
    await scene.until_running(EMEA)
    await scene.until_running(APAC)
    await scene.launch_handle().terminate("somebody who reached Temporal")
    assert await scene.status(EMEA) is WorkflowExecutionStatus.RUNNING
    await scene.handle(APAC).terminate("somebody who reached Temporal")
    assert isinstance(await scene.send_to_launch(await scene.add_region("amer")), Accepted)
    await scene.until_running(APAC)
    assert isinstance(await scene.send(await scene.decide(Choice.HOLD), APAC), Accepted)
    scene.ledger.worlds["emea"] = READY_WORLD
    await scene.go()
    await scene.pass_until(scene.region().launch_at)
    await scene.until(lambda: EMEA in scene.ledger.launched)


async def test_fifty_regions_are_started_by_one_launch(scene: Scene) -> None:
    """A launch of fifty regions has fifty workflows running soon after its answer."""
    regions = [f"r{number:02}" for number in range(50)]
    assert isinstance(await scene.send_to_launch(await scene.start_launch(*regions)), Accepted)
    keys = [RegionKey(product="atlas-2", region=region, run=1) for region in regions]
    await scene.until(lambda: all(len(scene.ledger.rows[key]) > 1 for key in keys))
