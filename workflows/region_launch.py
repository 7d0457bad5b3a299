"""How does one region's launch run from its first stage to its end?"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate, WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.ledger import LedgerActivities
    from activities.messages import (
        GREATEST_SKEW,
        LEDGER_BROKEN,
        LEDGER_UNKNOWN,
        OTHER_RUN,
        STORE_AWAY,
        STORE_PATIENCE,
        CarryOutRequest,
        LaunchRequest,
        LookRequest,
        SettleRequest,
    )
    from readiness import rules
    from readiness.commands import RegionCommand, Reschedule
    from readiness.keys import RegionKey, ReinforcementKey
    from readiness.ledger import (
        Bearings,
        Cause,
        LaunchAnswer,
        LaunchDenied,
        Launched,
        LaunchRefused,
        Look,
        NotNow,
        Outcome,
        RegionRow,
        Settled,
    )
    from readiness.region import RegionLaunch
    from workflows import ledger, names
    from workflows.alarm import Alarm, Backoff
    from workflows.door import Door, history_is_long
    from workflows.options import (
        CONTINUE_AFTER_EVENTS,
        LAUNCH,
        LAUNCH_AGAIN_FIRST,
        LAUNCH_AGAIN_MOST,
        LOOK_AGAIN_FIRST,
        LOOK_AGAIN_MOST,
        REGION_CONTINUES_AFTER_EVENTS,
    )
    from workflows.region_updates import RegionUpdates
    from workflows.reinforcement import ReinforcementWorkflow


AT_ONCE = "look, propose and settle at once"
"""The change by which a region moves with one local activity instead of two, sets no timer while it launches, and
ends every history below 500 events. Runs that began before it go on as they did until they continue as new."""


@workflow.defn
class RegionLaunchWorkflow(RegionUpdates):
    """One region launch: proposes with the core, moves only with what the ledger returned, launches at one place."""

    @workflow.init
    def __init__(self, key: RegionKey) -> None:
        self._key = key
        self._at_once = workflow.patched(AT_ONCE)
        self._region: RegionLaunch | None = None
        self._bearings: Bearings | None = None
        self._lock = asyncio.Lock()
        self._door = Door()
        self._alarm = Alarm(self.look)
        self._must_look = True
        self._away_at: datetime | None = None
        self._look_again = Backoff(LOOK_AGAIN_FIRST, LOOK_AGAIN_MOST)
        self._launch_again = Backoff(LAUNCH_AGAIN_FIRST, LAUNCH_AGAIN_MOST)

    @workflow.run
    async def run(self, key: RegionKey) -> None:
        """Look whenever something may have changed, launch when that is due; end with the region."""
        while not self._has_ended():
            await workflow.wait_condition(lambda: self._must_look or self._has_ended() or self._is_long())
            if self._is_long() and not self._has_ended():
                await self._door.drain()
                self._alarm.stop()
                workflow.continue_as_new(key)
            if self._must_look:
                await self._look_and_launch()
        await self._door.drain()
        if self._bearings is not None and self._bearings.owes:
            await self._have_it_kept_up()
        elif self._region is not None and rules.standing_conditions(self._region):
            await self._hint_reinforcement()
        await self._tell_the_launch()

    @workflow.signal(name=names.LOOK)
    def look(self) -> None:
        """Take a hint that something may have changed; it carries no figures, the region looks for itself."""
        self._must_look = True

    @workflow.query
    def region_launch(self) -> RegionLaunch | None:
        """Return the region as this run knows it; None until it has read the ledger."""
        return self._region

    @workflow.query
    def bearings(self) -> Bearings | None:
        """Return what this run sets its timer, its search attributes and its next step by."""
        return self._bearings

    async def _carry_out(self, command: RegionCommand) -> Outcome:
        asked_at = workflow.now()
        async with self._lock:
            if self._away_at is not None and asked_at <= self._away_at - STORE_PATIENCE:
                # Those who waited in line while others waited for the store are not made to wait as long again.
                raise ApplicationError("The store is away.", type=STORE_AWAY, non_retryable=True)
            try:
                settled = await self._settle(command)
            except ApplicationError as error:
                if error.type == STORE_AWAY:
                    self._away_at = workflow.now()
                elif error.type == OTHER_RUN:
                    # It is meant for the next run of a region that ended without this run's knowledge.
                    self._must_look = True
                raise
        if settled.bearings.launch_is_due:
            self._must_look = True
        if settled.outcome is None:
            raise ApplicationError("The ledger settled a command without an outcome.", type=LEDGER_BROKEN)
        return settled.outcome

    async def _settle(self, cause: Cause) -> Settled:
        """Settle `cause` on the ledger; called within the lock. Raises ApplicationError where the ledger does not."""
        if not self._at_once:
            return await self._settle_in_two_steps(cause)
        while True:
            settled = await ledger.carry_out(
                CarryOutRequest(key=self._key, region=self._region, cause=cause, now=workflow.now())
            )
            self._evolve(settled.rows)
            if not settled.is_behind:
                self._take(settled.bearings)
                return settled

    async def _settle_in_two_steps(self, cause: Cause) -> Settled:
        """Settle as runs do that began before looking, proposing and settling became one local activity."""
        while True:
            sight = await ledger.look(
                LookRequest(
                    key=self._key,
                    known=self._known,
                    launch_at=cause.launch_at if isinstance(cause, Reschedule) else None,
                    now=workflow.now(),
                )
            )
            if abs(sight.now - workflow.now()) > GREATEST_SKEW:
                workflow.logger.warning("The store's clock says %s, Temporal's %s", sight.now, workflow.now())
            region = self._evolve(sight.rows)
            proposal = rules.propose(region, cause, evidence=sight.evidence, now=sight.now)
            settled = await ledger.settle(
                SettleRequest(
                    key=self._key,
                    known=region.version,
                    cause=cause,
                    proposal=proposal,
                    evidence=sight.evidence,
                    now=workflow.now(),
                )
            )
            self._evolve(settled.rows)
            if not settled.is_behind:
                self._take(settled.bearings)
                return settled

    @property
    def _known(self) -> int:
        return self._region.version if self._region is not None else 0

    def _evolve(self, rows: Iterable[RegionRow]) -> RegionLaunch:
        try:
            self._region = rules.fold(self._key, self._region, rows)
        except ValueError as error:
            raise ApplicationError(str(error), type=LEDGER_BROKEN, non_retryable=True) from error
        if self._region is None:
            raise ApplicationError(f"No ledger knows {self._key}.", type=LEDGER_UNKNOWN, non_retryable=True)
        return self._region

    def _take(self, bearings: Bearings) -> None:
        """Set door, timer and search attributes by what the ledger said."""
        self._bearings = bearings
        self._away_at = None
        self._look_again.reset()
        self._show(bearings)
        if bearings.ended:
            self._door.close()
            self._alarm.stop()
        elif bearings.launch_is_due and self._at_once:
            # It is asked for next, and the answer says when to look again: a timer until then would be for nothing.
            self._alarm.stop()
        elif bearings.due_at is None or bearings.due_at > workflow.now():
            self._alarm.set(bearings.due_at)
        else:
            # The store's clock lags behind the one of the timer that rang.
            self._alarm.set(workflow.now() + self._launch_again.pause())

    def _show(self, bearings: Bearings) -> None:
        shown = workflow.info().typed_search_attributes
        updates: list[SearchAttributeUpdate[Any]] = []
        for keyword, value in (
            (names.LAUNCH_PRODUCT, self._key.product),
            (names.LAUNCH_REGION, self._key.region),
            (names.LAUNCH_STAGE, bearings.stage.value),
            (names.LAUNCH_VERDICT, bearings.verdict.value),
        ):
            if shown.get(keyword) != value:
                updates.append(keyword.value_set(value))
        if shown.get(names.LAUNCH_AT) != bearings.launch_at:
            updates.append(names.LAUNCH_AT.value_set(bearings.launch_at))
        if updates:
            workflow.upsert_search_attributes(updates)

    def _is_long(self) -> bool:
        after_events = REGION_CONTINUES_AFTER_EVENTS if self._at_once else CONTINUE_AFTER_EVENTS
        return history_is_long(after_events=after_events)

    def _has_ended(self) -> bool:
        return self._bearings is not None and self._bearings.ended

    async def _look_and_launch(self) -> None:
        """Look, and launch if that is due; where either gets no answer, look again after a pause, lock released."""
        self._must_look = False
        try:
            async with self._lock:
                settled = await self._settle(Look())
                not_now = await self._launch() if settled.bearings.launch_is_due else None
        except ApplicationError as error:
            if error.type == LEDGER_UNKNOWN:
                # Nothing to run, and nothing lost: whoever starts the region writes its ledger first.
                await self._door.drain()
                raise
            self._away_at = workflow.now()
            workflow.logger.warning("The ledger gave no answer; looking again later: %s", error.message)
            self._alarm.set(workflow.now() + self._look_again.pause())
            return
        if not_now is not None:
            workflow.logger.info("Not launched yet: %s", not_now.reason)
            self._alarm.set(workflow.now() + self._launch_again.pause())

    async def _launch(self) -> NotNow | None:
        """Ask the launch transaction, the second key, and carry out its answer; called within the lock."""
        answer = await self._ask_to_launch()
        match answer:
            case Launched():
                self._evolve(answer.rows)
                self._take(answer.bearings)
            case LaunchDenied():
                await self._settle(LaunchRefused(objections=answer.objections))
            case NotNow():
                return answer
            case _:
                assert_never(answer)
        return None

    async def _ask_to_launch(self) -> LaunchAnswer:
        request = LaunchRequest(key=self._key, known=self._known, now=workflow.now())
        try:
            return await workflow.execute_activity_method(LedgerActivities.launch, request, **LAUNCH)
        except ActivityError as error:
            # It may have launched before the answer was lost: the next look tells.
            return NotNow(reason=f"the launch transaction gave no answer: {error.cause}")

    async def _have_it_kept_up(self) -> None:
        """See that what is still owed after the launch is kept up, and that whoever keeps it up looks anew."""
        key = ReinforcementKey(product=self._key.product, region=self._key.region, run=self._key.run)
        try:
            await workflow.start_child_workflow(
                ReinforcementWorkflow.run,
                key,
                id=names.reinforcement_id(key.product, key.region),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                search_attributes=names.region_attributes(key),
            )
        except WorkflowAlreadyStartedError:
            await self._hint_reinforcement()
        except FailureError as error:
            workflow.logger.warning("Nothing keeps up %s yet; the watch will see to it: %s", key, error)

    async def _hint_reinforcement(self) -> None:
        workflow_id = names.reinforcement_id(self._key.product, self._key.region)
        try:
            await workflow.get_external_workflow_handle(workflow_id).signal(names.LOOK)
        except FailureError:
            workflow.logger.info("Nothing is kept up for %s any more", self._key)

    async def _tell_the_launch(self) -> None:
        launch = workflow.get_external_workflow_handle(names.launch_id(self._key.product))
        try:
            await launch.signal(names.REGION_ENDED)
        except FailureError:
            workflow.logger.info("No launch of %s is running to be told that %s ended", self._key.product, self._key)
