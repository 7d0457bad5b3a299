"""Who acts at once on one region, on which ground, and what shows that nothing was lost, doubled or left untold?"""

# Every round has a launch of its own on one running product, brought over HTTP to one of the situations below. All
# launches are in one of two regions, so people and facts are brought in once: in the one all have learned, in the
# other too few are certified.

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, select

from bootstrap.api_client import Api, Refused
from bootstrap.temporal import connect
from readiness.commands import Role
from readiness.keys import RegionKey
from readiness.ledger import Accepted
from readiness.rules import fold
from store.checking import check_row
from store.ledger import rows_after
from store.records_schema import commands, content_revisions
from store.regions import latest_launch, launch_record, region_record
from store.settled import outcome_of
from tests.stories.house import PATIENCE, House, eventually
from workflows import names
from workflows.region_launch import RegionLaunchWorkflow

LEARNED, LACKING = "north", "south"
_ROLES = {
    "pm": (Role.PRODUCT_MANAGER, 3),
    "ma": (Role.MARKETING, 2),
    "sa": (Role.SALES_LEAD, 2),
    "en": (Role.ENABLEMENT, 2),
    "ex": (Role.EXECUTIVE, 3),
}
EVERYONE = {f"{who}-{n}": role for who, (role, many) in _ROLES.items() for n in range(1, many + 1)}
"""Who acts, and in which role."""

_OWNER = "pm-1"
_SELLERS = 4
_FAR = timedelta(days=90)
_STAGES = ("value_propositions", "objection_handling")
_SEATS = {"marketing": "ma", "sales": "sa", "enablement": "en", "product": "pm"}


class Act(NamedTuple):
    """One thing that somebody does: an act on the region, an edit of its text, or a handing over."""

    person: str
    what: str
    """The last part of its address; `owner` and `edit` are about the launch as a whole."""
    body: Mapping[str, Any]


class Answer(NamedTuple):
    """What somebody was told of an act that was asked for under `key`."""

    act: Act
    key: str
    answer: Any
    problem: Mapping[str, Any] | None


@dataclass
class Round:
    """One launch in one region, as it stood before anybody acted at once, and what may be done to it."""

    key: RegionKey
    situation: str
    version: int
    begun_at: datetime
    acts: list[Act] = field(default_factory=list)


