"""How does one bulk file get loaded, however often the worker dies meanwhile?"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.imports import GiveUp, ImportActivities
    from store.imports import ImportState
    from workflows.options import GIVE_UP, LOAD


@workflow.defn
class ImportWorkflow:
    """One bulk file: loaded to its end, refused, or given up loudly; its progress is in the database."""

    @workflow.run
    async def run(self, import_id: str) -> ImportState:
        """Load the file and return how the import ended."""
        try:
            return await workflow.execute_activity_method(ImportActivities.load, import_id, **LOAD)
        except ActivityError as error:
            reason = f"Loading the file broke off: {error.cause}"
            request = GiveUp(import_id=import_id, reason=reason)
            return await workflow.execute_activity_method(ImportActivities.give_up, request, **GIVE_UP)
