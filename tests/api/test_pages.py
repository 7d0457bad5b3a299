"""Does a person with nothing but a browser see where every launch stands, and nothing that is not theirs?"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from httpx2 import Response
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from api.app import create_app
from api.board_page import MOST_CELLS
from api.decide_page import decide_router
from api.guard import guarded_router, requires
from api.identity import EVERYWHERE, Actor, EmbeddedIssuer, RoleGrant
from api.page_answers import PAGE_POLICY
from api.pages import OPEN_PAGE_PATHS, pages_router
from api.persona import Persona
from api.personas import PERSONA_PATHS, personas_router
from api.rights import Action
from readiness.commands import Choice, Role
from store.board import refresh_figures
from store.engine import Store, open_store
from store.records_schema import region_launches
from store.regions import latest_records, update_region
from templates.assets import asset_address, assets
from templates.rendering import render
from tests.api.door import SettableClock, bearer, dependencies, routes
from tests.readiness.builders import NOW
from tests.store.desk import Clock, Desk
from tests.templates.every_sample import SAMPLES
from tests.templates.outline import Outline

_MEDIA_TYPES = {"text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"}

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PERSONA = Actor(person="ex-1", roles=(RoleGrant(Role.EXECUTIVE, EVERYWHERE),), token_id="persona")


@pytest.fixture
def clock() -> SettableClock:
    """A clock that shows the moment at which the desk begins."""
    return SettableClock(NOW)


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a store of this test's own."""
    shutil.copyfile(migrated_sqlite, tmp_path / "pages.sqlite")
    standing = Clock()
    store = open_store(f"sqlite:///{tmp_path / 'pages.sqlite'}", standing)
    try:
        yield Desk(store, standing)
    finally:
        store.close()


def browser(
    store: Store, issuer: EmbeddedIssuer, clock: SettableClock, *, persona: Actor | None, host: str = "localhost"
) -> TestClient:
    """Return a browser on this machine, which is taken for `persona` if there is one."""
    personas = (Persona(persona.person, "Elena Fischer", persona.roles, "Decides."),) if persona is not None else ()
    made = replace(dependencies(store, issuer, clock), page_persona=persona, personas=personas)
    opened = OPEN_PAGE_PATHS | PERSONA_PATHS
    pages = [pages_router(), decide_router(), personas_router()]
    app = create_app(made, routers=[routes()], pages=pages, open_paths=opened)
    return TestClient(app, base_url=f"http://{host}", client=("127.0.0.1", 5000), headers=BROWSER)


