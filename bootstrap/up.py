"""How is everything brought up on this machine, and kept up?"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from bootstrap import temporal_server
from bootstrap.installation import (
    LOOPBACK,
    AlreadyUp,
    Installation,
    PortTaken,
    Running,
    free_port,
    is_free,
    running_process,
)
from bootstrap.settings import Settings
from bootstrap.supervisor import Part, PartFailed, Supervisor
from bootstrap.temporal_server import TemporalMissing, TemporalServer

TEMPORAL_PORT = 7233
TEMPORAL_UI_PORT = 8233

START_PATIENCE = timedelta(minutes=3)
"""How long a process may take to become healthy: seconds on a free machine, minutes on one that is busy."""

_HEALTH_PATIENCE_SECONDS = 5.0


class CannotStart(Exception):  # noqa: N818 - named as what is the case.
    """Nothing was started, or what was started is stopped again; the message is for the person."""


async def up(settings: Settings, *, port: int | None, empty: bool, console: Console) -> None:
    """Start Temporal, worker and web, load the demonstration where it is wanted, and keep all alive until stopped.

    `port` None means the usual one or the next that is free. Raises CannotStart.
    """
    installation = Installation(settings.directory.absolute())
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    try:
        installation.prepare()
        with installation.locked():
            house = _House(settings, installation, console, port=port)
            await house.run(stop, empty=empty)
    except (AlreadyUp, PortTaken, PartFailed, TemporalMissing, RuntimeError, OSError) as error:
        raise CannotStart(str(error)) from error
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _House:
    """What one `ltl up` starts on one data directory."""

    def __init__(self, settings: Settings, installation: Installation, console: Console, *, port: int | None) -> None:
        self._settings = settings
        self._installation = installation
        self._console = console
        self._left = installation.end_leftovers()
        self._port = _web_port(port, settings.port)
        self._server = None if settings.temporal_address else _temporal_server(settings, installation)
        self._running = Running(
            supervisor=running_process("ltl up", os.getpid()),
            url=f"http://{LOOPBACK}:{self._port}",
            temporal_address=self._server.address if self._server else settings.engine_address,
            temporal_ui=self._server.ui if self._server else None,
        )
        self._supervisor = Supervisor(
            on_change=lambda processes: installation.record(replace(self._running, processes=processes)),
            say=lambda line: console.print(f"! {line}", style="yellow", markup=False, highlight=False),
        )

    async def run(self, stop: asyncio.Event, *, empty: bool) -> None:
        """Start everything, then wait until `stop`, then stop everything."""
        if self._left:
            names = ", ".join(process.name for process in self._left)
            self._console.print(f"Ended what was left running from before: {names}", highlight=False)
        starting = asyncio.create_task(self._start(empty=empty))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                # What went wrong at the start is raised here.
                starting.result()
                await stopping
            self._console.print("Stopping; the next `ltl up` goes on from here.", highlight=False)
        finally:
            for task in (starting, stopping):
                task.cancel()
            with suppress(asyncio.CancelledError, PartFailed, RuntimeError, OSError):
                await starting
            await self._supervisor.stop()
            self._installation.forget_running()

    async def _start(self, *, empty: bool) -> None:
        from store.engine import migrate

        await self._step("Database", asyncio.to_thread(migrate, self._settings.store_url))
        if self._server is not None:
            await self._step("Temporal server", self._start_temporal(self._server))
        # Both spend their time importing, so they do it side by side.
        await self._step("Worker, API and pages", self._start_all(self._worker(), self._web()))
        await self._demonstrate(empty=empty)
        look = f"Open {self._running.url}"
        engine = f" (workflows: {self._running.temporal_ui})" if self._running.temporal_ui else ""
        self._console.print(f"{look}{engine}. Ctrl-C stops everything.", highlight=False, soft_wrap=True)

    async def _start_temporal(self, server: TemporalServer) -> None:
        await self._supervisor.start(server.part(search_attributes()), patience=START_PATIENCE)
        await server.keep_histories(self._settings.retention)

    async def _start_all(self, *parts: Part) -> None:
        try:
            async with asyncio.TaskGroup() as starts:
                for part in parts:
                    starts.create_task(self._supervisor.start(part, patience=START_PATIENCE))
        except* PartFailed as failures:
            # The first is the cause, or as good as any other.
            raise failures.exceptions[0] from None

    def _worker(self) -> Part:
        server = self._server

        async def polls(started_at: datetime) -> bool:
            from workflows.names import TASK_QUEUE

            # Of a cluster that is not ours nothing is asked here: `ltl doctor` does.
            return server is None or await server.polled_since(TASK_QUEUE, started_at)

        return self._python("worker", polls)

    def _web(self) -> Part:
        return self._python("web", lambda _started_at: answers_ok(f"{self._running.url}/readyz"))

    def _python(self, name: str, is_healthy: Callable[[datetime], Awaitable[bool]]) -> Part:
        return Part(
            name=name,
            command=(sys.executable, "-m", f"bootstrap.{name}"),
            log=self._installation.logs / f"{name}.log",
            is_healthy=is_healthy,
            environment={
                "LTL_DATA": str(self._installation.directory),
                "LTL_HOST": LOOPBACK,
                "LTL_PORT": str(self._port),
                "LTL_PAGES_WITHOUT_TOKEN": "true",
                "TEMPORAL_ADDRESS": self._running.temporal_address,
            },
        )

    async def _demonstrate(self, *, empty: bool) -> None:
        """Load the demonstration unless it was once declined or loaded; one that was interrupted is gone on with."""
        if not self._installation.wants_demonstration(empty=empty):
            return
        from bootstrap import demo
        from bootstrap.local_door import LocalDoor

        door = LocalDoor(self._running.url, self._installation.directory)
        # In a thread of its own, so that the supervisor goes on supervising.
        await self._step("Demonstration launch", asyncio.to_thread(demo.load, door))
        self._installation.demonstration_is_loaded()

    async def _step(self, name: str, work: Awaitable[None]) -> None:
        begun = asyncio.get_running_loop().time()
        if self._console.is_terminal:
            with self._console.status(f"{name} …"):
                await work
        else:
            await work
        took = asyncio.get_running_loop().time() - begun
        self._console.print(f"✓ {name} [dim]({took:.1f} s)[/dim]", highlight=False)


def search_attributes() -> tuple[tuple[str, str], ...]:
    """Return every search attribute with its type, as Temporal's own program spells them."""
    from temporalio.common import SearchAttributeIndexedValueType as Kind

    from workflows.names import SEARCH_ATTRIBUTES

    spelled = {
        Kind.KEYWORD: "Keyword",
        Kind.DATETIME: "Datetime",
        Kind.INT: "Int",
        Kind.BOOL: "Bool",
        Kind.TEXT: "Text",
    }
    return tuple((key.name, spelled[key.indexed_value_type]) for key in SEARCH_ATTRIBUTES)


async def answers_ok(url: str) -> bool:
    """Say whether a GET of `url` is answered with 200."""
    import httpx2

    try:
        async with httpx2.AsyncClient(timeout=_HEALTH_PATIENCE_SECONDS, trust_env=False) as client:
            return (await client.get(url)).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _web_port(asked: int | None, usual: int) -> int:
    if asked is None:
        return free_port(usual)
    if not is_free(asked):
        raise PortTaken(f"Somebody already listens on port {asked}. Leave --port out, and a free one is found.")
    return asked


def _temporal_server(settings: Settings, installation: Installation) -> TemporalServer:
    port = free_port(TEMPORAL_PORT)
    return TemporalServer(
        program=Path(temporal_server.program(settings.temporal_bin)),
        file=installation.temporal_file,
        port=port,
        ui_port=free_port(TEMPORAL_UI_PORT, avoiding=frozenset({port})),
        log=installation.logs / "temporal.log",
        namespace=settings.temporal_namespace,
    )
