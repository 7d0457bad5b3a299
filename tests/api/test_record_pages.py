"""Are the audit record, deliveries, roles and keys shown to who may see them, and changed by who may change them?"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from httpx2 import Response
from starlette.testclient import TestClient

from activities.deliver_targets import Targets
from api.app import create_app
from api.identity import EmbeddedIssuer
from api.pages import OPEN_PAGE_PATHS
from bootstrap.web import page_routers, routers
from readiness.commands import Choice, Role
from readiness.delivering import Channel, Fate, Tried
from store.alarms import AlarmKind, sound
from store.deliveries import begin_try, end_try, list_deliveries, note_started
from store.dispatch import Telling, dispatch
from store.engine import open_store
from store.sealing import Box
from store.seals import seal_all
from tests.api.door import NOON, SettableClock, bearer, dependencies
from tests.deliver_receiver import Resolver
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Clock, Desk, plan
from tests.templates.outline import Outline

PUBLIC = "93.184.215.14"

PAGES = ("/ledger", "/deliveries", "/access")
FORM = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A launch in two regions, one of which was held, all of it sealed."""
    shutil.copyfile(migrated_sqlite, tmp_path / "pages.sqlite")
    standing = Clock()
    store = open_store(f"sqlite:///{tmp_path / 'pages.sqlite'}", standing)
    desk = Desk(store, standing)
    emea = next(key for key in desk.start("emea", "apac") if key.region == "emea")
    desk.accepted(emea, desk.hold(emea))
    seal_all(store)
    standing.now = NOON
    try:
        yield desk
    finally:
        store.close()


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole house on it; login pages need an issuer, so nobody is let in there."""
    deps = replace(
        dependencies(desk.store, issuer, clock),
        box=Box([Fernet.generate_key().decode()]),
        targets=Targets(resolver=Resolver([PUBLIC])),
    )
    open_paths = OPEN_PAGE_PATHS | {"/login", "/login/callback", "/logout", "/personas"}
    app = create_app(deps, routers=routers(), pages=page_routers(), open_paths=open_paths)
    with TestClient(app, headers=FORM, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def admin(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of an admin for every region."""
    return bearer(issuer, "ad-1", (Role.ADMIN, "*"))


def read(response: Response, status: int = 200) -> Outline:
    """Return the outline of a page."""
    assert response.status_code == status, response.text
    return Outline(response.text)


def wish_of(outline: Outline, place: int = 0) -> str:
    """Return the key of one of a page's forms."""
    return [str(each["value"]) for _, each in outline.elements if each.get("name") == "wish"][place]


@pytest.mark.parametrize("path", PAGES)
def test_who_may_not_see_them_is_told_so(house: TestClient, issuer: EmbeddedIssuer, path: str) -> None:
    """A product manager for every region reads none of the three."""
    manager = bearer(issuer, "pm-7", (Role.PRODUCT_MANAGER, "*"))
    assert "No role of yours allows" in read(house.get(path, headers=manager), 403).text
    assert f'href="{path}"' not in house.get("/", headers=manager).text


def test_the_record_is_shown_with_its_proof(house: TestClient, admin: dict[str, str]) -> None:
    """Who held the region, by which right and why, beside whether all of it could be verified."""
    shown = read(house.get("/ledger?kind=hold", headers=admin)).text
    assert "Not verified as a whole yet." in shown
    assert "Signed checkpoints prove it up to entry 0." in shown
    assert "entries since are sealed already; the next checkpoint, at most 5 minutes after the last," in shown
    assert "under the next checkpoint" in shown
    assert "Asked hold" in shown
    assert "atlas-2 / emea" in shown
    assert "atlas-2 / emea" in read(house.get("/ledger?kind=hold&product=Atlas-2&region=EMEA", headers=admin)).text
    region = read(house.get("/launches/atlas-2/emea", headers=admin))
    assert "/ledger?product=atlas-2&region=emea" in [each.get("href") for _, each in region.elements]
    assert "No entry is like that" in read(house.get("/ledger?product=borealis", headers=admin)).text


