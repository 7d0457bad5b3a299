"""Is one wish for many regions carried out once in each, and answered region by region?"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from api.many import REGIONS_AT_ONCE
from readiness.commands import Role
from readiness.policy import Stage
from readiness.region import Verdict
from store.content import stage_content
from store.denials import denials_of
from store.records_schema import commands, ledger
from tests.api.at_the_desk import AtTheDesk, house_of
from tests.api.door import SettableClock, bearer
from tests.store.desk import Desk

LAUNCH = "/v1/launches/atlas-2"
WHY = {"reason": "The price list is wrong."}
MANY = ("amer", "apac", "emea", "latam", "nordics", "oceania")


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[tuple[TestClient, AtTheDesk]]:
    """The whole API, and who carries out what is asked there."""
    with house_of(desk, issuer, clock) as opened:
        yield opened


def manager(issuer: EmbeddedIssuer, *regions: str, key: str = "wish-1") -> dict[str, str]:
    """Return the headers of a product manager of these regions."""
    return {
        **bearer(issuer, "pm-7", *((Role.PRODUCT_MANAGER, region) for region in regions)),
        "Idempotency-Key": key,
    }


def items_of(answer: Any) -> dict[str, Any]:
    """Return what each region said, by region, in the order of the answer."""
    return {item["region"]: item for item in answer.json()["items"]}


def logged(desk: Desk) -> list[tuple[str, str]]:
    """Return every command of the log, by region and kind."""
    with desk.store.reading() as tx:
        rows = tx.execute(select(commands.c.region, commands.c.kind).where(commands.c.region != ""))
        return sorted((row.region, row.kind) for row in rows)


def test_one_wish_is_carried_out_in_every_region(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """All regions answer in key order as each alone would have, and no more than a few are asked at once."""
    client, sender = house
    desk.start(*MANY)
    answer = client.post(f"{LAUNCH}/hold", json={**WHY, "regions": "*"}, headers=manager(issuer, "*"))
    assert answer.status_code == 200
    items = items_of(answer)
    assert list(items) == sorted(MANY)
    assert {(item["status"], item["answer"]["verdict"], item["problem"]) for item in items.values()} == {
        (200, "held", None)
    }
    assert 1 < sender.most_at_once <= REGIONS_AT_ONCE
    one = client.get(f"{LAUNCH}/regions/emea/readiness", headers=manager(issuer, "*")).json()
    assert {**items["emea"]["answer"], "as_of": None} == {**one, "as_of": None}


def test_a_repeat_repeats_the_answers_and_nothing_else(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """The same key means the same regions for ever, also where more have joined; each act has one effect."""
    client, sender = house
    desk.start("apac", "emea")
    body = {**WHY, "regions": "*"}
    first = client.post(f"{LAUNCH}/hold", json=body, headers=manager(issuer, "*"))
    joining = {"region": "latam", "name": "LATAM", "time_zone": "UTC", "launch_at": "2027-03-01T09:00"}
    assert client.post(f"{LAUNCH}/regions", json=joining, headers=manager(issuer, "*", key="join")).is_success
    before, sent = logged(desk), list(sender.sent)
    again = client.post(f"{LAUNCH}/hold", json=body, headers=manager(issuer, "*"))
    assert (again.status_code, list(items_of(again))) == (200, ["apac", "emea"])
    assert [item["answer"]["version"] for item in again.json()["items"]] == [
        item["answer"]["version"] for item in first.json()["items"]
    ]
    assert (logged(desk), sender.sent) == (before, sent)


@pytest.mark.parametrize("away", ["apac", "emea"])
def test_a_wish_that_was_left_half_done_is_finished_by_its_repeat(
    away: str, desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """A region that gave no answer reads 503; the repeat carries it out there and nowhere twice."""
    client, sender = house
    desk.start("apac", "emea", "latam")
    sender.away = {away}
    body = {**WHY, "regions": "*"}
    half = client.post(f"{LAUNCH}/hold", json=body, headers=manager(issuer, "*"))
    assert half.status_code == 207
    told = {region: item["status"] for region, item in items_of(half).items()}
    assert told == {"apac": 200, "emea": 200, "latam": 200, away: 503}
    assert items_of(half)[away]["problem"]["type"] == "/problems/engine-away"
    sender.away = set()
    whole = client.post(f"{LAUNCH}/hold", json=body, headers=manager(issuer, "*"))
    assert whole.status_code == 200
    assert logged(desk) == [(region, "hold") for region in ("apac", "emea", "latam")]
    with desk.store.reading() as tx:
        held = [row.region for row in tx.execute(select(ledger.c.region).where(ledger.c.type == "region_held"))]
    assert sorted(held) == ["apac", "emea", "latam"]


def test_a_key_stands_for_one_wish_however_it_is_sent(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """Other words, other regions, another act or a single region under the same key are refused, and do nothing."""
    client, _ = house
    desk.start("apac", "emea")
    headers = manager(issuer, "*")
    assert client.post(f"{LAUNCH}/hold", json={**WHY, "regions": "*"}, headers=headers).status_code == 200
    before = logged(desk)
    for path, body in (
        ("/hold", {"reason": "Another.", "regions": "*"}),
        ("/hold", {**WHY, "regions": ["apac", "emea"]}),
        ("/resume", {**WHY, "regions": "*"}),
        ("/regions/apac/hold", WHY),
        ("/regions/emea/resume", WHY),
    ):
        answer = client.post(f"{LAUNCH}{path}", json=body, headers=headers)
        assert (path, answer.status_code, answer.json()["type"]) == (path, 422, "/problems/key-reused")
    assert client.post(f"{LAUNCH}/regions/emea/resume", json=WHY, headers=manager(issuer, "*", key="k")).is_success
    single = client.post(f"{LAUNCH}/hold", json={**WHY, "regions": "*"}, headers=manager(issuer, "*", key="k"))
    assert single.json()["type"] == "/problems/key-reused"
    assert logged(desk) == sorted([*before, ("emea", "resume")])


def test_regions_outside_ones_rights_are_refused_where_they_are_named(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """`*` means the regions of one's rights, and the answer says which; a named one is refused by itself."""
    client, _ = house
    desk.start("apac", "emea")
    mine = manager(issuer, "emea", "moon")
    named = client.post(f"{LAUNCH}/hold", json={**WHY, "regions": ["moon", "apac", "emea"]}, headers=mine)
    assert named.status_code == 207
    items = items_of(named)
    assert {region: item["status"] for region, item in items.items()} == {"apac": 403, "emea": 200, "moon": 404}
    assert items["apac"]["problem"]["type"] == "/problems/not-allowed"
    with desk.store.reading() as tx:
        assert [(each.action, each.region) for each in denials_of(tx, "pm-7")] == [("hold", "apac")]
    everywhere = client.post(
        f"{LAUNCH}/resume", json={**WHY, "regions": "*"}, headers=manager(issuer, "emea", key="w")
    )
    assert (everywhere.status_code, list(items_of(everywhere))) == (200, ["emea"])
    nowhere = client.post(f"{LAUNCH}/hold", json={**WHY, "regions": "*"}, headers=manager(issuer, "moon", key="v"))
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "/problems/not-found")
    assert logged(desk) == [("emea", "hold"), ("emea", "resume")]


