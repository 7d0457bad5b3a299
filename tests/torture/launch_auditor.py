"""Was every launch allowed, by the exported ledger, command log, facts and workflow histories of a region alone?"""

# An auditor from outside: it is given JSON, knows DESIGN section 3 and the rule book, and imports no room of the
# product. Each rule has a name, under which a breach is reported.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.torture.launch_backing import GIVEN_BY, Breach, Export, acknowledged, asked_for, proven
from tests.torture.launch_facts import Facts, Row, moment

RULES = {
    "versions-without-gaps": "the rows of a ledger are numbered from 1",
    "launched-once": "one launched event and one launch record, or neither",
    "nothing-after-the-end": "once ended, only conditions and the permit move",
    "at-its-instant": "a region launches at its instant or within the lateness that its policy allows",
    "not-while-stopped": "neither a hold nor a no-go stood",
    "a-go-stood": "a go or conditional go stood, taken or slipped for this instant",
    "slip-covered": "a go is kept only by a later instant within the days that its policy covers",
    "revival-founded": "a go revives in time, after a hold for a gate, and nothing but gates moved since",
    "decider-apart": "an executive decided who never owned, signed, or was party to a waiver",
    "criteria-met": "every criterion was met by facts of then, or covered by a waiver that had not expired",
    "waiver-by-another": "an executive granted the waiver who neither asked for it nor owned the launch",
    "two-keys": "two people signed each message, on the digest that was current",
    "poll-complete": "the poll had closed, on enough votes, none on what moved since, nobody with two seats",
    "ballots-as-cast": "an opened ballot says what its command in the log says",
    "dissent-accepted": "each dissent was accepted by name",
    "conditions-kept": "no condition was missed, or due and not met",
    "stages-in-order": "a stage opens after the one before it closed; all were closed",
    "command-behind": "what gives has its accepted command in the log, same person, same digest",
    "as-asked": "what gives says what its command asked for",
    "carried-out-once": "a command gives one thing, once",
    "acknowledged-kept": "what a workflow acknowledged is in the log and the ledger, and was not refused there",
    "launched-by-workflow": "a workflow asked for the launch that the ledger has, and was told of no other",
}
"""What is judged, by the name under which a breach is reported."""

_STAGES = ("value_propositions", "objection_handling", "training", "certification", "go_no_go")
_SIGNED = _STAGES[:2]
_LEARNING = _STAGES[:4]
_GOES = {"go", "conditional_go"}
_AFTER_THE_END = {"condition_met", "condition_missed", "permit_suspended", "permit_restored", "permit_revoked"}
_GATES = {"criteria_judged", "stage_passed", "stage_waived", "stage_reopened"}
_RESTS_ON = {
    "marketing": set(_SIGNED),
    "sales": set(_LEARNING),
    "enablement": {"training", "certification"},
    "product": {*_LEARNING, "instant"},
}


@dataclass
class _Seen:
    """What the ledger has said so far."""

    start: Row
    launch_at: datetime
    owners: list[str]
    stages: dict[str, str] = field(default_factory=lambda: {"value_propositions": "open"})
    signed: dict[tuple[str, str], Row] = field(default_factory=dict)
    waivers: dict[str, dict[str, Any]] = field(default_factory=dict)
    poll: list[Row] = field(default_factory=list)
    poll_is_closed: bool = False
    moved: dict[str, datetime] = field(default_factory=dict)
    """When each stage, or the instant, last moved: a vote before that rests on what was."""
    decision: Row | None = None
    decided_at: int = 0
    stood_for: datetime | None = None
    """The instant that the standing go is for, slips added."""
    kept: dict[str, str] = field(default_factory=dict)
    """How each condition of the standing go stands."""
    holding: Row | None = None
    lost: tuple[Row, int, datetime | None, dict[str, str], dict[str, datetime]] | None = None
    is_quiet: bool = False
    """Whether nothing but gates moved since the hold."""
    ending: str | None = None

    @property
    def policy(self) -> Row:
        policy: Row = self.start["policy"]
        return policy


def breaches_of(export: Export) -> list[Breach]:
    """Return every breach in what was exported of one region launch."""
    return [*_Audit(export).breaches()]


