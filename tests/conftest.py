"""Which databases, random examples and order do all tests share?"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from sqlalchemy import make_url

from store.engine import Store, migrate, open_store
from tests.compiled import share_compiled_statements
from tests.effort import FEW, PROFILE, examples
from tests.postgres import postgres_database, postgres_server

TESTS = Path(__file__).parent
LONGEST = (
    "test_walkthrough.py",
    "test_tools.py",
    "test_sequences.py",
    "test_launching.py",
    "test_matrix.py",
    "test_killed.py",
    "test_schema.py",
    "test_attacks.py",
    "test_canaries.py",
    "test_reading_costs.py",
)
"""What takes longest, begun first where several files run side by side, so that nobody waits for it at the end: what
mostly waits for instants and recoveries alternates with what computes, so that the machine is neither idle nor
crowded."""

STORIES = "tests/stories/"
IN_A_HOUSE_OF_THEIR_OWN = ("test_tour.py", "test_walkthrough.py", "test_canaries.py", "test_deliveries.py")
"""Stories that build their own house. All others share one, so one worker tells them all."""

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

# In CI every run tries the same examples: a change is judged by what it changes, never by the luck of the draw, and a
# failure comes back when it is looked into. New ground is broken by the long run, which draws anew each time.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, max_examples=examples(100))
settings.register_profile("long", deadline=None, derandomize=False, print_blob=True, max_examples=examples(100))
# One example that fails is enough to notice a fault; the smallest such example would take minutes to find.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    max_examples=FEW,
)
settings.load_profile(PROFILE)

share_compiled_statements()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Have each of several workers compile a part of the tests, all of which each of them is about to import."""
    work = getattr(session.config, "workerinput", None)
    if work is None or session.config.args != ["tests"]:
        return
    number, count = int(work["workerid"].removeprefix("gw")), work["workercount"]
    for file in sorted(TESTS.rglob("test_*.py"))[number::count]:
        # Whatever is wrong with a file is told when it is collected.
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the house rules last and its slow tools at the very end, so that a broken product shows first."""
    items.sort(key=lambda item: (item.nodeid.startswith("tests/house/"), item.path.name == "test_tools.py"))
    if hasattr(config, "workerinput"):
        place = {name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, and one of them all the stories that share a house."""
    if config.getvalue("dist") != "loadfile":
        return None
    scheduler = import_module("xdist.scheduler").LoadFileScheduling(config, log)
    file_of = scheduler._split_scope

    def scope_of(nodeid: str) -> str:
        file: str = file_of(nodeid)
        is_shared = file.startswith(STORIES) and not file.endswith(IN_A_HOUSE_OF_THEIR_OWN)
        return STORIES if is_shared else file

    scheduler._split_scope = scope_of
    return scheduler


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL that lives as long as this test run, at its maintenance database."""
    settings = {
        # What a test writes need not outlive a power cut.
        **dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "off"),
        # Code that leans on the server's zone is found out.
        "timezone": "Asia/Kathmandu",
    }
    with postgres_server(**settings) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each database that the store runs on, one after the other: `sqlite`, then `postgres`."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
    else:
        with postgres_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every migration applied, for copying only."""
    file = tmp_path_factory.mktemp("migrated") / "template.sqlite"
    migrate(f"sqlite:///{file}")
    # A write-ahead log left behind would hold what the copies then lack.
    assert not file.with_name(f"{file.name}-wal").exists()
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """The name of a PostgreSQL database with every migration applied, for copying only."""
    with postgres_database(postgres_url) as url:
        migrate(url)
        name = make_url(url).database
        assert name is not None
        yield name


@pytest.fixture
def store_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of this test's own, for tests that open it with a clock of their own."""
    if database_kind == "sqlite":
        file = tmp_path / "store.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), file)
        yield f"sqlite:///{file}"
    else:
        server_url = request.getfixturevalue("postgres_url")
        with postgres_database(server_url, template=request.getfixturevalue("migrated_postgres")) as url:
            yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store on a migrated database of this test's own, on each kind of database."""
    opened = open_store(store_url)
    try:
        yield opened
    finally:
        opened.close()
