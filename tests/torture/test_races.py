"""Can what a launch rests on be taken away at the instant of the launch without one of the two giving way?"""

# The two sides meet at a seeded statement of one of them, so that every interleaving comes round, and the auditor
# judges by the rows in the order of their commits. The same races against a launch that checks first and writes
# later show that a breach would be seen.

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import insert, make_url
from sqlalchemy.exc import IntegrityError

from readiness.commands import Choice, Role
from readiness.events import DecisionTaken, RegionLaunched
from readiness.keys import RegionKey
from readiness.ledger import (
    Accepted,
    LaunchAnswer,
    LaunchDenied,
    Launched,
    LaunchRefused,
    NotNow,
    Outcome,
    Refused,
)
from readiness.policy import Stage
from readiness.refusals import Overtaken, ReadinessMovedOn
from readiness.region import Ending
from readiness.rows import AttemptRow, ImportKind
from readiness.rules import bearings, fold, why_not_launch
from store.alarms import scope_of, standing_alarms
from store.commands import has_open_command
from store.content import put_content
from store.engine import Store, open_store
from store.launching import launch
from store.ledger import append, rows_after
from store.projection import move_row
from store.records_schema import launch_records
from store.regions import RegionUnknown, region_record
from store.sight import gather
from tests.effort import TORTURE_SEED, rounds
from tests.postgres import postgres_database
from tests.readiness.builders import LAUNCH_AT, SIGNERS
from tests.store.desk import CERT, PRODUCT, Clock, Desk
from tests.torture.conftest import Say
from tests.torture.patience import in_time
from tests.torture.race_auditor import Auditor
from tests.torture.race_ground import RaceGround
from tests.torture.race_journal import keep_journal, noted
from tests.torture.readying import FAILED, PASSED, Ready, import_learning, import_people, signed, started

pytestmark = pytest.mark.torture

AT_ONCE = 10
"""Regions that stand ready on one ground: each race has its own, and each ten races have a database of their own."""

TakeAway = Callable[[RaceGround, Ready], bool | None]
"""Takes from a region what its launch rests on; says whether it stopped the launch or came too late, and nothing
where it is a fact, which is true however late it comes."""

Grounds = Callable[[], AbstractContextManager[RaceGround]]

Launch = Callable[[Store, RegionKey, int], LaunchAnswer | None]


@dataclass
class _Seen:
    """How the races of one kind went."""

    counts: Counter[str] = field(default_factory=Counter)
    launches: int = 0
    breaches: list[str] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        unanswered = f", not answered {dict(self.unanswered)}" if self.unanswered else ""
        return f"{dict(self.counts)}, {len(self.breaches)} breaches{unanswered}"


class _Prepared(NamedTuple):
    """A database to copy, by file or by name, and the regions that stand ready in it."""

    source: str
    ready: tuple[Ready, ...]


def _hold(ground: RaceGround, ready: Ready) -> bool:
    return _stopped(ground, ready, ground.insist(partial(ground.away.hold, ready.key)))


def _send_back(ground: RaceGround, ready: Ready) -> bool:
    function, role, person = SIGNERS[1]
    with ground.away.store.reading() as tx:
        signature = region_record(tx, ready.key).region.signature(Stage.VALUE_PROPOSITIONS, function)
    assert signature is not None
    fields = {"stage": Stage.VALUE_PROPOSITIONS, "function": function, "digest": signature.digest}
    command = ground.away.ask(ready.key, "sign_off", person, role, position="send_back", **fields)
    return _stopped(ground, ready, command)


def _void(ground: RaceGround, ready: Ready) -> None:
    _correct(ground, AttemptRow(_certified(ready), CERT.assessment_id, ready.passed_at, PASSED, void=True))


def _lower(ground: RaceGround, ready: Ready) -> None:
    _correct(ground, AttemptRow(_certified(ready), CERT.assessment_id, ready.passed_at, FAILED))


def _leave(ground: RaceGround, ready: Ready) -> None:
    import_people(ground.away.store, [ready.roster_row(_certified(ready), active=False)])