def has_launched(export: Export) -> bool:
    """Say whether its ledger has a launch."""
    return any(row["type"] == "region_launched" for row in export["ledger"])


class _Audit:
    def __init__(self, export: Export) -> None:
        self._export = export
        self._rows: Sequence[Row] = export["ledger"]
        self._commands: dict[str, Row] = {row["id"]: row for row in export["commands"]}
        first = self._rows[0]["event"]
        self._seen = _Seen(first, moment(first["plan"]["launch_at"]), [first["owner"]])
        self._launched: Row | None = None

    def breaches(self) -> Iterator[Breach]:
        """Yield every breach, in the order of the ledger and then of what it is compared with."""
        if [row["version"] for row in self._rows] != list(range(1, len(self._rows) + 1)):
            yield "versions-without-gaps", f"{[row['version'] for row in self._rows]}"
        given: set[str] = set()
        for row in self._rows:
            event = row["event"]
            yield from proven(row, self._commands)
            if event["type"] in GIVEN_BY and event["command_id"] in given:
                yield "carried-out-once", f"{event['command_id']} gave {event['type']} again"
            if event["type"] in GIVEN_BY:
                given.add(event["command_id"])
            if self._seen.ending is not None and event["type"] not in _AFTER_THE_END:
                yield "nothing-after-the-end", f"{event['type']} at version {row['version']}"
            yield from self._happened(row["version"], event)
        launches = [row for row in self._rows if row["type"] == "region_launched"]
        recorded = [row["version"] for row in self._export["records"]]
        if len(launches) > 1 or [row["version"] for row in launches] != recorded:
            yield "launched-once", f"{len(launches)} launches, {len(recorded)} records"
        yield from acknowledged(self._export)
        yield from asked_for(self._export, [row["version"] for row in launches])

    # --- what an event makes of the region

    def _happened(self, version: int, event: Row) -> Iterator[Breach]:
        seen, kind = self._seen, event["type"]
        if kind not in _GATES:
            seen.is_quiet = kind == "region_held" or (seen.is_quiet and kind == "go_revived")
        match kind:
            case "region_launch_started" | "criteria_judged" | "ballot_cast" | "sent_back" | "sign_off_voided":
                if kind in {"sent_back", "sign_off_voided"}:
                    seen.signed.pop((event["stage"], event["function"]), None)
            case "stage_opened" | "stage_passed" | "stage_waived" | "stage_reopened":
                yield from self._moved_stage(event)
            case "signed_off":
                seen.signed[event["stage"], event["function"]] = event
            case "owner_changed":
                seen.owners.append(event["owner"])
            case "poll_opened" | "poll_closed":
                seen.poll, seen.poll_is_closed = event.get("ballots", []), kind == "poll_closed"
            case "region_rescheduled" | "region_slipped":
                yield from self._moved_instant(event)
            case "decision_taken":
                yield from self._decided(version, event)
            case "condition_met" | "condition_missed":
                seen.kept[event["condition"]] = kind
            case "region_held":
                self._lose(event)
                seen.holding = event
            case "region_resumed":
                seen.holding = None
                self._without_go()
            case "review_came":
                seen.decision = None
            case "go_revived":
                yield from self._revived(event)
            case "region_cancelled":
                seen.ending = kind
            case "region_launched":
                yield from self._may_launch(event)
                seen.ending = kind
            case _ if kind.startswith("waiver_"):
                yield from self._waived(event)
            case "permit_suspended" | "permit_restored" | "permit_revoked" | "seat_idled" | "seat_named":
                pass
            case other:
                raise ValueError(f"the auditor does not know {other}")

    def _moved_stage(self, event: Row) -> Iterator[Breach]:
        seen, stage = self._seen, event["stage"]
        before = _STAGES[: _STAGES.index(stage)] if stage in _STAGES else _STAGES
        status = {"stage_opened": "open", "stage_reopened": "open"}.get(event["type"], "closed")
        is_downgrade = event["type"] == "stage_waived" and seen.stages.get(stage) == "closed"
        if event["type"] != "stage_reopened" and not is_downgrade:
            open_before = [each for each in before if seen.stages.get(each) != "closed"]
            if open_before or (status == "closed" and stage not in seen.stages):
                yield "stages-in-order", f"{event['type']} of {stage} before {open_before}"
        if event["type"] == "stage_reopened":
            seen.moved[stage] = moment(event["at"])
        seen.stages[stage] = status

    def _moved_instant(self, event: Row) -> Iterator[Breach]:
        seen, launch_at = self._seen, moment(event["launch_at"])
        if event["type"] == "region_slipped":
            days = seen.policy["go_no_go"]["go_covers_slip_days"]
            latest = moment(seen.decision["launch_at"]) + timedelta(days=days) if seen.decision else None
            if latest is None or seen.stood_for != seen.launch_at or not seen.launch_at < launch_at <= latest:
                yield "slip-covered", f"a go was kept for {launch_at}, and reaches to {latest}"
            seen.stood_for = launch_at
            seen.moved["slip"] = moment(event["at"])
        else:
            self._without_go()
            if seen.holding is not None and seen.holding["cause"] != "person":
                seen.holding = None
            seen.moved["instant"] = moment(event["at"])
        seen.launch_at = launch_at

    def _without_go(self) -> None:
        if self._seen.decision is not None and self._seen.decision["choice"] in _GOES:
            self._seen.decision = None

    def _lose(self, event: Row) -> None:
        seen = self._seen
        seen.lost = None
        if seen.decision is not None and seen.decision["choice"] in _GOES:
            if event["cause"] == "gate-unmet":
                seen.lost = seen.decision, seen.decided_at, seen.stood_for, dict(seen.kept), dict(self._moved_then)
            seen.decision = None

    def _revived(self, event: Row) -> Iterator[Breach]:
        seen, at = self._seen, moment(event["at"])
        hours = seen.policy["go_no_go"]["go_revives_hours"]
        held = seen.holding
        if (
            seen.lost is None
            or held is None
            or not seen.is_quiet
            or seen.lost[1] != event["decision_version"]
            or not moment(held["at"]) <= at <= moment(held["at"]) + timedelta(hours=hours)
            or not at < seen.launch_at == seen.lost[2]
        ):
            yield "revival-founded", f"the go of version {event['decision_version']} revived at {at}"
        if seen.lost is not None:
            seen.decision, seen.decided_at, seen.stood_for, seen.kept, seen.moved = seen.lost
            seen.stages["go_no_go"] = "closed"
            seen.holding = seen.lost = None

    def _waived(self, event: Row) -> Iterator[Breach]:
        seen = self._seen
        if event["type"] == "waiver_requested":
            seen.waivers[event["waiver"]] = {**event, "asked_by": event["person"], "state": "requested", "by": None}
            return
        waiver = seen.waivers[event["waiver"]]
        if event["type"] == "waiver_lapse_nears":
            return
        waiver["state"] = event["type"].removeprefix("waiver_")
        if event["type"] in {"waiver_granted", "waiver_denied"}:
            waiver["by"] = event["person"]
        if event["type"] == "waiver_granted":
            command = self._commands.get(event["command_id"] or "", {}).get("command", {})
            if event["person"] in {waiver["asked_by"], *seen.owners} or command.get("role") != "executive":
                yield "waiver-by-another", f"{event['person']} granted what {waiver['asked_by']} asked for"

    # --- the decision and the launch

    def _decided(self, version: int, event: Row) -> Iterator[Breach]:
        seen = self._seen
        had_go = seen.decision is not None and seen.decision["choice"] in _GOES
        seen.lost = None
        if event["choice"] not in _GOES:
            self._without_go()
            seen.decision, seen.holding = event, None
            return
        command = self._commands.get(event["command_id"] or "", {}).get("command", {})
        if command.get("role") != "executive":
            yield "decider-apart", f"{event['person']} decided as {command.get('role')}"
        if moment(event["launch_at"]) != seen.launch_at:
            yield "a-go-stood", f"the go was taken for {event['launch_at']}, not for {seen.launch_at}"
        moved = {**seen.moved, **({} if had_go or "slip" not in seen.moved else {"instant": seen.moved["slip"]})}
        yield from self._polled(event, moved)
        seen.decision, seen.decided_at, seen.stood_for, seen.holding = event, version, seen.launch_at, None
        seen.kept = dict.fromkeys((condition["id"] for condition in event["conditions"]), "open")
        seen.stages["go_no_go"] = "closed"
        self._moved_then = dict(seen.moved)

    def _polled(self, event: Row, moved: Mapping[str, datetime]) -> Iterator[Breach]:
        seen, rules = self._seen, self._seen.policy["go_no_go"]
        if not rules["polled"]:
            return
        votes = {ballot["function"]: ballot for ballot in seen.poll if ballot["person"] is not None}
        people = [ballot["person"] for ballot in votes.values()]
        stale = [
            function
            for function, ballot in votes.items()
            if any(moved.get(ground, moment(ballot["at"])) > moment(ballot["at"]) for ground in _RESTS_ON[function])
        ]
        is_complete = seen.poll_is_closed and {ballot["function"] for ballot in seen.poll} == set(rules["polled"])
        if not is_complete or stale or len(votes) < rules["votes_needed"] or len(set(people)) < len(people):
            yield "poll-complete", f"{sorted(votes)} of {rules['polled']} had voted, {stale} on what has moved"
        dissents = {ballot["function"] for ballot in seen.poll if ballot["stance"] == "dissent"}
        absent = set(rules["polled"]) - set(votes) if rules["absent"] == "dissent" else set()
        if not dissents | absent <= set(event["dissents_accepted"]):
            yield "dissent-accepted", f"{sorted(dissents | absent)} dissented"

    def _may_launch(self, event: Row) -> Iterator[Breach]:
        seen, at = self._seen, moment(event["at"])
        late = timedelta(minutes=seen.policy["go_no_go"]["late_launch_minutes"])
        if not seen.launch_at <= at <= seen.launch_at + late:
            yield "at-its-instant", f"due at {seen.launch_at}, launched at {at}"
        if seen.holding is not None:
            yield "not-while-stopped", f"held: {seen.holding['cause']}"
        decision = seen.decision
        if decision is None or decision["choice"] not in _GOES or event["decision_version"] != seen.decided_at:
            yield "a-go-stood", f"{decision and decision['choice']} stood"
        else:
            if seen.stood_for != seen.launch_at or moment(event["launch_at"]) != seen.launch_at:
                yield "a-go-stood", f"the go was for {seen.stood_for}"
            parties = {person for waiver in seen.waivers.values() for person in (waiver["asked_by"], waiver["by"])}
            signers = {signature["person"] for signature in seen.signed.values()}
            if decision["person"] in {*seen.owners, *parties, *signers}:
                yield "decider-apart", f"{decision['person']} decided"
            for condition in decision["conditions"]:
                state = seen.kept[condition["id"]]
                if state == "condition_missed" or (state == "open" and moment(condition["due_at"]) <= at):
                    yield "conditions-kept", f"{condition['id']} is {state}"
        still_open = [stage for stage in _STAGES if seen.stages.get(stage) != "closed"]
        if still_open:
            yield "stages-in-order", f"launched with {still_open}"
        facts = Facts(self._export["facts"], seen.start, known_at=at)
        yield from self._signed(facts)
        for instant in (seen.launch_at, at):
            for criterion, count in facts.counts(instant).items():
                floors = [
                    waiver["floor"]
                    for waiver in seen.waivers.values()
                    if waiver["state"] == "granted" and waiver["criterion"] == criterion
                    if instant < moment(waiver["expires_at"])
                ]
                if not count.is_met() and not any(count.is_met(floor) for floor in floors):
                    yield (
                        "criteria-met",
                        f"{criterion} was {count.reached} of {count.of} at {instant}, waived {floors}",
                    )

    def _signed(self, facts: Facts) -> Iterator[Breach]:
        if not facts.is_stated():
            yield "criteria-met", "a segment had no statement"
        for stage in _SIGNED:
            current = facts.digest_of(stage)
            functions = self._seen.policy[stage]["signed_by"]
            signed = [self._seen.signed[stage, f] for f in functions if (stage, f) in self._seen.signed]
            people = {signature["person"] for signature in signed}
            if len(signed) < len(functions) or len(people) < len(functions):
                yield "two-keys", f"{stage} was signed by {sorted(people)}"
            if any(signature["digest"] != current for signature in signed):
                yield "two-keys", f"{stage} was signed under another digest than {current}"
