"""Is it said in time, and is nothing half done, when a disk, a database or a pool has had enough?"""

import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import make_url

from bootstrap.local_door import mint
from readiness.commands import Role
from store.engine import BUSY_TIMEOUT
from store.patience import ANSWER_PATIENCE
from tests.effort import TORTURE_SEED, rounds
from tests.postgres import postgres_database
from tests.stories.house import House, eventually
from tests.stories.scene import ENABLER, OWNER, Scene, new_key, settle_in
from tests.torture.conftest import Say
from tests.torture.lone_web import Answer, LoneWeb, grouped, seeded
from tests.torture.server_troubles import (
    USER,
    Trouble,
    full_disk,
    held_rows,
    no_connections,
    read_only,
    slow_writes,
    standstill,
    user_of,
)

pytestmark = pytest.mark.torture

WRITERS = 30
"""Who write at once: more than the store has places for writers, or connections."""

SLACK = 5.0
"""Seconds by which an answer may be late on a machine that many share."""

LONGEST_WRITE = 2 * BUSY_TIMEOUT.total_seconds() + SLACK
"""A writer waits for a place, then for the lock."""

LONGEST_SILENCE = ANSWER_PATIENCE.total_seconds() + BUSY_TIMEOUT.total_seconds() + SLACK
"""Of a database that stands still."""

ENGINE_PATIENCE = 12.0 + SLACK
"""Seconds that somebody waits for the engine."""

COMPLETIONS = b"person_id,course_id,completed_at,score\nnobody-1,scarce-basics,2026-01-05T09:00:00Z,\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole product; where its processes may not write, an error tells them so, and no signal."""
    up = House(tmp_path_factory.mktemp("scarce") / "ltl")
    # Temporal would take the signal for a reason to end, which a disk without room never gives it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGXFSZ})
    try:
        up.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        settle_in(up)
        yield up
    finally:
        up.stop()


@contextmanager
def no_room(house: House, *names: str) -> Iterator[None]:
    """Let no file of these processes grow, as on a full disk; nothing they have open is lost."""
    pids = [house.part(name).pid for name in names]
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_full_disk_is_said_and_nothing_is_half_done(house: House, say: Say) -> None:
    """With no room for store or uploads whatever writes gets 507; everything else goes on, and later all is well."""
    scene = Scene(house, "scarce", "north")
    scene.start()
    scene.write_message()
    before = {process.name: process.pid for process in house.processes()}
    kept = uploads(house)
    key, path = new_key(), scene.path("north", "hold")
    with no_room(house, "web", "worker"):
        answers = {
            "hold": asked(house, "POST", path, OWNER, Role.PRODUCT_MANAGER, key=key, json={"reason": "No room."}),
            "edit": asked(house, "PUT", *_message(scene), json={"statement": "Shorter."}, headers={"If-Match": "*"}),
            "file": send(house, COMPLETIONS),
            "large file": send(house, COMPLETIONS * 40_000),
            "form": asked(
                house,
                "POST",
                "/v1/imports/completions",
                ENABLER,
                Role.ENABLEMENT,
                files={"file": COMPLETIONS * 40_000},
            ),
        }
        reads = [read(house, scene) for _ in range(5)]
        assert scene.verdict("north") == "not_ready"
        assert uploads(house) == kept
    assert {each.status for each in reads} == {200}
    for what, answer in answers.items():
        # A form's parser finds no folder that takes its file, and cannot say why.
        kinds = {"storage-full", "storage-away"} if what == "form" else {"storage-full"}
        assert answer.kind in kinds, (what, answer)
        assert answer.is_honest, (what, answer)
        assert answer.seconds < LONGEST_WRITE, (what, answer)
    assert scene.ask("north", "hold", key=key, reason="No room.")["verdict"] == "held"
    assert len(scene.happened("north", "region_held")) == 1
    scene.write_message("Shorter.")
    sent = house.upload(scene.enabler, "completions", COMPLETIONS)
    assert (sent["state"], sent["accepted"]) == ("completed", 1)
    assert {process.name: process.pid for process in house.processes()} == before, "a process had to be started again"
    say(f"no room under store and uploads: {grouped(answers)}; reads meanwhile: {grouped(reads)}")


