"""On which server do the workflow tests play?"""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from bootstrap import temporal
from tests.workflows.fake_ledger import FakeLedger
from tests.workflows.scene import Scene

_BINARIES = Path(sys.executable).parent

REAL_SERVER_IN_A_HURRY = (
    "--dynamic-config-value",
    'history.timerProcessorMaxTimeShift="1ms"',
    "--dynamic-config-value",
    'history.workflowIdReuseMinimalInterval="0s"',
)
"""By default the server lets a second go by before a short timer rings and before a run is followed by the next."""


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server of this test's own whose clock only moves faster when the test says so."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(_BINARIES / "temporal-test-server"), data_converter=temporal.DATA_CONVERTER
        ) as env,
    ):
        with env.auto_time_skipping_disabled():
            await temporal.register_search_attributes(env.client)
            yield env


@pytest.fixture
async def scene(time_skipping: WorkflowEnvironment) -> AsyncIterator[Scene]:
    """A running worker on a ledger in memory."""
    scene = Scene(time_skipping, FakeLedger(await time_skipping.get_current_time()), "test")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(scene.worker())
        yield scene


@pytest.fixture
async def real_scene() -> AsyncIterator[Scene]:
    """A running worker on a ledger in memory and on the real server, whose time does not skip."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(_BINARIES / "temporal"),
        dev_server_log_level="never",
        dev_server_extra_args=REAL_SERVER_IN_A_HURRY,
        data_converter=temporal.DATA_CONVERTER,
    ) as env:
        await temporal.prepare(env.client)
        scene = Scene(env, FakeLedger(await env.get_current_time()), "test")
        async with scene.worker():
            yield scene
