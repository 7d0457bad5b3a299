"""Does a region launch at its instant and never otherwise, and what comes after an end?"""

from datetime import UTC, datetime, timedelta

import pytest

from readiness.commands import Role
from tests.stories.house import PATIENCE, House, eventually, refused
from tests.stories.scene import EXECUTIVE, OWNER, Scene, new_key, wall_clock

pytestmark = pytest.mark.story

A_MINUTE = timedelta(seconds=60)
"""How far ahead the launch of the story lies, by the real clock: long enough to get everybody ready."""

A_PROMISE = timedelta(seconds=10)
"""How long after the launch what was promised with it is due."""

PROMPT = timedelta(seconds=30)
"""How late a region may launch: a second on a free machine, more on one that is not."""


def test_a_ready_region_launches_at_its_instant_and_another_is_held(house: House) -> None:
    """By the real clock the region with a go launches at its instant and not before; the one without it is held, and
    one that launched on a promise is told that it was missed, and may still keep it."""
    scene = Scene(house, "punctual", "north", "south", "west")
    launch_at = datetime.now(UTC).replace(microsecond=0) + A_MINUTE
    scene.start(launch_at)
    scene.make_ready()
    assert scene.decide("north")["verdict"] == "go"
    due_at = (launch_at + A_PROMISE).isoformat()
    promised = [{"text": "Print the price list.", "owner": OWNER, "due_at": due_at}]
    assert scene.decide("west", "conditional_go", conditions=promised)["verdict"] == "conditional_go"
    assert scene.verdict("south") == "ready"

    seen: list[tuple[datetime, str]] = []

    def look() -> str:
        verdict = scene.verdict("north")
        seen.append((datetime.now(UTC), verdict))
        return verdict

    eventually(look, lambda verdict: verdict == "launched", within=A_MINUTE + PATIENCE)
    assert {verdict for _, verdict in seen[:-1]} == {"go"}
    assert seen[-1][0] >= launch_at
    launched = scene.happened("north", "region_launched")
    assert len(launched) == 1
    launched_at = datetime.fromisoformat(launched[0]["at"])
    assert launch_at <= launched_at <= launch_at + PROMPT
    assert (scene.readiness("north")["stage"], scene.on_board("north")["verdict"]) == ("launched", "launched")

    held = scene.becomes("south", "held")
    assert held["hold"]["cause"] == "launch-instant-missed"
    assert not scene.happened("south", "region_launched")
    with refused("launch-instant-passed"):
        scene.decide("south")
    with refused("launch-instant-passed"):
        scene.ask("south", "resume", reason="Never mind.")
    with refused("region-ended"):
        scene.ask("north", "hold", reason="Too late.")

    # What was promised is kept up after the launch: missed by itself, and met late.
    eventually(lambda: scene.happened("west", "condition_missed"), lambda missed: len(missed) == 1)
    (condition,) = scene.readiness("west")["conditions"]
    assert (scene.verdict("west"), condition["status"]) == ("launched", "missed")
    kept = scene.ask("west", f"conditions/{condition['id']}/meet", proof="It is printed.")
    assert [each["status"] for each in kept["conditions"]] == ["met"]

    # Rescheduled it is ready again, and needs a go of its own.
    later = wall_clock(datetime.now(UTC) + timedelta(days=30), "south")
    assert scene.ask("south", "reschedule", launch_at=later, reason="A month later.")["verdict"] == "ready"

    # While one region is open the product has a launch running; once all have ended it may be launched again.
    with refused("launch-already-running"):
        scene.start()
    scene.ask("south", "cancel", reason="The partner left the market.")
    eventually(lambda: scene.auditor.read("/v1/launches/punctual")["ended_at"], lambda ended: ended is not None)
    again = scene.start()
    assert (again["run"], [region["run"] for region in again["regions"]]) == (2, [2, 2, 2])
    assert {region["verdict"] for region in again["regions"]} == {"not_ready"}
    assert [event["type"] for event in scene.timeline("north")][:1] == ["region_launch_started"]
    assert not scene.happened("north", "region_launched")


