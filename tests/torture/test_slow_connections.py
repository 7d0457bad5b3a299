"""Does anybody who asks properly notice a thousand others who hold connections and do not use them?"""

import asyncio
import hashlib
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from benchmarks.tables import peak_memory_of, percentile
from bootstrap.impatience import PATIENCE_SECONDS, ROOM_AFTER_SECONDS, claim_places
from readiness.commands import Role
from tests.effort import rounds
from tests.store.desk import PRODUCT
from tests.stories.house import eventually
from tests.torture.conftest import Say
from tests.torture.lone_web import ENABLER, LoneWeb, seeded
from tests.torture.slow_clients import Asked, Held, Street

pytestmark = pytest.mark.torture

SLOW = rounds(152, many=1_000)
"""Connections that are held at once, as many of each kind."""

HEALTHY = 4
"""Who ask properly, each again and again."""

QUICKLY = 1.0
"""Seconds within which 99 of 100 proper questions are answered."""

ALONE = 50
"""Proper questions that are asked before anybody is slow."""

BUSY = 20
"""Times as long as before that an answer may take, where the machine is so busy that a second is not enough."""

OF_THE_STORE = 60
"""Descriptors that the store's connections may have taken meanwhile: three each."""

LATE = 5.0
"""Seconds by which a timer may be late, and by which a drip notices it, on a machine that many share."""

BARE_PLACES = 40
"""Connections that the server without patience lets in."""

DESCRIPTORS = 400
"""What a process may hold open where it is few: enough for a hundred connections."""

WAVES, WAVE = 8, 90
"""How many times how many connections come to it, one wave shortly after the other."""

NEVER_ASKING = ("says nothing", "half a head", "a dripping head")

LARGEST_BODY = 200_000
LARGEST_IMPORT = 2_000_000

HEADER = b"person_id,course_id,completed_at,score\n"


