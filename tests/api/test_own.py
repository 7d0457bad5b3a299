"""Does everybody read what is due for them, whoever they are, and nothing of anybody else?"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import Actor, EmbeddedIssuer, RoleGrant
from api.missing_people import MOST_LOOKED_AT, MOST_NAMED, missing_people
from api.own import own_page_router, own_router
from api.pages import OPEN_PAGE_PATHS, pages_router
from readiness.commands import Position, Role
from readiness.people import PersonStanding, PersonStatus
from readiness.policy import CriterionKey, Function, Stage
from readiness.rows import AttemptRow, AudienceRow, ImportKind, PersonRow
from store.board import refresh_figures
from store.deciding import readiness_at_hand
from store.deliver_people import nudge
from store.deliver_schema import nudges
from store.engine import open_store
from store.facts import begin_import
from store.learning import load_attempts
from store.own import due_for
from store.people import tracker
from store.rosters import apply_audience, apply_people, stage_audience, stage_people
from templates.pages import content_address
from tests.api.door import SettableClock, bearer, dependencies
from tests.readiness.builders import LAUNCH_AT, NOW
from tests.store.desk import PRODUCT, Clock, Desk, marking
from tests.templates.outline import Outline


@pytest.fixture
def here(desk: Desk) -> Desk:
    """A desk with ten people of EMEA, of whom eight learned and four passed, and ten of APAC who did not."""
    keys = desk.start("emea", "apac")
    desk.teach("emea", trained=8, certified=4)
    desk.teach("apac", trained=0, certified=0)
    for key in keys:
        desk.look(key)
    refresh_figures(desk.store, keys)
    return desk


@pytest.fixture
def door(migrated_sqlite: Path, tmp_path: Path, issuer: EmbeddedIssuer) -> Iterator[tuple[Desk, TestClient]]:
    """The same behind a door on SQLite."""
    shutil.copyfile(migrated_sqlite, tmp_path / "own.sqlite")
    standing = Clock()
    store = open_store(f"sqlite:///{tmp_path / 'own.sqlite'}", standing)
    desk = Desk(store, standing)
    keys = desk.start("emea", "apac")
    desk.write_all()
    desk.teach("emea", trained=8, certified=4)
    for key in keys:
        desk.look(key)
    refresh_figures(store, keys)
    deps = dependencies(store, issuer, SettableClock(NOW))
    pages = (own_page_router(), pages_router())
    app = create_app(deps, routers=[own_router()], pages=pages, open_paths=OPEN_PAGE_PATHS)
    with TestClient(app) as opened:
        yield desk, opened
    store.close()


def test_what_is_due_for_each_is_what_the_tracker_says_of_them(here: Desk) -> None:
    """Asked one by one or region by region, everybody stands the same, wherever they are or were named."""
    bring_in_audience(here, AudienceRow(PRODUCT, "apac", "emea-1"), AudienceRow(PRODUCT, "apac", "apac-2"))
    leaver = PersonRow("emea-9", "emea-9", "e@example.com", "sales", "emea", active=False)
    mover = PersonRow("emea-8", "emea-8", "e@example.com", "sales", "apac", effective_at=NOW + timedelta(days=2))
    bring_in_people(here, leaver, mover)
    one_by_one: dict[tuple[str, str], PersonStanding] = {}
    by_region: dict[tuple[str, str], PersonStanding] = {}
    with here.store.reading() as tx:
        now = here.store.now(tx)
        for person in [f"{region}-{number}" for region in ("emea", "apac") for number in range(10)]:
            for due in due_for(tx, person, now=now):
                one_by_one[due.region, person] = due.standing
        for region in ("emea", "apac"):
            page, _ = tracker(tx, PRODUCT, region, at=max(LAUNCH_AT, now), gathered_at=now)
            by_region |= {(region, each.person_id): each for each in page}
    assert one_by_one == by_region
    assert [person for region, person in sorted(one_by_one) if region == "apac"] == ["apac-2", "emea-1"]
    assert {each.status for each in one_by_one.values()} >= {PersonStatus.CERTIFIED, PersonStatus.NOT_STARTED}


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ("emea-9", "Next: complete Basics."),
        ("emea-6", "Next: take Certification; 80 or more passes."),
        ("emea-1", "Done: you are ready for this launch."),
        ("nobody-7", "No launch asks anything of you yet."),
    ],
)
def test_a_seller_reads_what_to_do_next(
    door: tuple[Desk, TestClient], issuer: EmbeddedIssuer, person: str, said: str
) -> None:
    """Page and API say how somebody stands and what comes next, about them alone."""
    _, client = door
    headers = bearer(issuer, person, (Role.SELLER, "emea"))
    text = Outline(client.get("/me", headers=headers).text).text
    assert said in text
    assert "What waits for you" not in text
    own = client.get("/v1/me", headers=headers).json()
    assert own["person"] == person
    assert {each["standing"]["person_id"] for each in own["due"]} <= {person}


def test_a_pass_that_lapses_before_the_launch_is_said_in_time(
    door: tuple[Desk, TestClient], issuer: EmbeddedIssuer
) -> None:
    """Whoever is certified today and no more on launch day reads until when, and to pass again."""
    desk, client = door
    taken_at = LAUNCH_AT - timedelta(days=366)
    desk.clock.now = NOW
    bring_in_attempts(desk, AttemptRow("emea-6", "cert", max(taken_at, NOW - timedelta(hours=20)), Decimal(85)))
    text = Outline(client.get("/me", headers=bearer(issuer, "emea-6", (Role.SELLER, "emea"))).text).text
    assert "valid until" in text
    assert "best score 85" in text


def test_whoever_speaks_for_a_function_reads_where_they_are_waited_for(
    door: tuple[Desk, TestClient], issuer: EmbeddedIssuer
) -> None:
    """Marketing reads the regions that wait for marketing, a sales lead those of their own region alone."""
    _, client = door
    marketing = client.get("/v1/me", headers=bearer(issuer, "ma-1", (Role.MARKETING, "*"))).json()["waited_for"]
    assert {(each["waiting_on"], each["ask"]) for each in marketing} == {("marketing", "sign")}
    assert {each["region"] for each in marketing} == {"apac", "emea"}
    lead = bearer(issuer, "sa-2", (Role.SALES_LEAD, "apac"))
    assert {each["region"] for each in client.get("/v1/me", headers=lead).json()["waited_for"]} == {"apac"}
    outline = Outline(client.get("/me", headers=lead).text)
    assert "/launches/atlas-2/apac" in [a.get("href") for _, a in outline.elements]
    assert "EMEA" not in outline.text
    assert "Read the value propositions, then sign them or send them back" in outline.text
    assert "/launches/atlas-2/apac/acts/sign-off" in [a.get("href") for _, a in outline.elements]
    auditor = client.get("/v1/me", headers=bearer(issuer, "au-1", (Role.AUDITOR, "*"))).json()
    assert auditor["waited_for"] == auditor["due"] == []


def test_what_was_sent_back_is_told_to_its_writer_and_to_who_sent_it(
    door: tuple[Desk, TestClient], issuer: EmbeddedIssuer
) -> None:
    """Marketing reads why and by when, and is led to the texts; who sent it back reads that it is not their turn."""
    desk, client = door
    key, stage = desk.latest("apac"), Stage.VALUE_PROPOSITIONS
    assert key is not None
    desk.accepted(key, desk.sign_off(key, stage, Function.MARKETING, Role.MARKETING, "ma-1"))
    signed = desk.region(key).signature(stage, Function.MARKETING)
    assert signed is not None
    said = {"reason": "Nobody here buys for that reason."}
    back = {"stage": stage, "function": Function.SALES, "digest": signed.digest, "position": Position.SEND_BACK}
    desk.accepted(key, desk.ask(key, "sign_off", "sa-2", Role.SALES_LEAD, said=said, **back))
    refresh_figures(desk.store, [key])
    for path in ("/me", "/"):
        writer = Outline(client.get(path, headers=bearer(issuer, "ma-1", (Role.MARKETING, "*"))).text)
        assert "Rewrite the value propositions" in writer.text
        assert "Nobody here buys for that reason." in writer.text
        led_to = [a.get("href") for _, a in writer.elements]
        assert "Then it is signed anew: Marketing, Sales." in writer.text
        text = f"{content_address(PRODUCT)}/value_propositions/all?region=apac#write"
        assert text in led_to, "each of its texts is told, with where the region writes it in its own words"
        sender = Outline(client.get(path, headers=bearer(issuer, "sa-2", (Role.SALES_LEAD, "apac"))).text)
        assert "You sent back: value propositions. Marketing is to rewrite it, since" in sender.text
        assert "you are asked again once it is rewritten" in sender.text
        assert "Nobody waits for you" not in sender.text
        assert "Your signature of the answers to objections by" in sender.text, "it will be asked for later"
    executive = Outline(client.get("/", headers=bearer(issuer, "ex-9", (Role.EXECUTIVE, "*"))).text).text
    assert (
        "Later for you Atlas 2 in APAC : Decide: go or no-go, by 26 Feb 2027 comes after: Value propositions"
        in executive
    )
    board = Outline(client.get("/", headers=bearer(issuer, "au-1", (Role.AUDITOR, "*"))).text).text
    assert "To be rewritten in time to be signed anew by" in board


def test_a_sales_lead_is_led_to_the_people_who_are_missing(
    door: tuple[Desk, TestClient], issuer: EmbeddedIssuer
) -> None:
    """Where people must learn a sales lead of that region reads how many more are needed, and may remind them; an
    auditor reads nothing of that."""
    desk, client = door
    key = desk.latest("emea")
    assert key is not None
    desk.sign_all(key)
    desk.look(key)
    refresh_figures(desk.store, [key])
    lead = bearer(issuer, "sa-3", (Role.SALES_LEAD, "emea"))
    for path in ("/me", "/"):
        outline = Outline(client.get(path, headers=lead).text)
        assert "1 more to train by" in outline.text
        assert any("/emea/people?" in str(a.get("href")) for _, a in outline.elements)
        assert "Not started: emea-8, emea-9" in outline.text
        assert "Will be done in time at the pace of the last fourteen days: by" in outline.text
    enablement = Outline(client.get("/", headers=bearer(issuer, "en-9", (Role.ENABLEMENT, "*"))).text).text
    assert "Already now: have people learn comes after: Value propositions Atlas 2 in APAC" in enablement
    marketing = Outline(client.get("/", headers=bearer(issuer, "ma-9", (Role.MARKETING, "*"))).text).text
    assert "emea-8" not in marketing, "who has learned is not for marketing"
    apart = Outline(client.get("/me", headers=bearer(issuer, "sa-2", (Role.SALES_LEAD, "apac"))).text)
    assert "People whom you lead" not in apart.text


def test_who_is_missing_of_many_is_counted_beyond_the_first(here: Desk) -> None:
    """Those who are nearest are named first, as many as one would write to; nobody is named in a large audience, nor
    to whom people are not shown."""
    key = here.latest("emea")
    assert key is not None
    lead = Actor("sa-9", (RoleGrant(Role.SALES_LEAD, "emea"),), "t-1")
    asked = [CriterionKey.CERTIFIED_SHARE]
    here.teach("emea", people=20, trained=8, certified=4)
    with here.store.reading() as tx:
        now = here.store.now(tx)
        shown = readiness_at_hand(tx, [key])[key]
        found = missing_people(tx, lead, shown, asked, now=now)
        assert found is not None
        assert [(each.status, len(each.names)) for each in found.named] == [
            (PersonStatus.TRAINED, 4),
            (PersonStatus.NOT_STARTED, MOST_NAMED - 4),
        ]
        assert found.more == 16 - MOST_NAMED
        elsewhere = Actor("sa-9", (RoleGrant(Role.SALES_LEAD, "apac"),), "t-1")
        assert missing_people(tx, elsewhere, shown, asked, now=now) is None
        assert missing_people(tx, lead, shown, [], now=now) is None
        many = [each.model_copy(update={"denominator": MOST_LOOKED_AT + 1}) for each in shown.criteria]
        stages = tuple(
            stage.model_copy(update={"criteria": tuple(many) if stage.stage is Stage.CERTIFICATION else ()})
            for stage in shown.stages
        )
        assert missing_people(tx, lead, shown.model_copy(update={"stages": stages}), asked, now=now) is None


def test_a_seller_reads_whether_they_may_sell_it_today(door: tuple[Desk, TestClient], issuer: EmbeddedIssuer) -> None:
    """Each launch that asks something of them says so, where permits are theirs to read."""
    _, client = door
    seller = bearer(issuer, "emea-6", (Role.SELLER, "emea"))
    shown = Outline(client.get("/me", headers=seller).text)
    assert "Not to be sold today: at the earliest from the launch on, 1 Mar 2027" in shown.text
    nowhere = Outline(client.get("/me", headers=bearer(issuer, "emea-6", (Role.SELLER, "apac"))).text)
    assert "sold here" not in nowhere.text


def test_who_was_reminded_reads_by_whom(door: tuple[Desk, TestClient], issuer: EmbeddedIssuer) -> None:
    """The last reminder is told to whom it was for while something is missing, and to nobody else."""
    desk, client = door
    for at, by in ((NOW - timedelta(days=2), "en-1"), (NOW - timedelta(days=1), "en-2")):
        with desk.store.writing() as tx:
            nudge(tx, PRODUCT, "emea", ["emea-9", "emea-1"], by=by, now=at)
            tx.execute(update(nudges).values(digest=by))
    for person, told in (("emea-9", True), ("emea-1", False), ("emea-8", False)):
        text = Outline(client.get("/me", headers=bearer(issuer, person, (Role.SELLER, "emea"))).text).text
        assert ("en-2 reminded you on" in text) is told
        assert "en-1 reminded you" not in text


def bring_in_people(desk: Desk, *rows: PersonRow) -> None:
    """Import people."""
    with desk.store.writing() as tx:
        now: datetime = desk.store.now(tx)
        begin_import(tx, "more-people", ImportKind.PEOPLE, at=now)
        stage_people(tx, rows, import_id="more-people", chunk=0)
        apply_people(tx, import_id="more-people", at=now, mark=marking)


def bring_in_audience(desk: Desk, *rows: AudienceRow) -> None:
    """Import an audience."""
    with desk.store.writing() as tx:
        now = desk.store.now(tx)
        begin_import(tx, "an-audience", ImportKind.AUDIENCE, at=now)
        stage_audience(tx, rows, import_id="an-audience", chunk=0)
        apply_audience(tx, import_id="an-audience", at=now, mark=marking)


def bring_in_attempts(desk: Desk, *rows: AttemptRow) -> None:
    """Import attempts."""
    with desk.store.writing() as tx:
        begin_import(tx, "more-attempts", ImportKind.ATTEMPTS, at=desk.store.now(tx))
        load_attempts(tx, list(rows), import_id="more-attempts", mark=marking)
