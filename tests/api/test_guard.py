"""Does the door let in whom the table allows, before it reads what they bring?"""

from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse
from starlette.testclient import TestClient

from api.app import RouteUndeclared, create_app, declared_actions
from api.guard import guarded_router, requires
from api.identity import Actor, EmbeddedIssuer, RoleGrant
from api.rights import Action
from readiness.commands import Role
from store.denials import Denial, denials_of
from store.engine import Store
from tests.api.door import SettableClock, bearer, dependencies

READINESS = "/v1/launches/atlas-2/regions/{}/readiness"


def attempts(store: Store, person: str) -> list[Denial]:
    """Return what was recorded of `person`."""
    with store.reading() as tx:
        return denials_of(tx, person)


def test_a_region_in_the_path_is_judged_at_the_door(client: TestClient, manager: dict[str, str]) -> None:
    """Who holds the role in a region reads it there and not next door."""
    assert client.get(READINESS.format("emea"), headers=manager).json() == "atlas-2/emea for pm-7"
    answer = client.get(READINESS.format("apac"), headers=manager)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
    assert answer.json()["detail"] == "No role of yours allows you to see how ready a region is in apac."


def test_a_denied_attempt_is_recorded(client: TestClient, ledger: Store, manager: dict[str, str]) -> None:
    """Who was refused for want of a right is written down with what they tried, where, and by which token."""
    answer = client.get(READINESS.format("apac"), headers={**manager, "X-Request-Id": "a-request-of-mine"})
    assert answer.status_code == 403
    (attempt,) = attempts(ledger, "pm-7")
    assert attempt.token_id
    assert attempt == Denial(
        person="pm-7",
        token_id=attempt.token_id,
        action="read_readiness",
        product="atlas-2",
        region="apac",
        method="GET",
        path="/v1/launches/atlas-2/regions/apac/readiness",
        request_id="a-request-of-mine",
    )


def test_what_is_allowed_is_no_denial(client: TestClient, ledger: Store, manager: dict[str, str]) -> None:
    """An attempt that a right allows leaves nothing among the denials."""
    client.get(READINESS.format("emea"), headers=manager)
    assert attempts(ledger, "pm-7") == []


def test_an_act_on_regions_of_the_body_needs_the_role_in_each(
    client: TestClient, ledger: Store, manager: dict[str, str]
) -> None:
    """A launch in two regions is refused to who holds only one of them, and the other is what is recorded."""
    wish = {"share": 0.9, "name": "atlas-2", "regions": ["emea"]}
    assert client.post("/v1/launches", headers=manager, json=wish).status_code == 201
    refused = client.post("/v1/launches", headers=manager, json={**wish, "regions": ["emea", "apac", "amer"]})
    assert refused.status_code == 403
    assert refused.json()["detail"] == "No role of yours allows you to start a launch in amer, apac."
    assert {(attempt.product, attempt.region) for attempt in attempts(ledger, "pm-7")} == {
        ("atlas-2", "apac"),
        ("atlas-2", "amer"),
    }


