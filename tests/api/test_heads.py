"""Does a HEAD tell what a GET would?"""

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/livez", "/nothing/here", "/openapi.json"])
def test_a_head_is_answered_as_a_get_without_its_body(path: str, client: TestClient) -> None:
    """Status and headers are those of the GET, the length among them; what was asked for does not come."""
    got, headed = client.get(path), client.head(path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    assert got.content != b""
    kept = {"content-type", "content-length", "cache-control", "www-authenticate"}
    assert {name: value for name, value in headed.headers.items() if name in kept} == {
        name: value for name, value in got.headers.items() if name in kept
    }


def test_a_head_of_what_is_only_posted_is_refused(client: TestClient) -> None:
    """Where there is no GET there is no HEAD either, and the answer says what there is."""
    headed = client.head("/v1/imports/people")
    assert (headed.status_code, headed.headers["allow"]) == (405, "POST")
