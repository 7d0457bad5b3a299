"""Is anything that was acknowledged lost, or done twice, whatever is killed?"""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bootstrap.api_client import Api, NoAnswer, Refused
from bootstrap.local_door import LocalDoor
from readiness.commands import Role
from tests.stories.house import START_PATIENCE, House, eventually
from tests.stories.scene import OWNER, Scene, new_key, sellers

pytestmark = pytest.mark.story

HONEST = {"expired", "overtaken", "region-is-held", "region-not-held"}
"""What a wish may be refused with that waited while nobody was there: it is said, and never carried out later."""


class Flow:
    """Somebody who never stops asking: hold, resume, hold, resume …, each with a reason and a key of its own."""

    def __init__(self, house: House, scene: Scene, region: str) -> None:
        self._path = scene.path(region, "")
        self._api = LocalDoor(house.url, house.directory, patience=START_PATIENCE).as_person(
            OWNER, Role.PRODUCT_MANAGER
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="flow")
        self.acknowledged: dict[str, tuple[str, str, int]] = {}
        """By reason: the act, its key and the version that was answered."""
        self.refused: dict[str, str] = {}
        """By reason: the kind of the refusal."""
        self.unknown: list[str] = []
        self.failed: BaseException | None = None

    def __enter__(self) -> "Flow":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._api.close()

    def goes_on(self, *, by: int = 2) -> None:
        """Return once that many more wishes have been acknowledged."""
        enough = len(self.acknowledged) + by
        eventually(
            lambda: (len(self.acknowledged), self.failed),
            lambda seen: seen[0] >= enough or seen[1] is not None,
            within=START_PATIENCE,
        )
        assert self.failed is None, self.failed

    def repeat(self, api: Api, reason: str) -> Any:
        """Send an acknowledged wish again under its key."""
        act, key, _ = self.acknowledged[reason]
        return api.ask(f"{self._path}{act}", {"reason": reason}, key=key)

    def _ask_on(self) -> None:
        number = 0
        try:
            while not self._stop.is_set():
                number += 1
                act = ("resume", "hold")[number % 2]
                self._ask(act, f"wish {number}", new_key())
        except BaseException as failure:
            self.failed = failure
            raise

    def _ask(self, act: str, reason: str, key: str) -> None:
        try:
            answer = self._api.ask(f"{self._path}{act}", {"reason": reason}, key=key)
        except Refused as no:
            self.refused[reason] = no.kind
        except NoAnswer:
            self.unknown.append(reason)
        else:
            self.acknowledged[reason] = (act, key, answer["version"])


def _is_replaced(house: House, name: str, pid: int) -> Callable[[], bool]:
    def look() -> bool:
        return any(each.name == name and each.pid != pid and each.is_alive for each in house.processes())

    return look


def test_while_the_engine_is_away_nothing_is_guessed(house: House) -> None:
    """A wish gets 503 with Retry-After and is not shown as done; sent again under its key it is done once."""
    scene = Scene(house, "away", "west")
    scene.start()
    key = new_key()
    token = house.token(OWNER, Role.PRODUCT_MANAGER)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    with house.frozen("Temporal"):
        answer = house.request(
            "POST", scene.path("west", "hold"), token=token, content=b'{"reason": "Stop."}', headers=headers
        )
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/engine-away")
        assert int(answer.headers["retry-after"]) > 0
        assert scene.verdict("west") == "not_ready"
    assert scene.ask("west", "hold", key=key, reason="Stop.")["verdict"] == "held"
    assert len(scene.happened("west", "region_held")) == 1


def test_nothing_acknowledged_is_lost_or_done_twice_whatever_is_killed(house: House) -> None:
    """Worker, web, Temporal and the supervisor die in the middle of a flow; each wish has one effect or none."""
    scene = Scene(house, "sturdy", "north", "south")
    scene.start()
    scene.make_ready()
    scene.decide("south")
    quiet = scene.timeline("south")
    with Flow(house, scene, "north") as flow:
        for name in ("worker", "web", "Temporal"):
            flow.goes_on()
            victim = house.kill_part(name)
            eventually(_is_replaced(house, name, victim.pid), bool, within=START_PATIENCE)
            flow.goes_on()
        voided = [
            {
                "person_id": person,
                "assessment_id": "sturdy-cert",
                "attempted_at": "2026-01-05T09:00:00Z",
                "score": "70",
            }
            for person in sellers("south")
        ]
        sent = scene.enabler.read("/v1/imports", kind="attempts")["items"]
        imported = house.bring_in(scene.enabler, "attempts", voided)
        house.kill()
        house.start()
        flow.goes_on()
    happened = [event for event in scene.timeline("north") if event["type"] in {"region_held", "region_resumed"}]
    done = {event["reason"]: event["version"] for event in happened}
    assert len(done) == len(happened), "a wish was carried out twice"
    assert flow.acknowledged.keys() <= done.keys(), "an acknowledged wish was lost"
    assert not done.keys() & flow.refused.keys(), "a refused wish was carried out"
    assert set(flow.refused.values()) <= HONEST
    assert done.keys() - flow.acknowledged.keys() <= set(flow.unknown)
    assert all(done[reason] <= version for reason, (_, _, version) in flow.acknowledged.items())

    # A repeat under the same key, over all these deaths, has no effect of its own.
    before = scene.timeline("north")
    for reason in list(flow.acknowledged)[::3]:
        flow.repeat(scene.owner, reason)
    assert scene.timeline("north") == before

    # What nobody touched stands as it stood, and what was imported is there.
    assert scene.timeline("south") == quiet
    assert scene.verdict("south") == "go"
    assert scene.enabler.read(f"/v1/imports/{imported['id']}") == imported
    assert len(scene.enabler.read("/v1/imports", kind="attempts")["items"]) == len(sent) + 1
    assert house.said.count("it is started again") >= 3
