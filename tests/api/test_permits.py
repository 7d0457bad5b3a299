"""Do people and programs learn at the door whether a product may be sold in a region, and only they?"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer, key_id
from api.permit_jws import PermitDesk
from readiness.canonical import digest
from readiness.commands import Choice, Promise, Role
from readiness.ledger import Launched
from store.engine import open_store
from store.permits import permit_in
from tests.api.door import SettableClock, bearer
from tests.api.permit_house import ISSUER, launched, new_desk, new_keys, permit_app
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Clock, Desk

EMEA = "/v1/launches/atlas-2/regions/emea"
PERMIT = f"{EMEA}/permit"
VERIFY = "/permits/verify"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def permits() -> PermitDesk:
    """Who signs permits."""
    return new_desk()


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock, permits: PermitDesk) -> Iterator[TestClient]:
    """The API and the pages on the store of the desk."""
    with TestClient(permit_app(desk, issuer, clock, permits)) as opened:
        yield opened


@pytest.fixture
def shop(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of a shop of EMEA."""
    return bearer(issuer, "shop", (Role.SERVICE, "emea"))


def signed(house: TestClient, shop: dict[str, str]) -> str:
    """Return the permit that stands."""
    answer = house.get(PERMIT, headers=shop)
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["permit"]
    return text


def revoked(house: TestClient, issuer: EmbeddedIssuer, *grant: Any, **body: Any) -> Any:
    """Return the answer to a revocation by whoever has that role."""
    headers = {**bearer(issuer, "ex-1", grant or (Role.EXECUTIVE, "emea")), "Idempotency-Key": "revoke-1"}
    return house.post(f"{PERMIT}/revoke", headers=headers, json={"reason": "It burns.", **body})


