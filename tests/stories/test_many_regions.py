"""Does one wish govern several regions of the running product, be it meant, repeated or only rehearsed?"""

import pytest

from bootstrap.api_client import Refused
from readiness.commands import Role
from tests.stories.house import House, eventually, refused
from tests.stories.scene import ENABLER, EXECUTIVE, OWNER, Scene, new_key

pytestmark = pytest.mark.story

LAUNCH = "/v1/launches/together"


@pytest.fixture(scope="module")
def scene(house: House) -> Scene:
    """A launch in two regions that nobody else touches."""
    scene = Scene(house, "together", "north", "south")
    scene.start()
    for region in scene.regions:
        eventually(lambda region=region: scene.timeline(region), lambda seen: len(seen) > 1)  # type: ignore[misc]  # The region of the round.
    return scene


def test_what_is_rehearsed_for_two_regions_is_then_done_in_both(scene: Scene) -> None:
    """Through the real engine: a rehearsal leaves every timeline alone, one wish moves both, and a repeat neither."""
    body = {"reason": "The price list is wrong.", "regions": "*"}
    stood = [scene.timeline(region) for region in scene.regions]
    told = scene.owner.rehearse(f"{LAUNCH}/hold", body)
    assert [item["answer"]["readiness_after"][0]["verdict"] for item in told["items"]] == ["held", "held"]
    assert [scene.timeline(region) for region in scene.regions] == stood
    key = new_key()
    done = scene.owner.ask(f"{LAUNCH}/hold", body, key=key)
    assert [(item["region"], item["status"], item["answer"]["verdict"]) for item in done["items"]] == [
        ("north", 200, "held"),
        ("south", 200, "held"),
    ]
    again = scene.owner.ask(f"{LAUNCH}/hold", body, key=key)
    assert [item["answer"]["version"] for item in again["items"]] == [
        item["answer"]["version"] for item in done["items"]
    ]
    for region, events in zip(scene.regions, stood, strict=True):
        assert [each["type"] for each in scene.timeline(region)[len(events) :]] == ["region_held"]


def test_a_launch_changes_hands_in_every_region_and_neither_owner_decides(house: House, scene: Scene) -> None:
    """The launch and its regions name the new owner; whoever owned it before is refused as it is."""
    answer = scene.owner.ask(f"{LAUNCH}/owner", {"owner": ENABLER, "reason": "She takes over."})
    assert [item["answer"]["owner"] for item in answer["items"]] == [ENABLER, ENABLER]
    assert scene.auditor.read(LAUNCH)["owner"] == ENABLER
    decision = {"verdict": "go", "reason": "It was mine."}
    for person in (OWNER, ENABLER):
        with refused("decider-is-owner"):
            house.speak(person, Role.EXECUTIVE).ask(f"{LAUNCH}/regions/north/decisions", decision)
    with pytest.raises(Refused) as twice:
        scene.owner.ask(f"{LAUNCH}/owner", {"owner": ENABLER, "reason": "Again."})
    assert twice.value.kind == "owner-unchanged"
    with refused("not-allowed"):
        house.speak(EXECUTIVE, Role.EXECUTIVE).ask(f"{LAUNCH}/owner", {"owner": OWNER, "reason": "Back."})
