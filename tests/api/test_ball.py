"""Is everybody told who has held the ball in their own regions, in figures that add up?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.ball import ball_router
from api.identity import EmbeddedIssuer
from readiness.commands import Role
from readiness.policy import Function, Stage
from store.engine import open_store
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.readiness.builders import NOW, OWNER
from tests.store.desk import PRODUCT, Clock, Desk

AUDITOR = ((Role.AUDITOR, "*"),)


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a migrated store of this test's own whose clock the test moves."""
    clock = Clock()
    store = open_store(store_url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


@pytest.fixture
def issuer() -> EmbeddedIssuer:
    """An issuer of its own."""
    return new_issuer(SettableClock(NOW))


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer) -> Iterator[TestClient]:
    """A program that asks two days after a product was started in two regions, of which EMEA has signed its message
    after five hours for marketing."""
    _, emea = desk.start("apac", "emea")
    desk.write_all()
    desk.clock.now += timedelta(hours=5)
    signed = desk.sign_off(emea, Stage.VALUE_PROPOSITIONS, Function.MARKETING, Role.MARKETING, "ma-1")
    desk.accepted(emea, signed)
    desk.clock.now += timedelta(hours=43)
    app = create_app(dependencies(desk.store, issuer, SettableClock(NOW)), routers=[ball_router()])
    with TestClient(app) as opened:
        yield opened


def asked(client: TestClient, issuer: EmbeddedIssuer, path: str, *grants: tuple[Role, str]) -> Any:
    """Return the answer for somebody with these roles, an auditor of all regions unless said."""
    answer = client.get(path, headers=bearer(issuer, "someone", *(grants or AUDITOR)))
    assert answer.status_code == 200, answer.text
    return answer.json()


def held(function: str, hours: float, days: float, *, regions: int, holding: int) -> dict[str, Any]:
    """Return how long a function held the message."""
    return {
        "stage": "value_propositions",
        "function": function,
        "hours": hours,
        "working_days": days,
        "regions": regions,
        "holding": holding,
    }


def test_a_region_tells_every_interval_and_who_holds_it_now(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """Marketing held the message for five hours; sales still does, from Monday to Wednesday on the clock there."""
    told = asked(client, issuer, f"/v1/launches/{PRODUCT}/regions/emea/ball")
    assert (told["stage"], told["holding"], told["time_zone"]) == ("value_propositions", ["sales"], "Europe/Berlin")
    assert told["since"] == "2027-01-04T09:00:00Z"
    assert told["times"] == [
        held("marketing", 5.0, 0.2, regions=1, holding=0),
        held("sales", 48.0, 2.0, regions=1, holding=1),
    ]
    assert [(each["function"], each["began_at"], each["ended_at"], each["hours"]) for each in told["intervals"]] == [
        ("marketing", "2027-01-04T09:00:00Z", "2027-01-04T14:00:00Z", 5.0),
        ("sales", "2027-01-04T09:00:00Z", None, 48.0),
    ]


def test_a_product_and_the_portfolio_add_their_regions_up(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """What the regions were held for is added by stage and function, with how many each holds now."""
    times = [
        held("marketing", 53.0, 2.2, regions=2, holding=1),
        held("sales", 96.0, 4.0, regions=2, holding=2),
    ]
    product = asked(client, issuer, f"/v1/launches/{PRODUCT}/ball")
    assert (product["name"], product["times"]) == ("Atlas 2", times)
    assert [(each["region"], each["holding"]) for each in product["regions"]] == [
        ("apac", ["marketing", "sales"]),
        ("emea", ["sales"]),
    ]
    portfolio = asked(client, issuer, "/v1/ball")
    assert (portfolio["regions"], portfolio["times"]) == (2, times)


def test_nobody_is_told_of_regions_that_they_may_not_see(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """Sums count the reader's own regions only; another region is denied, and without one there is no product."""
    mine = (Role.SALES_LEAD, "apac")
    assert asked(client, issuer, "/v1/ball", mine)["regions"] == 1
    assert [r["region"] for r in asked(client, issuer, f"/v1/launches/{PRODUCT}/ball", mine)["regions"]] == ["apac"]
    headers = bearer(issuer, "sa-9", (Role.SALES_LEAD, "amer"))
    assert client.get(f"/v1/launches/{PRODUCT}/regions/emea/ball", headers=headers).status_code == 403
    assert client.get(f"/v1/launches/{PRODUCT}/ball", headers=headers).status_code == 404
    assert client.get("/v1/ball", headers=bearer(issuer, "seller-1", (Role.SELLER, "*"))).status_code == 403


def test_what_has_ended_is_counted_unless_it_is_left_out(
    client: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """How long a cancelled region was held stays in the sums, by nobody now; `running` leaves it out."""
    emea = desk.latest("emea")
    assert emea is not None
    desk.accepted(emea, desk.ask(emea, "cancel", OWNER, Role.PRODUCT_MANAGER))
    desk.clock.now += timedelta(days=10)
    region = asked(client, issuer, f"/v1/launches/{PRODUCT}/regions/emea/ball")
    assert (region["holding"], region["since"], region["ended_at"]) == ([], None, "2027-01-06T09:00:00Z")
    assert [each["hours"] for each in region["times"]] == [5.0, 48.0]
    assert asked(client, issuer, "/v1/ball")["regions"] == 2
    assert asked(client, issuer, "/v1/ball?running=true")["regions"] == 1


def test_a_region_that_was_never_started_is_not_found(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """Nobody holds what is not there."""
    headers = bearer(issuer, "auditor-1", *AUDITOR)
    assert client.get(f"/v1/launches/{PRODUCT}/regions/amer/ball", headers=headers).status_code == 404
    assert client.get("/v1/launches/borealis/ball", headers=headers).status_code == 404
