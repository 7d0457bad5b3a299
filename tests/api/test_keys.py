"""Does a key let a program in for what it was made for, until it ends, and is it told once?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from store.seals import seal_all
from tests.api.at_the_desk import house_of
from tests.api.door import NOON, SettableClock, bearer
from tests.store.desk import Desk

IMPORTS = "/v1/imports"


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole API."""
    desk.clock.now = NOON
    with house_of(desk, issuer, clock) as (client, _):
        yield client


@pytest.fixture
def admin(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an admin for every region, with a key for a wish."""
    return {**bearer(issuer, "admin-1", (Role.ADMIN, "*")), "Idempotency-Key": "k-1"}


def said(role: str = "service", regions: Any = "*", *, days: int = 90) -> dict[str, Any]:
    """Return the body that asks for a key."""
    ends = (NOON + timedelta(days=days)).isoformat()
    return {"name": "learning-system", "scopes": [{"role": role, "regions": regions}], "expires_at": ends}


def opening(key: str) -> dict[str, str]:
    """Return the headers of a program."""
    return {"Authorization": f"Bearer {key}"}


def test_a_key_opens_what_its_scope_allows_and_nothing_else(house: TestClient, admin: dict[str, str]) -> None:
    """A program brings in facts, and neither governs nor makes keys."""
    made = house.post("/v1/keys", headers=admin, json=said())
    assert made.status_code == 201
    program = opening(made.json()["key"])
    assert house.get(IMPORTS, headers=program).status_code == 200
    assert house.get("/v1/keys", headers=program).status_code == 403
    hold = "/v1/launches/atlas-2/regions/emea/hold"
    assert house.post(hold, headers={**program, "Idempotency-Key": "x"}, json={}).status_code == 403


def test_a_key_is_told_once_and_kept_as_a_hash(house: TestClient, admin: dict[str, str], desk: Desk) -> None:
    """Neither a repeat, nor the list, nor any table holds it."""
    secret = house.post("/v1/keys", headers=admin, json=said()).json()["key"]
    assert secret.startswith("ltl_")
    assert len(secret) == 47
    repeat = house.post("/v1/keys", headers=admin, json=said())
    assert (repeat.status_code, repeat.json()["key"]) == (201, None)
    listed = house.get("/v1/keys", headers=admin)
    assert [item["id"] for item in listed.json()["items"]] == [secret[:12]]
    assert secret not in listed.text
    with desk.store.reading() as tx:
        kept = tx.execute(text("SELECT * FROM api_keys")).mappings().one()
    assert secret not in str(dict(kept))


def test_a_key_ends_at_its_moment_and_once_revoked_at_once(
    house: TestClient, admin: dict[str, str], desk: Desk
) -> None:
    """Nothing remembers it: the very next request is refused."""
    made = house.post("/v1/keys", headers=admin, json=said()).json()
    program = opening(made["key"])
    desk.clock.now = NOON + timedelta(days=90)
    answer = house.get(IMPORTS, headers=program)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-invalid")
    desk.clock.now = NOON
    assert house.get(IMPORTS, headers=program).status_code == 200
    revoked = house.post(f"/v1/keys/{made['id']}/revoke", headers=admin)
    assert (revoked.status_code, revoked.json()["revoked_by"]) == (200, "admin-1")
    assert house.get(IMPORTS, headers=program).status_code == 401
    assert house.post("/v1/keys/ltl_00000000/revoke", headers=admin).status_code == 404


def test_when_a_key_was_last_used_is_known_to_the_minute(
    house: TestClient, admin: dict[str, str], desk: Desk
) -> None:
    """Whoever cleans up finds the keys that nobody uses."""
    program = opening(house.post("/v1/keys", headers=admin, json=said()).json()["key"])
    used = []
    for seconds in (0, 59, 60):
        desk.clock.now = NOON + timedelta(seconds=seconds)
        assert house.get(IMPORTS, headers=program).status_code == 200
        used.append(house.get("/v1/keys", headers=admin).json()["items"][0]["last_used_at"])
    assert used == ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z", "2026-11-22T12:01:00Z"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SERVICE, Role.AUDITOR}))
def test_no_key_is_given_a_role_of_people(house: TestClient, admin: dict[str, str], role: str) -> None:
    """A program never signs, votes, decides or administers."""
    answer = house.post("/v1/keys", headers=admin, json=said(role))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-scope-bad")


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_key_ends_within_a_year(house: TestClient, admin: dict[str, str], days: int) -> None:
    """A key that nobody renews ends by itself."""
    answer = house.post("/v1/keys", headers=admin, json=said(days=days))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-life-bad")


def test_a_role_is_withdrawn_from_a_program_too(house: TestClient, admin: dict[str, str]) -> None:
    """It acts under an id, from which roles are withdrawn like from anybody."""
    program = opening(house.post("/v1/keys", headers=admin, json=said()).json()["key"])
    body = {"role": "service", "region": "*", "reason": "It went mad"}
    withdrawn = house.post("/v1/roles/service:learning-system/withdrawals", headers=admin, json=body)
    assert withdrawn.status_code == 201
    assert house.get(IMPORTS, headers=program).status_code == 403


@pytest.mark.parametrize("key", ["ltl_", "ltl_" + "x" * 43, "ltl_%00", "ltl_" + "a" * 5000])
def test_what_is_no_key_opens_nothing(house: TestClient, key: str) -> None:
    """A guess is refused like any other token."""
    assert house.get(IMPORTS, headers=opening(key)).status_code in {401, 431}


def test_what_a_program_does_is_on_behalf_of_whoever_made_its_key(
    house: TestClient, admin: dict[str, str], desk: Desk, tmp_path: Path
) -> None:
    """An import, an attempt without a right and one that cannot be meant name the admin beside the program."""
    app: Any = house.app
    app.state.dependencies = replace(app.state.dependencies, uploads=tmp_path)
    key = opening(house.post("/v1/keys", json=said(), headers=admin).json()["key"])
    file = b"person_id,name,region\np-1,Ada,emea\n"
    house.post(f"{IMPORTS}/people", content=file, headers={**key, "Content-Type": "text/csv"})
    assert house.post(f"{IMPORTS}/people?odd=1", content=file, headers=key).status_code == 422
    assert house.post("/v1/keys", json=said(), headers={**key, "Idempotency-Key": "k-2"}).status_code == 403
    seal_all(desk.store)
    items = house.get("/v1/ledger", headers=admin).json()["items"]
    told = {item["source"]: (item["person"], item["on_behalf_of"]) for item in items if item["on_behalf_of"]}
    both = ("service:learning-system", "admin-1")
    assert told == {"imports": both, "turned_away": both, "denials": both}
    assert ",admin-1," in house.get("/v1/ledger/export?format=csv", headers=admin).text
