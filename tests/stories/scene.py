"""Who plays in the stories, and how do they take a launch from one gate to the next?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bootstrap.api_client import Api
from readiness.commands import Role
from tests.stories.house import PATIENCE, House, eventually

SELLERS_EACH = 4
ZONES = {"north": "Asia/Singapore", "south": "Asia/Kathmandu", "west": "Asia/Tokyo"}
"""Every region of the stories with its zone; in none of these do clocks ever change."""

OWNER, MARKETER, SALES_LEAD, ENABLER, EXECUTIVE, AUDITOR = "pm-1", "ma-1", "sa-1", "en-1", "ex-1", "au-1"

FAR_AHEAD = timedelta(days=90)
VALID_DAYS = 365
PASS_MARK = 80

STAGES = ("value_propositions", "objection_handling")
CRITERIA = (
    "value_propositions_signed",
    "objections_answered",
    "objections_signed",
    "training_completion",
    "certified_share",
)


def sellers(region: str) -> list[str]:
    """Return the ids of the people who must be ready in `region`."""
    return [f"{region}-{number}" for number in range(1, SELLERS_EACH + 1)]


def settle_in(house: House) -> None:
    """Import everyone who plays in a story."""
    governors = [
        {"person_id": person, "name": f"Governor {person}", "function": "office", "region": "headquarters"}
        for person in (OWNER, MARKETER, SALES_LEAD, ENABLER, EXECUTIVE, AUDITOR)
    ]
    listed = [
        {"person_id": person, "name": f"Seller {person}", "function": "sales", "region": region}
        for region in ZONES
        for person in sellers(region)
    ]
    rows = [{**row, "email": f"{row['person_id']}@stories.example"} for row in (*governors, *listed)]
    house.bring_in(enabler(house), "people", rows)


def enabler(house: House) -> Api:
    """Who brings in facts."""
    return house.speak(ENABLER, Role.ENABLEMENT)


def auditor(house: House) -> Api:
    """Who may read everything and do nothing."""
    return house.speak(AUDITOR, Role.AUDITOR)


def wall_clock(moment: datetime, region: str) -> str:
    """Return what the clocks of `region` show at `moment`, to the second."""
    return moment.astimezone(ZoneInfo(ZONES[region])).strftime("%Y-%m-%dT%H:%M:%S")


class Scene:
    """One product's launch and the people around it."""

    def __init__(self, house: House, product: str, *regions: str) -> None:
        self.house = house
        self.product = product
        self.regions = regions
        self.owner = house.speak(OWNER, Role.PRODUCT_MANAGER)
        self.marketer = house.speak(MARKETER, Role.MARKETING)
        self.sales_lead = house.speak(SALES_LEAD, Role.SALES_LEAD)
        self.executive = house.speak(EXECUTIVE, Role.EXECUTIVE)
        self.enabler = enabler(house)
        self.auditor = auditor(house)

    # --- what is asked

    def plan(self, launch_at: datetime | None = None) -> dict[str, Any]:
        """Return the plan: everything as tier 3 has it, but one objection and validity for a year."""
        moment = (launch_at or datetime.now(UTC) + FAR_AHEAD).replace(microsecond=0)
        return {
            "product": self.product,
            "name": f"The product {self.product}",
            "tier": 3,
            "owner": OWNER,
            "regions": [
                {
                    "region": region,
                    "name": region.capitalize(),
                    "time_zone": ZONES[region],
                    "launch_at": wall_clock(moment, region),
                }
                for region in self.regions
            ],
            "courses": [{"course_id": f"{self.product}-basics", "title": f"{self.product} basics"}],
            "assessment": {
                "assessment_id": f"{self.product}-cert",
                "title": f"{self.product} certification",
                "pass_mark": PASS_MARK,
                "valid_days": VALID_DAYS,
            },
            "policy": {"objection_handling": {"top_objections": 1}, "go_no_go": {"polled": []}},
        }

    def start(self, launch_at: datetime | None = None) -> Any:
        """Start the launch in every region of the scene."""
        return self.owner.ask("/v1/launches", self.plan(launch_at))

    def write_message(self, statement: str = "It halves the time from order to delivery.", **more: Any) -> Any:
        """Write the value proposition."""
        path = f"/v1/launches/{self.product}/value-propositions/all"
        return self.marketer.put(path, {"statement": statement, **more}, if_match="*")

    def write_objection(self, answer: str = "It pays for itself within a year.") -> Any:
        """Write the one objection that must be answered."""
        body = {"objection": "It costs more than what we have.", "answer": answer, "rank": 1}
        return self.marketer.put(f"/v1/launches/{self.product}/objections/price", body, if_match="*")

    def sign(
        self, region: str, stage: str, function: str, *, by: Api | None = None, digest: str | None = None
    ) -> Any:
        """Sign what stands at a stage."""
        signer = by or {"marketing": self.marketer, "sales": self.sales_lead}[function]
        body = {"stage": stage, "function": function, "digest": digest or self.digest(region, stage)}
        return signer.ask(self.path(region, "sign-offs"), body)

    def sign_everything(self, region: str) -> None:
        """Have both functions sign both stages."""
        for stage in STAGES:
            for function in ("marketing", "sales"):
                self.sign(region, stage, function)

    def complete(self, people: Iterable[str]) -> None:
        """Import that people completed the course two days ago."""
        moment = _ago(timedelta(days=2))
        rows = [
            {"person_id": person, "course_id": f"{self.product}-basics", "completed_at": moment} for person in people
        ]
        self.house.bring_in(self.enabler, "completions", [{**row, "score": ""} for row in rows])

    def attempt(self, people: Iterable[str], *, ago: timedelta = timedelta(days=1)) -> list[dict[str, str]]:
        """Import that people passed the assessment, and return the rows, so that they can be voided."""
        moment = _ago(ago)
        rows = [
            {
                "person_id": person,
                "assessment_id": f"{self.product}-cert",
                "attempted_at": moment,
                "score": "90",
            }
            for person in people
        ]
        self.house.bring_in(self.enabler, "attempts", rows)
        return rows

    def void(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Import that attempts do not count any more."""
        self.house.bring_in(self.enabler, "attempts", [{**row, "void": "true"} for row in rows])

    def learn(self) -> list[dict[str, str]]:
        """Bring in that everyone has learned, and return the attempts."""
        people = [person for region in self.regions for person in sellers(region)]
        self.complete(people)
        return self.attempt(people)

    def make_ready(self) -> list[dict[str, str]]:
        """Take every region through the four learning stages, and return the attempts."""
        self.write_message()
        self.write_objection()
        attempts = self.learn()
        for region in self.regions:
            self.sign_everything(region)
        return attempts

    def decide(self, region: str, verdict: str = "go", *, by: Api | None = None, **more: Any) -> Any:
        """Decide, with a reason."""
        body = {"verdict": verdict, "reason": f"It is {verdict} for {region}.", **more}
        return (by or self.executive).ask(self.path(region, "decisions"), body)

    def ask(self, region: str, act: str, *, by: Api | None = None, key: str | None = None, **body: Any) -> Any:
        """Hold, resume, cancel or reschedule as the owner, unless said otherwise."""
        return (by or self.owner).ask(self.path(region, act), body, key=key)

    # --- what is seen

    def path(self, region: str, what: str) -> str:
        """Return the address of something of a region."""
        return f"/v1/launches/{self.product}/regions/{region}/{what}"

    def readiness(self, region: str) -> Any:
        """Return the readiness of a region, as it is now."""
        return self.auditor.read(self.path(region, "readiness"))

    def verdict(self, region: str) -> str:
        """Return the verdict of a region, as it is now."""
        return str(self.readiness(region)["verdict"])

    def on_board(self, region: str) -> Any:
        """Return the region's row of the board."""
        rows = self.auditor.read_all("/v1/readiness", product=self.product, region=region)
        assert len(rows) == 1
        return rows[0]

    def timeline(self, region: str) -> list[Any]:
        """Return everything that happened to a region."""
        return self.auditor.read_all(self.path(region, "timeline"))

    def happened(self, region: str, kind: str) -> list[Any]:
        """Return the events of one type."""
        return [event for event in self.timeline(region) if event["type"] == kind]

    def digest(self, region: str, stage: str) -> str:
        """Return the digest of what is to be signed."""
        return str(self.auditor.read(self.path(region, f"content/{stage}"))["digest"])

    def statuses(self, region: str) -> dict[str, str]:
        """Return the status of each stage."""
        return {stage["stage"]: stage["status"] for stage in self.readiness(region)["stages"]}

    def criterion(self, region: str, key: str) -> Any:
        """Return one criterion as it stands."""
        return next(each for each in criteria(self.readiness(region)) if each["key"] == key)

    def becomes(self, region: str, verdict: str, *, within: timedelta = PATIENCE) -> Any:
        """Return the readiness once the workflow itself has come to a verdict."""

        def settled(seen: Any) -> bool:
            # What live figures would unmake reads as held at once; a hold of the ledger has a cause.
            return seen["verdict"] == verdict and (verdict != "held" or seen["hold"] is not None)

        return eventually(lambda: self.readiness(region), settled, within=within)


def criteria(readiness: Any) -> Iterator[Any]:
    """Yield every criterion of a readiness."""
    for stage in readiness["stages"]:
        yield from stage["criteria"]


def new_key() -> str:
    """Return an Idempotency-Key for a new wish."""
    return uuid4().hex


def _ago(span: timedelta) -> str:
    return (datetime.now(UTC) - span).isoformat(timespec="seconds")
