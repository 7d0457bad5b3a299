"""How does a long activity show that its process lives while one step of it takes long?"""

import threading
from contextvars import copy_context
from datetime import timedelta
from types import TracebackType
from typing import Self

from temporalio import activity

BEAT_EVERY = timedelta(seconds=4)
"""How often the latest heartbeat is repeated: a few times in the patience of `LOAD`, so that one may be lost."""


class Beating:
    """Repeats the latest heartbeat of an activity from a thread of its own, until it is left.

    Without it a heartbeat could only be missed after the longest transaction that there is, and an import whose
    worker was killed would stand still for as long.
    """

    def __init__(self, every: timedelta = BEAT_EVERY) -> None:
        self._every = every.total_seconds()
        self._latest: int | None = None
        self._over = threading.Event()
        # The activity that beats is known by the context that it runs in.
        repeating = copy_context().run
        self._thread = threading.Thread(target=repeating, args=(self._repeat,), name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def beat(self, progress: int) -> None:
        """Show that the activity has come so far; shown again and again until it has come further."""
        self._latest = progress
        activity.heartbeat(progress)

    def _repeat(self) -> None:
        while not self._over.wait(self._every):
            if self._latest is None:
                continue
            try:
                activity.heartbeat(self._latest)
            except (TimeoutError, RuntimeError):
                # The event loop is busy, or ends: either the next beat gets through or none is needed.
                continue
