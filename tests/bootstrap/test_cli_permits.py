"""Does the command line read, revoke and sign permits as it says?"""

import json
from datetime import UTC, datetime

import pytest

from api.identity import key_id
from bootstrap.cli import run
from bootstrap.installation import Installation
from bootstrap.permit_keys import PERMIT_KEY_FILE, listed, rotate
from bootstrap.settings import Settings
from tests.bootstrap.fake_api import FakeApi
from tests.bootstrap.test_cli import EMEA, board_row, readiness

PERMIT = {
    "permit": "aaa.bbb.ccc",
    "standing": "valid",
    "claims": {
        "jti": "atlas-2/emea/1",
        "product_name": "Atlas 2",
        "region_name": "EMEA",
        "from_at": "2027-03-01T08:00:00Z",
        "exp": int(datetime(2027, 3, 1, 9, tzinfo=UTC).timestamp()),
        "decision": {"verdict": "conditional_go", "version": 17},
        "conditions": [{}],
    },
}


def test_a_permit_is_shown_with_what_it_rests_on(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence, a table and the permit itself on a line of its own; as JSON it is the server's answer."""
    api.answers(f"GET {EMEA}/permit", PERMIT)
    assert run(["permit", "atlas-2", "emea"]) == 0
    shown = capsys.readouterr().out
    assert "✓ Atlas 2 may be sold in EMEA since 2027-03-01 08:00" in shown
    assert "conditional go (version 17)" in shown
    assert shown.splitlines()[-1] == "aaa.bbb.ccc"
    assert run(["permit", "atlas-2", "emea", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == PERMIT


def test_without_a_permit_the_status_is_one(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that asks before it sells stops there."""
    problem = {"type": "/problems/no-permit", "title": "No.", "status": 404, "detail": "Revoked for good."}
    api.answers(f"GET {EMEA}/permit", problem, 404)
    assert run(["permit", "atlas-2", "emea"]) == 1
    assert "Revoked for good." in "".join(capsys.readouterr())


def test_a_permit_is_revoked_with_a_reason_as_an_executive(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """The role is the executive's unless another is named."""
    api.answers(f"GET {EMEA}/readiness", readiness(verdict="launched"))
    api.answers(f"POST {EMEA}/permit/revoke", readiness(verdict="launched"))
    assert run(["revoke-permit", "atlas-2", "emea", "--reason", "It burns."]) == 0
    asked = api.last("POST")
    assert asked.document["reason"] == "It burns."
    assert [grant["role"] for grant in asked.claims["grants"]] == ["executive"]
    assert "✓ Revoke: done." in capsys.readouterr().out


def test_permits_are_revoked_in_several_regions_each_by_itself(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """Launched regions are meant, on the versions shown; one that refuses is told beside those that did it."""
    rows = [board_row(version=19, verdict="launched"), board_row(region="apac", version=7, verdict="launched")]
    api.answers("GET /v1/readiness", {"items": [*rows, board_row(region="latam")], "next_cursor": None})
    done = {"status": 200, "answer": readiness(verdict="launched"), "problem": None}
    refused = {"status": 409, "answer": None, "problem": {"title": "No.", "detail": "It was revoked before."}}
    answer = {"items": [{"region": "apac", **done}, {"region": "emea", **refused}]}
    api.answers("POST /v1/launches/atlas-2/permit/revoke", answer, 207)
    for where in (["emea", "apac"], ["--all-regions"]):
        assert run(["revoke-permit", "atlas-2", *where, "--reason", "It burns."]) == 1
        assert api.last("POST").document == {"reason": "It burns.", "regions": {"emea": 19, "apac": 7}}
        assert "It was revoked before." in capsys.readouterr().out


def test_keys_are_listed_rotated_and_withdrawn(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a server: in the file of the data directory, by their ids, never with a private half."""
    assert run(["permit-keys", "rotate", "--json"]) == 0
    newest, first = json.loads(capsys.readouterr().out)["keys"]
    assert (newest["state"], first["state"]) == ("signs", "published")
    assert run(["permit-keys", "withdraw", "--key", newest["kid"], "--json"]) == 0
    told = capsys.readouterr().out
    assert [each["state"] for each in json.loads(told)["keys"]] == ["signs", "withdrawn", "published"]
    assert '"d"' not in told
    assert run(["permit-keys", "list"]) == 0
    assert "withdrawn" in capsys.readouterr().out
    assert (here.directory / PERMIT_KEY_FILE).exists()


@pytest.mark.parametrize(
    "words",
    [["withdraw"], ["rotate", "--key", "a"], ["withdraw", "--key", "nobody's"], ["melt"]],
    ids=" ".join,
)
def test_what_cannot_be_meant_of_keys_is_misuse(words: list[str], here: Installation) -> None:
    """Nothing changes hands by a slip."""
    rotate(here.directory, lifetime=Settings().permit_lifetime, now=datetime.now(UTC))
    before = [key_id(each.key()) for each in listed(here.directory)]
    assert run(["permit-keys", *words]) == 2
    assert [key_id(each.key()) for each in listed(here.directory)] == before


def test_keys_of_the_environment_are_changed_there(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rotation in the file would change nothing, so it is refused."""
    monkeypatch.setenv("LTL_PERMIT_KEYS", '{"keys": []}')
    assert run(["permit-keys", "rotate"]) == 2
    assert "LTL_PERMIT_KEYS" in "".join(capsys.readouterr())
