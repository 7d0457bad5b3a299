"""Does a page cost what it shows, and not what there is beside it?"""

# What a statement costs is counted, not timed: which plan the database makes of it and, on SQLite, how many
# instructions its machine carries out.

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import Connection, event, text
from starlette.testclient import TestClient

from api.answers import PersonAnswer, TimelineEntry
from api.app import create_app
from api.cursors import Listing
from api.login import LOGIN_PATHS
from api.pages import OPEN_PAGE_PATHS
from api.personas import PERSONA_PATHS
from api.reading import BoardAnswer, reading_router
from benchmarks.bare_sql import bare_sql
from benchmarks.learners import course_id, manager_of, product_slug, region_slug
from benchmarks.reads import filters_of_people
from benchmarks.seeding import Seeder
from benchmarks.serving import House
from bootstrap.web import page_routers, routers
from readiness.commands import Role
from readiness.keys import RegionKey
from readiness.people import PersonStatus
from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from store.ball import balls
from store.board import board
from store.engine import Store, migrate, open_store
from store.ledger import timeline
from store.overview import named_products, named_regions, ranked_products, tallies
from store.own import due_for
from store.people import Sought, counted_people, teams_of, tracker, tracker_now
from store.wanted import Wanted
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.conftest import DATABASES
from tests.postgres import postgres_database

PRODUCTS, REGIONS, PEOPLE = 24, 25, 400
PAGE = 20
STEP = 10
"""Instructions of SQLite's machine between two counts."""

MOST_GROWTH = 1.5
"""Much less than ten times: a tree of ten times the rows may be a level deeper."""

LARGE = frozenset({"region_launches", "roster", "people", "completions", "attempts", "ledger", "commands"})
"""Tables that grow without end."""

KEY = RegionKey(product=product_slug(0), region=region_slug(0), run=1)
NOW = datetime.now(UTC)

Read = Callable[[Connection], object]

