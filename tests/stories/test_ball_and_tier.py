"""Is a launch planned by what it means, and is it known afterwards who kept it waiting?"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.house import House, refused
from tests.stories.scene import Scene, auditor

pytestmark = pytest.mark.story

IMPACT = {
    "revenue_at_stake": "up_to_5_percent",
    "market": "known",
    "promise": "contractual",
    "replacement": "nothing",
    "sellers": "under_50",
    "way_back": "within_a_day",
}
"""Answers that propose tier 2."""

REASON = "It goes to two regions that have never sold anything like it."


def test_a_tier_is_proposed_explained_and_shown(house: House) -> None:
    """A plan with answers takes the tier that they propose; another one is refused without a reason, and shown with
    it for as long as the launch is known."""
    scene = Scene(house, "impactful", "north")
    proposed = auditor(house).ask("/v1/tiers/propose", {"answers": IMPACT})
    assert (proposed["tier"], proposed["impact"]) == (2, IMPACT)
    plan = {**scene.plan(), "impact": IMPACT}
    with refused("plan-invalid") as found:
        scene.owner.ask("/v1/launches", plan)
    assert [fault["path"] for fault in found[0].problem["errors"]] == ["tier_reason"]
    launch = scene.owner.ask("/v1/launches", {**plan, "tier_reason": REASON})
    assert (launch["tier"], launch["tier_proposed"], launch["tier_reason"]) == (3, 2, REASON)
    assert scene.auditor.read("/v1/launches/impactful")["impact"] == IMPACT
    (started,) = scene.happened("north", "region_launch_started")
    assert started["data"]["tier_grounds"]["proposed"] == 2
    assert REASON not in str(started["data"])


def test_the_ball_follows_a_launch_from_hand_to_hand(house: House) -> None:
    """From the start to the go every moment is somebody's, and from the go on only the clock is waited for."""
    scene = Scene(house, "handed-on", "north", "west")
    scene.start()
    path = "/v1/launches/handed-on/regions/north/ball"
    assert scene.auditor.read(path)["holding"] == ["marketing", "sales"]
    scene.make_ready()
    assert scene.auditor.read(path)["holding"] == ["executive"]
    scene.decide("north")
    told = scene.auditor.read(path)
    assert (told["stage"], told["holding"]) == ("go_no_go", ["clock"])
    spans = [(each["began_at"], each["ended_at"]) for each in told["intervals"]]
    assert spans[0][0] == told["started_at"]
    assert sum(ended is None for _, ended in spans) <= 1
    product = scene.auditor.read("/v1/launches/handed-on/ball")
    assert {each["region"]: each["holding"] for each in product["regions"]} == {
        "north": ["clock"],
        "west": ["executive"],
    }
    portfolio = scene.auditor.read("/v1/ball")
    assert portfolio["regions"] >= 2
    assert {"go_no_go", "value_propositions"} <= {each["stage"] for each in portfolio["times"]}


def test_both_are_read_on_the_command_line(house: House) -> None:
    """`ltl tier` and `ltl ball` say to people what the API says to programs."""
    Scene(house, "told-in-tables", "south").start()
    ltl = Path(sys.executable).parent / "ltl"

    def said(*words: str) -> str:
        asked = [str(ltl), *words, "--data", str(house.directory)]
        return subprocess.run(asked, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout

    answers = [word for question, answer in IMPACT.items() for word in ("--answer", f"{question}={answer}")]
    assert "Tier 2 is proposed." in said("tier", *answers)
    assert "told-in-tables in south: held by marketing, sales" in said("ball", "told-in-tables", "south")
    assert "Who holds The product told-in-tables now" in said("ball", "told-in-tables")
    assert "regions" in said("ball", "--running")