def test_a_cancelled_region_is_added_again_as_its_next_run(house: House) -> None:
    """A cancelled region takes no more commands; added again it begins anew, as run 2, with nothing signed."""
    scene = Scene(house, "again", "north", "west")
    scene.start()
    scene.make_ready()
    scene.decide("west")
    with refused("region-already-running"):
        scene.owner.ask("/v1/launches/again/regions", scene.plan()["regions"][1])
    assert scene.ask("west", "cancel", by=scene.executive, reason="Not this year.")["verdict"] == "cancelled"
    with refused("region-ended"):
        scene.decide("west")
    entry = {**scene.plan()["regions"][1], "launch_at": wall_clock(datetime.now(UTC) + timedelta(days=40), "west")}
    added = scene.owner.ask("/v1/launches/again/regions", entry)
    assert (added["run"], added["verdict"]) == (2, "not_ready")
    assert scene.criterion("west", "training_completion")["status"] == "met"
    assert scene.readiness("west")["decision"] is None
    scene.sign_everything("west")
    assert scene.decide("west")["verdict"] == "go"
    assert scene.readiness("north")["run"] == 1


def test_a_wish_under_one_key_has_one_effect(house: House) -> None:
    """The same key and body have the answer and the effect of the first; another body, or no key, is refused."""
    scene = Scene(house, "keyed", "north")
    key = new_key()
    plan = scene.plan()
    first = scene.owner.ask("/v1/launches", plan, key=key)
    assert scene.owner.ask("/v1/launches", plan, key=key)["started_at"] == first["started_at"]
    with refused("key-reused"):
        scene.owner.ask("/v1/launches", {**plan, "name": "Another"}, key=key)

    key = new_key()
    held = scene.ask("north", "hold", key=key, reason="Once.")
    again = scene.ask("north", "hold", key=key, reason="Once.")
    assert (held["verdict"], held["version"]) == (again["verdict"], again["version"])
    with refused("key-reused"):
        scene.ask("north", "hold", key=key, reason="Twice.")
    with refused("key-reused"):
        scene.ask("north", "cancel", key=key, reason="Once.")
    # A key belongs to its person: another one may happen to choose the same.
    with refused("region-is-held"):
        scene.ask("north", "hold", by=scene.executive, key=key, reason="Once.")
    assert len(scene.happened("north", "region_held")) == 1

    bare = house.request(
        "POST",
        scene.path("north", "resume"),
        token=house.token(OWNER, Role.PRODUCT_MANAGER),
        content=b'{"reason": "Without a key."}',
        headers={"Content-Type": "application/json"},
    )
    assert (bare.status_code, bare.headers["content-type"]) == (400, "application/problem+json")
    assert bare.json()["type"] == "/problems/idempotency-key-missing"
    assert scene.verdict("north") == "held"


def test_a_repeated_decision_is_answered_with_what_it_was_taken_on(house: House) -> None:
    """Whatever has happened since, the same key brings the same decision and the same readiness."""
    scene = Scene(house, "repeated", "west")
    scene.start()
    scene.make_ready()
    key, path = new_key(), scene.path("west", "decisions")
    due_at = scene.readiness("west")["launch_at"]
    promised = {"text": "Print the price list.", "owner": OWNER, "due_at": due_at}
    body = {"verdict": "conditional_go", "reason": "Ready.", "conditions": [promised]}
    first = scene.executive.ask(path, body, key=key)
    assert (first["verdict"], first["readiness"]["verdict"]) == ("conditional_go", "ready")
    assert (first["decision"]["reason"], first["conditions"][0]["text"]) == ("Ready.", promised["text"])
    scene.executive.ask(scene.path("west", "hold"), {"reason": "Wait."})
    assert scene.executive.ask(path, body, key=key) == first
    assert scene.verdict("west") == "held"
    scene.executive.ask(scene.path("west", "resume"), {"reason": "Go on."})
    stopped = scene.executive.ask(path, {"verdict": "hold", "reason": "Wait again."})
    assert (stopped["verdict"], stopped["hold"]["person"]) == ("held", EXECUTIVE), "a hold is no earlier decision"


def test_a_refusal_is_repeated_too_and_stays_what_it_was(house: House) -> None:
    """A decision that was refused is refused again under its key, even once the gates are met."""
    scene = Scene(house, "refused", "west")
    scene.start()
    key = new_key()
    body = {"verdict": "go", "reason": "Too early."}
    with refused("gates-not-met"):
        scene.executive.ask(scene.path("west", "decisions"), body, key=key)
    scene.make_ready()
    with refused("gates-not-met"):
        scene.executive.ask(scene.path("west", "decisions"), body, key=key)
    assert scene.verdict("west") == "ready"
    assert scene.executive.ask(scene.path("west", "decisions"), body)["verdict"] == "go"
