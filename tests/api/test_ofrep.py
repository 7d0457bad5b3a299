"""Does the OpenFeature Remote Evaluation Protocol answer as its clients expect, and never with a false yes?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from openfeature.api import clear_providers, get_client, set_provider
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from readiness.events import PermitSuspended
from readiness.keys import RegionKey
from store.ledger import append
from store.projection import move_row
from store.regions import lock_region
from tests.api.door import SettableClock, bearer
from tests.api.permit_house import launched, new_desk, permit_app, served
from tests.store.desk import Desk

FLAG = "launch.atlas-2"
ONE = f"/ofrep/v1/evaluate/flags/{FLAG}"
MANY = "/ofrep/v1/evaluate/flags"
IN_EMEA = {"context": {"targetingKey": "shop-17", "region": "emea"}}


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The API on the store of the desk."""
    with TestClient(permit_app(desk, issuer, clock, new_desk())) as opened:
        yield opened


@pytest.fixture
def shop(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of a shop of EMEA."""
    return bearer(issuer, "shop", (Role.SERVICE, "emea"))


def revoke(desk: Desk, key: RegionKey) -> None:
    """Take the permit away."""
    desk.accepted(key, desk.ask(key, "revoke_permit", "ex-1", Role.EXECUTIVE))


def suspend(desk: Desk, key: RegionKey) -> None:
    """Suspend the permit, as the ledger does by itself."""
    from readiness.rules import fold

    with desk.store.writing() as tx:
        record = lock_region(tx, key)
        now = desk.store.now(tx)
        rows = append(tx, key, [PermitSuspended(at=now, conditions=("c-1",))], after=record.version, now=now)
        after = fold(key, record.region, rows)
        assert after is not None
        move_row(tx, record, after, now=now)


def test_a_flag_says_whether_and_on_what_it_rests(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """False before the launch, true from its instant, with permit and decision to look up."""
    key = desk.with_go()
    before = house.post(ONE, json=IN_EMEA, headers=shop)
    assert before.status_code == 200
    assert (before.json()["value"], before.json()["variant"]) == (False, "not-permitted")
    assert before.json()["metadata"]["standing"] == "not_launched"
    assert "has not launched" in before.json()["metadata"]["why"]
    desk.clock.now = desk.region(key).launch_at
    desk.launch(key)
    after = house.post(ONE, json=IN_EMEA, headers=shop).json()
    decision = desk.region(key).decision
    assert decision is not None
    assert (after["key"], after["value"], after["variant"], after["reason"]) == (
        FLAG,
        True,
        "permitted",
        "TARGETING_MATCH",
    )
    assert after["cacheable"] is False
    assert after["metadata"] == {
        "region": "emea",
        "run": 1,
        "permit": "atlas-2/emea/1",
        "standing": "valid",
        "decision": decision.version,
        "verdict": "go",
        "from": "2027-03-01T08:00:00Z",
        "openConditions": 0,
        "decisionDigest": after["metadata"]["decisionDigest"],
    }


@pytest.mark.parametrize(("taken", "standing"), [(revoke, "revoked"), (suspend, "suspended")])
def test_what_takes_the_permit_turns_the_flag(
    taken: Any, standing: str, house: TestClient, desk: Desk, shop: dict[str, str]
) -> None:
    """At the next question, single and bulk, and the bulk's tag changes with it."""
    key = launched(desk)
    first = house.post(MANY, json=IN_EMEA, headers=shop)
    assert [flag["value"] for flag in first.json()["flags"]] == [True]
    taken(desk, key)
    one = house.post(ONE, json=IN_EMEA, headers=shop).json()
    assert (one["value"], one["metadata"]["standing"]) == (False, standing)
    second = house.post(MANY, json=IN_EMEA, headers={**shop, "If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert [flag["value"] for flag in second.json()["flags"]] == [False]


def test_a_bulk_that_did_not_change_is_not_sent_again(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """Time alone changes nothing, so that browsers may ask every few seconds."""
    launched(desk)
    first = house.post(MANY, json=IN_EMEA, headers=shop)
    desk.clock.now += timedelta(hours=1)
    again = house.post(MANY, json=IN_EMEA, headers={**shop, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


_ASKED_BADLY: tuple[tuple[bytes, int, str | None], ...] = (
    (b"", 400, "PARSE_ERROR"),
    (b"{", 400, "PARSE_ERROR"),
    (b"[]", 400, "PARSE_ERROR"),
    (b'{"context": []}', 400, "PARSE_ERROR"),
    (b'{"context": {"targetingKey": NaN}}', 400, "PARSE_ERROR"),
    (b"{}", 400, "INVALID_CONTEXT"),
    (b'{"context": {}}', 400, "TARGETING_KEY_MISSING"),
    (b'{"context": {"targetingKey": "", "region": "emea"}}', 400, "TARGETING_KEY_MISSING"),
    (b'{"context": {"targetingKey": 7, "region": "emea"}}', 400, "TARGETING_KEY_MISSING"),
    (b'{"context": {"targetingKey": "s"}}', 400, "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": "s", "region": 7}}', 400, "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": "s", "region": "../etc"}}', 400, "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": "' + b"x" * 70_000 + b'"}}', 413, None),
)


def test_what_is_asked_badly_is_told_in_the_protocols_words(
    house: TestClient, desk: Desk, shop: dict[str, str]
) -> None:
    """With the key for a single flag, without one for all."""
    launched(desk)
    headers = {**shop, "Content-Type": "application/json"}
    for body, status, code in _ASKED_BADLY:
        for path in (ONE, MANY):
            answer = house.post(path, content=body, headers=headers)
            assert answer.status_code == status, body[:50]
            if code is not None:
                assert answer.json()["errorCode"] == code, body[:50]
                assert answer.json()["errorDetails"].endswith(".")
                assert answer.json().get("key") == (FLAG if path == ONE else None)


def test_a_flag_that_is_not_there_is_not_found(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """A client falls back to its default, which is false."""
    launched(desk)
    for flag in ("launch.nothing", "atlas-2", "launch.", "launch.ATLAS-2", "launch.%2e%2e", "x" * 300):
        answer = house.post(f"/ofrep/v1/evaluate/flags/{flag}", json=IN_EMEA, headers=shop)
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "FLAG_NOT_FOUND"), flag


def test_what_lies_outside_ones_regions_is_not_there(house: TestClient, desk: Desk, issuer: EmbeddedIssuer) -> None:
    """The same answer as for a product that does not exist, word for word but for its name."""
    launched(desk)
    elsewhere = bearer(issuer, "shop", (Role.SERVICE, "apac"))
    hidden = house.post(ONE, json=IN_EMEA, headers=elsewhere)
    unknown = house.post(f"{MANY}/launch.nothing", json=IN_EMEA, headers=elsewhere)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace(FLAG, "launch.nothing") == unknown.text
    assert house.post(MANY, json=IN_EMEA, headers=elsewhere).json() == {"flags": []}
    assert house.post(ONE, json=IN_EMEA).status_code == 401
    assert house.post(MANY, json=IN_EMEA).status_code == 401


def test_a_region_is_found_however_it_is_written(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """As everywhere: capitals and blanks do not matter."""
    launched(desk)
    asked = {"context": {"targetingKey": "shop-17", "region": " EMEA "}}
    assert house.post(ONE, json=asked, headers=shop).json()["value"] is True


# --- the stock client of Python, over a real connection


@pytest.fixture
def asked(
    desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock, shop: dict[str, str]
) -> Iterator[OpenFeatureClient]:
    """The OpenFeature client as any program has it, against a server on this machine."""
    with served(permit_app(desk, issuer, clock, new_desk())) as address:
        provider = OFREPProvider(address, headers_factory=lambda: shop)
        set_provider(provider)
        try:
            yield get_client()
        finally:
            provider.session.close()
            clear_providers()


def test_the_stock_python_client_is_told_true_and_false(asked: OpenFeatureClient, desk: Desk) -> None:
    """From not launched over launched to revoked, with the metadata of each."""
    here = EvaluationContext(targeting_key="shop-17", attributes={"region": "emea"})
    key = desk.with_go()
    assert asked.get_boolean_value(FLAG, False, here) is False
    desk.clock.now = desk.region(key).launch_at
    desk.launch(key)
    details = asked.get_boolean_details(FLAG, False, here)
    assert (details.value, details.variant, details.error_code) == (True, "permitted", None)
    assert details.flag_metadata["permit"] == "atlas-2/emea/1"
    revoke(desk, key)
    details = asked.get_boolean_details(FLAG, True, here)
    assert (details.value, details.flag_metadata["standing"]) == (False, "revoked")


def test_the_stock_python_client_falls_back_to_its_default(asked: OpenFeatureClient, desk: Desk) -> None:
    """And it knows why: each error is one that the client has a name for."""
    launched(desk)
    for flag, context, code in (
        ("launch.nothing", EvaluationContext("shop", {"region": "emea"}), ErrorCode.FLAG_NOT_FOUND),
        (FLAG, EvaluationContext("shop", {"region": "apac"}), ErrorCode.FLAG_NOT_FOUND),
        (FLAG, EvaluationContext("shop", {}), ErrorCode.INVALID_CONTEXT),
        (FLAG, EvaluationContext(None, {"region": "emea"}), ErrorCode.TARGETING_KEY_MISSING),
    ):
        details = asked.get_boolean_details(flag, False, context)
        assert (details.value, details.error_code) == (False, code)
