"""Does enablement find whom a launch waits for, take them away and remind them, and no one else's people?"""

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import create_app
from api.deliveries import deliveries_router
from api.identity import EmbeddedIssuer
from api.page_forms import WISH
from api.people_export import HEAD
from api.people_page import PEOPLE_ON_PAGE
from api.people_pages import people_pages_router
from api.reading import reading_router
from readiness.commands import Role
from readiness.rows import CompletionRow, ImportKind, PersonRow
from store.deliver_schema import nudges
from store.engine import open_store
from store.facts import begin_import
from store.learning import load_completions
from store.rosters import apply_people, stage_people
from store.views import MOST_VIEWS
from tests.api.door import SettableClock, bearer, dependencies
from tests.readiness.builders import NOW
from tests.store.desk import Clock, Desk, marking
from tests.templates.outline import Outline

PEOPLE = "/launches/atlas-2/emea/people"
FORMULAS = ('=HYPERLINK("//evil.example")', "+1+1", "-2+3", "@SUM(A1)")
HOSTILE = (*FORMULAS, "<script>alert(1)</script>", "{{ 7 * 7 }}", "مرحبا", "W" * 300)


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own with EMEA and APAC in it: 12 people, of whom 8 learned and 5 passed."""
    shutil.copyfile(migrated_sqlite, tmp_path / "people.sqlite")
    standing = Clock()
    store = open_store(f"sqlite:///{tmp_path / 'people.sqlite'}", standing)
    try:
        made = Desk(store, standing)
        made.start("emea", "apac")
        made.teach("emea", people=12, trained=8, certified=5)
        yield made
    finally:
        store.close()


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer) -> Iterator[TestClient]:
    """A browser of somebody from enablement."""
    deps = dependencies(desk.store, issuer, SettableClock(NOW))
    app = create_app(deps, routers=[reading_router(), deliveries_router()], pages=[people_pages_router()])
    headers = {"Accept": "text/html", **bearer(issuer, "en-1", (Role.ENABLEMENT, "*"))}
    with TestClient(app, headers=headers, follow_redirects=False) as opened:
        yield opened


def bring_in(desk: Desk, *people: PersonRow) -> None:
    """Import people."""
    with desk.store.writing() as tx:
        name, now = f"people-{people[0].person_id}", desk.store.now(tx)
        begin_import(tx, name, ImportKind.PEOPLE, at=now)
        stage_people(tx, people, import_id=name, chunk=0)
        apply_people(tx, import_id=name, at=now, mark=marking)


def seller(person: str, **more: Any) -> PersonRow:
    """Return a seller of EMEA."""
    made = PersonRow(person_id=person, name=person, email="a@example.com", function="sales", region="emea")
    return made._replace(**more)


def shown(client: TestClient, address: str) -> Outline:
    """Return what a page that was answered well shows."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return Outline(answer.text)


def persons_on(outline: Outline) -> list[str]:
    """Return the ids of the people of a page, in their order."""
    return [text.strip() for text in outline.texts if text.strip().startswith(("emea-", "em-", "x-"))]


def test_the_page_says_who_is_missing_what_and_how_many_there_are_of_each(client: TestClient) -> None:
    """Twelve people are counted by status, each with what is missing; a total links to just those."""
    outline = shown(client, PEOPLE)
    assert len(persons_on(outline)) == 24  # Each once by name and once by id.
    for part in (
        "12 people",
        "4 Not started",
        "3 To certify",
        "5 Certified",
        "4 lack Basics",
        "A pass",
        "3 Jan 2028",
    ):
        assert part in outline.text, part
    waited_for = next(a["href"] for _, a in outline.elements if "=failed&" in (a.get("href") or ""))
    assert waited_for is not None
    assert len(persons_on(shown(client, waited_for))) == 14
    assert "nobody" not in outline.text.lower()


