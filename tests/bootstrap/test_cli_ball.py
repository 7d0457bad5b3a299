"""Does the command line tell who has held the ball, for all launches, a product or a region?"""

import json
from typing import Any

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import FakeApi

TIME: dict[str, Any] = {
    "stage": "value_propositions",
    "function": "sales",
    "hours": 48.25,
    "working_days": 2.01,
    "regions": 3,
    "holding": 2,
}
REGION: dict[str, Any] = {
    "product": "atlas-2",
    "region": "emea",
    "time_zone": "Europe/Berlin",
    "stage": "value_propositions",
    "holding": ["marketing", "sales"],
    "since": "2027-01-04T09:00:00Z",
    "times": [TIME],
    "intervals": [
        {
            "stage": "value_propositions",
            "function": "sales",
            "began_at": "2027-01-04T09:00:00Z",
            "ended_at": None,
            "hours": 48.25,
            "working_days": 2.01,
        }
    ],
}


def test_the_portfolio_is_told_by_stage_and_function(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl ball` shows hours, working days, and in how many regions; `--running` reaches the API."""
    api.answers("GET /v1/ball", {"as_of": "2027-01-06T09:00:00Z", "regions": 3, "times": [TIME]})
    assert run(["ball"]) == 0
    shown = capsys.readouterr().out
    assert "Over 3 regions" in shown
    row = next(line for line in shown.splitlines() if "sales" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "value propositions",
        "sales",
        "48.25",
        "2.01",
        "3",
        "2",
    ]
    assert api.last("GET").query == {}
    assert run(["ball", "--running", "--json"]) == 0
    assert api.last("GET").query == {"running": "true"}
    assert json.loads(capsys.readouterr().out)["times"] == [TIME]


def test_a_product_is_told_with_who_holds_which_region_now(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl ball PRODUCT` names the functions that each region waits for, and since when."""
    whole = {"product": "atlas-2", "name": "Atlas 2", "times": [TIME], "regions": [REGION]}
    api.answers("GET /v1/launches/atlas-2/ball", whole)
    assert run(["ball", "atlas-2"]) == 0
    shown = capsys.readouterr().out
    assert "marketing; sales" in shown
    assert "2027-01-04 09:00 +00:00" in shown


def test_a_region_is_told_interval_by_interval(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl ball PRODUCT REGION` shows when each function began, and that who holds it now still does."""
    api.answers("GET /v1/launches/atlas-2/regions/emea/ball", REGION)
    assert run(["ball", "atlas-2", "emea"]) == 0
    shown = capsys.readouterr().out
    assert "atlas-2 in emea: held by marketing, sales" in shown
    assert "still" in shown
    assert "working days in Europe/Berlin" in shown


def test_what_narrows_the_portfolio_does_not_narrow_a_product(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option that would have no effect is refused before anything is asked."""
    assert run(["ball", "atlas-2", "--running"]) == 2
    assert "leave PRODUCT out" in capsys.readouterr().err
    assert api.asked == []
