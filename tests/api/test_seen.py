"""Does every request have one id that is also its trace's, and is it seen with its route and no more?"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EmbeddedIssuer
from api.seen import Seen
from store.engine import Store
from tests.api.door import SettableClock, dependencies, routes

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def seen() -> list[Seen]:
    """What was seen."""
    return []


@pytest.fixture
def watched(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock, seen: list[Seen]) -> Iterator[TestClient]:
    """A door at which somebody watches."""
    deps = replace(dependencies(ledger, issuer, clock), observers=(seen.append,))
    with TestClient(create_app(deps, routers=[routes()]), raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("given", "request_id", "trace_id"),
    [
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE, TRACE),
        ({"traceparent": f"01-{TRACE}-00f067aa0ba902b7-01-more"}, TRACE, TRACE),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-Id": "of-a-proxy"}, TRACE, TRACE),
        ({"X-Request-Id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"}, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", TRACE),
        ({"X-Request-Id": TRACE}, TRACE, TRACE),
        ({"X-Request-Id": "of-a-proxy"}, "of-a-proxy", None),
        ({"traceparent": f"ff-{TRACE}-00f067aa0ba902b7-01"}, None, None),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, None, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None, None),
        ({"traceparent": f"00-{TRACE.upper()}-00f067aa0ba902b7-01"}, None, None),
        ({"traceparent": "00-nonsense"}, None, None),
        ({"X-Request-Id": "no spaces"}, None, None),
        ({}, None, None),
    ],
)
def test_the_id_of_a_request_is_that_of_its_trace(
    watched: TestClient, seen: list[Seen], given: dict[str, str], request_id: str | None, trace_id: str | None
) -> None:
    """A trace that comes with the request is gone on with, an id that can be one is taken, and else one is made."""
    answer = watched.get("/v1/launches", headers=given)
    shown = answer.headers["x-request-id"]
    assert answer.json()["request_id"] == shown == seen[0].request_id
    assert re.fullmatch(r"[0-9a-f]{32}", seen[0].trace_id)
    assert shown == (request_id or shown)
    assert seen[0].trace_id == (trace_id or seen[0].trace_id)
    if "of-a-proxy" not in shown:
        assert shown.replace("-", "") == seen[0].trace_id


def test_what_is_seen_is_the_route_and_not_the_address(
    watched: TestClient, seen: list[Seen], manager: dict[str, str]
) -> None:
    """What somebody wrote into an address, a parameter or a body is seen by nobody who watches."""
    watched.get("/v1/launches/canary-1/regions/emea/readiness?at=canary-2", headers=manager)
    watched.post("/v1/launches", json={"share": 0.5, "name": "canary-3"}, headers=manager)
    watched.get("/canary-4")
    watched.request("CANARY", "/v1/launches")
    watched.get("/v1/broken", headers=manager)
    assert [each[2:6] for each in seen] == [
        ("pm-7", "GET", "/v1/launches/{product}/regions/{region}/readiness", 200),
        ("pm-7", "POST", "/v1/launches", 403),
        (None, "GET", "none", 404),
        (None, "other", "/v1/launches", 405),
        ("pm-7", "GET", "/v1/broken", 500),
    ]
    assert "canary" not in json.dumps(seen).lower()
    assert all(0 < each.seconds < 60 for each in seen)