@pytest.fixture
def persona(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser on this machine that is taken for an executive."""
    with browser(desk.store, issuer, clock, persona=PERSONA) as opened:
        yield opened


@pytest.fixture
def stranger(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser that is taken for nobody."""
    with browser(desk.store, issuer, clock, persona=None) as opened:
        yield opened


def three_regions(desk: Desk) -> None:
    """Start a product in three regions and bring one of them to a go."""
    keys = desk.start("amer", "apac", "emea")
    desk.write_all()
    desk.teach("emea")
    desk.sign_all(keys[2])
    for key in keys:
        desk.look(key)
    desk.accepted(keys[2], desk.decide(keys[2], Choice.GO))
    refresh_figures(desk.store, keys)


def copied(desk: Desk, *, products: int) -> None:
    """Fill the board with copies of every region's row."""
    with desk.store.writing() as tx:
        rows = [dict(row) for row in tx.execute(select(region_launches)).mappings()]
        named = [{"product": f"p-{n:03}", "product_name": f"Product {n}"} for n in range(products)]
        tx.execute(insert(region_launches), [{**row, **name} for row in rows for name in named])


def many(desk: Desk, *, products: int, regions: int) -> None:
    """Fill the board with copies of one region's row."""
    desk.start("emea")
    with desk.store.writing() as tx:
        row = dict(tx.execute(select(region_launches)).mappings().one())
        copies = [
            {**row, "product": f"p-{product:03}", "product_name": f"Product {product}", "region": f"r-{region:02}"}
            for product in range(products)
            for region in range(regions)
        ]
        tx.execute(insert(region_launches), copies)


def read(response: Response) -> Outline:
    """Return the outline of a page that was answered well."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Outline(response.text)


def links(outline: Outline) -> list[str]:
    """Return every address that a page links to."""
    return [str(attributes["href"]) for tag, attributes in outline.elements if tag == "a"]


def is_region(link: str) -> bool:
    """Say whether a link leads to the page of a region."""
    return re.fullmatch(r"/launches/[^/?#]+/[^/?#]+", link) is not None


def test_the_board_shows_every_region_of_every_product(desk: Desk, persona: TestClient) -> None:
    """Each cell leads to its region, and says verdict, colour, the first reason and for whom it waits in words."""
    three_regions(desk)
    outline = read(persona.get("/"))
    for region in ("amer", "apac", "emea"):
        assert f"/launches/atlas-2/{region}" in links(outline)
    for part in (
        "Go",
        "Not ready",
        "Green",
        "Atlas 2",
        "EMEA",
        "Marketing since 4 Jan 2027, 10:00 CET · less than a minute",
        "3 region launches of 1 product",
    ):
        assert part in outline.text


def test_a_small_board_tells_each_region_from_close_by(desk: Desk, persona: TestClient) -> None:
    """Few regions say in full on whom they wait, since when, how many more are needed by when, what was decided by
    whom, and whether it may be sold; totals and filters then stand behind them."""
    three_regions(desk)
    text = read(persona.get("/")).text
    for part in (
        "Marketing since 4 Jan 2027, 10:00 CET · less than a minute Marketing has not signed the value propositions",
        "Marketing has not signed the value propositions To be signed by 11 Jan 2027",
        "After that: Marketing, Sales: 2 signatures of the answers to objections by 18 Jan 2027",
        "Already now, beside that: Enablement: Audience trained by 15 Feb 2027",
        "Then an executive decides. All of it by 26 Feb 2027.",
        "All five gates passed",
        "Go by Elena Fischer",
        "It launches by itself, but is held if fewer than 8 of 10 are certified for that day; as of now 10 are.",
        "Seen then: 10 of 10 trained (90% needed), 10 of 10 certified on the launch day (80% needed)",
        "Not to be sold today, and not before the launch, 1 Mar 2027, 09:00 CET.",
        "Not to be sold today: at the earliest from the launch on, 1 Mar 2027",
    ):
        assert part in text
    assert text.index("Go by Elena Fischer") < text.index("Search and filters")
    assert "Misses its date as things stand" in text.partition("How to read this")[2]


def test_a_board_says_first_which_region_misses_its_date_and_who_must_do_what(
    desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer
) -> None:
    """An executive reads it above all cells; whoever is waited for reads it where they are told what to do."""
    three_regions(desk)
    desk.clock.now += timedelta(days=8)
    refresh_figures(desk.store, [key for region in ("amer", "apac") if (key := desk.latest(region)) is not None])
    executive = read(stranger.get("/", headers=bearer(issuer, "ex-9", (Role.EXECUTIVE, "*")))).text
    said = "misses 1 Mar 2027 as things stand: signatures of the value propositions are overdue"
    told = executive.partition("Nothing here waits for your decision")[0]
    assert told.count(said) == 2
    assert "Atlas 2 in APAC" in told
    assert "Marketing : 2 signatures of the value propositions, due since 11 Jan 2027" in told
    assert "Atlas 2 in EMEA" not in told
    marketing = read(stranger.get("/", headers=bearer(issuer, "ma-9", (Role.MARKETING, "*")))).text
    assert said not in marketing


def test_a_lead_reads_who_is_not_certified_where_a_go_stands(
    desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer
) -> None:
    """They read with how few it launches, who is missing by name, and where they may remind them; marketing reads
    no names."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.teach("emea", certified=9)
    desk.sign_all(key)
    desk.look(key)
    desk.accepted(key, desk.decide(key, Choice.GO))
    refresh_figures(desk.store, [key])
    lead = read(stranger.get("/", headers=bearer(issuer, "sa-3", (Role.SALES_LEAD, "emea"))))
    assert "held if fewer than 8 of 10 are certified for that day; as of now 9 are." in lead.text
    assert "Not certified: emea-9 . You need do nothing, and may remind them." in lead.text
    assert any("/emea/people/nudge?" in link for link in links(lead))
    marketing = read(stranger.get("/", headers=bearer(issuer, "ma-9", (Role.MARKETING, "*"))))
    assert "as of now 9 are." in marketing.text
    assert "emea-9" not in marketing.text


def test_an_auditor_is_led_from_the_board_to_the_right_and_the_proof_of_a_decision(
    desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer
) -> None:
    """Whoever may read the audit record reads by which right a go was said, and is led to its entries; others read
    only what was seen."""
    three_regions(desk)
    proven = "By right: Executive, which came with the sign-in. Proof: Its entries in the audit record"
    outline = read(stranger.get("/", headers=bearer(issuer, "au-1", (Role.AUDITOR, "*"))))
    assert proven in outline.text
    assert any(link.startswith("/ledger?") for link in links(outline))
    assert "/launches/atlas-2/emea#seen" in links(outline)
    assert proven not in read(stranger.get("/", headers=bearer(issuer, "ex-9", (Role.EXECUTIVE, "*")))).text


def test_who_runs_the_installation_reads_on_the_board_whether_it_is_broken(
    desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer
) -> None:
    """An administrator reads that nobody is told of anything and who may say go; others read nothing of that."""
    three_regions(desk)
    text = read(stranger.get("/", headers=bearer(issuer, "ad-1", (Role.ADMIN, "*")))).text
    assert "Is something broken?" in text
    assert "Nobody has been told of anything yet" in text
    assert (
        "Is something broken?"
        not in read(stranger.get("/", headers=bearer(issuer, "ex-9", (Role.EXECUTIVE, "*")))).text
    )


def test_a_large_board_tells_each_cell_in_short(desk: Desk, persona: TestClient) -> None:
    """Where there are many cells each says why and on whom it waits; narrowing tells it in full."""
    three_regions(desk)
    assert "To be signed by" in read(persona.get("/")).text
    copied(desk, products=4)
    text = read(persona.get("/")).text
    assert "Waits on Marketing" in text
    assert "To be signed by" not in text
    assert text.index("Misses its date") < text.index("Product 0")
    assert "To be signed by" in read(persona.get("/?product=p-001")).text


def test_an_empty_board_teaches(persona: TestClient) -> None:
    """A new installation says how a launch begins."""
    assert "ltl start plan.yaml" in read(persona.get("/")).text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("verdict=go", {"emea"}),
        ("verdict=not_ready", {"amer", "apac"}),
        ("region=APAC", {"apac"}),
        ("rag=green", {"emea"}),
        ("stage=go_no_go&product=atlas-2", {"emea"}),
        ("product=&region=&verdict=&rag=&stage=", {"amer", "apac", "emea"}),
        ("product=borealis", set()),
        ("verdict=cancelled", set()),
    ],
)
def test_filters_in_the_address_narrow_the_board(
    desk: Desk, persona: TestClient, query: str, shown: set[str]
) -> None:
    """What the address asks for is shown, and an empty field of the form asks for nothing."""
    three_regions(desk)
    found = {link.rpartition("/")[2] for link in links(read(persona.get(f"/?{query}"))) if is_region(link)}
    assert found == shown


