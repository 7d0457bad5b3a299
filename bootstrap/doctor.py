"""Is everything well, and if not, what is to be done?"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bootstrap.installation import Installation, Running
from bootstrap.settings import Settings

ROOM_NEEDED = 512 * 1024 * 1024
"""Free bytes below which the next large import may fill the disk."""

POLLED_WITHIN = timedelta(minutes=2)
"""A worker asks anew at least once a minute; after twice that it is gone."""

CONNECT_PATIENCE = timedelta(seconds=5)

ALARMS_SHOWN = 10

_UP = "Start everything with `ltl up`."


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, what was found, and what to do where it is not."""

    about: str
    well: bool
    says: str
    remedy: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The finding for programs."""
        return asdict(self)


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at everything and return what was found; never raises for what is not well."""
    installation = Installation(settings.directory.absolute())
    running = installation.running()
    findings = [*_directory(installation)]
    if settings.temporal_address is None:
        findings.extend(_processes(installation, running))
    findings.extend(_database(settings))
    address = settings.temporal_address or (running.temporal_address if running is not None else None)
    if address is None:
        findings.append(Finding("Temporal", False, "It is not running.", _UP))
    else:
        findings.extend([finding async for finding in _temporal(settings, address)])
    return tuple(findings)


def _directory(installation: Installation) -> Iterator[Finding]:
    directory = installation.directory
    if not directory.is_dir():
        yield Finding("data directory", False, f"There is no {directory}.", f"{_UP} It makes the directory.")
        return
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "data directory", False, f"{directory} cannot be written.", f"Give yourself the right: {directory}"
        )
        return
    free = shutil.disk_usage(directory).free
    megabytes = f"{free // 1024**2} MB free in {directory}"
    yield Finding(
        "data directory", free >= ROOM_NEEDED, megabytes, "" if free >= ROOM_NEEDED else "Make room on the disk."
    )


def _processes(installation: Installation, running: Running | None) -> Iterator[Finding]:
    if running is None:
        yield Finding("processes", False, f"Nothing is running on {installation.directory}.", _UP)
        return
    for process in running.processes:
        alive = process.is_alive
        says = f"process {process.pid}" if alive else f"process {process.pid} has ended"
        remedy = (
            "" if alive else f"The supervisor starts it again; see {installation.logs / process.name.lower()}.log"
        )
        yield Finding(process.name, alive, says, remedy)
    yield Finding("address", True, f"{running.url}, Temporal at {running.temporal_address}")


def _database(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from store.alarms import standing_alarms
    from store.engine import StoreAway, open_store
    from store.upgrade import is_current

    address = make_url(settings.store_url)
    shown = address.render_as_string(hide_password=True)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        # Opening it would make an empty one.
        yield Finding("database", False, f"There is no {address.database}.", _UP)
        return
    store = open_store(settings.store_url)
    try:
        with store.reading() as tx:
            if not is_current(tx):
                says = f"{shown} has not the tables of this version."
                yield Finding("database", False, says, "Run `ltl migrate` with the version that is to run.")
                return
            alarms = standing_alarms(tx, limit=ALARMS_SHOWN)
        yield Finding("database", True, shown)
        for alarm in alarms:
            where = "/".join(filter(None, (alarm.product, alarm.region)))
            says = f"{alarm.kind.value} at {alarm.at:%Y-%m-%d %H:%M} UTC: {alarm.detail}"
            yield Finding(f"alarm {where} (run {alarm.run})", False, says, _REMEDIES[alarm.kind.value])
        if not alarms:
            yield Finding("alarms", True, "none")
    except (StoreAway, SQLAlchemyError) as error:
        yield Finding("database", False, f"{shown}: {error}", "See that the database runs and DATABASE_URL is right.")
    finally:
        store.close()


def settle_alarms(settings: Settings) -> int:
    """Note that somebody has looked at every alarm that stands; return how many. Raises StoreAway."""
    from store.alarms import settle_all
    from store.engine import open_store

    store = open_store(settings.store_url)
    try:
        with store.writing() as tx:
            return settle_all(tx, now=store.now(tx))
    finally:
        store.close()


_REMEDIES = {
    "command-forged": "Somebody went past the API: find out who reaches Temporal, then `ltl doctor --seen`.",
    "ledger-behind": "The database is older than what the workflow knows: restore a later backup. Nothing launches.",
    "workflow-lost": "It is started again from its ledger; find out who ended it.",
}


async def _temporal(settings: Settings, address: str) -> AsyncIterator[Finding]:
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
    from temporalio.service import RPCError

    from bootstrap.temporal import connect
    from workflows.names import SEARCH_ATTRIBUTES, TASK_QUEUE

    try:
        client = await connect(address, namespace=settings.temporal_namespace, patience=CONNECT_PATIENCE)
    except RuntimeError as error:
        yield Finding(
            "Temporal", False, f"No answer at {address}: {error}", "See that it runs and TEMPORAL_ADDRESS is right."
        )
        return
    namespace = client.namespace
    try:
        described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
        yield Finding("Temporal", True, f"{address}, namespace {namespace}")
        kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
        enough = kept >= settings.retention
        remedy = (
            ""
            if enough
            else f"temporal operator namespace update -n {namespace} --retention {settings.retention.days}d"
        )
        yield Finding("histories", enough, f"kept for {kept.days} days", remedy)
        known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
        missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in known.custom_attributes]
        says = f"not registered: {', '.join(missing)}" if missing else "registered"
        yield Finding("search attributes", not missing, says, "Run `ltl migrate`." if missing else "")
        queue = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=namespace,
                task_queue=TaskQueue(name=TASK_QUEUE),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
    except RPCError as error:
        yield Finding("Temporal", False, f"{address} refused: {error}", "See that TEMPORAL_NAMESPACE is right.")
        return
    now = datetime.now(UTC)
    polling = [
        poller.identity
        for poller in queue.pollers
        if now - poller.last_access_time.ToDatetime(tzinfo=UTC) <= POLLED_WITHIN
    ]
    says = f"polling: {', '.join(polling)}" if polling else f"Nobody takes tasks from {TASK_QUEUE}."
    yield Finding(
        "worker", bool(polling), says, "" if polling else "Start a worker: `ltl up`, or python -m bootstrap.worker."
    )
