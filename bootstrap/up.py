"""How is everything brought up on this machine, and kept up?"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from rich.console import Console

from bootstrap import temporal_server
from bootstrap.glance import glance
from bootstrap.installation import (
    LOOPBACK,
    AlreadyUp,
    Installation,
    PortTaken,
    Running,
    is_free,
    own_port,
    running_process,
)
from bootstrap.settings import Settings
from bootstrap.spare import Spare
from bootstrap.supervisor import Part, PartFailed, Supervisor
from bootstrap.temporal_server import TemporalMissing, TemporalServer
from store.revision import is_current_file

TEMPORAL_PORT = 7233
TEMPORAL_UI_PORT = 8233

START_PATIENCE = timedelta(minutes=3)
"""How long a process may take to become healthy: seconds on a free machine, minutes on one that is busy."""

_HEALTH_PATIENCE_SECONDS = 5.0


class CannotStart(Exception):  # noqa: N818 - named as what is the case.
    """Nothing was started, or what was started is stopped again; the message is for the person."""


async def up(
    settings: Settings, *, port: int | None, ui_port: int | None = None, empty: bool, console: Console
) -> None:
    """Start Temporal, worker and web, load the demonstration where it is wanted, and keep all alive until stopped.

    `port` and `ui_port` None mean the usual one or the next that is free. Raises CannotStart.
    """
    installation = Installation(settings.directory.absolute())
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    try:
        installation.prepare()
        with installation.locked():
            house = _House(settings, installation, console, port=port, ui_port=ui_port)
            await house.run(stop, empty=empty)
    except (AlreadyUp, PortTaken, PartFailed, TemporalMissing, RuntimeError, OSError) as error:
        raise CannotStart(str(error)) from error
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _House:
    """What one `ltl up` starts on one data directory."""

    def __init__(
        self,
        settings: Settings,
        installation: Installation,
        console: Console,
        *,
        port: int | None,
        ui_port: int | None = None,
    ) -> None:
        self._settings = settings
        self._installation = installation
        self._console = console
        self._left = installation.end_leftovers()
        self._port = _port(port, settings.port, option="--port")
        self._server = None if settings.temporal_address else _temporal_server(settings, installation, ui_port)
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
        await self._step("Database", self._prepare_database())
        # Worker and web import for as long as Temporal takes to be there, so all of it is done side by side.
        parts = (self._worker(), self._web())
        if self._server is None:
            await self._step("Worker, API and pages", self._start_all(*parts))
        else:
            await self._step("Temporal, worker, API and pages", self._start_all(self._server.part(), *parts))
            await self._server.keep_histories(self._settings.retention)
        await self._demonstrate(empty=empty)
        if self._settings.spare:
            await self._supervisor.keep_spare(Spare(self._environment))
        look = f"Open {self._running.url}"
        engine = f" (workflows: {self._running.temporal_ui})" if self._running.temporal_ui else ""
        self._console.print(f"{look}{engine}. Ctrl-C stops everything.", highlight=False, soft_wrap=True)

    async def _prepare_database(self) -> None:
        """Bring the database up to this version's tables."""
        if self._settings.database_url is None and is_current_file(self._settings.store_file):
            return
        from store.engine import migrate

        await asyncio.to_thread(migrate, self._settings.store_url)

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
            # Of a cluster that is not ours nothing is asked here: `ltl doctor` does.
            return server is None or await server.polled_since(temporal_server.TASK_QUEUE, started_at)

        return self._python("worker", polls)

    def _web(self) -> Part:
        return self._python("web", lambda _started_at: answers_ok(f"{self._running.url}/readyz"))

    def _python(self, name: str, is_healthy: Callable[[datetime], Awaitable[bool]]) -> Part:
        return Part(
            name=name,
            command=(sys.executable, "-m", "bootstrap", name),
            log=self._installation.logs / f"{name}.log",
            is_healthy=is_healthy,
            environment=self._environment,
            spare_as=name,
        )

    @property
    def _environment(self) -> Mapping[str, str]:
        """What worker and web process are told besides the settings of whoever started us."""
        return {
            "LTL_DATA": str(self._installation.directory),
            "LTL_HOST": LOOPBACK,
            "LTL_PORT": str(self._port),
            "LTL_PAGES_WITHOUT_TOKEN": "true",
            "TEMPORAL_ADDRESS": self._running.temporal_address,
            **({"LTL_TEMPORAL_UI": self._running.temporal_ui} if self._running.temporal_ui else {}),
        }

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


async def answers_ok(url: str) -> bool:
    """Say whether a GET of `url` is answered with 200."""
    answer = await glance(url, patience=_HEALTH_PATIENCE_SECONDS)
    return answer is not None and answer.status == HTTPStatus.OK


def _port(asked: int | None, usual: int, *, option: str) -> int:
    if asked is None:
        return own_port(usual)
    if not is_free(asked):
        raise PortTaken(f"Somebody already listens on port {asked}. Leave {option} out, and a free one is found.")
    return asked


def _temporal_server(settings: Settings, installation: Installation, ui_port: int | None) -> TemporalServer:
    port = own_port(TEMPORAL_PORT)
    return TemporalServer(
        program=Path(temporal_server.program(settings.temporal_bin)),
        file=installation.temporal_file,
        port=port,
        ui_port=_port(ui_port, TEMPORAL_UI_PORT, option="--workflow-ui-port"),
        log=installation.logs / "temporal.log",
        namespace=settings.temporal_namespace,
    )
