"""Does a policy change on the running product as two people agree, and is it rehearsed without a trace?"""

import pytest

from readiness.commands import Role
from tests.stories.house import House, eventually, refused
from tests.stories.scene import EXECUTIVE, Scene

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def scene(house: House) -> Scene:
    """A launch in two regions that nobody else touches."""
    scene = Scene(house, "lenient", "north", "south")
    scene.start()
    for region in scene.regions:
        eventually(lambda region=region: scene.timeline(region), lambda seen: len(seen) > 1)  # type: ignore[misc]  # The region of the round.
    return scene


def test_a_policy_is_rehearsed_asked_for_and_confirmed_by_two_people(house: House, scene: Scene) -> None:
    """Shares travel as fractions; nothing flips until an executive confirms, and then every region judges by it."""
    wished = {"objection_handling": {"top_objections": 3}, "certification": {"required_share": 0.25}}
    executive = house.speak(EXECUTIVE, Role.EXECUTIVE)
    stood = [scene.timeline(region) for region in scene.regions]
    told = scene.owner.ask("/v1/policies/rehearse", {"product": "lenient", "policy": wished, "applies": "all"})
    assert told["regions"] == 2
    assert [scene.timeline(region) for region in scene.regions] == stood
    body = {"policy": wished, "applies": "next_gate", "reason": "The assessment is new.", "regions": "*"}
    asked = scene.owner.ask("/v1/launches/lenient/policy", body)
    assert [item["status"] for item in asked["items"]] == [201, 201]
    shown = scene.auditor.read(scene.path("north", "policy"))
    assert shown["policy"]["certification"]["required_share"] == 0.5
    answer = {"change": shown["change"]["change"], "reason": "I have read what it flips.", "regions": "*"}
    with refused("policy-change-not-yours"):
        scene.owner.ask(scene.path("north", "policy/confirm"), {"change": answer["change"], "reason": "Mine."})
    confirmed = executive.ask("/v1/launches/lenient/policy/confirm", answer)
    assert [item["status"] for item in confirmed["items"]] == [200, 200]
    for region in scene.regions:
        now = scene.auditor.read(scene.path(region, "policy"))
        assert (now["policy"]["certification"]["required_share"], now["change"]) == (0.25, None)
        assert scene.criterion(region, "certified_share")["required"] == 0.25


def test_a_policy_that_cannot_be_is_refused_with_every_fault(scene: Scene) -> None:
    """A share over one and an unknown function are named by their paths, in a rehearsal as in the act."""
    wrong = {"certification": {"required_share": 1.5}, "go_no_go": {"polled": ["legal"]}}
    for path, more in (
        ("/v1/policies/rehearse", {"applies": "all"}),
        (scene.path("north", "policy"), {"applies": "next_gate", "reason": "Why not."}),
    ):
        with refused("request-invalid") as found:
            scene.owner.ask(path, {"policy": wrong, **more})
        assert {each["path"] for each in found[0].problem["errors"]} == {
            "policy.certification.required_share",
            "policy.go_no_go.polled[0]",
        }
