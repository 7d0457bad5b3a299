"""Does an executive see in a minute what to decide, on what, and who must do what where nothing can be decided?"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select
from starlette.testclient import TestClient

from api.app import create_app
from api.decide_page import PAGE_ROWS
from api.identity import EmbeddedIssuer
from api.login import LOGIN_PATHS
from api.pages import OPEN_PAGE_PATHS
from api.personas import PERSONA_PATHS
from bootstrap.web import page_routers
from readiness.commands import Choice, Role
from readiness.roles import require_change
from store.access import record_change
from store.board import refresh_figures
from store.deciding import looks_of, note_looks
from store.engine import open_store
from store.records_schema import region_launches
from tests.api.at_the_desk import AtTheDesk
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.api.filling import Forms
from tests.readiness.builders import NOW
from tests.store.desk import PRODUCT, Clock, Desk
from tests.templates.outline import Outline


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own."""
    shutil.copyfile(migrated_sqlite, tmp_path / "decide.sqlite")
    store = open_store(f"sqlite:///{tmp_path / 'decide.sqlite'}", standing := Clock())
    try:
        yield Desk(store, standing)
    finally:
        store.close()


@pytest.fixture
def issuer() -> EmbeddedIssuer:
    """An issuer of its own."""
    return new_issuer(SettableClock(NOW))


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer) -> Iterator[TestClient]:
    """A browser of an executive for every region."""
    deps = replace(dependencies(desk.store, issuer, SettableClock(NOW)), sender=AtTheDesk(desk))
    app = create_app(deps, pages=page_routers(), open_paths=OPEN_PAGE_PATHS | LOGIN_PATHS | PERSONA_PATHS)
    headers = {"Accept": "text/html", **bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))}
    with TestClient(app, headers=headers) as opened:
        yield opened


def five_regions(desk: Desk) -> None:
    """Bring one region each to a go, a hold, and to being ready; two are behind."""
    keys = dict(
        zip(("amer", "apac", "dach", "emea", "mena"), desk.start("amer", "apac", "dach", "emea", "mena"), strict=True)
    )
    desk.write_all()
    for region in ("amer", "dach", "emea"):
        desk.teach(region)
        desk.sign_all(keys[region])
        desk.look(keys[region])
    desk.accepted(keys["emea"], desk.decide(keys["emea"], Choice.GO))
    desk.accepted(keys["amer"], desk.hold(keys["amer"]))
    refresh_figures(desk.store, list(keys.values()))


def order(text: str) -> list[str]:
    """Return the regions of a page in the order in which they stand there."""
    return re.findall(r'<h3><a href="/launches/[^/"]+/([^/"]+)"', text)


def test_what_waits_for_a_decision_comes_first(desk: Desk, client: TestClient) -> None:
    """Then what was stopped, then what is behind with who must do what, then what stands; each links to its form."""
    five_regions(desk)
    page = client.get("/decide")
    assert page.status_code == 200
    assert order(page.text) == ["dach", "amer", "apac", "mena", "emea"]
    text = Outline(page.text).text
    for part in ("Waits for a decision 1", "Held, or decided no-go 1", "Cannot be decided yet 2", "A go stands 1"):
        assert part in text, text
    assert 'href="/launches/atlas-2/dach/acts/decide">Decide…' in page.text


def test_the_question_of_one_region_is_answered_here(desk: Desk, client: TestClient) -> None:
    """Can it launch in APAC, and if not, who must do what: found by name, with reasons, functions and dates."""
    five_regions(desk)
    found = client.get("/decide", params={"q": "atlas apac"})
    assert order(found.text) == ["apac"]
    text = Outline(found.text).text
    for part in ("Not ready", "Whom it waits for, and why", "Marketing :", "Sales :", "1 Mar 2027"):
        assert part in text, text
    assert "called that" in Outline(client.get("/decide", params={"q": "100%_"}).text).text


def test_a_region_that_is_not_ready_says_how_many_more_by_when_and_what_comes_then(
    desk: Desk, client: TestClient, issuer: EmbeddedIssuer
) -> None:
    """Numbers, the day and what comes then stand there, with the names of who speaks and the only act there is."""
    five_regions(desk)
    desk.teach("apac", trained=6, certified=4)
    refresh_figures(desk.store, [key for key in (desk.latest("apac"),) if key is not None])
    with desk.store.writing() as tx:
        record_change(
            tx,
            person="ma-7",
            role=Role.MARKETING,
            region="apac",
            change="granted",
            effective_at=None,
            by="ad-1",
            reason="It is so.",
            idempotency_key="wish-1",
            now=desk.store.now(tx),
            check=require_change,
        )
    page = client.get("/decide", params={"q": "atlas apac"})
    text = Outline(page.text).text
    for part in (
        "6 of 10 have completed the training, 9 needed: 3 more must complete it by 15 Feb 2027",
        "4 of 10 certified on the launch day, 8 needed: 4 more must pass by 22 Feb 2027",
        "Then an executive decides.",
        "Marketing ( ma-7 )",
    ):
        assert part in text, text
    assert "Hold it…" in text
    behind = client.get("/decide", params={"q": "mena"}, headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "mena")))
    assert "ma-7" not in behind.text