def _edit(ground: RaceGround, ready: Ready) -> bool:
    store = ground.away.store
    try:
        with store.writing() as tx:
            put_content(
                tx,
                product=PRODUCT,
                stage=Stage.VALUE_PROPOSITIONS,
                key="all",
                body={"statement": "It thirds your close."},
                person="ma-1",
                now=store.now(tx),
                regions=[ready.key.region],
                holds=[ready.key.region],
            )
    except RegionUnknown:
        return False
    return True


TAKING_AWAY: Mapping[str, TakeAway] = {
    "a hold": _hold,
    "a sign-off taken back": _send_back,
    "a pass voided": _void,
    "a score corrected": _lower,
    "a person leaving": _leave,
    "a text edited": _edit,
}


@pytest.fixture(scope="module")
def prepared_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> _Prepared:
    """A SQLite file in which regions stand ready, for copying only."""
    file = tmp_path_factory.mktemp("races") / "prepared.sqlite"
    shutil.copyfile(migrated_sqlite, file)
    return _Prepared(str(file), _prepare(f"sqlite:///{file}"))


@pytest.fixture(scope="module")
def prepared_postgres(postgres_url: str, migrated_postgres: str) -> Iterator[_Prepared]:
    """A PostgreSQL database in which regions stand ready, for copying only."""
    with postgres_database(postgres_url, template=migrated_postgres) as url:
        ready = _prepare(url)
        yield _Prepared(make_url(url).database or "", ready)


