"""On what does an act that is interrupted play: with which directory, database, namespace and processes?"""

# A lane is a whole installation of its own, so that many points are gone through side by side while each waits for a
# dead worker to be missed. All lanes share one Temporal server, where each has a namespace.

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client

from bootstrap import temporal
from bootstrap.api_client import Api
from bootstrap.installation import free_port
from bootstrap.lifeline import tied
from bootstrap.local_door import LocalDoor
from bootstrap.sending import TemporalSender
from bootstrap.temporal_server import program
from readiness.commands import Role
from readiness.keys import LaunchKey, RegionKey
from store.engine import Store, open_store
from tests.store.desk import Clock, Desk
from tests.torture.doom import Orders, give_orders
from tests.torture.doomed import ORDERS
from tests.torture.nursery import Child, Nursery
from tests.torture.readying import Ready
from workflows import names
from workflows.launch import LaunchWorkflow
from workflows.region_launch import RegionLaunchWorkflow

PATIENCE = timedelta(minutes=5)
STORE = "store.sqlite"
"""What the product calls its database in a data directory."""

_FIRST_PORT = 20_400

_IN_A_HURRY = ('history.timerProcessorMaxTimeShift="1ms"', 'history.workflowIdReuseMinimalInterval="0s"')
"""By default the server lets a second go by before a short timer rings and before a run is followed by the next."""


@contextmanager
def temporal_server(namespaces: tuple[str, ...]) -> Iterator[int]:
    """Run a Temporal server in memory and yield its port, once it has these namespaces with all that is needed."""
    port = free_port(_FIRST_PORT + os.getpid() % 1_000)
    words = [f"{program()}", "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", f"{port}"]
    words += ["--log-level", "never", "--disable-config-file", "--disable-config-env"]
    words += [word for name in namespaces for word in ("--namespace", name)]
    words += [word for value in _IN_A_HURRY for word in ("--dynamic-config-value", value)]
    process = subprocess.Popen(tied(tuple(words), parent=os.getpid()), stdout=subprocess.DEVNULL)
    try:
        asyncio.run(_prepare(port, namespaces))
        yield port
    finally:
        process.kill()
        process.wait()


async def _prepare(port: int, namespaces: tuple[str, ...]) -> None:
    for name in namespaces:
        await temporal.prepare(await temporal.connect(f"127.0.0.1:{port}", namespace=name))


@dataclass
class Lane:
    """One installation: its database is `store_url`, and its processes are brought up by a nursery."""

    directory: Path
    store_url: str
    temporal_port: int
    namespace: str
    nursery: Nursery
    clock: Clock = field(default_factory=Clock)
    soon: timedelta = timedelta(seconds=3)
    """How far ahead a launch instant has to lie, for everything to be ready before it."""
    _open: ExitStack = field(default_factory=ExitStack)
    _children: dict[str, Child] = field(default_factory=dict)
    _voices: dict[tuple[str, Role, timedelta], Api] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store: Store = open_store(self.store_url)
        self._open.callback(self.store.close)
        self.back_then: Store = open_store(self.store_url, self.clock)
        self._open.callback(self.back_then.close)
        self.port, self._inner_port = _two_ports()
        self.obey(Orders())

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            child.kill()
        self._open.close()

    @property
    def desk(self) -> Desk:
        """Who brings things about in the store, at the moment at which the lane's clock stands."""
        return Desk(self.back_then, self.clock)

    def obey(self, orders: Orders) -> None:
        """Give orders to the processes of this lane."""
        give_orders(self.directory / ORDERS, orders)

    def child(self, role: str) -> Child:
        """Return the process of this role, brought up anew where there is none."""
        child = self._children.get(role)
        if child is None or not child.is_alive:
            child = self._children[role] = self.nursery.bring_up(role, self.directory, self._wanted())
        return child

    def renew(self, role: str) -> None:
        """Bring up a new process of this role in place of the present one."""
        if role in self._children:
            self._children[role].kill()
        self.child(role)

    @contextmanager
    def frozen(self, role: str) -> Iterator[None]:
        """Have the process of this role stand still for a while."""
        pid = self.child(role).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def speak(self, person: str, role: Role, *, patience: timedelta = PATIENCE) -> Api:
        """Return a client that speaks for `person`, and asks again under the same key until there is an answer."""
        voice = self._voices.get((person, role, patience))
        if voice is None:
            door = LocalDoor(f"http://127.0.0.1:{self.port}", self.directory, patience=patience)
            voice = self._open.enter_context(door.as_person(person, role))
            self._voices[person, role, patience] = voice
        return voice

    def hint(self, launch: LaunchKey, region: RegionKey) -> None:
        """Have workflows run for these, as the relay does for what it finds without one."""
        self._ask(lambda client: _hint(client, launch, region))

    def attend(self, launch: LaunchKey, ready: Ready) -> None:
        """Return once there are workflows that know these as they are and wait for what comes."""
        self._ask(lambda client: _attend(client, launch, ready))

    def _ask(self, question: Callable[[Client], Any]) -> None:
        async def ask() -> None:
            await question(await temporal.connect(f"127.0.0.1:{self.temporal_port}", namespace=self.namespace))

        asyncio.run(ask())

    def _wanted(self) -> dict[str, Any]:
        return {
            "port": self.port,
            "inner_port": self._inner_port,
            "temporal_port": self.temporal_port,
            "namespace": self.namespace,
            "database_url": None if self.store_url.startswith("sqlite") else self.store_url,
        }


async def _hint(client: Client, launch: LaunchKey, region: RegionKey) -> None:
    sender = TemporalSender(client)
    await sender.hint_launch(launch)
    await sender.hint([region])


async def _attend(client: Client, launch: LaunchKey, ready: Ready) -> None:
    await _hint(client, launch, ready.key)
    whole = client.get_workflow_handle_for(LaunchWorkflow.run, names.launch_id(launch.product))
    region = client.get_workflow_handle_for(
        RegionLaunchWorkflow.run, names.region_launch_id(ready.key.product, ready.key.region)
    )
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while await whole.query(LaunchWorkflow.launch) is None:
            pass
        while (
            bearings := await region.query(RegionLaunchWorkflow.bearings)
        ) is None or bearings.version < ready.known:
            pass


def _two_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def now() -> datetime:
    """Return the machine's clock, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
