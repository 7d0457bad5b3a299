"""How is one launch taken from its plan to its go, over HTTP, by the people who would?"""

import csv
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.engine import Engine, until
from bootstrap.api_client import Api
from readiness.commands import Role

OWNER, MARKETER, SALES_LEAD, ENABLER, EXECUTIVE = "pm-1", "ma-1", "sa-1", "en-1", "ex-1"
APPROVER = "ex-2"
"""The executive who answers waivers, and so decides nothing."""

GOVERNORS = (OWNER, MARKETER, SALES_LEAD, ENABLER, EXECUTIVE, APPROVER)

SIGNATURES = (
    ("value_propositions", "marketing"),
    ("value_propositions", "sales"),
    ("objection_handling", "marketing"),
    ("objection_handling", "sales"),
)
"""Every sign-off that a region needs, in their order."""

FAR_AHEAD = timedelta(days=90)

Row = Mapping[str, object]
Item = TypeVar("Item")


class TooLate(Exception):  # noqa: N818 - named as what was the case.
    """The launch instant came before everything was done."""


class People:
    """Everyone who acts, each with a connection of their own."""

    def __init__(self, engine: Engine, clients: ExitStack) -> None:
        self._engine = engine
        self._files = 0

        def speak(person: str, role: Role) -> Api:
            return clients.enter_context(engine.door.as_person(person, role))

        self.owner = speak(OWNER, Role.PRODUCT_MANAGER)
        self.executive = speak(EXECUTIVE, Role.EXECUTIVE)
        self.approver = speak(APPROVER, Role.EXECUTIVE)
        self.enabler = speak(ENABLER, Role.ENABLEMENT)
        self.marketer = speak(MARKETER, Role.MARKETING)
        self.signers = {"marketing": self.marketer, "sales": speak(SALES_LEAD, Role.SALES_LEAD)}

    def send(self, kind: str, rows: Iterable[Row]) -> str:
        """Send a file of these rows, and return the id of its import."""
        self._files += 1
        file = self._engine.directory / f"{self._files}-{kind}.csv"
        write_csv(file, rows)
        return str(self.enabler.upload(kind, file)["id"])

    def ended(self, import_id: str) -> None:
        """Wait until an import has ended; raises ValueError unless every row was taken."""

        def seen() -> Any:
            found = self.enabler.read(f"/v1/imports/{import_id}")
            return None if found["state"] in {"queued", "running"} else found

        found = until(seen)
        if found["state"] != "completed" or found["rejected"]:
            raise ValueError(f"not every row was taken: {found}")

    def bring_in(self, kind: str, rows: Iterable[Row]) -> None:
        """Send a file and wait until it is loaded."""
        self.ended(self.send(kind, rows))


@contextmanager
def people(engine: Engine) -> Iterator[People]:
    """Yield everyone who acts, known to the store."""
    with ExitStack() as clients:
        acting = People(engine, clients)
        acting.bring_in("people", [_person(person, "office", "headquarters") for person in GOVERNORS])
        yield acting


