"""How does a process run that believes it is days earlier or later than it is?"""

# Run as `python -m tests.torture.skewed SECONDS MODULE`. Before anything else is imported the clocks that Python code
# can ask are moved: all of them, for everyone in the process. What measures spans, and what the system itself does
# (time-outs of sockets, say), goes on as ever, as on a machine whose clock was set wrong.

import datetime
import runpy
import sys
import time
from typing import Any

_true_datetime = datetime.datetime
_true_time, _true_time_ns = time.time, time.time_ns


class _Kind(type(_true_datetime)):  # type: ignore[misc]  # The class of a class is known only when it runs.
    """Has every moment be an instance of the moved class, which makes none of its own."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _true_datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _true_datetime)


def move_clocks(span: datetime.timedelta) -> None:
    """Have `time.time`, `datetime.now` and their kin tell a time that is off by `span`, for good."""
    seconds = span.total_seconds()

    class Moved(_true_datetime, metaclass=_Kind):
        """Makes true moments, only at another time."""

        __slots__ = ()

        def __new__(cls, *args: Any, **named: Any) -> datetime.datetime:  # type: ignore[misc]  # Not of this class.
            return _true_datetime(*args, **named)

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]  # As above.
            return _true_datetime.now(tz) + span

        @classmethod
        def utcnow(cls) -> datetime.datetime:  # type: ignore[override]  # As above.
            return _true_datetime.now(datetime.UTC).replace(tzinfo=None) + span

        @classmethod
        def today(cls) -> datetime.datetime:  # type: ignore[override]  # As above.
            return cls.now()

    for maker in ("fromtimestamp", "utcfromtimestamp", "fromisoformat", "fromordinal", "strptime", "combine"):
        setattr(Moved, maker, getattr(_true_datetime, maker))
    datetime.datetime = Moved  # type: ignore[misc]  # That is what this file is for.
    time.time = lambda: _true_time() + seconds
    time.time_ns = lambda: _true_time_ns() + int(seconds * 1e9)


if __name__ == "__main__":
    move_clocks(datetime.timedelta(seconds=float(sys.argv[1])))
    name = sys.argv[2]
    sys.argv = sys.argv[2:]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
