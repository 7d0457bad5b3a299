"""How does one bulk file get into the database, whatever crashes on the way?"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.imports import GiveUp, ImportActivities
    from store.imports import ImportState
    from workflows.options import ACROSS_THE_STORE_FOR_SURE, LOAD


@workflow.defn
class ImportWorkflow:
    """One bulk file: its progress is in the database, so a load that is tried again goes on where it stopped."""

    @workflow.run
    async def run(self, import_id: str) -> ImportState:
        """Load the file and return how the import ended; a fault of ours is recorded, never swallowed."""
        try:
            return await workflow.execute_activity_method(ImportActivities.load, import_id, **LOAD)
        except ActivityError as error:
            workflow.logger.error("Import %s is given up: %s", import_id, error.cause)
            reason = (
                "The file could not be loaded for a fault on our side. Send it again; if that fails, tell support."
            )
            give_up = GiveUp(import_id=import_id, reason=reason)
            return await workflow.execute_activity_method(
                ImportActivities.give_up, give_up, **ACROSS_THE_STORE_FOR_SURE
            )
