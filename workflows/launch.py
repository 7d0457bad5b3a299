"""How does one product's launch run from its plan until every region has ended?"""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.messages import LEDGER_BROKEN, LEDGER_UNKNOWN, LookLaunchRequest, SettleLaunchRequest
    from readiness.commands import AddRegion, HandOver, LaunchCommand, StartLaunch
    from readiness.keys import LaunchKey, RegionKey
    from readiness.launch import Launch, LaunchCause, LaunchSettled, evolve_launch, propose_launch
    from readiness.ledger import LaunchRow, Look, Outcome
    from workflows import ledger, names
    from workflows.alarm import Alarm, Backoff
    from workflows.door import Door, history_is_long
    from workflows.options import CHILD_STARTS_IN_FLIGHT, LOOK_AGAIN_FIRST, LOOK_AGAIN_MOST, REGION_TASK_TIMEOUT
    from workflows.region_launch import RegionLaunchWorkflow


@workflow.defn
class LaunchWorkflow:
    """One product's launch: settles what opens regions, keeps a workflow running for each, ends when all have."""

    @workflow.init
    def __init__(self, key: LaunchKey) -> None:
        self._key = key
        self._launch: Launch | None = None
        self._open_regions: tuple[RegionKey, ...] = ()
        self._ensured: tuple[RegionKey, ...] = ()
        self._must_start = False
        self._has_ended = False
        self._lock = asyncio.Lock()
        self._door = Door()
        self._alarm = Alarm(self.look)
        self._must_look = True
        self._look_again = Backoff(LOOK_AGAIN_FIRST, LOOK_AGAIN_MOST)

    @workflow.run
    async def run(self, key: LaunchKey) -> None:
        """Look when a region has ended, start what is open; end with the last region, or continue as new."""
        if workflow.info().typed_search_attributes.get(names.LAUNCH_PRODUCT) is None:
            workflow.upsert_search_attributes([names.LAUNCH_PRODUCT.value_set(key.product)])
        while not self._has_ended:
            await workflow.wait_condition(
                lambda: self._must_look or self._must_start or self._has_ended or history_is_long()
            )
            if history_is_long() and not self._has_ended:
                await self._door.drain()
                self._alarm.stop()
                workflow.continue_as_new(key)
            if self._must_look:
                await self._look_around()
            if self._must_start:
                await self._start_regions()
        await self._door.drain()
        if self._is_open():
            # A start that was let in just before the door closed: the next run carries it.
            workflow.continue_as_new(key)

    @workflow.update
    async def start(self, command: StartLaunch) -> Outcome:
        """Start the launch; the answer waits for the ledger, not for the regions' workflows."""
        return await self._carry_out(command)

    @workflow.update
    async def add_region(self, command: AddRegion) -> Outcome:
        """Add one region; the answer waits for the ledger, not for the region's workflow."""
        return await self._carry_out(command)

    @workflow.update
    async def hand_over(self, command: HandOver) -> Outcome:
        """Give the launch as a whole to another owner."""
        return await self._carry_out(command)

    @start.validator
    def _door_is_open_to_start(self, command: StartLaunch) -> None:
        self._door.admit(command)

    @add_region.validator
    def _door_is_open_to_add_region(self, command: AddRegion) -> None:
        self._door.admit(command)

    @hand_over.validator
    def _door_is_open_to_hand_over(self, command: HandOver) -> None:
        self._door.admit(command)

    @workflow.signal(name=names.REGION_ENDED)
    def region_ended(self) -> None:
        """Take a hint that a region has ended; the launch looks for itself."""
        self._must_look = True

    @workflow.signal(name=names.LOOK)
    def look(self) -> None:
        """Take a hint that something may have changed."""
        self._must_look = True

    @workflow.query
    def launch(self) -> Launch | None:
        """Return the launch as this run knows it; None until it has read the ledger, or where nothing was started."""
        return self._launch

    async def _carry_out(self, command: LaunchCommand) -> Outcome:
        async with self._lock:
            settled = await self._settle(command)
        if settled.outcome is None:
            raise ApplicationError("The ledger settled a command without an outcome.", type=LEDGER_BROKEN)
        return settled.outcome

    async def _look_around(self) -> None:
        self._must_look = False
        try:
            async with self._lock:
                await self._settle(Look())
        except ApplicationError as error:
            if error.type == LEDGER_UNKNOWN:
                self._end()
                return
            workflow.logger.warning("The ledger gave no answer; looking again later: %s", error.message)
            self._alarm.set(workflow.now() + self._look_again.pause())
            return
        if self._launch is None:
            # Its start was refused, or never asked for: there is nothing to run.
            self._end()

    async def _settle(self, cause: LaunchCause) -> LaunchSettled:
        """Settle `cause` on the ledger; called within the lock. Raises ApplicationError where the ledger does not."""
        while True:
            sight = await ledger.look_launch(LookLaunchRequest(key=self._key, known=self._known, now=workflow.now()))
            self._evolve(sight.rows)
            proposal = propose_launch(
                self._key,
                self._launch,
                cause,
                open_regions=tuple(region.region for region in sight.open_regions),
                now=sight.now,
            )
            settled = await ledger.settle_launch(
                SettleLaunchRequest(
                    key=self._key, known=self._known, cause=cause, proposal=proposal, now=workflow.now()
                )
            )
            self._evolve(settled.rows)
            if not settled.is_behind:
                self._take(settled)
                return settled

    @property
    def _known(self) -> int:
        return self._launch.version if self._launch is not None else 0

    def _evolve(self, rows: Iterable[LaunchRow]) -> None:
        for row in rows:
            if row.version != self._known + 1:
                raise ApplicationError(
                    f"Version {row.version} of {self._key} does not follow on version {self._known}.",
                    type=LEDGER_BROKEN,
                    non_retryable=True,
                )
            self._launch = evolve_launch(self._key, self._launch, row.event)

    def _is_open(self) -> bool:
        return self._launch is not None and self._launch.ended_at is None

    def _take(self, settled: LaunchSettled) -> None:
        self._open_regions = settled.open_regions
        self._ensured = tuple(region for region in self._ensured if region in settled.open_regions)
        self._must_start = any(region not in self._ensured for region in settled.open_regions)
        self._look_again.reset()
        if settled.ended:
            self._end()

    def _end(self) -> None:
        self._door.close()
        self._alarm.stop()
        self._has_ended = True

    async def _start_regions(self) -> None:
        """Have a workflow running for every open region; a crash between the ledger and Temporal heals here."""
        self._must_start = False
        missing = tuple(region for region in self._open_regions if region not in self._ensured)
        in_flight = asyncio.Semaphore(CHILD_STARTS_IN_FLIGHT)
        are_running = await asyncio.gather(*(self._ensure_region(region, in_flight) for region in missing))
        started = tuple(region for region, is_running in zip(missing, are_running, strict=True) if is_running)
        self._ensured = (*self._ensured, *started)
        if len(started) < len(missing):
            self._alarm.set(workflow.now() + self._look_again.pause())

    def _launch_at(self, region: RegionKey) -> datetime | None:
        """Return when the plan has a region launch; None for one that it does not name."""
        planned = self._launch.plan.regions if self._launch is not None else ()
        return next((each.launch_at for each in planned if each.region == region.region), None)

    async def _ensure_region(self, region: RegionKey, in_flight: asyncio.Semaphore) -> bool:
        async with in_flight:
            try:
                await workflow.start_child_workflow(
                    RegionLaunchWorkflow.run,
                    region,
                    id=names.region_launch_id(region.product, region.region),
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    # A region outlives its launch's runs: continuing as new must not end it.
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                    task_timeout=REGION_TASK_TIMEOUT,
                    search_attributes=names.region_attributes(region, self._launch_at(region)),
                )
            except WorkflowAlreadyStartedError:
                return True
            except FailureError as error:
                workflow.logger.warning("Could not start %s; trying again later: %s", region, error)
                return False
        return True