def test_each_region_is_acted_on_as_it_was_seen(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """The version that was seen is said region by region; where it moved on that region refuses, and no other."""
    client, _ = house
    keys = {key.region: key for key in desk.start("apac", "emea")}
    for key in keys.values():
        desk.look(key)
    seen = {region: desk.region(key).version for region, key in keys.items()}
    desk.accepted(keys["apac"], desk.hold(keys["apac"]))
    body = {**WHY, "regions": seen}
    items = items_of(client.post(f"{LAUNCH}/hold", json=body, headers=manager(issuer, "*")))
    assert {region: item["status"] for region, item in items.items()} == {"apac": 409, "emea": 200}
    assert items["apac"]["problem"]["type"] == "/problems/readiness-moved-on"
    assert desk.region(keys["emea"]).holding is not None


def test_regions_that_say_the_same_are_signed_with_one_wish(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """A region whose adaptation has another digest refuses, and says which digest it has."""
    client, _ = house
    apac, emea, latam = desk.start("apac", "emea", "latam")
    desk.write_all()
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Atlas 2 for the south."}, regions=["latam"])
    with desk.store.reading() as tx:
        digest = stage_content(tx, emea, Stage.VALUE_PROPOSITIONS).evidence.digest
        own = stage_content(tx, latam, Stage.VALUE_PROPOSITIONS).evidence.digest
    body = {"stage": "value_propositions", "function": "marketing", "digest": digest, "regions": "*"}
    marketer = {**bearer(issuer, "ma-1", (Role.MARKETING, "*")), "Idempotency-Key": "sign"}
    items = items_of(client.post(f"{LAUNCH}/sign-offs", json=body, headers=marketer))
    assert {region: item["status"] for region, item in items.items()} == {"apac": 201, "emea": 201, "latam": 409}
    assert items["latam"]["problem"]["current"] == own
    assert items["apac"]["answer"]["digest"] == digest
    assert [len(desk.region(key).sign_offs) for key in (apac, emea, latam)] == [1, 1, 0]


def test_waivers_for_many_regions_stay_within_the_budget_of_the_launch(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """Each region is asked once the one before has its waiver, so that the fourth finds the budget of three spent."""
    client, sender = house
    keys = desk.start("amer", "apac", "emea", "latam")
    desk.write_all()
    for key in keys:
        desk.teach(key.region, certified=7)
        desk.sign_all(key)
        desk.look(key)
    body = {
        "criterion": "certified_share",
        "reason": "One of ten is ill.",
        "compensating_control": "They sell beside a colleague.",
        "expires_at": "2027-03-08T08:00:00Z",
        "floor": 0.7,
        "regions": "*",
    }
    enabler = {**bearer(issuer, "en-1", (Role.ENABLEMENT, "*")), "Idempotency-Key": "waive"}
    items = items_of(client.post(f"{LAUNCH}/waivers", json=body, headers=enabler))
    assert [item["status"] for item in items.values()] == [201, 201, 201, 409]
    assert items["latam"]["problem"]["type"] == "/problems/waiver-budget-spent"
    assert {items[region]["answer"]["status"] for region in ("amer", "apac", "emea")} == {"requested"}
    assert sender.most_at_once == 1


def test_a_wish_for_many_regions_is_rehearsed_in_each(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """Each region tells what would follow there, nothing is logged, and no key is needed."""
    client, sender = house
    ready = desk.with_go()
    body = {"launch_at": "2027-03-08T09:00", "reason": "One more week.", "regions": ["emea", "moon"]}
    owner = bearer(issuer, "pm-7", (Role.PRODUCT_MANAGER, "*"))
    before = logged(desk)
    answer = client.post(f"{LAUNCH}/reschedule", params={"rehearse": "true"}, json=body, headers=owner)
    items = items_of(answer)
    assert (answer.status_code, items["moon"]["status"]) == (207, 404)
    assert items["emea"]["answer"]["readiness_after"][0]["verdict"] == "ready"
    assert [each["stage"] for each in items["emea"]["answer"]["would"]["reopened"]] == ["go_no_go"]
    assert (logged(desk), sender.sent) == (before, [])
    assert desk.region(ready).decision is not None
    assert client.post(f"{LAUNCH}/reschedule", json=body, headers=owner).status_code == 400


def test_a_region_that_cannot_be_asked_leaves_the_key_to_the_next(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """The first region named was never started: the wish is carried out in the others, and its repeat is the same."""
    client, _ = house
    (emea,) = desk.start("emea")
    body = {**WHY, "regions": ["atlantis", "emea"]}
    for _ in range(2):
        items = items_of(client.post(f"{LAUNCH}/hold", json=body, headers=manager(issuer, "*")))
        assert {region: item["status"] for region, item in items.items()} == {"atlantis": 404, "emea": 200}
    assert logged(desk) == [("emea", "hold")]
    assert desk.region(emea).holding is not None


def test_a_launch_that_nobody_started_or_that_has_ended_refuses_the_whole(
    desk: Desk, house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """`*` of nothing is no success."""
    client, _ = house
    headers = manager(issuer, "*")
    body = {**WHY, "regions": "*"}
    assert client.post(f"{LAUNCH}/cancel", json=body, headers=headers).status_code == 404
    (emea,) = desk.start("emea")
    assert items_of(client.post(f"{LAUNCH}/cancel", json=body, headers=headers))["emea"]["answer"]["verdict"] == (
        Verdict.CANCELLED
    )
    ended = client.post(f"{LAUNCH}/cancel", json=body, headers=manager(issuer, "*", key="more"))
    assert (ended.status_code, ended.json()["type"]) == (409, "/problems/launch-ended")
    assert desk.region(emea).ending is not None


def test_what_is_no_name_of_a_product_refuses_the_whole(
    house: tuple[TestClient, AtTheDesk], issuer: EmbeddedIssuer
) -> None:
    """Regions that are named one by one are not asked, not even to rehearse."""
    client, _ = house
    body = {**WHY, "regions": {"emea": 1}}
    answer = client.post("/v1/launches/__main__/hold?rehearse=true", json=body, headers=manager(issuer, "*"))
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
