"""Is bad input refused by name at the door, with nothing changed behind it?"""

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from api.identity import EVERYWHERE, EmbeddedIssuer, RoleGrant
from bootstrap.keys import signing_key
from readiness.commands import Role
from tests.stories.house import House, as_csv, eventually
from tests.stories.scene import ENABLER, OWNER, Scene, auditor, enabler, new_key, sellers

pytestmark = pytest.mark.story

PEOPLE = "person_id,name,email,function,region\n"
ATTEMPTS = "person_id,assessment_id,attempted_at,score\n"
GOOD = "2026-01-05T09:00:00Z"


@pytest.fixture(scope="module")
def scene(house: House) -> Scene:
    """A launch that bad input must leave as it is."""
    scene = Scene(house, "calm", "north")
    scene.start()
    eventually(lambda: scene.timeline("north"), lambda seen: len(seen) > 1)
    return scene


def _standing(house: House) -> Any:
    """Return what must not change: which launches there are, and everything that this one shows."""
    reader = auditor(house)
    launches = [(launch["product"], launch["run"]) for launch in reader.read_all("/v1/launches")]
    row = [{**row, "as_of": None} for row in reader.read_all("/v1/readiness", product="calm")]  # Counted anew, alike.
    return (
        launches,
        _undated(reader.read("/v1/launches/calm")),
        row,
        reader.read_all("/v1/launches/calm/regions/north/people"),
        reader.read_all("/v1/launches/calm/regions/north/timeline"),
    )


def _undated(launch: Any) -> Any:
    return {**launch, "regions": [{**region, "as_of": None} for region in launch["regions"]]}


