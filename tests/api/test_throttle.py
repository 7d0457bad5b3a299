"""Is somebody who asks for too much turned away, and nobody else?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EmbeddedIssuer
from api.throttle import MOST_COUNTED, Kind, Rate, Throttle
from bootstrap.rates import throttle_of
from readiness.commands import Role
from store.engine import Store
from tests.api.door import SettableClock, bearer, dependencies, routes


@dataclass
class Seconds:
    """A clock in seconds that stands until it is moved."""

    at: float = 0.0

    def __call__(self) -> float:
        """Return the second at which the clock stands."""
        return self.at


RATES = {kind: Rate(3, 60) for kind in (Kind.READING, Kind.ACTING, Kind.ANONYMOUS)} | {Kind.FAILING: Rate(2, 60)}


@pytest.fixture
def seconds() -> Seconds:
    """The clock that the throttle reads."""
    return Seconds()


@pytest.fixture
def door(ledger: Store, issuer: EmbeddedIssuer, clock: SettableClock, seconds: Seconds) -> Iterator[TestClient]:
    """A door at which three requests of a kind are taken in a minute, and two tokens that prove nothing."""
    deps = replace(dependencies(ledger, issuer, clock), throttle=Throttle(RATES, clock=seconds))
    with TestClient(create_app(deps, routers=[routes()])) as opened:
        yield opened


def test_one_who_asks_too_much_is_told_when_to_come_again(
    door: TestClient, executive: dict[str, str], seconds: Seconds
) -> None:
    """The fourth request in a minute is a 429 that names its limit and the second from which one more is taken."""
    answers = [door.get("/v1/launches", headers=executive) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"reading";q=3;w=60'
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"reading";r=2;t=20',
        '"reading";r=1;t=40',
        '"reading";r=0;t=60',
        '"reading";r=0;t=60',
    ]
    refused = answers[3]
    assert (refused.json()["type"], refused.headers["retry-after"]) == ("/problems/too-many-requests", "20")
    seconds.at += 19.9
    assert door.get("/v1/launches", headers=executive).status_code == 429
    seconds.at += 0.2
    assert door.get("/v1/launches", headers=executive).status_code == 200


def test_kinds_and_people_are_counted_apart(
    door: TestClient, executive: dict[str, str], manager: dict[str, str]
) -> None:
    """Whoever has read too much may still act, and keeps nobody else from reading."""
    for _ in range(4):
        door.get("/v1/launches", headers=executive)
    acted = door.post("/v1/launches/atlas/regions/emea/decisions", headers=executive, json={"share": 1})
    assert (acted.status_code, acted.headers["ratelimit"]) == (409, '"acting";r=2;t=20')
    assert door.get("/v1/launches", headers=manager).status_code == 200


def test_what_is_refused_for_want_of_a_right_counts_too(door: TestClient, manager: dict[str, str]) -> None:
    """Trying doors is asking: refusals are recorded, and nobody fills the record without an end."""
    tried = [door.post("/v1/launches/atlas/regions/emea/decisions", headers=manager, json={}) for _ in range(4)]
    assert [answer.status_code for answer in tried] == [403, 403, 403, 429]


def test_guessing_tokens_is_limited_and_locks_nobody_out(door: TestClient, executive: dict[str, str]) -> None:
    """After two tokens that prove nothing an address learns no more, while whoever has a good one is let in."""
    guessed = [door.get("/v1/launches", headers={"Authorization": "Bearer guess"}) for _ in range(4)]
    assert [answer.status_code for answer in guessed] == [401, 401, 429, 429]
    assert guessed[3].json()["request_id"] == guessed[3].headers["x-request-id"]
    assert guessed[3].headers["x-content-type-options"] == "nosniff"
    assert door.get("/v1/launches", headers=executive).status_code == 200


def test_health_is_never_limited(door: TestClient) -> None:
    """A probe that is turned away would have a healthy process killed."""
    assert {door.get(path).status_code for path in ["/livez", "/readyz"] * 5} == {200}


def test_strangers_are_counted_by_their_address(door: TestClient) -> None:
    """What is asked without saying who asks is counted for the address from which it comes."""
    assert [door.get("/v1/launches").status_code for _ in range(4)] == [401, 401, 429, 429]


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200), st.integers(1, 20), st.integers(1, 60))
def test_no_stretch_of_time_holds_more_than_twice_the_rate(pauses: list[float], requests: int, span: int) -> None:
    """However requests are spread, any window lets in what was saved up and what came due, and nothing more."""
    seconds = Seconds()
    throttle = Throttle({Kind.READING: Rate(requests, span)}, clock=seconds)
    let_in = []
    for pause in pauses:
        seconds.at += pause
        allowance = throttle.admit(Kind.READING, "one")
        assert allowance is not None
        assert 0 <= allowance.left < requests
        if allowance.allowed:
            let_in.append(seconds.at)
        else:
            assert 0 < allowance.again_after <= span / requests + 1e-6
    for first in let_in:
        assert len([at for at in let_in if first <= at < first + span]) <= 2 * requests


def test_a_throng_of_addresses_does_not_fill_the_memory() -> None:
    """Whoever comes from ever new addresses is forgotten address by address."""
    throttle = Throttle({Kind.ANONYMOUS: Rate(1, 60)}, clock=Seconds())
    for number in range(MOST_COUNTED + 10):
        throttle.admit(Kind.ANONYMOUS, str(number))
    oldest, youngest = throttle.admit(Kind.ANONYMOUS, "0"), throttle.admit(Kind.ANONYMOUS, str(MOST_COUNTED))
    assert oldest is not None
    assert youngest is not None
    assert (oldest.allowed, youngest.allowed) == (True, False)


def test_the_operator_says_what_one_may_ask() -> None:
    """Each kind is set or switched off by itself; what is not named keeps its default."""
    throttle = throttle_of("reading=2/second, acting=off")
    assert throttle is not None
    reading, uploading = throttle.admit(Kind.READING, "a"), throttle.admit(Kind.UPLOADING, "a")
    assert reading is not None
    assert uploading is not None
    assert (reading.rate, uploading.rate) == (Rate(2, 1), Rate(120, 60))
    assert throttle.admit(Kind.ACTING, "a") is None
    assert throttle_of("off") is None


@pytest.mark.parametrize("said", ["writing=1/second", "reading=many", "reading", "reading=0/second"])
def test_a_limit_that_is_none_is_refused(said: str) -> None:
    """A word that names no kind, or no rate, ends the start instead of being passed over."""
    with pytest.raises(ValueError, match=r".+"):
        throttle_of(said)


def test_a_region_of_one_role_still_reads(door: TestClient, issuer: EmbeddedIssuer) -> None:
    """An answer that was let in says how many more may come, also where it is an error of the asker's own."""
    seller = bearer(issuer, "se-1", (Role.SELLER, "emea"))
    refused = door.get("/v1/launches", headers=seller)
    assert (refused.status_code, refused.headers["ratelimit"]) == (403, '"reading";r=2;t=20')