def test_filters_lie_in_the_address_and_the_api_has_the_same(desk: Desk, client: TestClient) -> None:
    """Manager, territory, course and a part of a name narrow page and API alike; one that fits nobody says so."""
    bring_in(
        desk,
        seller("x-1", name="Zoë Érable", manager_id="sa-1", territory="DACH & 100%"),
        seller("x-2", name="Zoe Plane", manager_id="sa-1"),
    )
    asked = {
        "manager=sa-1": {"x-1", "x-2"},
        "territory=DACH+%26+100%25": {"x-1"},
        "name=éRAB": {"x-1"},
        "name=%25": set(),
        "name=X-2": {"x-2"},
        "manager=sa-1&course=basics&status=not_started&territory=&name=": {"x-1", "x-2"},
        "course=basics&manager=sa-2": set(),
        "course=other": set(),
    }
    for query, expected in asked.items():
        assert set(persons_on(shown(client, f"{PEOPLE}?{query}"))) == expected, query
        wanted = "&".join(part for part in query.split("&") if not part.endswith("="))
        listed = client.get(f"/v1/launches/atlas-2/regions/emea/people?{wanted}").json()["items"]
        assert {each["person_id"] for each in listed} == expected, query
    assert "Nobody here is like that" in shown(client, f"{PEOPLE}?manager=sa-2").text
    assert "choose one of those" in client.get(f"{PEOPLE}?status=lazy").text


def test_thousands_are_read_page_by_page_and_counted_whole(desk: Desk, client: TestClient) -> None:
    """Pages follow each other without loss or repeat, and each says how many there are in all."""
    bring_in(desk, *(seller(f"x-{number:04}", manager_id=f"m-{number % 7}") for number in range(2_500)))
    address: str | None = f"{PEOPLE}?status=not_started&manager=m-3"
    seen: list[str] = []
    while address is not None:
        answer = client.get(address)
        assert len(answer.content) < 300_000
        outline = Outline(answer.text)
        assert "357 people with these filters" in outline.text
        page = persons_on(outline)[::2]
        assert len(page) <= PEOPLE_ON_PAGE
        seen += page
        address = next((a["href"] for tag, a in outline.elements if a.get("rel") == "next"), None)
    assert seen == [f"x-{number:04}" for number in range(3, 2_500, 7)]


def test_a_file_has_just_what_is_seen_and_nothing_in_it_is_a_formula(desk: Desk, client: TestClient) -> None:
    """CSV and XLSX hold every page of the filter and no more; what begins as a formula is read back as text."""
    bring_in(desk, *(seller(f"x-{n}", name=name, manager_id="sa-1") for n, name in enumerate(HOSTILE)))
    rows = list(csv.reader(io.StringIO(client.get(f"{PEOPLE}.csv?manager=sa-1").text)))
    assert tuple(rows[0]) == HEAD
    assert [row[1] for row in rows[1:]] == [f"'{name}" if name in FORMULAS else name for name in HOSTILE]
    answer = client.get(f"{PEOPLE}.xlsx?manager=sa-1")
    assert answer.headers["content-disposition"] == 'attachment; filename="atlas-2-emea-people.xlsx"'
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).sheet_names
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_name(sheet).to_python()
    assert tuple(book[0]) == HEAD
    assert [row[1] for row in book[1:]] == list(HOSTILE)
    # Nobody of them has begun: they are due with the training, as the page says too.
    assert {row[-1] for row in rows[1:]} == {row[-1] for row in book[1:]} == {"2027-02-15T08:00:00Z"}
    assert "15 Feb 2027" in shown(client, f"{PEOPLE}?manager=sa-1").text
    assert len(list(csv.reader(io.StringIO(client.get(f"{PEOPLE}.csv").text)))) == 12 + len(HOSTILE) + 1


def test_hostile_names_are_shown_as_text(desk: Desk, client: TestClient) -> None:
    """Whatever a file of people says is text on the page, wherever it stands."""
    bring_in(desk, *(seller(f"x-{n}", name=text, territory=text, manager_id="x-0") for n, text in enumerate(HOSTILE)))
    outline = shown(client, PEOPLE)
    assert outline.open == []
    assert all(a.get("src") for tag, a in outline.elements if tag == "script")
    assert "<script>alert(1)</script>" in outline.text


