"""When does a workflow wake up by itself?"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


class Alarm:
    """The one timer of a workflow: set anew only when its instant changes, because every timer is two events."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, at: datetime | None) -> None:
        """Ring at `at` and at no other instant; None never rings."""
        if at == self._at:
            return
        self.stop()
        if at is not None:
            self._at = at
            self._task = asyncio.create_task(self._wait(at))

    def stop(self) -> None:
        """Ring no more."""
        if self._task is not None:
            self._task.cancel()
        self._at = None
        self._task = None

    async def _wait(self, at: datetime) -> None:
        await workflow.sleep(max(at - workflow.now(), timedelta()))
        # A cancelled timer may still have fired in the same task: only the instant that stands rings.
        if self._at == at:
            self._at = None
            self._task = None
            self._ring()


class Backoff:
    """Pauses that double from `first` up to `most`."""

    def __init__(self, first: timedelta, most: timedelta) -> None:
        self._first = first
        self._most = most
        self._next = first

    def pause(self) -> timedelta:
        """Return how long to wait this time."""
        pause = self._next
        self._next = min(pause * 2, self._most)
        return pause

    def reset(self) -> None:
        """Begin with the first pause again."""
        self._next = self._first
