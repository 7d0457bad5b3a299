"""Is every error a problem document that helps and tells no secrets?"""

import json

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.testclient import TestClient

from api.problems import KINDS, MOST_FAULTS, STATUS_OF_REFUSAL, Problem, away, faults_in, invalid, problem_of
from api.sending import EngineAway
from api.telling import problem_for
from readiness.refusals import DeciderIsOwner, DigestStale, Expired, ReasonMissing
from store.engine import StoreAway, StoreFull

DECISIONS = "/v1/launches/atlas-2/regions/emea/decisions"


def test_a_refusal_carries_what_it_knows(client: TestClient, executive: dict[str, str]) -> None:
    """A decision before the gates are met answers 409, names each unmet criterion, and whoever was first if any."""
    answer = client.post(DECISIONS, headers=executive, json={"share": 0.9})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document.pop("request_id") == answer.headers["x-request-id"]
    assert document == {
        "type": "/problems/gates-not-met",
        "title": "A criterion of a learning stage is unmet.",
        "status": 409,
        "detail": "Two criteria are unmet.",
        "by": None,
        "at": None,
        "unmet": [
            {
                "stage": "training",
                "criterion": "training_completion",
                "reasons": ["8 of 50 have not completed every required course."],
            }
        ],
    }


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (problem_of(DigestStale(detail="It moved on.", current=None)), 409),
        (problem_of(Expired(detail="Too late.")), 409),
        (problem_of(DeciderIsOwner(detail="You own it.")), 403),
        (problem_of(ReasonMissing(detail="Say why.")), 422),
    ],
)
def test_each_refusal_has_one_status(problem: Problem, status: int) -> None:
    """The table says which refusals are forbidden or malformed; every other one is a conflict."""
    assert problem.status_code == status


def test_every_row_of_the_table_is_of_use() -> None:
    """Statuses are given to refusals that exist; only what governance adds later may be missing still."""
    assert {slug for slug in STATUS_OF_REFUSAL if slug not in KINDS} <= {"waiver-by-requester"}


def test_every_problem_says_what_it_means_at_its_type(client: TestClient, executive: dict[str, str]) -> None:
    """The type of each problem is an address that answers with its status and meaning."""
    listed = client.get("/problems", headers=executive).json()["items"]
    assert {kind["type"] for kind in listed} == {f"/problems/{slug}" for slug in KINDS}
    one = client.get("/problems/gates-not-met", headers=executive).json()
    assert one["status"] == 409
    assert one in listed
    assert client.get("/problems/no-such", headers=executive).status_code == 404
    assert all(kind["title"].endswith(".") for kind in listed)


def test_an_address_without_anything_is_a_problem(client: TestClient) -> None:
    """A 404 is a problem document too."""
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_is_told_every_right_one(client: TestClient) -> None:
    """A 405 lists the methods of all routes at that address, not of the first alone."""
    answer = client.delete("/v1/launches")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["detail"] == "This address knows GET, HEAD, POST only."


@pytest.mark.parametrize(("path", "type_"), [("/v1/store", "store-away"), ("/v1/engine", "engine-away")])
def test_a_part_that_is_away_is_503(path: str, type_: str, client: TestClient, executive: dict[str, str]) -> None:
    """While the database or the engine is away the answer is 503 with when to ask again, and why is not told."""
    answer = client.get(path, headers=executive)
    assert (answer.status_code, answer.json()["type"]) == (503, f"/problems/{type_}")
    assert answer.headers["retry-after"] == "5"
    assert "hunter2" not in answer.text


def test_a_fault_of_ours_is_500_without_a_word_of_it(
    client: TestClient, executive: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """What breaks inside is in the log under the request's id, never in the answer."""
    answer = client.get("/v1/broken", headers=executive)
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/failed")
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["request_id"] in caplog.text


def test_what_is_wrong_is_named_by_its_place(client: TestClient, manager: dict[str, str]) -> None:
    """A malformed request is a 422 that names every fault by its path, with a code and a whole sentence."""
    wish = {"share": "much", "regions": ["emea", "Über"], "colour": "red"}
    answer = client.post("/v1/launches", headers=manager, json=wish)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")
    faults = {fault["path"]: fault for fault in answer.json()["errors"]}
    assert set(faults) == {"share", "regions[1]", "colour"}
    assert faults["colour"] == {
        "in": "body",
        "path": "colour",
        "code": "extra-forbidden",
        "reason": "There is no such field here.",
    }
    assert all(fault["reason"].endswith(".") for fault in faults.values())
    assert "much" not in answer.text
    assert "Über" not in answer.text


def test_a_fault_outside_the_body_says_where(client: TestClient, manager: dict[str, str]) -> None:
    """A fault in the query names the parameter."""
    answer = client.get("/v1/launches?limit=501", headers=manager)
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["in"], fault["path"]) == (422, "query", "limit")


def test_a_missing_body_is_a_fault(client: TestClient, manager: dict[str, str]) -> None:
    """A request without the body that it needs is a 422."""
    answer = client.post("/v1/launches", headers=manager)
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["in"], fault["code"]) == (422, "body", "missing")


def test_faults_without_end_are_cut_and_counted() -> None:
    """An answer lists a hundred faults at most and says how many more there are."""

    class Numbers(BaseModel):
        numbers: list[int]

    with pytest.raises(ValidationError) as broken:
        Numbers.model_validate({"numbers": ["x"] * 130})
    problem = invalid(faults_in(broken.value, where="body"), slug="plan-invalid")
    assert len(problem.members["errors"]) == MOST_FAULTS
    assert problem.members["errors_left_out"] == 30
    assert problem.members["errors"][3]["path"] == "numbers[3]"


def test_a_field_with_a_long_name_is_cut() -> None:
    """A fault does not repeat a field's name of any length."""
    long_name = "n" * 10_000
    error = RequestValidationError([{"type": "extra_forbidden", "loc": ("body", long_name), "msg": "no", "input": 1}])
    assert len(faults_in(error)[0].path) == 100


def test_away_asks_to_come_again_with_the_same_key() -> None:
    """Whoever was not answered is told that repeating is safe."""
    assert "same key" in away("store-away").detail


@pytest.mark.parametrize("slug", sorted(KINDS))
def test_every_kind_can_be_raised(slug: str) -> None:
    """Each problem has a status for errors and a document that is JSON."""
    problem = Problem(slug, "A detail.")
    assert 400 <= problem.status_code < 600
    assert json.dumps(problem.members) == "{}"


def test_a_request_has_one_id(client: TestClient) -> None:
    """An id that a proxy gave is kept; one that no proxy gives is replaced."""
    assert client.get("/livez", headers={"X-Request-Id": "a1b2c3d4e5"}).headers["x-request-id"] == "a1b2c3d4e5"
    odd = client.get("/livez", headers={"X-Request-Id": "<script>alert(1)</script>"}).headers["x-request-id"]
    assert len(odd) == 32


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    """Answers and errors alike tell the browser what never to do with them."""
    for path in ("/livez", "/nowhere", "/v1/launches"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert "strict-transport-security" not in headers


@pytest.mark.parametrize(
    ("error", "slug", "status"),
    [
        (StoreFull("no room"), "storage-full", 507),
        (StoreAway("gone"), "store-away", 503),
        (EngineAway("gone"), "engine-away", 503),
    ],
)
def test_each_part_that_fails_is_told_apart(error: Exception, slug: str, status: int) -> None:
    """A store without room is not one that is away, though whoever writes must wait for either."""
    told = problem_for(error)
    assert (told.kind, told.status_code) == (KINDS[slug], status)
