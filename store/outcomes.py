"""When has a command got its outcome, whoever recorded it?"""

# The outcome is in the database before the workflow can say so, and final once it is. So whoever waits for it looks
# there: one thread of a process looks on behalf of all who wait, and only while somebody does.

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from typing import NamedTuple

import psycopg

from readiness.ledger import Outcome
from store.away import StoreAway, away_is_one_error
from store.engine import Store
from store.settled import OUTCOMES, outcome_told, outcomes_of

_log = logging.getLogger(__name__)

GLANCE = timedelta(milliseconds=1)
"""How often SQLite is asked whether anything was committed while somebody waits: that takes microseconds."""

STRETCH = timedelta(milliseconds=20)
"""How long PostgreSQL is listened to at a stretch: an outcome ends it at once."""

QUESTION = timedelta(milliseconds=250)
"""How often PostgreSQL is asked for outcomes all the same: what stands between may let no notification through."""

LINGER = timedelta(seconds=10)
"""How long the connection is kept after the last who waited."""

_AWAY = timedelta(milliseconds=500)
"""How long a database that does not answer is left alone; who waits has other ways to an answer."""

Tell = Callable[[Outcome], None]


class News(NamedTuple):
    """Outcomes that were recorded, by command, and whether the log must be asked for more."""

    told: Mapping[str, Outcome]
    must_ask: bool


Listen = Callable[[float], News]
"""Waits a little for news; is given the moment, by the monotonic clock, when the log was last asked."""


class OutcomeWatch:
    """Tells of outcomes as they are recorded; close it before its store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._waiting: set[tuple[str, Tell]] = set()
        self._must_ask = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def told(self, command_id: str, tell: Tell) -> Iterator[None]:
        """Have `tell` called once, in a thread of ours, if the command gets its outcome while the block runs."""
        wish = (command_id, tell)
        with self._changed:
            self._waiting.add(wish)
            # PostgreSQL is asked before long anyway. SQLite has no news of what was committed before the last glance.
            self._must_ask |= self._store.is_sqlite
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
                with away_is_one_error(self._store.engine), _listening(self._store) as listen:
                    self._must_ask = True
                    while self._somebody_waits(LINGER):
                        self._look_while_somebody_waits(listen)
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

    def _look_while_somebody_waits(self, listen: Listen) -> None:
        asked = time.monotonic()
        while True:
            with self._changed:
                # What was recorded before anything was listened to is no news any more.
                must_ask, self._must_ask = self._must_ask, False
                if self._is_closed or not self._waiting:
                    return
            news = News({}, must_ask=True) if must_ask else listen(asked)
            if news.told:
                self._tell(news.told)
            if news.must_ask:
                asked = time.monotonic()
                self._ask()

    def _ask(self) -> None:
        with self._changed:
            waiting = {command_id for command_id, _ in self._waiting}
        with self._store.glancing() as connection:
            found = outcomes_of(connection, waiting)
        self._tell(found)

    def _tell(self, found: Mapping[str, Outcome]) -> None:
        with self._changed:
            settled = {wish for wish in self._waiting if wish[0] in found}
            self._waiting -= settled
        for command_id, tell in settled:
            tell(found[command_id])

    def _rest(self, pause: timedelta) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, pause.total_seconds())


def _listening(store: Store) -> AbstractContextManager[Listen]:
    return _glances(store) if store.is_sqlite else _news(store)


@contextmanager
def _glances(store: Store) -> Iterator[Listen]:
    with closing(store.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        seen: object = None

        def glance(_asked: float) -> News:
            nonlocal seen
            time.sleep(GLANCE.total_seconds())
            # It differs from the last answer on the same connection where others have committed.
            before, seen = seen, cursor.execute("PRAGMA data_version").fetchone()
            return News({}, must_ask=before != seen)

        yield glance


@contextmanager
def _news(store: Store) -> Iterator[Listen]:
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

        def hear(asked: float) -> News:
            told: dict[str, Outcome] = {}
            must_ask = time.monotonic() - asked >= QUESTION.total_seconds()
            for notified in driver.notifies(timeout=STRETCH.total_seconds(), stop_after=1):
                news = outcome_told(notified.payload)
                if news is not None and news.outcome is not None:
                    told[news.command_id] = news.outcome
                else:
                    must_ask = True
            return News(told, must_ask)

        yield hear
