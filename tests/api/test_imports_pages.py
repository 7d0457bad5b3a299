"""Can somebody with a mere browser bring in a file, see it loaded, mend its bad rows and bring them in again?"""

import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.concurrency import run_in_threadpool
from starlette.testclient import TestClient
from temporalio.testing import ActivityEnvironment

from activities.import_files import ImportLimits
from activities.imports import ImportActivities
from api.app import create_app
from api.dependencies import ApiSettings
from api.identity import EmbeddedIssuer
from api.imports_page import IMPORTS_ON_PAGE
from api.imports_pages import EXAMPLES, imports_pages_router
from api.sending import EngineAway
from readiness.commands import Role
from readiness.rows import REJECTED_BECAUSE, ImportKind
from store.engine import Store, open_store
from tests.api.door import NobodyThere, SettableClock, bearer, dependencies
from tests.readiness.builders import NOW
from tests.store.desk import Clock
from tests.templates.outline import Outline

PEOPLE = "person_id,name,email,function,region\n"
BAD_ROWS = (
    'a-1,"Weber, Jonas",j@example.com,sales,emea\n'
    "a-2,,nobody@example.com,sales,emea\n"
    'a-3,"=HYPERLINK(""//evil.example"")",no address,sales,\n'
    "a-4,Ann,ann@example.com,sales,emea,one too many\n"
)


@dataclass
class LoadsAtOnce(NobodyThere):
    """A sender that loads a file as the import's workflow would, or is away."""

    store: Store
    folder: Path
    is_away: bool = field(default=False)

    async def start_import(self, import_id: str) -> None:
        """Load the import; raises EngineAway."""
        if self.is_away:
            raise EngineAway
        activities = ImportActivities(self.store, limits=ImportLimits(), scratch=self.folder)
        await run_in_threadpool(ActivityEnvironment().run, activities.load, import_id)