@pytest.mark.parametrize("turn", range(rounds(1, many=12)))
def test_no_room_under_the_engine_loses_and_doubles_nothing(house: House, turn: int, say: Say) -> None:
    """What is logged and not carried out is answered 503; sent again once there is room, it happens once."""
    chance = random.Random(TORTURE_SEED + turn)  # noqa: S311 - it chooses what to break.
    victims = [("Temporal",), ("worker",), ("Temporal", "worker")][turn and chance.randrange(3)]
    scene = Scene(house, f"stuck-{turn}", "south")
    scene.start()
    key, path = new_key(), scene.path("south", "hold")
    ask = partial(asked, house, "POST", path, OWNER, Role.PRODUCT_MANAGER, key=key, json={"reason": "No room."})
    with no_room(house, *victims), ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        reads = read_until([asking], partial(read, house, scene))
        answer = asking.result()
    freed = time.monotonic()
    assert (answer.status, answer.is_honest) == (503, True), answer
    assert answer.seconds < ENGINE_PATIENCE
    assert {each.status for each in reads} == {200}
    done = eventually(ask, lambda seen: seen.status != 503)
    took = time.monotonic() - freed
    # After a minute it would have been refused as too old: then too, once and for good.
    assert (done.status, done.kind) in {(200, ""), (409, "expired")}, done
    assert len(scene.happened("south", "region_held")) == (done.status == 200)
    assert ask().status == done.status
    say(
        f"no room under {' and '.join(victims)}: {answer!r}, carried out {took:.1f} s after there was; "
        f"reads meanwhile: {grouped(reads)}"
    )


def test_a_file_taken_in_is_loaded_once_there_is_room(house: House) -> None:
    """An import that runs out of room goes on where it stopped, and every row counts once."""
    scene = Scene(house, "waiting", "west")
    scene.start()
    rows = "".join(f"person-{n},waiting-basics,2026-01-05T09:00:00Z,\n" for n in range(6_000))
    with no_room(house, "worker"):
        sent = send(house, f"person_id,course_id,completed_at,score\n{rows}".encode())
        assert sent.status == 202
        import_id = sent.response.json()["id"]
        assert scene.enabler.read(f"/v1/imports/{import_id}")["state"] in {"queued", "running"}
    ended = house.ended(scene.enabler, import_id)
    assert (ended["state"], ended["accepted"], ended["rejected"]) == ("completed", 6_000, 0)


# --- one web process on a database that others hold


@pytest.fixture(scope="module")
def on_a_file(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneWeb]:
    """A web process on a SQLite file."""
    directory = tmp_path_factory.mktemp("lone") / "ltl"
    directory.mkdir()
    file = directory / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    seeded(f"sqlite:///{file}")
    with LoneWeb(directory, f"sqlite:///{file}") as web:
        yield web


@pytest.fixture(scope="module")
def server(
    migrated_postgres: str, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LoneWeb, psycopg.Connection]]:
    """A web process on PostgreSQL, where it is nobody special, and a connection of the server's administrator."""
    with postgres_database(postgres_url, template=migrated_postgres) as url:
        seeded(url)
        plain = make_url(url).set(drivername="postgresql")
        with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as admin:
            theirs = plain.set(username=USER).render_as_string(hide_password=False)
            with user_of(admin), LoneWeb(tmp_path_factory.mktemp("lone") / "ltl", theirs) as web:
                yield web, admin


