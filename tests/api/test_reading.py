"""Is a reading route answered the same, whether at the door or behind it?"""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from tests.api.at_the_desk import house_of
from tests.api.door import SettableClock, bearer
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Desk

REGION = "/v1/launches/atlas-2/regions/emea"
AT_THE_DOOR = f"{REGION}/readiness"
BEHIND_IT = f"{AT_THE_DOOR}?at={LAUNCH_AT:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """Somebody who may read everything."""
    desk.ready()
    with house_of(desk, issuer, clock) as (opened, _):
        opened.headers.update(bearer(issuer, "aud-1", (Role.AUDITOR, "*")))
        yield opened


def test_a_readiness_asked_for_its_own_instant_is_the_readiness(client: TestClient) -> None:
    """Whether the door answers or the route behind it, the words, the tag and the kind are the same."""
    first, second = client.get(AT_THE_DOOR), client.get(BEHIND_IT)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert first.headers["etag"] == second.headers["etag"]
    assert first.headers["content-type"] == second.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", [AT_THE_DOOR, BEHIND_IT])
def test_who_knows_the_readiness_is_spared_it_until_it_changes(desk: Desk, client: TestClient, path: str) -> None:
    """The tag stands for all that is said; a hold makes it another."""
    known = {"If-None-Match": client.get(path).headers["etag"]}
    spared = client.get(path, headers=known)
    assert (spared.status_code, spared.content, spared.headers["etag"]) == (304, b"", known["If-None-Match"])
    key = desk.latest("emea")
    assert key is not None
    desk.carry_out(key, desk.hold(key))
    changed = client.get(path, headers=known)
    assert (changed.status_code, changed.json()["verdict"]) == (200, "held")
    assert changed.headers["etag"] != known["If-None-Match"]


@pytest.mark.parametrize("path", [AT_THE_DOOR, BEHIND_IT])
def test_a_tag_that_is_none_is_refused(client: TestClient, path: str) -> None:
    """The refusal says how a tag is written."""
    refused = client.get(path, headers={"If-None-Match": "rubbish"})
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/precondition-invalid")


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("status=asleep", "status[0]"), ("limit=ten&status=failed", "limit")]
)
def test_a_query_for_people_that_is_at_fault_is_refused_at_its_field(
    client: TestClient, query: str, field: str
) -> None:
    """The door leaves it to whoever tells every fault."""
    refused = client.get(f"{REGION}/people?{query}")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/request-invalid")
    assert [fault["path"] for fault in refused.json()["errors"]] == [field]
