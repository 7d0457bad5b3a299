"""Do the words of the command line say to the API what they promise?"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import Answer, Asked, FakeApi

EMEA = "/v1/launches/atlas-2/regions/emea"
DIGEST = "sha256:" + "a" * 64


def board_row(**changes: Any) -> dict[str, Any]:
    """A row of the board."""
    row = {
        "product": "atlas-2",
        "region": "emea",
        "stage": "training",
        "verdict": "not_ready",
        "rag": "amber",
        "index": 63.4,
        "coverage": 0.91,
        "launch_at": "2027-03-01T09:00:00+01:00",
        "forecast_at": None,
        "reasons": ["8 of 50 have not completed every required course"],
    }
    return {**row, **changes}


def readiness(**changes: Any) -> dict[str, Any]:
    """The readiness of one region."""
    criterion = {
        "key": "training_completion",
        "status": "unmet",
        "actual": 0.84,
        "required": 0.9,
        "numerator": 42,
        "denominator": 50,
        "forecast_at": "2027-02-20T00:00:00Z",
        "reasons": ["8 of 50 have not completed every required course"],
    }
    blocker = {"stage": "training", "waiting_on": "enablement", "since": "2027-01-02T08:00:00Z", "reason": "8 to go"}
    whole = {
        **board_row(),
        "version": 19,
        "stages": [{"stage": "training", "status": "open", "criteria": [criterion]}],
        "blockers": [blocker],
        "decision": None,
        "hold": None,
    }
    return {**whole, **changes}


def content() -> dict[str, Any]:
    """What is to be signed at a stage."""
    entry = {"key": "enterprise", "revision": 3, "person": "ma-1", "content": {"statement": "Half the time."}}
    return {
        "product": "atlas-2",
        "region": "emea",
        "stage": "value_propositions",
        "digest": DIGEST,
        "missing": [],
        "entries": [entry],
        "sign_offs": [{"function": "marketing", "person": "ma-1"}],
    }


def test_without_a_server_a_command_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing runs, a command ends with 1 and one sentence that names `ltl up` for that very directory."""
    assert run(["status", "--data", str(tmp_path)]) == 1
    assert f"`ltl up --data {tmp_path}`" in capsys.readouterr().err


