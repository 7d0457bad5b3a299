"""What do all tests of the front door start from?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EmbeddedIssuer
from readiness.commands import Role
from store.access_schema import api_keys, denials, role_changes, sessions, turned_away
from store.engine import Store, open_store
from tests.api.door import SettableClock, bearer, dependencies, new_issuer, routes
from tests.store.desk import Clock, Desk


@pytest.fixture
def clock() -> SettableClock:
    """A clock that shows noon until it is set."""
    return SettableClock()


@pytest.fixture
def issuer(clock: SettableClock) -> EmbeddedIssuer:
    """An issuer of its own."""
    return new_issuer(clock)


@pytest.fixture
def ledger(tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    """A store that has the table of denials."""
    opened = open_store(f"sqlite:///{tmp_path / 'door.sqlite'}", clock)
    with opened.writing() as tx:
        for table in (api_keys, denials, role_changes, sessions, turned_away):
            table.create(tx, checkfirst=True)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a migrated store of this test's own, behind the same door."""
    desk_clock = Clock()
    opened = open_store(store_url, desk_clock)
    try:
        yield Desk(opened, desk_clock)
    finally:
        opened.close()


@pytest.fixture
def app(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock) -> FastAPI:
    """The application with the routes of the tests."""
    return create_app(dependencies(ledger, issuer, clock), routers=[routes()])


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A browser or program that knocks at the door."""
    with TestClient(app) as opened:
        yield opened


@pytest.fixture
def manager(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of a product manager of EMEA, with a key for a wish."""
    return {**bearer(issuer, "pm-7", (Role.PRODUCT_MANAGER, "emea")), "Idempotency-Key": "wish-1"}


@pytest.fixture
def executive(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an executive for every region, with a key for a wish."""
    return {**bearer(issuer, "exec-1", (Role.EXECUTIVE, "*")), "Idempotency-Key": "wish-1"}


@pytest.fixture
def enablement(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an enablement person for every region."""
    return bearer(issuer, "enable-1", (Role.ENABLEMENT, "*"))
