"""How do commands, hints and imports reach their workflows through Temporal?"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypedDict
from uuid import uuid4
from weakref import WeakValueDictionary

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.messages import OTHER_RUN
from api.sending import EngineAway
from readiness.commands import (
    AddRegion,
    AddressLesson,
    AskPolicyChange,
    Cancel,
    CastBallot,
    ChangeOwner,
    ConfirmPolicyChange,
    Decide,
    DeclinePolicyChange,
    DenyWaiver,
    GrantWaiver,
    HandOver,
    Hold,
    LaunchCommand,
    MeetCondition,
    NameSeat,
    OpenPoll,
    RegionCommand,
    RequestWaiver,
    Reschedule,
    Resume,
    RevokePermit,
    RevokeWaiver,
    SignOff,
    StartLaunch,
)
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome
from workflows import names
from workflows.door import DOOR_CLOSED
from workflows.import_file import ImportWorkflow
from workflows.launch import LaunchWorkflow
from workflows.options import REGION_TASK_TIMEOUT
from workflows.region_launch import RegionLaunchWorkflow

_log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=12)
"""How long a person waits for an answer: longer than the workflow waits for a store that is away, so that its own
answer arrives, and far shorter than the minute after which a command expires."""

HINT_PATIENCE = timedelta(seconds=5)
"""How long a hint is tried; a lost one is healed by the hourly sweep."""

UPDATES_AT_ONCE = 4
"""Updates in flight to one workflow from this process. Beyond ten from all processes the server turns more away and
aborts those that wait, so that sixteen were seen to get nowhere at all; a web process and a worker stay below."""

_RETRY_FIRST = 0.05
_RETRY_MOST = 1.0

_REGION_UPDATES: dict[type, Any] = {
    SignOff: RegionLaunchWorkflow.sign_off,
    RequestWaiver: RegionLaunchWorkflow.request_waiver,
    GrantWaiver: RegionLaunchWorkflow.grant_waiver,
    DenyWaiver: RegionLaunchWorkflow.deny_waiver,
    RevokeWaiver: RegionLaunchWorkflow.revoke_waiver,
    OpenPoll: RegionLaunchWorkflow.open_poll,
    CastBallot: RegionLaunchWorkflow.cast_ballot,
    Decide: RegionLaunchWorkflow.decide,
    MeetCondition: RegionLaunchWorkflow.meet_condition,
    NameSeat: RegionLaunchWorkflow.name_seat,
    AddressLesson: RegionLaunchWorkflow.address_lesson,
    Hold: RegionLaunchWorkflow.hold,
    Resume: RegionLaunchWorkflow.resume,
    Cancel: RegionLaunchWorkflow.cancel,
    Reschedule: RegionLaunchWorkflow.reschedule,
    ChangeOwner: RegionLaunchWorkflow.change_owner,
    AskPolicyChange: RegionLaunchWorkflow.ask_policy_change,
    ConfirmPolicyChange: RegionLaunchWorkflow.confirm_policy_change,
    DeclinePolicyChange: RegionLaunchWorkflow.decline_policy_change,
    RevokePermit: RegionLaunchWorkflow.revoke_permit,
}
_LAUNCH_UPDATES: dict[type, Any] = {
    StartLaunch: LaunchWorkflow.start,
    AddRegion: LaunchWorkflow.add_region,
    HandOver: LaunchWorkflow.hand_over,
}


class _Policies(TypedDict):
    id_conflict_policy: WorkflowIDConflictPolicy
    id_reuse_policy: WorkflowIDReusePolicy


_BACK_FROM_ANY_END = _Policies(
    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
)
"""A running workflow is used; one that ended, however it ended, is started again from its ledger."""

_NOT_REACHED = "Failed client connect"
"""How the SDK begins to tell that nobody listens where the server should be."""

_CLOSING = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.ALREADY_EXISTS})
"""What the server says of a run that ends while an update is on its way: the next try starts it anew."""


class TemporalSender:
    """Sends every command together with a start, so that a workflow that is lost or over comes back and answers."""

    def __init__(self, client: Client, *, task_queue: str = names.TASK_QUEUE, patience: timedelta = PATIENCE) -> None:
        self._client = client
        self._task_queue = task_queue
        self._patience = patience
        self._turnstiles: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def launch(self, key: LaunchKey, command: LaunchCommand) -> Outcome:
        """Return what became of `command`; raises EngineAway where nobody answered in time."""
        return await self._send(
            command,
            _LAUNCH_UPDATES[type(command)],
            lambda: WithStartWorkflowOperation(
                LaunchWorkflow.run,
                key,
                id=names.launch_id(key.product),
                search_attributes=names.launch_attributes(key),
                task_queue=self._task_queue,
                **_BACK_FROM_ANY_END,
            ),
            turnstile=names.launch_id(key.product),
        )

    async def region(self, key: RegionKey, command: RegionCommand) -> Outcome:
        """Return what became of `command`; raises EngineAway where nobody answered in time."""
        return await self._send(
            command,
            _REGION_UPDATES[type(command)],
            lambda: WithStartWorkflowOperation(
                RegionLaunchWorkflow.run,
                key,
                id=names.region_launch_id(key.product, key.region),
                task_timeout=REGION_TASK_TIMEOUT,
                search_attributes=names.region_attributes(key),
                task_queue=self._task_queue,
                **_BACK_FROM_ANY_END,
            ),
            turnstile=names.region_launch_id(key.product, key.region),
        )

    async def hint(self, keys: Iterable[RegionKey]) -> None:
        """Tell regions to look for themselves, starting those that are lost; what does not arrive is logged only."""
        turnstile = asyncio.Semaphore(UPDATES_AT_ONCE)
        await asyncio.gather(*(self._hint(key, turnstile) for key in keys))

    async def hint_launch(self, key: LaunchKey) -> None:
        """Tell a launch as a whole to look for itself, starting it if it is lost; a hint may be lost."""
        try:
            async with _answering(HINT_PATIENCE):
                await self._client.start_workflow(
                    LaunchWorkflow.run,
                    key,
                    id=names.launch_id(key.product),
                    start_signal=names.LOOK,
                    search_attributes=names.launch_attributes(key),
                    task_queue=self._task_queue,
                    rpc_timeout=HINT_PATIENCE,
                    **_BACK_FROM_ANY_END,
                )
        except RPCError as error:
            _log.warning("A hint to %s did not arrive: %s", key, error)

    async def start_import(self, import_id: str) -> None:
        """Start the workflow of an import, or find it running or done; raises EngineAway."""
        try:
            async with _answering(self._patience):
                await self._client.start_workflow(
                    ImportWorkflow.run,
                    import_id,
                    id=names.import_workflow_id(import_id),
                    task_queue=self._task_queue,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                    rpc_timeout=self._patience,
                )
        except WorkflowAlreadyStartedError:
            return
        except RPCError as error:
            raise EngineAway(str(error)) from error

    async def _hint(self, key: RegionKey, turnstile: asyncio.Semaphore) -> None:
        async with turnstile:
            try:
                async with _answering(HINT_PATIENCE):
                    await self._client.start_workflow(
                        RegionLaunchWorkflow.run,
                        key,
                        id=names.region_launch_id(key.product, key.region),
                        start_signal=names.LOOK,
                        task_timeout=REGION_TASK_TIMEOUT,
                        search_attributes=names.region_attributes(key),
                        task_queue=self._task_queue,
                        rpc_timeout=HINT_PATIENCE,
                        **_BACK_FROM_ANY_END,
                    )
            except RPCError as error:
                _log.warning("A hint to %s did not arrive: %s", key, error)

    async def _send(
        self,
        command: LaunchCommand | RegionCommand,
        update: Any,
        start: Callable[[], WithStartWorkflowOperation[Any, Any]],
        *,
        turnstile: str,
    ) -> Outcome:
        """Send `command` until it has an outcome; a run that is closing leaves no trace of what it turned away."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience.total_seconds()
        pause = _RETRY_FIRST
        async with self._in_turn(turnstile, deadline):
            while (left := deadline - loop.time()) > 0:
                operation = start()
                try:
                    # The client's own timeout covers the start alone: it would wait for the outcome for ever.
                    async with _answering(timedelta(seconds=left)):
                        outcome: Outcome = await self._client.execute_update_with_start_workflow(
                            update,
                            command,
                            start_workflow_operation=operation,
                            # Temporal remembers what came of an id, failures too: every try has its own.
                            id=f"{command.command_id}:{uuid4().hex}",
                            rpc_timeout=timedelta(seconds=left),
                        )
                except WorkflowUpdateFailedError as error:
                    if not _is_closing(error.cause):
                        raise EngineAway(str(error.cause)) from error
                except RPCTimeoutOrCancelledError as error:
                    if _is_being_cancelled():
                        raise asyncio.CancelledError from error
                    raise EngineAway("the workflow did not answer in time") from error
                except RPCError as error:
                    if error.status not in _CLOSING:
                        raise EngineAway(str(error)) from error
                else:
                    return outcome
                finally:
                    await _consume(operation)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_MOST)
        raise EngineAway("the workflow did not let the command in in time")

    @asynccontextmanager
    async def _in_turn(self, name: str, deadline: float) -> AsyncIterator[None]:
        """Take a place among the updates to one workflow; raises EngineAway where none comes free in time."""
        turnstile = self._turnstile(name)
        try:
            async with asyncio.timeout_at(deadline):
                await turnstile.acquire()
        except TimeoutError as error:
            raise EngineAway("too many wait for the same workflow") from error
        try:
            yield
        finally:
            turnstile.release()

    def _turnstile(self, name: str) -> asyncio.Semaphore:
        turnstile = self._turnstiles.get(name)
        if turnstile is None:
            turnstile = self._turnstiles[name] = asyncio.Semaphore(UPDATES_AT_ONCE)
        return turnstile


