"""What has happened to a made-up region launch that has come so far?"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple

from readiness.canonical import digest
from readiness.commands import Choice, Decide, Hold, RegionCommand, Role, SignOff
from readiness.events import (
    CriteriaJudged,
    DecisionTaken,
    HoldCause,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionLaunchStarted,
    SignedOff,
    StageOpened,
    StagePassed,
)
from readiness.evidence import ContentEvidence, Evidence, Figures
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Accepted, RegionRow
from readiness.policy import LEARNING_STAGES, SIGNED_STAGES, Function, Stage
from readiness.readiness import Readiness
from readiness.region import RegionLaunch
from readiness.rules import evaluate, fold
from readiness.values import Digest
from store.alarms import scope_of
from store.commands import Command, digest_of_command

REASON = "Agreed with the field after the third round of changes"
"""What everybody writes who has to give a reason."""

SIGNERS = ((Function.MARKETING, Role.MARKETING, "marketing-1"), (Function.SALES, Role.SALES_LEAD, "sales-lead-1"))
EXECUTIVE = "executive-1"


class Come(IntEnum):
    """How far a region has come; each step has those before it behind it."""

    STARTED = 0
    MESSAGE_SIGNED = 1
    OBJECTIONS_SIGNED = 2
    TRAINED = 3
    CERTIFIED = 4
    DECIDED_NO = 5
    HELD = 6
    DECIDED_GO = 7
    LAUNCHED = 8


SHARES = {
    Come.STARTED: 10,
    Come.MESSAGE_SIGNED: 10,
    Come.OBJECTIONS_SIGNED: 25,
    Come.TRAINED: 20,
    Come.CERTIFIED: 10,
    Come.DECIDED_NO: 3,
    Come.HELD: 2,
    Come.DECIDED_GO: 10,
    Come.LAUNCHED: 10,
}
"""Of a hundred regions, how many have come how far."""


class History(NamedTuple):
    """One region launch: as folded, the ledger behind it, what was asked of it, and how ready it is."""

    region: RegionLaunch
    rows: tuple[RegionRow, ...]
    asked: tuple[RegionCommand, ...]
    figures: Figures
    readiness: Readiness

    def version_of(self, command: RegionCommand) -> int:
        """Return the version of the event that a command led to."""
        return next(row.version for row in self.rows if row.event.command_id == command.command_id)


def logged(scope: LaunchKey | RegionKey, sequence: int, command: Command, *, version: int) -> dict[str, Any]:
    """Return the row of the command log of a command that was accepted and led to the event of this version."""
    return {
        **scope_of(scope),
        "id": command.command_id,
        "sequence": sequence,
        "kind": command.kind,
        "person": command.person,
        "role": command.role.value,
        "idempotency_key": command.command_id,
        "body": {"reason": REASON},
        "body_digest": digest({"reason": REASON}),
        "command": command.model_dump(mode="json"),
        "command_digest": digest_of_command(command),
        "logged_at": command.logged_at,
        "outcome": Accepted(version=version).model_dump(mode="json"),
        "settled_at": command.logged_at,
    }


def history_of(
    key: RegionKey,
    opening: RegionLaunchStarted,
    contents: tuple[ContentEvidence, ...],
    come: Come,
    *,
    draw: random.Random,
    now: datetime,
) -> History:
    """Return what happened to a region that has `come` so far, from its `opening` on, and how it stands `now`."""
    told = _Telling(key, opening, draw)
    signed = {content.stage: content.digest for content in contents}
    for stage in LEARNING_STAGES[: min(come, Come.CERTIFIED)]:
        if stage in SIGNED_STAGES:
            for function, role, person in SIGNERS:
                told.signs(person, role, stage, function, signed[stage])
        told.passes(stage, contents, told.figures(now, come))
    if come >= Come.DECIDED_NO:
        _decide(told, contents, come, now=now)
    figures = told.figures(now, come)
    return History(told.region, tuple(told.rows), tuple(told.commands), figures, told.readiness(contents, figures))


def _decide(told: "_Telling", contents: tuple[ContentEvidence, ...], come: Come, *, now: datetime) -> None:
    launch_at = told.region.launch_at
    taken_on = told.readiness(contents, told.figures(now, come)).judged()
    choice = Choice.NO_GO if come is Come.DECIDED_NO else Choice.GO
    review_at = now + timedelta(days=7) if choice is Choice.NO_GO else None

    def decided(asked: dict[str, Any]) -> RegionEvent:
        return DecisionTaken(
            **asked, choice=choice, launch_at=launch_at, review_at=review_at, judged=taken_on, gathered_at=asked["at"]
        )

    told.asked_by(EXECUTIVE, Role.EXECUTIVE, Decide, decided, choice=choice, review_at=review_at)
    if come is Come.HELD:
        told.asked_by(
            EXECUTIVE,
            Role.EXECUTIVE,
            Hold,
            lambda asked: RegionHeld(**asked, cause=HoldCause.PERSON, review_at=now + timedelta(days=7)),
            review_at=now + timedelta(days=7),
        )
    if come is Come.LAUNCHED:
        version = told.region.version
        told.by_itself(lambda at: RegionLaunched(at=at, launch_at=launch_at, decision_version=version))


class _Telling:
    """Tells a history an hour at a time, folding as it goes."""

    def __init__(self, key: RegionKey, opening: RegionLaunchStarted, draw: random.Random) -> None:
        self.rows: list[RegionRow] = []
        self.commands: list[RegionCommand] = []
        self._key = key
        self._draw = draw
        self._at = opening.at
        self._folded: RegionLaunch | None = None
        self._happened(opening)

    @property
    def region(self) -> RegionLaunch:
        assert self._folded is not None
        return self._folded

    def asked_by(
        self,
        person: str,
        role: Role,
        kind: Callable[..., RegionCommand],
        event: Callable[[dict[str, Any]], RegionEvent],
        **said: Any,
    ) -> None:
        self._at += timedelta(hours=1)
        command_id = f"{self._key.product}-{self._key.region}-{len(self.commands) + 1}"
        command = kind(
            command_id=command_id,
            person=person,
            role=role,
            logged_at=self._at,
            reason_digest=digest(REASON),
            **said,
        )
        self.commands.append(command)
        document = digest(command.model_dump(mode="json"))
        asked = {"at": self._at, "person": person, "command_id": command_id, "command_digest": document}
        self._happened(event(asked))

    def signs(self, person: str, role: Role, stage: Stage, function: Function, signed: Digest) -> None:
        said = {"stage": stage, "function": function, "digest": signed}

        def event(asked: dict[str, Any]) -> RegionEvent:
            return SignedOff.model_validate(said | asked)

        self.asked_by(person, role, SignOff, event, **said)

    def passes(self, stage: Stage, contents: tuple[ContentEvidence, ...], figures: Figures) -> None:
        judged = self.readiness(contents, figures).judged()
        following = tuple(Stage)[tuple(Stage).index(stage) + 1]
        self.by_itself(lambda at: CriteriaJudged(at=at, judged=judged))
        self.by_itself(lambda at: StagePassed(at=at, stage=stage))
        self.by_itself(lambda at: StageOpened(at=at, stage=following))

    def by_itself(self, event: Callable[[datetime], RegionEvent]) -> None:
        self._at += timedelta(minutes=5)
        self._happened(event(self._at))

    def readiness(self, contents: tuple[ContentEvidence, ...], figures: Figures) -> Readiness:
        evidence = Evidence(launch_at=self.region.launch_at, figures=figures, contents=contents)
        return evaluate(self.region.policy, evidence, self.region, at=figures.at)

    def figures(self, now: datetime, come: Come) -> Figures:
        """Return figures such as a region has that has `come` so far, judged as of its launch instant or now."""
        audience = self._draw.randint(40, 400)
        trained = (
            audience - self._draw.randint(0, 3) if come >= Come.TRAINED else self._draw.randint(0, audience // 2)
        )
        certified = min(trained, audience - 3) if come >= Come.CERTIFIED else trained // self._draw.randint(2, 6)
        return Figures(
            at=max(self.region.launch_at, now),
            gathered_at=now,
            revision=1,
            audience=audience,
            started=trained,
            trained=trained,
            certified=certified,
            completions=trained * 3,
            completions_recent=trained // 2,
            certified_recent=certified // 3,
            last_completion_at=now - timedelta(hours=self._draw.randint(1, 90)),
            last_attempt_at=now - timedelta(hours=self._draw.randint(1, 90)),
        )

    def _happened(self, event: RegionEvent) -> None:
        row = RegionRow(version=len(self.rows) + 1, event=event)
        self._folded = fold(self._key, self._folded, (row,))
        self.rows.append(row)
