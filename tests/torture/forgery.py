"""Which export of one region launch is in order, so that a forger may put one thing in it out of order?"""

# Plain JSON written by hand: it goes through a waiver, a slip, a dissent, a condition and a go that revives.

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.torture.launch_facts import digest

BEGIN = datetime(2027, 3, 1, 8, tzinfo=UTC)
PRODUCT, REGION = "atlas-2", "emea"
TEXTS: dict[str, dict[str, dict[str, Any]]] = {
    "value_propositions": {"all": {"statement": "It halves your close."}},
    "objection_handling": {"price": {"objection": "Too dear", "answer": "Not at all", "rank": 1}},
}
POLICY: dict[str, Any] = {
    "value_propositions": {"segments": ["all"], "signed_by": ["marketing", "sales"]},
    "objection_handling": {"top_objections": 1, "answered_share": 10_000, "signed_by": ["marketing", "sales"]},
    "training": {"required_share": 9_000, "functions": ["sales"]},
    "certification": {"required_share": 8_000},
    "go_no_go": {
        "polled": ["marketing", "sales"],
        "votes_needed": 2,
        "absent": "dissent",
        "late_launch_minutes": 60,
        "go_covers_slip_days": 7,
        "go_revives_hours": 24,
    },
}
ROLES = {"ma": "marketing", "sa": "sales_lead", "ex": "executive", "ex-2": "executive", "pm": "product_manager"}


def at(hours: float) -> str:
    """Return the moment so many hours after the beginning."""
    return (BEGIN + timedelta(hours=hours)).isoformat()