def test_a_permit_is_answered_as_json_and_alone_for_whoever_asks_for_it(
    house: TestClient, desk: Desk, shop: dict[str, str], permits: PermitDesk
) -> None:
    """The same permit, signed by us, never to be kept by a cache."""
    launched(desk)
    answer = house.get(PERMIT, headers=shop)
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert document["standing"] == "valid"
    assert permits.read(document["permit"]).model_dump(mode="json") == document["claims"]
    alone = house.get(PERMIT, headers={**shop, "Accept": "application/jwt"})
    assert alone.headers["content-type"].startswith("application/jwt")
    assert alone.text == document["permit"]
    assert "Accept" in alone.headers["vary"]
    again = house.get(PERMIT, headers={**shop, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_each_answer_is_signed_anew(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """Who asks again has a permit that lasts longer, under the same name and another tag."""
    launched(desk)
    first = house.get(PERMIT, headers=shop)
    desk.clock.now += timedelta(minutes=5)
    second = house.get(PERMIT, headers={**shop, "If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert second.json()["claims"]["jti"] == first.json()["claims"]["jti"] == "atlas-2/emea/1"
    assert second.json()["claims"]["exp"] - first.json()["claims"]["exp"] == 300


def test_without_a_permit_the_answer_says_why(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """Never started, not launched, revoked: each says which, and what to do."""
    assert house.get(PERMIT, headers=shop).json()["type"] == "/problems/not-found"
    key = desk.with_go()
    answer = house.get(PERMIT, headers=shop)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-permit")
    assert answer.json()["standing"] == "not_launched"
    assert "has not launched" in answer.json()["detail"]
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)
    assert house.get(PERMIT, headers=shop).status_code == 200
    desk.accepted(key, desk.ask(key, "revoke_permit", "ex-1", Role.EXECUTIVE))
    answer = house.get(PERMIT, headers={**shop, "Accept": "application/jwt"})
    assert answer.status_code == 404
    document = answer.json()
    assert (document["standing"], document["permit_id"]) == ("revoked", "atlas-2/emea/1")
    assert document["since"] == "2027-03-01T08:00:00Z"


def test_a_suspended_permit_is_told_as_such(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """What was promised and missed for a week takes the permit, until it is met."""
    key = desk.ready()
    promise = Promise(owner="en-1", due_at=LAUNCH_AT + timedelta(days=5), text_digest=digest("print it"))
    decided = desk.ask(key, "decide", "ex-1", Role.EXECUTIVE, choice=Choice.CONDITIONAL_GO, conditions=(promise,))
    desk.accepted(key, decided)
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)
    document = house.get(PERMIT, headers=shop).json()
    assert [each["missed"] for each in document["claims"]["conditions"]] == [False]
    desk.clock.now = LAUNCH_AT + timedelta(days=12)
    desk.look(key)
    answer = house.get(PERMIT, headers=shop)
    assert (answer.status_code, answer.json()["standing"]) == (404, "suspended")
    assert "ltl meet" in answer.json()["detail"]


def test_a_house_that_signs_nothing_permits_nothing(
    desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock, shop: dict[str, str]
) -> None:
    """Without keys there is no permit, no key set and no flag that is true."""
    launched(desk)
    with TestClient(permit_app(desk, issuer, clock, None)) as mute:
        assert mute.get(PERMIT, headers=shop).json()["type"] == "/problems/no-permit"
        assert mute.get("/.well-known/jwks.json").status_code == 404
        asked = {"context": {"targetingKey": "shop", "region": "emea"}}
        flag = mute.post("/ofrep/v1/evaluate/flags/launch.atlas-2", json=asked, headers=shop).json()
        assert (flag["value"], flag["metadata"]["standing"]) == (False, "unknown")


def test_everyone_in_a_region_may_ask_and_nobody_elsewhere(
    house: TestClient, desk: Desk, issuer: EmbeddedIssuer
) -> None:
    """Whether a product may be sold is no secret where it is sold."""
    launched(desk)
    for role in Role:
        assert house.get(PERMIT, headers=bearer(issuer, "p-1", (role, "emea"))).status_code == 200
        assert house.get(PERMIT, headers=bearer(issuer, "p-1", (role, "apac"))).status_code == 403
    assert house.get(PERMIT).status_code == 401


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.PRODUCT_MANAGER])
def test_who_could_have_cancelled_may_revoke(
    role: Role, house: TestClient, desk: Desk, issuer: EmbeddedIssuer, shop: dict[str, str]
) -> None:
    """With a reason, once, and a repeat of the request is the same revocation."""
    launched(desk)
    assert revoked(house, issuer, role, "emea", reason=None).json()["type"] == "/problems/reason-missing"
    headers = {**bearer(issuer, "ex-1", (role, "emea")), "Idempotency-Key": "revoke-2"}
    for _ in range(2):
        answer = house.post(f"{PERMIT}/revoke", headers=headers, json={"reason": "It burns."})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["verdict"], answer.json()["rag"]) == ("launched", "red")
        assert answer.json()["revoked_at"] == "2027-03-01T08:00:00Z"
    assert house.get(PERMIT, headers=shop).json()["standing"] == "revoked"
    another = {**headers, "Idempotency-Key": "revoke-3"}
    answer = house.post(f"{PERMIT}/revoke", headers=another, json={"reason": "It burns."})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/permit-revoked-already")
    assert answer.json()["by"] == "ex-1"


def test_nobody_else_revokes(house: TestClient, desk: Desk, issuer: EmbeddedIssuer, shop: dict[str, str]) -> None:
    """Not in their own region, and not an executive of another."""
    launched(desk)
    for role in set(Role) - {Role.EXECUTIVE, Role.PRODUCT_MANAGER}:
        assert revoked(house, issuer, role, "emea").status_code == 403
    assert revoked(house, issuer, Role.EXECUTIVE, "apac").status_code == 403
    assert house.get(PERMIT, headers=shop).status_code == 200


def test_there_is_nothing_to_revoke_before_the_launch(house: TestClient, desk: Desk, issuer: EmbeddedIssuer) -> None:
    """A hold or a cancellation is what is meant then, and the refusal says so."""
    desk.with_go()
    answer = revoked(house, issuer)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/permit-not-given")
    assert "cancel" in answer.json()["detail"]


def test_a_recall_takes_every_permit_with_one_request(
    house: TestClient, desk: Desk, issuer: EmbeddedIssuer, shop: dict[str, str]
) -> None:
    """Wherever it has launched, and only there: what has not launched is not asked."""
    headers = {**bearer(issuer, "ex-1", (Role.EXECUTIVE, "*")), "Idempotency-Key": "recall-1"}
    body = {"regions": "*", "reason": "It burns."}
    recall = "/v1/launches/atlas-2/permit/revoke"
    apac, emea = desk.start("apac", "emea")
    assert house.post(recall, headers=headers, json=body).json()["type"] == "/problems/permit-not-given"
    desk.write_all()
    desk.teach("emea")
    desk.sign_all(emea)
    desk.look(emea)
    desk.accepted(emea, desk.decide(emea, Choice.GO))
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(emea), Launched)
    for _ in range(2):
        answer = house.post(recall, headers=headers, json=body)
        assert answer.status_code == 200, answer.text
        assert [(item["region"], item["status"]) for item in answer.json()["items"]] == [("emea", 200)]
    assert house.get(PERMIT, headers=shop).json()["standing"] == "revoked"
    assert desk.region(apac).revoked_at is None


def test_a_revocation_can_be_rehearsed(
    house: TestClient, desk: Desk, issuer: EmbeddedIssuer, shop: dict[str, str]
) -> None:
    """It says what would happen, and the permit stands."""
    launched(desk)
    headers = bearer(issuer, "ex-1", (Role.EXECUTIVE, "emea"))
    answer = house.post(f"{PERMIT}/revoke?rehearse=true", headers=headers, json={"reason": "It burns."})
    assert [each["type"] for each in answer.json()["events"]] == ["permit_revoked"]
    assert house.get(PERMIT, headers=shop).status_code == 200


def test_the_keys_are_public_and_kept_for_minutes_only(house: TestClient, permits: PermitDesk) -> None:
    """Any program may read them, with a tag and a short life; they are the keys that sign."""
    answer = house.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/jwk-set+json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    (key,) = answer.json()["keys"]
    assert "d" not in key
    assert key["kid"] == key_id(permits.keys.signing())
    again = house.get("/.well-known/jwks.json", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "public, max-age=300")


# --- the verification page


def test_who_holds_a_permit_sees_what_it_is_worth_now(
    house: TestClient, desk: Desk, shop: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """Without a token: valid, expired and valid, revoked."""
    launched(desk)
    text = signed(house, shop)
    in_json = {"Content-Type": "application/json"}
    for headers, body in ((FORM, f"permit={text}"), (in_json, json.dumps({"permit": text}))):
        answer = house.post(VERIFY, content=body, headers=headers)
        document = answer.json()
        assert (document["verified"], document["may_be_sold"], document["standing"]) == (True, True, "valid")
        assert (document["expired"], document["claims"]["jti"]) == (False, "atlas-2/emea/1")
        assert answer.headers["cache-control"] == "no-store"
    desk.clock.now += timedelta(hours=1)
    document = house.post(VERIFY, json={"permit": text}).json()
    assert (document["may_be_sold"], document["expired"]) == (True, True)
    assert revoked(house, issuer).status_code == 200
    document = house.post(VERIFY, json={"permit": text}).json()
    assert (document["verified"], document["may_be_sold"], document["standing"]) == (True, False, "revoked")


def test_the_page_says_it_to_people(house: TestClient, desk: Desk, shop: dict[str, str]) -> None:
    """A form without script, under the policy of pages, and an answer in words."""
    launched(desk)
    empty = house.get(VERIFY, headers=HTML)
    assert empty.status_code == 200
    assert "default-src 'none'" in empty.headers["content-security-policy"]
    assert '<textarea id="permit"' in empty.text
    text = signed(house, shop)
    # Mail programs break long lines.
    wrapped = "%0A".join(text[at : at + 60] for at in range(0, len(text), 60))
    shown = house.post(VERIFY, content=f"permit={wrapped}", headers={**FORM, **HTML}).text
    assert "Valid" in shown
    assert "atlas-2/emea/1" in shown
    assert "Atlas 2" in shown
    broken = house.post(VERIFY, content=f"permit={text[:-9]}", headers={**FORM, **HTML}).text
    assert "This is no permit of ours" in broken
    assert "Atlas 2" not in broken


_PASTED: tuple[tuple[str, dict[str, str], int], ...] = (
    ("permit=a.b.c", FORM, 200),
    ("", FORM, 200),
    ("&".join(f"a{n}=1" for n in range(50)), FORM, 200),
    ("permit=%FF%00", FORM, 200),
    ('{"permit": 7}', {"Content-Type": "application/json"}, 200),
    ("[]", {"Content-Type": "application/json"}, 200),
    ("{", {"Content-Type": "application/json"}, 400),
    ("permit=a.b.c", {"Content-Type": "text/plain"}, 415),
    ("permit=" + "a" * 9_500, FORM, 200),
    ("permit=" + "a" * 70_000, FORM, 413),
)


def test_whatever_else_is_pasted_is_answered_without_a_question_to_the_database(
    issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """What nobody here signed costs a look at it, also while there is no database at all."""
    nowhere = open_store("sqlite:////nonexistent/nothing.sqlite")
    with TestClient(permit_app(Desk(nowhere, Clock()), issuer, clock, new_desk())) as house:
        for content, headers, status in _PASTED:
            answer = house.post(VERIFY, content=content, headers=headers)
            assert answer.status_code == status, content[:30]
            if status == 200:
                assert (answer.json()["verified"], answer.json()["may_be_sold"]) == (False, False)


def test_nothing_is_told_of_what_one_holds_no_permit_of(
    house: TestClient, desk: Desk, shop: dict[str, str], permits: PermitDesk
) -> None:
    """Another key's permit of the same product is no permit, whatever it says and whatever is true."""
    launched(desk)
    claims = permits.read(signed(house, shop))
    other = PermitDesk(new_keys(OKPKey.generate_key("Ed25519")), issuer=ISSUER)
    with desk.store.reading() as tx:
        found = permit_in(tx, claims.product, claims.region, at=desk.clock.now)
    assert found is not None
    forged, _ = other.sign(found.found, at=desk.clock.now)  # type: ignore[arg-type]  # It stands, so it is a permit.
    document = house.post(VERIFY, json={"permit": forged}).json()
    assert document == {"verified": False, "may_be_sold": False, "reason": document["reason"]}
