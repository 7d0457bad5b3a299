"""Do the words for what earlier waves learned say to the API what they promise?"""

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import FakeApi
from tests.bootstrap.test_cli import EMEA, readiness

LESSON = {
    "id": "lesson-1",
    "kind": "hold",
    "region": "apac",
    "wave": 1,
    "at": "2027-01-02T08:00:00Z",
    "reason": "Wrong prices.",
}


def test_a_lesson_is_shown_with_its_id_and_addressed_by_it(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads the status of a region finds what to name, and sends how it is addressed on what they saw."""
    api.answers(f"GET {EMEA}/readiness", readiness(must_address=[LESSON]))
    at = ["--data", str(here.directory)]
    assert run(["status", "atlas-2", "emea", *at]) == 0
    shown = capsys.readouterr().out
    assert "What earlier waves learned" in shown
    assert "lesson-1" in shown
    api.answers(f"POST {EMEA}/must-address/lesson-1", readiness())
    assert run(["address", "atlas-2", "emea", "lesson-1", "--how", "Mended.", "--role", "marketing", *at]) == 0
    asked = api.last("POST")
    assert (asked.document["how"], asked.document["seen"]) == ("Mended.", 19)
