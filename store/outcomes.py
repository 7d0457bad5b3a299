"""When has a command got its outcome, whoever recorded it?"""

# The outcome is in the database before the workflow can say so, and final once it is. So whoever waits for it looks
# there: one thread of a process looks on behalf of all who wait, and only while somebody does.

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta

import psycopg

from readiness.ledger import Outcome
from store.away import StoreAway, away_is_one_error
from store.commands import OUTCOMES, outcomes_of
from store.engine import Store

_log = logging.getLogger(__name__)

GLANCE = timedelta(milliseconds=1)
"""How often SQLite is asked whether anything was committed while somebody waits: that takes microseconds."""

NEWS = timedelta(milliseconds=20)
"""How long PostgreSQL is listened to at a stretch: an outcome ends it at once, and somebody new is seen after it."""

QUESTION = timedelta(milliseconds=250)
"""How often PostgreSQL is asked for outcomes all the same: what stands between may let no notification through."""

LINGER = timedelta(seconds=10)
"""How long the connection is kept after the last who waited."""

_AWAY = timedelta(milliseconds=500)
"""How long a database that does not answer is left alone; who waits has other ways to an answer."""

Tell = Callable[[Outcome], None]


class OutcomeWatch:
    """Tells of outcomes as they are recorded; close it before its store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._waiting: set[tuple[str, Tell]] = set()
        self._is_new = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def told(self, command_id: str, tell: Tell) -> Iterator[None]:
        """Have `tell` called once, in a thread of ours, if the command gets its outcome while the block runs."""
        wish = (command_id, tell)
        with self._changed:
            self._waiting.add(wish)
            self._is_new = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="outcomes", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._waiting.discard(wish)

    def close(self) -> None:
        """Look no more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while self._somebody_waits():
            try:
                with away_is_one_error(self._store.engine), _changes(self._store) as has_changed:
                    self._is_new = True
                    while self._somebody_waits(LINGER):
                        self._look_while_somebody_waits(has_changed)
            except StoreAway as away:
                _log.info("Outcomes cannot be looked for: %s", away)
                self._rest(_AWAY)

    def _somebody_waits(self, at_most: timedelta | None = None) -> bool:
        """Wait until somebody does, `at_most` so long; False once nobody will any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._is_closed, at_most.total_seconds() if at_most is not None else None
            )
            return bool(self._waiting) and not self._is_closed

    def _look_while_somebody_waits(self, has_changed: Callable[[float], bool]) -> None:
        asked = time.monotonic()
        while True:
            with self._changed:
                waiting = set(self._waiting)
                # What was recorded before the first glance is no change any more.
                is_new, self._is_new = self._is_new, False
                if self._is_closed or not waiting:
                    return
            if is_new or has_changed(asked):
                asked = time.monotonic()
                self._tell(waiting)

    def _tell(self, waiting: set[tuple[str, Tell]]) -> None:
        with self._store.glancing() as connection:
            found = outcomes_of(connection, (command_id for command_id, _ in waiting))
        with self._changed:
            settled = {wish for wish in self._waiting if wish[0] in found}
            self._waiting -= settled
        for command_id, tell in settled:
            tell(found[command_id])

    def _rest(self, pause: timedelta) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, pause.total_seconds())


def _changes(store: Store) -> AbstractContextManager[Callable[[float], bool]]:
    """Yield what waits a little and then says whether an outcome may have been recorded since it last said so; it is
    given the moment, by the monotonic clock, when outcomes were last asked for."""
    return _glances(store) if store.is_sqlite else _news(store)


@contextmanager
def _glances(store: Store) -> Iterator[Callable[[float], bool]]:
    with closing(store.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        seen: object = None

        def has_changed(_asked: float) -> bool:
            nonlocal seen
            time.sleep(GLANCE.total_seconds())
            # It differs from the last answer on the same connection where others have committed.
            before, seen = seen, cursor.execute("PRAGMA data_version").fetchone()
            return before != seen

        yield has_changed


@contextmanager
def _news(store: Store) -> Iterator[Callable[[float], bool]]:
    # A transaction finds out as it begins whether its connection still has a server, and drops those that are as old.
    with store.reading():
        pass
    pooled = store.engine.raw_connection()
    # What listens would hear on in whatever it is used for next, so it is nobody's after this.
    driver = pooled.driver_connection
    pooled.detach()
    with closing(pooled):
        if not isinstance(driver, psycopg.Connection):
            raise TypeError(f"{type(driver).__name__} cannot be listened to")
        driver.execute(f"LISTEN {OUTCOMES}")

        def has_changed(asked: float) -> bool:
            heard = bool(list(driver.notifies(timeout=NEWS.total_seconds(), stop_after=1)))
            return heard or time.monotonic() - asked >= QUESTION.total_seconds()

        yield has_changed
