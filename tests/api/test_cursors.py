"""Does a list go on where it left off, and only there?"""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.cursors import Cursors
from api.problems import Problem

PEOPLE = Cursors(tuple[str, int])
FILTERS = {"status": "lapses", "manager": None}


def encoded(value: object) -> str:
    """Return a cursor that somebody made up."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(
    position=st.tuples(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])), st.integers(-(2**53), 2**53))
)
def test_a_cursor_leads_back_to_its_position(position: tuple[str, int]) -> None:
    """What was written is what is read, as long as list and filters are the same."""
    cursor = PEOPLE.write(position, of="people", filters=FILTERS)
    assert PEOPLE.read(cursor, of="people", filters=dict(reversed(FILTERS.items()))) == position


def test_no_cursor_is_the_beginning() -> None:
    """Without a cursor a list begins at its beginning."""
    assert PEOPLE.read(None, of="people") is None


@pytest.mark.parametrize(
    ("of", "filters"), [("timeline", FILTERS), ("people", {"status": "failed"}), ("people", None)]
)
def test_a_cursor_does_not_stray_into_another_list(of: str, filters: dict[str, object] | None) -> None:
    """A cursor of one list, or of other filters, is refused."""
    cursor = PEOPLE.write(("p-1", 1), of="people", filters=FILTERS)
    with pytest.raises(Problem) as refused:
        PEOPLE.read(cursor, of=of, filters=filters)
    assert refused.value.kind.slug == "cursor-invalid"


OF = json.loads(base64.urlsafe_b64decode(PEOPLE.write(("p", 1), of="people") + "=="))["of"]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "=",
        "%%%",
        "a",
        "é",
        "AAAA",
        encoded(None),
        encoded([]),
        encoded({"of": OF}),
        encoded({"of": OF, "at": None}),
        encoded({"of": OF, "at": ["p-1"]}),
        encoded({"of": OF, "at": ["p-1", "1"]}),
        encoded({"of": OF, "at": ["p-1", 1.5]}),
        encoded({"of": OF, "at": ["p-1", 1, 2]}),
        encoded({"of": OF, "at": ["p\x00", 1]}),
        encoded({"of": OF, "at": ["p-1", 2**60]}),
        encoded({"of": "people", "at": ["p-1", 1]}),
        PEOPLE.write(("p-1", 1), of="people")[:-3],
    ],
)
def test_a_cursor_that_nobody_wrote_is_refused(cursor: str) -> None:
    """A made-up or damaged cursor is a 400, never an error or a page of something else."""
    with pytest.raises(Problem) as refused:
        PEOPLE.read(cursor, of="people")
    assert refused.value.status_code == 400


@given(cursor=st.text(max_size=80))
def test_no_cursor_breaks_the_reader(cursor: str) -> None:
    """Any text is either a cursor of this list or refused by name."""
    with pytest.raises(Problem):
        PEOPLE.read(cursor, of="people")


def test_pages_follow_one_another(client: TestClient, executive: dict[str, str]) -> None:
    """The next cursor of a page leads to the page after it."""
    first = client.get("/v1/launches?limit=2", headers=executive).json()
    assert first["items"] == ["0", "1"]
    second = client.get("/v1/launches", params={"limit": 2, "cursor": first["next_cursor"]}, headers=executive)
    assert second.json()["items"] == ["2", "3"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=many", "limit=1e2", "limit=", "cursor=" + "A" * 2_001]
)
def test_a_page_has_1_to_500_items(query: str, client: TestClient, executive: dict[str, str]) -> None:
    """A limit outside is a 422, as is a cursor of any length."""
    assert client.get(f"/v1/launches?{query}", headers=executive).status_code == 422
