"""Is every body that nothing can be trusted with refused before a rule sees it?"""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.limits import BodyLimits
from api.strict_json import DEEPEST_NESTING, LARGEST_INTEGER, MOST_NAMES, JsonRefused, parse_json

JSON = {"Content-Type": "application/json"}


def as_sent(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as bytes, as somebody sends them who does not care for ASCII."""
    return [(name.encode(), value.encode()) for name, value in headers.items()]


REFUSED = {
    "nothing but a brace": b"{",
    "NaN": b'{"share": NaN}',
    "Infinity": b'{"share": Infinity}',
    "minus Infinity": b'{"share": -Infinity}',
    "a number beyond every float": b'{"share": 1e999}',
    "a number of ten thousand digits": b'{"share": ' + b"9" * 9_000 + b"}",
    "a fraction of ten thousand digits": b'{"share": 0.' + b"9" * 9_000 + b"}",
    "a number with an exponent of ten digits": b'{"share": 1e-9999999999}',
    "an exponent that overflows": b'{"share": 1e99999999999999999999}',
    "an integer that others misread": b'{"count": 9007199254740993}',
    "half a surrogate pair": b'{"name": "\\ud83d"}',
    "half a surrogate pair in a name": b'{"\\udc00": 1}',
    "the character nought": b'{"name": "a\\u0000b"}',
    "a raw control character": b'{"name": "a\x01b"}',
    "a name twice": b'{"share": 0.9, "share": 0.1}',
    "UTF-16": '{"share": 0.9}'.encode("utf-16"),
    "Latin-1": '{"name": "Zoë"}'.encode("latin-1"),
    "a surrogate as UTF-8": b'{"name": "\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"share": 0.9}',
    "depth without end": b"[" * 9_000,
    "objects without end": b'{"a":' * 1_500,
    "65 levels": b"[" * 65 + b"]" * 65,
    "two values": b"{} {}",
    "a thousand and one names": b"{" + b",".join(b'"%d":1' % each for each in range(MOST_NAMES + 1)) + b"}",
    "a comment": b"{} // nothing",
    "single quotes": b"{'share': 0.9}",
    "spaces only": b"   ",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_json_that_can_be_trusted_is_400(
    body: bytes, client: TestClient, manager: dict[str, str]
) -> None:
    """Such a body is refused with a sentence, and never reaches a model or a 500."""
    answer = client.post("/v1/launches", content=body, headers={**manager, **JSON})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/json-invalid")
    assert answer.json()["detail"].endswith(".")
    assert len(answer.json()["detail"]) < 200


def test_json_is_read_exactly() -> None:
    """Fractions keep every digit, so that no threshold is met by rounding."""
    assert parse_json(b'{"share": 79.99999999999999999, "n": -9007199254740992, "t": "\\ud83d\\ude00"}') == {
        "share": Decimal("79.99999999999999999"),
        "n": -LARGEST_INTEGER,
        "t": "😀",
    }


def test_the_deepest_nesting_is_still_read() -> None:
    """Sixty-four levels are taken, one more is not."""
    assert parse_json(b"[" * DEEPEST_NESTING + b"1" + b"]" * DEEPEST_NESTING)
    with pytest.raises(JsonRefused):
        parse_json(b"[" * (DEEPEST_NESTING + 1) + b"1" + b"]" * (DEEPEST_NESTING + 1))


@given(
    body=st.binary(max_size=60)
    | st.text(alphabet='{}[]":,0123456789eE.-\\ud800truefalsn ', max_size=60).map(str.encode)
)
def test_no_body_breaks_the_reader(body: bytes) -> None:
    """Any bytes are either read or refused by name, and by nothing else."""
    with suppress(JsonRefused):
        parse_json(body)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_of_another_kind_is_415(headers: dict[str, str], client: TestClient, manager: dict[str, str]) -> None:
    """What is not said to be plain JSON is not guessed to be."""
    answer = client.post("/v1/launches", content=b'{"share": 0.9}', headers={**manager, **headers})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/media-type-not-supported")


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=UTF-8", "Application/Plan+JSON"])
def test_json_by_each_of_its_names_is_read(media: str, client: TestClient, manager: dict[str, str]) -> None:
    """JSON may be called by its own type or by one that ends in +json."""
    answer = client.post(
        "/v1/launches",
        content=b'{"share": 0.9, "regions": ["emea"]}',
        headers={**manager, "Content-Type": media},
    )
    assert answer.status_code == 201


def test_a_body_over_the_limit_is_413_by_its_declared_length(client: TestClient, manager: dict[str, str]) -> None:
    """A body that is declared too long is refused without being read, and the connection ends."""

    answer = client.post("/v1/launches", content=b"x" * 10_001, headers={**manager, **JSON})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["request_id"]


def test_a_body_that_turns_out_too_long_is_413(client: TestClient, manager: dict[str, str]) -> None:
    """A body without a declared length is stopped where it passes the limit."""

    def endless() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(20):
            yield b"x" * 1_000

    answer = client.post("/v1/launches", content=endless(), headers={**manager, **JSON})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")


@pytest.mark.parametrize("length", ["-1", "1e3", "ten", "9" * 30, "\u0661"])
def test_a_length_that_is_none_is_refused(length: str, client: TestClient, manager: dict[str, str]) -> None:
    """A Content-Length that is no length, or beyond all lengths, never reaches a route."""
    stated = as_sent({**manager, **JSON, "Content-Length": length})
    assert client.post("/v1/launches", content=b"{}", headers=stated).status_code in {400, 413}


def test_an_upload_has_a_limit_of_its_own(client: TestClient, enablement: dict[str, str]) -> None:
    """A file may be longer than a document, up to the limit of files."""
    url = "/v1/imports/people"
    assert client.post(url, content=b"x" * 40_000, headers=enablement).json() == 40_000
    assert client.post(url, content=b"x" * 50_001, headers=enablement).status_code == 413
    chunks = (b"x" * 10_000 for _ in range(6))
    assert client.post(url, content=chunks, headers=enablement).status_code == 413


def test_limits_are_by_path() -> None:
    """A path has the limit of the first exception that it begins with, else the default."""
    limits = BodyLimits(10, (("/v1/imports/", 50),))
    assert (limits.of("/v1/imports/people"), limits.of("/v1/imports"), limits.of("/v1/launches")) == (50, 10, 10)


@pytest.mark.parametrize("key", [None, "", "with space", "ключ", "k" * 256])
def test_a_wish_needs_a_key(key: str | None, client: TestClient, manager: dict[str, str]) -> None:
    """A request that creates is 400 without an Idempotency-Key of 1 to 255 visible ASCII characters."""
    headers = {name: value for name, value in manager.items() if name != "Idempotency-Key"}
    if key is not None:
        headers["Idempotency-Key"] = key
    answer = client.post("/v1/launches", json={"share": 0.9, "regions": ["emea"]}, headers=as_sent(headers))
    slug = "idempotency-key-invalid" if key else "idempotency-key-missing"
    assert (answer.status_code, answer.json()["type"]) == (400, f"/problems/{slug}")


def test_the_longest_key_is_taken_and_two_keys_are_not(client: TestClient, manager: dict[str, str]) -> None:
    """A key of 255 characters counts; a request with two keys has none."""
    wish = {"share": 0.9, "regions": ["emea"]}
    longest = {**manager, "Idempotency-Key": "k" * 255}
    assert client.post("/v1/launches", json=wish, headers=longest).status_code == 201
    twice = [*manager.items(), ("Idempotency-Key", "wish-2")]
    assert client.post("/v1/launches", json=wish, headers=twice).status_code == 400