@pytest.fixture
def grounds(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Grounds:
    """What opens a ground of its own again and again, with choices that follow from the seed and the test."""
    prepared: _Prepared = request.getfixturevalue(f"prepared_{database_kind}")
    chance = random.Random(f"{TORTURE_SEED} {request.node.name}")  # noqa: S311 - repeated at will, not to be a secret

    @contextmanager
    def fresh() -> Iterator[RaceGround]:
        with ExitStack() as opened:
            if database_kind == "sqlite":
                folder = opened.enter_context(tempfile.TemporaryDirectory(dir=tmp_path))
                url = f"sqlite:///{shutil.copy(prepared.source, folder)}"
            else:
                server = request.getfixturevalue("postgres_url")
                url = opened.enter_context(postgres_database(server, template=prepared.source))
            yield opened.enter_context(RaceGround(url, chance, prepared.ready))

    return fresh


@pytest.mark.parametrize("kind", TAKING_AWAY)
def test_no_region_launches_on_what_is_taken_away_at_that_instant(grounds: Grounds, kind: str, say: Say) -> None:
    """Either the launch is committed first and the taking away after it, or the region is held and never launches."""
    number = rounds(10, many=334)
    seen = _raced(grounds, kind, number, launch)
    say(f"seed {TORTURE_SEED}, {number} races: {seen}")
    assert not seen.breaches
    assert not [reason for reason in seen.unanswered if "deadlock" in reason]


def test_a_launch_that_checks_first_and_writes_later_is_caught(grounds: Grounds, say: Say) -> None:
    """The same races and the same auditor find breaches of a launch that does not hold the region's row."""
    number = rounds(4, many=60)
    caught = 0
    for kind in TAKING_AWAY:
        seen = _raced(grounds, kind, number, _launch_naively)
        breached = {breach.split(" ", 1)[0] for breach in seen.breaches}
        caught += len(breached)
        say(f"{kind}: {len(breached)} of {number} caught")
    assert caught


@pytest.mark.parametrize("has_seen", [True, False], ids=["both having seen", "neither saying"])
def test_of_two_decisions_at_once_one_stands_and_the_other_is_told(
    grounds: Grounds, has_seen: bool, say: Say
) -> None:
    """A go and a no-go meet in one instant: one decision is current, and whoever lost is told who was quicker."""
    number = rounds(6, many=2_000)
    counts: Counter[str] = Counter()
    for begun in range(0, number, AT_ONCE):
        with grounds() as ground:
            for _ in range(begun, min(begun + AT_ONCE, number)):
                counts[_decided_at_once(ground, ground.ready[-1].key, has_seen=has_seen)] += 1
    say(f"seed {TORTURE_SEED}, {number} pairs: {dict(counts)}")


def _prepare(url: str) -> tuple[Ready, ...]:
    """Make ready the regions of one ground: all but the last have a go."""
    clock = Clock()
    store = open_store(url, clock)
    try:
        keep_journal(store)
        desk = Desk(store, clock)
        ready = started(desk, *(f"region-{number:02}" for number in range(AT_ONCE + 1)))
        return tuple(signed(desk, each, has_go=each is not ready[-1]) for each in ready)
    finally:
        store.close()


def _raced(grounds: Grounds, kind: str, number: int, launching: Launch) -> _Seen:
    seen = _Seen()
    for begun in range(0, number, AT_ONCE):
        with grounds() as ground:
            ground.clock.now = LAUNCH_AT
            for ready in ground.ready[: min(AT_ONCE, number - begun)]:
                ended, stopped = ground.race(
                    partial(_until_decided, ground, ready, launching),
                    partial(ground.insist, partial(TAKING_AWAY[kind], ground, ready)),
                )
                launched = ended is Ending.LAUNCHED
                seen.counts["launched first" if launched else "taken away first"] += 1
                if launching is launch:
                    # Who was told yes has stopped the launch, and who came too late is told so.
                    assert stopped is None or stopped is not launched
                    _stays_as_it_is(ground.home, ready, launched=launched)
            with ground.home.store.reading() as tx:
                auditor = Auditor(noted(tx))
                assert not standing_alarms(tx)
        assert auditor.launched == auditor.recorded
        seen.unanswered.update(ground.unanswered)
        seen.launches += len(auditor.launched)
        seen.breaches.extend(auditor.breaches)
    assert launching is not launch or seen.launches == seen.counts["launched first"]
    return seen


def _stays_as_it_is(desk: Desk, ready: Ready, *, launched: bool) -> None:
    """Whoever asks again gets the launch that was, or none."""
    again = desk.launch(ready.key)
    region = desk.region(ready.key)
    assert isinstance(again, Launched if launched else LaunchDenied), again
    assert (region.ending is Ending.LAUNCHED, region.holding is not None) == (launched, not launched)


def _until_decided(ground: RaceGround, ready: Ready, launching: Launch) -> Ending | None:
    """Do as the workflow does: ask, look again while it is not now, hold on a real no; return how it ended."""
    desk, known = ground.home, ready.known
    for _ in in_time():
        answer = ground.insist(partial(launching, desk.store, ready.key, known))
        match answer:
            case Launched():
                break
            case LaunchDenied():
                refused = LaunchRefused(objections=answer.objections)
                ground.insist(partial(desk.carry_out, ready.key, refused))
                break
            case NotNow() | None:
                settled = ground.insist(partial(desk.look, ready.key))
                known = settled.bearings.version
                if not settled.bearings.launch_is_due and not settled.is_behind:
                    break
    return desk.region(ready.key).ending


def _insisted(ground: RaceGround, desk: Desk, key: RegionKey, command: object) -> Outcome:
    """Carry out a command that was logged, looking again while the ledger moves on."""
    for _ in in_time():
        settled = ground.insist(partial(desk.carry_out, key, command))  # type: ignore[arg-type]  # Any kind is logged.
        if not settled.is_behind:
            assert settled.outcome is not None
            return settled.outcome
    raise AssertionError("the ledger never stood still")


def _stopped(ground: RaceGround, ready: Ready, command: object) -> bool:
    outcome = _insisted(ground, ground.away, ready.key, command)
    if isinstance(outcome, Refused):
        assert outcome.refusal.kind == "region-ended", outcome
    return isinstance(outcome, Accepted)


def _correct(ground: RaceGround, row: AttemptRow) -> None:
    import_learning(ground.away.store, ImportKind.ATTEMPTS, [row])


def _certified(ready: Ready) -> str:
    return ready.people()[0]


def _launch_naively(store: Store, key: RegionKey, known: int) -> LaunchAnswer | None:
    """Read the evidence in one transaction, and write the launch in another one that holds nothing: how not to."""
    with store.reading() as tx:
        now = store.now(tx)
        record = region_record(tx, key)
        if record.version != known or has_open_command(tx, key):
            return None
        region = fold(key, None, rows_after(tx, key, 0))
        assert region is not None
        evidence = gather(tx, [record], {key: now}, now=now)[key]
        objections = why_not_launch(region, evidence, at=now)
    if objections:
        return LaunchDenied(objections=objections)
    assert region.decision is not None
    with suppress(IntegrityError), store.writing() as tx:
        present = region_record(tx, key)
        event = RegionLaunched(at=now, launch_at=region.launch_at, decision_version=region.decision.version)
        rows = append(tx, key, [event], after=present.version, now=now)
        after = fold(key, present.region, rows)
        assert after is not None
        tx.execute(
            insert(launch_records).values(
                **scope_of(key),
                at=now,
                launch_at=region.launch_at,
                version=after.version,
                decision_version=region.decision.version,
                readiness={},
                readiness_digest="",
            )
        )
        move_row(tx, present, after, now=now, seen=evidence.figures)
        return Launched(rows=rows, bearings=bearings(after, now=now))
    return None


def _decided_at_once(ground: RaceGround, key: RegionKey, *, has_seen: bool) -> str:
    """Let two executives decide, and return in a word who prevailed."""
    before = ground.home.region(key)
    seen = before.version if has_seen else None
    asks = [
        partial(_ask_to_decide, desk, key, person, choice, seen)
        for desk, person, choice in ((ground.home, "ex-1", Choice.GO), (ground.away, "ex-2", Choice.NO_GO))
    ]
    if ground.chance_of(2):
        # Both are in the log already, in either order, and meet where they are settled.
        order = (0, 1) if ground.chance_of(2) else (1, 0)
        commands = {number: asks[number]() for number in order}
        acts = [
            partial(_insisted, ground, desk, key, commands[n]) for n, desk in enumerate((ground.home, ground.away))
        ]
    else:
        acts = [
            partial(_asked_and_insisted, ground, d, key, a)
            for d, a in zip((ground.home, ground.away), asks, strict=True)
        ]
    outcomes = dict(zip(("ex-1", "ex-2"), ground.race(*acts), strict=True))
    with ground.home.store.reading() as tx:
        taken = [row.event for row in rows_after(tx, key, before.version) if isinstance(row.event, DecisionTaken)]
    standing = ground.home.region(key).decision
    assert standing is not None
    assert (standing.person, standing.choice) == (taken[-1].person, taken[-1].choice)
    assert {each.person for each in taken} == {p for p, outcome in outcomes.items() if isinstance(outcome, Accepted)}
    assert len(taken) == 1 or not has_seen
    told = [outcome.refusal for outcome in outcomes.values() if isinstance(outcome, Refused)]
    assert len(taken) + len(told) == 2
    for refusal in told:
        assert isinstance(refusal, ReadinessMovedOn | Overtaken), refusal
        assert refusal.by == standing.person
    if standing.choice is Choice.GO:
        ground.home.accepted(key, ground.home.hold(key))
        ground.home.accepted(key, ground.home.ask(key, "resume", "ex-1", Role.EXECUTIVE))
    return f"{standing.choice.value}, {told[0].kind if told else 'the other before it'}"


def _ask_to_decide(desk: Desk, key: RegionKey, person: str, choice: Choice, seen: int | None) -> object:
    review_at = desk.clock.now + timedelta(days=7) if choice is Choice.NO_GO else None
    return desk.ask(key, "decide", person, Role.EXECUTIVE, choice=choice, review_at=review_at, seen=seen)


def _asked_and_insisted(ground: RaceGround, desk: Desk, key: RegionKey, ask: Callable[[], object]) -> Outcome:
    return _insisted(ground, desk, key, ground.insist(ask))
