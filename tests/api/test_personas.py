"""May a browser on this machine be somebody of the demonstration, and no browser from elsewhere anybody?"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EVERYWHERE, EmbeddedIssuer, RoleGrant
from api.pages import OPEN_PAGE_PATHS, pages_router
from api.persona import Persona
from api.personas import PERSONA_PATHS, personas_router
from api.standing import SESSION_COOKIE
from readiness.commands import Role
from store.engine import Store, open_store
from tests.api.door import SettableClock, dependencies
from tests.store.desk import Clock
from tests.templates.outline import Outline

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
DECIDER = Persona("ex-1", "Elena Fischer", (RoleGrant(Role.EXECUTIVE, EVERYWHERE),), "Decides.")
CHOSEN = {"person": "ex-1", "return_to": "/launches/atlas-2"}


@pytest.fixture
def ledger(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store of this test's own, with every table."""
    shutil.copyfile(migrated_sqlite, tmp_path / "personas.sqlite")
    with closing(open_store(f"sqlite:///{tmp_path / 'personas.sqlite'}", Clock())) as store:
        yield store


def browser(
    ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock, *personas: Persona, host: str = "localhost"
) -> TestClient:
    """Return a browser on this machine that asks for it as `host`, and may be one of `personas`."""
    made = replace(dependencies(ledger, issuer, clock), personas=personas)
    pages = (pages_router(), personas_router())
    app = create_app(made, pages=pages, open_paths=OPEN_PAGE_PATHS | PERSONA_PATHS)
    base = f"https://{host}"
    return TestClient(app, base_url=base, client=("127.0.0.1", 5000), headers=BROWSER, follow_redirects=False)


@pytest.fixture
def here(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser on this machine that may be an executive."""
    with browser(ledger, issuer, clock, DECIDER) as opened:
        yield opened


def test_who_chooses_a_persona_is_signed_in_as_them_and_told_so_once(here: TestClient) -> None:
    """The next page has their name and role and says that nobody proved it; the one after that no longer greets."""
    chosen = here.post("/personas", data=CHOSEN)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/launches/atlas-2")
    first, second = Outline(here.get("/").text).text, Outline(here.get("/").text).text
    for shown in (first, second):
        assert "Elena Fischer Executive everywhere" in shown
        assert "Nobody proved who they are" in shown
    assert "You are signed in." in first
    assert "You are signed in." not in second


def test_whoever_is_not_offered_cannot_be_chosen(here: TestClient) -> None:
    """Another name begins no session, and the answer says where the names are."""
    refused = here.post("/personas", data={"person": "root"})
    assert refused.status_code == 404
    assert "Choose one of those at /personas" in refused.text
    assert SESSION_COOKIE not in here.cookies


def test_nobody_is_led_to_another_host(here: TestClient) -> None:
    """Whatever a link says, one ends up on a page of this host."""
    for return_to in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        answer = here.post("/personas", data={**CHOSEN, "return_to": return_to})
        assert answer.headers["location"] == "/"
        shown = Outline(here.get("/personas", params={"return_to": return_to}).text)
        assert {each["value"] for _, each in shown.elements if each.get("name") == "return_to"} >= {"/"}


@pytest.mark.parametrize("host", ["launches.example", "evil.localhost.example"])
def test_a_browser_that_asks_by_another_name_is_nobody(
    ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock, host: str
) -> None:
    """A name that someone else points at this machine reads and begins nothing."""
    with browser(ledger, issuer, clock, DECIDER, host=host) as opened:
        assert opened.get("/personas").status_code == 404
        assert opened.post("/personas", data=CHOSEN).status_code == 404
        assert opened.get("/").status_code == 401


@pytest.mark.parametrize(
    "header",
    [{"X-Forwarded-For": "203.0.113.9"}, {"Via": "1.1 proxy"}, {"Origin": "https://launches.example"}],
    ids=lambda header: next(iter(header)),
)
def test_whoever_comes_through_a_proxy_is_nobody(here: TestClient, header: dict[str, str]) -> None:
    """A proxy on this machine that asks for it by its own name opens nothing to those behind it."""
    refused = here.post("/personas", data=CHOSEN, headers={**header, "Sec-Fetch-Site": "same-origin"})
    assert refused.status_code in {403, 404}
    assert SESSION_COOKIE not in here.cookies


def test_without_personas_there_is_nothing_to_choose(
    ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """In production the address does not exist, not even on the machine itself."""
    with browser(ledger, issuer, clock) as opened:
        assert opened.get("/personas").status_code == 404
        assert opened.post("/personas", data=CHOSEN).status_code == 404


def test_a_page_elsewhere_signs_nobody_in(here: TestClient) -> None:
    """What another site has a browser send begins no session."""
    refused = here.post("/personas", data=CHOSEN, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert SESSION_COOKIE not in here.cookies


def test_the_language_that_somebody_chooses_is_kept(here: TestClient) -> None:
    """Pages name the language that was chosen, and without a choice the first that the browser wants and there is."""
    assert '<html lang="de">' in here.get("/personas", headers={"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}).text
    assert '<html lang="en">' in here.get("/personas", headers={"Accept-Language": "fr, *;q=0.1"}).text
    assert (
        here.post("/language", data={"language": "de", "return_to": "/personas"}).headers["location"] == "/personas"
    )
    assert '<html lang="de">' in here.get("/personas", headers={"Accept-Language": "en"}).text
    here.post("/language", data={"language": "xx"})
    assert '<html lang="de">' in here.get("/personas").text


def test_whoever_reads_german_is_told_in_german_what_is_not_there(here: TestClient) -> None:
    """A page that says what went wrong is in one language, down to the roles of whoever reads it."""
    here.post("/personas", data=CHOSEN, headers={"Sec-Fetch-Site": "same-origin"})
    missing = here.get("/launches/nowhere", headers={"Accept": "text/html", "Accept-Language": "de"})
    assert missing.status_code == 404
    assert "Unter dieser Adresse gibt es nichts" in missing.text
    assert "nowhere hat keinen Start." in missing.text
    assert "überall" in missing.text
    assert "everywhere" not in missing.text
