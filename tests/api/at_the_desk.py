"""Who carries out commands behind the door of a test, without an engine?"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.testclient import TestClient

from api.app import create_app
from api.dependencies import Dependencies
from api.identity import EmbeddedIssuer
from api.sending import EngineAway
from bootstrap.web import routers
from readiness.commands import LaunchCommand, RegionCommand
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome
from tests.api.door import SettableClock, dependencies
from tests.store.desk import Desk


@dataclass
class AtTheDesk:
    """A sender that looks, proposes and settles as workflows do, one act per region at a time."""

    desk: Desk
    away: set[str] = field(default_factory=set)
    """Regions from which no answer comes."""
    sent: list[str] = field(default_factory=list)
    """The region of every command that was sent, in order."""
    at_once: int = 0
    most_at_once: int = 0

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Settle a command of the launch as a whole."""
        settled = await run_in_threadpool(self.desk.carry_out_launch, key, command)
        assert settled.outcome is not None
        return settled.outcome

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Settle a command of a region; raises EngineAway where the region is `away`."""
        self.sent.append(key.region)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.to_thread(lambda: None)
            if key.region in self.away:
                raise EngineAway
            settled = await run_in_threadpool(self.desk.carry_out, key, command)
        finally:
            self.at_once -= 1
        assert settled.outcome is not None
        return settled.outcome

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Do nothing: hints may be lost."""

    async def start_import(self, import_id: str) -> None:
        """Raise EngineAway."""
        raise EngineAway


@contextmanager
def house_of(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[tuple[TestClient, AtTheDesk]]:
    """Open the whole API on the store of `desk`, with who carries out what is asked there."""
    sender = AtTheDesk(desk)
    deps = replace(dependencies(desk.store, issuer, clock), sender=sender)
    with TestClient(_whole(deps)) as opened:
        yield opened, sender


_MADE: list[FastAPI] = []


def _whole(deps: Dependencies) -> FastAPI:
    """Return the whole API on `deps`, made once for all tests of a process: making it takes most of a second."""
    if not _MADE:
        _MADE.append(create_app(deps, routers=routers()))
    (app,) = _MADE
    app.state.dependencies = deps
    return app
