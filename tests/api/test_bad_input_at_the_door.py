"""Is everything that somebody hostile or careless sends refused clearly, over HTTP, and changes nothing?"""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from store.engine import Store, open_store
from store.records_schema import commands
from tests.api.served import served
from tests.store.desk import Clock

REGION = "/v1/launches/atlas-2/regions/amer"
PATIENCE_SECONDS = 120
PEOPLE = "person_id,name,email,function,region\n"


class Door:
    """Sends requests of somebody who holds every role, and counts what was logged."""

    def __init__(self, client: httpx2.Client, store: Store) -> None:
        self._client = client
        self._store = store
        self._wishes = 0

    def send(self, method: str, path: str, *, content: bytes = b"", **headers: str) -> httpx2.Response:
        """Send exactly these bytes, as JSON under a new key unless `headers` (with _ for -) say otherwise."""
        self._wishes += 1
        stated = {"Content-Type": "application/json", "Idempotency-Key": f"wish-{self._wishes}"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.request(method, path, content=content, headers={**stated, **given})

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        """Send `body` as JSON."""
        return self.send("POST", path, content=json.dumps(body).encode(), **headers)

    def imported(self, content: str) -> dict[str, Any]:
        """Import people, and return what became of the file."""
        sent = self.send("POST", "/v1/imports/people", content=content.encode(), Content_Type="text/csv")
        assert sent.status_code == 202, sent.text
        found: dict[str, Any] = sent.json()
        return found

    def logged(self) -> int:
        """Return how many commands were ever logged."""
        with self._store.reading() as tx:
            return tx.execute(select(func.count()).select_from(commands)).scalar_one()


@cache
def bomb() -> bytes:
    """Return half a megabyte that stands for a hundred."""
    return gzip.compress(b" " * 100_000_000, compresslevel=1)


@pytest.fixture(scope="module")
def door(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The whole API over loopback, on a store in which a launch is under way."""
    tmp_path = tmp_path_factory.mktemp("door")
    file = tmp_path / "store.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    clock = Clock()
    with (
        closing(open_store(f"sqlite:///{file}", clock)) as store,
        served(store, clock, tmp_path / "uploads") as api,
        httpx2.Client(
            base_url=api.url,
            headers={"Authorization": api.authorization},
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        ) as client,
    ):
        yield Door(client, store)


def refusal(answer: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    """Return the problem that `answer` must be: of this kind, in whole sentences, and of a size to be read."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"/problems/{kind}"
    assert problem["detail"].endswith(".")
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert len(answer.content) < 5_000
    return problem


def faults(problem: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where a problem finds what."""
    return [(fault["path"], fault["code"]) for fault in problem["errors"]]


def test_a_reason_of_a_megabyte_is_too_large(door: Door) -> None:
    """A reason has 20,000 characters at most; what is over a megabyte is not even read."""
    before = door.logged()
    long = refusal(door.post(f"{REGION}/hold", {"reason": "x" * 1_000_000}), 422, "request-invalid")
    assert faults(long) == [("reason", "string-too-long")]
    refusal(door.post(f"{REGION}/hold", {"reason": "x" * 1_048_576}), 413, "content-too-large")
    assert door.logged() == before


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f"])
def test_text_that_turns_the_reading_direction_is_refused(door: Door, mark: str) -> None:
    """A name in which "tnemevorppa" reads as "approvement" is refused in a body, and as a row of a file."""
    before = door.logged()
    found = refusal(door.post(f"{REGION}/hold", {"reason": f"Not {mark}lla ta"}), 422, "request-invalid")
    assert faults(found) == [("reason", "value-error")]
    assert f"U+{ord(mark):04X}" in found["errors"][0]["reason"]
    assert door.logged() == before
    imported = door.imported(f"{PEOPLE}p-9,Ann {mark}eneri,a@x.example,sales,amer\n")
    assert (imported["accepted"], imported["rejected"], imported["errors"][0]["column"]) == (0, 1, "name")


def test_characters_that_never_show_are_left_out(door: Door) -> None:
    """A name with zero-width spaces is kept without them; one of nothing else is no name."""
    heard = {"objection": "Too\u200b dear\ufeff\u00ad", "heard": "At a\u2060 fair"}
    assert door.post(f"{REGION}/objections", heard).status_code == 201
    shown = door.send("GET", f"{REGION}/content/objection_handling").text
    assert "Too dear" in shown
    assert not any(mark in shown for mark in ("\u200b", "\ufeff", "\u00ad", "\\u200b", "\\ufeff", "\\u00ad"))
    nothing = refusal(door.post(f"{REGION}/hold", {"reason": "\u200b\u200d\ufeff"}), 422, "request-invalid")
    assert faults(nothing) == [("reason", "value-error")]


def test_joined_emoji_and_persian_stay_what_they_are(door: Door) -> None:
    """Joiners that shape what is read are kept: what people write is theirs."""
    for said in ("\U0001f469\u200d\U0001f680 says no", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"):
        assert door.post(f"{REGION}/objections", {"objection": said, "heard": "Here"}).status_code == 201
        assert said in json.dumps(door.send("GET", f"{REGION}/content/objection_handling").json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/imports/..%2F..%2Fetc%2Fpasswd",
        "/v1/imports/%2e%2e%2f%2e%2e%2fetc%2fpasswd/errors.csv",
        "/v1/imports/..%5C..%5Cissuer-key.json",
        "/v1/launches/..%2F..%2Fissuer-key.json",
        "/static/..%2F..%2Fapi%2Fapp.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
    ],
)
def test_an_id_that_climbs_out_of_its_folder_names_nothing(door: Door, path: str) -> None:
    """Dots and slashes in an id are no way to a file: there is nothing of that name."""
    answer = door.send("GET", path, Accept="application/json")
    refusal(answer, 404, "not-found")


def test_an_id_in_a_body_that_climbs_is_refused(door: Door) -> None:
    """Ids in bodies have no slashes; a file that is named so is kept under its digest."""
    owner = {"owner": "../../etc/passwd", "reason": "She takes over."}
    found = refusal(door.post("/v1/launches/atlas-2/owner", owner), 422, "request-invalid")
    assert faults(found) == [("owner", "string-pattern-mismatch")]
    sent = door.send(
        "POST", "/v1/imports/people?name=..%2F..%2Fevil.csv", content=PEOPLE.encode(), Content_Type="text/csv"
    )
    assert sent.status_code == 202


def test_a_field_that_nobody_knows_is_refused(door: Door) -> None:
    """What is not understood is not passed over: neither in a body nor among the parameters of an act."""
    before = door.logged()
    body = refusal(door.post(f"{REGION}/hold", {"reason": "Why.", "force": True}), 422, "request-invalid")
    query = refusal(door.post(f"{REGION}/hold?dry_run=true", {"reason": "Why."}), 422, "request-invalid")
    assert (faults(body), faults(query)) == ([("force", "extra-forbidden")], [("dry_run", "extra-forbidden")])
    assert door.logged() == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"reason": NaN}',
        b'{"reason": "x", "seen": 12345678901234567890}',
        b'{"reason": "x", "seen": -1e400}',
        b'{"reason": "\\ud83d"}',
        b'{"reason": "x\\u0000"}',
        b'{"reason": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"reason": "x", "reason": "y"}',
    ],
    ids=["NaN", "twenty-digits", "overflow", "surrogate", "nul", "deep", "twice"],
)
def test_json_that_others_read_otherwise_is_refused(door: Door, body: bytes) -> None:
    """Numbers that are none or too long, half characters, depth without an end and names twice are no JSON here."""
    before = door.logged()
    refusal(door.send("POST", f"{REGION}/hold", content=body), 400, "json-invalid")
    assert door.logged() == before


@pytest.mark.parametrize(
    ("path", "media"),
    [(f"{REGION}/hold", "application/json"), ("/v1/imports/people", "text/csv")],
)
@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_a_packed_body_is_not_unpacked(door: Door, path: str, media: str, packing: str) -> None:
    """Half a megabyte that stands for a hundred is refused as it is, by what it says that it is."""
    assert len(bomb()) < 600_000
    answer = door.send("POST", path, content=bomb(), Content_Type=media, Content_Encoding=packing)
    refusal(answer, 415, "media-type-not-supported")


def test_a_packed_file_that_does_not_say_so_is_refused_as_text(door: Door) -> None:
    """A file is read as it came: what gzip made of it is no text, and nothing is unpacked to find out."""
    sent = door.send("POST", "/v1/imports/people", content=gzip.compress(b" " * 1_000_000), Content_Type="text/csv")
    assert sent.json()["refused"]["code"] in {"not-text", "not-utf-8", "nul-byte"}


def test_a_key_that_is_replayed_with_another_body_is_refused(door: Door) -> None:
    """The same key means the same wish: with another body or for another region it is refused, and does nothing."""
    first = door.post(f"{REGION}/hold", {"reason": "Why."}, Idempotency_Key="once")
    assert first.status_code == 200
    before = door.logged()
    again = door.post(f"{REGION}/hold", {"reason": "Why."}, Idempotency_Key="once")
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"])
    refusal(door.post(f"{REGION}/hold", {"reason": "Other."}, Idempotency_Key="once"), 422, "key-reused")
    other = REGION.replace("amer", "apac")
    refusal(door.post(f"{other}/hold", {"reason": "Why."}, Idempotency_Key="once"), 422, "key-reused")
    assert door.logged() == before


@pytest.mark.parametrize(
    "where",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "anything-new"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://["},
    ],
)
def test_an_act_from_a_page_of_another_site_is_refused(door: Door, where: dict[str, str]) -> None:
    """What a browser sends for somebody else's page does nothing, whatever it carries."""
    before = door.logged()
    refusal(door.post(f"{REGION}/hold", {"reason": "Why."}, **where), 403, "cross-site")
    assert door.logged() == before


def test_an_act_from_our_own_page_or_a_program_is_taken(door: Door) -> None:
    """A page of ours says that it is ours, and a program says nothing."""
    for where in ({"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}, {}):
        apac = REGION.replace("amer", "apac")
        assert door.post(f"{apac}/hold?rehearse=true", {"reason": "Why."}, **where).status_code == 200


def test_no_page_elsewhere_reads_what_we_answer(door: Door) -> None:
    """No answer allows another origin, and a browser that asks beforehand is told no."""
    asked = door.send(
        "OPTIONS", f"{REGION}/hold", Origin="https://evil.example", Access_Control_Request_Method="POST"
    )
    read = door.send("GET", f"{REGION}/readiness", Origin="https://evil.example")
    assert (asked.status_code, read.status_code) == (405, 200)
    for answer in (asked, read):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_head_without_an_end_is_refused(door: Door) -> None:
    """Headers and addresses longer than anything needs are refused, whether they come at once or in pieces."""
    refusal(door.send("GET", f"{REGION}/readiness", X_Long="x" * 40_000), 431, "head-too-large")
    refusal(door.send("GET", f"{REGION}/people?{'manager=m&' * 4_000}"), 431, "head-too-large")
    assert door.send("GET", f"{REGION}/readiness", X_Long="x" * 1_000_000).status_code in {400, 431}
