"""Wherever a process dies between the arrival of an act and its answer, does a repeat have the one effect?"""

# A clean run of each act counts its steps: the statements and commits of both processes, what goes over the wires to
# the clients and to Temporal, files and activities. Then for one step after the other the process is killed just
# before or just after it, the client asks again under the same key until it has an answer, and what is to be seen
# afterwards must be what is to be seen after the clean run.

import itertools
import os
import queue
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from bootstrap.api_client import NoAnswer, Refused
from readiness.commands import Role
from store.engine import StoreAway
from tests.effort import TORTURE, TORTURE_SEED, rounds
from tests.postgres import postgres_database
from tests.readiness.builders import OWNER
from tests.torture.acts import ACTS, Act, Play, Unprepared
from tests.torture.conftest import Say
from tests.torture.doom import KILLED, Orders, Point, Step, steps_in
from tests.torture.lanes import PATIENCE, STORE, Lane, temporal_server
from tests.torture.nursery import Nursery
from tests.torture.patience import in_time
from tests.torture.seeing import alike, seen

pytestmark = [pytest.mark.torture, pytest.mark.temporal]

LANES = 3 * (os.cpu_count() or 1) if TORTURE == "long" else 3
"""Installations on which points are gone through side by side: much of the time each waits for a dead worker to be
missed."""

SAMPLE = {"sqlite": 3, "postgres": 1}
"""How many acts are interrupted in CI on each database, each at one point of every process."""

_STILL_SECONDS = 2.0
"""How long nothing may change until an act counts as over: several turns of the relay."""

_PASSED_SECONDS = 1.0
"""How long after everything is there a process may still come to the step at which it is to die."""

_LEAST_SHARE = 0.5
"""How many of the points must be reached: pieces on a wire come as they please, so that some do not come again."""

_GLANCE_SECONDS = 0.25
_BRIEFLY = timedelta(seconds=5)

_TWO_MOMENTS = frozenset({"statement", "commit", "heard", "answered", "asked", "told"})


class Clean(NamedTuple):
    """An act that nothing interrupted: its steps, its answers, and what is to be seen of it."""

    steps: Mapping[str, tuple[Step, ...]]
    answer: Any
    later: Any
    """What a repeat was answered when all was over. Where this is how a region stands now, it may have moved on."""
    seen: Mapping[str, Any]

    def agrees_with(self, answer: Any) -> bool:
        """Say whether an answer is that of the clean run, but for what differs between its two."""
        if not isinstance(self.answer, dict) or not isinstance(answer, dict):
            return bool(answer == self.answer)
        lasting = {name for name in self.answer if self.answer[name] == self.later[name]}
        return answer.keys() == self.answer.keys() and all(answer[name] == self.answer[name] for name in lasting)

    def points(self) -> Iterator[Point]:
        """Yield every moment at which one of the two processes could have died.

        After a statement that another one follows is before that one: nothing happens in between that lasts.
        """
        for role, steps in self.steps.items():
            for step, following in itertools.zip_longest(steps, steps[1:]):
                yield Point(role, step.kind, step.number, "before")
                is_within = step.kind == "statement" and following is not None and following.kind == "statement"
                if step.kind in _TWO_MOMENTS and not is_within:
                    yield Point(role, step.kind, step.number, "after")


@dataclass
class Findings:
    """What came of the points of one act."""

    deaths: Counter[str] = field(default_factory=Counter)
    """How many processes of each role died as they were told to."""
    not_reached: list[Point] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        missed = f", not reached {', '.join(map(str, self.not_reached))}" if self.not_reached else ""
        return f"died {dict(self.deaths)}, {len(self.wrong)} wrong{missed}"


