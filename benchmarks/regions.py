"""How much does Temporal keep and count for one region, from its start to its launch, however many people it has?"""

# Three regions of one launch have 60, 600 and 6,000 sellers. Everything comes over HTTP: the launch is started first,
# people, completions and attempts follow in files whose rows are shuffled over the regions, signatures come between
# them, then every region is decided and launches at its instant. Afterwards every history is fetched and counted.

import asyncio
import random
import re
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from benchmarks.engine import PATIENCE, engine, until
from benchmarks.launching import SIGNATURES, Launching, people
from benchmarks.tables import Line, Table
from bootstrap.temporal import connect
from workflows import names

PRODUCT = "regions"
SELLERS = {"small": 60, "medium": 600, "large": 6_000}
COURSES = 3
WIDE = "wide"
WIDE_REGIONS = 50
FILES_OF_PEOPLE = 3
FILES_OF_COMPLETIONS = 9
FILES_OF_ATTEMPTS = 4

AT_MOST_EVENTS = 120
AT_MOST_ACTIONS = 30
AT_MOST_EVENTS_OF_ANY = 500
AT_MOST_STATE = 10.0
"""Kilobytes."""

LEADS = (timedelta(minutes=2), timedelta(minutes=8), timedelta(minutes=30))
"""How far ahead the launch instant lies: everything has to come in between, and what did not is played again."""

_KILO = 1_000
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

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of one workflow over all its runs."""

    events: int
    longest: int
    """Events of its longest run."""
    actions: int
    largest: int
    """Bytes of the largest payload in any event: what a run begins with, is told and remembers."""


class _TooLate(Exception):  # noqa: N818 - named as what was the case.
    """The launch instant came before everything was done."""


def tables() -> Iterable[Table]:
    """Play a launch on SQLite, and count."""
    seed = random.SystemRandom().randrange(2**32)
    for lead in LEADS:
        with suppress(_TooLate):
            return [_played(seed, lead)]
    raise TimeoutError(f"no region could be decided within {LEADS[-1]}")


def _played(seed: int, lead: timedelta) -> Table:
    with engine() as running, people(running) as acting:
        launching = Launching(acting, PRODUCT, SELLERS, courses=COURSES)
        _play(launching, random.Random(seed), lead)  # noqa: S311 - an order of rows is no secret.
        kept = asyncio.run(_all_kept(running.server.address))
        billed = sum(each.actions for each in kept.values())
        # Its counters lag behind by a second or two.
        until(lambda: _counted_by_server(running.metrics_url) >= billed, within=timedelta(seconds=20), or_else=True)
        counted = _counted_by_server(running.metrics_url)
        wide = Launching(acting, WIDE, {f"r-{number:02}": 0 for number in range(WIDE_REGIONS)})
        wide.start()
        widest = asyncio.run(_kept_of(running.server.address, names.launch_id(WIDE)))
        return _table(kept, widest, billed=billed, counted=counted, seed=seed)


def _play(launching: Launching, rng: random.Random, lead: timedelta) -> None:
    """Take the launch from its plan to its end in every region, with files and signatures interleaved."""
    acting, now = launching.acting, datetime.now(UTC)
    launching.start(lead=lead)
    for rows in _cut(launching.people_rows(), FILES_OF_PEOPLE, rng):
        acting.bring_in("people", rows)
    launching.write()
    everyone = [person for those in launching.sellers.values() for person in those]
    completions = _cut(launching.learned(everyone, done_at=now - timedelta(days=2)), FILES_OF_COMPLETIONS, rng)
    for number, rows in enumerate(completions):
        acting.bring_in("completions", rows)
        for region in launching.regions:
            # One signature after each of the first files, so that learning and signing go on side by side.
            for stage, function in SIGNATURES[number : number + 1]:
                launching.sign(region, stage, function, launching.digests(region)[stage])
    for rows in _cut(launching.passed(everyone, done_at=now - timedelta(days=1)), FILES_OF_ATTEMPTS, rng):
        acting.bring_in("attempts", rows)
    until(lambda: _all_are(launching, "ready"))
    for region in launching.regions:
        launching.decide(region)
    until(lambda: _all_are(launching, "launched"), within=lead + PATIENCE)


def _all_are(launching: Launching, verdict: str) -> bool:
    """Say whether every region has come to this verdict; raises _TooLate where one is held instead."""
    seen = {launching.readiness(region)["verdict"] for region in launching.regions}
    if "held" in seen and verdict != "launched":
        raise _TooLate
    return seen == {verdict}


def _cut(rows: Sequence[Item], files: int, rng: random.Random) -> Iterator[Sequence[Item]]:
    shuffled = rng.sample(rows, len(rows))
    size = -(-len(rows) // files)
    for start in range(0, len(rows), size):
        yield shuffled[start : start + size]


async def _all_kept(address: str) -> dict[str, _Kept]:
    """Return what is kept of every workflow there is, by its id, once the launch and its regions have ended."""
    client = await connect(address)
    ours = {names.launch_id(PRODUCT), *(names.region_launch_id(PRODUCT, region) for region in SELLERS)}
    while True:
        runs = [execution async for execution in client.list_workflows()]
        if ours <= {run.id for run in runs if run.close_time is not None}:
            break
        await asyncio.sleep(0.1)
    histories: dict[str, list[Sequence[HistoryEvent]]] = {}
    for run in runs:
        histories.setdefault(run.id, []).append(await _history(client, run.id, run.run_id))
    return {workflow_id: _counted(found) for workflow_id, found in histories.items()}


async def _kept_of(address: str, workflow_id: str) -> _Kept:
    client = await connect(address)
    description = await client.get_workflow_handle(workflow_id).describe()
    return _counted([await _history(client, workflow_id, description.run_id)])


async def _history(client: Client, workflow_id: str, run_id: str) -> Sequence[HistoryEvent]:
    return (await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()).events


def _counted(runs: Sequence[Sequence[HistoryEvent]]) -> _Kept:
    events = [event for run in runs for event in run]
    sizes = [len(payload.data) for event in events for payload in _payloads(event)]
    return _Kept(len(events), max(map(len, runs)), sum(map(_actions, runs)), max(sizes, default=0))


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


def _counted_by_server(url: str) -> int:
    """Return the Actions that the server has counted, without heartbeats, which leave no trace in histories."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server.
        told = answer.read().decode()
    return sum(int(float(m["count"])) for m in _ACTIONS.finditer(told) if "Heartbeat" not in m["type"])


