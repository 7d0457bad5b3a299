"""What is kept up after a region has launched, until nothing is owed any more?"""

# People act through the region launch's own updates, in a short run of it that settles on the ledger and then hints
# this workflow. So this one only waits: for a hint, and for what falls due.

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.messages import LEDGER_BROKEN, STORE_AWAY, CarryOutRequest
    from readiness import rules
    from readiness.keys import ReinforcementKey
    from readiness.ledger import Look, Settled
    from readiness.region import RegionLaunch
    from workflows import ledger
    from workflows.alarm import Alarm, Backoff
    from workflows.door import history_is_long
    from workflows.options import LOOK_AGAIN_FIRST, LOOK_AGAIN_MOST


@workflow.defn
class ReinforcementWorkflow:
    """One region launch after its launch: says what was missed, and suspends the permit where that goes on."""

    @workflow.init
    def __init__(self, key: ReinforcementKey) -> None:
        self._key = key.of_region()
        self._region: RegionLaunch | None = None
        self._must_look = True
        self._alarm = Alarm(self.look)
        self._look_again = Backoff(LOOK_AGAIN_FIRST, LOOK_AGAIN_MOST)

    @workflow.run
    async def run(self, key: ReinforcementKey) -> None:
        """Look whenever something may have changed or falls due; end once nothing is owed."""
        owes = True
        while owes:
            await workflow.wait_condition(lambda: self._must_look)
            if history_is_long():
                self._alarm.stop()
                workflow.continue_as_new(key)
            self._must_look = False
            try:
                settled = await self._look()
            except ApplicationError as error:
                if error.type != STORE_AWAY:
                    raise
                self._alarm.set(workflow.now() + self._look_again.pause())
                continue
            self._look_again.reset()
            self._alarm.set(settled.bearings.due_at)
            owes = settled.bearings.owes
        self._alarm.stop()

    @workflow.signal
    def look(self) -> None:
        """Take a hint that something may have changed."""
        self._must_look = True

    async def _look(self) -> Settled:
        while True:
            request = CarryOutRequest(key=self._key, region=self._region, cause=Look(), now=workflow.now())
            settled = await ledger.carry_out(request)
            try:
                self._region = rules.fold(self._key, self._region, settled.rows)
            except ValueError as error:
                raise ApplicationError(str(error), type=LEDGER_BROKEN, non_retryable=True) from error
            if not settled.is_behind:
                return settled
