"""Is anything that was acknowledged lost or done twice, whoever is killed or frozen at whatever moment?"""

import copy
import math
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.tables import percentile
from readiness.commands import Role
from tests.effort import TORTURE, TORTURE_SEED, rounds
from tests.postgres import postgres_database, postgres_server
from tests.stories.house import House, eventually
from tests.torture.conftest import Say
from tests.torture.kills_book import KNOWN_WITHIN, Book, Client, Said
from tests.torture.kills_crowd import ACTS, SELLERS, Crowd, Swift, first_after
from tests.torture.kills_ledger import Kept, read_all, read_timelines
from tests.torture.kills_verdict import faults
from tests.torture.kills_victims import Blow, Postgres, Supervised, Supervisor, Victim, freeze, kill

pytestmark = pytest.mark.torture

IS_LONG = TORTURE == "long"

BLOWS = {"sqlite": rounds(3, many=220), "postgres": rounds(2, many=110)}
"""How often somebody is killed or frozen on each database."""

BATCH = 12
"""Blows after which everything is held against the book, and a new product is begun."""

FROZEN = timedelta(seconds=30 if IS_LONG else 3)

LEAD = timedelta(seconds=25 if IS_LONG else 8)
"""How far ahead a swift launch is: it is led to its go, and launches, in the middle of everything."""

PAUSE_MOST = 3.0
"""Seconds between two blows at most."""

FREEZE_EVERY, SUPERVISOR_EVERY = (11, 19) if IS_LONG else (3, 1_000)
"""Every so many blows somebody is frozen instead, and every so many the victim is `ltl up` itself."""