def test_totals_keep_the_way_to_other_verdicts_open(desk: Desk, persona: TestClient) -> None:
    """A total links to the board narrowed by it, keeps the other filters, and once chosen links back."""
    three_regions(desk)
    outline = read(persona.get("/?verdict=go&region=emea"))
    assert "/?region=emea" in links(outline)
    assert "/?region=emea&verdict=go&rag=green" in links(outline)
    assert "/?region=emea&verdict=go&live=off" in links(outline)


def test_a_filter_that_is_none_is_refused_by_name(desk: Desk, persona: TestClient) -> None:
    """An unknown verdict in the address is not guessed at."""
    response = persona.get("/?verdict=maybe")
    assert response.status_code == 422
    text = Outline(response.text).text
    assert "verdict" in text
    assert "Choose one of not_ready" in text


def test_the_board_is_for_the_regions_of_the_reader(desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer) -> None:
    """Nothing of other regions is shown, listed to filter by, or counted."""
    three_regions(desk)
    outline = read(stranger.get("/", headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "apac"))))
    assert {link for link in links(outline) if is_region(link)} == {"/launches/atlas-2/apac"}
    assert "1 region launch of 1 product" in outline.text
    assert "EMEA" not in outline.text
    assert "Sales lead in APAC" in outline.text


