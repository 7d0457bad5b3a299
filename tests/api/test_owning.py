"""Does a launch get another owner in all of its regions, or in none?"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Choice, Role
from readiness.ledger import LaunchDenied, Launched, Refused
from store.denials import denials_of
from store.guards import unguard
from store.ledger import rows_after
from store.records_schema import commands, ledger
from tests.api.at_the_desk import AtTheDesk, house_of
from tests.api.door import SettableClock, bearer
from tests.readiness.builders import LAUNCH_AT, OWNER
from tests.store.desk import Desk

LAUNCH = "/v1/launches/atlas-2"
HEIR = "latam-1"
GIVE = {"owner": HEIR, "reason": "She takes the team over."}


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[tuple[TestClient, AtTheDesk]]:
    """The whole API, with people who are known."""
    desk.teach("latam")
    with house_of(desk, issuer, clock) as opened:
        yield opened


def speaking(issuer: EmbeddedIssuer, person: str, *grants: tuple[Role, str], key: str = "wish-1") -> dict[str, str]:
    """Return the headers of a person."""
    return {**bearer(issuer, person, *grants), "Idempotency-Key": key}


def owners(desk: Desk, *regions: str) -> list[str]:
    """Return who owns each of these regions."""
    return [desk.region(key).owner for region in regions if (key := desk.latest(region)) is not None]


def rows(desk: Desk) -> int:
    """Return how many commands and events there are."""
    with desk.store.reading() as tx:
        return sum(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (commands, ledger))


def test_the_new_owner_owns_the_launch_and_every_running_region(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """The launch, its regions, the board and what joins later all name the new owner; a repeat changes nothing."""
    client, _ = house
    desk.start("apac", "emea")
    manager = speaking(issuer, "pm-9", (Role.PRODUCT_MANAGER, "*"))
    answer = client.post(f"{LAUNCH}/owner", json=GIVE, headers=manager)
    assert answer.status_code == 200, answer.json()
    assert [(item["region"], item["answer"]["owner"]) for item in answer.json()["items"]] == [
        ("apac", HEIR),
        ("emea", HEIR),
    ]
    assert client.get(LAUNCH, headers=manager).json()["owner"] == HEIR
    board = client.get("/v1/readiness", headers=manager).json()["items"]
    assert [row["owner"] for row in board] == [HEIR, HEIR]
    joining = {"region": "nordics", "name": "Nordics", "time_zone": "UTC", "launch_at": "2027-03-01T09:00"}
    joined = client.post(f"{LAUNCH}/regions", json=joining, headers={**manager, "Idempotency-Key": "join"})
    assert joined.json()["owner"] == HEIR
    before = rows(desk)
    again = client.post(f"{LAUNCH}/owner", json=GIVE, headers=manager)
    assert (again.status_code, [item["region"] for item in again.json()["items"]]) == (200, ["apac", "emea"])
    other = client.post(f"{LAUNCH}/owner", json={**GIVE, "reason": "Another."}, headers=manager)
    assert other.json()["type"] == "/problems/key-reused"
    anew = client.post(f"{LAUNCH}/owner", json=GIVE, headers={**manager, "Idempotency-Key": "anew"})
    assert (anew.status_code, anew.json()["type"]) == (409, "/problems/owner-unchanged")
    assert rows(desk) == before


def test_the_owner_hands_the_launch_over_and_may_ask_again(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """Whatever regions their role covers; a repeat is answered although they own it no more, and finishes it."""
    client, sender = house
    desk.start("apac", "emea")
    owner = speaking(issuer, OWNER, (Role.SALES_LEAD, "emea"))
    sender.away = {"emea"}
    half = client.post(f"{LAUNCH}/owner", json=GIVE, headers=owner)
    assert (half.status_code, [item["status"] for item in half.json()["items"]]) == (207, [200, 503])
    sender.away = set()
    whole = client.post(f"{LAUNCH}/owner", json=GIVE, headers=owner)
    assert whole.status_code == 200
    assert owners(desk, "apac", "emea") == [HEIR, HEIR]


def test_nobody_else_hands_it_over(desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer) -> None:
    """A product manager of some regions, or an executive of all, is refused and recorded; nothing changes."""
    client, _ = house
    desk.start("apac", "emea")
    before = rows(desk)
    for person, role, region in (("pm-9", Role.PRODUCT_MANAGER, "emea"), ("ex-1", Role.EXECUTIVE, "*")):
        answer = client.post(f"{LAUNCH}/owner", json=GIVE, headers=speaking(issuer, person, (role, region)))
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
        with desk.store.reading() as tx:
            assert denials_of(tx, person)[0].action == "change_owner"
    manager = speaking(issuer, "pm-9", (Role.PRODUCT_MANAGER, "*"))
    unknown = client.post(f"{LAUNCH}/owner", json={**GIVE, "owner": "nobody"}, headers=manager)
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown-person")
    assert rows(desk) == before


def test_where_one_region_refuses_nothing_is_handed_over(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """Who took the decision in one region becomes owner of none, and is told where and what to do."""
    client, _ = house
    key = desk.with_go()
    joining = {"region": "nordics", "name": "Nordics", "time_zone": "UTC", "launch_at": "2027-03-01T09:00"}
    manager = speaking(issuer, "pm-9", (Role.PRODUCT_MANAGER, "*"))
    assert client.post(f"{LAUNCH}/regions", json=joining, headers={**manager, "Idempotency-Key": "j"}).is_success
    desk.accepted(key, desk.hold(key))
    desk.accepted(key, desk.ask(key, "resume", OWNER, Role.PRODUCT_MANAGER))
    desk.accepted(key, desk.decide(key, Choice.GO, "emea-3"))
    before = rows(desk)
    body = {**GIVE, "owner": "emea-3"}
    answer = client.post(f"{LAUNCH}/owner", json=body, headers=manager)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/owner-not-taken")
    assert [(each["region"], each["type"]) for each in answer.json()["regions"]] == [
        ("emea", "/problems/owner-took-decision")
    ]
    told = client.post(f"{LAUNCH}/owner", params={"rehearse": "true"}, json=body, headers=manager).json()
    assert {item["region"]: item["answer"]["accepted"] for item in told["items"]} == {"emea": False, "nordics": True}
    assert rows(desk) == before
    assert owners(desk, "emea", "nordics") == [OWNER, OWNER]


def test_a_region_launches_under_its_new_owner_and_only_by_a_command_of_the_log(desk: Desk) -> None:
    """The launch transaction proves the change as everything that gives; neither owner has taken the go."""
    key = desk.with_go()
    change = desk.ask(key, "change_owner", OWNER, Role.PRODUCT_MANAGER, owner=HEIR)
    desk.accepted(key, change)
    outcome = desk.carry_out(key, desk.decide(key, Choice.NO_GO, OWNER)).outcome
    assert isinstance(outcome, Refused)
    assert outcome.refusal.kind == "decider-is-owner"
    desk.clock.now = LAUNCH_AT
    forged = "sha256:" + "1" * 64
    where = commands.c.id == change.command_id
    with desk.store.reading() as tx:
        written = [row.event for row in rows_after(tx, key, 0) if row.event.type == "owner_changed"]
    with desk.store.writing() as tx:
        unguard(tx)
        tx.execute(update(commands).where(where).values(command_digest=forged))
    answer: Any = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert any("owner_changed" in objection for objection in answer.objections)
    with desk.store.writing() as tx:
        tx.execute(update(commands).where(where).values(command_digest=written[0].command_digest))
    assert isinstance(desk.launch(key), Launched)
