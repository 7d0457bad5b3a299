"""Does the command line say who is told of what, and show how far that has come?"""

from typing import Any

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import FakeApi

WEBHOOK: dict[str, Any] = {
    "id": "whk-1",
    "url": "https://receiver.example/",
    "types": [],
    "regions": ["emea"],
    "products": [],
    "enabled": False,
    "disabled_because": "It was disabled by hand.",
    "secret": "whsec_c2VjcmV0",
}
DELIVERY: dict[str, Any] = {
    "id": "dlv-1",
    "event_id": "atlas-2/emea/1/17",
    "type": "launch.region.held",
    "target": "whk-1",
    "state": "given_up",
    "tries": 10,
    "round": 2,
    "next_at": None,
    "each_try": [
        {
            "round": 1,
            "number": 10,
            "began_at": "2027-01-04T09:00:00Z",
            "fate": "failed",
            "status": 503,
            "detail": "It answered 503.",
        }
    ],
}


def test_webhooks_are_listed_and_added(here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """A list shows why one is disabled and no secret; adding one shows its secret, and asks as an admin."""
    api.answers("GET /v1/webhooks", {"items": [WEBHOOK], "next_cursor": None})
    api.answers("POST /v1/webhooks", WEBHOOK, status=201)
    assert run(["webhooks"]) == 0
    shown = capsys.readouterr().out
    assert "by hand" in shown
    assert "whsec_" not in shown
    assert run(["add-webhook", "https://receiver.example/", "--type", "launch.region.held", "--region", "emea"]) == 0
    assert "whsec_c2VjcmV0" in capsys.readouterr().out
    asked = api.last("POST")
    assert asked.document == {
        "url": "https://receiver.example/",
        "types": ["launch.region.held"],
        "products": [],
        "regions": ["emea"],
    }
    assert "idempotency-key" in asked.headers


def test_deliveries_are_listed_shown_and_sent_again(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list narrows by state, one shows every try, and a replay says which round it is."""
    api.answers("GET /v1/deliveries", {"items": [DELIVERY], "next_cursor": None})
    api.answers("GET /v1/deliveries/dlv-1", DELIVERY)
    api.answers("POST /v1/deliveries/dlv-1/replay", DELIVERY, status=202)
    assert run(["deliveries", "--state", "given_up"]) == 0
    assert "given up" in capsys.readouterr().out
    assert api.last("GET").query == {"state": "given_up"}
    assert run(["deliveries", "dlv-1"]) == 0
    assert "It answered 503." in capsys.readouterr().out
    assert run(["replay", "dlv-1"]) == 0
    assert "round 2" in capsys.readouterr().out


def test_people_are_nudged_by_name_or_by_status(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how many will be reminded; naming nobody is misuse."""
    api.answers("POST /v1/launches/atlas-2/regions/emea/nudges", {"nudged": ["se-1"], "waiting": 2}, status=202)
    assert run(["nudge", "atlas-2", "emea", "se-1", "--status", "not_started"]) == 0
    assert "1 will be reminded; 2 were to be already." in capsys.readouterr().out
    assert api.last("POST").document == {"people": ["se-1"], "statuses": ["not_started"]}
    assert run(["nudge", "atlas-2", "emea"]) == 2


def test_a_webhook_is_changed_in_one_way_at_a_time(here: Installation, api: FakeApi) -> None:
    """Two wishes in one command, or none, are misuse, and nothing is asked."""
    assert run(["change-webhook", "whk-1"]) == 2
    assert run(["change-webhook", "whk-1", "--rotate", "--remove"]) == 2
    assert api.asked == []
