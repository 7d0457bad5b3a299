"""How does a process take on the work that Temporal hands out?"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from temporalio.client import Client

from activities.deliver import DeliverActivities
from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from activities.ledger import LedgerActivities
from bootstrap.dispatcher import Dispatcher, telling_of, ways_of
from bootstrap.ledger_keeping import keeper_of
from bootstrap.logs import log_as
from bootstrap.metrics import RelayMetrics, show
from bootstrap.relay import Relay
from bootstrap.sending import TemporalSender
from bootstrap.settings import Settings
from bootstrap.temporal import activity_threads, connect, make_delivery_worker, make_worker, showing_runtime
from bootstrap.tracing import Tracing, tracing
from store.engine import Store, open_store

CONNECT_PAUSE_FIRST = timedelta(milliseconds=250)
CONNECT_PAUSE_MOST = timedelta(seconds=5)
"""How long to wait before Temporal is tried again, first and at most: a worker outlives any absence of it."""

WORKER_PORT_BEYOND, SDK_PORT_BEYOND = 1, 2
"""How far beyond that of the web process a worker shows its own metrics, and those of Temporal's SDK."""

_log = logging.getLogger("learn_then_launch.worker")


async def patient_client(settings: Settings, traces: Tracing | None = None) -> Client:
    """Return a client of Temporal, however long it takes until that answers."""
    runtime = None
    if settings.metrics_port is not None:
        runtime = showing_runtime(settings.metrics_host, settings.metrics_port + SDK_PORT_BEYOND)
    pause = CONNECT_PAUSE_FIRST
    while True:
        try:
            return await connect(
                settings.engine_address,
                namespace=settings.temporal_namespace,
                patience=timedelta(0),
                converter=settings.converter,
                interceptors=traces.interceptors if traces is not None else (),
                runtime=runtime,
            )
        except RuntimeError as error:
            _log.warning("Temporal at %s does not answer: %s", settings.engine_address, error)
        await asyncio.sleep(pause.total_seconds())
        pause = min(pause * 2, CONNECT_PAUSE_MOST)


def activities_of(store: Store, settings: Settings) -> tuple[Callable[..., Any], ...]:
    """Return everything that workflows may ask of the outside world."""
    ledger = LedgerActivities(store)
    limits = ImportLimits(
        file_bytes=settings.largest_import, line_bytes=settings.longest_import_line, rows=settings.most_import_rows
    )
    settings.uploads.mkdir(parents=True, exist_ok=True)
    files = ImportActivities(store, limits=limits, scratch=settings.uploads)
    return (*ledger.every(), files.load, files.give_up)


async def work(settings: Settings) -> None:
    """Run workflows, activities and the relay until cancelled; raises what ends any of them for good."""
    traces = tracing("worker", to=settings.traces_to)
    client = await patient_client(settings, traces)
    store = open_store(settings.store_url)
    registry = CollectorRegistry()
    metrics = RelayMetrics(registry)
    if settings.metrics_port is not None:
        show(registry, host=settings.metrics_host, port=settings.metrics_port + WORKER_PORT_BEYOND)
    try:
        with activity_threads() as threads:
            sender = TemporalSender(client)
            keeper = keeper_of(settings, store)
            hint_launch = sender.hint_launch
            relay = Relay(store, sender, client, hint_launch=hint_launch, metrics=metrics, keeper=keeper)
            delivering = DeliverActivities(store, ways_of(settings))
            dispatcher = Dispatcher(store, client, telling_of(settings))
            async with (
                make_worker(client, activities_of(store, settings), threads),
                make_delivery_worker(client, (delivering.deliver,)),
                asyncio.TaskGroup() as restless,
            ):
                _log.info("working for Temporal at %s", settings.engine_address)
                restless.create_task(relay.run())
                restless.create_task(dispatcher.run())
    finally:
        store.close()
        if traces is not None:
            await asyncio.to_thread(traces.close)


async def until_asked_to_end(doing: Coroutine[Any, Any, None]) -> None:
    """Do `doing` until SIGTERM or SIGINT comes, then cancel it and let it finish; raises what it raises."""
    task = asyncio.ensure_future(doing)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main() -> None:
    """Run one worker process; it ends when asked to, and otherwise never without saying why."""
    log_as("worker")
    try:
        asyncio.run(until_asked_to_end(work(Settings())))
    except BaseException:
        _log.critical("the worker ends", exc_info=True)
        raise
    _log.info("the worker ends because it was asked to")


if __name__ == "__main__":
    main()
