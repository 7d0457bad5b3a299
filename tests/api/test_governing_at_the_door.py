"""Is an act of governing that the door alone refuses refused in full, and recorded?"""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.governing import governing_router
from api.identity import EmbeddedIssuer
from api.polling import polling_router
from readiness.commands import Role
from store.denials import denials_of
from store.engine import Store
from tests.api.door import SettableClock, bearer, dependencies

EMEA = "/v1/launches/atlas-2/regions/emea"


@pytest.fixture
def governed(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[TestClient]:
    """The application with the routes of governing."""
    with TestClient(
        create_app(dependencies(ledger, issuer, clock), routers=[governing_router(), polling_router()])
    ) as opened:
        yield opened


def test_signing_for_another_function_is_refused_and_recorded(
    governed: TestClient, ledger: Store, issuer: EmbeddedIssuer
) -> None:
    """Refused attempts are recorded too: sales holding out the key of marketing is one."""
    asked = {"stage": "value_propositions", "function": "marketing", "digest": "sha256:" + "0" * 64}
    headers = {**bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea")), "Idempotency-Key": "wish-1"}
    answer = governed.post(f"{EMEA}/sign-offs", json=asked, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/function-not-held")
    with ledger.reading() as tx:
        attempts = [(each.action, each.product, each.region) for each in denials_of(tx, "sa-1")]
    assert attempts == [("sign_off", "atlas-2", "emea")]


def test_only_an_executive_names_somebody_for_a_seat(
    governed: TestClient, ledger: Store, issuer: EmbeddedIssuer
) -> None:
    """Not even a sales lead for their own seat; whoever tries is recorded."""
    asked = {"person": "sa-2", "reason": "I am away."}
    headers = {**bearer(issuer, "sa-1", (Role.SALES_LEAD, "emea")), "Idempotency-Key": "wish-1"}
    answer = governed.post(f"{EMEA}/seats/sales/name", json=asked, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
    with ledger.reading() as tx:
        assert [each.action for each in denials_of(tx, "sa-1")] == ["name_seat"]


def test_a_seat_that_no_function_holds_is_at_no_address(governed: TestClient, executive: dict[str, str]) -> None:
    """Legal signs nothing here."""
    answer = governed.post(f"{EMEA}/seats/legal/name", json={"person": "le-1", "reason": "Ask."}, headers=executive)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "function")


@pytest.mark.parametrize("seen", [True, "18", 18.0, 0])
def test_the_version_that_was_seen_is_a_whole_number_and_nothing_else(
    seen: object, governed: TestClient, executive: dict[str, str]
) -> None:
    """A decision on `true` would be one on version 1, which nobody saw."""
    body = {"verdict": "go", "reason": "Everyone is certified.", "seen": seen}
    answer = governed.post(f"{EMEA}/decisions", json=body, headers=executive)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "seen")


@pytest.mark.parametrize("review_at", ["20270101090000", 20270101, "1800000000", "2027-01-01T09:00:00", "2027-01-01"])
def test_a_moment_is_written_out_with_its_offset(
    review_at: object, governed: TestClient, executive: dict[str, str]
) -> None:
    """A bare number is never guessed to be seconds since 1970."""
    body = {"verdict": "no_go", "reason": "Two teams are still learning.", "review_at": review_at}
    answer = governed.post(f"{EMEA}/decisions", json=body, headers=executive)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "review_at")