class Torture:
    """Goes through acts and points on lanes, each lane in a thread of its own."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lanes = tuple(lanes)
        self._tags = (f"act-{number:05}" for number in itertools.count(1))
        self._lock = threading.Lock()
        self._over: list[tuple[Lane, Play, Clean]] = []

    def side_by_side(self, tasks: Sequence[Callable[[Lane], None]]) -> None:
        """Do every task on some lane; raises what one of them raised, once all lanes have come to an end."""
        waiting: queue.SimpleQueue[Callable[[Lane], None]] = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        failures: list[BaseException] = []

        def work(lane: Lane) -> None:
            try:
                while not failures:
                    waiting.get_nowait()(lane)
            except queue.Empty:
                pass
            except BaseException as failure:
                failures.append(failure)
                raise

        threads = [threading.Thread(target=work, args=(lane,)) for lane in self._lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def all_clean(self, acts: Sequence[Act]) -> dict[str, Clean]:
        """Do all acts without an interruption."""
        found: dict[str, Clean] = {}

        def run(lane: Lane, *, act: Act) -> None:
            found[act.name] = self.clean(lane, act)

        self.side_by_side([partial(run, act=act) for act in acts])
        return found

    def clean(self, lane: Lane, act: Act) -> Clean:
        """Do an act that nothing interrupts, and then once more, which must change nothing."""
        play = self._prepared(lane, act)
        log = lane.directory / f"{play.tag}.steps"
        lane.obey(Orders(act=play.tag, watch=play.watch, log=f"{log}"))
        answer = alike(play.perform(), play.tag)
        found = self._when_still(lane, play)
        lane.obey(Orders())
        steps = {role: steps_in(log.with_name(f"{log.name}.{role}")) for role in act.roles}
        assert all(steps.values()), f"{act.name}: nothing was counted"
        later = alike(play.perform(), play.tag) if play.repeats else answer
        clean = Clean(steps, answer, later, found)
        assert clean.agrees_with(later)
        self._over.append((lane, play, clean))
        return clean

    def interrupted(
        self,
        lane: Lane,
        act: Act,
        point: Point,
        clean: Clean,
        findings: Findings,
        *,
        within: timedelta = PATIENCE,
    ) -> None:
        """Do an act whose process dies at `point`, ask again, and compare with what came of the clean run."""
        play = self._prepared(lane, act)
        doomed = lane.child(point.role)
        lane.obey(Orders(act=play.tag, watch=play.watch, death=point))
        answers: list[Any] = []
        asking = threading.Thread(target=lambda: answers.append(_answer(play)))
        asking.start()
        died = _dies(
            lambda: doomed.ended.wait(_GLANCE_SECONDS),
            lambda: not asking.is_alive() and self._is_over(lane, play, clean),
        )
        lane.obey(Orders())
        lane.child(point.role)
        asking.join(PATIENCE.total_seconds())
        wrong = [f"answered {each} instead of {clean.answer}" for each in answers if not clean.agrees_with(each)]
        for _ in in_time(within.total_seconds(), glance=_GLANCE_SECONDS):
            if _seen(lane, play) == clean.seen:
                break
        else:
            wrong += _differences(clean.seen, _seen(lane, play))
        if play.repeats and (later := _answer(play)) != clean.later:
            wrong.append(f"answered {later} later instead of {clean.later}")
        with self._lock:
            if died:
                assert doomed.status == KILLED, f"{point}: ended with {doomed.status}"
                findings.deaths[point.role] += 1
            else:
                findings.not_reached.append(point)
            findings.wrong += [f"{act.name}, {point}, {lane.directory.name} {play.tag}: {what}" for what in wrong]
            if not wrong:
                self._over.append((lane, play, clean))

    def unsettled(self) -> list[str]:
        """Return what has changed since it was over: what comes late must not come twice."""
        return [
            f"{play.tag} on {lane.directory.name}: {difference}"
            for lane, play, clean in self._over
            for difference in _differences(clean.seen, _seen(lane, play))
        ]

    def _prepared(self, lane: Lane, act: Act) -> Play:
        for _ in in_time(PATIENCE.total_seconds()):
            for role in ("web", "worker"):
                lane.child(role)
            with self._lock:
                tag = next(self._tags)
            # Whoever stands still may hold what is needed.
            with suppress(StoreAway, Unprepared):
                return act.prepare(lane, tag)
        raise AssertionError(f"{act.name} could not be prepared")

    def _is_over(self, lane: Lane, play: Play, clean: Clean) -> bool:
        return _seen(lane, play) == clean.seen

    def _when_still(self, lane: Lane, play: Play) -> Mapping[str, Any]:
        last, since = _seen(lane, play), time.monotonic()
        for _ in in_time(PATIENCE.total_seconds(), glance=_GLANCE_SECONDS):
            found = _seen(lane, play)
            if found != last:
                last, since = found, time.monotonic()
            elif play.is_done(found) and not found["alarms"] and time.monotonic() - since > _STILL_SECONDS:
                # What was made ready an hour back may be alarming until it is sealed.
                return found
        raise AssertionError(f"{play.tag} never comes to an end: {last}")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Where the processes of all lanes come from."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="module")
def temporal_port() -> Iterator[int]:
    """The Temporal server of all lanes, with a namespace for each of them on each database."""
    with temporal_server(tuple(f"{kind}-{number}" for kind in SAMPLE for number in range(LANES))) as port:
        yield port


@pytest.fixture
def torture(
    nursery: Nursery, temporal_port: int, database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Torture]:
    """Lanes on each kind of database."""
    with ExitStack() as opened:
        lanes = []
        for number in range(LANES):
            directory = tmp_path / f"{database_kind}-{number}"
            directory.mkdir()
            if database_kind == "sqlite":
                url = f"sqlite:///{shutil.copyfile(request.getfixturevalue('migrated_sqlite'), directory / STORE)}"
            else:
                server, template = (request.getfixturevalue(name) for name in ("postgres_url", "migrated_postgres"))
                url = opened.enter_context(postgres_database(server, template=template))
            lanes.append(opened.enter_context(Lane(directory, url, temporal_port, directory.name, nursery)))
        yield Torture(lanes)


def test_wherever_a_process_dies_a_repeat_has_one_effect(torture: Torture, database_kind: str, say: Say) -> None:
    """One command, one outcome, each event once, the answer of the clean run, and the same gates."""
    chance = random.Random(f"{TORTURE_SEED} {database_kind}")  # noqa: S311 - a seeded draw for a test.
    acts = ACTS if TORTURE == "long" else chance.sample(ACTS, SAMPLE[database_kind])
    clean = torture.all_clean(acts)
    chosen = [(act, point) for act in acts for point in _chosen(act, clean[act.name], chance)]
    chance.shuffle(chosen)
    chosen = chosen[: rounds(len(chosen), many=len(chosen))]
    findings: dict[str, Findings] = {act.name: Findings() for act in acts}
    torture.side_by_side(
        [
            partial(torture.interrupted, act=a, point=p, clean=clean[a.name], findings=findings[a.name])
            for a, p in chosen
        ]
    )
    for act in acts:
        points = Counter(point.role for point in clean[act.name].points())
        say(f"{act.name}: {dict(points)} points, {findings[act.name]}")
    wrong = [what for found in findings.values() for what in found.wrong] + torture.unsettled()
    assert not wrong, "\n".join(wrong)
    died = sum(found.deaths.total() for found in findings.values())
    assert died >= len(chosen) * _LEAST_SHARE, f"only {died} of {len(chosen)} processes died"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_client_that_asks_again_under_another_key_is_caught(torture: Torture) -> None:
    """Where nothing ties the second try to the first, the same comparison finds a second command."""
    hold = next(act for act in ACTS if act.name == "hold")
    act = replace(hold, prepare=lambda lane, tag: _forgetful(lane, hold.prepare(lane, tag)))
    clean = torture.all_clean([act])[act.name]
    logged = Point("web", "commit", 1, "after")
    assert logged in clean.points()
    found = Findings()
    doomed = partial(torture.interrupted, act=act, point=logged, clean=clean, findings=found, within=_BRIEFLY)
    torture.side_by_side([doomed])
    assert found.deaths["web"] == 1
    assert any("commands" in what for what in found.wrong), found.wrong


def _forgetful(lane: Lane, play: Play) -> Play:
    """Return an act whose client takes a new key for every try."""
    assert isinstance(play.perform, partial)
    path, body = play.perform.args
    hasty = lane.speak(OWNER, Role.PRODUCT_MANAGER, patience=timedelta())

    def perform() -> Any:
        for _ in in_time():
            with suppress(NoAnswer):
                return hasty.ask(path, body, key=uuid4().hex)
        raise AssertionError("nobody answered")

    return replace(play, perform=perform, repeats=False)


def _chosen(act: Act, clean: Clean, chance: random.Random) -> Iterable[Point]:
    """Return every point of an act, or in CI one of each of its processes that is missed soon."""
    if TORTURE == "long":
        return tuple(clean.points())
    roles = [role for role in act.roles if role != act.missed_late]
    return [chance.choice([point for point in clean.points() if point.role == role]) for role in roles]


def _answer(play: Play) -> Any:
    try:
        return alike(play.perform(), play.tag)
    except Refused as refused:
        return f"refused as {refused.kind}"


def _seen(lane: Lane, play: Play) -> Mapping[str, Any]:
    with lane.store.reading() as tx:
        return seen(tx, play.tag, play.watch)


def _dies(wait: Callable[[], bool], is_over: Callable[[], bool]) -> bool:
    """Return True once a process has died; False where it did not although all is over, or in time."""
    over_since: float | None = None
    for _ in in_time(PATIENCE.total_seconds()):
        if wait():
            return True
        if not is_over():
            over_since = None
        elif over_since is None:
            over_since = time.monotonic()
        elif time.monotonic() - over_since > _PASSED_SECONDS:
            break
    return False


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {found[name]} instead of {wanted[name]}" for name in wanted if found[name] != wanted[name]]