def test_a_page_of_standing_goes_promises_nothing_else(desk: Desk, client: TestClient) -> None:
    """Where all that is left has a go, it is said so, under a heading of its own."""
    key = desk.ready()
    desk.accepted(key, desk.decide(key, Choice.GO))
    text = Outline(client.get("/decide").text).text
    assert "What follows has a go already. A go stands 1" in text


def test_nobody_sees_what_lies_outside_their_regions(desk: Desk, client: TestClient, issuer: EmbeddedIssuer) -> None:
    """Neither a row nor a count tells of regions of others, and who may not decide reads whose it is."""
    five_regions(desk)
    page = client.get("/decide", headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "dach")))
    assert order(page.text) == ["dach"]
    text = Outline(page.text).text
    assert "Waits for a decision 1" in text
    assert "For an executive of this region" in text
    assert "acts/decide" not in page.text


def test_what_changed_since_one_read_it_is_told(desk: Desk, client: TestClient) -> None:
    """Reading changes nothing; saying that one has read it does, and from then on each region tells its news."""
    five_regions(desk)
    assert "Since you read it" not in Outline(client.get("/decide").text).text
    read = {"read": [f"{PRODUCT} dach 9999", f"{PRODUCT} amer 1", f"{PRODUCT} nowhere 1", "x"]}
    told = client.post("/decide/read", data=read, follow_redirects=False)
    assert (told.status_code, told.headers["location"]) == (303, "/decide")
    text = Outline(client.get("/decide").text).text
    assert "Nothing has changed." in text
    assert "Held by a person" in text
    dach = desk.latest("dach")
    assert dach is not None
    with desk.store.reading() as tx:
        (look,) = looks_of(tx, "ex-1", [(PRODUCT, "dach")]).values()
    assert look.version == desk.region(dach).version
    desk.accepted(dach, desk.decide(dach, Choice.NO_GO))
    assert "Decided: no-go" in Outline(client.get("/decide", params={"q": "dach"}).text).text


def test_the_page_is_read_by_few_queries_however_many_regions_there_are(desk: Desk, client: TestClient) -> None:
    """Two thousand regions are paged, each once, those that wait first, and no row asks for itself."""
    desk.ready()
    with desk.store.writing() as tx:
        row = dict(tx.execute(select(region_launches)).mappings().one())
        late = row["launch_at"] + timedelta(days=1)
        copies = [
            {**row, "product": f"p-{at:02}", "region": f"r-{n:03}", "launch_at": late}
            | ({"shown_verdict": "not_ready", "verdict": "not_ready"} if n % 2 else {})
            for at in range(4)
            for n in range(500)
        ]
        tx.execute(insert(region_launches), copies)
    asked: list[str] = []
    event.listen(desk.store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    seen: list[str] = []
    address: str | None = "/decide"
    for _ in range(3):
        assert address is not None
        asked.clear()
        page = client.get(address)
        assert len(asked) < 20
        assert len(page.content) < 300_000
        seen += re.findall(r'<h3><a href="(/launches/[^"]+)"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = following[1].replace("&amp;", "&") if following is not None else None
    assert len(seen) == len(set(seen)) == 3 * PAGE_ROWS
    assert seen[0] == "/launches/atlas-2/emea"
    assert "Waits for a decision 1,001" in Outline(client.get("/decide").text).text


def test_only_the_latest_looks_of_a_person_are_kept(desk: Desk) -> None:
    """A look replaces the one before, whichever run it was of, and belongs to its person alone."""
    key = desk.ready()
    with desk.store.writing() as tx:
        note_looks(tx, "ex-1", {key: 3}, now=NOW)
        note_looks(tx, "ex-1", {key.model_copy(update={"run": 2}): 1}, now=NOW + timedelta(days=1))
        (look,) = looks_of(tx, "ex-1", [(key.product, key.region)]).values()
        assert (look.run, look.version) == (2, 1)
        assert looks_of(tx, "ex-2", [(key.product, key.region)]) == {}


def test_an_empty_page_teaches(client: TestClient) -> None:
    """Where nothing waits the page says what will stand there."""
    page = client.get("/decide")
    assert "Nothing waits for a decision." in Outline(page.text).text
    assert [form for form in Forms(page.text).all if form.action == "/decide/read"] == []
