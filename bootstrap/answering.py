"""Who answers first what became of a command: its workflow, or the ledger?"""

# The ledger has the outcome before the workflow can say so, and what it has is final. A workflow still has to write
# its own history then, which nobody needs to wait for.

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

from api.sending import EngineAway, Sender
from readiness.commands import LaunchCommand, RegionCommand
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome
from store.outcomes import OutcomeWatch

_log = logging.getLogger(__name__)


class PromptSender:
    """Sends through another sender, and answers as soon as either that or the ledger knows the outcome."""

    def __init__(self, sender: Sender, outcomes: OutcomeWatch) -> None:
        self._sender = sender
        self._outcomes = outcomes
        self._under_way: set[asyncio.Task[Outcome]] = set()

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Return what became of `command`; raises EngineAway where nobody answered in time."""
        return await self._first(self._sender.launch(key, command), command.command_id)

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Return what became of `command`; raises EngineAway where nobody answered in time."""
        return await self._first(self._sender.region(key, command), command.command_id)

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Tell regions to look for themselves."""
        await self._sender.hint(keys)

    async def start_import(self, import_id: str) -> None:
        """Start the workflow of an import, or find it running; raises EngineAway."""
        await self._sender.start_import(import_id)

    async def _first(self, sending: Coroutine[Any, Any, Outcome], command_id: str) -> Outcome:
        loop = asyncio.get_running_loop()
        recorded: asyncio.Future[Outcome] = loop.create_future()

        def tell(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(_set, recorded, outcome)

        with self._outcomes.told(command_id, tell):
            sent = self._send_to_the_end(sending)
            await asyncio.wait((sent, recorded), return_when=asyncio.FIRST_COMPLETED)
        return recorded.result() if recorded.done() else await sent

    def _send_to_the_end(self, sending: Coroutine[Any, Any, Outcome]) -> asyncio.Task[Outcome]:
        """Send on, also when the answer is not needed any more: the workflow is to know what the ledger knows."""
        sent = asyncio.ensure_future(sending)
        self._under_way.add(sent)
        sent.add_done_callback(self._forget)
        return sent

    def _forget(self, sent: asyncio.Task[Outcome]) -> None:
        self._under_way.discard(sent)
        if not sent.cancelled() and isinstance(away := sent.exception(), EngineAway):
            _log.info("A workflow gave no answer: %s", away)


def _set(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)
