"""Is everything well, and if not, what is to be done?"""

import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootstrap.installation import Installation, Running
from bootstrap.settings import Settings

if TYPE_CHECKING:
    from store.alarms import Alarm
    from store.engine import Store

ROOM_NEEDED = 512 * 1024 * 1024
"""Free bytes below which the next large import may fill the disk."""

POLLED_WITHIN = timedelta(minutes=2)
"""A worker asks anew at least once a minute; after twice that it is gone."""

CONNECT_PATIENCE = timedelta(seconds=5)

ALARMS_SHOWN = 10

LATELY = timedelta(days=1)
"""How far back is told what was lost and runs again: nobody looks more seldom than daily after something happened."""

CHECK_PATIENCE = timedelta(seconds=5)
"""How long rows are compared with the ledger: some thousands of them. The worker goes through all, by and by."""

UNATTENDED_AFTER = timedelta(minutes=5)
"""How long a region may wait for its workflow after something fell due; each minute it is hinted."""

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
    from bootstrap.doctor_keys import ledger_key_finding, permit_keys_finding

    installation = Installation(settings.directory.absolute())
    running = installation.running()
    findings = [*_directory(installation)]
    if settings.temporal_address is None:
        findings.extend(_processes(installation, running))
    findings.extend(_database(settings))
    findings.extend((_payloads(settings), permit_keys_finding(settings), ledger_key_finding(settings)))
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
        yield Finding("database", True, shown)
        yield from _alarms(store)
        yield from _rows(store)
        yield from _unattended(store)
        yield from _record(store)
    except (StoreAway, SQLAlchemyError) as error:
        yield Finding("database", False, f"{shown}: {error}", "See that the database runs and DATABASE_URL is right.")
    finally:
        store.close()


def _alarms(store: "Store") -> Iterator[Finding]:
    """Say what should never have happened, and what was set right by itself but happened."""
    from store.alarms import lately_lost, standing_alarms

    with store.reading() as tx:
        alarms = standing_alarms(tx, limit=ALARMS_SHOWN)
        lost = lately_lost(tx, since=store.now(tx) - LATELY, limit=ALARMS_SHOWN)
    for alarm in alarms:
        where = f" {_place(alarm)} (run {alarm.run})" if alarm.product else ""
        says = f"{alarm.kind.value} at {alarm.at:%Y-%m-%d %H:%M} UTC: {alarm.detail}"
        yield Finding(f"alarm{where}", False, says, _REMEDIES[alarm.kind.value])
    if not alarms:
        yield Finding("alarms", True, "none")
    if lost:
        named = ", ".join(f"{_place(alarm)} at {alarm.at:%H:%M} UTC" for alarm in lost)
        says = f"Lost in the last day, and running again: {named}"
        yield Finding("workflows", True, says, "Find out who ended them.")


def _place(alarm: "Alarm") -> str:
    return "/".join(filter(None, (alarm.product, alarm.region)))


def _rows(store: "Store") -> Iterator[Finding]:
    """Say which rows tell something else than the ledger, as far as `CHECK_PATIENCE` goes."""
    from store.checking import check_row, keys_after, unfounded

    with store.reading() as tx:
        now = store.now(tx)
        untrue = dict.fromkeys(unfounded(tx), "go or launched")
        keys = keys_after(tx, None, limit=None)
        begun = time.monotonic()
        looked = 0
        for key in keys:
            if time.monotonic() - begun > CHECK_PATIENCE.total_seconds():
                break
            checked = check_row(tx, key, now=now)
            looked += 1
            if checked is not None and checked.differing:
                untrue[key] = ", ".join(checked.differing)
    for key, what in list(untrue.items())[:ALARMS_SHOWN]:
        says = f"Its row tells something else than its ledger: {what}"
        yield Finding(f"row {key}", False, says, "`ltl rebuild` writes it anew; find out who reaches the database.")
    if not untrue:
        yield Finding("rows", True, f"{looked} of {len(keys)} compared with the ledger, all of them true")


def _unattended(store: "Store") -> Iterator[Finding]:
    """Say which regions wait for a workflow that does not come."""
    from store.regions import overdue_regions

    with store.reading() as tx:
        waiting = overdue_regions(tx, now=store.now(tx) - UNATTENDED_AFTER, limit=ALARMS_SHOWN)
    if waiting:
        says = f"Something fell due and no workflow has looked: {', '.join(str(key) for key in waiting)}"
        yield Finding(
            "regions", False, says, "See that a worker runs, and in Temporal what these workflows wait for."
        )


def _record(store: "Store") -> Iterator[Finding]:
    """Say when the whole audit record was last verified, and whether anything waits to be sealed for too long."""
    from store.checkpoints import last_whole, latest_checkpoint, waits_since

    with store.reading() as tx:
        now = store.now(tx)
        whole, latest, waits = last_whole(tx), latest_checkpoint(tx), waits_since(tx)
    if waits is not None and now - waits > UNATTENDED_AFTER:
        says = f"What was written since {waits:%Y-%m-%d %H:%M} UTC is not sealed."
        yield Finding("sealing", False, says, "See that a worker runs, or run `ltl ledger seal`.")
    if whole is None:
        yield Finding("audit record", True, "It was not verified as a whole yet: `ltl ledger verify` does.")
        return
    until = f", {latest.position} entries at the last checkpoint" if latest is not None else ""
    says = f"verified as a whole at {whole.at:%Y-%m-%d %H:%M} UTC: {whole.faults or 'no'} faults{until}"
    remedy = "" if not whole.faults else "`ltl ledger verify` names each; find out who reaches the database."
    yield Finding("audit record", not whole.faults, says, remedy)


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


def _payloads(settings: Settings) -> Finding:
    from bootstrap.codec import PayloadKeysUnusable, payload_keys

    said = settings.payload_keys.get_secret_value() if settings.payload_keys is not None else ""
    try:
        keys = payload_keys(said)
    except PayloadKeysUnusable as error:
        return Finding("payloads", False, str(error), "Mend LTL_PAYLOAD_KEYS; `ltl payload-key` makes a key.")
    if keys:
        return Finding("payloads", True, f"sealed with {keys[0].id}, opened with {', '.join(key.id for key in keys)}")
    says = "Ids and digests pass through Temporal in the clear."
    if settings.temporal_address is None:
        return Finding("payloads", True, says)
    return Finding("payloads", False, says, "Give web and worker the same LTL_PAYLOAD_KEYS; `ltl payload-key`.")


_REMEDIES = {
    "command-forged": "Somebody went past the API: find out who reaches Temporal, then `ltl doctor --seen`.",
    "ledger-behind": "The database is older than what the workflow knows: restore a later backup. Nothing launches.",
    "ledger-broken": "See `ltl ledger verify`; find out who reaches the database, then `ltl doctor --seen`.",
    "row-untrue": "Somebody changed a row in the database: find out who reaches it, then `ltl doctor --seen`.",
    "workflow-lost": "It is started again from its ledger; find out who ended it.",
    "workflow-stray": "Somebody went past the API: find out who reaches Temporal, then `ltl doctor --seen`.",
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
        client = await connect(
            address, namespace=settings.temporal_namespace, patience=CONNECT_PATIENCE, converter=settings.converter
        )
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
