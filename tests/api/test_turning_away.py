"""Does the audit record tell who asked for what never became a command, without repeating what was said?"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from api.turning_away import MOST_FAULTS_KEPT, SHOWN_AGAIN
from readiness.commands import Role
from store.seals import seal_all
from store.turned_away import turned_away_of
from tests.api.door import SettableClock, bearer
from tests.api.page_house import pages_of
from tests.store.desk import Desk

EMEA = "/v1/launches/atlas-2/regions/emea"
SECRET = "canary-7f3a"


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole API on a launch in EMEA."""
    desk.start("emea")
    with pages_of(desk, issuer, clock) as (client, _):
        yield client


@pytest.fixture
def sales(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of a sales lead of EMEA."""
    return bearer(issuer, "sl-1", (Role.SALES_LEAD, "emea"))


def kept(desk: Desk) -> list[dict[str, Any]]:
    """Return what was recorded of the sales lead, the first first."""
    with desk.store.reading() as tx:
        return turned_away_of(tx, "sl-1")[::-1]


def test_a_body_that_cannot_be_meant_is_recorded_without_what_it_said(
    house: TestClient, sales: dict[str, str], issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """Who, by which right, where and what was wrong stand in the record; no value and no name that was sent."""
    keyed = {**sales, "Idempotency-Key": "w-1", "X-Request-Id": "req-0000-1"}
    faulty = {"reason": 7, "review_at": SECRET, SECRET: 1, "deep": {SECRET: SECRET}}
    assert house.post(f"{EMEA}/hold", json=faulty, headers=keyed).status_code == 422
    house.post(f"{EMEA}/hold", content=f'{{"reason": {SECRET}', headers={**keyed, "Content-Type": "application/json"})
    house.post(f"{EMEA}/hold", json={"reason": "x"}, headers=sales)
    house.post(f"{EMEA}/hold?{SECRET}={SECRET}", json={"reason": "x"}, headers=keyed)
    each = {"regions": {f"{SECRET} x": 1}, "reason": "x"}
    house.post("/v1/launches/atlas-2/hold", json=each, headers=keyed)
    rows = kept(desk)
    assert [(row["status"], row["problem"]) for row in rows] == [
        (422, "request-invalid"),
        (400, "json-invalid"),
        (400, "idempotency-key-missing"),
        (422, "request-invalid"),
        (422, "request-invalid"),
    ]
    first = rows[0]
    assert (first["role"], first["action"], first["product"], first["region"]) == (
        *("sales_lead", "hold"),
        *("atlas-2", "emea"),
    )
    assert (first["request_id"], first["address"] is None, first["body_digest"][:7]) == (
        "req-0000-1",
        True,
        "sha256:",
    )
    places = {(fault["path"], fault["code"]) for fault in first["faults"]}
    assert {("reason", "string-type"), ("*", "extra-forbidden")} <= places
    assert first["route"] == "/v1/launches/{product}/regions/{region}/hold"
    assert SECRET not in str(rows)

    seal_all(desk.store)
    auditor = bearer(issuer, "au-1", (Role.AUDITOR, "*"))
    items = house.get("/v1/ledger?person=sl-1", headers=auditor).json()["items"]
    told = [(item["source"], item["outcome"], item["refusal"], item["role"]) for item in items]
    assert told[0] == ("turned_away", "refused", "request-invalid", "sales_lead")
    assert len(told) == len(rows)
    assert SECRET not in json.dumps(items)


def test_a_page_that_shows_its_form_again_is_recorded_too(
    house: TestClient, sales: dict[str, str], desk: Desk
) -> None:
    """A form without a reason is as much an act that was refused as a body without one."""
    answer = house.post("/launches/atlas-2/emea/acts/hold", data={"wish": "w-1", "review_at": SECRET}, headers=sales)
    assert answer.status_code == 422, answer.text
    (row,) = kept(desk)
    assert (row["action"], row["region"], row["status"], row["problem"]) == ("hold", "emea", 422, SHOWN_AGAIN)


def test_an_act_on_what_has_moved_on_or_is_not_there_is_recorded_too(
    house: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """An edit of an older text, and an act where nothing was ever launched, never reach the command log."""
    headers = bearer(issuer, "sl-1", (Role.MARKETING, "*"), (Role.SALES_LEAD, "*"))
    text = "/v1/launches/atlas-2/value-propositions/all"
    desk.write_all()
    stale = {**headers, "If-Match": '"stale"', "Idempotency-Key": "w-1"}
    assert house.put(text, json={"statement": "It halves your close."}, headers=stale).status_code == 412
    nowhere = EMEA.replace("atlas-2", "atlas-9")
    keyed = {**headers, "Idempotency-Key": "w-2"}
    assert house.post(f"{nowhere}/hold", json={"reason": "x"}, headers=keyed).status_code == 404
    assert [(row["status"], row["product"]) for row in kept(desk)] == [(412, "atlas-2"), (404, "atlas-9")]


def test_ten_thousand_faults_are_a_small_entry(house: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """Some of the faults are kept, and how many there were."""
    headers = {**bearer(issuer, "sl-1", (Role.SALES_LEAD, "*")), "Idempotency-Key": "w"}
    body = {"reason": "x", **{f"f{number}": 1 for number in range(700)}}
    assert house.post(f"{EMEA}/hold", json=body, headers=headers).status_code == 422
    (row,) = kept(desk)
    assert (len(row["faults"]), row["fault_count"]) == (MOST_FAULTS_KEPT, 700)
    assert len(json.dumps(row["faults"])) < 5_000


def test_only_acts_of_who_was_let_in_are_recorded(house: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """Nobody without a token and nobody without the right fills the record; rehearsals and logged acts stay out."""
    headers = {**bearer(issuer, "sl-1", (Role.SALES_LEAD, "emea")), "Idempotency-Key": "w"}
    faulty = {"reason": 7}
    assert house.post(f"{EMEA}/hold", json=faulty).status_code == 401
    apac = EMEA.replace("emea", "apac")
    assert house.post(f"{apac}/hold", headers=headers, json=faulty).status_code == 403
    assert house.post(f"{EMEA}/hold?rehearse=true", headers=headers, json=faulty).status_code == 422
    past = {"reason": "x", "review_at": "2020-01-01T00:00:00Z"}
    assert house.post(f"{EMEA}/hold", json=past, headers=headers).status_code == 422
    assert house.get(f"{EMEA}/timeline?limit=x", headers=headers).status_code == 422
    assert kept(desk) == []
