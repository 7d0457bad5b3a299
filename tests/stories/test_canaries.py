"""Does anything that people wrote, or any secret, turn up where it does not belong?"""

# A word that occurs nowhere else is put into every field that a person can write. Then Temporal's database, the
# exported histories, the logs, the traces, the metrics and the answers to refused requests are searched for each. The
# house seals its payloads, so what it told Temporal is searched twice: as it lies there, and opened with the key.

import base64
import gzip
import json
import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from temporalio.api.common.v1 import Payload

from bootstrap.api_client import Refused
from bootstrap.codec import SealingCodec, new_payload_key, payload_keys
from bootstrap.installation import free_port
from readiness.commands import Role
from tests.stories.house import House, eventually
from tests.stories.scene import MARKETER, Scene, new_key, sellers, settle_in

pytestmark = pytest.mark.story

SEED = 20270301
FIRST_METRICS_PORT = 19_600
NOBODY_LISTENS = "http://127.0.0.1:9/hook"
CALLER = "00f067aa0ba902b7"
"""The span of whoever sent the hold."""


@dataclass
class Aviary:
    """Makes canaries, and knows them all."""

    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - not for secrets.
    canaries: dict[str, str] = field(default_factory=dict)

    def canary(self, where: str) -> str:
        """Return a word that occurs nowhere else, for the field `where`."""
        word = f"canary{self.chance.getrandbits(64):016x}"
        self.canaries[word] = where
        return word

    def found_in(self, text: bytes) -> set[str]:
        """Return the fields whose words `text` holds, also where it is base64 of JSON or UTF-16."""
        found = set()
        for word, where in self.canaries.items():
            plain = word.encode()
            # Of three ways to fall into groups of three bytes, each leaves this much in the middle.
            packed = [base64.b64encode(b" " * shift + plain)[4:-4] for shift in range(3)]
            if any(form in text for form in (plain, plain.upper(), word.encode("utf-16-le"), *packed)):
                found.add(where)
        return found


