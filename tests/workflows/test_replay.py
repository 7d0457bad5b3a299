"""Does every recorded history replay under the code and the rules of today?"""

import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.workflow import NondeterminismError

from bootstrap import temporal
from bootstrap.sandbox import sandbox
from readiness import rules
from readiness.keys import RegionKey
from readiness.ledger import Proposal
from tests.workflows.record_histories import HISTORIES, STORIES
from workflows.region_launch import RegionLaunchWorkflow

RECENT = sorted(HISTORIES.glob("*.json"))
FILES = sorted(HISTORIES.rglob("*.json"))
"""The recent ones and, each in a folder named after how things were done then, older ones."""

REGIONS = [file for file in FILES if file.stem not in {"delivery", "import", "whole-launch"}]


def _name(file: Path) -> str:
    return str(file.relative_to(HISTORIES).with_suffix(""))


async def _replay(
    file: Path, *, workflows: tuple[type, ...] = temporal.WORKFLOWS, runner: WorkflowRunner | None = None
) -> None:
    replayer = Replayer(
        workflows=workflows,
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=runner or sandbox(strict=True),
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(file.stem, file.read_text()))


@workflow.defn(name="RegionLaunchWorkflow")
class Canary(RegionLaunchWorkflow):
    """A region workflow that waits before it looks: as wrong as a change of order can be."""

    @workflow.init
    def __init__(self, key: RegionKey) -> None:
        super().__init__(key)

    @workflow.run
    async def run(self, key: RegionKey) -> None:
        """Wait, then run."""
        await workflow.sleep(1)
        await super().run(key)


def test_every_story_has_its_histories() -> None:
    """A story that nobody recorded protects nothing, and one that continued as new has more than one history."""
    recorded = [re.sub(r"-\d+$", "", file.stem) for file in RECENT]
    assert set(recorded) == set(STORIES)
    assert recorded.count("continued-as-new") > 1


@pytest.mark.parametrize("file", FILES, ids=_name)
async def test_a_recorded_history_replays(file: Path) -> None:
    """A launch that runs for months goes on under new code exactly where it was."""
    await _replay(file)


@pytest.mark.parametrize("file", FILES, ids=_name)
async def test_a_corrected_core_replays_what_happened_under_the_old_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timers, attributes and activities follow from what the ledger answered, never from a proposal in replay."""
    monkeypatch.setattr(rules, "propose", lambda *_, **__: Proposal())
    await _replay(file)


@pytest.mark.parametrize("file", REGIONS, ids=_name)
async def test_the_canary_dies(file: Path) -> None:
    """A workflow that does something else than was recorded is found out, so a passing replay means something."""
    with pytest.raises(NondeterminismError):
        await _replay(file, workflows=(Canary,), runner=UnsandboxedWorkflowRunner())