def test_an_act_on_no_region_at_all_needs_the_role_for_every_region(
    client: TestClient, manager: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """Naming no region is not a way around having a right in one."""
    wish = {"share": 0.9}
    everywhere = {**manager, **bearer(issuer, "pm-8", (Role.PRODUCT_MANAGER, "*"))}
    assert client.post("/v1/launches", headers=manager, json=wish).status_code == 403
    assert client.post("/v1/launches", headers=everywhere, json=wish).status_code == 201


def test_a_route_that_forgets_to_insist_does_not_succeed(client: TestClient, manager: dict[str, str]) -> None:
    """A route that promised to ask for the regions and did not is a fault of ours, never a success."""
    assert client.put("/v1/forgetful", headers=manager).status_code == 500


def test_a_launch_wide_path_needs_the_role_for_every_region(
    client: TestClient, manager: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """Where neither path nor body names a region, a role in one region does not open the door."""
    url = "/v1/launches/atlas-2/objections/price"
    everywhere = {**bearer(issuer, "mkt-1", (Role.MARKETING, "*")), "If-Match": "*"}
    assert client.put(url, headers={**manager, "If-Match": "*"}).status_code == 403
    assert client.put(url, headers=everywhere).status_code == 200


def test_a_list_shows_the_regions_of_the_role_only(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """A list opens for a role in one region and is given the regions that it may show."""
    headers = bearer(issuer, "p-1", (Role.AUDITOR, "emea"), (Role.SELLER, "apac"))
    assert client.get("/v1/launches?limit=1", headers=headers).json()["items"] == ["emea", "0"]
    seller = bearer(issuer, "p-2", (Role.SELLER, "apac"))
    assert client.get("/v1/launches", headers=seller).status_code == 403


@pytest.mark.parametrize("body", [b"{", b"[" * 9_000, b'{"share": NaN}', b"\xff"])
def test_a_stranger_learns_nothing_of_the_body(body: bytes, client: TestClient) -> None:
    """Without a token a broken body is not even looked at: the answer is 401."""
    answer = client.post("/v1/launches", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 401


def test_who_has_no_right_is_refused_before_the_body_is_judged(
    client: TestClient, issuer: EmbeddedIssuer, executive: dict[str, str]
) -> None:
    """A right is asked for first: a broken body of somebody without it is 403, not 400."""
    url = "/v1/launches/atlas-2/regions/emea/decisions"
    seller = {**executive, **bearer(issuer, "s-1", (Role.SELLER, "emea")), "Content-Type": "application/json"}
    assert client.post(url, content=b"{", headers=seller).status_code == 403
    executive["Content-Type"] = "application/json"
    assert client.post(url, content=b"{", headers=executive).status_code == 400


@pytest.mark.parametrize("address", ["/v1/launches/a%00b/regions/emea/readiness", "/v1/launches?cursor=%00"])
def test_an_address_with_a_control_character_is_refused(
    address: str, client: TestClient, executive: dict[str, str]
) -> None:
    """No control character of an address reaches a rule or a database."""
    answer = client.get(address, headers=executive)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/address-invalid")


def test_every_route_declares_its_action(app: FastAPI) -> None:
    """Each route but health and the description says what it is for."""
    open_routes = {path for (_, path), action in declared_actions(app).items() if action is None}
    assert open_routes == {"/livez", "/readyz"}


def test_every_route_but_the_open_ones_asks_for_a_token(app: FastAPI, client: TestClient) -> None:
    """Every method of every path with an action answers 401 to who brings no token."""
    for (method, path), action in declared_actions(app).items():
        answer = client.request(
            method, path.format(product="atlas-2", region="emea", kind="people", key="k", slug="s")
        )
        assert (answer.status_code == 401) is (action is not None), (method, path)


def test_the_application_refuses_a_route_that_declares_nothing(
    ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """A new route without an action, by oversight or by another route class, does not start."""
    oversight = guarded_router()
    oversight.add_api_route("/v1/secret", lambda: "figures", methods=["GET"], name="secret")
    with pytest.raises(RouteUndeclared, match="GET /v1/secret"):
        create_app(dependencies(ledger, issuer, clock), routers=[oversight])

    another_class = APIRouter()

    @another_class.get("/v1/late")
    async def late(actor: Annotated[Actor, requires(Action.READ_OWN)]) -> str:
        return actor.person

    with pytest.raises(RouteUndeclared, match="GET /v1/late"):
        create_app(dependencies(ledger, issuer, clock), routers=[another_class])


def test_the_application_refuses_two_routes_of_one_name(
    ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """Operation ids are function names, so no two routes share one."""
    router = guarded_router()
    for path in ("/v1/one", "/v1/two"):

        @router.get(path)
        async def same(actor: Annotated[Actor, requires(Action.READ_OWN)]) -> str:
            return actor.person

    with pytest.raises(ValueError, match="operation id same"):
        create_app(dependencies(ledger, issuer, clock), routers=[router])


@pytest.fixture
def page(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock) -> FastAPI:
    """An application with one page, on which a browser of this machine is taken for a viewer."""
    router = guarded_router()

    @router.get("/")
    async def board(actor: Annotated[Actor, requires(Action.READ_BOARD, persona=True)]) -> PlainTextResponse:
        return PlainTextResponse(actor.person)

    @router.get("/without")
    async def without(actor: Annotated[Actor, requires(Action.READ_BOARD)]) -> PlainTextResponse:
        return PlainTextResponse(actor.person)

    viewer = Actor(person="viewer", roles=(RoleGrant(role=Role.AUDITOR, region="*"),), token_id="persona")
    given = dependencies(ledger, issuer, clock)
    settled = replace(given, page_persona=viewer)
    return create_app(settled, pages=[router])


@pytest.mark.parametrize(
    ("host", "address", "status"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 200),
        ("localhost:8080", "::1", 200),
        ("[::1]:8080", "::1", 200),
        ("rebound.example:8080", "127.0.0.1", 401),
        ("127.0.0.1.rebound.example", "127.0.0.1", 401),
        ("127.0.0.1:8080", "192.0.2.7", 401),
        ("localhost", "unknown", 401),
    ],
)
def test_only_a_browser_on_this_machine_is_the_persona(page: FastAPI, host: str, address: str, status: int) -> None:
    """A page is shown without a token only to who comes from this machine and calls it by its own name."""
    with TestClient(page, base_url=f"http://{host}", client=(address, 5000)) as browser:
        assert browser.get("/").status_code == status
        assert browser.get("/without").status_code == 401


def test_a_page_is_no_part_of_the_description(page: FastAPI) -> None:
    """Pages are for people and are left out of the description of the API."""
    assert "/" not in page.openapi()["paths"]


def test_an_act_with_a_parameter_that_nobody_knows_is_refused(client: TestClient, manager: dict[str, str]) -> None:
    """Whoever asks for a rehearsal where there is none does not get the act; readers may add what they like."""
    wish = {"share": 0.9, "name": "atlas-2", "regions": ["emea"]}
    refused = client.post("/v1/launches?rehearse=true", headers=manager, json=wish)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/request-invalid")
    assert [(fault["in"], fault["path"]) for fault in refused.json()["errors"]] == [("query", "rehearse")]
    assert client.get(f"{READINESS.format('emea')}?rehearse=true", headers=manager).status_code == 200