class Launching:
    """One product's launch in several regions, each with its sellers."""

    def __init__(self, acting: People, product: str, sellers: Mapping[str, int], *, courses: int = 1) -> None:
        self.acting = acting
        self.product = product
        self.regions = tuple(sellers)
        self.sellers = {r: tuple(f"{product}-{r}-{n}" for n in range(many)) for r, many in sellers.items()}
        self.courses = tuple(f"{product}-course-{n}" for n in range(courses))

    def plan(self, policy: Mapping[str, Any], lead: timedelta) -> dict[str, Any]:
        """Return the plan: as tier 3 and `policy` have it, with one objection and certificates for a year."""
        return {
            "product": self.product,
            "name": f"The product {self.product}",
            "tier": 3,
            "owner": OWNER,
            "launch_at": wall_clock(datetime.now(UTC) + lead),
            "regions": [{"region": r, "name": r.capitalize(), "time_zone": "UTC"} for r in self.regions],
            "courses": [{"course_id": course, "title": course} for course in self.courses],
            "assessment": {
                "assessment_id": f"{self.product}-cert",
                "title": f"{self.product} certification",
                "pass_mark": 80,
                "valid_days": 365,
            },
            "policy": {"objection_handling": {"top_objections": 1}, "go_no_go": {"polled": []}, **policy},
        }

    def start(self, policy: Mapping[str, Any] | None = None, *, lead: timedelta = FAR_AHEAD) -> Any:
        """Start the launch in every region."""
        return self.acting.owner.ask("/v1/launches", self.plan(policy or {}, lead))

    def people_rows(self) -> list[Row]:
        """Return the sellers as rows of a file."""
        return [_person(person, "sales", region) for region, those in self.sellers.items() for person in those]

    def write(self) -> None:
        """Write what is to be signed."""
        marketer, here = self.acting.marketer, f"/v1/launches/{self.product}"
        marketer.put(f"{here}/value-propositions/all", {"statement": "It halves the way."}, if_match="*")
        answer = {"objection": "It costs more.", "answer": "It pays within a year.", "rank": 1}
        marketer.put(f"{here}/objections/price", answer, if_match="*")

    def digests(self, region: str) -> dict[str, str]:
        """Return, by stage, the digest of what is to be signed."""
        path = f"{self.path(region)}/content"
        return {s: self.acting.marketer.read(f"{path}/{s}")["digest"] for s in dict(SIGNATURES)}

    def sign(self, region: str, stage: str, function: str, digest: str) -> Any:
        """Sign what stands at a stage."""
        body = {"stage": stage, "function": function, "digest": digest}
        return self.acting.signers[function].ask(f"{self.path(region)}/sign-offs", body)

    def sign_everything(self, region: str) -> None:
        """Have both functions sign both stages."""
        digests = self.digests(region)
        for stage, function in SIGNATURES:
            self.sign(region, stage, function, digests[stage])

    def learned(self, people: Sequence[str], *, done_at: datetime) -> list[Row]:
        """Return completions of every course by these people as rows of a file."""
        moment = done_at.isoformat(timespec="seconds")
        return [
            {"person_id": person, "course_id": course, "completed_at": moment, "score": ""}
            for person in people
            for course in self.courses
        ]

    def passed(self, people: Sequence[str], *, done_at: datetime) -> list[Row]:
        """Return attempts at the assessment that these people passed as rows of a file."""
        moment = done_at.isoformat(timespec="seconds")
        here = f"{self.product}-cert"
        return [{"person_id": p, "assessment_id": here, "attempted_at": moment, "score": "90"} for p in people]

    def decide(self, region: str, verdict: str = "go") -> Any:
        """Decide."""
        return self.acting.executive.ask(f"{self.path(region)}/decisions", {"verdict": verdict, "reason": "It is."})

    def readiness(self, region: str) -> Any:
        """Return how a region stands."""
        return self.acting.executive.read(f"{self.path(region)}/readiness")

    def path(self, region: str) -> str:
        """Return the address of a region."""
        return f"/v1/launches/{self.product}/regions/{region}"


def all_are(launching: Launching, verdict: str) -> bool:
    """Say whether every region has come to this verdict; raises TooLate where one is held instead."""
    seen = {launching.readiness(region)["verdict"] for region in launching.regions}
    if "held" in seen and verdict != "launched":
        raise TooLate
    return seen == {verdict}


def cut(rows: Sequence[Item], files: int, rng: random.Random) -> Iterator[Sequence[Item]]:
    """Yield all rows in so many files, in an order that `rng` chooses."""
    shuffled = rng.sample(rows, len(rows))
    size = -(-len(rows) // files)
    for start in range(0, len(rows), size):
        yield shuffled[start : start + size]


def write_csv(file: Path, rows: Iterable[Row]) -> None:
    """Write rows as a file to import."""
    listed = list(rows)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


def wall_clock(moment: datetime) -> str:
    """Return `moment` as the clocks of the regions show it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _person(person: str, function: str, region: str) -> Row:
    return {
        "person_id": person,
        "name": person.capitalize(),
        "email": f"{person}@bench.example",
        "function": function,
        "region": region,
    }
