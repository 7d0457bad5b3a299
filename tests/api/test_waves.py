"""Do answers say what one region of a wave has to do with another?"""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from store.engine import open_store
from tests.api.at_the_desk import house_of
from tests.api.door import SettableClock, bearer, new_issuer
from tests.readiness.builders import NOW
from tests.store.desk import Clock, Desk
from tests.store.test_waves import started, take_to_go, together

AUDITOR = (Role.AUDITOR, "*")


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk whose launches go wave by wave."""
    store = open_store(store_url, clock := Clock())
    try:
        yield Desk(store, clock, together())
    finally:
        store.close()


@pytest.fixture
def issuer() -> EmbeddedIssuer:
    """An issuer of its own."""
    return new_issuer(SettableClock(NOW))


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer) -> Iterator[TestClient]:
    """A program that asks the whole API."""
    with house_of(desk, issuer, SettableClock(NOW)) as (opened, _):
        yield opened


def readiness_of(client: TestClient, issuer: EmbeddedIssuer, region: str) -> Any:
    """Return the readiness of a region."""
    path = f"/v1/launches/atlas-2/regions/{region}/readiness"
    answer = client.get(path, headers=bearer(issuer, "au-1", AUDITOR))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_readiness_of_a_region_with_a_go_names_the_mates_that_have_none(
    client: TestClient, desk: Desk, issuer: EmbeddedIssuer
) -> None:
    """Whoever looks before the launch day sees on whom it waits, and sees it end."""
    apac, emea = started(desk, {"apac": 1, "emea": 1})
    take_to_go(desk, emea)
    shown = readiness_of(client, issuer, "emea")
    (blocker,) = shown["blockers"]
    assert (blocker["waiting_on"], shown["verdict"]) == ("wave", "go")
    assert blocker["reason"] == "Wave 1 launches together, and waits for apac (not ready)"
    take_to_go(desk, apac)
    assert readiness_of(client, issuer, "emea")["blockers"] == []


def test_a_later_wave_reads_what_the_earlier_learned_and_says_how_it_addresses_that(
    client: TestClient, desk: Desk, issuer: EmbeddedIssuer
) -> None:
    """In the words in which it was said, for all who govern there and not for sellers; answered once, by who may."""
    apac, _ = started(desk, {"apac": 1, "emea": 2})
    region = "/v1/launches/atlas-2/regions/emea"
    marketing = bearer(issuer, "ma-1", (Role.MARKETING, "emea"))
    desk.accepted(apac, hold := desk.hold(apac))
    heard = client.post(
        "/v1/launches/atlas-2/regions/apac/objections",
        json={"objection": "Does it run without the cloud?"},
        headers={**bearer(issuer, "se-1", (Role.SELLER, "apac")), "Idempotency-Key": "heard"},
    ).json()["key"]
    shown = readiness_of(client, issuer, "emea")["must_address"]
    assert [(each["id"], each["kind"], each["region"], each["reason"], each["how"]) for each in shown] == [
        (hold.command_id, "hold", "apac", "why", None),
        (heard, "objection", "apac", "Does it run without the cloud?", None),
    ]
    assert client.get(f"{region}/content/objection_handling", headers=marketing).json()["must_address"] == shown
    seller = bearer(issuer, "se-2", (Role.SELLER, "emea"))
    assert client.get(f"{region}/content/objection_handling", headers=seller).json()["must_address"] == []
    address = f"{region}/must-address/{hold.command_id}"
    sales = bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea"))
    said = {"how": "The list is corrected."}
    assert client.post(address, json=said, headers={**sales, "Idempotency-Key": "no"}).status_code == 403
    answer = client.post(address, json=said, headers={**marketing, "Idempotency-Key": "yes"})
    assert answer.status_code == 200, answer.text
    (first, second) = answer.json()["must_address"]
    assert (first["how"], first["addressed_by"], second["addressed_by"]) == ("The list is corrected.", "ma-1", None)
    again = client.post(address, json=said, headers={**marketing, "Idempotency-Key": "again"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/lesson-addressed")
