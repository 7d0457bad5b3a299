"""Does `?rehearse=true` answer what would follow, by the same right as the act, and write nothing?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EmbeddedIssuer
from bootstrap.web import routers
from readiness.commands import Role
from readiness.plan_document import plan_as_document
from store.access_schema import denials
from store.denials import denials_of
from store.schema import metadata
from tests.api.door import SettableClock, bearer, dependencies
from tests.readiness.builders import NOW
from tests.store.desk import Desk, plan

EMEA = "/v1/launches/atlas-2/regions/emea"
WHY = {"reason": "The price list is wrong."}
REHEARSE = {"rehearse": "true"}


@pytest.fixture
def knocking(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The whole API on the store of a desk; nobody answers behind it, so whatever is sent on fails."""
    with TestClient(create_app(dependencies(desk.store, issuer, clock), routers=routers())) as opened:
        yield opened


@pytest.fixture
def owner(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of a product manager of EMEA, without a key."""
    return bearer(issuer, "pm-7", (Role.PRODUCT_MANAGER, "emea"))


@pytest.fixture
def marketer(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of someone of marketing everywhere, without a key."""
    return bearer(issuer, "ma-1", (Role.MARKETING, "*"))


def written(desk: Desk) -> dict[str, int]:
    """Return how many rows each table has."""
    with desk.store.reading() as tx:
        return {t.name: tx.execute(select(func.count()).select_from(t)).scalar_one() for t in metadata.sorted_tables}


def test_a_rehearsed_hold_tells_of_the_go_that_it_would_end(
    desk: Desk, knocking: TestClient, owner: dict[str, str]
) -> None:
    """It needs no key, answers 200, and neither log nor ledger nor outbox nor workflow hears of it."""
    desk.with_go()
    before = written(desk)
    answer = knocking.post(f"{EMEA}/hold", params=REHEARSE, json=WHY, headers=owner)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["accepted"], told["refusal"]) == (True, None)
    assert [event["type"] for event in told["events"]] == ["region_held"]
    assert told["would"]["held"] == [{"region": "emea", "cause": "person", "verdict": "go"}]
    assert [each["verdict"] for each in told["readiness_before"]] == ["go"]
    assert [each["verdict"] for each in told["readiness_after"]] == ["held"]
    assert written(desk) == before
    assert knocking.post(f"{EMEA}/hold", json=WHY, headers=owner).json()["type"].endswith("idempotency-key-missing")


def test_a_refusal_is_told_as_the_problem_that_it_would_be(
    desk: Desk, knocking: TestClient, executive: dict[str, str]
) -> None:
    """A rehearsed decision answers 200 with what the decision itself would be refused with."""
    desk.start("emea")
    body = {"verdict": "go", "reason": "It looks fine."}
    told = knocking.post(f"{EMEA}/decisions", params=REHEARSE, json=body, headers=executive).json()
    assert told["accepted"] is False
    assert (told["refusal"]["type"], told["refusal"]["status"]) == ("/problems/gates-not-met", 409)
    assert len(told["refusal"]["unmet"]) == 5


def test_a_rehearsal_needs_the_right_of_the_act(desk: Desk, knocking: TestClient, marketer: dict[str, str]) -> None:
    """Who may not hold may not rehearse it either, and the attempt is recorded."""
    desk.start("emea")
    answer = knocking.post(f"{EMEA}/hold", params=REHEARSE, json=WHY, headers=marketer)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
    with desk.store.reading() as tx:
        assert [each.action for each in denials_of(tx, "ma-1")] == ["hold"]
        assert tx.execute(select(func.count()).select_from(denials)).scalar_one() == 1


def test_a_rehearsed_edit_tells_all_that_it_would_do_although_it_would_be_refused(
    desk: Desk, knocking: TestClient, marketer: dict[str, str]
) -> None:
    """Which sign-offs it voids and which go it ends is what one wants to know before naming `holds`."""
    desk.with_go()
    before = written(desk)
    path = "/v1/launches/atlas-2/value-propositions/all"
    body: dict[str, Any] = {"statement": "Atlas 2 does something else."}
    told = knocking.put(path, params=REHEARSE, json=body, headers=marketer).json()
    assert (told["accepted"], told["refusal"]["type"]) == (False, "/problems/would-hold-regions")
    assert [each["person"] for each in told["would"]["voided"]] == ["ma-1", "sa-1"]
    assert [each["verdict"] for each in told["would"]["held"]] == ["go"]
    meant = knocking.put(path, params=REHEARSE, json={**body, "holds": ["emea"]}, headers=marketer).json()
    assert (meant["accepted"], meant["would"]) == (True, told["would"])
    slight = knocking.put(path, params=REHEARSE, json={**body, "material": False}, headers=marketer).json()
    assert (slight["refusal"]["type"], slight["events"]) == ("/problems/edit-is-material", [])
    assert knocking.delete(path, params={**REHEARSE, "regions": "emea"}, headers=marketer).status_code == 404
    assert written(desk) == before


def test_a_rehearsed_start_names_faults_marks_and_what_is_late(
    desk: Desk, knocking: TestClient, owner: dict[str, str]
) -> None:
    """A plan with faults is refused as it would be; one without tells what would be late, and 409 once it runs."""
    desk.teach("emea")
    wanted = plan_as_document(plan("emea", launch_at=NOW + timedelta(days=10)))
    wanted["regions"][0]["launch_at"] = "2027-01-14T09:00"
    wanted["owner"] = "emea-1"
    wanted["policy"] = {"certification": {"required_share": 0.1}}
    before = written(desk)
    told = knocking.post("/v1/launches", params=REHEARSE, json=wanted, headers=owner)
    assert told.status_code == 200, told.json()
    assert told.json()["below_tier"] == ["policy.certification.required_share"]
    (region,) = told.json()["regions"]
    assert region["short_lead"] is True
    assert [each["stage"] for each in region["due"] if each["past"]] == [
        each["stage"] for each in told.json()["would"]["red"]
    ]
    wanted["tier"] = 9
    faulty = knocking.post("/v1/launches", params=REHEARSE, json=wanted, headers=owner)
    assert (faulty.status_code, faulty.json()["type"]) == (422, "/problems/plan-invalid")
    assert written(desk) == before
    desk.start("emea")
    again = knocking.post("/v1/launches", params=REHEARSE, json={**wanted, "tier": 1}, headers=owner)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/launch-already-running")
