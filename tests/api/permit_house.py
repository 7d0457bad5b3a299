"""Behind which door do the tests of permits stand, and who signs there?"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.request import urlopen

import uvicorn
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from api.app import create_app
from api.identity import EmbeddedIssuer
from api.pages import OPEN_PAGE_PATHS, pages_router
from api.permit_checking import checking_router
from api.permit_jws import PermitDesk
from bootstrap.permit_keys import FixedKeys
from bootstrap.web import routers
from readiness.keys import RegionKey
from readiness.ledger import Launched
from tests.api.at_the_desk import AtTheDesk
from tests.api.door import SettableClock, dependencies
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Desk

ISSUER = "urn:learn-then-launch:permits"


def new_keys(*more: OKPKey) -> FixedKeys:
    """Return a key that signs, and `more` that are published."""
    keys = [OKPKey.generate_key("Ed25519"), *more]
    return FixedKeys(json.dumps({"keys": [key.as_dict(private=key.is_private) for key in keys]}))


def new_desk() -> PermitDesk:
    """Return who signs permits with a key of its own."""
    return PermitDesk(new_keys(), issuer=ISSUER)


_MADE: list[FastAPI] = []
"""The application of `permit_app`, made once for all tests of a process."""


def permit_app(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock, permits: PermitDesk | None) -> FastAPI:
    """Return the whole API and the pages on the store of `desk`, where `permits` signs."""
    made = replace(dependencies(desk.store, issuer, clock), sender=AtTheDesk(desk), permits=permits)
    if not _MADE:
        pages = (pages_router(), checking_router())
        _MADE.append(create_app(made, routers=routers(), pages=pages, open_paths=OPEN_PAGE_PATHS))
    (app,) = _MADE
    app.state.dependencies = made
    return app


def launched(desk: Desk, region: str = "emea") -> RegionKey:
    """Return a region that has launched, the clock at its instant."""
    key = desk.with_go(region)
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)
    return key


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve `app` on a free port of this machine, in a thread, and say where."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        with urlopen(f"{address}/livez") as answer:  # noqa: S310 - a server of this test, on this machine.
            assert answer.status == 200
        yield address
    finally:
        server.should_exit = True
        thread.join()
