"""How is the whole API served over loopback, on a store in which something stands, without an engine?"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import uvicorn
from cryptography.fernet import Fernet
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from temporalio.testing import ActivityEnvironment

from activities.deliver_targets import Targets
from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from api.app import create_app
from api.dependencies import ApiSettings
from api.pages import OPEN_PAGE_PATHS, pages_router
from bootstrap.impatience import ImpatientProtocol
from bootstrap.web import routers
from readiness.commands import Role
from store.engine import Store
from store.sealing import Box
from tests.api.at_the_desk import AtTheDesk
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.deliver_receiver import Resolver
from tests.readiness.builders import lasting
from tests.store.desk import Clock, Desk

START_PATIENCE = timedelta(minutes=1)
READY_REGION, YOUNG_REGIONS = "emea", ("amer", "apac")
"""Where every learning stage is passed, and where nothing has happened yet."""


@dataclass
class AtTheDeskWithFiles(AtTheDesk):
    """Loads imports too, at once, as a worker does soon."""

    files: ImportActivities | None = None

    async def start_import(self, import_id: str) -> None:
        """Load the file before the answer leaves."""
        assert self.files is not None
        await run_in_threadpool(ActivityEnvironment().run, self.files.load, import_id)


@dataclass(frozen=True)
class Served:
    """Where the API answers, and the header of somebody who holds every role."""

    url: str
    authorization: str


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve `app` on a free port of this machine, with the protocol of the product, and yield its URL."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=ImpatientProtocol, log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="served", daemon=True)
    thread.start()
    pause = threading.Event()
    for _ in range(int(START_PATIENCE.total_seconds() * 50)):
        if server.started or not thread.is_alive():
            break
        pause.wait(0.02)
    assert server.started, "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def furnish(store: Store, clock: Clock) -> Desk:
    """Bring one launch to life: ready in one region, begun in two others."""
    desk = Desk(store, clock, policy=lasting(1))
    ready, *_ = desk.start(READY_REGION, *YOUNG_REGIONS)
    desk.write_all()
    desk.teach(READY_REGION)
    desk.teach(YOUNG_REGIONS[0], trained=4, certified=2)
    desk.sign_all(ready)
    desk.look(ready)
    return desk


@contextmanager
def served(store: Store, clock: Clock, uploads: Path, *, person: str = "fuzz-1") -> Iterator[Served]:
    """Serve the API and the pages on `store`, in which a launch is under way; commands are carried out at once."""
    desk = furnish(store, clock)
    door_clock = SettableClock(clock.now)
    issuer = new_issuer(door_clock)
    files = ImportActivities(store, limits=ImportLimits(), scratch=uploads)
    sender = AtTheDeskWithFiles(desk, files=files)
    uploads.mkdir(parents=True, exist_ok=True)
    deps = replace(
        dependencies(store, issuer, door_clock),
        sender=sender,
        uploads=uploads,
        settings=ApiSettings(),
        box=Box([Fernet.generate_key().decode()]),
        targets=Targets(resolver=Resolver(["93.184.215.14"])),
    )
    app = create_app(deps, routers=routers(), pages=(pages_router(),), open_paths=OPEN_PAGE_PATHS)
    # Made beforehand: on a busy machine whoever asks first would wait long for it.
    app.openapi()
    every_role: Iterable[tuple[Role, str]] = ((role, "*") for role in Role)
    with listening(app) as url:
        yield Served(url, bearer(issuer, person, *every_role)["Authorization"])