class Forger:
    """Writes an export row by row; `hours` is the clock."""

    def __init__(self) -> None:
        self.ledger: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        self.updates: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.hours = 0.0

    def happen(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Write an event that falls due by itself."""
        event = {"type": kind, "at": at(self.hours), "person": None, "command_id": None, "command_digest": None}
        row = {"version": len(self.ledger) + 1, "type": kind, "region": REGION, "event": {**event, **fields}}
        self.ledger.append(row)
        return row

    def ask(self, person: str, command: str, event: str, *, said: Any = None, also: Any = None, **fields: Any) -> str:
        """Write a command, the event that it gives, and its acknowledgement; return its id."""
        command_id = f"c-{len(self.commands) + 1}"
        asked = {"kind": command, "command_id": command_id, "person": person, "role": ROLES.get(person, "seller")}
        asked |= fields
        outcome = {"kind": "accepted", "version": len(self.ledger) + 1}
        self.commands.append(
            {
                "id": command_id,
                "region": REGION,
                "kind": command,
                "person": person,
                "body": said or {},
                "command": asked,
                "command_digest": digest(asked),
                "outcome": outcome,
            }
        )
        self.updates.append((asked, outcome))
        behind = {"person": person, "command_id": command_id, "command_digest": digest(asked)}
        self.happen(
            event, **{**behind, **fields, **(also or {}), **({"waiver": command_id} if "floor" in fields else {})}
        )
        return command_id

    def export(self) -> dict[str, Any]:
        """Return all of it as it would have been exported."""
        launched = [row for row in self.ledger if row["type"] == "region_launched"]
        people = ["s-0", "s-1", "s-2", "s-3", "s-4", "s-5", "s-6", "s-7", "s-8", "s-9"]
        known = {"imported_at": at(-3), "ordinal": 1, "void": False}
        return {
            "where": {"product": PRODUCT, "region": REGION, "run": 1},
            "ledger": self.ledger,
            "records": [{"version": row["version"]} for row in launched],
            "commands": self.commands,
            "facts": {
                "roster": [
                    {"person_id": person, "ordinal": 1, "place": place, "effective_at": None, "imported_at": at(-3)}
                    | {"active": True, "region": REGION, "function": "sales"}
                    for place, person in enumerate(people)
                ],
                "audience": [],
                "completions": [
                    {"person_id": person, "course_id": "basics", "completed_at": at(-5), "score": None, **known}
                    for person in people
                ],
                "attempts": [
                    {"person_id": person, "assessment_id": "cert", "attempted_at": at(-4), "score": "90", **known}
                    for person in people[:7]
                ],
                "content": [
                    {"stage": stage, "key": key, "region": "", "revision": 1, "body": body, "at": at(-3)}
                    | {"material": True, "withdrawn": False}
                    for stage, entries in TEXTS.items()
                    for key, body in entries.items()
                ],
            },
            "histories": [self._history([row["version"] - 1 for row in launched])],
        }

    def _history(self, launched_behind: list[int]) -> str:
        events: list[dict[str, Any]] = []
        for number, (command, outcome) in enumerate(self.updates):
            request = {"input": {"args": _payloads(command)}}
            accepted = {"protocolInstanceId": f"u-{number}", "acceptedRequest": request}
            done = {"meta": {"updateId": f"u-{number}"}, "outcome": {"success": _payloads(outcome)}}
            events.append({"workflowExecutionUpdateAcceptedEventAttributes": accepted})
            events.append({"workflowExecutionUpdateCompletedEventAttributes": done})
        for known in launched_behind:
            scheduled = {"activityType": {"name": "launch"}, "input": _payloads({"known": known})}
            events.append({"eventId": f"{known}", "activityTaskScheduledEventAttributes": scheduled})
            done = {"scheduledEventId": f"{known}", "result": _payloads({"kind": "launched"})}
            events.append({"activityTaskCompletedEventAttributes": done})
        return json.dumps({"events": events})


def _payloads(document: Any) -> dict[str, Any]:
    return {"payloads": [{"data": base64.b64encode(json.dumps(document).encode()).decode()}]}


def digest_of(stage: str) -> str:
    """Return the digest of what is signed at `stage`."""
    return digest({"stage": stage, "entries": [{"key": key, **body} for key, body in TEXTS[stage].items()]})


def in_order() -> Forger:
    """Return the forger of a region that launched in order: waived, dissented, promised, revived and slipped."""
    forger = Forger()
    forger.hours = 0.0
    plan = {"region": REGION, "launch_at": at(72)}
    forger.ask(
        "pm",
        "start_launch",
        "region_launch_started",
        also={
            "owner": "pm",
            "plan": plan,
            "policy": POLICY,
            "courses": [{"course_id": "basics", "min_score": "0"}],
            "assessment": {"assessment_id": "cert", "pass_mark": "80", "valid_days": 365, "max_attempts": None},
        },
    )
    for stage in TEXTS:
        if stage == "objection_handling":
            forger.happen("stage_opened", stage=stage)
        for person, function in (("ma", "marketing"), ("sa", "sales")):
            forger.ask(person, "sign_off", "signed_off", stage=stage, function=function, digest=digest_of(stage))
        forger.happen("stage_passed", stage=stage)
    forger.happen("stage_opened", stage="training")
    forger.happen("stage_passed", stage="training")
    forger.happen("stage_opened", stage="certification")
    forger.hours = 1
    waiver = forger.ask(
        "en", "request_waiver", "waiver_requested", criterion="certified_share", floor=7_000, expires_at=at(200)
    )
    forger.ask("ex-2", "grant_waiver", "waiver_granted", waiver=waiver)
    forger.happen("stage_waived", stage="certification")
    forger.happen("stage_opened", stage="go_no_go")
    forger.hours = 2
    forger.ask("pm", "open_poll", "poll_opened", also={"seats": ["marketing", "sales"], "closes_at": at(74)})
    ballots = []
    for person, function, stance in (("ma", "marketing", "agree"), ("sa", "sales", "dissent")):
        command = forger.ask(person, "cast_ballot", "ballot_cast", function=function, said={"position": stance})
        ballots.append({"function": function, "stance": stance, "person": person, "at": at(2), "command_id": command})
    forger.happen("poll_closed", ballots=ballots)
    forger.hours = 3
    conditions = [{"id": "k-1", "owner": "en", "due_at": at(50)}]
    decision = len(forger.ledger) + 1
    forger.ask(
        "ex",
        "decide",
        "decision_taken",
        choice="conditional_go",
        also={"launch_at": at(72), "conditions": conditions, "dissents_accepted": ["sales"]},
    )
    forger.hours = 4
    forger.happen("stage_reopened", stage="training")
    forger.happen("region_held", cause="gate-unmet")
    forger.happen("stage_passed", stage="training")
    forger.happen("go_revived", choice="conditional_go", decision_version=decision)
    forger.hours = 5
    forger.ask("en", "meet_condition", "condition_met", condition="k-1", proof_digest=None)
    forger.ask("pm", "reschedule", "region_slipped", launch_at=at(96), wall_clock="later")
    forger.hours = 96.2
    forger.happen("region_launched", launch_at=at(96), decision_version=decision)
    return forger