def test_a_server_whose_supervisor_died_counts_as_not_running(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that outlived its supervisor leads nobody to a dead address."""
    document = json.loads(here.running_file.read_text())
    document["supervisor"]["born"] = "another life"
    here.running_file.write_text(json.dumps(document))
    assert run(["status"]) == 1
    assert "ltl up" in capsys.readouterr().err


def test_the_board_is_shown_over_all_its_pages(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl status` follows the cursor to the last page, and says colours in words."""
    pages = {
        None: {"items": [board_row()], "next_cursor": "2"},
        "2": {"items": [board_row(region="apac", rag="red")], "next_cursor": None},
    }
    api.routes_to("GET /v1/readiness", lambda asked: Answer(200, pages[asked.query.get("cursor")]))
    assert run(["status"]) == 0
    shown = capsys.readouterr().out
    assert "! amber" in shown
    assert "✗ red" in shown
    assert "2027-03-01 09:00 +01:00" in shown
    assert "8 of 50 have not completed every required course" in shown


def test_a_board_for_programs_is_json(here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json nothing but JSON comes out, as the API said it."""
    api.answers("GET /v1/readiness", {"items": [board_row()], "next_cursor": None})
    assert run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"items": [board_row()], "next_cursor": None}


def test_text_from_elsewhere_cannot_steer_the_terminal(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape sequences and markup in what people wrote are printed as what they are."""
    api.answers("GET /v1/readiness", {"items": [board_row(reasons=["\x1b[2J[red]gone[/red]"])], "next_cursor": None})
    assert run(["status"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown
    assert "[red]gone[/red]" in shown


def test_a_product_is_shown_with_its_counts_and_regions(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl status PRODUCT` leads with how many regions stand where."""
    whole = {
        "product": "atlas-2",
        "name": "Atlas 2",
        "verdicts": {"not_ready": 1},
        "colours": {"amber": 1},
        "reasons": ["8 to go"],
        "regions": [board_row()],
    }
    api.answers("GET /v1/launches/atlas-2/readiness", whole)
    assert run(["status", "atlas-2"]) == 0
    shown = capsys.readouterr().out
    assert "Atlas 2: 1 not ready (1 amber)" in shown
    assert "emea" in shown


def test_a_region_is_shown_with_gates_reasons_and_who_holds_the_ball(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl status PRODUCT REGION` shows each criterion in figures and whom it waits for."""
    api.answers(f"GET {EMEA}/readiness", readiness())
    assert run(["status", "atlas-2", "emea"]) == 0
    shown = capsys.readouterr().out
    assert "42 of 50" in shown
    assert "84.0 %" in shown
    assert "enablement" in shown


def test_people_are_asked_for_by_status_and_manager(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """The filters of `ltl people` reach the API."""
    row = {"person_id": "p-1", "name": "Ada", "manager_id": "m-1", "status": "not_started", "missing_courses": ["c"]}
    api.answers(f"GET {EMEA}/people", {"items": [row], "next_cursor": None})
    assert run(["people", "atlas-2", "emea", "--status", "not-started", "--manager", "m-1"]) == 0
    assert api.last("GET").query == {"status": "not_started", "manager": "m-1"}
    assert "not started" in capsys.readouterr().out


def test_a_decision_is_sent_with_the_readiness_that_was_seen(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl decide` acts, as an executive, on the very version that it read."""
    api.answers(f"GET {EMEA}/readiness", readiness())
    api.answers(f"POST {EMEA}/decisions", readiness(verdict="no_go"), status=201)
    words = ["decide", "atlas-2", "emea", "no-go", "--reason", "Not yet", "--review-at", "2027-02-15T09:00Z"]
    assert run([*words, "--person", "ex-1"]) == 0
    asked = api.last("POST")
    body = {"verdict": "no_go", "reason": "Not yet", "review_at": "2027-02-15T09:00Z", "seen": 19}
    assert asked.document == body
    assert asked.headers["idempotency-key"]
    assert (asked.claims["sub"], asked.claims["grants"]) == ("ex-1", [{"role": "executive", "regions": "*"}])


@pytest.mark.parametrize(
    ("words", "call", "body"),
    [
        (["hold", "atlas-2", "emea", "--reason", "Wrong price"], "hold", {"reason": "Wrong price", "seen": 19}),
        (["resume", "atlas-2", "emea", "--reason", "Mended"], "resume", {"reason": "Mended", "seen": 19}),
        (["cancel", "atlas-2", "emea", "--reason", "Gone"], "cancel", {"reason": "Gone", "seen": 19}),
        (
            ["reschedule", "atlas-2", "emea", "2027-03-08T09:00", "--reason", "A week more"],
            "reschedule",
            {"launch_at": "2027-03-08T09:00", "reason": "A week more", "seen": 19},
        ),
        (
            ["name-seat", "atlas-2", "emea", "sales", "sa-2", "--reason", "Their lead is away"],
            "seats/sales/name",
            {"person": "sa-2", "reason": "Their lead is away", "seen": 19},
        ),
        (
            ["answer-policy", "atlas-2", "emea", "sha256:1", "confirm", "--reason", "Read"],
            "policy/confirm",
            {"change": "sha256:1", "reason": "Read", "seen": 19},
        ),
    ],
)
def test_whatever_steers_carries_its_reason_and_what_was_seen(
    here: Installation, api: FakeApi, words: list[str], call: str, body: dict[str, Any]
) -> None:
    """Hold, resume, cancel, reschedule and naming say why and on which version."""
    api.answers(f"GET {EMEA}/readiness", readiness())
    api.answers(f"POST {EMEA}/{call}", readiness())
    assert run(words) == 0
    assert api.last("POST").document == body


@pytest.mark.parametrize(
    ("confirmed_by", "said"),
    [(None, "it waits for an executive to confirm or decline it."), ("ex-2", "it is confirmed by ex-2.")],
)
def test_the_policy_of_a_region_is_shown_beside_the_change_that_waits(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str], confirmed_by: str | None, said: str
) -> None:
    """`ltl policy` names the change by the digest by which it is answered."""
    policy = {"certification": {"required_share": 0.7}}
    change = {
        "change": DIGEST,
        "policy": {"certification": {"required_share": 0.5}},
        "from_at": None,
        "asked_by": "pm-7",
        "confirmed_by": confirmed_by,
    }
    api.answers(f"GET {EMEA}/policy", {"policy": policy, "below_tier": [], "change": change})
    assert run(["policy", "atlas-2", "emea"]) == 0
    shown = capsys.readouterr().out
    assert f"pm-7 asked for {DIGEST}, from the next gate; {said}" in shown
    assert "0.7" in shown
    assert "0.5" in shown


def test_a_sign_off_shows_what_is_signed_and_signs_its_digest(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl sign-off` prints the content and signs the digest that it came with, in the role of the function."""
    api.answers(f"GET {EMEA}/content/value_propositions", content())
    api.answers(f"POST {EMEA}/sign-offs", {}, status=201)
    assert run(["sign-off", "atlas-2", "emea", "value-propositions", "--function", "sales"]) == 0
    shown = capsys.readouterr().out
    assert "Half the time." in shown
    assert DIGEST in shown
    body = {"stage": "value_propositions", "function": "sales", "digest": DIGEST, "position": "approve"}
    assert api.last("POST").document == body
    assert api.last("POST").claims["grants"] == [{"role": "sales_lead", "regions": "*"}]


def test_sending_back_without_a_reason_is_misuse(here: Installation, api: FakeApi) -> None:
    """What is sent back needs a reason, and nothing is sent without one."""
    assert run(["sign-off", "atlas-2", "emea", "value-propositions", "--function", "sales", "--send-back"]) == 2
    assert api.asked == []


def test_a_refusal_names_every_unmet_criterion_and_ends_with_one(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused decision says title, detail and each criterion that stands in the way."""
    unmet = [{"stage": "training", "criterion": "training_completion", "reasons": ["8 of 50 to go"]}]
    problem = {
        "type": "/problems/gates-not-met",
        "title": "A criterion of a learning stage is unmet.",
        "detail": "One criterion is unmet.",
        "status": 409,
        "unmet": unmet,
    }
    api.answers(f"GET {EMEA}/readiness", readiness())
    api.answers(f"POST {EMEA}/decisions", problem, status=409)
    words = ["decide", "atlas-2", "emea", "go", "--reason", "Now"]
    assert run(words) == 1
    told = capsys.readouterr().err
    assert "A criterion of a learning stage is unmet." in told
    assert "training_completion" in told
    assert "8 of 50 to go" in told
    assert run([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == problem


def test_every_fault_of_a_plan_is_printed_with_its_path(
    here: Installation, api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan that is refused comes back as a table of faults."""
    faults = [
        {"in": "body", "path": "regions[1].time_zone", "code": "unknown-zone", "reason": "There is no such zone."},
        {"in": "body", "path": "launch_at", "code": "in-the-past", "reason": "That is past."},
    ]
    problem = {
        "type": "/problems/plan-invalid",
        "title": "The launch plan cannot work.",
        "status": 422,
        "errors": faults,
    }
    api.answers("POST /v1/launches", problem, status=422)
    plan = tmp_path / "plan.yaml"
    plan.write_text("product: atlas-2\nlaunch_at: 2027-03-01T09:00:00\nregions: [{region: no}]\n")
    assert run(["start", str(plan)]) == 1
    told = capsys.readouterr().err
    assert "regions[1].time_zone" in told
    assert "That is past." in told
    sent = {"product": "atlas-2", "launch_at": "2027-03-01T09:00:00", "regions": [{"region": "no"}]}
    assert api.last("POST").document == sent


@pytest.mark.parametrize("text", ["product: [", "- a list", "product: a\nproduct: b\n", ""])
def test_a_plan_that_cannot_be_read_is_misuse(
    here: Installation, api: FakeApi, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no plan is not sent."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    assert run(["start", str(plan)]) == 2
    assert str(plan) in capsys.readouterr().err
    assert api.asked == []


def test_an_import_is_followed_until_it_is_done(
    here: Installation, api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ltl import` uploads the file as it is, waits for the end, and prints counts and bad rows."""
    begun = {"id": "i-1", "kind": "people", "state": "queued", "rows_read": 0}
    counts = {"rows_read": 3, "accepted": 1, "unchanged": 1, "rejected": 1, "unknown": 1}
    bad = [{"line": 3, "column": "email", "code": "missing", "reason": "An address is needed."}]
    states = iter(
        [
            {**begun, "state": "running", "rows_read": 1, "rows_total": 3},
            {**begun, **counts, "state": "completed", "errors": bad, "refused": None},
        ]
    )
    api.answers("POST /v1/imports/people", begun, status=202)
    api.routes_to("GET /v1/imports/i-1", lambda _asked: Answer(200, next(states)))
    file = tmp_path / "people.csv"
    file.write_text("person_id,name\np-1,Ada\n")
    assert run(["import", "people", str(file)]) == 0
    asked = api.last("POST")
    assert asked.body == file.read_bytes()
    assert asked.headers["content-type"] == "text/csv"
    shown = capsys.readouterr().out
    assert "completed" in shown
    assert "An address is needed." in shown


def test_a_file_that_is_refused_whole_ends_with_one(
    here: Installation, api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not what it claims is a refusal."""
    refused = {
        **{"id": "i-1", "kind": "people", "state": "refused", "rows_read": 0},
        "refused": {"code": "missing-column", "reason": "The column email is missing.", "line": 1},
    }
    api.answers("POST /v1/imports/people", refused, status=202)
    file = tmp_path / "people.csv"
    file.write_text("person_id\n")
    assert run(["import", "people", str(file)]) == 1
    assert "line 1: The column email is missing." in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["import", "grades", "FILE"],
        ["import", "people", "no-such-file.csv"],
        ["decide", "atlas-2", "emea", "go"],
        ["sign-off", "atlas-2", "emea", "value-propositions", "--function", "legal"],
        ["token"],
        ["token", "--person", "pm-7", "--role", "king"],
        ["token", "--person", "not a person"],
        ["launch"],
        ["up", "--port", "70000"],
    ],
)
def test_misuse_ends_with_two_and_asks_nothing(
    here: Installation, api: FakeApi, words: list[str], tmp_path: Path
) -> None:
    """What cannot be meant is refused before anything is sent."""
    file = tmp_path / "f.csv"
    file.touch()
    assert run([str(file) if word == "FILE" else word for word in words]) == 2
    assert api.asked == []


def test_a_token_needs_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`ltl token` signs offline with the key of the data directory, each role for each region."""
    words = ["token", "--person", "sa-1", "--role", "sales-lead", "--region", "emea", "--region", "apac"]
    assert run([*words, "--data", str(tmp_path)]) == 0
    token = capsys.readouterr().out.strip()
    headers = {"authorization": f"Bearer {token}"}
    claims = Asked("GET", "/", {}, headers, b"").claims
    assert claims["sub"] == "sa-1"
    assert claims["grants"] == [{"role": "sales_lead", "regions": ["apac", "emea"]}]


def test_a_token_from_outside_is_used_as_it_is(api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With LTL_SERVER and LTL_TOKEN a command speaks to a server elsewhere and signs nothing itself."""
    monkeypatch.setenv("LTL_SERVER", api.url)
    monkeypatch.setenv("LTL_TOKEN", "theirs")
    api.answers("GET /v1/readiness", {"items": [], "next_cursor": None})
    assert run(["status", "--data", str(tmp_path / "none")]) == 0
    assert api.last("GET").headers["authorization"] == "Bearer theirs"
    assert not (tmp_path / "none").exists()


def test_a_server_elsewhere_needs_a_token(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No token of this machine's own key is sent to a server elsewhere."""
    monkeypatch.setenv("LTL_SERVER", api.url)
    assert run(["status"]) == 1
    assert "LTL_TOKEN" in capsys.readouterr().err
    assert api.asked == []


def test_help_imports_nothing_heavy() -> None:
    """`ltl --help` loads neither the database nor Temporal nor the web framework nor the models."""
    heavy = ("sqlalchemy", "temporalio", "fastapi", "pydantic", "httpx2", "yaml", "joserfc")
    script = (
        f"import sys\nfrom bootstrap.cli import run\nrun(['--help'])\nprint([m for m in {heavy} if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "status" in told
    assert told.splitlines()[-1] == "[]"