@pytest.fixture(scope="module")
def seeded_file(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one region of a launch, for copying only."""
    file = tmp_path_factory.mktemp("seeded") / "store.sqlite"
    shutil.copyfile(migrated_sqlite, file)
    seeded(f"sqlite:///{file}")
    return file


@contextmanager
def running(seeded_file: Path, directory: Path, *prefix: str) -> Iterator[LoneWeb]:
    """Run a web process on a copy of the database; it takes bodies and files of a modest size."""
    directory.mkdir()
    file = directory / "store.sqlite"
    shutil.copyfile(seeded_file, file)
    with LoneWeb(
        directory,
        f"sqlite:///{file}",
        prefix=prefix,
        LTL_LARGEST_BODY=str(LARGEST_BODY),
        LTL_LARGEST_IMPORT=str(LARGEST_IMPORT),
    ) as web:
        yield web


@pytest.fixture(scope="module")
def web(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneWeb]:
    """A web process as it is delivered, for all tests of this file."""
    with running(seeded_file, tmp_path_factory.mktemp("web") / "ltl") as up:
        yield up


def street(web: LoneWeb) -> Street:
    """Return everybody outside the web process: people who may ask, start launches and send files."""
    return Street(
        web.port,
        path=f"/v1/launches/{PRODUCT}/regions/emea/readiness",
        large="/openapi.json",
        upload="/v1/imports/completions",
        headers=web.headers(ENABLER, Role.ENABLEMENT, Role.PRODUCT_MANAGER),
    )


def test_slow_connections_are_ended_and_nobody_else_notices(web: LoneWeb, say: Say) -> None:
    """Whoever holds a connection and does not use it is let go within fifteen seconds, and others are answered."""
    claim_places(2 * SLOW)
    before = descriptors(web)

    async def happens() -> tuple[list[Held], Asked, bytes, int, float]:
        outside = street(web)
        alone = percentile([(await outside.ask())[1] for _ in range(ALONE)], 0.99)
        holding = asyncio.ensure_future(outside.hold_all(SLOW, at_most=PATIENCE_SECONDS + LATE))
        pieces = [HEADER, *[b"x" * 4_096] * 18]
        # It takes longer than fifteen seconds in all, and no single wait is long.
        honest = asyncio.ensure_future(outside.send_slowly(pieces, every=timedelta(milliseconds=900)))
        asking = [asyncio.ensure_future(outside.ask_on(holding.done)) for _ in range(HEALTHY)]
        held_open = 0
        while not holding.done():
            await asyncio.wait({holding}, timeout=0.5)
            held_open = max(held_open, descriptors(web) - before)
        total = Asked()
        for asked in await asyncio.gather(*asking):
            for status, seconds in asked.by_status.items():
                total.by_status.setdefault(status, []).extend(seconds)
        return holding.result(), total, await honest, held_open, alone

    held, asked, answer, held_open, alone = asyncio.run(happens())
    slowest = max(each.seconds for each in held)
    say(
        f"{len(held)} slow connections of {len({each.kind for each in held})} kinds, {held_open} open at once: the "
        f"last was ended after {slowest:.1f} s; {len(asked.seconds)} proper questions meanwhile: "
        f"p50 {percentile(asked.seconds, 0.5) * 1000:.0f} ms, p99 {percentile(asked.seconds, 0.99) * 1000:.0f} ms, "
        f"slowest {max(asked.seconds) * 1000:.0f} ms; p99 before {alone * 1000:.0f} ms"
    )
    assert set(asked.by_status) == {200}
    assert percentile(asked.seconds, 0.99) < max(QUICKLY, BUSY * alone)
    assert [each for each in held if each.seconds >= PATIENCE_SECONDS + LATE] == []
    # None of them was in the way of an honest upload that merely took its time, nor left anything behind.
    assert answer.split(b" ", 2)[1] in {b"202", b"503"}, answer
    digest = hashlib.sha256(b"".join([HEADER, *[b"x" * 4_096] * 18])).hexdigest()
    assert [file.name for file in (web.directory / "uploads").iterdir()] == [digest]
    eventually(lambda: descriptors(web), lambda now: now <= before + OF_THE_STORE)


def test_a_server_that_waits_for_ever_holds_them_and_nobody_else() -> None:
    """The same connections on uvicorn as it comes are held to the end and keep others out: so the judge can tell."""

    async def happens(port: int) -> tuple[list[Held], int]:
        outside = Street(port, path="/", large="/", upload="/", headers={})
        holding = asyncio.ensure_future(outside.hold_all(BARE_PLACES, at_most=LATE, only=NEVER_ASKING))
        while len(server.server_state.connections) < BARE_PLACES:
            await asyncio.wait({holding}, timeout=0.05)
        status, _ = await outside.ask()
        return await holding, status

    with bare_server() as server:
        held, status = asyncio.run(happens(server.servers[0].sockets[0].getsockname()[1]))
    assert status == 503
    assert all(each.seconds >= LATE for each in held)


def test_more_connections_than_places_keep_nobody_out(seeded_file: Path, tmp_path: Path, say: Say) -> None:
    """Where descriptors are few, whoever has owed something the longest gives way to whoever comes."""
    few = ("bash", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "few")

    async def happens(outside: Street) -> tuple[list[Held], Asked, float]:
        alone = percentile([(await outside.ask())[1] for _ in range(ALONE)], 0.99)
        waves: list[asyncio.Future[list[Held]]] = []
        asking = asyncio.ensure_future(outside.ask_on(lambda: len(waves) == WAVES and all(w.done() for w in waves)))
        for _ in range(WAVES):
            waves.append(asyncio.ensure_future(outside.hold_all(WAVE, at_most=LATE, only=NEVER_ASKING)))
            await asyncio.wait({asking}, timeout=2 * ROOM_AFTER_SECONDS)
        return [held for wave in waves for held in await wave], await asking, alone

    claim_places(2 * WAVES * WAVE)
    with running(seeded_file, tmp_path / "ltl", *few) as web:
        held, asked, alone = asyncio.run(happens(street(web)))
        highest = descriptors(web)
    gave_way = sum(each.seconds < LATE for each in held)
    say(
        f"{len(held)} slow connections on {DESCRIPTORS} descriptors: {gave_way} gave way; {len(asked.seconds)} "
        f"proper questions meanwhile, p99 {percentile(asked.seconds, 0.99) * 1000:.0f} ms"
    )
    assert set(asked.by_status) == {200}
    assert percentile(asked.seconds, 0.99) < max(QUICKLY, BUSY * alone)
    assert highest <= DESCRIPTORS
    assert gave_way >= WAVES * WAVE - DESCRIPTORS


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [("POST", "/v1/launches", LARGEST_BODY), ("POST", "/v1/imports/completions", LARGEST_IMPORT)],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    web: LoneWeb, method: str, path: str, limit: int
) -> None:
    """A length that is declared is refused by itself; one that is not, as soon as it is too much; nothing is kept."""
    kept = sorted(file.name for file in (web.directory / "uploads").glob("*"))
    lines = ("Content-Type: application/json", "Idempotency-Key: large")

    async def happens() -> None:
        outside = street(web)
        for length in (limit + 1, 10**12, 10**18):
            status, seconds = await outside.send_head(method, path, *lines, f"Content-Length: {length}")
            assert status == 413
            assert seconds < QUICKLY
        status, sent = await outside.send_chunks_for_ever(method, path, *lines)
        assert status == 413
        # What was sent beyond the limit lay between here and there when the answer came.
        assert limit < sent < limit + 8_000_000

    before = peak_memory_of(web.pid)
    asyncio.run(happens())
    assert sorted(file.name for file in (web.directory / "uploads").glob("*")) == kept
    assert peak_memory_of(web.pid) - before < 50_000_000


def descriptors(web: LoneWeb) -> int:
    """Count what the web process holds open."""
    return len(list(Path(f"/proc/{web.pid}/fd").iterdir()))


@contextmanager
def bare_server() -> Iterator[uvicorn.Server]:
    """Run uvicorn as it comes, in a thread, with an application that reads whatever is sent."""

    async def reads_everything(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(
        reads_everything,
        port=0,
        http=H11Protocol,
        log_config=None,
        lifespan="off",
        limit_concurrency=BARE_PLACES,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, bool)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()