@asynccontextmanager
async def _answering(patience: timedelta) -> AsyncIterator[None]:
    """Make an RPCError of a server that was never reached, and of one that is too slow.

    The client bounds its calls, but neither the connection that it makes with the first of them nor the wait for the
    outcome of an update, and of a connection that fails it tells in a way of its own.
    """
    try:
        async with asyncio.timeout(patience.total_seconds()):
            yield
    except TimeoutError as error:
        raise RPCError("no answer in time", RPCStatusCode.DEADLINE_EXCEEDED, b"") from error
    except RuntimeError as error:
        if not str(error).startswith(_NOT_REACHED):
            raise
        raise RPCError(str(error), RPCStatusCode.UNAVAILABLE, b"") from error


async def _consume(operation: WithStartWorkflowOperation[Any, Any]) -> None:
    """Take note of how the start of `operation` went: an error that nobody asks for is logged as forgotten."""
    started = asyncio.ensure_future(operation.workflow_handle())
    await asyncio.sleep(0)
    if not started.done():
        started.cancel()
    elif not started.cancelled():
        started.exception()


def _is_being_cancelled() -> bool:
    """Say whether somebody ends the present task: the SDK tells of that as of an answer that came too late."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_closing(cause: BaseException) -> bool:
    """Say whether a run turned the update away only because it was ending."""
    if not isinstance(cause, ApplicationError):
        return False
    return cause.type in {DOOR_CLOSED, OTHER_RUN, "AcceptedUpdateCompletedWorkflow"}
