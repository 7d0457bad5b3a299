"""Do the words for a rehearsal, and for several regions, say to the API what they promise?"""

import json
from typing import Any

import pytest

from bootstrap.cli import run
from bootstrap.installation import Installation
from tests.bootstrap.fake_api import Answer, FakeApi
from tests.bootstrap.test_cli import DIGEST, EMEA, board_row, content, readiness

LAUNCH = "/v1/launches/atlas-2"
ROWS = [
    board_row(version=19),
    board_row(region="apac", version=7),
    board_row(region="latam", version=40, verdict="launched"),
]


def rehearsal(**changes: Any) -> dict[str, Any]:
    """What a rehearsal answers."""
    stands = {"region": "emea", "version": 19, "verdict": "go", "stage": "go_no_go", "rag": "green"}
    whole = {
        "accepted": True,
        "refusal": None,
        "events": [{"region": "emea", "type": "region_held"}],
        "would": {
            "voided": [],
            "reopened": [],
            "held": [{"region": "emea", "cause": "person", "verdict": "go"}],
            "red": [],
        },
        "readiness_before": [stands],
        "readiness_after": [{**stands, "verdict": "held", "rag": "amber"}],
    }
    return {**whole, **changes}


def test_what_would_follow_is_shown_and_nothing_is_done(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --rehearse the act is asked for as a rehearsal, without a key, and each change is shown."""
    api.answers(f"GET {EMEA}/readiness", readiness())
    api.answers(f"POST {EMEA}/hold", rehearsal())
    words = ["hold", "atlas-2", "emea", "--reason", "Wait.", "--rehearse"]
    assert run([*words, "--data", str(here.directory)]) == 0
    asked = api.last("POST")
    assert (asked.query, asked.document["seen"]) == ({"rehearse": "true"}, 19)
    assert "idempotency-key" not in asked.headers
    shown = capsys.readouterr().out
    assert "Nothing was changed." in shown
    assert "go → held" in shown
    api.answers(f"POST {EMEA}/hold", rehearsal(accepted=False, refusal={"detail": "A person holds this already."}))
    assert run([*words, "--data", str(here.directory)]) == 0
    assert "It would be refused: A person holds this already." in capsys.readouterr().out


def said(region: str, **changes: Any) -> dict[str, Any]:
    """What one region answers among many."""
    return {"region": region, "status": 200, "answer": readiness(region=region), "problem": None, **changes}


def test_several_regions_are_held_as_they_were_seen(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """One request names every region with its version; a refusal is shown beside it, and the command ends with 1."""
    api.answers("GET /v1/readiness", {"items": ROWS, "next_cursor": None})
    held = {"detail": "A person holds this region already.", "title": "It is held."}
    answer = {"items": [said("apac"), said("emea", status=409, answer=None, problem=held)]}
    api.answers(f"POST {LAUNCH}/hold", answer, 207)
    assert run(["hold", "atlas-2", "--all-regions", "--reason", "Wait.", "--data", str(here.directory)]) == 1
    assert api.last("POST").document == {"reason": "Wait.", "regions": {"emea": 19, "apac": 7}}
    assert "A person holds this region already." in capsys.readouterr().out
    api.answers(f"POST {LAUNCH}/hold", {"items": [said("apac"), said("emea")]})
    words = ["hold", "atlas-2", "emea", "apac", "--reason", "Wait.", "--data", str(here.directory)]
    assert run([*words, "--json"]) == 0
    assert [item["region"] for item in json.loads(capsys.readouterr().out)["items"]] == ["apac", "emea"]


def test_a_region_that_gave_no_answer_is_asked_again_under_the_same_key(here: Installation, api: FakeApi) -> None:
    """What one region could not be asked is not left undone, and what was done is not done twice."""
    api.answers("GET /v1/readiness", {"items": ROWS[:2], "next_cursor": None})
    away = {"detail": "The workflow engine does not answer at the moment."}
    answers = [said("emea", status=503, answer=None, problem=away), said("emea")]
    api.routes_to(f"POST {LAUNCH}/resume", lambda _asked: Answer(207, {"items": [said("apac"), answers.pop(0)]}))
    assert run(["resume", "atlas-2", "emea", "apac", "--reason", "On.", "--data", str(here.directory)]) == 0
    first, second = (asked for asked in api.asked if asked.method == "POST")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_one_decision_names_its_regions_before_its_verdict(here: Installation, api: FakeApi) -> None:
    """The last word is the verdict, however many regions come before it."""
    api.answers("GET /v1/readiness", {"items": ROWS[:2], "next_cursor": None})
    api.answers(f"POST {LAUNCH}/decisions", {"items": [said("apac", status=201), said("emea", status=201)]})
    words = ["decide", "atlas-2", "emea", "apac", "go", "--reason", "All is well."]
    assert run([*words, "--data", str(here.directory)]) == 0
    asked = api.last("POST").document
    assert (asked["verdict"], asked["regions"]) == ("go", {"emea": 19, "apac": 7})


def test_several_regions_are_signed_digest_by_digest(here: Installation, api: FakeApi) -> None:
    """Each region signs exactly what it says: regions that say the same are signed with one request."""
    other = "sha256:" + "b" * 64
    for region, digest in (("emea", DIGEST), ("apac", DIGEST), ("latam", other)):
        api.answers(
            f"GET {LAUNCH}/regions/{region}/content/value_propositions",
            {**content(), "region": region, "digest": digest},
        )
    api.routes_to(
        f"POST {LAUNCH}/sign-offs",
        lambda asked: Answer(200, {"items": [said(region, status=201) for region in asked.document["regions"]]}),
    )
    words = ["sign-off", "atlas-2", "emea", "apac", "latam", "value-propositions", "--function", "sales"]
    assert run([*words, "--data", str(here.directory)]) == 0
    sent = [(asked.document["digest"], asked.document["regions"]) for asked in api.asked if asked.method == "POST"]
    assert sent == [(DIGEST, ["emea", "apac"]), (other, ["latam"])]


def test_a_launch_is_handed_over_with_a_reason(
    here: Installation, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new owner is named once for the whole launch; each region is shown, and what it would come to is too."""
    api.answers(f"POST {LAUNCH}/owner", {"items": [said("apac"), said("emea")]})
    words = ["owner", "atlas-2", "pm-8", "--reason", "She takes over.", "--data", str(here.directory)]
    assert run(words) == 0
    assert api.last("POST").document == {"owner": "pm-8", "reason": "She takes over."}
    assert "apac" in capsys.readouterr().out
    api.answers(f"POST {LAUNCH}/owner", {"items": [said("emea", answer=rehearsal())]})
    assert run([*words, "--rehearse"]) == 0
    assert api.last("POST").query == {"rehearse": "true"}


@pytest.mark.parametrize("words", [["hold", "atlas-2"], ["hold", "atlas-2", "emea", "--all-regions"]])
def test_one_says_in_which_regions_and_only_once(here: Installation, api: FakeApi, words: list[str]) -> None:
    """Neither nothing nor both is taken for everything."""
    assert run([*words, "--reason", "Wait.", "--data", str(here.directory)]) == 2
    assert api.asked == []
