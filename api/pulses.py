"""What was last seen of the board by this process, for all who may see the same of it?"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from store.engine import Store
from store.pulse import Pulse, pulse

LOOK_EVERY_SECONDS = 1.0
"""An act is seen on the open pages of others within two seconds."""

MOST_LISTENING = 300
"""Open pages that hold a line to this process, of the thousand that it has: the others ask twice a minute."""


MOST_KEPT = 1_000
"""Pulses that are remembered: more than there are open pages."""

_Looked = tuple[tuple[str, ...] | None, str | None, str | None]
"""Within which regions, at which product and at which region of it."""


@dataclass(slots=True)
class Pulses:
    """The pulses of this process: each is taken at most once a second, whoever asks for it."""

    taken: dict[_Looked, tuple[float, Pulse]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    listening: int = 0
    """How many open pages hold a line."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is asked to end, so that no open page keeps it."""

    def of(
        self, store: Store, within: tuple[str, ...] | None, product: str | None = None, region: str | None = None
    ) -> Pulse:
        """Return the pulse of the regions `within`, or of one product or region, not older than a look lasts."""
        looked = (within, product, region)
        at, known = self.taken.get(looked, (float("-inf"), None))
        if known is not None and self.clock() - at < LOOK_EVERY_SECONDS:
            return known
        with store.reading() as tx:
            found = pulse(tx, within=within, product=product, region=region)
        if len(self.taken) >= MOST_KEPT:
            self.taken.clear()
        self.taken[looked] = (self.clock(), found)
        return found
