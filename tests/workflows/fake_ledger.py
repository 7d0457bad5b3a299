"""What does a ledger in memory answer to workflows, and how does it fail?"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ledger import at_once, no_answer
from activities.messages import (
    COMMAND_FORGED,
    LEDGER_BEHIND,
    LEDGER_UNKNOWN,
    CarryOutRequest,
    LaunchRequest,
    LookLaunchRequest,
    LookRequest,
    SettleLaunchRequest,
    SettleRequest,
)
from readiness import rules
from readiness.commands import LaunchCommand, RegionCommand
from readiness.events import RegionEvent, RegionLaunched
from readiness.evidence import Evidence
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch, LaunchSettled, LaunchSight, evolve_launch
from readiness.ledger import (
    Accepted,
    LaunchAnswer,
    LaunchDenied,
    Launched,
    LaunchRefused,
    LaunchRow,
    Look,
    NotNow,
    Outcome,
    Refused,
    RegionRow,
    Settled,
    Sight,
)
from readiness.refusals import Refusal
from readiness.region import RegionLaunch
from tests.readiness.builders import World

PATIENCE = timedelta(seconds=20)
"""How long a test waits for something that happens in milliseconds, before it fails."""


@dataclass
class Faults:
    """What goes wrong next; counters run down to 0."""

    away: bool = False
    """Nobody answers, and nothing happens."""
    lost_answers: int = 0
    """What was asked happens, but nobody hears of it."""
    not_now: int = 0
    """The launch transaction cannot tell yet."""
    behind: bool = False
    """The database was restored from a day before."""
    objections: tuple[str, ...] = ()
    """What the launch transaction finds, whatever the facts say."""


@dataclass
class FakeLedger:
    """Holds the ledger, the command log and the facts; judges by a clock that follows the workflows'."""

    clock: datetime
    worlds: dict[str, World] = field(default_factory=dict)
    """The facts of each region, by its name."""
    faults: Faults = field(default_factory=Faults)
    rows: dict[RegionKey, list[RegionRow]] = field(default_factory=lambda: defaultdict(list))
    launch_rows: dict[LaunchKey, list[LaunchRow]] = field(default_factory=lambda: defaultdict(list))
    log: dict[str, tuple[RegionKey | LaunchKey, RegionCommand | LaunchCommand]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    forged: list[str] = field(default_factory=list)
    launched: list[RegionKey] = field(default_factory=list)
    """The launch records."""
    looks: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def region(self, key: RegionKey) -> RegionLaunch:
        """Return the region as its ledger tells."""
        region = rules.fold(key, None, self.rows[key])
        assert region is not None
        return region

    def launch_as_a_whole(self, key: LaunchKey) -> Launch | None:
        """Return the launch as its ledger tells."""
        launch: Launch | None = None
        for row in self.launch_rows[key]:
            launch = evolve_launch(key, launch, row.event)
        return launch

    def types(self, key: RegionKey) -> list[str]:
        """Return the types of a region's events, oldest first."""
        return [row.event.type for row in self.rows[key]]

    def authenticate(self, key: RegionKey | LaunchKey, command: RegionCommand | LaunchCommand) -> None:
        """Write a command to the command log, as the door does."""
        with self._changed:
            self.log[command.command_id] = (key, command)

    def begin(self, key: RegionKey, event: RegionEvent) -> None:
        """Write the first event of a region launch."""
        with self._changed:
            self.rows[key].append(RegionRow(version=1, event=event))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; fails after `PATIENCE`."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE.total_seconds()), "it did not come about"

    @activity.defn
    def carry_out(self, request: CarryOutRequest) -> Settled:
        """Look, propose and settle at once."""
        return at_once(request, look=self.look, settle=self.settle)

    @activity.defn
    def look(self, request: LookRequest) -> Sight:
        """Return what a region sees."""
        with self._changed:
            self.looks += 1
            self._changed.notify_all()
            self._answer(request.now)
            rows = self._rows_after(request.key, request.known)
            return Sight(rows=rows, evidence=self._evidence(request.key, request.launch_at), now=self.clock)

    @activity.defn
    def settle(self, request: SettleRequest) -> Settled:
        """Settle one cause of a region."""
        with self._changed:
            self._answer(request.now)
            command = None if isinstance(request.cause, Look | LaunchRefused) else request.cause
            if command is not None:
                self._authenticate(request.key, command)
            missing = self._rows_after(request.key, request.known)
            outcome = self.outcomes.get(command.command_id) if command is not None else None
            bearings = rules.bearings(self.region(request.key), now=self.clock)
            if outcome is not None:
                return Settled(rows=missing, outcome=outcome, bearings=bearings)
            if missing:
                return Settled(rows=missing, is_behind=True, bearings=bearings)
            written = tuple(self._append(request.key, event) for event in request.proposal.events)
            if command is not None:
                outcome = self._outcome(len(self.rows[request.key]), request.proposal.refusal)
                self.outcomes[command.command_id] = outcome
            self._changed.notify_all()
            self._lose_the_answer()
            bearings = rules.bearings(self.region(request.key), now=self.clock)
            return Settled(rows=written, outcome=outcome, bearings=bearings)

    @activity.defn
    def launch(self, request: LaunchRequest) -> LaunchAnswer:
        """Launch a region, or say why not."""
        with self._changed:
            self._answer(request.now)
            key = request.key
            region = self.region(key)
            if self.faults.not_now:
                self.faults.not_now -= 1
                return NotNow(reason="a command is open")
            if key not in self.launched:
                if region.version != request.known or self.clock < region.launch_at:
                    return NotNow(reason="the ledger is ahead, or the instant has not come")
                objections = self.faults.objections or self._objections(region)
                if objections:
                    return LaunchDenied(objections=objections)
                assert region.decision is not None
                self.launched.append(key)
                self._append(
                    key,
                    RegionLaunched(
                        at=self.clock, launch_at=region.launch_at, decision_version=region.decision.version
                    ),
                )
                self._changed.notify_all()
                self._lose_the_answer()
            bearings = rules.bearings(self.region(key), now=self.clock)
            return Launched(rows=self._rows_after(key, request.known), bearings=bearings)

    @activity.defn
    def look_launch(self, request: LookLaunchRequest) -> LaunchSight:
        """Return what a launch as a whole sees."""
        with self._changed:
            self._answer(request.now)
            rows = tuple(self.launch_rows[request.key][request.known :])
            return LaunchSight(rows=rows, open_regions=self._open_regions(request.key.product), now=self.clock)

    @activity.defn
    def settle_launch(self, request: SettleLaunchRequest) -> LaunchSettled:
        """Settle one cause of a launch as a whole."""
        with self._changed:
            self._answer(request.now)
            command = None if isinstance(request.cause, Look) else request.cause
            if command is not None:
                self._authenticate(request.key, command)
            rows = tuple(self.launch_rows[request.key][request.known :])
            outcome = self.outcomes.get(command.command_id) if command is not None else None
            if outcome is None and rows:
                return self._launch_settled(request.key, rows, is_behind=True)
            if outcome is None:
                for event in request.proposal.events:
                    version = len(self.launch_rows[request.key]) + 1
                    self.launch_rows[request.key].append(LaunchRow(version=version, event=event))
                for opening in request.proposal.openings:
                    runs = [key.run for key in self.rows if key.region == opening.plan.region]
                    key = RegionKey(product=opening.product, region=opening.plan.region, run=max(runs, default=0) + 1)
                    self.rows[key].append(RegionRow(version=1, event=opening))
                if command is not None:
                    outcome = self._outcome(len(self.launch_rows[request.key]), request.proposal.refusal)
                    self.outcomes[command.command_id] = outcome
                self._changed.notify_all()
                self._lose_the_answer()
            return self._launch_settled(
                request.key, tuple(self.launch_rows[request.key][request.known :]), outcome=outcome
            )

    def _answer(self, workflow_now: datetime) -> None:
        if self.faults.away:
            raise no_answer("nobody answers")
        self.clock = max(self.clock, workflow_now)

    def _lose_the_answer(self) -> None:
        if self.faults.lost_answers:
            self.faults.lost_answers -= 1
            raise no_answer("the line broke")

    def _authenticate(self, key: RegionKey | LaunchKey, command: RegionCommand | LaunchCommand) -> None:
        if self.log.get(command.command_id) != (key, command):
            self.forged.append(command.command_id)
            self._changed.notify_all()
            raise ApplicationError("the log has no such command", type=COMMAND_FORGED, non_retryable=True)

    def _rows_after(self, key: RegionKey, known: int) -> tuple[RegionRow, ...]:
        rows = self.rows.get(key, [])
        if not rows:
            raise ApplicationError(f"no {key}", type=LEDGER_UNKNOWN, non_retryable=True)
        if self.faults.behind and known:
            raise ApplicationError(f"{key} ended before {known}", type=LEDGER_BEHIND, non_retryable=True)
        return tuple(rows[known:])

    def _append(self, key: RegionKey, event: RegionEvent) -> RegionRow:
        row = RegionRow(version=len(self.rows[key]) + 1, event=event.model_copy(update={"at": self.clock}))
        self.rows[key].append(row)
        return row

    def _outcome(self, version: int, refusal: Refusal | None) -> Outcome:
        return Refused(refusal=refusal) if refusal is not None else Accepted(version=version)

    def _evidence(self, key: RegionKey, launch_at: datetime | None) -> Evidence:
        world = self.worlds.get(key.region, World()).but(now=self.clock)
        return world.evidence(launch_at=launch_at or self.region(key).launch_at)

    def _objections(self, region: RegionLaunch) -> tuple[str, ...]:
        evidence = self._evidence(region.key, None)
        return rules.why_not_launch(region, evidence, at=evidence.figures.at)

    def _open_regions(self, product: str) -> tuple[RegionKey, ...]:
        return tuple(key for key in self.rows if key.product == product and self.region(key).ending is None)

    def _launch_settled(
        self, key: LaunchKey, rows: tuple[LaunchRow, ...], *, outcome: Outcome | None = None, is_behind: bool = False
    ) -> LaunchSettled:
        launch = self.launch_as_a_whole(key)
        return LaunchSettled(
            rows=rows,
            open_regions=self._open_regions(key.product),
            is_behind=is_behind,
            outcome=outcome,
            ended=launch is not None and launch.ended_at is not None,
        )
