"""What is the least that anybody pays for an update, and for children, on the same server and worker settings?"""

# Nothing but Temporal's own package is imported at the top: the sandbox would import all of it again per workflow.

import asyncio
import sys

from temporalio import workflow

TASK_QUEUE = "bare"


@workflow.defn
class BareWorkflow:
    """Waits for ever, and answers every update at once with what it was given."""

    @workflow.run
    async def run(self) -> None:
        """Wait until terminated."""
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def touch(self, number: int) -> int:
        """Return `number`."""
        return number


@workflow.defn
class BareChild:
    """Does its first workflow task, and is done with it."""

    @workflow.run
    async def run(self, number: int) -> int:
        """Return `number`."""
        return number


@workflow.defn
class BareParent:
    """Starts children, all at once, and ends once each of them has done its first workflow task."""

    @workflow.run
    async def run(self, children: int) -> int:
        """Return how many children answered."""
        here = workflow.info().workflow_id
        answers = await asyncio.gather(
            *(
                workflow.execute_child_workflow(BareChild.run, number, id=f"{here}/{number}")
                for number in range(children)
            )
        )
        return len(set(answers))


async def work(address: str) -> None:
    """Run these workflows with the very settings of our worker until cancelled."""
    from bootstrap.temporal import activity_threads, connect, make_worker

    client = await connect(address)
    with activity_threads() as threads:
        bare = make_worker(
            client, (), threads, workflows=(BareWorkflow, BareChild, BareParent), task_queue=TASK_QUEUE
        )
        await bare.run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
