"""Does any worker take the tasks that Temporal hands out?"""

# Temporal says when it was last asked for tasks. Whether that is recent cannot be judged by a clock of ours, which
# may be days away from Temporal's: it is judged by whether the moment moves on.

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from workflows.names import TASK_QUEUE

POLLED_WITHIN = timedelta(seconds=90)
"""A worker without work asks anew each minute; half as long again and it is gone."""

BELIEVED = timedelta(seconds=5)
"""How long a yes is repeated without asking: health is asked for by anyone, and often."""


class NobodyWorks(Exception):  # noqa: N818 - named as what is the case.
    """No worker has asked for tasks for a while: what is asked of workflows waits."""


class Attendance:
    """Remembers when workers were last seen to ask; `ask` returns when, by Temporal's clock, each of them did."""

    def __init__(
        self, ask: Callable[[], Awaitable[list[datetime]]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._latest: datetime | None = None
        self._moved_at = 0.0
        self._believed_until = float("-inf")

    async def check(self) -> None:
        """Raise NobodyWorks unless a worker is known to ask for tasks; raises what `ask` raises.

        A worker that died is missed after POLLED_WITHIN, one that comes is seen at once.
        """
        if self._clock() < self._believed_until:
            return
        latest = max(await self._ask(), default=None)
        now = self._clock()
        if latest is None:
            raise NobodyWorks("no worker asks for tasks")
        if latest != self._latest:
            self._latest, self._moved_at = latest, now
        silent = now - self._moved_at
        if silent > POLLED_WITHIN.total_seconds():
            raise NobodyWorks(f"no worker has asked for tasks for {silent:.0f} seconds")
        self._believed_until = now + BELIEVED.total_seconds()


def attendance_of(client: Client) -> Attendance:
    """Return the attendance at our task queue."""

    async def ask() -> list[datetime]:
        described = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=TASK_QUEUE),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
        return [poller.last_access_time.ToDatetime() for poller in described.pollers]

    return Attendance(ask)
