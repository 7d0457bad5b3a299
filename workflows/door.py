"""How does a run close without losing an update that it has let in?"""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from readiness.commands import LaunchCommand, RegionCommand
from workflows.options import CONTINUE_AFTER_EVENTS

DOOR_CLOSED = "door-closed"
"""The error type of an update that came while a run was closing: it left no trace and is simply sent again."""


class Door:
    """Lets updates in until it is closed; every update's validator asks it."""

    def __init__(self) -> None:
        self._is_open = True

    def admit(self, command: RegionCommand | LaunchCommand) -> None:
        """Let a command in; raises ApplicationError of type `door-closed` once the run is closing."""
        if not self._is_open:
            raise ApplicationError(f"This run is closing. Send the {command.kind} again.", type=DOOR_CLOSED)

    def close(self) -> None:
        """Let nothing in any more."""
        self._is_open = False

    async def drain(self) -> None:
        """Close, and wait until everything that was let in has its answer."""
        self.close()
        await workflow.wait_condition(workflow.all_handlers_finished)


def history_is_long(*, after_events: int = CONTINUE_AFTER_EVENTS) -> bool:
    """Say whether the run should continue as new."""
    info = workflow.info()
    return info.is_continue_as_new_suggested() or info.get_current_history_length() >= after_events