class Ground:
    """A running house, and everybody on it who can be killed."""

    def __init__(self, house: House, *others: Victim) -> None:
        self.house = house
        self.victims: list[Victim] = [*(Supervised(house, name) for name in ("Temporal", "worker", "web")), *others]
        self.supervisor = Supervisor(house)
        self._batches = 0

    def next_product(self) -> str:
        """Return the name of a product that nobody has launched here yet."""
        self._batches += 1
        return f"batch-{self._batches}"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The whole product on each kind of database, with the people who must be ready; it must end well."""
    with ExitStack() as stack:
        settings = {"LTL_SPARE": "true"}
        others: list[Victim] = []
        if request.param == "postgres":
            # What is written need not outlive a power cut here, but every kill.
            server = stack.enter_context(postgres_server(fsync="off", full_page_writes="off"))
            # After a kill the server comes back where `pg_ctl` puts it: a database of its own is not dropped then.
            settings["DATABASE_URL"] = stack.enter_context(postgres_database(server))
            others.append(Postgres(server))
        folder = tmp_path_factory.mktemp(f"kills-{request.param}") / "ltl"
        house = stack.enter_context(House(folder, settings))
        enabler = house.speak("kill-enabler", Role.ENABLEMENT)
        people = [
            {
                "person_id": person,
                "name": person,
                "email": f"{person}@kills.example",
                "function": "sales" if person in SELLERS else "office",
                "region": "headquarters",
            }
            for person in (*SELLERS, *(f"kill-{name}" for name in ("owner", "mover", "editor", "seller", "enabler")))
        ]
        house.bring_in(enabler, "people", people)
        yield Ground(house, *others)


def test_nothing_acknowledged_is_lost_or_done_twice_whoever_is_killed_or_stands_still(
    ground: Ground, request: pytest.FixtureRequest, say: Say
) -> None:
    """Server, worker, web, supervisor and database die or freeze at random moments, several at once: each wish has
    one outcome, the one that was answered, and exactly the events of it."""
    kind = request.node.callspec.params["ground"]
    choices = random.Random(f"{TORTURE_SEED} {kind}")  # noqa: S311 - the same seed makes the same choices.
    books: list[Book] = []
    blows: list[Blow] = []
    scenes: list[Swift] = []
    begun = time.monotonic()
    while len(blows) < BLOWS[kind]:
        book = Book()
        with Crowd(ground.house, book, ground.next_product(), lead=LEAD) as crowd:
            crowd.is_served()
            blows += _strike_at_random(ground, crowd, choices, range(len(blows), BLOWS[kind])[:BATCH])
            crowd.is_served(since=blows[-1].at)
        kept = _settled(ground, book, crowd)
        found = faults(book.wishes, kept, crowd.swift)
        assert not found, "\n".join(found)
        _shows_teeth(book, kept, crowd)
        books.append(book)
        scenes += crowd.swift
    wishes = [wish for book in books for wish in book.wishes]
    ended = Counter(wish.said for wish in wishes)
    again = sum(each.said is Said.UNKNOWN for wish in wishes for each in wish.tries)
    launched, stopped = sum(s.must_launch for s in scenes), sum(s.must_not_launch for s in scenes)
    say(
        f"seed {TORTURE_SEED}, {kind}: {len(blows)} blows in {time.monotonic() - begun:.0f} s; "
        f"{ended[Said.ACCEPTED]} wishes accepted, {ended[Said.REFUSED]} refused, {again} tries without an outcome, "
        f"sent again under their key; nothing lost, nothing doubled; {launched} launches in the middle of it, "
        f"{stopped} more stopped in time, none in breach"
    )
    for line in _recoveries(books, blows):
        say(f"{kind}, {line}")


def _strike_at_random(ground: Ground, crowd: Crowd, choices: random.Random, numbers: range) -> list[Blow]:
    """Strike about as often as there are numbers."""
    blows: list[Blow] = []
    pause = threading.Event()
    while len(blows) < len(numbers):
        number = numbers[len(blows)]
        pause.wait(choices.uniform(0, PAUSE_MOST))
        if number % SUPERVISOR_EVERY == SUPERVISOR_EVERY - 1:
            blows += kill([ground.supervisor])
        elif number % FREEZE_EVERY == FREEZE_EVERY - 1:
            blows.append(freeze(choices.choice(ground.victims), FROZEN))
        else:
            together = min(choices.choice((1, 1, 1, 2, 3)), len(numbers) - len(blows))
            blows += kill(choices.sample(ground.victims, together))
        if choices.random() < 0.6:
            # Else the next blow falls into the recovery from this one.
            crowd.is_served(since=blows[-1].at)
    return blows


def _settled(ground: Ground, book: Book, crowd: Crowd) -> Kept:
    """Return what the house keeps once nothing is open and every swift launch has had its instant."""
    products = {wish.where.partition("/")[0] for wish in book.wishes}

    def read() -> Kept:
        return ground.house.in_store(lambda tx: read_all(tx, products))

    last = max((scene.launch_at for scene in crowd.swift if scene.go is not None), default=datetime.now(UTC))
    eventually(lambda: datetime.now(UTC), lambda now: now > last, within=KNOWN_WITHIN)

    def is_over(kept: Kept) -> bool:
        is_open = any(asked.outcome is None for asked in kept.asked)
        waits = any(scene.must_launch and f"{scene.product}/north" not in kept.launched for scene in crowd.swift)
        return not is_open and not waits

    eventually(read, is_over, within=KNOWN_WITHIN)
    with Client(ground.house, Book(), "kill-auditor", Role.AUDITOR) as auditor:

        def read_both() -> tuple[Kept, Kept]:
            kept = read()
            read_timelines(auditor, kept)
            return kept, read()

        # A region whose instant comes just now is held, between the reading of its ledger and that of its timeline.
        kept, _ = eventually(read_both, lambda both: both[0].ledger == both[1].ledger, within=KNOWN_WITHIN)
    return kept


def _shows_teeth(book: Book, kept: Kept, crowd: Crowd) -> None:
    """The verdict is worth something: whatever is changed in what the house kept, or in the book, is noticed."""
    where, wishes, scenes = f"{crowd.product}/north", book.wishes, crowd.swift
    accepted = next(wish for wish in wishes if wish.act == "hold" and wish.said is Said.ACCEPTED)

    def lose_an_event(there: Kept) -> None:
        place = next(n for n, event in enumerate(there.ledger[where]) if event.type == "region_held")
        events = there.ledger[where]
        there.ledger[where] = [
            replace(event, version=n) for n, event in enumerate(events[:place] + events[place + 1 :], 1)
        ]

    def double_an_event(there: Kept) -> None:
        there.ledger[where].append(replace(there.ledger[where][-1], version=len(there.ledger[where]) + 1))

    def tear_a_gap(there: Kept) -> None:
        del there.ledger[where][3]

    def lose_a_command(there: Kept) -> None:
        there.asked = [asked for asked in there.asked if asked.key != accepted.key]

    def ask_twice(there: Kept) -> None:
        there.asked.append(replace(there.asked[-1], id="another", key="of nobody"))

    def refuse_what_was_accepted(there: Kept) -> None:
        there.asked = [replace(a, outcome="refused") if a.key == accepted.key else a for a in there.asked]

    def forget_to_tell(there: Kept) -> None:
        there.told[where].pop()

    def show_another_timeline(there: Kept) -> None:
        there.timelines[where].pop()

    def fold_wrongly(there: Kept) -> None:
        there.folded[where] = (there.folded[where][0], None)

    def write_a_text_twice(there: Kept) -> None:
        there.texts.append(there.texts[0])

    def lose_a_text(there: Kept) -> None:
        there.texts.pop()

    def lose_a_fact(there: Kept) -> None:
        there.facts.remove(next(fact for fact in there.facts if fact[1] == f"{crowd.product}-basics"))

    def launch_without_a_go(there: Kept) -> None:
        last = there.ledger[where][-1]
        data = {"launch_at": datetime.now(UTC).isoformat()}
        there.ledger[where].append(
            replace(last, version=last.version + 1, type="region_launched", command_id=None, data=data)
        )

    changes: tuple[Callable[[Kept], None], ...] = (
        *(lose_an_event, double_an_event, tear_a_gap, lose_a_command, ask_twice, refuse_what_was_accepted),
        *(forget_to_tell, show_another_timeline, fold_wrongly, write_a_text_twice, lose_a_text, lose_a_fact),
        launch_without_a_go,
    )
    for change in changes:
        changed = copy.copy(kept)
        changed.ledger = {name: list(events) for name, events in kept.ledger.items()}
        changed.told = {name: list(told) for name, told in kept.told.items()}
        changed.timelines = {name: list(shown) for name, shown in kept.timelines.items()}
        changed.folded, changed.asked = dict(kept.folded), list(kept.asked)
        changed.texts, changed.facts = list(kept.texts), list(kept.facts)
        change(changed)
        assert faults(wishes, changed, scenes), f"nobody noticed {change.__name__}"
    for act in ("hold", "edit", "hear"):
        torn_out = next(wish for wish in wishes if wish.act == act and wish.said is Said.ACCEPTED)
        assert faults([wish for wish in wishes if wish is not torn_out], kept, scenes), f"nobody missed a {act}"


def _recoveries(books: list[Book], blows: list[Blow]) -> Iterator[str]:
    """Yield how long it took from each blow to the next accepted write, and until each kind of write was answered."""
    acts = [act for each in ACTS for act in each]
    accepted = [wish for book in books for wish in book.of(*acts) if wish.said is Said.ACCEPTED]
    of_kind = [[wish for book in books for wish in book.of(*each)] for each in ACTS]
    firsts: dict[str, list[float]] = defaultdict(list)
    wholes: dict[str, list[float]] = defaultdict(list)
    for blow in blows:
        first = first_after(accepted, blow.at)
        answered = [each.answered for wishes in of_kind if (each := first_after(wishes, blow.at)) is not None]
        for name in (blow.victim, "all"):
            firsts[name].append(first.answered - blow.at if first is not None else math.inf)
            wholes[name].append(max(answered) - blow.at if len(answered) == len(ACTS) else math.inf)
    for what, figures in (("to the next accepted write", firsts), ("until each kind of write was answered", wholes)):
        for victim, seconds in sorted(figures.items()):
            yield (
                f"{what}, {victim}: p50 {percentile(seconds, 0.5):.1f} s, p95 {percentile(seconds, 0.95):.1f} s, "
                f"max {max(seconds):.1f} s (n={len(seconds)})"
            )
