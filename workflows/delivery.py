"""How is one target told of one thing, for days if need be, and never silently not?"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.deliver import DeliverActivities, DeliveryOrder
    from readiness.delivering import DeliveryState
    from workflows.options import DELIVER


@workflow.defn
class DeliveryWorkflow:
    """One round of tries of one delivery: what is told and to whom lies in the store, only its pauses are here."""

    @workflow.run
    async def run(self, order: DeliveryOrder) -> DeliveryState:
        """Try until it is taken, unwanted or given up, and return how it ended; each try says how long to wait."""
        while True:
            carried = await workflow.execute_activity_method(DeliverActivities.deliver, order, **DELIVER)
            if carried.wait is None:
                return carried.state
            await workflow.sleep(carried.wait)
