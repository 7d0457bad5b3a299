"""How patient is each kind of activity?"""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from activities.messages import STORE_PATIENCE
from workflows.names import DELIVERY_QUEUE

REGION_TASK_TIMEOUT = timedelta(seconds=5)
"""A region's task that a dead worker holds is given to another after this; the default of ten is felt by people."""

ACROSS_THE_STORE = LocalActivityConfig(
    start_to_close_timeout=STORE_PATIENCE,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=50),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=1),
        # Until these are used up somewhat less than the patience passes; nothing else bounds the tries of what fails
        # for another reason than a store that is away.
        maximum_attempts=10,
    ),
)
"""One short transaction: a look, or a settling."""

LAUNCH = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(seconds=25),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=2),
)
"""The launch transaction. It is bounded because it runs inside the region's lock, where commands wait for it; whether
a try that timed out launched is answered by the next look."""

LOAD = ActivityConfig(
    start_to_close_timeout=timedelta(hours=6),
    # The load beats every few seconds, however long its transactions are: silence means that the worker is gone.
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=["FileNotFoundError", "LookupError", "ValueError", "TypeError", "ImportNotRunning"],
    ),
)
"""The load of one bulk file, which goes on with the first chunk not counted. A store that is away and workers that
die are waited for; a fault of ours is given up at once, loudly."""

ACROSS_THE_STORE_FOR_SURE = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
)
"""One transaction that has to happen, however long the store is away."""

DELIVER = ActivityConfig(
    task_queue=DELIVERY_QUEUE,
    # A receiver has fifteen seconds, and a mail server takes several steps.
    start_to_close_timeout=timedelta(minutes=3),
    # A try beats every few seconds: silence means that the worker is gone, and another goes on.
    heartbeat_timeout=timedelta(seconds=20),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
)
"""One try of a delivery. What a receiver does is an answer and never an error: only a store that is away, a worker
that died and a fault of ours are tried again from here. Its queue is its own, so that no slow receiver ever keeps a
launch waiting."""

LOOK_AGAIN_FIRST = timedelta(seconds=5)
LOOK_AGAIN_MOST = timedelta(seconds=60)
"""How long a workflow waits before it looks again where the store was away, first and at most."""

LAUNCH_AGAIN_FIRST = timedelta(seconds=1)
LAUNCH_AGAIN_MOST = timedelta(seconds=15)
"""How long a region waits before it tries again to launch after a *not now*, or looks again where the store's clock
lags behind Temporal's, first and at most."""

CHILD_STARTS_IN_FLIGHT = 25
"""How many regions a launch starts at once; the server refuses a workflow with 2,000 pending ones outright."""

CONTINUE_AFTER_EVENTS = 500
"""A run with a longer history continues as new: a worker that takes it over replays all of it, and recovery of longer
ones was measured in tens of seconds."""

REGION_CONTINUES_AFTER_EVENTS = 430
"""The same for a region: what was let in before the door closed, ten updates at most, still ends below 500 events."""
