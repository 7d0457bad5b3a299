"""Are answers packed for who reads gzip, and never where that would tell a secret or make somebody wait?"""

import gzip
from collections.abc import Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from api.conditional import entity_tag, not_modified, preconditions
from api.heads import HeadMiddleware
from api.packing import IN_PLACE, SMALLEST, PackingMiddleware, takes_packed

LONG = "Läunch & learn. " * 4_000
TAG = entity_tag("long")
AS_IT_IS = {"Accept-Encoding": "identity"}


async def _long(request: Request) -> Response:
    known = not_modified(request.headers.get("if-none-match"), TAG)
    return known or PlainTextResponse(LONG, headers={"ETag": TAG, "Vary": "Cookie"})


async def _edit(request: Request) -> Response:
    (await preconditions(request.headers.get("if-match"), None)).admit_edit(TAG)
    return PlainTextResponse(LONG)


async def _short(_request: Request) -> Response:
    return PlainTextResponse("x" * (SMALLEST - 1))


async def _picture(_request: Request) -> Response:
    return Response(LONG.encode(), media_type="application/pdf")


async def _blocks(_request: Request) -> Response:
    blocks = (LONG[at : at + 3 * IN_PLACE] for at in range(0, len(LONG), 3 * IN_PLACE))
    return StreamingResponse(blocks, media_type="text/csv; charset=utf-8")


async def _events(_request: Request) -> Response:
    return StreamingResponse(iter([LONG]), media_type="text/event-stream")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """Whoever asks an application of every kind of answer, behind the middleware."""
    routes = [
        Route("/long", _long),
        Route("/edit", _edit, methods=["POST"]),
        Route("/short", _short),
        Route("/picture", _picture),
        Route("/blocks", _blocks),
        Route("/events", _events),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(PackingMiddleware)
    app.add_middleware(HeadMiddleware)
    with TestClient(app) as knocking:
        yield knocking


def is_packed(answer: httpx2.Response) -> bool:
    """Say whether an answer came packed."""
    return answer.headers.get("content-encoding") == "gzip"


@pytest.mark.parametrize("path", ["/long", "/blocks"])
def test_what_is_long_is_packed_for_who_reads_gzip_and_for_nobody_else(client: TestClient, path: str) -> None:
    """The text is the same either way, whether it comes whole or in blocks; caches are told on what it depends."""
    packed, plain = client.get(path), client.get(path, headers=AS_IT_IS)
    assert (is_packed(packed), is_packed(plain)) == (True, False)
    assert packed.text == plain.text == LONG
    assert packed.num_bytes_downloaded < len(LONG) / 20
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["vary"]


def test_a_head_says_what_the_packed_answer_would(client: TestClient) -> None:
    """Its length and its tag are those of what a GET brings, packed."""
    asked, told = client.get("/long"), client.head("/long")
    for name in ("content-length", "content-encoding", "etag", "vary"):
        assert told.headers[name] == asked.headers[name]
    assert int(asked.headers["content-length"]) == asked.num_bytes_downloaded


@pytest.mark.parametrize("path", ["/short", "/picture", "/events"])
def test_what_is_short_or_packed_already_or_told_as_it_happens_goes_as_it_is(client: TestClient, path: str) -> None:
    """A short text, a file of its own kind and a stream of events are never packed."""
    assert not is_packed(client.get(path))


def test_what_an_act_answers_is_never_packed(client: TestClient) -> None:
    """It may hold a secret told once beside what was typed, and its length would tell of it."""
    assert not is_packed(client.post("/edit", headers={"If-Match": TAG}))


def test_what_another_site_has_a_browser_ask_for_is_never_packed(client: TestClient) -> None:
    """Who guesses at what a page holds learns nothing from how much of it repeats the guess."""
    for site, packed in {"cross-site": False, "same-site": False, "same-origin": True, "none": True}.items():
        assert is_packed(client.get("/long", headers={"Sec-Fetch-Site": site})) is packed


def test_a_packed_answer_has_a_tag_of_its_own_that_every_condition_takes(client: TestClient) -> None:
    """Either tag spares a second reading, is answered by itself, and lets an edit through; no other does."""
    packed, plain = (client.get("/long", headers=headers).headers["etag"] for headers in ({}, AS_IT_IS))
    assert plain == TAG != packed
    for known in (packed, plain):
        spared = client.get("/long", headers={"If-None-Match": known})
        assert (spared.status_code, spared.headers["etag"], spared.content) == (304, known, b"")
        assert client.post("/edit", headers={"If-Match": known}).status_code == 200
    assert client.get("/long", headers={"If-None-Match": '"other-gzip"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("GZIP;q=0.5, br", True),
        ("br, *", True),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("identity", False),
        ("x-gzip-not", False),
        ("", False),
    ],
)
def test_who_reads_gzip_says_so(accepted: str, taken: bool) -> None:
    """A weight of nothing is a no, and the star speaks only of what is not named."""
    assert takes_packed(Headers({"Accept-Encoding": accepted})) is taken


def test_a_large_answer_is_packed_into_one_whole_file(client: TestClient) -> None:
    """Whatever unpacks gzip unpacks it: it has its end and its check sum."""
    with client.stream("GET", "/long") as answer:
        assert gzip.decompress(b"".join(answer.iter_raw())).decode() == LONG
