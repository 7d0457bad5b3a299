"""Does the page of a product show how people came along, and move and add regions only as was seen?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Choice, Role
from readiness.instants import local_time, parse_wall_clock, resolve
from readiness.policy import Stage
from store.board import refresh_figures
from store.burn_up import burn_up
from store.engine import open_store
from store.regions import latest_record
from tests.api.door import SettableClock, bearer
from tests.api.page_house import desk_on_a_file, outline_of, pages_of
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Clock, Desk

PAGE = "/launches/atlas-2"
HOSTILE = "<script>alert(1)</script>"
MOVE = {"wish": "m-1", "regions": "*", "launch_at": "2027-03-29T09:00", "reason": "One more month"}


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with a product in two regions, one of them with a go."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as made:
        apac, emea = made.start("apac", "emea")
        made.write_all()
        made.teach("emea", trained=8, certified=6)
        made.teach("emea")
        made.sign_all(emea)
        made.look(emea)
        made.accepted(emea, made.decide(emea, Choice.GO))
        refresh_figures(made.store, [apac, emea])
        yield made


@pytest.fixture
def opened(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser on its pages."""
    with pages_of(desk, issuer, clock) as (client, _):
        yield client


def manager(issuer: EmbeddedIssuer, region: str = "*") -> dict[str, str]:
    """Return the headers of a product manager."""
    return bearer(issuer, "pm-8", (Role.PRODUCT_MANAGER, region))


def test_people_are_counted_on_the_day_on_which_they_got_there(store_url: str) -> None:
    """On both databases the last point of a line is what the region is judged by, and earlier ones leave out later
    facts."""
    clock = Clock()
    store = open_store(store_url, clock)
    desk = Desk(store, clock)
    (emea,) = desk.start("emea")
    desk.teach("emea", people=10, trained=4, certified=2)
    first = clock.now
    clock.now += timedelta(days=10)
    desk.teach("emea", people=10, trained=10, certified=7)
    with store.reading() as tx:
        record = latest_record(tx, "atlas-2", "emea")
        assert record is not None
        progress = burn_up(tx, [record], now=clock.now)[emea]
        then = burn_up(tx, [record], now=first)[emea]
    assert progress.audience == 10
    yesterday, later = (moment.date() - timedelta(days=1) for moment in (first, clock.now))
    assert progress.trained == ((yesterday, 4), (later, 6))
    assert progress.certified == ((yesterday, 2), (later, 5))
    assert then.trained == ((yesterday, 4),)
    store.close()