def test_an_auditor_of_one_region_sees_the_record_of_that_region(house: TestClient, issuer: EmbeddedIssuer) -> None:
    """Of the others not even that they are there, whatever is asked for."""
    auditor = bearer(issuer, "au-1", (Role.AUDITOR, "apac"))
    for query in ("", "?region=emea", "?after=0"):
        rows = read(house.get(f"/ledger{query}", headers=auditor))
        assert "emea" not in " ".join(rows.texts).replace("value=", "")


def test_what_is_shown_of_the_record_says_where_it_stands(house: TestClient, admin: dict[str, str]) -> None:
    """The newest entries come first; from a position on they are read in order."""
    newest = read(house.get("/ledger", headers=admin)).text
    assert "Entries 1 to " in newest
    assert "the newest of them first" in newest
    assert "the oldest of them first" in read(house.get("/ledger?after=2", headers=admin)).text
    older = re.findall(r'<th scope="row">(\d+)</th>', house.get("/ledger?before=4", headers=admin).text)
    assert older == ["3", "2", "1"]


def test_what_belongs_to_one_act_is_seen_together(
    house: TestClient, desk: Desk, admin: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """By which right it was taken is told to whoever may read the record, with a link to exactly its entries."""
    apac = desk.latest("apac")
    assert apac is not None
    desk.write_all()
    desk.teach("apac")
    desk.sign_all(apac)
    desk.look(apac)
    desk.accepted(apac, desk.decide(apac, Choice.GO))
    seal_all(desk.store)
    executive = bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))
    assert "By right:" not in read(house.get("/launches/atlas-2/apac", headers=executive)).text
    page = read(house.get("/launches/atlas-2/apac", headers=admin))
    assert "By right: Executive. Its entries in the audit record" in page.text
    (address,) = {str(each["href"]) for _, each in page.elements if "?act=" in str(each.get("href"))}
    act = read(house.get(address, headers=admin)).text
    assert "entries of one act" in act
    for part in ("Asked decide", "Answered", "Happened decision taken", "Record of a decision"):
        assert part in act, act
    assert "Asked hold" not in act
    (kept,) = (
        str(a["href"]) for _, a in read(house.get(address, headers=admin)).elements if "?run=" in str(a.get("href"))
    )
    record = house.get(kept, headers=admin)
    assert record.headers["Digest-Of-Document"][:22] in act, "the very bytes are a click away"
    assert house.get(kept.replace("run=1", "run=2"), headers=admin).status_code == 404
    in_german = {**admin, "Accept-Language": "de"}
    asked = read(house.get("/ledger?kind=entscheiden", headers=in_german)).text
    assert "Verlangt entscheiden" in asked, "a kind is found by what the page calls it"
    assert "Verlangt anhalten" not in asked
    elsewhere = bearer(issuer, "au-1", (Role.AUDITOR, "emea"))
    assert "Asked decide" not in read(house.get(address, headers=elsewhere)).text
    found = read(house.get("/ledger?region=APAC&product=Atlas 2&kind=go", headers=admin)).text
    assert "Asked decide" in found
    assert "Asked hold" not in found
    assert "Asked decide" not in read(house.get("/ledger?kind=no-go", headers=admin)).text


def test_where_nobody_is_told_of_anything_it_says_who_could_be(house: TestClient, admin: dict[str, str]) -> None:
    """None set up, none told yet and none of this state are three things to a person."""
    blank = read(house.get("/deliveries", headers=admin)).text
    assert "Nobody is told of anything yet" in blank
    assert "/v1/" not in blank
    hook = {"url": "https://hooks.example/launches", "types": []}
    assert house.post("/v1/webhooks", json=hook, headers={"Idempotency-Key": "w-1", **admin}).status_code == 201
    assert "Nothing was told yet" in read(house.get("/deliveries", headers=admin)).text
    assert "1 program is told of what happens." in read(house.get("/deliveries", headers=admin)).text
    assert "Nothing stands like that" in read(house.get("/deliveries?state=given_up", headers=admin)).text


