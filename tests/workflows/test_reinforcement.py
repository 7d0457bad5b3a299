"""Is what a launch still owes kept up until it is met?"""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from readiness.canonical import digest
from readiness.commands import Choice, Decide, MeetCondition, Promise, RevokePermit, Role
from readiness.ledger import Accepted
from readiness.region import Verdict
from readiness.rules import verdict_of
from tests.workflows.scene import EMEA, LEAD, Scene, until_over
from workflows import names
from workflows.reinforcement import ReinforcementWorkflow

pytestmark = pytest.mark.temporal


async def launched_owing(scene: Scene) -> None:
    """Bring a region to its launch on a condition that is due five days after it."""
    region = await scene.begin()
    await scene.sign_everything()
    promise = Promise(owner="en-1", due_at=region.launch_at + timedelta(days=5), text_digest=digest("the price list"))
    asked = await scene.asked("ex-1", Role.EXECUTIVE)
    outcome = await scene.send(Decide(choice=Choice.CONDITIONAL_GO, conditions=(promise,), **asked))
    assert isinstance(outcome, Accepted), outcome
    await scene.pass_time(LEAD)
    await scene.until(lambda: verdict_of(scene.region()) is Verdict.LAUNCHED)
    await scene.until_closed()


def handle(scene: Scene) -> WorkflowHandle[ReinforcementWorkflow, None]:
    """Return the workflow that keeps up what is owed."""
    return scene.env.client.get_workflow_handle_for(
        ReinforcementWorkflow.run, names.reinforcement_id(EMEA.product, EMEA.region)
    )


async def status(scene: Scene) -> WorkflowExecutionStatus | None:
    """Return how it stands with Temporal."""
    return (await handle(scene).describe()).status


async def meet(scene: Scene) -> MeetCondition:
    """Return the word that the condition is met."""
    decision = scene.region().decision
    assert decision is not None
    asked = await scene.asked("en-1", Role.ENABLEMENT)
    return MeetCondition(condition=decision.conditions[0].promised.id, proof_digest=digest("printed"), **asked)


async def test_a_launch_that_owes_nothing_is_kept_up_by_nobody(scene: Scene) -> None:
    """A plain go ends with its launch."""
    await scene.begin()
    await scene.go()
    await scene.pass_time(LEAD)
    await scene.until_closed()
    with pytest.raises(RPCError) as error:
        await status(scene)
    assert error.value.status is RPCStatusCode.NOT_FOUND


async def test_what_is_missed_is_told_and_suspends_the_permit_by_itself(scene: Scene) -> None:
    """Nobody asks: its date comes, then the week after it."""
    await launched_owing(scene)
    assert await status(scene) is WorkflowExecutionStatus.RUNNING
    await scene.pass_time(timedelta(days=5, minutes=1))
    await scene.until(lambda: scene.ledger.types(EMEA)[-1] == "condition_missed")
    await scene.pass_time(timedelta(days=7))
    await scene.until(lambda: scene.ledger.types(EMEA)[-1] == "permit_suspended")
    assert await status(scene) is WorkflowExecutionStatus.RUNNING


async def test_a_condition_met_after_the_launch_ends_what_is_owed(scene: Scene) -> None:
    """It is accepted although the region launch has ended, restores the permit, and nothing runs on."""
    await launched_owing(scene)
    await scene.pass_time(timedelta(days=13))
    await scene.until(lambda: scene.region().suspended_at is not None)
    outcome = await scene.send(await meet(scene))
    assert isinstance(outcome, Accepted), outcome
    assert scene.ledger.types(EMEA)[-2:] == ["condition_met", "permit_restored"]
    await scene.until_closed()
    await until_over(handle(scene))
    assert await status(scene) is WorkflowExecutionStatus.COMPLETED


async def test_a_lost_reinforcement_comes_back_with_a_hint_to_its_region(scene: Scene) -> None:
    """A run of the region launch finds it ended and owing, and starts what keeps it up."""
    await launched_owing(scene)
    await handle(scene).terminate()
    await scene.hint()
    await scene.until_closed()
    assert await status(scene) is WorkflowExecutionStatus.RUNNING


async def test_a_permit_is_revoked_after_the_launch_while_nothing_runs_and_while_something_is_owed(
    scene: Scene,
) -> None:
    """A short run of the region launch takes it away, and what is owed is kept up all the same."""
    await launched_owing(scene)
    revoke = RevokePermit(**await scene.asked("ex-1", Role.EXECUTIVE))
    outcome = await scene.send(revoke)
    assert isinstance(outcome, Accepted), outcome
    assert scene.ledger.types(EMEA)[-1] == "permit_revoked"
    await scene.until_closed()
    await scene.pass_time(timedelta(days=13))
    await scene.until(lambda: scene.ledger.types(EMEA)[-1] == "condition_missed")
    assert isinstance(await scene.send(await meet(scene)), Accepted)
    await until_over(handle(scene))
    assert scene.ledger.types(EMEA)[-1] == "condition_met"
