"""Does the page over every launch show what was kept day by day, and give it away harmlessly?"""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from store.board import refresh_figures
from store.days import outcomes, trend
from store.engine import open_store
from tests.api.door import SettableClock, bearer
from tests.api.page_house import desk_on_a_file, outline_of, pages_of
from tests.readiness.builders import LAUNCH_AT, NOW
from tests.store.desk import Clock, Desk


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with a product in two regions whose figures were counted on two days."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as made:
        keys = made.start("apac", "emea")
        made.teach("emea", certified=2)
        refresh_figures(made.store, keys)
        made.clock.now += timedelta(days=1)
        refresh_figures(made.store, keys)
        yield made


@pytest.fixture
def opened(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """A browser on its pages."""
    with pages_of(desk, issuer, clock) as (client, _):
        yield client


def test_each_day_keeps_its_last_count(store_url: str) -> None:
    """On both databases a later count of a day takes the place of the earlier, other days stand, and a launch is
    beside what was foreseen of it."""
    clock = Clock()
    store = open_store(store_url, clock)
    desk = Desk(store, clock)
    emea = desk.with_go("emea")
    for hours in (0, 1, 30):
        clock.now = NOW + timedelta(hours=hours)
        refresh_figures(store, [emea])
    with store.reading() as tx:
        days = trend(tx, within=None, since=NOW.date())
        assert [day.day - NOW.date() for day in days] == [timedelta(0), timedelta(days=1)]
        assert [day.regions for day in days] == [1, 1]
        assert trend(tx, within=["apac"], since=NOW.date()) == ()
        assert outcomes(tx, within=None, limit=9) == ()
    clock.now = LAUNCH_AT
    desk.launch(emea)
    with store.reading() as tx:
        (found,) = outcomes(tx, within=["emea"], limit=9)
        assert outcomes(tx, within=["apac"], limit=9) == ()
    assert (found.region, found.planned_at, found.launched_at) == ("emea", LAUNCH_AT, LAUNCH_AT)
    store.close()


def test_the_page_is_of_the_regions_of_the_reader(opened: TestClient, issuer: EmbeddedIssuer) -> None:
    """Counts, times and days of regions of others are left out, and each chart has its table, meaning and file."""
    every = outline_of(opened.get("/portfolio", headers=bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))))
    assert "Of 2 regions." in every.text
    tables = [str(a["href"]) for tag, a in every.elements if tag == "a" and str(a.get("href")).endswith(".csv")]
    assert tables == [f"/portfolio/{name}.csv" for name in ("trend", "forecasts", "waivers", "time")]
    of_apac = bearer(issuer, "sa-9", (Role.SALES_LEAD, "apac"))
    assert "Of one region." in outline_of(opened.get("/portfolio", headers=of_apac)).text
    rows = list(csv.DictReader(io.StringIO(opened.get("/portfolio/trend.csv", headers=of_apac).text)))
    assert [row["regions"] for row in rows] == ["1", "1"]
    assert opened.get("/portfolio/people.csv", headers=of_apac).status_code == 404
    nobody = opened.get("/portfolio", headers=bearer(issuer, "se-1", (Role.SELLER, "apac")))
    assert nobody.status_code == 403


def test_one_day_alone_draws_no_trend(
    migrated_sqlite: Path, tmp_path: Path, issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """Lines begin with the second day that is kept."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as young, pages_of(young, issuer, clock) as (client, _):
        refresh_figures(young.store, young.start("emea"))
        shown = outline_of(client.get("/portfolio", headers=bearer(issuer, "ex-1", (Role.EXECUTIVE, "*"))))
    assert "One day is kept so far, 4 Jan 2027." in shown.text
    assert "polyline" not in {tag for tag, _ in shown.elements}
