"""Can an admin say who is told of what, and see and repeat what was told, and nobody else?"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from starlette.testclient import TestClient

from activities.deliver_targets import Targets
from api.app import create_app
from api.cursors import Cursors, Holder
from api.identity import EmbeddedIssuer
from bootstrap.web import routers
from readiness.commands import Role
from readiness.delivering import Fate, Tried
from store.deliveries import begin_try, end_try, list_deliveries, note_started
from store.dispatch import Telling, dispatch
from store.sealing import Box
from tests.api.door import SettableClock, bearer, dependencies
from tests.deliver_receiver import Resolver
from tests.store.desk import PRODUCT, Desk

BODY = {"url": "https://receiver.example/hook", "types": ["launch.region.held"]}
CURSOR_KEY = b"k" * 32
PUBLIC = "93.184.215.14"


@pytest.fixture
def knocking(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole API on the store of a desk, with a resolver that knows one public address."""
    deps = replace(
        dependencies(desk.store, issuer, clock),
        cursor_key=CURSOR_KEY,
        box=Box([Fernet.generate_key().decode()]),
        targets=Targets(resolver=Resolver([PUBLIC])),
    )
    with TestClient(create_app(deps, routers=routers())) as opened:
        yield opened


@pytest.fixture
def admin(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an admin, with a key for a wish."""
    return {**bearer(issuer, "admin-1", (Role.ADMIN, "*")), "Idempotency-Key": "wish-1"}


@pytest.fixture
def auditor(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an auditor, with a key for a wish."""
    return {**bearer(issuer, "au-1", (Role.AUDITOR, "*")), "Idempotency-Key": "wish-1"}


def made(knocking: TestClient, admin: dict[str, str], **changes: Any) -> dict[str, Any]:
    """Return a new webhook as it was answered, with its tag."""
    answer = knocking.post("/v1/webhooks", json={**BODY, **changes}, headers=admin)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/v1/webhooks/{found['id']}"
    return {**found, "etag": answer.headers["ETag"]}


def test_a_secret_is_shown_once(knocking: TestClient, admin: dict[str, str], auditor: dict[str, str]) -> None:
    """Neither a repeat of the request nor any other answer holds it again."""
    webhook = made(knocking, admin)
    secret = webhook["secret"]
    assert secret.startswith("whsec_")
    again = knocking.post("/v1/webhooks", json=BODY, headers=admin)
    assert (again.status_code, again.json()["id"], again.json()["secret"]) == (201, webhook["id"], None)
    for path in ("/v1/webhooks", f"/v1/webhooks/{webhook['id']}"):
        answer = knocking.get(path, headers=auditor)
        assert answer.status_code == 200
        assert secret not in answer.text
    reused = knocking.post("/v1/webhooks", json={**BODY, "regions": ["emea"]}, headers=admin)
    assert (reused.status_code, reused.json()["type"]) == (422, "/problems/key-reused")


def test_a_webhook_is_edited_on_what_was_read_and_removed(knocking: TestClient, admin: dict[str, str]) -> None:
    """An edit needs the tag; disabling says by hand, enabling forgets why, and what is removed is not found."""
    webhook = made(knocking, admin)
    path = f"/v1/webhooks/{webhook['id']}"
    assert knocking.patch(path, json={"enabled": False}, headers=admin).status_code == 428
    stale = knocking.patch(path, json={"enabled": False}, headers={**admin, "If-Match": '"stale"'})
    assert stale.status_code == 412
    off = knocking.patch(path, json={"enabled": False}, headers={**admin, "If-Match": webhook["etag"]})
    assert (off.json()["enabled"], off.json()["disabled_because"]) == (False, "It was disabled by hand.")
    on = knocking.patch(path, json={"enabled": True}, headers={**admin, "If-Match": off.headers["ETag"]})
    assert (on.json()["enabled"], on.json()["disabled_because"]) == (True, None)
    fewer = knocking.patch(path, json={"products": ["atlas-2"]}, headers={**admin, "If-Match": on.headers["ETag"]})
    assert fewer.json()["products"] == knocking.get(path, headers=admin).json()["products"] == ["atlas-2"]
    assert knocking.delete(path, headers=admin).status_code == 204
    assert knocking.get(path, headers=admin).status_code == 404
    assert knocking.get("/v1/webhooks", headers=admin).json()["items"] == []


def test_a_secret_is_rotated_once_for_each_tag(knocking: TestClient, admin: dict[str, str]) -> None:
    """A repeat of a rotation is refused, because a second one would end the secret that a receiver still holds."""
    webhook = made(knocking, admin)
    path = f"/v1/webhooks/{webhook['id']}/rotate"
    rotated = knocking.post(path, headers={**admin, "If-Match": webhook["etag"]})
    assert rotated.status_code == 200
    assert rotated.json()["secret"] not in {None, webhook["secret"]}
    assert knocking.post(path, headers={**admin, "If-Match": webhook["etag"]}).status_code == 412
    assert knocking.post(path, headers=admin).status_code == 428


@pytest.mark.parametrize(
    "url",
    ["http://receiver.example/", "https://user@receiver.example/", "not a url", "https://", "javascript:alert(1)"],
)
def test_a_target_that_no_webhook_may_have_is_refused_kindly(
    knocking: TestClient, admin: dict[str, str], url: str
) -> None:
    """The refusal says what to write instead, and nothing was made."""
    answer = knocking.post("/v1/webhooks", json={**BODY, "url": url}, headers=admin)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/webhook-target-refused")
    assert answer.json()["detail"].endswith(".")
    assert knocking.get("/v1/webhooks", headers=admin).json()["items"] == []


def test_a_decimal_address_of_the_metadata_service_is_refused(
    desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock, admin: dict[str, str]
) -> None:
    """What the machine's own resolver makes of 2852039166 is what is judged."""
    deps = replace(dependencies(desk.store, issuer, clock), box=Box([Fernet.generate_key().decode()]))
    with TestClient(create_app(deps, routers=routers())) as opened:
        for url in ("https://2852039166/", "https://localhost/", "https://[::1]/"):
            answer = opened.post("/v1/webhooks", json={**BODY, "url": url}, headers=admin)
            assert answer.json()["type"] == "/problems/webhook-target-refused"
            assert "private network" in answer.json()["detail"]


def test_an_event_that_does_not_exist_is_refused(knocking: TestClient, admin: dict[str, str]) -> None:
    """Nobody waits for ever for a type that was misspelt."""
    answer = knocking.post("/v1/webhooks", json={**BODY, "types": ["launch.region.hold"]}, headers=admin)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "types[0]"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_an_admin_says_who_is_told(
    knocking: TestClient, admin: dict[str, str], issuer: EmbeddedIssuer, role: Role
) -> None:
    """Whoever could, could have every event of every region sent elsewhere."""
    webhook = made(knocking, admin)
    headers = {**bearer(issuer, "some-1", (role, "*")), "Idempotency-Key": "wish-2", "If-Match": "*"}
    path = f"/v1/webhooks/{webhook['id']}"
    asked = (
        knocking.post("/v1/webhooks", json=BODY, headers=headers),
        knocking.patch(path, json={"enabled": False}, headers=headers),
        knocking.delete(path, headers=headers),
        knocking.post(f"{path}/rotate", headers=headers),
        knocking.post("/v1/deliveries/dlv-1/replay", headers=headers),
    )
    assert {answer.status_code for answer in asked} == {403}
    assert knocking.get("/v1/deliveries", headers=headers).status_code == (200 if role is Role.AUDITOR else 403)


def test_deliveries_are_listed_shown_with_their_tries_and_replayed(
    knocking: TestClient, desk: Desk, admin: dict[str, str]
) -> None:
    """A failed delivery shows what was answered and when it is tried next, and a person may send it again at once."""
    key = desk.ready()
    made(knocking, admin, types=[])
    desk.accepted(key, desk.hold(key))
    while dispatch(desk.store, Telling(source="urn:test")):
        pass
    first = knocking.get("/v1/deliveries?limit=1", headers=admin).json()
    assert len(first["items"]) == 1
    rest = knocking.get(f"/v1/deliveries?cursor={first['next_cursor']}", headers=admin).json()["items"]
    listed = [*first["items"], *rest]
    assert len({each["id"] for each in listed}) == len(listed) > 1
    assert {each["state"] for each in listed} == {"pending"}
    held = next(each for each in listed if each["type"] == "launch.region.held")
    assert knocking.get("/v1/deliveries?product=other", headers=admin).json()["items"] == []
    path = f"/v1/deliveries/{held['id']}"
    refused = knocking.post(f"{path}/replay", headers=admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/delivery-on-its-way")
    with desk.store.writing() as tx:
        note_started(tx, list_deliveries(tx, state=None, product=PRODUCT, before=None, limit=100))
        begun = begin_try(tx, held["id"], 1, now=desk.clock.now)
        end_try(tx, begun, Tried(fate=Fate.FAILED, status=503), now=desk.clock.now)  # type: ignore[arg-type]  # Begun.
    shown = knocking.get(path, headers=admin).json()
    assert [(each["status"], each["fate"]) for each in shown["each_try"]] == [(503, "failed")]
    assert (shown["state"], shown["tries"], shown["next_at"] is not None) == ("pending", 1, True)
    assert held["event_id"] in shown["body"]
    again = [knocking.post(f"{path}/replay", headers=admin) for _ in range(2)]
    assert [(each.status_code, each.json()["round"]) for each in again] == [(202, 2), (202, 2)]
    endless = Cursors(tuple[int]).write(
        (10**30,), of="deliveries", holder=Holder(CURSOR_KEY, "admin-1"), filters={"state": None, "product": None}
    )
    assert knocking.get(f"/v1/deliveries?cursor={endless}", headers=admin).status_code == 400
    assert knocking.get("/v1/deliveries/dlv-unknown", headers=admin).status_code == 404
    assert knocking.post("/v1/deliveries/dlv-unknown/replay", headers=admin).status_code == 404


def test_only_people_of_the_audience_are_nudged_and_each_once(
    knocking: TestClient, desk: Desk, issuer: EmbeddedIssuer
) -> None:
    """Who is not asked to learn is not reminded of it; who waits for a digest is not reminded twice."""
    desk.ready()
    enabler = bearer(issuer, "en-1", (Role.ENABLEMENT, "emea"))
    path = f"/v1/launches/{PRODUCT}/regions/emea"
    people = [each["person_id"] for each in knocking.get(f"{path}/people", headers=enabler).json()["items"]]
    body = {"people": [people[0], "nobody-1"]}
    first = knocking.post(f"{path}/nudges", json=body, headers=enabler)
    assert (first.status_code, first.json()) == (202, {"nudged": [people[0]], "waiting": 0})
    assert knocking.post(f"{path}/nudges", json=body, headers=enabler).json() == {"nudged": [], "waiting": 1}
    everyone = knocking.post(f"{path}/nudges", json={"statuses": ["certified"]}, headers=enabler).json()
    assert sorted(everyone["nudged"]) == sorted(people[1:])
    seller = bearer(issuer, "se-1", (Role.SELLER, "emea"))
    assert knocking.post(f"{path}/nudges", json=body, headers=seller).status_code == 403
    assert knocking.post(f"/v1/launches/{PRODUCT}/regions/mars/nudges", json=body, headers=enabler).status_code == 403
    assert set(people) > {people[0]}