def test_a_region_of_others_is_refused_on_a_page(desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer) -> None:
    """Whoever has no role in a region reads why, not the region."""
    three_regions(desk)
    response = stranger.get("/launches/atlas-2/emea", headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "apac")))
    assert response.status_code == 403
    assert "No role of yours allows you to see how ready a region is in emea." in Outline(response.text).text


def test_who_may_not_see_the_board_is_not_sent_there(stranger: TestClient, issuer: EmbeddedIssuer) -> None:
    """A seller who is refused a page is led to the one that is theirs."""
    refused = stranger.get("/", headers=bearer(issuer, "se-1", (Role.SELLER, "apac")))
    assert refused.status_code == 403
    outline = Outline(refused.text)
    assert "No role of yours allows you to see the board." in outline.text
    assert "To the board" not in outline.text
    assert "/me" in links(outline)


def test_the_board_says_what_waits_for_its_reader(desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer) -> None:
    """Who speaks for a function reads which regions wait for it, who decides that none does; others read nothing."""
    three_regions(desk)
    sales = read(stranger.get("/", headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "*"))))
    own = sales.text.partition("Waits for you")[2].partition("Readiness of each product")[0]
    assert "in AMER" in own
    assert "in APAC" in own
    assert "EMEA" not in own
    assert "/launches/atlas-2/apac/acts/sign-off" in links(sales)
    executive = read(stranger.get("/", headers=bearer(issuer, "ex-9", (Role.EXECUTIVE, "*"))))
    assert "Nothing here waits for your decision yet. What comes to you: Later for you" in executive.text
    of_emea = read(stranger.get("/", headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "emea"))))
    assert "Nothing here waits for you." in of_emea.text
    auditor = read(stranger.get("/", headers=bearer(issuer, "au-9", (Role.AUDITOR, "*"))))
    assert "waits for you" not in auditor.text.lower()


def test_the_persona_is_told_of_loudly(desk: Desk, persona: TestClient) -> None:
    """Where nobody signed in, every page says whom the browser is taken for."""
    three_regions(desk)
    for path in ("/", "/launches/atlas-2/emea", "/launches/atlas-2/mars"):
        assert "You are looking on, on this machine only." in Outline(persona.get(path).text).text


def test_nobody_is_the_persona_by_another_name(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> None:
    """A page under a foreign name is refused even from this machine, with what to do about it."""
    with browser(desk.store, issuer, clock, persona=PERSONA, host="rebound.example") as foreign:
        response = foreign.get("/")
    assert response.status_code == 401
    assert "ltl token --person ID" in response.text
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "You are viewing as" not in response.text


def test_a_product_page_shows_its_regions_beside_each_other(desk: Desk, persona: TestClient) -> None:
    """Each region leads to its own page, says how it stands and on whom it waits; the board leads here."""
    three_regions(desk)
    assert "/launches/atlas-2" in links(read(persona.get("/")))
    outline = read(persona.get("/launches/atlas-2"))
    for region in ("amer", "apac", "emea"):
        assert f"/launches/atlas-2/{region}" in links(outline)
    for part in ("Wave 1", "3 regions in 1 wave: 2 not ready, 1 go", "Marketing", "Nobody"):
        assert part in outline.text


def test_a_product_page_holds_the_regions_of_the_reader_alone(
    desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer
) -> None:
    """Regions of others are neither shown nor counted, and a product without one of the reader's is not there."""
    three_regions(desk)
    of_apac = bearer(issuer, "sa-9", (Role.SALES_LEAD, "apac"))
    outline = read(stranger.get("/launches/atlas-2", headers=of_apac))
    assert "1 region in 1 wave" in outline.text
    assert "/launches/atlas-2/emea" not in links(outline)
    assert (
        stranger.get("/launches/atlas-2", headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "dach"))).status_code
        == 404
    )
    assert stranger.get("/launches/borealis", headers=of_apac).status_code == 404


