"""Is somebody told what has happened since they last looked, and neither more nor less?"""

from datetime import datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response

from api.visits import VISIT_COOKIE, VISIT_ENDS_AFTER, Visit, keep_visit, visit_of
from tests.readiness.builders import NOW

SOON = timedelta(minutes=10)


def next_visit(visit: Visit, now: datetime) -> Visit:
    """Return the visit that a browser's next look at `now` belongs to, after it kept `visit`."""
    answer = Response()
    keep_visit(answer, visit)
    kept = answer.headers["set-cookie"].partition(";")[0]
    return visit_of(Request({"type": "http", "headers": [(b"cookie", kept.encode())]}), now=now)


def test_a_visit_compares_with_the_end_of_the_one_before_it() -> None:
    """However often one looks within a visit, it is told since the last look of the visit before."""
    first = visit_of(Request({"type": "http", "headers": []}), now=NOW)
    assert first == Visit(None, NOW)
    still_first = next_visit(first, NOW + SOON)
    assert still_first == Visit(None, NOW + SOON)
    later = NOW + SOON + VISIT_ENDS_AFTER + SOON
    second = next_visit(still_first, later)
    assert second == Visit(NOW + SOON, later)
    assert next_visit(second, later + SOON) == Visit(NOW + SOON, later + SOON)


@pytest.mark.parametrize("kept", ["", "1", "a.b", "1.2.3", "99999999999.1", "-1.5", "0x1.2"])
def test_what_is_no_visit_begins_one(kept: str) -> None:
    """A cookie that we never wrote is none."""
    request = Request({"type": "http", "headers": [(b"cookie", f"{VISIT_COOKIE}={kept}".encode())]})
    assert visit_of(request, now=NOW) == Visit(None, NOW)
