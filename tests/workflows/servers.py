"""On which servers do workflow tests and the recorder of histories play?"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from bootstrap import temporal

_BINARIES = Path(sys.executable).parent

_IN_A_HURRY = (
    "--dynamic-config-value",
    'history.timerProcessorMaxTimeShift="1ms"',
    "--dynamic-config-value",
    'history.workflowIdReuseMinimalInterval="0s"',
)
"""By default the server lets a second go by before a short timer rings and before a run is followed by the next."""


@asynccontextmanager
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """Run the server whose time skips, but only while somebody lets it pass.

    Left to itself it would jump years ahead whenever a result is waited for. It answers no update whose local
    activities outlast a workflow task, so what takes seconds is played on the real server.
    """
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(_BINARIES / "temporal-test-server"), data_converter=temporal.DATA_CONVERTER
    ) as env:
        with env.auto_time_skipping_disabled():
            await temporal.register_search_attributes(env.client)
            yield env


@asynccontextmanager
async def real_server(*settings: str) -> AsyncIterator[WorkflowEnvironment]:
    """Run the server that is delivered, in memory, with more `settings` if any; its time does not skip."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(_BINARIES / "temporal"),
        dev_server_log_level="never",
        dev_server_extra_args=(*_IN_A_HURRY, *settings),
        data_converter=temporal.DATA_CONVERTER,
    ) as env:
        await temporal.prepare(env.client)
        yield env