def test_who_has_no_right_there_sees_no_one(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """Executives, sellers and the leads of other regions get neither the page nor a file, and remind nobody."""
    for who in ((Role.EXECUTIVE, "*"), (Role.SELLER, "emea"), (Role.SALES_LEAD, "apac")):
        headers = bearer(issuer, "other", who)
        for path in ("", ".csv", ".xlsx", "/nudge"):
            assert client.get(f"{PEOPLE}{path}", headers=headers).status_code == 403
        assert client.post(f"{PEOPLE}/nudge", data={WISH: "w-1"}, headers=headers).status_code == 403
    auditor = bearer(issuer, "au-1", (Role.AUDITOR, "*"))
    assert "Remind these people" not in client.get(PEOPLE, headers=auditor).text
    assert client.get(f"{PEOPLE}/nudge", headers=auditor).status_code == 403
    assert client.get("/launches/atlas-2/mars/people").status_code == 404


def test_a_reminder_shows_whom_it_touches_and_reaches_just_those_once(desk: Desk, client: TestClient) -> None:
    """The page says how many and who; after the confirmation they wait for their digest, and are left out then."""
    page = f"{PEOPLE}/nudge?course=basics"
    before = shown(client, page).text
    assert "4 people will be reminded" in before
    assert "no message reaches them" in before, "nothing is promised that cannot happen"
    assert "emea-10" in before
    assert waiting(desk) == []
    answer = client.post(page, data={WISH: "w-1"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PEOPLE}?course=basics")
    assert "Reminded 4. Each reads it on their own page. No mail is set up here" in client.get(PEOPLE).text
    assert waiting(desk) == ["emea-10", "emea-11", "emea-8", "emea-9"]
    after = shown(client, f"{PEOPLE}/nudge").text
    assert "3 people will be reminded" in after
    assert "4 more wait for a reminder already" in after
    client.post(page, data={WISH: "w-2"})
    assert len(waiting(desk)) == 4
    certified = f"{PEOPLE}/nudge?status=certified"
    assert "Nobody: there is no one to remind" in shown(client, certified).text
    client.post(certified, data={WISH: "w-3"})
    assert len(waiting(desk)) == 4


def test_the_api_reminds_those_of_a_filter(desk: Desk, client: TestClient) -> None:
    """A status narrowed by course and manager reminds just those; filters without a status remind nobody."""
    bring_in(desk, seller("x-1", manager_id="sa-1"), seller("x-2", manager_id="sa-1"))
    done = CompletionRow("x-2", "basics", desk.clock.now - timedelta(hours=1))
    with desk.store.writing() as tx:
        begin_import(tx, "more", ImportKind.COMPLETIONS, at=desk.store.now(tx))
        load_completions(tx, [done], import_id="more", mark=marking)
    nudge = "/v1/launches/atlas-2/regions/emea/nudges"
    assert client.post(nudge, json={"manager": "sa-1"}).json() == {"nudged": [], "waiting": 0}
    body = {"statuses": ["not_started", "trained"], "manager": "sa-1"}
    assert client.post(nudge, json={**body, "course": "basics"}).json() == {"nudged": ["x-1"], "waiting": 0}
    assert client.post(nudge, json=body).json() == {"nudged": ["x-2"], "waiting": 1}


def test_somebody_keeps_views_for_themselves(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """A view has the filters under a name, in every region and for whoever kept it alone; a name is taken once."""
    kept = f"{PEOPLE}/views?manager=sa-1&status=learning"
    for _ in range(2):
        assert client.post(kept, data={"name": "My <b>team</b>"}).status_code == 303
    elsewhere = shown(client, "/launches/atlas-2/apac/people?manager=sa-9")
    links = [a["href"] for tag, a in elsewhere.elements if a.get("class") == "own"]
    assert links == ["/launches/atlas-2/apac/people?status=learning&manager=sa-1"]
    assert "My <b>team</b>" in elsewhere.text
    lead = bearer(issuer, "sa-2", (Role.SALES_LEAD, "emea"))
    assert "team" not in client.get(PEOPLE, headers=lead).text
    empty = client.post(kept, data={"name": ""})
    assert empty.status_code == 422
    assert "aria-invalid" in empty.text
    for number in range(MOST_VIEWS - 1):
        client.post(kept, data={"name": f"View {number}"})
    assert "Forget one first" in client.post(kept, data={"name": "One too many"}).text
    client.post(f"{PEOPLE}/views/forget", data={"name": "My <b>team</b>"})
    assert "My <b>team</b>" not in shown(client, PEOPLE).text
    for never in ("\0", "", "x" * 1_000):
        assert client.post(f"{PEOPLE}/views/forget", data={"name": never}).status_code == 303


def waiting(desk: Desk) -> list[str]:
    """Return who waits for a digest with a reminder in it."""
    with desk.store.reading() as tx:
        return sorted(tx.execute(select(nudges.c.person).where(nudges.c.digest.is_(None))).scalars())