def test_while_somebody_else_writes_reading_goes_on(on_a_file: LoneWeb, say: Say) -> None:
    """Thirty who wait for a lock are told so in time; others read at once; asked again, each is done once."""
    web = on_a_file
    with closing(sqlite3.connect(web.directory / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers, reads = under_strain(web, "lock")
        other.execute("ROLLBACK")
    say(f"a lock held on SQLite: {grouped(answers)}; reads meanwhile: {grouped(reads)}")
    assert {each.kind for each in answers.values()} == {"store-away"}
    judge(web, answers, reads, longest=LONGEST_WRITE)


EVERY_TIME: tuple[tuple[Trouble, set[str], bool], ...] = (
    # The setting is a default only: a connection that was told to read and then to write again may write.
    (read_only, {"", "store-away"}, True),
    (full_disk, {"storage-full"}, True),
    (standstill, {"store-away"}, False),
)
AT_LENGTH: tuple[tuple[Trouble, set[str], bool], ...] = (
    *EVERY_TIME,
    (no_connections, {"store-away"}, False),
    (slow_writes, {"", "store-away"}, True),
    (held_rows, {"store-away"}, True),
) * 3
"""Each trouble of a server with how writes are then answered, and whether reading goes on."""


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("trouble", "kinds", "reading_goes_on"),
    [pytest.param(*each, id=each[0].__name__) for each in (EVERY_TIME if rounds(1, many=2) == 1 else AT_LENGTH)],
)
def test_a_server_in_trouble_is_told_of_in_time_and_recovers_unaided(
    server: tuple[LoneWeb, psycopg.Connection], trouble: Trouble, kinds: set[str], reading_goes_on: bool, say: Say
) -> None:
    """Writers hear in time whatever befalls the server, readers go on where they can, and nothing is done twice."""
    web, admin = server
    with trouble(admin):
        answers, reads = under_strain(web, f"{trouble.__name__}-{new_key()[:8]}")
        alive = web.ask("GET", "/livez", OWNER, Role.AUDITOR)
        ready = web.ask("GET", "/readyz", OWNER, Role.AUDITOR)
    say(f"{trouble.__name__} on PostgreSQL: {grouped(answers)}; reads meanwhile: {grouped(reads)}; readyz {ready!r}")
    answered = {each.kind for each in answers.values()}
    assert answered <= kinds
    assert answered != {""}, "nobody noticed anything"
    assert alive.status == 200
    assert ready.seconds < SLACK + 2
    judge(web, answers, reads, longest=LONGEST_SILENCE, reading_goes_on=reading_goes_on)


# --- what all of them share


def under_strain(web: LoneWeb, name: str) -> tuple[dict[str, Answer], list[Answer]]:
    """Write with thirty at once, each under a key of its own, and read meanwhile; return what all of them heard."""
    with ThreadPoolExecutor(WRITERS) as threads:
        keys = [f"{name}-{number}" for number in range(WRITERS)]
        writing = {key: threads.submit(web.hear, key) for key in keys}
        reads = [web.read_board(), *read_until(list(writing.values()), web.read_region)]
        return {key: each.result() for key, each in writing.items()}, reads


def judge(
    web: LoneWeb,
    answers: dict[str, Answer],
    reads: list[Answer],
    *,
    longest: float,
    reading_goes_on: bool = True,
) -> None:
    """See that every answer was honest and in time, and that each wish, repeated, is carried out once."""
    for answer in (*answers.values(), *reads):
        assert answer.is_honest, answer
        assert answer.seconds < longest, answer
    if reading_goes_on:
        assert {each.status for each in reads} == {200}
    # Unaided: nothing is started again, the next wish finds everything as it was.
    eventually(web.read_region, lambda seen: seen.status == 200, within=timedelta(seconds=30))
    before = heard(web)
    assert all(key in before for key, answer in answers.items() if answer.status == 201)
    for key in answers:
        again = eventually(partial(web.hear, key), lambda seen: seen.status != 503, within=timedelta(seconds=30))
        assert again.status == 201, again
    assert answers.keys() <= heard(web)


def heard(web: LoneWeb) -> set[str]:
    """Return the keys under which objections were written down; fails if one of them was written twice."""
    content = web.ask(
        "GET", "/v1/launches/atlas-2/regions/emea/content/objection_handling", OWNER, Role.AUDITOR
    ).response.json()
    found = [entry["content"]["objection"].rpartition(" ")[2].rstrip(".") for entry in content["raised"]]
    assert len(found) == len(set(found)), "a wish was carried out twice"
    return set(found)


def read_until(awaited: Sequence[Future[Any]], look: Callable[[], Answer]) -> list[Answer]:
    """Read again and again until everything else is done."""
    seen = [look()]
    while not all(each.done() for each in awaited):
        seen.append(look())
    return seen


def asked(house: House, method: str, path: str, person: str, role: Role, **more: Any) -> Answer:
    """Ask the house once, and return what was answered and how long it took."""
    key = more.pop("key", None)
    headers = {"Authorization": f"Bearer {mint(house.directory, person, [role])}", **more.pop("headers", {})}
    headers |= {"Idempotency-Key": key} if key else {}
    with httpx2.Client(base_url=house.url, timeout=60, trust_env=False) as client:
        begun = time.monotonic()
        response = client.request(method, path, headers=headers, **more)
        return Answer(response, time.monotonic() - begun)


def read(house: House, scene: Scene) -> Answer:
    """Read the readiness of a region, as an auditor."""
    return asked(house, "GET", scene.path(scene.regions[0], "readiness"), "au-1", Role.AUDITOR)


def send(house: House, content: bytes) -> Answer:
    """Send completions as the raw body."""
    return asked(
        house,
        "POST",
        "/v1/imports/completions",
        ENABLER,
        Role.ENABLEMENT,
        content=content,
        headers={"Content-Type": "text/csv"},
    )


def uploads(house: House) -> list[str]:
    """Return what lies in the folder of uploads."""
    return sorted(file.name for file in (house.directory / "uploads").glob("*"))


def _message(scene: Scene) -> tuple[str, str, Role]:
    return f"/v1/launches/{scene.product}/value-propositions/all", "ma-1", Role.MARKETING