def _table(kept: Mapping[str, _Kept], widest: _Kept, *, billed: int, counted: int, seed: int) -> Table:
    lines: list[Line] = []
    for region, many in SELLERS.items():
        of_region = kept[names.region_launch_id(PRODUCT, region)]
        who = f"region of {many:,} sellers"
        # The two Actions of a child's start are the region's, though its parent asks for it.
        lines += [
            Line(f"{who}: events", of_region.events, "events", at_most=AT_MOST_EVENTS),
            Line(f"{who}: Actions", of_region.actions + 2, "Actions", at_most=AT_MOST_ACTIONS),
            Line(f"{who}: largest payload", of_region.largest / _KILO, "kB", at_most=AT_MOST_STATE),
        ]
    launch = kept[names.launch_id(PRODUCT)]
    longest = max(each.longest for each in kept.values())
    lines += [
        Line("launch as a whole: largest payload", launch.largest / _KILO, "kB", at_most=AT_MOST_STATE),
        Line(f"launch of {WIDE_REGIONS} regions: largest payload", widest.largest / _KILO, "kB"),
        Line("longest history of any workflow", longest, "events", at_most=AT_MOST_EVENTS_OF_ANY),
        Line("Actions of everything", billed, "Actions", note=f"the server's own counter says {counted}"),
    ]
    files = FILES_OF_PEOPLE + FILES_OF_COMPLETIONS + FILES_OF_ATTEMPTS
    return Table(
        f"One region from start to launch, {COURSES} courses",
        lines,
        seed=seed,
        limits=f"{files} files, their rows shuffled over the three regions; four signatures and one go per region. "
        "The largest payload is the largest of all that a run begins with, is told or "
        "writes down for its replay.",
    )