def test_the_line_of_a_product_page_tells_nothing_of_regions_of_others(
    desk: Desk, stranger: TestClient, issuer: EmbeddedIssuer
) -> None:
    """When a region of others began cannot be read off the first day that is shown."""
    three_regions(desk)
    readers = [
        bearer(issuer, "sa-9", (Role.SALES_LEAD, "apac")),
        bearer(issuer, "ex-9", (Role.EXECUTIVE, EVERYWHERE)),
    ]

    def shown() -> list[str]:
        return [stranger.get("/launches/atlas-2", headers=reader).text for reader in readers]

    (of_apac, of_all) = shown()
    with desk.store.writing() as tx:
        (emea,) = latest_records(tx, "atlas-2", ["emea"])
        earlier = emea.region.model_copy(update={"started_at": NOW - timedelta(days=90)})
        update_region(tx, emea.key, state=earlier.model_dump(mode="json"))
    assert [of_apac == shown()[0], of_all == shown()[1]] == [True, False]


def test_the_region_page_tells_the_whole_story(desk: Desk, persona: TestClient) -> None:
    """A region's page shows its path, its numbers, the decision and what happened with the reasons given."""
    three_regions(desk)
    text = read(persona.get("/launches/atlas-2/EMEA")).text
    for part in (
        "Atlas 2 in EMEA",
        "Verdict: Go",
        "1 Mar 2027, 09:00 CET (08:00 UTC)",
        "Certification Passed",
        "10 of 10 people",
        "Decided: go by ex-1",
        "why",
        "Marketing signed off value propositions",
        "Nobody: nothing stands in the way.",
    ):
        assert part in text, part


def test_a_region_that_is_behind_names_who_holds_the_ball(desk: Desk, persona: TestClient) -> None:
    """What blocks is shown with the function that it waits on and since when."""
    three_regions(desk)
    desk.clock.now += timedelta(days=4)
    text = read(persona.get("/launches/atlas-2/apac")).text
    assert "Marketing since 4 Jan 2027 · 4 days" in text
    assert text.index("Waits on Marketing") < text.index("Who holds the ball"), "it is told beside the verdict"
    assert "Sales since 4 Jan 2027 · 4 days" in text


def test_a_page_never_shows_a_go_that_facts_have_overtaken(desk: Desk, persona: TestClient) -> None:
    """Once passes are voided the board and the region read held, before the workflow has looked."""
    three_regions(desk)
    desk.void_passes("emea")
    cells = {link.rpartition("/")[2] for link in links(read(persona.get("/?verdict=held"))) if is_region(link)}
    assert cells == {"emea"}
    text = read(persona.get("/launches/atlas-2/emea")).text
    assert "Verdict: Held" in text
    assert "Evidence changed, being checked" in text


def test_a_large_board_is_read_product_by_product(desk: Desk, persona: TestClient) -> None:
    """Pages hold whole products, follow each other without loss or repeat, and stay small."""
    many(desk, products=30, regions=45)
    seen: list[str] = []
    address: str | None = "/?verdict=not_ready"
    while address is not None:
        response = persona.get(address)
        outline = read(response)
        cells = [link for link in links(outline) if is_region(link)]
        assert len(cells) <= MOST_CELLS
        assert len(response.content) < 300_000
        seen.extend(cells)
        address = next((str(a["href"]) for tag, a in outline.elements if tag == "a" and a.get("rel") == "next"), None)
    assert len(seen) == len(set(seen)) == 30 * 45 + 1


def test_a_product_larger_than_a_page_is_shown_whole(desk: Desk, persona: TestClient) -> None:
    """A product in more regions than a page has room for has a page to itself."""
    many(desk, products=1, regions=MOST_CELLS + 20)
    outline = read(persona.get("/?after=atlas-2"))
    assert len([link for link in links(outline) if is_region(link)]) == MOST_CELLS + 20
    assert "Products 2 to 2 of 2" in outline.text


