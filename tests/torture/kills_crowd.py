"""Who never stops asking while everything around them is being killed?"""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self
from zoneinfo import ZoneInfo

from readiness.commands import Role
from tests.stories.house import House, as_csv, eventually
from tests.stories.scene import PASS_MARK, VALID_DAYS
from tests.torture.kills_book import KNOWN_WITHIN, Book, Client, Said, Try, Wish

REGIONS = ("north", "south", "west")
ZONE = ZoneInfo("Asia/Kathmandu")
SELLERS = ("kill-1", "kill-2")
"""Who must be ready in every region of a swift launch, named explicitly."""

FAR_AHEAD = timedelta(days=60)
BREATH = 0.02
"""Seconds between two wishes of one person: a crowd, not a flood."""

ACTS = (("hold", "resume"), ("reschedule",), ("approve", "send_back"), ("edit",), ("hear",), ("import",))
"""What each of the crowd does for ever, on one region, product or file of its own."""

Act = Callable[[int], None]


def plan(product: str, regions: Sequence[str], launch_at: datetime) -> dict[str, Any]:
    """Return a plan whose every gate can be met within seconds."""
    wall_clock = launch_at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "product": product,
        "name": f"The product {product}",
        "tier": 3,
        "owner": "kill-owner",
        "regions": [
            {"region": region, "name": region, "time_zone": ZONE.key, "launch_at": wall_clock} for region in regions
        ],
        "courses": [{"course_id": f"{product}-basics", "title": "Basics"}],
        "assessment": {
            "assessment_id": f"{product}-cert",
            "title": "Certification",
            "pass_mark": PASS_MARK,
            "valid_days": VALID_DAYS,
        },
        "policy": {"objection_handling": {"top_objections": 1}, "go_no_go": {"polled": []}},
    }


