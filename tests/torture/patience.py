"""How long does a torture wait for something, and how often does it look?"""

import threading
import time
from collections.abc import Iterator

PATIENCE_SECONDS = 60.0

_GLANCE_SECONDS = 0.002


def in_time(seconds: float = PATIENCE_SECONDS, *, glance: float = _GLANCE_SECONDS) -> Iterator[None]:
    """Yield again and again, with short pauses, until nobody should have to wait any longer."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        yield
        pause.wait(glance)
