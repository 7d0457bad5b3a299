"""How does an authenticated command reach its workflow?"""

from collections.abc import Iterable
from typing import Protocol

from readiness.commands import LaunchCommand, RegionCommand
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome


class EngineAway(Exception):  # noqa: N818 - named as what is wrong, like StoreAway.
    """The workflow engine did not answer in time: what was asked may or may not have happened."""


class Sender(Protocol):
    """Carries commands to workflows and brings back what became of them.

    Every method may be called again with the same command: the command log knows it by its id, and it has one effect.
    """

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Return what became of `command`; raises EngineAway where nobody answered in time."""

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Return what became of `command`; raises EngineAway where nobody answered in time."""

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Tell regions to look for themselves; a hint that is lost is healed by the relay."""

    async def start_import(self, import_id: str) -> None:
        """Start the workflow of an import, or find it running; raises EngineAway."""
