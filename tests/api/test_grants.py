"""Are roles granted and withdrawn at the door, and does that count with the very next request?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from tests.api.at_the_desk import house_of
from tests.api.door import NOON, SettableClock, bearer
from tests.store.desk import Desk

WITHDRAWALS = "/v1/roles/ex-1/withdrawals"
GRANTS = "/v1/roles/ex-1/grants"
READINESS = "/v1/launches/atlas-2/regions/{}/readiness"


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole API on a store with a launch in two regions."""
    desk.start("emea", "apac")
    desk.clock.now = NOON
    with house_of(desk, issuer, clock) as (client, _):
        yield client


@pytest.fixture
def admin(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an admin for every region."""
    return bearer(issuer, "admin-1", (Role.ADMIN, "*"))


@pytest.fixture
def exec_1(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an executive for every region."""
    return bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))


def said(role: str = "executive", region: str = "*", **more: Any) -> dict[str, Any]:
    """Return the body of a change of roles."""
    return {"role": role, "region": region, "reason": "Left the company", **more}


def asked(client: TestClient, url: str, headers: dict[str, str], body: dict[str, Any], key: str = "k-1") -> Any:
    """Return the answer to a change of roles."""
    return client.post(url, headers={**headers, "Idempotency-Key": key}, json=body)


def test_a_withdrawn_role_counts_with_the_next_request_of_a_token_that_was_just_taken(
    house: TestClient, admin: dict[str, str], exec_1: dict[str, str]
) -> None:
    """The token's signature is remembered, its roles are not: they end at once, and come back when granted again."""
    url = READINESS.format("emea")
    assert house.get(url, headers=exec_1).status_code == 200
    assert asked(house, WITHDRAWALS, admin, said()).status_code == 201
    assert house.get(url, headers=exec_1).status_code == 403
    assert asked(house, GRANTS, admin, said(region="emea"), "k-2").status_code == 201
    assert house.get(url, headers=exec_1).status_code == 200
    assert house.get(READINESS.format("apac"), headers=exec_1).status_code == 403


def test_a_role_withdrawn_in_one_region_is_gone_from_lists_too(
    house: TestClient, admin: dict[str, str], exec_1: dict[str, str]
) -> None:
    """Who holds a role everywhere but here finds the others on the board, and nothing of here."""
    asked(house, WITHDRAWALS, admin, said(region="emea"))
    rows = house.get("/v1/readiness", headers=exec_1).json()["items"]
    assert [row["region"] for row in rows] == ["apac"]
    assert house.get(READINESS.format("apac"), headers=exec_1).status_code == 200


def test_a_role_is_granted_to_a_token_that_claims_none(
    house: TestClient, admin: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """People whose issuer knows no roles of ours are given theirs here."""
    nobody = bearer(issuer, "ex-1")
    assert house.get(READINESS.format("emea"), headers=nobody).status_code == 403
    assert asked(house, GRANTS, admin, said(region="emea")).json()["change"] == "granted"
    assert house.get(READINESS.format("emea"), headers=nobody).status_code == 200


def test_nobody_changes_their_own_roles(house: TestClient, issuer: EmbeddedIssuer) -> None:
    """Not even an admin of every region."""
    headers = bearer(issuer, "ex-1", (Role.ADMIN, "*"))
    answer = asked(house, GRANTS, headers, said())
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/roles-are-own")


def test_an_admin_of_one_region_changes_roles_there_only(house: TestClient, issuer: EmbeddedIssuer) -> None:
    """Neither next door nor for every region."""
    headers = bearer(issuer, "admin-2", (Role.ADMIN, "emea"))
    assert asked(house, GRANTS, headers, said(region="emea")).status_code == 201
    assert asked(house, GRANTS, headers, said(region="apac"), "k-2").status_code == 403
    assert asked(house, GRANTS, headers, said(region="*"), "k-3").status_code == 403


def test_an_admin_whose_role_is_withdrawn_withdraws_nothing_any_more(
    house: TestClient, admin: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """The role of admin is a role like any other."""
    other = bearer(issuer, "admin-2", (Role.ADMIN, "*"))
    assert asked(house, "/v1/roles/admin-2/withdrawals", admin, said("admin")).status_code == 201
    assert asked(house, "/v1/roles/admin-1/withdrawals", other, said("admin")).status_code == 403


def test_a_change_in_the_past_is_refused_and_one_for_later_waits(
    house: TestClient, admin: dict[str, str], exec_1: dict[str, str], desk: Desk
) -> None:
    """A role cannot have been withdrawn without anybody noticing; one may be withdrawn from next week on."""
    past = (NOON - timedelta(seconds=1)).isoformat()
    answer = asked(house, WITHDRAWALS, admin, said(effective_at=past))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/role-change-past")
    later = NOON + timedelta(hours=1)
    assert asked(house, WITHDRAWALS, admin, said(effective_at=later.isoformat()), "k-2").status_code == 201
    assert house.get(READINESS.format("emea"), headers=exec_1).status_code == 200
    desk.clock.now = later
    assert house.get(READINESS.format("emea"), headers=exec_1).status_code == 403


def test_a_repeat_answers_as_the_first_did_and_another_body_is_refused(
    house: TestClient, admin: dict[str, str]
) -> None:
    """One key, one change."""
    first = asked(house, GRANTS, admin, said())
    assert asked(house, GRANTS, admin, said()).json() == first.json()
    other = asked(house, GRANTS, admin, said("auditor"))
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    items = house.get("/v1/roles", params={"person": "ex-1"}, headers=admin).json()["items"]
    assert items == [first.json()]


def test_the_list_of_changes_is_read_page_by_page(house: TestClient, admin: dict[str, str]) -> None:
    """Whoever must prove who was what finds every change once."""
    for number in range(3):
        asked(house, GRANTS, admin, said("auditor" if number else "seller"), f"k-{number}")
    page = house.get("/v1/roles", params={"limit": 2}, headers=admin).json()
    rest = house.get("/v1/roles", params={"limit": 2, "cursor": page["next_cursor"]}, headers=admin).json()
    assert [len(page["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]


@pytest.mark.parametrize("person", ["..%2F..", "a%20b", "-x", "x" * 129])
def test_an_id_that_nobody_has_is_refused(house: TestClient, admin: dict[str, str], person: str) -> None:
    """An id of a person is letters, digits and a few signs; anything else is no address of a person."""
    assert asked(house, f"/v1/roles/{person}/grants", admin, said()).status_code in {404, 422}