BOARDS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "another page": {"after": (product_slug(PRODUCTS // 2), region_slug(3))},
    "a product": {"product": product_slug(7)},
    "a region": {"region": region_slug(7)},
    "a verdict": {"verdict": Verdict.NO_GO},
    "a verdict that others are shown as": {"verdict": Verdict.HELD},
    "a colour": {"rag": Rag.RED},
    "a stage": {"stage": Stage.TRAINING},
    "regions of one's own": {"within": [region_slug(3), region_slug(5)]},
    "every filter": {
        "product": product_slug(7),
        "region": region_slug(7),
        "verdict": Verdict.GO,
        "rag": Rag.RED,
        "stage": Stage.GO_NO_GO,
        "within": [region_slug(7)],
        "after": (product_slug(1), region_slug(3)),
    },
}


@pytest.fixture(scope="module", params=DATABASES)
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with launches of PRODUCTS in REGIONS and PEOPLE in one of the regions, on each kind of database."""
    if request.param == "sqlite":
        yield from _filled(f"sqlite:///{tmp_path_factory.mktemp('seeded') / 'store.sqlite'}", PRODUCTS, PEOPLE)
    else:
        with postgres_database(request.getfixturevalue("postgres_url")) as url:
            yield from _filled(url, PRODUCTS, PEOPLE)


def _filled(url: str, products: int, people: int) -> Iterator[Store]:
    migrate(url)
    store = open_store(url)
    seeder = Seeder(store, NOW)
    seeder.launches(range(products), regions=REGIONS)
    seeder.people(0, 0, people)
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("filters", BOARDS.values(), ids=BOARDS)
def test_a_page_of_the_board_is_one_statement_that_an_index_answers(seeded: Store, filters: dict[str, Any]) -> None:
    """Whatever is asked for, the board is read once, in the order of an index, and nothing is sorted or searched."""
    asked = statements_of(seeded, lambda tx: board(tx, **filters, limit=PAGE, now=NOW))
    assert len(asked) == 1
    assert reads_whole_tables(seeded, *asked[0]) == []


def test_the_totals_of_the_board_are_found_in_indexes(seeded: Store) -> None:
    """What is counted over all launches is not read from the rows themselves."""
    for read in (
        lambda tx: tallies(tx, now=NOW),
        lambda tx: ranked_products(tx, Wanted(verdict=Verdict.GO), now=NOW),
        named_products,
        named_regions,
    ):
        (asked,) = statements_of(seeded, read)
        assert reads_whole_tables(seeded, *asked) == []
        if seeded.is_sqlite:
            assert all("COVERING INDEX" in line for line in plan(seeded, *asked) if "region_launches" in line)


@pytest.mark.parametrize(
    "asked_for",
    [{}, {"running": True}, {"product": product_slug(7)}, {"within": [region_slug(3), region_slug(5)]}],
)
def test_the_ball_is_told_by_one_statement_that_an_index_answers(seeded: Store, asked_for: dict[str, Any]) -> None:
    """However many regions are counted, their events are read at once, and no whole ledger for the sake of a few."""
    asked = statements_of(seeded, lambda tx: list(balls(tx, **asked_for)))
    assert len(asked) == 1
    assert reads_whole_tables(seeded, *asked[0]) == []


PEOPLE_SOUGHT: dict[str, Sought] = {
    **{status.value: Sought(statuses=(status,)) for status in PersonStatus},
    "everybody": Sought(),
    "a team": Sought(manager=manager_of(0, PEOPLE // 2)),
    "certified people of a team": Sought((PersonStatus.CERTIFIED,), manager_of(0, PEOPLE // 2)),
    "a territory": Sought(territory="north"),
    "who lacks a course": Sought(course=course_id(0, 1)),
    "a name": Sought(called="Zoë"),
    "every filter": Sought(tuple(PersonStatus), manager_of(0, 1), "north", course_id(0, 1), "zoë"),
}


@pytest.mark.parametrize("sought", PEOPLE_SOUGHT.values(), ids=PEOPLE_SOUGHT)
def test_people_are_found_and_counted_without_reading_a_whole_table(seeded: Store, sought: Sought) -> None:
    """With every filter a page finds its people, their names and what they have learned by indexes, in one query
    beside what the product asks of them; so does the count of all of them."""
    here = partial(partial, product=KEY.product, region=KEY.region, at=NOW)
    page = statements_of(seeded, here(tracker, gathered_at=NOW, sought=sought, limit=500))
    counts = statements_of(seeded, here(counted_people, gathered_at=NOW, sought=sought))
    teams = statements_of(seeded, here(teams_of))
    assert (len(page), len(counts), len(teams)) == (2, 2, 2)
    for asked in (*page, *counts, *teams):
        assert reads_whole_tables(seeded, *asked) == []


def test_what_is_due_for_one_person_is_found_by_indexes(seeded: Store) -> None:
    """One's own page asks a fixed number of questions, however many launches ask something of one, and reads no table
    of everybody's facts."""
    asked = statements_of(seeded, lambda tx: due_for(tx, f"{KEY.region}-00007", now=NOW))
    assert len(asked) == 9
    for statement in asked:
        assert reads_whole_tables(seeded, *statement) == []


def test_a_plan_that_reads_a_whole_table_is_noticed(seeded: Store) -> None:
    """Were a page read without an index, the tests beside this one would fail."""
    for blunt in (
        "SELECT name FROM people WHERE email = 'x'",
        "SELECT product FROM region_launches WHERE time_zone = 'UTC'",
    ):
        (asked,) = statements_of(seeded, partial(carry_out, blunt))
        assert reads_whole_tables(seeded, *asked) != []


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """Two stores on SQLite, the second with ten times the launches, the people and the facts of the first."""
    folder = tmp_path_factory.mktemp("sizes")
    small = _filled(f"sqlite:///{folder / 'small.sqlite'}", 2, 100)
    large = _filled(f"sqlite:///{folder / 'large.sqlite'}", 20, 1_000)
    yield next(small), next(large)
    for each in (small, large):
        next(each, None)


def page_of_people(tx: Connection, *, status: PersonStatus | None = None) -> object:
    """Return a page of the people of the region that has any."""
    product, region = product_slug(0), region_slug(0)
    sought = Sought(statuses=() if status is None else (status,))
    return tracker_now(tx, product, region, now=NOW, sought=sought, limit=PAGE)


def carry_out(statement: str, tx: Connection) -> object:
    """Return every row of a statement."""
    return tx.execute(text(statement)).all()


def statements_of(store: Store, read: Read) -> list[tuple[str, Any]]:
    """Return the statements that `read` is made of, with their parameters; the clock's own is none of a page."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "FROM" in statement:
            seen.append((statement, parameters))

    with store.reading() as tx:
        event.listen(store.engine, "before_cursor_execute", note)
        try:
            read(tx)
        finally:
            event.remove(store.engine, "before_cursor_execute", note)
    return seen


def plan(store: Store, statement: str, parameters: Any) -> list[str]:
    """Return each step of the database's plan for a statement."""
    with store.reading() as tx:
        if store.is_sqlite:
            rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [row.detail for row in rows]
        # Tables as small as these are read whole by choice; with that made dear, only what no index answers still is.
        tx.exec_driver_sql("SET LOCAL enable_seqscan = off")
        (document,) = tx.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalars()
        return list(_nodes(document[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    yield f"{node['Node Type']} {node.get('Relation Name', '')}"
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def reads_whole_tables(store: Store, statement: str, parameters: Any) -> list[str]:
    """Return the steps of the plan that go through a whole table; small ones, of what a product asks, may be."""
    steps = plan(store, statement, parameters)
    if store.is_sqlite:
        return [
            step for step in steps if step.startswith("SCAN") and step.split()[1] in LARGE and "INDEX" not in step
        ]
    return [
        step for step in steps if step.startswith(("Seq Scan", "Parallel Seq Scan")) and step.split()[-1] in LARGE
    ]


def steps_of(store: Store, read: Read) -> int:
    """Return how many instructions SQLite's machine carries out for `read`."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += STEP
        return 0

    with store.reading() as tx:
        driver = tx.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count, STEP)
        try:
            read(tx)
        finally:
            driver.set_progress_handler(None, 0)
    return steps


READS: dict[str, Read] = {
    "the board": lambda tx: board(tx, limit=PAGE, now=NOW),
    "a later page of the board": lambda tx: board(tx, limit=PAGE, now=NOW, after=(product_slug(0), region_slug(9))),
    "a product's board": lambda tx: board(tx, product=product_slug(1), limit=PAGE, now=NOW),
    "people": page_of_people,
    "certified people": lambda tx: page_of_people(tx, status=PersonStatus.CERTIFIED),
    "a timeline": lambda tx: timeline(tx, KEY),
    "the ball of a product": lambda tx: list(balls(tx, product=product_slug(1))),
    "the ball of a region": lambda tx: list(balls(tx, product=product_slug(1), region=region_slug(1))),
}
"""What is read all day long, and must not cost more the more there is of everything."""


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_page_costs_the_same_however_much_there_is(small_and_large: tuple[Store, Store], read: Read) -> None:
    """Ten times the launches, people and facts cost a page nothing."""
    small, large = (steps_of(store, read) for store in small_and_large)
    assert large <= MOST_GROWTH * small


def test_a_page_that_reads_everything_is_noticed(small_and_large: tuple[Store, Store]) -> None:
    """What reads all people or all launches costs more where there are more, and the count of steps shows it."""
    for blunt in (
        "SELECT COUNT(DISTINCT manager_id) FROM roster",
        "SELECT COUNT(DISTINCT owner) FROM region_launches",
    ):
        small, large = (steps_of(store, partial(carry_out, blunt)) for store in small_and_large)
        assert large > MOST_GROWTH * small


def test_a_page_of_the_board_asks_once_and_answers_what_its_description_says(seeded: Store) -> None:
    """Over HTTP too the board is read by one statement; each row has every field of the description and no other."""
    with knocking(seeded) as client:
        asked = statements_of(seeded, lambda _tx: client.get(f"/v1/readiness?limit={PAGE}").raise_for_status())
        assert len([statement for statement, _ in asked if "region_launches" in statement]) == 1
        answered = client.get(f"/v1/readiness?limit={PAGE}").content
        assert_as_described(answered, Listing[BoardAnswer])
        seen: list[Any] = []
        cursor = ""
        while cursor is not None:
            page = client.get(f"/v1/readiness?limit=500{cursor and f'&cursor={cursor}'}").json()
            seen += page["items"]
            cursor = page["next_cursor"]
    assert len({(row["product"], row["region"]) for row in seen}) == len(seen) == PRODUCTS * REGIONS


def test_a_readiness_is_read_in_the_transaction_that_reads_the_roles_of_who_asks(seeded: Store) -> None:
    """One connection, taken once, serves the door and the answer; who is not let in has nothing read for them."""
    path = f"/v1/launches/{KEY.product}/regions/{KEY.region}/readiness"
    taken: list[object] = []

    def note(*connection: object) -> None:
        taken.append(connection)

    with knocking(seeded) as client:
        event.listen(seeded.engine, "checkout", note)
        try:
            client.get(path).raise_for_status()
        finally:
            event.remove(seeded.engine, "checkout", note)
    assert len(taken) == 1
    with knocking(seeded, (Role.SALES_LEAD, region_slug(9))) as client:
        asked = statements_of(seeded, lambda _tx: _is_refused(client, path))
    assert not [statement for statement, _ in asked if "region_launches" in statement]


def _is_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 403


def test_people_and_events_are_answered_as_their_descriptions_say(seeded: Store) -> None:
    """What is not validated once more on its way out is what it would be if it were."""
    here = f"/v1/launches/{KEY.product}/regions/{KEY.region}"
    with knocking(seeded) as client:
        assert_as_described(client.get(f"{here}/people?limit=500").content, Listing[PersonAnswer])
        assert_as_described(client.get(f"{here}/timeline").content, Listing[TimelineEntry])


def test_the_bare_queries_that_the_api_is_measured_beside_answer_the_same(seeded: Store) -> None:
    """A benchmark compares like with like: whatever filter is asked for, its bare query finds what the API does."""
    here = f"/v1/launches/{KEY.product}/regions/{KEY.region}"
    url = seeded.engine.url
    house = House(Path(url.database or "").parent, seeded, url.render_as_string(hide_password=False))
    with knocking(seeded) as client, bare_sql(house) as bare:
        assert json.loads(bare.board(PAGE))["items"] == client.get(f"/v1/readiness?limit={PAGE}").json()["items"]
        launch_at = datetime.fromisoformat(client.get(f"{here}/readiness").json()["launch_at"])
        for asked in filters_of_people(PEOPLE):
            found = client.get(f"{here}/people", params=asked).json()["items"]
            assert found == json.loads(bare.people(0, 0, launch_at=launch_at, now=NOW, **asked))["items"]


@contextmanager
def knocking(store: Store, grant: tuple[Role, str] = (Role.AUDITOR, "*")) -> Iterator[TestClient]:
    """Yield somebody with a role at the door of an application on `store`."""
    clock = SettableClock(NOW)
    issuer = new_issuer(clock)
    app = create_app(dependencies(store, issuer, clock), routers=[reading_router()])
    with TestClient(app, headers=bearer(issuer, "auditor-1", grant)) as client:
        yield client


def assert_as_described(answered: bytes, model: type[BaseModel]) -> None:
    """Fail unless the answer is exactly what the model that describes it would make of it."""
    document = json.loads(answered)
    assert document["items"]
    assert json.loads(model.model_validate_json(answered).model_dump_json()) == document


def test_nothing_that_a_route_depends_on_costs_a_thread(tmp_path: Path) -> None:
    """FastAPI calls a plain function in a thread of its own, which takes longer than a query: what comes before a
    route awaits instead."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    clock = SettableClock(NOW)
    app = create_app(
        dependencies(open_store(url), new_issuer(clock), clock),
        routers=routers(),
        pages=page_routers(),
        open_paths=OPEN_PAGE_PATHS | LOGIN_PATHS | PERSONA_PATHS,
    )
    called = {
        called
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for called in _dependencies(context.original_route.dependant)
    }
    assert len(called) > 10
    plain = {each for each in called if not iscoroutinefunction(each) and not iscoroutinefunction(each.__call__)}
    assert plain == set()


def _dependencies(dependant: Dependant) -> Iterator[Any]:
    for below in dependant.dependencies:
        yield below.call
        yield from _dependencies(below)