def test_pages_refuse_every_script_but_ours(desk: Desk, persona: TestClient) -> None:
    """The browser is told to load nothing but our own files, to run nothing inline, and to keep no copy."""
    three_regions(desk)
    for path in ("/", "/launches/atlas-2", "/launches/atlas-2/emea", "/nowhere"):
        headers = persona.get(path).headers
        assert headers["Content-Security-Policy"] == PAGE_POLICY
        assert headers["Cache-Control"] == "no-store"
        assert headers["Vary"] == "Accept, Accept-Language, Authorization, Cookie, Accept-Encoding"
    assert "script-src 'self';" in PAGE_POLICY
    assert "default-src 'none'" in PAGE_POLICY


def test_a_page_loads_only_files_that_are_there(stranger: TestClient) -> None:
    """Every style sheet and picture of a page is answered without a token, and may be kept for a year."""
    wanted = {
        str(attributes.get("href") or attributes.get("src"))
        for page in SAMPLES
        for tag, attributes in Outline(render(page)).elements
        if tag in {"link", "script"}
    }
    assert wanted == {asset_address(name) for name in assets()}
    for address in wanted:
        response = stranger.get(address)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"] in _MEDIA_TYPES
        again = stranger.get(address, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("file", ["base.css", "base.0000000000000000.css", "..%2Fpages.py", "%00"])
def test_no_other_file_is_served(stranger: TestClient, file: str) -> None:
    """An address without the right digest, or that leads elsewhere, leads nowhere."""
    assert stranger.get(f"/static/{file}").status_code in {400, 404}


@pytest.mark.parametrize(
    ("path", "accept", "is_page"),
    [
        ("/nowhere", BROWSER["Accept"], True),
        ("/nowhere", "*/*", False),
        ("/nowhere", "application/json", False),
        ("/nowhere", "application/json, text/html;q=0", False),
        ("/v1/nowhere", BROWSER["Accept"], False),
        ("/launches/atlas-2/mars", BROWSER["Accept"], True),
        ("/launches/atlas-2/mars", "application/problem+json", False),
    ],
)
def test_a_person_reads_a_page_and_a_program_a_problem(
    persona: TestClient, path: str, accept: str, is_page: bool
) -> None:
    """What went wrong is told in the language of whoever asked; the API always answers in its own."""
    response = persona.get(path, headers={"Accept": accept})
    assert response.status_code == 404
    kind = "text/html; charset=utf-8" if is_page else "application/problem+json"
    assert response.headers["content-type"] == kind
    if is_page:
        assert response.headers["X-Request-Id"] in response.text
        assert "/" in links(Outline(response.text))


def test_a_page_says_that_the_database_is_away_and_asks_again(
    desk: Desk, persona: TestClient, tmp_path: Path
) -> None:
    """While the database does not answer nothing is guessed, and the page comes back by itself."""
    three_regions(desk)
    desk.store.close()
    file = tmp_path / "pages.sqlite"
    for left in tmp_path.glob("pages.sqlite-*"):
        left.unlink()
    file.unlink()
    file.mkdir()
    response = persona.get("/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert 'http-equiv="refresh" content="5"' in response.text
    assert not re.search(r"\bGo\b(?!/no-go)", Outline(response.text).text)


def test_a_page_that_breaks_tells_nothing_of_how(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> None:
    """Where something went wrong on our side a person reads what to do, and nothing of what broke."""
    broken = guarded_router()

    @broken.get("/broken")
    async def breaks(actor: Annotated[Actor, requires(Action.READ_POLICIES, persona=True)]) -> str:
        raise ZeroDivisionError("the password is hunter2")

    made = replace(dependencies(desk.store, issuer, clock), page_persona=PERSONA)
    with TestClient(
        create_app(made, pages=[broken]), base_url="http://localhost", client=("127.0.0.1", 5000), headers=BROWSER
    ) as opened:
        response = opened.get("/broken")
    assert response.status_code == 500
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["X-Request-Id"] in response.text
    assert "hunter2" not in response.text