def _problem(answer: httpx2.Response, status: int, kind: str) -> Any:
    """Check that an answer is a whole problem document, and return it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (f"/problems/{kind}", status)
    assert problem["title"]
    assert problem["detail"]
    return problem


def _post_plan(house: House, body: bytes) -> httpx2.Response:
    return house.request(
        "POST",
        "/v1/launches",
        token=house.token(OWNER, Role.PRODUCT_MANAGER),
        content=body,
        headers={"Content-Type": "application/json", "Idempotency-Key": new_key()},
    )


def test_a_plan_with_ten_faults_has_all_ten_named(house: House, scene: Scene) -> None:
    """Faults of form, of meaning and against the database come in one answer, by their paths; nothing starts."""
    plan = {
        "product": "Ten Faults",
        "name": "Ten faults",
        "tier": 4,
        "owner": "nobody-at-all",
        "launch_at": "2020-03-01T09:00",
        "regions": [
            {"region": "north", "name": "North", "time_zone": "Europe/Berln"},
            {"region": "north", "name": "North again", "time_zone": "Asia/Tokyo", "wave": 0},
        ],
        "courses": [
            {"course_id": "basics", "title": "Basics"},
            {"course_id": "basics", "title": "Basics again"},
        ],
        "assessment": {"assessment_id": "cert", "title": "Certification", "pass_mark": 101},
        "policy": {"training": {"required_share": 1.2}},
    }
    before = _standing(house)
    problem = _problem(_post_plan(house, json.dumps(plan).encode()), 422, "plan-invalid")
    assert [(fault["path"], fault["code"]) for fault in problem["errors"]] == [
        ("product", "malformed"),
        ("tier", "out-of-range"),
        ("owner", "unknown-person"),
        ("launch_at", "launch-in-the-past"),
        ("regions[0].time_zone", "unknown-time-zone"),
        ("regions[1].region", "region-twice"),
        ("regions[1].wave", "out-of-range"),
        ("courses[1].course_id", "course-contradicts-itself"),
        ("assessment.pass_mark", "score-out-of-range"),
        ("policy.training.required_share", "share-out-of-range"),
    ]
    assert all(fault["reason"].endswith(".") for fault in problem["errors"])
    assert _standing(house) == before


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"owner": "nobody-at-all"}, "owner", "unknown-person"),
        ({"regions.0.time_zone": "Mars/Olympus"}, "regions[0].time_zone", "unknown-time-zone"),
        ({"regions.0.launch_at": "2020-01-01T09:00"}, "regions[0].launch_at", "launch-in-the-past"),
        ({"regions.1": "regions.0"}, "regions[1].region", "region-twice"),
        ({"courses.1": "courses.0"}, "courses[1].course_id", "course-twice"),
        ({"surprise": 1}, "surprise", "unknown-field"),
        (
            {"policy": {"certification": {"required_share": 0.50001}}},
            "policy.certification.required_share",
            "too-fine",
        ),
    ],
)
def test_a_single_fault_in_a_plan_is_named_by_its_place(
    house: House, scene: Scene, change: dict[str, Any], path: str, code: str
) -> None:
    """One thing wrong with a plan is one fault at its path, and no launch begins."""
    plan = Scene(house, "faulty", "north", "south").plan()
    plan["courses"] = [*plan["courses"], {"course_id": "more", "title": "More"}]
    for place, value in change.items():
        *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
        here: Any = plan
        for step in steps:
            here = here[step]
        here[last] = here[0] if isinstance(last, int) else value
    before = _standing(house)
    problem = _problem(_post_plan(house, json.dumps(plan).encode()), 422, "plan-invalid")
    assert [(fault["path"], fault["code"]) for fault in problem["errors"]] == [(path, code)]
    assert _standing(house) == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"product": "x\\ud800"}', "json-invalid"),
        (b'{"product": "a\\u0000b"}', "json-invalid"),
        (b'{"assessment": {"pass_mark": NaN}}', "json-invalid"),
        (b'{"assessment": {"pass_mark": 1e999}}', "json-invalid"),
        (b'{"product": "a", "product": "b"}', "json-invalid"),
        (b'{"product": "\xff"}', "json-invalid"),
        (b"[" * 100_000, "json-invalid"),
        (b'{"product": "unfinished', "json-invalid"),
        (b"", "request-invalid"),
        (b"{" + b" " * 2_000_000 + b"}", "content-too-large"),
    ],
    ids=["surrogate", "nul", "nan", "infinity", "twice", "bytes", "deep", "cut-off", "empty", "huge"],
)
def test_a_body_that_cannot_be_trusted_is_refused(house: House, scene: Scene, body: bytes, kind: str) -> None:
    """Half a surrogate pair, NUL, NaN, names given twice, depth and size without measure never reach a rule."""
    before = _standing(house)
    answer = _post_plan(house, body)
    _problem(answer, answer.status_code, kind)
    assert 400 <= answer.status_code < 500
    assert _standing(house) == before


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"person,name,email,function,region\nx-1,X,x@x.example,sales,north\n", "unknown-column", 1),
        (b"person_id,name,email,function\nx-1,X,x@x.example,sales\n", "missing-column", 1),
        ((PEOPLE + "x-1,Jos\u00e9,x@x.example,sales,north\n").encode("latin-1"), "not-utf-8", 2),
        ((PEOPLE + "x-1,X,x@x.example,sales,north\n").encode("utf-16"), "not-utf-8", 1),
        (PEOPLE.encode() + b"x-1,X\x00,x@x.example,sales,north\n", "nul-byte", 2),
        (PEOPLE.encode() + b"x-1,\xed\xa0\x80,x@x.example,sales,north\n", "not-utf-8", 2),
        (PEOPLE.encode() + b"x-1," + b"X" * 10_000_000 + b",x@x.example,sales,north\n", "line-too-long", 2),
        ((PEOPLE + 'x-1,"X,x@x.example,sales,north\n' + "x-2,Y,y@x.example,sales,north\n" * 9).encode(),
         "unterminated-quote", 2),
        (b"", "empty-file", None),
        (b"PK\x03\x04 an Excel workbook", "not-text", None),
    ],
    ids=["header", "column", "latin-1", "utf-16", "nul", "surrogate", "ten-megabytes", "quote", "empty", "excel"],
)  # fmt: skip
def test_a_file_that_is_not_what_it_claims_is_refused_whole(
    house: House, scene: Scene, content: bytes, code: str, line: int | None
) -> None:
    """The upload is acknowledged, the import refused with its reason and line, and nobody was added."""
    before = _standing(house)
    found = house.upload(enabler(house), "people", content)
    assert (found["state"], found["accepted"], found["rows_read"]) == ("refused", 0, 0)
    assert (found["refused"]["code"], found["refused"]["line"]) == (code, line)
    assert found["refused"]["reason"]
    assert _standing(house) == before


def test_bad_rows_are_named_and_the_others_counted(house: House, scene: Scene) -> None:
    """Scores that are no numbers and dates without offset are rejected by line and column; the good row counts."""
    person = sellers("north")[0]
    rows = [
        (GOOD, "NaN", "score", "score-not-finite"),
        (GOOD, "-Infinity", "score", "score-not-finite"),
        (GOOD, "ninety", "score", "not-a-score"),
        (GOOD, "1e400", "score", "score-out-of-range"),
        (GOOD, "101", "score", "score-out-of-range"),
        (GOOD, "", "score", "missing-value"),
        ("2026-01-05T09:00:00", "90", "attempted_at", "no-offset"),
        ("2026-01-05", "90", "attempted_at", "not-a-time"),
        ("yesterday", "90", "attempted_at", "not-a-time"),
        ((datetime.now(UTC) + timedelta(hours=1)).isoformat(), "90", "attempted_at", "in-the-future"),
    ]
    lines = [f"{person},calm-cert,{moment},{score}\n" for moment, score, _, _ in rows]
    content = ATTEMPTS + "".join(lines) + f"{person},calm-cert,2026-01-06T09:00:00+05:45,87.5\n"
    found = house.upload(enabler(house), "attempts", content.encode())
    assert (found["state"], found["rows_read"], found["accepted"], found["rejected"]) == ("completed", 11, 1, 10)
    assert [(error["line"], error["column"], error["code"]) for error in found["errors"]] == [
        (number, column, code) for number, (_, _, column, code) in enumerate(rows, 2)
    ]


def test_cells_that_look_like_formulas_stay_plain_text(house: House, scene: Scene) -> None:
    """What a spreadsheet would run is kept and shown as it came, and quoted where bad rows come back as CSV."""
    names = ["=HYPERLINK(0)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)"]
    rows = [
        {"person_id": f"formula-{n}", "name": name, "email": "f@x.example", "function": "sales", "region": "formulas"}
        for n, name in enumerate(names)
    ]
    bad = {**rows[0], "person_id": "=cmd|' /C calc'!A0"}
    found = house.upload(enabler(house), "people", as_csv([*rows, bad]))
    assert (found["accepted"], found["rejected"]) == (4, 1)
    audience = [{"product": "calm", "region": "north", "person_id": row["person_id"]} for row in rows]
    house.bring_in(enabler(house), "audience", audience)
    shown = auditor(house).read_all("/v1/launches/calm/regions/north/people")
    assert [person["name"] for person in shown] == names
    report = house.request(
        "GET", f"/v1/imports/{found['id']}/errors.csv", token=house.token(ENABLER, Role.ENABLEMENT)
    )
    assert report.status_code == 200
    assert not [cell for line in report.text.splitlines() for cell in line.split(",") if cell.startswith(("=", "@"))]


def test_the_same_file_twice_at_once_is_one_import(house: House, scene: Scene) -> None:
    """Two people who send the same file at the same moment get the same import, and its rows count once."""
    content = as_csv(
        {
            "person_id": f"twin-{n}",
            "name": f"Twin {n}",
            "email": "t@x.example",
            "function": "sales",
            "region": "twins",
        }
        for n in range(2_000)
    )
    senders = (house.token(ENABLER, Role.ENABLEMENT), house.token("ad-1", Role.ADMIN))
    together = threading.Barrier(len(senders))
    answers: list[httpx2.Response] = []

    def send(token: str) -> None:
        together.wait()
        answers.append(
            house.request(
                "POST", "/v1/imports/people", token=token, content=content, headers={"Content-Type": "text/csv"}
            )
        )

    threads = [threading.Thread(target=send, args=(token,)) for token in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    found = house.ended(enabler(house), answers[0].json()["id"])
    assert (found["state"], found["accepted"], found["rows_read"]) == ("completed", 2_000, 2_000)


def test_tokens_that_prove_nothing_open_nothing(house: House, scene: Scene) -> None:
    """Without a token, with an expired, an unsigned, a foreign or a bent one nothing is read and nothing is done."""
    key = signing_key(house.directory)
    good = house.token(OWNER, Role.PRODUCT_MANAGER)
    header, payload, signature = good.split(".")
    yesterday = EmbeddedIssuer(key, clock=lambda: datetime.now(UTC) - timedelta(days=1))
    expired = yesterday.mint(OWNER, [RoleGrant(Role.PRODUCT_MANAGER, EVERYWHERE)], lifetime=timedelta(hours=1))
    foreign_key = type(key).generate_key("Ed25519")
    foreign = EmbeddedIssuer(foreign_key, clock=lambda: datetime.now(UTC))
    unsigned = f"{_encoded(json.loads(_decoded(header)) | {'alg': 'none'})}.{payload}."
    tokens = {
        None: "token-missing",
        expired: "token-expired",
        unsigned: "token-invalid",
        f"{unsigned}{signature}": "token-invalid",
        f"{header}.{payload}.": "token-invalid",
        f"{header}.{payload}.{signature[::-1]}": "token-invalid",
        foreign.mint(OWNER, [RoleGrant(Role.PRODUCT_MANAGER, EVERYWHERE)]): "token-invalid",
    }
    before = _standing(house)
    path = scene.path("north", "hold")
    for token, kind in tokens.items():
        headers = {"Content-Type": "application/json", "Idempotency-Key": new_key()}
        acted = house.request("POST", path, token=token, content=b'{"reason": "Now."}', headers=headers)
        _problem(acted, 401, kind)
        assert acted.headers["www-authenticate"].startswith("Bearer")
        _problem(house.request("GET", scene.path("north", "readiness"), token=token), 401, kind)
    assert _standing(house) == before


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_token_for_another_region_opens_this_one_to_nobody(house: House, scene: Scene) -> None:
    """Roles are held per region: what is allowed in the south is neither done nor seen in the north."""
    before = _standing(house)
    southern = house.token("ex-9", Role.EXECUTIVE, Role.PRODUCT_MANAGER, regions=["south"])
    headers = {"Content-Type": "application/json", "Idempotency-Key": new_key()}
    for act, body in (
        ("hold", {"reason": "Now."}),
        ("cancel", {"reason": "Now."}),
        ("decisions", {"verdict": "go", "reason": "Now."}),
        ("reschedule", {"launch_at": "2099-01-01T09:00", "reason": "Now."}),
    ):
        acted = house.request(
            "POST", scene.path("north", act), token=southern, content=json.dumps(body).encode(), headers=headers
        )
        _problem(acted, 403, "not-allowed")
    _problem(house.request("GET", scene.path("north", "readiness"), token=southern), 403, "not-allowed")
    _problem(
        house.request(
            "POST",
            "/v1/launches",
            token=southern,
            content=json.dumps(Scene(house, "elsewhere", "north").plan()).encode(),
            headers=headers,
        ),
        403,
        "not-allowed",
    )
    seen = house.request("GET", "/v1/readiness", token=southern).json()["items"]
    assert {row["region"] for row in seen} <= {"south"}
    assert _standing(house) == before