def test_the_page_draws_each_region_with_its_figures_beside(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """Lines have a table, a region without anybody says so, and of regions of others nothing is drawn."""
    outline = outline_of(opened.get(PAGE, headers=manager(issuer)))
    assert "Trained 100% (needs 90%) · certified 100% (needs 80%) · 10 people" in outline.text
    assert "Nobody is in its audience yet" in outline.text
    lines = [a for tag, a in outline.elements if tag == "polyline"]
    assert [str(a["class"]) for a in lines] == ["share trained", "share certified"]
    alone = outline_of(opened.get(f"{PAGE}?chart=apac", headers=manager(issuer)))
    assert not [tag for tag, _ in alone.elements if tag == "polyline"]
    of_apac = outline_of(opened.get(PAGE, headers=bearer(issuer, "sa-9", (Role.SALES_LEAD, "apac"))))
    assert "100% (needs 90%)" not in of_apac.text
    assert "Move the launch" not in of_apac.text


def test_a_move_is_seen_before_it_is_done(opened: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """A rehearsal says region by region what stands and would stand and moves nothing; then it is moved."""
    who = manager(issuer)
    outline = outline_of(opened.post(f"{PAGE}/slip", data={**MOVE, "step": "rehearse"}, headers=who))
    assert "Nothing is moved yet." in outline.text
    assert "EMEA Go" in outline.text
    assert "Ready to decide" in outline.text
    emea = desk.latest("emea")
    assert emea is not None
    assert desk.region(emea).launch_at == LAUNCH_AT
    moved = opened.post(f"{PAGE}/slip", data={**MOVE, "step": "move"}, headers=who)
    assert (moved.status_code, moved.headers["location"]) == (303, PAGE)
    assert desk.region(emea).launch_at == LAUNCH_AT + timedelta(days=28) - timedelta(hours=1)
    assert opened.post(f"{PAGE}/slip", data={**MOVE, "step": "move"}, headers=who).status_code == 303


def test_a_move_is_seen_without_a_reason_and_done_only_with_one(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """What another date would mean is shown to whoever asks; moving it without saying why says so at the field."""
    who, blank = manager(issuer), {**MOVE, "reason": " "}
    seen = outline_of(opened.post(f"{PAGE}/slip", data={**blank, "step": "rehearse"}, headers=who))
    assert "Ready to decide" in seen.text
    assert "reason" not in seen.text.lower().partition("nothing is moved yet")[2].partition("move it, with")[0]
    unsaid = outline_of(opened.post(f"{PAGE}/slip", data={**blank, "step": "move"}, headers=who), 422)
    assert "Say why, then move it." in unsaid.text
    assert "Ready to decide" in unsaid.text
    emea = desk.latest("emea")
    assert emea is not None
    assert desk.region(emea).launch_at == LAUNCH_AT


def test_a_launch_is_moved_by_weeks_without_naming_the_time(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """So much later is the same time of the clock there; what would be due when is said, and the time filled in."""
    who, later = manager(issuer), {**MOVE, "launch_at": "", "later": "2", "regions": "emea"}
    seen = outline_of(opened.post(f"{PAGE}/slip", data={**later, "step": "rehearse"}, headers=who))
    assert "2027-03-15T09:00" in [a.get("value") for _, a in seen.elements]
    moved = opened.post(f"{PAGE}/slip", data={**later, "step": "move"}, headers=who)
    assert moved.status_code == 303
    emea = desk.latest("emea")
    assert emea is not None
    assert desk.region(emea).launch_at == LAUNCH_AT + timedelta(days=14)


def test_by_when_open_stages_are_due_after_a_move_is_said(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """Who rehearses a move reads the new due dates of what is not passed, region by region."""
    apac = desk.latest("apac")
    assert apac is not None
    region = desk.region(apac)
    moved = {**MOVE, "regions": "apac", "step": "rehearse"}
    seen = outline_of(opened.post(f"{PAGE}/slip", data=moved, headers=manager(issuer)))
    at = resolve(parse_wall_clock(MOVE["launch_at"]), region.plan.time_zone)
    due = local_time(region.policy.due_at(Stage.TRAINING, at), region.plan.time_zone)
    assert f"Training {due.day} {due:%b %Y}" in seen.text.partition("Due then:")[2]


def test_regions_of_different_times_are_not_moved_by_weeks_together(
    opened: TestClient, issuer: EmbeddedIssuer, desk: Desk
) -> None:
    """One is told to choose a region or to give the time, and nothing is moved."""
    one = {**MOVE, "regions": "emea", "step": "move"}
    assert opened.post(f"{PAGE}/slip", data=one, headers=manager(issuer)).status_code == 303
    apart = {**MOVE, "wish": "another-wish-of-mine", "launch_at": "", "later": "1", "regions": "*", "step": "move"}
    told = outline_of(opened.post(f"{PAGE}/slip", data=apart, headers=manager(issuer)), 422)
    assert "Choose one, or give the time." in told.text
    apac = desk.latest("apac")
    assert apac is not None
    assert desk.region(apac).launch_at == LAUNCH_AT


def test_a_move_that_cannot_be_keeps_what_was_typed(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """An instant that is past is told of by every region; who may move nothing here finds no such launch."""
    past = {**MOVE, "launch_at": "2020-01-01T09:00", "reason": HOSTILE, "step": "rehearse"}
    response = opened.post(f"{PAGE}/slip", data=past, headers=manager(issuer))
    assert "is already past" in outline_of(response).text
    assert HOSTILE in str([a.get("value") for _, a in outline_of(response).elements])
    missing = opened.post(f"{PAGE}/slip", data={**MOVE, "launch_at": ""}, headers=manager(issuer))
    assert "This field is required." in outline_of(missing, 422).text
    assert opened.post(f"{PAGE}/slip", data=MOVE, headers=manager(issuer, "dach")).status_code == 404
    assert (
        opened.post(f"{PAGE}/slip", data=MOVE, headers=bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))).status_code
        == 403
    )


def test_a_region_is_added_on_the_page(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """With every fault at its field, in a region of one's own, and once."""
    asked = {"wish": "a-1", "region": "dach", "name": HOSTILE, "time_zone": "Mars", "wave": "2", "launch_at": ""}
    who = manager(issuer)
    faulty = {**asked, "launch_at": "2027-04-01T09:00"}
    assert "is not a known time zone" in outline_of(opened.post(f"{PAGE}/add", data=faulty, headers=who), 422).text
    good = {**faulty, "time_zone": "Europe/Vienna"}
    for _ in range(2):
        answer = opened.post(f"{PAGE}/add", data=good, headers=who)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}/dach")
    assert opened.post(f"{PAGE}/add", data=good, headers=manager(issuer, "emea")).status_code == 403


def test_a_launch_is_handed_over_on_the_page(opened: TestClient, issuer: EmbeddedIssuer, desk: Desk) -> None:
    """A manager of all its regions hands it over to somebody who is known, saying why; others are not offered it."""
    who = manager(issuer)
    desk.teach("dach", people=1)
    wished = {"wish": "o-1", "owner": "nobody-9", "reason": "She takes over."}
    unknown = outline_of(opened.post(f"{PAGE}/owner", data=wished, headers=who), 422)
    assert "Nobody here has the id nobody-9" in unknown.text
    unsaid = {"wish": "o-2", "owner": "dach-0", "reason": ""}
    assert "Nothing was done." in outline_of(opened.post(f"{PAGE}/owner", data=unsaid, headers=who), 409).text
    done = opened.post(f"{PAGE}/owner", data={**wished, "wish": "o-3", "owner": "dach-0"}, headers=who)
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    emea = desk.latest("emea")
    assert emea is not None
    assert desk.region(emea).owner == "dach-0"
    auditor = bearer(issuer, "au-1", (Role.AUDITOR, "*"))
    assert "Hand the launch over" in outline_of(opened.get(PAGE, headers=who)).text
    assert "Hand the launch over" not in outline_of(opened.get(PAGE, headers=auditor)).text


def test_an_operator_is_led_to_a_workflow_where_somebody_said_where(
    opened: TestClient, issuer: EmbeddedIssuer
) -> None:
    """The link is there only with the setting, and only for who runs the installation."""
    admin = bearer(issuer, "ad-1", (Role.ADMIN, "*"))
    assert "its workflow" not in opened.get(PAGE, headers=admin).text
    assert opened.get(f"{PAGE}/emea/workflow", headers=admin).status_code == 404
    state = cast(FastAPI, opened.app).state
    state.dependencies = replace(state.dependencies, workflows_seen_at="http://127.0.0.1:8233/namespaces/default")
    assert "its workflow" in outline_of(opened.get(PAGE, headers=admin)).text
    answer = opened.get(f"{PAGE}/emea/workflow", headers=admin)
    address = "http://127.0.0.1:8233/namespaces/default/workflows/launch%2Fatlas-2%2Femea"
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert opened.get(f"{PAGE}/emea/workflow", headers=manager(issuer)).status_code == 403