class Crowd:
    """Several people on one product, each doing one kind of thing for ever, and one who takes swift launches to their
    end; all of them stop at the end of the block, once each knows what became of their last wish."""

    def __init__(self, house: House, book: Book, product: str, *, lead: timedelta) -> None:
        self.book = book
        self.product = product
        self.swift: list[Swift] = []
        self.failed: BaseException | None = None
        self._house = house
        self._lead = lead
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clients = ExitStack()
        self._by_person: dict[str, Client] = {}

    def __enter__(self) -> Self:
        owner = self._client("kill-owner", Role.PRODUCT_MANAGER)
        wish = owner.post("start", self.product, "/v1/launches", plan(self.product, REGIONS, _from_now(FAR_AHEAD)))
        assert wish.said is Said.ACCEPTED, wish
        self._edit(0)
        for name, act in (
            ("steers", self._steer),
            ("moves", self._move),
            ("signs", self._sign),
            ("edits", self._edit),
            ("hears", self._hear),
            ("imports", self._import),
            ("launches", self._launch),
        ):
            thread = threading.Thread(target=self._for_ever, args=(act,), name=name)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._clients.close()

    def is_served(self, *, since: float | None = None) -> None:
        """Return once every act has been answered that was sent after `since` (now, unless said)."""
        begun = time.monotonic() if since is None else since

        def waiting() -> list[tuple[str, ...]]:
            return [each for each in ACTS if first_after(self.book.of(*each), begun) is None]

        eventually(waiting, lambda left: not left or self.failed is not None, within=KNOWN_WITHIN)
        assert self.failed is None, self.failed

    # --- what each of them does, again and again

    def _steer(self, number: int) -> None:
        act = ("resume", "hold")[number % 2]
        body = {"reason": f"{act} {number}"}
        self._client("kill-owner", Role.PRODUCT_MANAGER).post(act, *self._at("north", act), body)

    def _move(self, number: int) -> None:
        moment = _from_now(FAR_AHEAD).astimezone(ZONE) + timedelta(minutes=number)
        body = {"launch_at": moment.strftime("%Y-%m-%dT%H:%M:%S"), "reason": f"move {number}"}
        self._client("kill-mover", Role.PRODUCT_MANAGER).post("reschedule", *self._at("south", "reschedule"), body)

    def _sign(self, number: int) -> None:
        function, role = (("marketing", Role.MARKETING), ("sales", Role.SALES_LEAD))[number // 2 % 2]
        client = self._client(f"kill-{function}", role)
        self._position(client, self.product, "west", "value_propositions", function, back=number % 2 == 1)

    def _edit(self, number: int) -> None:
        editor = self._client("kill-editor", Role.MARKETING)
        path = f"/v1/launches/{self.product}/value-propositions/all"
        editor.put("edit", self.product, path, {"statement": f"It is the statement number {number}."})
        # A signature lives as long as its text: some must get through.
        self._stop.wait(0.5)

    def _hear(self, number: int) -> None:
        body = {"objection": f"What about number {number}?", "heard": "a customer"}
        seller = self._client("kill-seller", Role.SELLER)
        seller.post("hear", *self._at("south", "objections"), body)

    def _import(self, number: int) -> None:
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        rows = [_completion(person, f"{self.product}-basics", moment) for person in SELLERS]
        self._enabler.send_file("import", self.product, "completions", rows, as_csv(rows))

    def _launch(self, number: int) -> None:
        scene = Swift(f"{self.product}-swift-{number}", number % 3, _from_now(self._lead))
        self.swift.append(scene)
        if self._is_led_to_a_go(scene) and scene.ending == 1:
            owner = self._client("kill-owner", Role.PRODUCT_MANAGER)
            body = {"reason": "It must not launch."}
            scene.stopped = owner.post("hold", *self._at("north", "hold", scene.product), body)
        elif scene.go is not None and scene.ending == 2:
            rows = [{**_attempt(person, scene), "void": "true"} for person in SELLERS]
            scene.stopped = self._enabler.send_file("import", scene.product, "attempts", rows, as_csv(rows))

    def _is_led_to_a_go(self, scene: "Swift") -> bool:
        """Take a swift launch to its go; say whether it came that far in time."""
        product = scene.product
        audience = [{"product": product, "region": "north", "person_id": person} for person in SELLERS]
        done = [_completion(person, f"{product}-basics", datetime.now(UTC) - timedelta(days=2)) for person in SELLERS]
        passed = [_attempt(person, scene) for person in SELLERS]
        owner = self._client("kill-owner", Role.PRODUCT_MANAGER)
        editor = self._client("kill-editor", Role.MARKETING)
        objection = {"objection": "It costs more.", "answer": "It pays for itself within a year.", "rank": 1}
        steps: list[Callable[[], Wish]] = [
            lambda: owner.post("start", product, "/v1/launches", plan(product, ["north"], scene.launch_at)),
            lambda: editor.put(
                "edit", product, f"/v1/launches/{product}/value-propositions/all", {"statement": "It is swift."}
            ),
            lambda: editor.put("edit", product, f"/v1/launches/{product}/objections/price", objection),
            lambda: self._enabler.send_file("import", product, "audience", audience, as_csv(audience)),
            lambda: self._enabler.send_file("import", product, "completions", done, as_csv(done)),
            lambda: self._enabler.send_file("import", product, "attempts", passed, as_csv(passed)),
        ]
        for stage, (function, role) in itertools.product(
            ("value_propositions", "objection_handling"), (("marketing", Role.MARKETING), ("sales", Role.SALES_LEAD))
        ):
            signer = self._client(f"kill-{function}", role)
            steps.append(partial(self._position, signer, product, "north", stage, function))
        for step in steps:
            if datetime.now(UTC) >= scene.launch_at or self._stop.is_set() or step().said is not Said.ACCEPTED:
                return False
        executive = self._client("kill-executive", Role.EXECUTIVE)
        go = executive.post(
            "decide", *self._at("north", "decisions", product), {"verdict": "go", "reason": "It is ready."}
        )
        scene.go = go if go.said is Said.ACCEPTED else None
        return scene.go is not None

    def _position(
        self, client: Client, product: str, region: str, stage: str, function: str, *, back: bool = False
    ) -> Wish:
        """Sign what stands at a stage, or send it back."""
        digest = client.read(f"/v1/launches/{product}/regions/{region}/content/{stage}")["digest"]
        body: dict[str, Any] = {"stage": stage, "function": function, "digest": digest}
        body |= {"position": "send_back", "reason": "Not yet."} if back else {}
        return client.post("send_back" if back else "approve", *self._at(region, "sign-offs", product), body)

    @property
    def _enabler(self) -> Client:
        return self._client("kill-enabler", Role.ENABLEMENT)

    def _at(self, region: str, what: str, product: str | None = None) -> tuple[str, str]:
        """Return where an act takes place, and its address."""
        asked = product or self.product
        return f"{asked}/{region}", f"/v1/launches/{asked}/regions/{region}/{what}"

    def _client(self, person: str, *roles: Role) -> Client:
        """Return the client of one person in this very thread."""
        name = f"{person} {threading.current_thread().name}"
        if name not in self._by_person:
            self._by_person[name] = self._clients.enter_context(Client(self._house, self.book, person, *roles))
        return self._by_person[name]

    def _for_ever(self, act: Act) -> None:
        with ExitStack() as ending:
            ending.push(self._noted)
            for number in itertools.count(1):
                act(number)
                if self._stop.wait(BREATH):
                    return

    def _noted(self, _kind: object, failure: BaseException | None, _trace: object) -> bool:
        """Keep what ended a thread: whoever waits for the crowd fails with it."""
        if failure is not None:
            self.failed = failure
        return True


class Swift:
    """One launch that is taken through every gate within seconds; `ending` 1 holds it after the go, 2 voids what its
    people achieved."""

    def __init__(self, product: str, ending: int, launch_at: datetime) -> None:
        self.product = product
        self.ending = ending
        self.launch_at = launch_at.replace(microsecond=0)
        self.go: Wish | None = None
        self.stopped: Wish | None = None

    @property
    def must_launch(self) -> bool:
        """Say whether nothing stands in its way: the go was answered in time, and nobody stopped it."""
        return self.ending == 0 and self.go is not None and _in_time(self.go, self)

    @property
    def must_not_launch(self) -> bool:
        """Say whether what stops it was answered in time."""
        return self.stopped is not None and self.stopped.said is Said.ACCEPTED and _in_time(self.stopped, self)


def first_after(wishes: Sequence[Wish], moment: float) -> Try | None:
    """Return the first try that was sent after `moment` and had an outcome."""
    tries = [each for wish in wishes for each in wish.tries if each.sent > moment and each.said is not Said.UNKNOWN]
    return min(tries, key=lambda each: each.answered, default=None)


def _in_time(wish: Wish, scene: Swift) -> bool:
    return wish.known_at is not None and wish.known_at < scene.launch_at


def _completion(person: str, course: str, moment: datetime) -> dict[str, str]:
    at = moment.isoformat(timespec="seconds")
    return {"person_id": person, "course_id": course, "completed_at": at, "score": ""}


def _attempt(person: str, scene: Swift) -> dict[str, str]:
    # The same for both files of a scene: what is voided is what was passed.
    at = (scene.launch_at - timedelta(days=1)).isoformat(timespec="seconds")
    return {"person_id": person, "assessment_id": f"{scene.product}-cert", "attempted_at": at, "score": "90"}


def _from_now(span: timedelta) -> datetime:
    return datetime.now(UTC) + span
