"""How many events and Actions, and how many bytes, does Temporal keep of a workflow?"""

import asyncio
import re
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from bootstrap.temporal import connect
from workflows import names

_ACTIONS = re.compile(r'^action\{action_type="(?P<type>\w+)",namespace="default".*} (?P<count>\S+)$', re.MULTILINE)

_BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: 1,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: 2,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: 1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 1,
    EventType.EVENT_TYPE_TIMER_STARTED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 1,
    EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 1,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 1,
}
"""How many Actions an event counts as, after Temporal's own list of billable ones."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one workflow over all its runs."""

    events: int
    longest: int
    """Events of its longest run."""
    actions: int
    largest: int
    """Bytes of the largest payload in any event: what a run begins with, is told and remembers."""


async def all_kept(address: str, product: str, regions: Iterable[str]) -> dict[str, Kept]:
    """Return what is kept of every workflow there is, by its id, once the launch and its regions have ended."""
    client = await connect(address)
    ours = {names.launch_id(product), *(names.region_launch_id(product, region) for region in regions)}
    while True:
        runs = [execution async for execution in client.list_workflows()]
        if ours <= {run.id for run in runs if run.close_time is not None}:
            break
        await asyncio.sleep(0.1)
    histories: dict[str, list[Sequence[HistoryEvent]]] = {}
    for run in runs:
        histories.setdefault(run.id, []).append(await _history(client, run.id, run.run_id))
    return {workflow_id: _counted(found) for workflow_id, found in histories.items()}


async def kept_of(address: str, workflow_id: str) -> Kept:
    """Return what is kept of the latest run of one workflow."""
    client = await connect(address)
    description = await client.get_workflow_handle(workflow_id).describe()
    return _counted([await _history(client, workflow_id, description.run_id)])


async def _history(client: Client, workflow_id: str, run_id: str) -> Sequence[HistoryEvent]:
    return (await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()).events


def _counted(runs: Sequence[Sequence[HistoryEvent]]) -> Kept:
    events = [event for run in runs for event in run]
    sizes = [len(payload.data) for event in events for payload in _payloads(event)]
    return Kept(len(events), max(map(len, runs)), sum(map(_actions, runs)), max(sizes, default=0))


def _actions(run: Sequence[HistoryEvent]) -> int:
    """Return the Actions of one run; all marks that local activities leave in one workflow task are one."""
    tasks = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in run
        if event.marker_recorded_event_attributes.marker_name == "core_local_activity"
    }
    # What one workflow does to another is billed where it is asked for.
    asked_for = [
        event
        for event in run
        if event.workflow_execution_started_event_attributes.HasField("parent_workflow_execution")
        or event.workflow_execution_signaled_event_attributes.HasField("external_workflow_execution")
    ]
    return sum(_BILLED.get(event.event_type, 0) for event in run) + len(tasks) - len(asked_for)


def _payloads(message: object) -> Iterator[Payload]:
    """Yield every payload in an event, however deep it lies."""
    if isinstance(message, Payload):
        yield message
    elif hasattr(message, "ListFields"):
        for _, value in message.ListFields():
            yield from _payloads(value)
    elif isinstance(message, Mapping):
        for value in message.values():
            yield from _payloads(value)
    elif isinstance(message, Iterable) and not isinstance(message, str | bytes):
        for value in message:
            yield from _payloads(value)


def counted_by_server(url: str) -> int:
    """Return the Actions that the server has counted, without heartbeats, which leave no trace in histories."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server.
        told = answer.read().decode()
    return sum(int(float(m["count"])) for m in _ACTIONS.finditer(told) if "Heartbeat" not in m["type"])