@pytest.fixture
def ledger(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store of this test's own, with every table."""
    shutil.copyfile(migrated_sqlite, tmp_path / "imports.sqlite")
    with closing(open_store(f"sqlite:///{tmp_path / 'imports.sqlite'}", Clock())) as store:
        yield store


@pytest.fixture
def sender(ledger: Store, tmp_path: Path) -> LoadsAtOnce:
    """What loads the files."""
    return LoadsAtOnce(ledger, tmp_path)


@pytest.fixture
def client(ledger: Store, issuer: EmbeddedIssuer, sender: LoadsAtOnce) -> Iterator[TestClient]:
    """A browser of somebody from enablement; a body has a hundred bytes at most, a file ten thousand."""
    limits = ApiSettings(body_limit=100, upload_limit=10_000)
    deps = replace(dependencies(ledger, issuer, SettableClock(NOW)), sender=sender, settings=limits)
    headers = {"Accept": "text/html", **bearer(issuer, "en-1", (Role.ENABLEMENT, "*"))}
    with TestClient(create_app(deps, pages=[imports_pages_router()]), headers=headers) as opened:
        yield opened


def bring_in(client: TestClient, text: str, *, name: str = "people.csv", kind: str = "people") -> Response:
    """Send a file as the page's form does, and return the page that follows."""
    return client.post(f"/imports/{kind}", files={"file": (name, text.encode(), "text/csv")})


def test_a_file_is_brought_in_mended_and_brought_in_again(client: TestClient) -> None:
    """Bad rows are told by line, column and reason; their file says why, and comes in again as it is."""
    page = bring_in(client, PEOPLE + BAD_ROWS)
    text = Outline(page.text).text
    assert page.url.path.startswith("/imports/people-")
    for part in ("The file is here.", "Loaded", "Rows 4", "Bad rows 3", "email", "the row has 6 cells, the header 5"):
        assert part in text, part
    taken = client.get(f"{page.url.path}/bad-rows.csv").text
    head, *rows = csv.reader(io.StringIO(taken))
    assert head == [REJECTED_BECAUSE, *PEOPLE.strip().split(",")]
    assert [row[1] for row in rows] == ["a-2", "a-3", "a-4"]
    assert "'=HYPERLINK" in taken
    mended = taken.replace("a-2,,", "a-2,Beth,").replace("no address,sales,", "no@example.com,sales,emea")
    again = bring_in(client, mended.replace(",one too many", ""), name="mended.csv")
    assert "Bad rows 0" in Outline(again.text).text
    assert "Brought something new 3" in Outline(again.text).text
    with client.app.state.dependencies.store.reading() as tx:  # type: ignore[attr-defined]  # Starlette types it so.
        names = tx.exec_driver_sql("SELECT name FROM people ORDER BY person_id").scalars().all()
    assert names == ["Weber, Jonas", "Beth", '=HYPERLINK("//evil.example")', "Ann"]


def test_what_is_wrong_with_a_row_is_said_in_the_readers_language(client: TestClient) -> None:
    """On the page, and in the file of bad rows that is taken away from it; the API keeps its own words."""
    page = bring_in(client, PEOPLE + BAD_ROWS)
    german = {"Accept-Language": "de"}
    for where in (page.url.path, f"{page.url.path}/bad-rows.csv"):
        said = client.get(where, headers=german).text
        assert "die Zeile hat 6 Zellen, die Kopfzeile 5" in said.replace("Die Zeile", "die Zeile"), where
        assert "the row has" not in said, where
    assert "the row has 6 cells" in client.get(f"{page.url.path}/faults.csv", headers=german).text


def test_bad_objects_of_ndjson_are_taken_away_to_be_mended_too(client: TestClient) -> None:
    """They come back as a table with every column of their kind, a line that is no object as it stands."""
    page = bring_in(
        client, '{"person_id":"a","course_id":"b","completed_at":5,"score":null}\n[1]\n', kind="completions"
    )
    head, first, second = client.get(f"{page.url.path}/bad-rows.csv").text.splitlines()
    assert head == f"{REJECTED_BECAUSE},person_id,course_id,completed_at,score,void"
    assert first.endswith(",a,b,5,,")
    assert second == "the line is not one JSON object,[1]"


def test_the_examples_are_files_that_come_in(client: TestClient) -> None:
    """Each kind's example is taken in without a bad row."""
    for kind in EXAMPLES:
        example = client.get(f"/imports/{kind.value}/example.csv").text.replace("2027-01", "2026-01")
        text = Outline(bring_in(client, example, kind=kind.value).text).text
        assert "Bad rows 0" in text, text
    assert {*EXAMPLES} == {*ImportKind}


def test_a_page_looks_again_while_a_file_is_loaded_and_no_longer(client: TestClient, sender: LoadsAtOnce) -> None:
    """With scripts each second and without them too; what the engine was away for is kept and said to wait."""
    sender.is_away = True
    page = bring_in(client, PEOPLE)
    assert "Waits to be loaded" in page.text
    assert 'data-hx-trigger="every 1s"' in page.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    sender.is_away = False
    done = bring_in(client, PEOPLE)
    assert done.url == page.url
    assert "every 1s" not in done.text
    assert "refresh" not in done.text


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"file": ("", b"", "application/octet-stream")}, 400, "Choose a file first."),
        ({"file": ("people.csv", b"x" * 9_990, "text/csv")}, 413, "At most 10,000 bytes are taken here."),
        ({"file": ("people.csv", b"nmae,email\n", "text/csv")}, 200, "the column 'nmae' is not one of person_id"),
    ],
    ids=["no file", "too large", "another header"],
)
def test_what_is_wrong_with_a_file_is_said_where_it_was_chosen(
    client: TestClient, files: dict[str, tuple[str, bytes, str]], status: int, said: str
) -> None:
    """Nothing chosen, too much or another header: a whole sentence says so, on a page with the form on it."""
    answer = client.post("/imports/people", files=files)
    assert answer.status_code == status
    assert said in Outline(answer.text).text


def test_only_whoever_answers_for_all_regions_brings_in_or_reads_bad_rows(
    client: TestClient, issuer: EmbeddedIssuer
) -> None:
    """An auditor reads and brings in nothing; who has one region alone, or another role, sees nothing of it."""
    path = bring_in(client, PEOPLE + BAD_ROWS).url.path
    auditor = bearer(issuer, "au-1", (Role.AUDITOR, "*"))
    assert "Bring in" not in client.get("/imports", headers=auditor).text
    assert client.get(f"{path}/bad-rows.csv", headers=auditor).status_code == 200
    assert client.post("/imports/people", files={"file": ("a", b"a")}, headers=auditor).status_code == 403
    for who in ((Role.ENABLEMENT, "emea"), (Role.SALES_LEAD, "*"), (Role.SELLER, "*")):
        for each in ("/imports", path, f"{path}/bad-rows.csv", f"{path}/faults.csv"):
            assert client.get(each, headers=bearer(issuer, "other", who)).status_code == 403
    assert client.get("/imports/people-none-1").status_code == 404


def test_imports_are_listed_newest_first_page_by_page(client: TestClient, sender: LoadsAtOnce) -> None:
    """Each is there once, with its file's name as text."""
    sender.is_away = True
    for number in range(IMPORTS_ON_PAGE + 3):
        bring_in(client, f"{PEOPLE}{number}", name=f"<b>{number}.csv")
    first = client.get("/imports").text
    assert "&lt;b&gt;52.csv" in first
    address = next(a["href"] for tag, a in Outline(first).elements if a.get("rel") == "next")
    assert address is not None
    assert client.get(f"/imports?before={2**63}").status_code == 422
    assert client.get(address).text.count(".csv</bdi>") == 3
