"""Which regions stand ready to launch, and who runs against whom from which statement on?"""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import event

from store.engine import Store, StoreAway, open_store
from tests.store.desk import Clock, Desk
from tests.torture.patience import PATIENCE_SECONDS, in_time
from tests.torture.readying import Ready

KEPT_WAITING_SECONDS = 0.05
"""How long one side waits for the other to come to its statement: longer than both take where nothing is held."""

DEEPEST = 40
"""Somewhat more statements than either side of a race has, so that also their ends and what follows are met."""

One = TypeVar("One")
Other = TypeVar("Other")


class Statements:
    """Calls somebody just before one statement of a store's connections, or when all of them are done."""

    def __init__(self, store: Store) -> None:
        self._left: int | None = None
        self._call: Callable[[], object] = int
        self.seen = 0
        event.listen(store.engine, "before_cursor_execute", self._before)

    def arm(self, number: int, call: Callable[[], object]) -> None:
        """Call before the statement that this many others come before."""
        self._left, self._call, self.seen = number, call, 0

    def disarm(self) -> None:
        """Call now if there were fewer statements."""
        if self._left is not None:
            self._left = None
            self._call()

    def _before(self, *_: Any) -> None:
        self.seen += 1
        if self._left is not None:
            if self._left == 0:
                self.disarm()
            else:
                self._left -= 1


@dataclass
class Corner:
    """One of the two sides of a race: a store of its own on the shared database."""

    desk: Desk
    statements: Statements

    @classmethod
    def on(cls, store: Store) -> "Corner":
        """Return a corner on this store."""
        assert isinstance(store.clock, Clock)
        return cls(Desk(store, store.clock), Statements(store))

    def to_the_end(self, act: Callable[[], One]) -> One:
        """Return what `act` returns, whatever statement it did not come to."""
        try:
            return act()
        finally:
            self.statements.disarm()


class RaceGround:
    """Two corners on one database, with one clock for both."""

    def __init__(self, url: str, chance: random.Random, ready: tuple[Ready, ...]) -> None:
        self.clock = Clock()
        self.ready = ready
        self.unanswered: Counter[str] = Counter()
        """How often the store did not answer, by the reason: a deadlock would be among them."""
        self._chance = chance
        self._corners = [Corner.on(open_store(url, self.clock)) for _ in range(2)]

    def __enter__(self) -> "RaceGround":
        return self

    def __exit__(self, *_: object) -> None:
        for corner in self._corners:
            corner.desk.store.close()

    @property
    def kind(self) -> str:
        """Which database it is."""
        return self.home.store.engine.dialect.name

    @property
    def home(self) -> Desk:
        """The desk of the first corner."""
        return self._corners[0].desk

    @property
    def away(self) -> Desk:
        """The desk of the second corner."""
        return self._corners[1].desk

    def race(self, at_home: Callable[[], One], away: Callable[[], Other]) -> tuple[One, Other]:
        """Run both at once: at some statement of its own, one side lets the other go at a barrier.

        It goes on when the other has come to some statement, too, or seems to be kept waiting; from there both run.
        """
        gate = threading.Barrier(2, timeout=PATIENCE_SECONDS)
        has_come = threading.Event()

        def let_go() -> None:
            gate.wait()
            has_come.wait(KEPT_WAITING_SECONDS)

        def follow(act: Callable[[], Any]) -> Any:
            gate.wait()
            return act()

        leading = self._chance.randrange(2)
        for number, meeting in ((leading, let_go), (1 - leading, has_come.set)):
            self._corners[number].statements.arm(self._chance.randrange(DEEPEST), meeting)
        steps: list[Callable[[Callable[[], Any]], Any]] = [follow, follow]
        steps[leading] = lambda act: act()
        with ThreadPoolExecutor(max_workers=2) as pool:
            sides = [
                pool.submit(corner.to_the_end, partial(step, act))
                for corner, step, act in zip(self._corners, steps, (at_home, away), strict=True)
            ]
            return sides[0].result(PATIENCE_SECONDS), sides[1].result(PATIENCE_SECONDS)

    def insist(self, act: Callable[[], One]) -> One:
        """Return what `act` returns, asking again where the store did not answer, as clients and activities do."""
        for _ in in_time():
            try:
                return act()
            except StoreAway as reason:
                self.unanswered[str(reason)] += 1
        raise AssertionError("the store never answered")

    def chance_of(self, one_in: int) -> bool:
        """Return True once in so many times."""
        return self._chance.randrange(one_in) == 0