def test_who_runs_the_installation_reads_whether_something_is_broken(
    house: TestClient, desk: Desk, admin: dict[str, str], issuer: EmbeddedIssuer
) -> None:
    """All is well, or each thing that is not and what to do about it; nobody else is bothered with it."""
    assert "Nothing is broken." in read(house.get("/me", headers=admin)).text
    emea = desk.latest("emea")
    sound(desk.store, AlarmKind.COMMAND_FORGED, emea, "A command came past the door")
    told = read(house.get("/me", headers=admin)).text
    assert "Somebody tried to act past the door. It had no effect. Find out who reaches Temporal." in told
    executive = read(house.get("/me", headers=bearer(issuer, "ex-1", (Role.EXECUTIVE, "*")))).text
    assert "broken" not in executive


def test_an_audit_record_that_was_not_sealed_in_time_is_told_of(
    house: TestClient, desk: Desk, admin: dict[str, str]
) -> None:
    """So is what fell due and nobody looked at: both mean that no worker works."""
    apac = desk.latest("apac")
    assert apac is not None
    desk.write_all()
    desk.teach("apac")
    desk.sign_all(apac)
    desk.look(apac)
    desk.accepted(apac, desk.decide(apac, Choice.GO))
    desk.clock.now = LAUNCH_AT + timedelta(minutes=10)
    told = read(house.get("/me", headers=admin)).text
    assert "What was written last is not sealed yet." in told
    assert "Something fell due in a region, and no workflow has looked." in told


def test_who_holds_which_role_is_listed(house: TestClient, admin: dict[str, str]) -> None:
    """Whoever was given a role here stands there with it, and with every change of it on a page of their own."""
    given = {"person": "sa-1", "role": "sales_lead", "region": "emea", "reason": "Leads it.", "change": "granted"}
    page = read(house.get("/access", headers=admin))
    assert "Nobody is signed in, and no role was given here." in page.text
    assert house.post("/access/roles", data={**given, "wish": wish_of(page)}, headers=admin).status_code == 303
    listed = read(house.get("/access", headers=admin))
    assert "sa-1 Sales lead in EMEA granted here" in listed.text
    assert "/access?person=sa-1" in [each.get("href") for _, each in listed.elements]
    assert "This person is not signed in" in read(house.get("/access?person=sa-2", headers=admin)).text


def test_who_may_say_go_is_answered_and_people_are_found_by_role_and_region(
    house: TestClient, admin: dict[str, str]
) -> None:
    """A line at the top answers it for each region; a filter shows who holds that role there, and nobody else."""
    said = {"reason": "It is so.", "change": "granted"}
    for person, role, region in (("ex-1", "executive", "emea"), ("sa-1", "sales_lead", "apac")):
        given = {**said, "person": person, "role": role, "region": region, "wish": f"wish-{person}"}
        assert house.post("/access/roles", data=given, headers=admin).status_code == 303
    listed = read(house.get("/access", headers=admin)).text
    assert "Who may say go in EMEA : ex-1" in listed
    assert "Who may say go in APAC : nobody is known here" in listed

    def found(query: str) -> set[str]:
        people = read(house.get(f"/access?{query}", headers=admin)).elements
        return {str(each["href"]).partition("=")[2] for _, each in people if "person=" in str(each.get("href"))}

    assert found("role=executive") == {"ex-1"}
    assert found("region=apac") == {"sa-1"}
    assert found("role=executive&region=apac") == set()


