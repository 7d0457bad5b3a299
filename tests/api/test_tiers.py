"""May everybody see what tiers ask for and what answers propose, and is a launch shown with why it is its tier?"""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EmbeddedIssuer
from api.launches import launches_router
from api.tiers import tiers_router
from readiness.canonical import digest
from readiness.commands import Role
from readiness.impact import QUESTIONS, ImpactAnswer, TierGrounds
from readiness.ledger import Accepted
from store.engine import Store, open_store
from store.records_schema import commands
from store.records_schema import ledger as ledger_rows
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.readiness.builders import NOW
from tests.store.desk import PRODUCT, Clock, Desk, plan

LEAST = {question.key: question.answers[0].key for question in QUESTIONS}
REASON = "Two regions sell it for the first time."
GROUNDS = TierGrounds(
    answers=tuple(ImpactAnswer(question=key, answer=answer) for key, answer in LEAST.items()),
    proposed=3,
    reason_digest=digest(REASON),
)


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a migrated store of this test's own whose clock the test moves."""
    clock = Clock()
    store = open_store(store_url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


def knocking(store: Store, issuer: EmbeddedIssuer) -> TestClient:
    """Return whoever asks for tiers and launches."""
    deps = dependencies(store, issuer, SettableClock(NOW))
    return TestClient(create_app(deps, routers=[tiers_router(), launches_router()]))


@pytest.fixture
def seller(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of a seller of one region."""
    return bearer(issuer, "seller-1", (Role.SELLER, "apac"))


def test_tiers_are_told_with_their_questions_and_defaults(
    ledger: Store, issuer: EmbeddedIssuer, seller: dict[str, str]
) -> None:
    """Every question comes with its answers and points, every tier with its thresholds, quorum and budget."""
    with knocking(ledger, issuer) as client:
        told = client.get("/v1/tiers", headers=seller).json()
    assert [question["key"] for question in told["questions"]] == list(LEAST)
    assert told["questions"][1]["answers"][0]["key"] == "known"
    strictest = told["tiers"][0]
    assert (strictest["tier"], strictest["from_points"], strictest["lead_time_days"]) == (1, 8, 56)
    assert strictest["policy"]["training"]["required_share"] == 0.9
    assert (strictest["votes_needed"], strictest["absent_seat"], strictest["poll_hours"]) == (4, "dissent", 72)
    assert (strictest["waivers_per_region"], strictest["waivers_per_launch"]) == (1, 3)
    assert [tier["waivers_per_launch"] for tier in told["tiers"]] == [3, 6, None]


def test_a_tier_is_proposed_without_a_key_and_changes_nothing(
    ledger: Store, issuer: EmbeddedIssuer, seller: dict[str, str]
) -> None:
    """Asking twice answers twice the same; nothing is logged that could have happened once only."""
    asked = {"answers": {**LEAST, "promise": "Regulatory"}}
    with knocking(ledger, issuer) as client:
        answers = [client.post("/v1/tiers/propose", json=asked, headers=seller) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    told = answers[0].json()
    assert (told["tier"], told["impact"]) == (1, {**LEAST, "promise": "regulatory"})
    assert told["reasons"][0] == "A regulator expects it: that alone asks for Tier 1."


def test_what_is_not_answered_is_named(ledger: Store, issuer: EmbeddedIssuer, seller: dict[str, str]) -> None:
    """Every question that is open or answered beside the point is a fault of its own."""
    asked = {key: answer for key, answer in LEAST.items() if key != "sellers"} | {"market": "mars", "mood": "fine"}
    with knocking(ledger, issuer) as client:
        answer = client.post("/v1/tiers/propose", json={"answers": asked}, headers=seller)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")
    faults = {fault["path"]: fault["reason"] for fault in answer.json()["errors"]}
    assert set(faults) == {"answers.sellers", "answers.market", "answers.mood"}
    assert "known, new_segment, new_market" in faults["answers.market"]


def test_a_launch_is_shown_with_why_it_is_its_tier(desk: Desk) -> None:
    """Answers, their proposal and the words of the reason are shown; the words lie in the command log alone."""
    wanted = plan("emea").model_copy(update={"tier_grounds": GROUNDS})
    settled = desk.start_settled(wanted, said={"tier_reason": f" {REASON}\n"})
    assert isinstance(settled.outcome, Accepted)
    issuer = new_issuer(SettableClock(NOW))
    headers = bearer(issuer, "auditor-1", (Role.AUDITOR, "*"))
    with knocking(desk.store, issuer) as client:
        launch = client.get(f"/v1/launches/{PRODUCT}", headers=headers).json()
        (listed,) = client.get("/v1/launches", headers=headers).json()["items"]
    assert listed == launch
    shown = (launch["tier"], launch["tier_proposed"], launch["tier_reason"], launch["impact"])
    assert shown == (1, 3, REASON, LEAST)
    with desk.store.reading() as tx:
        told = json.dumps([*tx.execute(select(ledger_rows.c.event)).scalars()])
        travelled = json.dumps([*tx.execute(select(commands.c.command)).scalars()])
    for text in (told, travelled):
        assert REASON not in text
        assert digest(REASON) in text


def test_a_launch_that_only_names_its_tier_has_nothing_more_to_tell(desk: Desk) -> None:
    """Without answers and reason these are empty, and a reason that nobody planned with is not shown."""
    desk.start_settled(plan("emea"), said={"tier_reason": REASON})
    issuer = new_issuer(SettableClock(NOW))
    with knocking(desk.store, issuer) as client:
        headers = bearer(issuer, "auditor-1", (Role.AUDITOR, "*"))
        launch = client.get(f"/v1/launches/{PRODUCT}", headers=headers).json()
    assert (launch["tier_proposed"], launch["tier_reason"], launch["impact"]) == (None, None, None)
