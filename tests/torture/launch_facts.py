"""What had people learned, what did a region say and what did its workflow answer, by the exported rows alone?"""

# Written from the rule book: neither the core nor the store is imported, so that their mistakes excuse nothing.

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

Row = Mapping[str, Any]
"""A row as it was exported, or a document in it."""

_SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)
_SAID = {
    "value_propositions": ("statement", "proof_points", "buying_group", "economic_value", "advantages"),
    "objection_handling": ("objection", "answer", "rank"),
}


class Count(NamedTuple):
    """So many of so many, and the share that is asked for in ten-thousandths."""

    reached: int
    of: int
    required: int

    def is_met(self, share: int | None = None) -> bool:
        """Say whether `share`, or what is asked for, is reached; of nobody nothing is."""
        return self.of > 0 and self.reached * 10_000 >= (self.required if share is None else share) * self.of


class Answer(NamedTuple):
    """What a workflow answered to a command, as its history tells."""

    command: Row
    outcome: Row


def digest(document: object) -> str:
    """Return the digest of the canonical JSON of a document without fractions (RFC 8785)."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def moment(text: str) -> datetime:
    """Return the moment that was written down."""
    return datetime.fromisoformat(text)


class Facts:
    """What was known when a region launched: whatever was committed later than `known_at` is not looked at."""

    def __init__(self, rows: Mapping[str, Sequence[Row]], start: Row, *, known_at: datetime) -> None:
        if rows["audience"]:
            raise ValueError("no audience is named here")
        self._start = start
        self._region: str = start["plan"]["region"]
        self._roster: dict[str, list[Row]] = defaultdict(list)
        for row in rows["roster"]:
            if moment(row["imported_at"]) <= known_at:
                self._roster[row["person_id"]].append(row)
        self._completions = _standing(rows["completions"], "course_id", "completed_at", known_at)
        self._attempts = _standing(rows["attempts"], "assessment_id", "attempted_at", known_at)
        self._texts = [row for row in rows["content"] if moment(row["at"]) <= known_at]
        if not all(row["material"] for row in self._texts):
            raise ValueError("every edit is material here")

    def counts(self, at: datetime) -> dict[str, Count]:
        """Return every share that the policy asks for, seen from `at`."""
        policy = self._start["policy"]
        audience = [person for person in self._roster if self._belongs(person, at)]
        trained = {person: since for person in audience if (since := self._trained_at(person, at)) is not None}
        certified = [person for person, since in trained.items() if self._is_certified(person, since, at)]
        asked = policy["objection_handling"]
        top = self._ranked()[: asked["top_objections"]]
        answered = sum(bool((entry.get("answer") or "").strip()) for entry in top)
        return {
            "objections_answered": Count(answered, asked["top_objections"], asked["answered_share"]),
            "training_completion": Count(len(trained), len(audience), policy["training"]["required_share"]),
            "certified_share": Count(len(certified), len(audience), policy["certification"]["required_share"]),
        }

    def is_stated(self) -> bool:
        """Say whether every segment that the policy names has a statement."""
        said = self._said("value_propositions")
        return all(
            (said.get(segment, {}).get("statement") or "").strip()
            for segment in self._start["policy"]["value_propositions"]["segments"]
        )

    def digest_of(self, stage: str) -> str:
        """Return the digest of what the region says at a signed stage."""
        if stage == "value_propositions":
            said = self._said(stage)
            entries = [{"key": key, **said[key]} for key in sorted(said)]
        else:
            entries = self._ranked()
        return digest({"stage": stage, "entries": entries})

    def _ranked(self) -> list[dict[str, Any]]:
        said = self._said("objection_handling")
        ranked = [{"key": key, **entry} for key, entry in said.items() if entry.get("rank") is not None]
        return sorted(ranked, key=lambda entry: (entry["rank"], entry["key"]))

    def _said(self, stage: str) -> dict[str, dict[str, Any]]:
        latest: dict[tuple[str, str], Row] = {}
        for row in sorted(self._texts, key=lambda row: int(row["revision"])):
            if row["stage"] == stage and row["region"] in ("", self._region):
                latest[row["region"], row["key"]] = row
        said: dict[str, dict[str, Any]] = {}
        for (_, key), row in sorted(latest.items()):
            if not row["withdrawn"]:
                said[key] = {name: row["body"][name] for name in _SAID[stage] if row["body"].get(name)}
        return said

    def _belongs(self, person: str, at: datetime) -> bool:
        entries = self._roster[person]
        first = min(entry["ordinal"] for entry in entries)

        def begins(entry: Row) -> tuple[datetime, int, int]:
            if entry["effective_at"] is not None:
                return moment(entry["effective_at"]), entry["ordinal"], entry["place"]
            since = _SINCE_EVER if entry["ordinal"] == first else moment(entry["imported_at"])
            return since, entry["ordinal"], entry["place"]

        held = max((entry for entry in entries if begins(entry)[0] <= at), key=begins, default=None)
        functions = self._start["policy"]["training"]["functions"]
        return (
            held is not None and held["active"] and held["region"] == self._region and held["function"] in functions
        )

    def _trained_at(self, person: str, at: datetime) -> datetime | None:
        firsts: list[datetime] = []
        for course in self._start["courses"]:
            done = [
                moment(row["completed_at"])
                for row in self._completions[person]
                if row["course_id"] == course["course_id"] and moment(row["completed_at"]) <= at
                if Decimal(row["score"] or 0) >= Decimal(course["min_score"])
            ]
            if not done:
                return None
            firsts.append(min(done))
        return max(firsts, default=None)

    def _is_certified(self, person: str, trained_at: datetime, at: datetime) -> bool:
        asked = self._start["assessment"]
        if asked["max_attempts"] is not None:
            raise ValueError("attempts are not numbered here")
        life = timedelta(days=asked["valid_days"]) if asked["valid_days"] is not None else timedelta(days=36_500)
        return any(
            row["assessment_id"] == asked["assessment_id"]
            and Decimal(row["score"]) >= Decimal(asked["pass_mark"])
            and trained_at <= moment(row["attempted_at"]) <= at < moment(row["attempted_at"]) + life
            for row in self._attempts[person]
        )


def _standing(rows: Iterable[Row], item: str, when: str, known_at: datetime) -> dict[str, list[Row]]:
    """Return, by person, what the latest import known by then says of each completion or attempt."""
    latest: dict[tuple[str, str, str], Row] = {}
    for row in sorted(rows, key=lambda row: int(row["ordinal"])):
        if moment(row["imported_at"]) <= known_at:
            latest[row["person_id"], row[item], row[when]] = row
    standing: dict[str, list[Row]] = defaultdict(list)
    for (person, _, _), row in latest.items():
        if not row["void"]:
            standing[person].append(row)
    return standing


def answers(histories: Iterable[str]) -> Iterator[Answer]:
    """Yield what the workflows of these exported histories answered to commands, refusals included."""
    for history in histories:
        asked: dict[str, Row] = {}
        for event in json.loads(history)["events"]:
            if (accepted := event.get("workflowExecutionUpdateAcceptedEventAttributes")) is not None:
                asked[accepted["protocolInstanceId"]] = _payload(accepted["acceptedRequest"]["input"]["args"])
                continue
            done = event.get("workflowExecutionUpdateCompletedEventAttributes")
            if done is not None and "success" in done["outcome"]:
                yield Answer(asked[done["meta"]["updateId"]], _payload(done["outcome"]["success"]))


def launches_asked(histories: Iterable[str]) -> Iterator[tuple[Row, Row | None]]:
    """Yield what the workflows asked the launch transaction, and its answer; None where that was lost."""
    for history in histories:
        asked: dict[str, Row] = {}
        answered: dict[str, Row] = {}
        for event in json.loads(history)["events"]:
            if (scheduled := event.get("activityTaskScheduledEventAttributes")) is not None:
                if scheduled["activityType"]["name"] == "launch":
                    asked[event["eventId"]] = _payload(scheduled["input"])
            elif (done := event.get("activityTaskCompletedEventAttributes")) is not None:
                answered[done["scheduledEventId"]] = _payload(done["result"]) if "result" in done else {}
        yield from ((request, answered.get(number)) for number, request in asked.items())


def _payload(payloads: Row) -> Row:
    (payload,) = payloads["payloads"]
    document: Row = json.loads(base64.b64decode(payload["data"]))
    return document