class Collector(ThreadingHTTPServer):
    """Takes traces as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Taker)

    def spans_of(self, trace: str) -> dict[str, tuple[str, str]]:
        """Return the spans of a trace: each id with the name, the process before it, and the id of the parent."""
        found = {}
        for batch in tuple(self.taken):
            for resource in ExportTraceServiceRequest.FromString(batch).resource_spans:
                names = {each.key: each.value.string_value for each in resource.resource.attributes}
                process = names["service.name"].rpartition("-")[2]
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    if span.trace_id.hex() == trace:
                        found[span.span_id.hex()] = (f"{process} {span.name}", span.parent_span_id.hex())
        return found


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take one batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") == "gzip"
        server: Any = self.server
        server.taken.append(gzip.decompress(body) if packed else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Told:
    """What a house was told, and what it left behind."""

    house: House
    aviary: Aviary
    refusals: list[bytes]
    collector: Collector
    metrics_port: int
    hold_trace: str
    payload_key: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A house that was told something in every field, while all watch."""
    aviary, collector = Aviary(), Collector()
    taking = threading.Thread(target=collector.serve_forever, daemon=True)
    taking.start()
    metrics_port = free_port(FIRST_METRICS_PORT)
    key = new_payload_key("now")
    aviary.canaries[key.partition(":")[2]] = "payload key"
    settings = {
        "LTL_PAYLOAD_KEYS": key,
        "LTL_WEBHOOKS_PRIVATE": "true",
        "LTL_ACCESS_LOG": "true",
        "LTL_METRICS_PORT": str(metrics_port),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with House(tmp_path_factory.mktemp("canaries") / "ltl", settings) as house:
        refusals, trace = _tell(house, aviary)
        yield Told(house, aviary, refusals, collector, metrics_port, trace, key)
    collector.shutdown()
    collector.server_close()


def _tell(house: House, aviary: Aviary) -> tuple[list[bytes], str]:
    """Say something in every field, and return what refusals were answered, and the trace of one act."""
    canary = aviary.canary
    settle_in(house)
    row = {"person_id": "bird-1", "name": canary("name"), "email": f"{canary('mail')}@stories.example"}
    house.bring_in(house.speak("en-1", Role.ENABLEMENT), "people", [{**row, "function": "sales", "region": "north"}])
    scene = Scene(house, "birds", "north", "south")
    plan = scene.plan()
    plan["courses"][0]["title"] = f"{plan['courses'][0]['title']}"
    scene.owner.ask("/v1/launches", plan)
    scene.write_message(canary("statement"), proof_points=[canary("proof point")], economic_value=canary("value"))
    body = {"objection": canary("objection"), "answer": canary("answer"), "rank": 1}
    scene.marketer.put("/v1/launches/birds/objections/price", body, if_match="*")
    seller = house.speak(sellers("north")[0], Role.SELLER)
    seller.ask(scene.path("north", "objections"), {"objection": canary("heard"), "heard": canary("where heard")})
    for function in ("marketing", "sales"):
        scene.sign("north", "value_propositions", function)
    digest = scene.digest("north", "value_propositions")
    back = {"stage": "value_propositions", "function": "marketing", "digest": digest, "position": "send_back"}
    scene.marketer.ask(scene.path("north", "sign-offs"), {**back, "reason": canary("sent back")})
    waiver = {
        "criterion": "training_completion",
        "reason": canary("waiver"),
        "compensating_control": canary("control"),
        "floor": 0.7,
        "expires_at": (datetime.now(UTC) + timedelta(days=100)).isoformat(timespec="seconds"),
    }
    with suppress(Refused):
        asked = scene.marketer.ask(scene.path("north", "waivers"), waiver)
        answer = {"reason": canary("waiver answer")}
        another = house.speak("ex-2", Role.EXECUTIVE)
        another.ask(scene.path("north", f"waivers/{asked['id']}/deny"), answer)
    review_at = (datetime.now(UTC) + timedelta(days=5)).isoformat(timespec="seconds")
    with suppress(Refused):
        # Its gates are not met; what is refused is kept all the same.
        no_go = {"verdict": "no_go", "review_at": review_at, "reason": canary("decision")}
        scene.executive.ask(scene.path("north", "decisions"), no_go)
    scene.owner.ask("/v1/launches/birds/owner", {"owner": "en-1", "reason": canary("owner")})
    _make_secrets(house, aviary)
    trace = f"{aviary.chance.getrandbits(128):032x}"
    held = _post(
        house,
        scene.path("south", "hold"),
        {"reason": canary("hold")},
        Idempotency_Key=canary("key"),
        traceparent=f"00-{trace}-{CALLER}-01",
    )
    assert held.status_code == 200
    refusals = [answer.content for answer in _refused(house, scene, aviary)]
    scene.executive.ask(scene.path("south", "cancel"), {"reason": canary("cancel")})
    return refusals, trace


def _make_secrets(house: House, aviary: Aviary) -> None:
    """Have two secrets made for what receives every event, and a key for a program, and come in with it."""
    admin = house.speak("ad-1", Role.ADMIN)
    made = admin.ask("/v1/webhooks", {"url": NOBODY_LISTENS})
    rotated = _post(house, f"/v1/webhooks/{made['id']}/rotate", {}, roles=(Role.ADMIN,), If_Match="*").json()
    for secret in (made["secret"], rotated["secret"]):
        aviary.canaries[secret.removeprefix("whsec_")] = "webhook secret"
    ends_at = (datetime.now(UTC) + timedelta(days=5)).isoformat(timespec="seconds")
    scopes = [{"role": "service", "regions": ["north"]}]
    key = admin.ask("/v1/keys", {"name": "till", "scopes": scopes, "expires_at": ends_at})["key"]
    aviary.canaries[key] = "API key"
    assert house.request("GET", "/v1/launches", token=key).status_code == 200
    aviary.canaries[f"{key[:-8]}somebody"] = "API key that opens nothing"
    assert house.request("GET", "/v1/launches", token=f"{key[:-8]}somebody").status_code == 401


def _refused(house: House, scene: Scene, aviary: Aviary) -> Iterator[httpx2.Response]:
    """Yield answers to requests that are refused, each with a word in it that it must not repeat."""
    canary = aviary.canary
    hold = scene.path("north", "hold")
    yield _post(house, hold, {"reason": canary("refused reason") * 2_000})
    yield _post(house, hold, {"reason": f"\u202e{canary('refused direction')}"})
    yield _post(house, hold, {"reason": "Why.", "review_at": canary("refused moment")})
    yield _post(house, hold, {"reason": canary("forbidden reason")}, roles=(Role.SELLER,))
    go = {"verdict": "go", "reason": canary("unmet go")}
    yield _post(house, scene.path("north", "decisions"), go, roles=(Role.EXECUTIVE,))
    yield _post(house, hold, {"reason": "Why."}, Idempotency_Key=f"{canary('refused key')} twice")
    for header in ("Authorization", "Cookie"):
        headers = {header: f"Bearer {canary(f'refused {header}')}"}
        yield house.request("POST", hold, token=None, content=b"{}", headers=headers)
    token = house.token(MARKETER, Role.MARKETING)
    aviary.canaries[token.rpartition(".")[2]] = "token"
    yield house.request("GET", scene.path("nowhere", "readiness"), token=token)
    yield house.request("POST", hold, token=token, content=f'{{"reason": "{canary("no JSON")}'.encode())


def _post(
    house: House,
    path: str,
    body: Any,
    *,
    roles: tuple[Role, ...] = (Role.PRODUCT_MANAGER,),
    **headers: str,
) -> httpx2.Response:
    stated = {"Content-Type": "application/json", "Idempotency-Key": new_key()}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    token = house.token("pm-9", *roles)
    content = json.dumps(body).encode()
    return house.request("POST", path, token=token, content=content, headers={**stated, **given})


def _files(folder: Path, pattern: str) -> bytes:
    files = sorted(folder.glob(pattern))
    assert files, pattern
    return b"\n".join(file.read_bytes() for file in files)


def test_the_store_holds_what_people_wrote(told: Told) -> None:
    """The search finds what is there: every word that was taken stands in our own database."""
    stored = told.aviary.found_in(_files(told.house.directory, "store.sqlite*"))
    assert stored >= {
        "name",
        "mail",
        "statement",
        "answer",
        "heard",
        "sent back",
        "decision",
        "owner",
        "hold",
        "cancel",
    }


def _payloads(node: Any) -> Iterator[Payload]:
    """Yield every payload of a history, however deep."""
    match node:
        case {"metadata": dict(metadata), "data": str(content)}:
            named = {name: base64.b64decode(value) for name, value in metadata.items()}
            yield Payload(metadata=named, data=base64.b64decode(content))
        case dict():
            for each in node.values():
                yield from _payloads(each)
        case list():
            for each in node:
                yield from _payloads(each)


def test_temporal_holds_nothing_that_people_wrote(told: Told) -> None:
    """Its database has the ids of products and regions, and no word, name, key or token."""
    kept = _files(told.house.directory, "temporal.sqlite*")
    assert b"launch/birds/north" in kept
    assert b"encryption-key-id" in kept
    assert told.aviary.found_in(kept) == set()


async def test_exported_histories_hold_nothing_that_people_wrote(told: Told) -> None:
    """Whoever has the history of any workflow, and even the key of its payloads, reads no word of anybody."""
    listed = told.house.temporal_json("workflow", "list", "--limit", "1000")
    runs = {(each["execution"]["workflowId"], each["execution"]["runId"]) for each in listed}
    assert {"launch/birds", "launch/birds/north", "launch/birds/south"} <= {workflow for workflow, _ in runs}
    codec = SealingCodec(payload_keys(told.payload_key))
    opened = []
    for workflow, run in sorted(runs):
        shown = told.house.temporal_json("workflow", "show", "--workflow-id", workflow, "--run-id", run)
        payloads = list(_payloads(shown))
        assert any("encryption-key-id" in payload.metadata for payload in payloads), workflow
        opened += [payload.SerializeToString() for payload in await codec.decode(payloads)]
        assert told.aviary.found_in(json.dumps(shown).encode()) == set()
    # The search sees what is inside: which launch, and whose hand.
    assert any(b"birds" in payload for payload in opened)
    assert any(b"pm-9" in payload for payload in opened)
    assert told.aviary.found_in(b"\n".join(opened)) == set()


def test_logs_hold_nothing_that_people_wrote(told: Told) -> None:
    """Each request has a line with its route, and none with what was said, who is called how, or by which token."""
    logs = _files(told.house.installation.logs, "*.log")
    lines = [json.loads(line) for line in (told.house.installation.logs / "web.log").read_text().splitlines()]
    seen = [line for line in lines if line["logger"] == "learn_then_launch.access"]
    assert {"/v1/launches/{product}/regions/{region}/hold"} <= {line["route"] for line in seen}
    assert told.hold_trace in {line["request_id"] for line in seen}
    assert told.aviary.found_in(logs) == set()


def test_the_store_holds_no_secret_that_opens_anything(told: Told) -> None:
    """A key of a program stands there as its hash, and the secrets of a webhook sealed."""
    stored = told.aviary.found_in(_files(told.house.directory, "store.sqlite*"))
    assert {"webhook secret", "API key", "token", "payload key"} <= set(told.aviary.canaries.values())
    assert stored.isdisjoint({"webhook secret", "API key", "API key that opens nothing", "token", "payload key"})


def test_refusals_repeat_nothing_that_was_sent(told: Told) -> None:
    """A refusal names the place, never the words: it may end up in somebody's log."""
    assert len(told.refusals) == 10
    assert told.aviary.found_in(b"\n".join(told.refusals)) == set()


def test_metrics_are_shown_and_hold_nothing_that_people_wrote(told: Told) -> None:
    """Web, worker and SDK each show their own on this machine; the port of the API shows none."""
    told_by_port = {
        beyond: httpx2.get(f"http://127.0.0.1:{told.metrics_port + beyond}/metrics", trust_env=False).text
        for beyond in range(3)
    }
    assert 'ltl_regions{verdict="no_go"}' in told_by_port[0]
    assert 'route="/v1/launches/{product}/regions/{region}/hold",status="200"' in told_by_port[0]
    assert "ltl_regions_counted_total" in told_by_port[1]
    assert "temporal_workflow_task_schedule_to_start_latency" in told_by_port[2]
    assert told.aviary.found_in("".join(told_by_port.values()).encode()) == set()
    assert told.house.request("GET", "/metrics", token=None).status_code == 404


def _way_back(spans: dict[str, tuple[str, str]]) -> list[str]:
    """Return the names from the activity of a trace back to its caller, as far as they are known."""
    way = []
    name, parent = next((span for span in spans.values() if span[0].startswith("worker RunActivity:")), ("", ""))
    while name:
        way.append(name)
        name, parent = spans.get(parent, ("from the caller" if parent == CALLER else "", ""))
    return way


def test_one_trace_leads_from_the_request_to_the_activity(told: Told) -> None:
    """A hold's request, its way to the workflow and the activity that writes it down are spans of the caller's trace,
    each below the one that caused it, from two processes; no word of anybody is in them."""
    way = eventually(
        lambda: _way_back(told.collector.spans_of(told.hold_trace)),
        lambda seen: seen[-1:] == ["from the caller"],
    )
    # A worker that had to take the update up again tells of it once only.
    assert [name for name in way[:-1] if name != "worker HandleUpdate:hold"] == [
        "worker RunActivity:carry_out",
        "worker StartActivity:carry_out",
        "web StartUpdateWithStartWorkflow:RegionLaunchWorkflow",
        "web POST /v1/launches/{product}/regions/{region}/hold",
    ]
    assert told.aviary.found_in(b"\n".join(told.collector.taken)) == set()
