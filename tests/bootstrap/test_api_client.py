"""Does our own client get through trouble without doing anything twice?"""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from bootstrap.api_client import Api, NoAnswer, Refused
from tests.bootstrap.fake_api import Answer, Asked, FakeApi, fake_api

AWAY = {"type": "/problems/engine-away", "title": "The workflow engine does not answer.", "status": 503}


def test_what_was_not_answered_is_asked_again_under_the_same_key(api: FakeApi) -> None:
    """A 503 is no outcome: the same wish is sent again, so it has one effect."""
    answers = iter([Answer(503, AWAY), Answer(503, AWAY), Answer(201, {"product": "atlas-2"})])
    api.routes_to("POST /v1/launches", lambda _asked: next(answers))
    with Api(api.url, "token") as client:
        assert client.ask("/v1/launches", {"product": "atlas-2"}) == {"product": "atlas-2"}
    assert len(api.asked) == 3
    assert len({asked.headers["idempotency-key"] for asked in api.asked}) == 1


def test_two_wishes_have_two_keys(api: FakeApi) -> None:
    """Asking the same thing twice on purpose is two wishes."""
    api.answers("POST /v1/launches", {})
    with Api(api.url, "token") as client:
        client.ask("/v1/launches", {})
        client.ask("/v1/launches", {})
    assert len({asked.headers["idempotency-key"] for asked in api.asked}) == 2


def test_a_refusal_is_not_asked_again(api: FakeApi) -> None:
    """A no is an answer, and carries its document."""
    problem = {"type": "/problems/gates-not-met", "title": "Unmet.", "status": 409, "detail": "One is unmet."}
    api.answers("POST /v1/launches", problem, status=409)
    with Api(api.url, "token") as client, pytest.raises(Refused, match="One is unmet") as refused:
        client.ask("/v1/launches", {})
    assert refused.value.kind == "gates-not-met"
    assert len(api.asked) == 1


def test_a_server_that_stays_away_is_said_to_be(api: FakeApi) -> None:
    """When patience ends, the last 503 is what the person reads."""
    api.answers("GET /v1/readiness", AWAY, status=503)
    with Api(api.url, "token", patience=timedelta(0)) as client, pytest.raises(Refused) as refused:
        client.read("/v1/readiness")
    assert refused.value.status == 503


def test_nobody_listening_is_no_answer() -> None:
    """Where nobody listens, nothing is claimed about what happened."""
    with fake_api() as fake:
        url = fake.url
    with Api(url, "token", patience=timedelta(0)) as client, pytest.raises(NoAnswer, match="may or may not"):
        client.read("/v1/readiness")


def test_whoever_waits_is_told_for_what(api: FakeApi) -> None:
    """A request without an answer is spoken of once, however often it is sent; a quick answer needs no word."""
    said: list[str] = []
    spoken = threading.Event()

    def say(why: str) -> None:
        said.append(why)
        spoken.set()

    answers = iter([Answer(503, AWAY), Answer(200, {})])

    def after_a_while(_asked: Asked) -> Answer:
        assert spoken.wait(60)
        return next(answers)

    api.routes_to("GET /v1/readiness", after_a_while)
    with Api(api.url, "token", on_wait=say, silence=timedelta(milliseconds=1)) as client:
        assert client.read("/v1/readiness") == {}
    assert said == [f"Still waiting for {api.url} to answer GET /v1/readiness …"]
    api.answers("GET /v1/policies", {})
    with Api(api.url, "token", on_wait=say) as client:
        client.read("/v1/policies")
    assert len(said) == 1


def test_a_file_is_sent_whole_again_after_trouble(api: FakeApi, tmp_path: Path) -> None:
    """Each try sends the file from its beginning, and says how long it is."""
    file = tmp_path / "facts.ndjson"
    file.write_bytes(b'{"person_id": "p-1"}\n' * 30_000)
    answers = iter([Answer(503, AWAY), Answer(202, {"id": "i-1"})])
    api.routes_to("POST /v1/imports/people", lambda _asked: next(answers))
    sent: list[int] = []
    with Api(api.url, "token") as client:
        assert client.upload("people", file, on_sent=sent.append) == {"id": "i-1"}
    assert [asked.body == file.read_bytes() for asked in api.asked] == [True, True]
    assert api.last("POST").headers["content-type"] == "application/x-ndjson"
    assert sent[-1] == file.stat().st_size


def test_what_is_not_asked_for_is_left_out(api: FakeApi) -> None:
    """A filter that nobody set is not sent."""

    def echo(asked: Asked) -> Answer:
        return Answer(200, asked.query)

    api.routes_to("GET /v1/readiness", echo)
    with Api(api.url, "token") as client:
        assert client.read("/v1/readiness", product="atlas-2", region=None) == {"product": "atlas-2"}
