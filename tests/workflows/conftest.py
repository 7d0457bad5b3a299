"""Which stages do the workflow tests play on?"""

from collections.abc import AsyncIterator

import pytest

from tests.workflows.scene import Scene
from tests.workflows.servers import real_server, skipping_server


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A running worker on a ledger in memory, and a server whose time skips."""
    async with skipping_server() as env:
        scene = await Scene.on(env)
        async with scene.worker():
            yield scene


@pytest.fixture
async def real_scene() -> AsyncIterator[Scene]:
    """A running worker on a ledger in memory, and the real server."""
    async with real_server() as env:
        scene = await Scene.on(env)
        async with scene.worker():
            yield scene
