"""How do tests knock at the pages as somebody, with who carries out what is asked there?"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.dependencies import Dependencies
from api.identity import EmbeddedIssuer
from api.login import LOGIN_PATHS
from api.pages import OPEN_PAGE_PATHS
from api.personas import PERSONA_PATHS
from bootstrap.web import page_routers, routers
from store.engine import open_store
from tests.api.at_the_desk import AtTheDesk
from tests.api.door import SettableClock, dependencies
from tests.store.desk import Clock, Desk
from tests.templates.outline import Outline

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@contextmanager
def desk_on_a_file(migrated: Path, directory: Path) -> Iterator[Desk]:
    """Open a desk on a store of one test's own; pages ask no database what the tests of the store have not asked."""
    shutil.copyfile(migrated, directory / "pages.sqlite")
    standing = Clock()
    store = open_store(f"sqlite:///{directory / 'pages.sqlite'}", standing)
    try:
        yield Desk(store, standing)
    finally:
        store.close()


@contextmanager
def pages_of(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[tuple[TestClient, AtTheDesk]]:
    """Open the whole application with its pages on the store of `desk`, as a browser that follows no redirects."""
    sender = AtTheDesk(desk)
    app = _whole(replace(dependencies(desk.store, issuer, clock), sender=sender))
    with TestClient(app, headers=HTML, follow_redirects=False) as opened:
        yield opened, sender


def outline_of(response: Response, status: int = 200) -> Outline:
    """Return the outline of a page that was answered with `status`."""
    assert response.status_code == status, Outline(response.text).text[:2_000]
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Outline(response.text)


def field_of(outline: Outline, name: str) -> str:
    """Return the value of the first input of that name."""
    return next(str(a.get("value") or "") for tag, a in outline.elements if tag == "input" and a.get("name") == name)


_MADE: list[FastAPI] = []


def _whole(deps: Dependencies) -> FastAPI:
    """Return the application on `deps`, made once for all tests of a process: making it takes a second."""
    if not _MADE:
        open_paths = OPEN_PAGE_PATHS | LOGIN_PATHS | PERSONA_PATHS
        _MADE.append(create_app(deps, routers=routers(), pages=page_routers(), open_paths=open_paths))
    (app,) = _MADE
    app.state.dependencies = deps
    return app
