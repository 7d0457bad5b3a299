"""Did the evidence of every launch hold at the very place in the order of commits where it was made?"""

# Written from the rule book and the rows alone: nothing of the core is imported here, so that a mistake of the core
# cannot excuse itself. Every rule that a race of this room can break is judged; named audiences, waivers and
# adaptations that are withdrawn do not occur in them, and are refused here rather than passed over.

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.torture.race_journal import Noted

Where = tuple[str, str, int]
"""A region launch: product, region, run."""

_SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)
_SIGNED = ("value_propositions", "objection_handling")
_ROLE_OF = {"marketing": "marketing", "sales": "sales_lead"}
_GOES = {"go", "conditional_go"}


@dataclass
class _Region:
    """What the ledger and the log have said of one region launch so far."""

    start: Mapping[str, Any] = field(default_factory=dict)
    launch_at: datetime = _SINCE_EVER
    signed: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    """The place and the event of the sign-off that stands, by stage and function."""
    decision: Mapping[str, Any] | None = None
    is_held: bool = False
    cancelled: bool = False
    open_commands: set[str] = field(default_factory=set)


class Auditor:
    """Takes rows in the order of their commits and names every breach."""

    def __init__(self, rows: Iterable[Noted]) -> None:
        self.breaches: list[str] = []
        self.launched: set[Where] = set()
        """The regions whose ledger says that they launched."""
        self.recorded: set[Where] = set()
        """The regions with a launch record."""
        self._regions: dict[Where, _Region] = defaultdict(_Region)
        self._commands: dict[str, Mapping[str, Any]] = {}
        self._outcomes: dict[str, Mapping[str, Any]] = {}
        self._edited: dict[tuple[str, str, str], int] = {}
        """The place of the last material edit, by product, stage and region."""
        self._rosters: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._facts: dict[tuple[str, str], dict[tuple[str, datetime], Mapping[str, Any]]] = defaultdict(dict)
        """The latest version of each completion and attempt, by kind and person."""
        for noted in rows:
            self._hear(noted)

    def _hear(self, noted: Noted) -> None:
        row = noted.row
        match noted.kind:
            case "ledger":
                if row["region"]:
                    self._happened(_where(row), noted.place, row)
            case "launch_records":
                where = _where(row)
                if where in self.recorded:
                    self._breach(where, "has two launch records")
                self.recorded.add(where)
            case "commands":
                self._commands[row["id"]] = row
                self._regions[_where(row)].open_commands.add(row["id"])
            case "settled":
                if row["id"] in self._outcomes:
                    self._breach(_where(row), f"settled {row['id']} twice")
                self._outcomes[row["id"]] = row["outcome"]
                self._regions[_where(row)].open_commands.discard(row["id"])
            case "content_revisions":
                if row["withdrawn"]:
                    raise ValueError("no text is withdrawn in a race")
                if row["material"]:
                    self._edited[row["product"], row["stage"], row["region"]] = noted.place
            case "roster":
                self._rosters[row["person_id"]].append(row)
            case "completions" | "attempts":
                item, moment = (
                    ("course_id", "completed_at")
                    if noted.kind == "completions"
                    else ("assessment_id", "attempted_at")
                )
                known = self._facts[noted.kind, row["person_id"]]
                identity = (row[item], row[moment])
                if identity not in known or known[identity]["ordinal"] < row["ordinal"]:
                    known[identity] = row
            case _:
                raise ValueError(f"no race writes {noted.kind}")

    def _happened(self, where: Where, place: int, row: Mapping[str, Any]) -> None:
        region = self._regions[where]
        event = row["event"]
        if where in self.launched:
            self._breach(where, f"launched, and then came {event['type']}")
        match event["type"]:
            case "region_launch_started":
                region.start = event
                region.launch_at = datetime.fromisoformat(event["plan"]["launch_at"])
            case "signed_off":
                region.signed[event["stage"], event["function"]] = (place, event)
            case "sent_back" | "sign_off_voided":
                region.signed.pop((event["stage"], event["function"]), None)
            case "decision_taken":
                region.decision, region.is_held = event, False
            case "region_held":
                region.decision, region.is_held = None, True
            case "region_resumed":
                region.is_held = False
                region.decision = region.decision if region.decision and not _is_go(region.decision) else None
            case "region_cancelled":
                region.cancelled = True
            case "region_launched":
                for objection in self._objections(where, region, row["at"]):
                    self._breach(where, f"launched although {objection}")
                self.launched.add(where)
            case "criteria_judged" | "stage_opened" | "stage_passed" | "stage_reopened":
                pass
            case other:
                raise ValueError(f"no race leads to {other}")

    def _objections(self, where: Where, region: _Region, at: datetime) -> Iterator[str]:
        if region.cancelled:
            yield "it was cancelled"
        if region.is_held:
            yield "it was held"
        if region.open_commands:
            yield f"somebody had asked for {sorted(self._commands[c]['kind'] for c in region.open_commands)}"
        if not region.launch_at <= at <= region.launch_at + timedelta(minutes=60):
            yield f"it was {at} and not {region.launch_at}"
        yield from self._decided(region)
        yield from self._signed(where, region)
        for instant in (region.launch_at, at):
            yield from self._learned(where, region, instant)

    def _decided(self, region: _Region) -> Iterator[str]:
        decision = region.decision
        if decision is None or not _is_go(decision):
            yield "no go stood"
            return
        command = self._backing(decision)
        if command is None or command["choice"] not in _GOES or command["role"] != "executive":
            yield "nobody in the log had said go"
        if datetime.fromisoformat(decision["launch_at"]) != region.launch_at:
            yield "the go was for another instant"
        if decision["person"] == region.start["owner"]:
            yield "its owner had decided"

    def _signed(self, where: Where, region: _Region) -> Iterator[str]:
        for stage in _SIGNED:
            signers: list[str] = []
            edited = max(self._edited.get((where[0], stage, region_or_all), 0) for region_or_all in (where[1], ""))
            for function in region.start["policy"][stage]["signed_by"]:
                place, event = region.signed.get((stage, function), (0, None))
                if event is None:
                    yield f"{function} had not signed {stage}"
                    continue
                command = self._backing(event)
                asked = (event["stage"], event["function"], event["digest"], "approve", _ROLE_OF[function])
                if command is None or tuple(command[n] for n in _SIGN_OFF) != asked:
                    yield f"nobody in the log had signed {stage} for {function}"
                if place < edited:
                    yield f"{stage} was edited after {function} had signed it"
                signers.append(event["person"])
            if len(set(signers)) < len(signers):
                yield f"one person had signed {stage} twice"

    def _learned(self, where: Where, region: _Region, instant: datetime) -> Iterator[str]:
        start = region.start
        audience = [p for p in self._rosters if self._belongs(p, where[1], start["policy"]["training"], instant)]
        trained = {p: at for p in audience if (at := self._trained_at(p, start["courses"], instant)) is not None}
        certified = [p for p, at in trained.items() if self._is_certified(p, start["assessment"], at, instant)]
        for what, count in (("training", len(trained)), ("certification", len(certified))):
            share = start["policy"][what]["required_share"]
            if not audience or count * 10_000 < share * len(audience):
                yield f"{what} was {count} of {len(audience)} at {instant}"

    def _belongs(self, person: str, region: str, policy: Mapping[str, Any], instant: datetime) -> bool:
        entries = self._rosters[person]
        first = min(entry["ordinal"] for entry in entries)

        def begins(entry: Mapping[str, Any]) -> tuple[datetime, int, int]:
            since = _SINCE_EVER if entry["ordinal"] == first else entry["imported_at"]
            return entry["effective_at"] or since, entry["ordinal"], entry["place"]

        held = max((entry for entry in entries if begins(entry)[0] <= instant), key=begins, default=None)
        if held is None or not held["active"]:
            return False
        return held["region"] == region and held["function"] in policy["functions"]

    def _trained_at(self, person: str, courses: Iterable[Mapping[str, Any]], instant: datetime) -> datetime | None:
        completions = self._facts["completions", person]
        firsts: list[datetime] = []
        for course in courses:
            least = Decimal(course["min_score"])
            done = [
                moment
                for (item, moment), row in completions.items()
                if item == course["course_id"] and not row["void"] and moment <= instant
                if (row["score"] or 0) >= least
            ]
            if not done:
                return None
            firsts.append(min(done))
        return max(firsts, default=None)

    def _is_certified(self, person: str, asked: Mapping[str, Any], trained: datetime, instant: datetime) -> bool:
        life = timedelta(days=asked["valid_days"])
        return any(
            item == asked["assessment_id"]
            and not row["void"]
            and row["score"] >= Decimal(asked["pass_mark"])
            and trained <= moment <= instant < moment + life
            for (item, moment), row in self._facts["attempts", person].items()
        )

    def _backing(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the command behind an event that gives, where the log has it, as it was sent, and carried out."""
        logged = self._commands.get(event["command_id"] or "")
        if logged is None or logged["command_digest"] != event["command_digest"]:
            return None
        is_accepted = self._outcomes.get(logged["id"], {}).get("kind") == "accepted"
        command: Mapping[str, Any] = logged["command"]
        return command if is_accepted and logged["person"] == event["person"] else None

    def _breach(self, where: Where, what: str) -> None:
        self.breaches.append(f"{'/'.join(map(str, where))} {what}")


_SIGN_OFF = ("stage", "function", "digest", "position", "role")


def _where(row: Mapping[str, Any]) -> Where:
    return row["product"], row["region"], row["run"]


def _is_go(decision: Mapping[str, Any]) -> bool:
    return decision["choice"] in _GOES
