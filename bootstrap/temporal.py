"""Where are Temporal's clients and workers made?"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from bootstrap.codec import converter
from bootstrap.sandbox import require_no_context, sandbox
from workflows.delivery import DeliveryWorkflow
from workflows.import_file import ImportWorkflow
from workflows.launch import LaunchWorkflow
from workflows.names import DELIVERY_QUEUE, SEARCH_ATTRIBUTES, TASK_QUEUE
from workflows.region_launch import RegionLaunchWorkflow
from workflows.reinforcement import ReinforcementWorkflow

_log = logging.getLogger(__name__)

DATA_CONVERTER = converter(None)
"""What every client, worker and replay reads and writes payloads with, where no key is set to seal them."""

WORKFLOWS: tuple[type, ...] = (
    LaunchWorkflow,
    RegionLaunchWorkflow,
    ReinforcementWorkflow,
    ImportWorkflow,
    DeliveryWorkflow,
)
"""Every workflow that a worker runs and that a recorded history may be replayed with."""

STICKY_PATIENCE = timedelta(seconds=1)
"""How long the first message to a workflow waits for a worker that died; the default of ten seconds is felt."""

RETENTION = timedelta(days=90)
"""How long Temporal keeps the histories of what has ended; the embedded server would drop them after a day."""

SHORT_ACTIVITIES = 8
LONG_ACTIVITIES = 4
"""Local activities (looks and settlings) and normal ones (launches, imports) that run at once in one worker; together
below the store's pool of connections. Each kind has its own share, so that imports never keep a decision waiting."""

DELIVERIES_AT_ONCE = 20
"""Deliveries that one worker tries at once; each waits for others far more than it works."""

_CONNECT_PAUSE = timedelta(milliseconds=500)


async def connect(
    address: str,
    *,
    namespace: str = "default",
    patience: timedelta = timedelta(minutes=1),
    converter: DataConverter = DATA_CONVERTER,
    interceptors: Sequence[Interceptor] = (),
    runtime: Runtime | None = None,
) -> Client:
    """Return a client of the server at `address`; raises RuntimeError where it does not answer for `patience`."""
    deadline = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            return await Client.connect(
                address,
                namespace=namespace,
                data_converter=converter,
                interceptors=interceptors,
                runtime=runtime,
            )
        except RuntimeError:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            _log.info("Temporal at %s does not answer yet", address)
            await asyncio.sleep(_CONNECT_PAUSE.total_seconds())


def showing_runtime(host: str, port: int) -> Runtime:
    """Return the SDK's runtime that shows its metrics at `host` and `port`, durations in seconds."""
    metrics = PrometheusConfig(bind_address=f"{host}:{port}", durations_as_seconds=True)
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))


async def prepare(client: Client, *, retention: timedelta | None = RETENTION) -> None:
    """Register what workflows rely on: search attributes, and how long histories are kept (None: as it is).

    Safe to repeat, and repeated where the server is too busy. A workflow that used an attribute before it is
    registered would fail its task for ever.
    """
    await register_search_attributes(client)
    if retention is not None:
        await keep_histories(client, retention)


async def register_search_attributes(client: Client) -> None:
    """Make the search attributes known to the server, where they are not yet."""
    for key in SEARCH_ATTRIBUTES:
        kind = IndexedValueType.ValueType(key.indexed_value_type.value)
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes={key.name: kind}),
                retry=True,
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise


async def keep_histories(client: Client, retention: timedelta) -> None:
    """Have the server keep histories of what has ended for `retention`."""
    span = Duration()
    span.FromTimedelta(retention)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=span)
        ),
        retry=True,
    )


def activity_threads() -> ThreadPoolExecutor:
    """Return the threads in which a worker's synchronous activities run."""
    return ThreadPoolExecutor(SHORT_ACTIVITIES + LONG_ACTIVITIES, thread_name_prefix="activity")


def make_worker(
    client: Client,
    activities: Sequence[Callable[..., Any]],
    threads: ThreadPoolExecutor,
    *,
    workflows: Sequence[type] = WORKFLOWS,
    task_queue: str = TASK_QUEUE,
    strict: bool = False,
) -> Worker:
    """Return a worker that runs `workflows`, all of ours unless said, and `activities`, those that block in threads.

    The caller makes the threads with `activity_threads` and shuts them down after the worker.
    """
    require_no_context(client.config()["data_converter"])
    return Worker(
        client,
        task_queue=task_queue,
        workflows=workflows,
        activities=activities,
        activity_executor=threads,
        max_concurrent_activities=LONG_ACTIVITIES,
        max_concurrent_local_activities=SHORT_ACTIVITIES,
        sticky_queue_schedule_to_start_timeout=STICKY_PATIENCE,
        workflow_runner=sandbox(strict=strict),
    )


def make_delivery_worker(client: Client, activities: Sequence[Callable[..., Any]]) -> Worker:
    """Return a worker for what reaches out of the house: its activities await and never block."""
    return Worker(
        client,
        task_queue=DELIVERY_QUEUE,
        activities=activities,
        max_concurrent_activities=DELIVERIES_AT_ONCE,
    )
