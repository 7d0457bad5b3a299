"""Does a list go on where it left off, and only there?"""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.cursors import Cursors, Holder
from api.identity import EmbeddedIssuer
from api.problems import Problem
from readiness.commands import Role
from tests.api.door import bearer

PEOPLE = Cursors(tuple[str, int])
ANNE, BERT = Holder(b"k" * 32, "anne"), Holder(b"k" * 32, "bert")
FILTERS = {"status": "lapses", "manager": None}


def encoded(value: object) -> str:
    """Return a cursor that somebody made up."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(
    position=st.tuples(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])), st.integers(-(2**53), 2**53))
)
def test_a_cursor_leads_back_to_its_position(position: tuple[str, int]) -> None:
    """What was written is what is read, as long as list and filters are the same."""
    cursor = PEOPLE.write(position, of="people", holder=ANNE, filters=FILTERS)
    assert PEOPLE.read(cursor, of="people", holder=ANNE, filters=dict(reversed(FILTERS.items()))) == position


def test_no_cursor_is_the_beginning() -> None:
    """Without a cursor a list begins at its beginning."""
    assert PEOPLE.read(None, of="people", holder=ANNE) is None


@pytest.mark.parametrize(
    ("of", "filters"), [("timeline", FILTERS), ("people", {"status": "failed"}), ("people", None)]
)
def test_a_cursor_does_not_stray_into_another_list(of: str, filters: dict[str, object] | None) -> None:
    """A cursor of one list, or of other filters, is refused."""
    cursor = PEOPLE.write(("p-1", 1), of="people", holder=ANNE, filters=FILTERS)
    with pytest.raises(Problem) as refused:
        PEOPLE.read(cursor, of=of, holder=ANNE, filters=filters)
    assert refused.value.kind.slug == "cursor-invalid"


@pytest.mark.parametrize("holder", [BERT, Holder(b"l" * 32, "anne")])
def test_a_cursor_is_for_whom_it_was_given_to(holder: Holder) -> None:
    """The cursor of another person, or of another installation, is refused."""
    with pytest.raises(Problem) as refused:
        PEOPLE.read(PEOPLE.write(("p-1", 1), of="people", holder=ANNE), of="people", holder=holder)
    assert refused.value.kind.slug == "cursor-invalid"


def sealed(at: object) -> str:
    """Return a cursor that is sealed well, of a list in which positions are something else."""
    return Cursors(object).write(at, of="people", holder=ANNE)


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
        encoded({"of": "people", "at": ["p-1", 1]}),
        sealed(None),
        sealed([]),
        sealed(["p-1"]),
        sealed(["p-1", "1"]),
        sealed(["p-1", 1.5]),
        sealed(["p-1", 1, 2]),
        PEOPLE.write(("p-1", 1), of="people", holder=ANNE)[:-3],
    ],
)
def test_a_cursor_that_nobody_wrote_is_refused(cursor: str) -> None:
    """A made-up or damaged cursor is a 400, never an error or a page of something else."""
    with pytest.raises(Problem) as refused:
        PEOPLE.read(cursor, of="people", holder=ANNE)
    assert refused.value.status_code == 400


@given(number=st.integers(0, 200), mask=st.integers(1, 255))
def test_no_bit_of_a_cursor_can_be_changed(number: int, mask: int) -> None:
    """A cursor that differs from what was given in any bit is refused, so nobody chooses where a list goes on."""
    given_bytes = bytearray(base64.urlsafe_b64decode(PEOPLE.write(("p-1", 100), of="people", holder=ANNE) + "=="))
    given_bytes[number % len(given_bytes)] ^= mask
    with pytest.raises(Problem):
        PEOPLE.read(base64.urlsafe_b64encode(given_bytes).decode().rstrip("="), of="people", holder=ANNE)


@given(cursor=st.text(max_size=80))
def test_no_cursor_breaks_the_reader(cursor: str) -> None:
    """Any text is either a cursor of this list or refused by name."""
    with pytest.raises(Problem):
        PEOPLE.read(cursor, of="people", holder=ANNE)


def test_pages_follow_one_another(client: TestClient, executive: dict[str, str]) -> None:
    """The next cursor of a page leads to the page after it."""
    first = client.get("/v1/launches?limit=2", headers=executive).json()
    assert first["items"] == ["0", "1"]
    second = client.get("/v1/launches", params={"limit": 2, "cursor": first["next_cursor"]}, headers=executive)
    assert second.json()["items"] == ["2", "3"]


def test_nobody_goes_on_with_the_cursor_of_another(
    client: TestClient, issuer: EmbeddedIssuer, executive: dict[str, str]
) -> None:
    """A cursor that was passed on leads nowhere: what its giver saw is not for whoever holds it."""
    given_to_one = client.get("/v1/launches?limit=2", headers=executive).json()["next_cursor"]
    another = bearer(issuer, "exec-2", (Role.EXECUTIVE, "*"))
    answer = client.get("/v1/launches", params={"cursor": given_to_one}, headers=another)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/cursor-invalid")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=many", "limit=1e2", "limit=", "cursor=" + "A" * 2_001]
)
def test_a_page_has_1_to_500_items(query: str, client: TestClient, executive: dict[str, str]) -> None:
    """A limit outside is a 422, as is a cursor of any length."""
    assert client.get(f"/v1/launches?{query}", headers=executive).status_code == 422