class Crowd:
    """A running product, and everybody who acts on it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._loop = asyncio.Runner()
        self._client = self._loop.run(connect(house.running.temporal_address))
        self._settle_in()

    def close(self) -> None:
        """Close the connection to Temporal."""
        self._loop.close()

    def speak(self, person: str) -> Api:
        """Return a client that speaks for a person in their role."""
        return self.house.speak(person, EVERYONE[person])

    # --- the ground

    def begin(self, number: int, situation: str) -> Round:
        """Start a launch and take it to a situation."""
        product = f"round-{number}"
        region = LACKING if situation in {"a waiver is wanted", "a waiver is asked for"} else LEARNED
        key = RegionKey(product=product, region=region, run=1)
        self.speak(_OWNER).ask("/v1/launches", self._plan(key, situation))
        writer = self.speak("ma-1")
        here = f"/v1/launches/{product}"
        writer.put(f"{here}/value-propositions/all", {"statement": "It halves the way."}, if_match="*")
        answer = {"objection": "It costs more.", "answer": "It pays within a year.", "rank": 1}
        writer.put(f"{here}/objections/price", answer, if_match="*")
        if situation != "texts are signed":
            for stage in _STAGES:
                for act in self._signatures(key, stage, "1"):
                    self._ask(key, act)
        acts = SITUATIONS[situation](self, key)
        version = eventually(lambda: self._quiet_version(key), lambda found: found > 0)
        return Round(key, situation, version, datetime.now(UTC), acts)

    def texts_are_signed(self, key: RegionKey) -> list[Act]:
        """Nobody has signed the message yet."""
        signed = [each for n in ("1", "2") for each in self._signatures(key, "value_propositions", n)]
        back = {**signed[1].body, "position": "send_back", "reason": "Too long."}
        return [*signed, Act("sa-2", "sign-offs", back), *self._always(key)]

    def a_waiver_is_wanted(self, key: RegionKey) -> list[Act]:
        """Too few are certified, and two would ask for the same waiver."""
        self._becomes(key, lambda seen: _status(seen, "certification") == "open")
        return [self._waiver(person) for person in ("en-1", "en-2")] + self._always(key)

    def a_waiver_is_asked_for(self, key: RegionKey) -> list[Act]:
        """A waiver waits for an answer, and three executives would give one."""
        self._becomes(key, lambda seen: _status(seen, "certification") == "open")
        asked = self._ask(key, self._waiver("en-1"))["id"]
        answers = (("ex-1", "grant"), ("ex-2", "grant"), ("ex-3", "deny"))
        return [Act(who, f"waivers/{asked}/{how}", {"reason": "So be it."}) for who, how in answers] + self._always(
            key
        )

    def a_poll_is_open(self, key: RegionKey) -> list[Act]:
        """Four seats are asked, and two people could fill each."""
        self._becomes(key, lambda seen: seen["verdict"] == "ready")
        self._ask(key, Act(_OWNER, "poll", {}))
        votes = [
            Act(f"{who}-{n}", "ballots", {"function": seat, "position": "agree"})
            for seat, who in _SEATS.items()
            for n in ("1", "2")
        ]
        return [*votes, _decision("ex-1", "no_go"), *self._always(key)]

    def a_decision_is_due(self, key: RegionKey) -> list[Act]:
        """Every gate is met, and three executives would decide."""
        self._becomes(key, lambda seen: seen["verdict"] == "ready")
        return [_decision("ex-1", "go"), _decision("ex-2", "go"), _decision("ex-3", "no_go"), *self._always(key)]

    def a_go_stands(self, key: RegionKey) -> list[Act]:
        """The region is about to launch, and not everybody likes that."""
        self._becomes(key, lambda seen: seen["verdict"] == "ready")
        self._ask(key, _decision("ex-1", "go"))
        return [_decision("ex-2", "no_go"), _decision("ex-3", "no_go"), _slip(_FAR * 2), *self._always(key)]

    def a_person_holds_it(self, key: RegionKey) -> list[Act]:
        """The region is held, and two would resume it."""
        self._ask(key, Act(_OWNER, "hold", {"reason": "Wait."}))
        resumed = [Act(who, "resume", {"reason": "Go on."}) for who in ("pm-2", "ex-1")]
        return [*resumed, _slip(_FAR + timedelta(days=2), by="pm-3"), *self._always(key)[2:]]

    # --- what everybody does at once

    def act_at_once(self, on: Round, acts: Iterable[Act], chance: Random) -> list[Answer]:
        """Have all of them act in one moment; about half say what they have seen."""
        chosen = [
            act._replace(body={**act.body, "seen": on.version})
            if act.what not in {"owner", "edit"} and chance.random() < 0.5
            else act
            for act in acts
        ]
        gate = Barrier(len(chosen), timeout=PATIENCE.total_seconds())

        def one(act: Act) -> Answer:
            key = uuid4().hex
            gate.wait()
            try:
                return Answer(act, key, self._ask(on.key, act, key=key), None)
            except Refused as refused:
                return Answer(act, key, None, {**refused.problem, "kind": refused.kind})

        with ThreadPoolExecutor(len(chosen)) as pool:
            return list(pool.map(one, chosen))

    # --- what is to be seen afterwards

    def disagreements(self, on: Round, answers: Iterable[Answer]) -> list[str]:
        """Return all in which answers, log, ledger, row and workflow differ, and who was not told who was first."""
        told = list(answers)
        found = [each for answer in told for each in self.house.in_store(partial(_differences, on.key, answer))]
        firsts = {answer.act.person for answer in told if answer.problem is None}
        found += [f"{answer} is not told who was first" for answer in told if not _is_told(answer, on, firsts)]
        found += [] if firsts else [f"nobody was heard: {told}"]
        agreed = eventually(lambda: self._standings(on.key), lambda seen: len(set(seen.values())) == 1)
        assert agreed
        return found + self.house.in_store(partial(_untrue, on.key, datetime.now(UTC)))

    def _standings(self, key: RegionKey) -> dict[str, tuple[int, str]]:
        """Return the version and the verdict as ledger, row and workflow have them."""

        def stored(tx: Connection) -> tuple[Any, Any]:
            return fold(key, None, rows_after(tx, key, 0)), region_record(tx, key).region

        folded, row = self.house.in_store(stored)
        handle = self._client.get_workflow_handle_for(
            RegionLaunchWorkflow.run, names.region_launch_id(key.product, key.region)
        )
        known = self._loop.run(handle.query(RegionLaunchWorkflow.region_launch))
        each = {"ledger": folded, "row": row, "workflow": known}
        return {name: (seen.version, seen.model_dump_json()) if seen else (0, "") for name, seen in each.items()}

    # --- how it is asked

    def _ask(self, on: RegionKey, act: Act, *, key: str | None = None) -> Any:
        """Ask for an act under a key; raises Refused."""
        api, here, body = self.speak(act.person), f"/v1/launches/{on.product}", dict(act.body)
        if act.what == "edit":
            return api.put(f"{here}/value-propositions/all", body, if_match="*")
        if act.what == "owner":
            return api.ask(f"{here}/owner", body, key=key)
        return api.ask(f"{here}/regions/{on.region}/{act.what}", body, key=key)

    def _readiness(self, on: RegionKey) -> Any:
        return self.speak("ex-1").read(f"/v1/launches/{on.product}/regions/{on.region}/readiness")

    def _quiet_version(self, on: RegionKey) -> int:
        """Return the version of the readiness; 0 while the region has still to look at what was done before."""
        version = int(self._readiness(on)["version"])
        body = {"reason": "It is only rehearsed.", "seen": version}
        told = self.speak("ex-1").rehearse(f"/v1/launches/{on.product}/regions/{on.region}/hold", body)["refusal"]
        return 0 if told is not None and told["type"].endswith("readiness-moved-on") else version

    def _becomes(self, on: RegionKey, accept: Callable[[Any], bool]) -> None:
        eventually(lambda: self._readiness(on), accept)

    def _signatures(self, on: RegionKey, stage: str, which: str) -> list[Act]:
        path = f"/v1/launches/{on.product}/regions/{on.region}/content/{stage}"
        digest = self.speak("ma-1").read(path)["digest"]
        return [
            Act(f"{who}-{which}", "sign-offs", {"stage": stage, "function": function, "digest": digest})
            for function, who in (("marketing", "ma"), ("sales", "sa"))
        ]

    def _always(self, on: RegionKey) -> list[Act]:
        """What may be done in every situation: hold, slip, edit, and hand the launch over."""
        edited = {"statement": f"It thirds the way, {uuid4().hex}.", "holds": [on.region]}
        return [
            Act("pm-2", "hold", {"reason": "The prices are wrong."}),
            Act("ex-2", "hold", {"reason": "The partner is away."}),
            _slip(_FAR + timedelta(days=1)),
            Act("ma-2", "edit", edited),
            Act(_OWNER, "owner", {"owner": "pm-3", "reason": "She takes over."}),
        ]

    def _waiver(self, person: str) -> Act:
        return Act(
            person,
            "waivers",
            {
                "criterion": "certified_share",
                "reason": "The trainer was ill.",
                "compensating_control": "They sell beside a certified colleague.",
                "floor": 0.25,
                "expires_at": (datetime.now(UTC) + _FAR).isoformat(),
            },
        )

    def _plan(self, key: RegionKey, situation: str) -> dict[str, Any]:
        polled = list(_SEATS) if situation == "a poll is open" else []
        return {
            "product": key.product,
            "name": key.product.capitalize(),
            "tier": 3,
            "owner": _OWNER,
            "launch_at": _wall_clock(_FAR),
            "regions": [{"region": key.region, "name": key.region.capitalize(), "time_zone": "UTC"}],
            "courses": [{"course_id": "basics", "title": "Basics"}],
            "assessment": {"assessment_id": "cert", "title": "Certification", "pass_mark": 80, "valid_days": 365},
            "policy": {"objection_handling": {"top_objections": 1}, "go_no_go": {"polled": polled}},
        }

    def _settle_in(self) -> None:
        """Bring in everybody, and what they have learned."""
        api = self.speak("en-1")
        sellers = {region: [f"{region}-{n}" for n in range(_SELLERS)] for region in (LEARNED, LACKING)}
        home = dict.fromkeys(EVERYONE, "office") | {p: r for r, those in sellers.items() for p in those}
        rows = [
            {"person_id": p, "name": p, "email": f"{p}@crowd.example", "function": "sales", "region": region}
            for p, region in home.items()
        ]
        self.house.bring_in(api, "people", rows)
        everyone = [person for those in sellers.values() for person in those]
        done_at, passed_at = (f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%dT%H:%M:%SZ}" for ago in (2, 1))
        done = [{"person_id": p, "course_id": "basics", "completed_at": done_at, "score": "90"} for p in everyone]
        passing = [*sellers[LEARNED], sellers[LACKING][0]]
        passed = [
            {"person_id": p, "assessment_id": "cert", "attempted_at": passed_at, "score": "90"} for p in passing
        ]
        # They learn for a product that nobody launches in a round: courses are shared by their ids.
        self.speak(_OWNER).ask("/v1/launches", self._plan(RegionKey(product="first", region="west", run=1), ""))
        self.house.bring_in(api, "completions", done)
        self.house.bring_in(api, "attempts", passed)


SITUATIONS: Mapping[str, Callable[[Crowd, RegionKey], list[Act]]] = {
    "texts are signed": Crowd.texts_are_signed,
    "a waiver is wanted": Crowd.a_waiver_is_wanted,
    "a waiver is asked for": Crowd.a_waiver_is_asked_for,
    "a poll is open": Crowd.a_poll_is_open,
    "a decision is due": Crowd.a_decision_is_due,
    "a go stands": Crowd.a_go_stands,
    "a person holds it": Crowd.a_person_holds_it,
}
"""How a region may stand, and how it is brought there; each answers with what may be done to it then."""


def _decision(person: str, verdict: str) -> Act:
    more = {"review_at": (datetime.now(UTC) + timedelta(days=5)).isoformat()} if verdict == "no_go" else {}
    return Act(person, "decisions", {"verdict": verdict, "reason": "It is so.", **more})


def _slip(ahead: timedelta, *, by: str = "pm-2") -> Act:
    return Act(by, "reschedule", {"launch_at": _wall_clock(ahead), "reason": "The partner asks for it."})


def _wall_clock(ahead: timedelta) -> str:
    return f"{datetime.now(UTC) + ahead:%Y-%m-%dT%H:%M:%S}"


def _status(readiness: Any, stage: str) -> str:
    return str(next(each["status"] for each in readiness["stages"] if each["stage"] == stage))


def _differences(key: RegionKey, answer: Answer, tx: Connection) -> list[str]:
    """Return how log, ledger and texts differ from what somebody was told."""
    return list(_each_difference(key, answer, tx))


def _each_difference(key: RegionKey, answer: Answer, tx: Connection) -> Iterator[str]:
    due = int(answer.problem is None)
    if answer.act.what == "edit":
        chosen = select(content_revisions.c.body).filter_by(product=key.product)
        said = [row.body for row in tx.execute(chosen) if row.body.get("statement") == answer.act.body["statement"]]
        if len(said) != due:
            yield f"{answer} is {len(said)} times among the texts"
        return
    events = [row.event for row in rows_after(tx, key, 0)]
    if answer.act.what == "owner":
        taken = [each for each in events if getattr(each, "owner", None) == answer.act.body["owner"]]
        if len(taken) != due:
            yield f"{answer} is {len(taken)} times in the ledger"
        return
    chosen = select(commands.c.id).filter_by(person=answer.act.person, idempotency_key=answer.key)
    logged = tx.execute(chosen).scalar()
    written = [each for each in events if logged is not None and each.command_id == logged]
    if len(written) != due:
        yield f"{answer} is {len(written)} times in the ledger"
    outcome = outcome_of(tx, logged) if logged is not None else None
    if isinstance(outcome, Accepted) is not (answer.problem is None):
        yield f"{answer} is {outcome} in the log"
    if answer.problem is not None and (outcome is None or outcome.refusal.kind != answer.problem["kind"]):  # type: ignore[union-attr]  # It is a refusal.
        yield f"{answer} is {outcome} in the log"


def _untrue(key: RegionKey, now: datetime, tx: Connection) -> list[str]:
    """Return where the row tells something else than the ledger, or the launch than its region."""
    checked = check_row(tx, key, now=now)
    found = [f"{key}: {checked.differing if checked else 'nothing'}"] if not checked or checked.differing else []
    launch = latest_launch(tx, key.product)
    owner = launch_record(tx, launch).launch.plan.owner if launch else None  # type: ignore[union-attr]  # It was started.
    region = region_record(tx, key).region
    return found + ([f"{key} is {region.owner}'s, and its launch {owner}'s"] if region.owner != owner else [])


def _is_told(answer: Answer, on: Round, firsts: set[str]) -> bool:
    """Say whether whoever was refused reads by whom and when."""
    if answer.problem is None:
        return True
    by, at = answer.problem.get("by"), answer.problem.get("at")
    return by in firsts and at is not None and datetime.fromisoformat(at) >= on.begun_at


@contextmanager
def crowd(directory: Path) -> Iterator[Crowd]:
    """Run the product in a directory, with everybody who acts."""
    with House(directory) as up:
        gathered = Crowd(up)
        try:
            yield gathered
        finally:
            gathered.close()
