"""What survives when a workflow, a worker or the store is lost?"""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from api.sending import EngineAway
from readiness.commands import Choice
from readiness.ledger import Accepted
from readiness.policy import Function, Stage
from readiness.region import Ending
from tests.workflows.scene import EMEA, Scene

pytestmark = pytest.mark.temporal


async def test_three_hundred_acknowledged_updates_are_there_once_over_several_runs(scene: Scene) -> None:
    """Door, drain and continue-as-new lose no update that was let in, and the ledger doubles none."""
    await scene.begin()
    commands = [await scene.hold() if n % 2 == 0 else await scene.resume() for n in range(300)]
    turnstile = asyncio.Semaphore(6)

    async def send(number: int) -> bool:
        async with turnstile:
            return isinstance(await scene.send(commands[number]), Accepted)

    accepted = await asyncio.gather(*(send(number) for number in range(300)))
    asked = [row.event.command_id for row in scene.ledger.rows[EMEA][1:] if row.event.command_id is not None]
    assert sorted(asked) == sorted(c.command_id for c, is_in in zip(commands, accepted, strict=True) if is_in)
    assert len(scene.ledger.outcomes) == 300
    assert [row.version for row in scene.ledger.rows[EMEA]] == list(range(1, len(scene.ledger.rows[EMEA]) + 1))
    first = await scene.first_run_id()
    assert (await scene.handle().describe()).run_id != first


async def test_a_terminated_region_comes_back_with_the_next_command(scene: Scene) -> None:
    """A workflow is only the carrier: its ledger brings it back, and it launches at its instant."""
    region = await scene.begin()
    await scene.sign_everything()
    await scene.handle().terminate("somebody who reached Temporal")
    assert isinstance(await scene.send(await scene.decide(Choice.GO)), Accepted)
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.region().ending is Ending.LAUNCHED)


async def test_a_terminated_region_comes_back_with_a_hint(scene: Scene) -> None:
    """A hint starts a lost region again, and it goes on from its ledger."""
    region = await scene.begin()
    await scene.go()
    await scene.handle().terminate("somebody who reached Temporal")
    await scene.hint()
    await scene.pass_until(region.launch_at)
    await scene.until(lambda: scene.ledger.launched == [EMEA])


async def test_a_settled_command_whose_answer_was_lost_is_answered_and_done_once(scene: Scene) -> None:
    """The ledger was written before Temporal knew: asked again, it returns the outcome that the command has."""
    await scene.begin()
    scene.ledger.faults.lost_answers = 1
    command = await scene.sign_off(Stage.VALUE_PROPOSITIONS, Function.MARKETING)
    assert isinstance(await scene.send(command), Accepted)
    assert scene.ledger.types(EMEA).count("signed_off") == 1


async def test_a_command_sent_again_has_the_outcome_that_it_had(scene: Scene) -> None:
    """Whatever came since, a repeat has one effect and one answer, over all runs."""
    await scene.begin()
    command = await scene.hold()
    first = await scene.send(command)
    await scene.send(await scene.resume())
    await scene.handle().terminate("between the two")
    assert await scene.send(command) == first
    assert scene.region().holding is None


async def test_a_store_that_is_away_is_no_outcome(real_scene: Scene) -> None:
    """The update fails after five seconds and nothing is recorded; sent again later, the command is carried out."""
    await real_scene.begin()
    await real_scene.hint()
    await real_scene.until(lambda: len(real_scene.ledger.rows[EMEA]) > 1)
    real_scene.ledger.faults.away = True
    command = await real_scene.hold()
    with pytest.raises(EngineAway):
        await real_scene.send(command)
    assert real_scene.ledger.outcomes == {}
    real_scene.ledger.faults.away = False
    assert isinstance(await real_scene.send(command), Accepted)


async def test_a_region_waits_for_a_store_that_is_away_and_then_goes_on(real_scene: Scene) -> None:
    """A look without an answer is repeated after a pause; the workflow never fails of it."""
    await real_scene.begin()
    real_scene.ledger.faults.away = True
    await real_scene.hint()
    await real_scene.until(lambda: real_scene.ledger.looks >= 2)
    real_scene.ledger.faults.away = False
    await real_scene.until(lambda: len(real_scene.ledger.rows[EMEA]) > 1)
    assert await real_scene.status() is WorkflowExecutionStatus.RUNNING


async def test_a_ledger_behind_its_workflow_is_left_alone(scene: Scene) -> None:
    """A restored database fails closed: commands get no outcome, nothing is written, and the workflow stays."""
    region = await scene.begin()
    await scene.go()
    rows = len(scene.ledger.rows[EMEA])
    scene.ledger.faults.behind = True
    with pytest.raises(EngineAway, match="ended before"):
        await scene.send(await scene.hold())
    await scene.pass_until(region.launch_at + timedelta(minutes=5))
    assert scene.ledger.launched == []
    assert len(scene.ledger.rows[EMEA]) == rows
    assert await scene.status() is WorkflowExecutionStatus.RUNNING


async def test_a_command_that_never_passed_the_door_changes_nothing(scene: Scene) -> None:
    """Whoever reaches Temporal can send a go, but without the command log behind it nothing moves."""
    region = await scene.begin()
    await scene.sign_everything()
    rows = len(scene.ledger.rows[EMEA])
    forged = await scene.decide(Choice.GO)
    with pytest.raises(EngineAway):
        await scene.send_forged(forged)
    assert scene.ledger.forged == [forged.command_id]
    assert len(scene.ledger.rows[EMEA]) == rows
    await scene.pass_until(region.launch_at + timedelta(minutes=5))
    assert scene.ledger.launched == []


async def test_a_region_that_no_ledger_knows_ends_at_once(scene: Scene) -> None:
    """A workflow that somebody started with a key of their own has nothing to run."""
    await scene.hint()
    await scene.until_closed()
    assert await scene.status() is WorkflowExecutionStatus.FAILED