def test_a_delivery_is_sent_again_from_its_page(house: TestClient, desk: Desk, admin: dict[str, str]) -> None:
    """Its page shows what the receiver answered, and a form that sends it again once, however often it is sent."""
    made = {"Idempotency-Key": "w-1", **admin}
    hook = {"url": "https://hooks.example/launches", "types": []}
    assert house.post("/v1/webhooks", json=hook, headers=made).status_code == 201
    desk.start_settled(plan("amer").model_copy(update={"product": "cobra-1"}))
    while dispatch(desk.store, Telling(source="urn:test")):
        pass
    with desk.store.writing() as tx:
        (first, *_) = list_deliveries(tx, state=None, product="cobra-1", before=None, limit=10)
        note_started(tx, [first])
        begun = begin_try(tx, first.id, 1, now=desk.clock.now)
        end_try(tx, begun, Tried(fate=Fate.GONE, status=410), now=desk.clock.now)  # type: ignore[arg-type]  # Begun.
    assert first.channel is Channel.WEBHOOK
    page = read(house.get(f"/deliveries/{first.id}", headers=admin))
    assert "The receiver wants nothing more, HTTP 410" in page.text
    sent = {"wish": wish_of(page)}
    for _ in range(2):
        again = house.post(f"/deliveries/{first.id}/replay", data=sent, headers=admin)
        assert (again.status_code, again.headers["location"]) == (303, f"/deliveries/{first.id}")
    assert "On its way" in read(house.get(f"/deliveries/{first.id}", headers=admin)).text
    listed = read(house.get("/deliveries", headers=admin)).text
    assert re.search(r"On its way [1-9]\d* Delivered 0 Given up 0", listed)


def test_a_role_is_granted_and_withdrawn_on_the_page(
    house: TestClient, issuer: EmbeddedIssuer, admin: dict[str, str]
) -> None:
    """What is withdrawn counts with the very next request; what was filled in wrongly comes back as it was."""
    lead = bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea"))
    assert house.get("/launches/atlas-2/emea", headers=lead).status_code == 200
    filled = {"person": "sa-1", "role": "sales_lead", "reason": "Moved to APAC.", "change": "withdrawn"}
    wrong = read(house.post("/access/roles", data={**filled, "wish": "a", "region": "No slug"}, headers=admin), 422)
    assert {"Moved to APAC."} <= set(wrong.texts)
    assert any(each.get("aria-invalid") == "true" and each.get("name") == "region" for _, each in wrong.elements)
    right = {**filled, "wish": wish_of(wrong), "region": "emea"}
    assert house.post("/access/roles", data=right, headers=admin).status_code == 303
    assert house.get("/launches/atlas-2/emea", headers=lead).status_code == 403
    assert "Withdrawn" in read(house.get("/access?person=sa-1", headers=admin)).text


def test_a_role_of_some_regions_is_said_with_the_names_of_these(house: TestClient, issuer: EmbeddedIssuer) -> None:
    """At the top of every page stands what a plan calls the region, and its id where none does."""
    lead = bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea"), (Role.SALES_LEAD, "north-america"))
    assert "Sales lead in EMEA, North America" in read(house.get("/", headers=lead)).text


def test_an_admin_of_one_region_changes_no_roles_elsewhere(house: TestClient, issuer: EmbeddedIssuer) -> None:
    """The page refuses as the API does, and says which role is missing."""
    local = bearer(issuer, "ad-2", (Role.ADMIN, "apac"))
    filled = {"person": "sa-1", "role": "seller", "region": "emea", "reason": "Why", "change": "granted", "wish": "a"}
    assert "No role of yours allows" in read(house.post("/access/roles", data=filled, headers=local), 403).text


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(house: TestClient, admin: dict[str, str]) -> None:
    """Sending the form twice makes one key, whose secret is not told again; a revoked one opens nothing."""
    page = read(house.get("/access", headers=admin))
    filled = {"name": "lms", "role": "service", "regions": "emea, apac", "expires_at": "2027-06-30"}
    asked = {**filled, "wish": wish_of(page, -1)}
    made = read(house.post("/access/keys", data=asked, headers=admin), 201)
    secret = next(text for text in made.texts if text.startswith("ltl_") and "…" not in text)
    assert secret not in house.post("/access/keys", data=asked, headers=admin).text
    program = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
    assert house.get("/v1/readiness", headers=program).status_code == 200
    assert house.post(f"/access/keys/{secret[:12]}/revoke", data={"wish": "b"}, headers=admin).status_code == 303
    assert house.get("/v1/readiness", headers=program).status_code == 401
