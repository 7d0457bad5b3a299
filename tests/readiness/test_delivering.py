"""Is everything tried long enough, given up in the end, and never tried twice where that would double it?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.addresses import is_public
from readiness.delivering import (
    GIVEN_UP_AFTER,
    LONGEST_ASKED,
    WAITS,
    Channel,
    DeliveryState,
    Fate,
    Tried,
    after_try,
    fate_of_status,
    is_news,
)

FIRST = datetime(2027, 1, 1, tzinfo=UTC)
fates = st.sampled_from([Fate.FAILED, Fate.REFUSED, Fate.UNCERTAIN])


@given(
    tries=st.lists(
        st.builds(
            Tried,
            fate=fates,
            status=st.sampled_from([None, 400, 429, 500, 503]),
            retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
        ),
        min_size=len(WAITS) + 1,
        max_size=len(WAITS) + 1,
    ),
    channel=st.sampled_from(Channel),
)
def test_every_delivery_ends_within_its_days_whatever_is_answered(tries: list[Tried], channel: Channel) -> None:
    """No answer keeps it going for ever, none brings the next try forward, and no pause is longer than a day."""
    now = FIRST
    for number, tried in enumerate(tries, start=1):
        follows = after_try(tried, channel=channel, number=number, first_at=FIRST, now=now)
        if follows.at is None:
            break
        assert follows.state is DeliveryState.PENDING
        assert WAITS[number - 1] <= follows.at - now <= max(WAITS[number - 1], LONGEST_ASKED)
        now = follows.at
    assert follows.at is None
    assert follows.state in {DeliveryState.GIVEN_UP, DeliveryState.UNKNOWN}
    assert now - FIRST <= GIVEN_UP_AFTER


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.CHAT])
def test_what_people_might_get_twice_is_not_sent_again_by_itself(channel: Channel) -> None:
    """A mail whose fate is not known waits for a person to say so."""
    tried = Tried(fate=Fate.UNCERTAIN)
    assert after_try(tried, channel=channel, number=1, first_at=FIRST, now=FIRST).state is DeliveryState.UNKNOWN
    again = after_try(tried, channel=Channel.WEBHOOK, number=1, first_at=FIRST, now=FIRST)
    assert again.state is DeliveryState.PENDING


def test_only_what_asks_for_a_pause_gets_one() -> None:
    """Retry-After counts with 429 and 503 alone."""
    for status, wait in ((429, timedelta(hours=1)), (503, timedelta(hours=1)), (500, WAITS[0])):
        tried = Tried(fate=Fate.FAILED, status=status, retry_after=timedelta(hours=1))
        follows = after_try(tried, channel=Channel.WEBHOOK, number=1, first_at=FIRST, now=FIRST)
        assert follows.at == FIRST + wait


@given(st.integers(100, 599))
def test_a_status_is_taken_gone_or_failed(status: int) -> None:
    """Nothing but 2xx counts as taken, and nothing but 410 as gone."""
    fate = fate_of_status(status)
    assert (fate is Fate.ACCEPTED) is (200 <= status <= 299)
    assert (fate is Fate.GONE) is (status == 410)


def test_news_is_news_for_three_days() -> None:
    """Up to then and not after."""
    assert is_news(FIRST, now=FIRST + timedelta(days=3))
    assert not is_news(FIRST, now=FIRST + timedelta(days=3, seconds=1))


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_what_it_wraps(address: object) -> None:
    """Written as an IPv6 address or behind a translator it is the same address."""
    public = is_public(str(address))
    assert is_public(f"::ffff:{address}") is public
    assert is_public(f"64:ff9b::{address}") is public


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("0.0.0.0",),  # noqa: S104 - nobody listens there.
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "2001::1"),
        *("", "localhost", "127.1", "2852039166", "1.2.3.4.5"),
    ],
)
def test_what_leads_back_into_a_network_is_not_public(address: str) -> None:
    """Private, loopback, link-local, shared, multicast, reserved, unspecified, and each of them in disguise."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_what_the_world_has_is_public(address: str) -> None:
    """Refusing everything would be no guard."""
    assert is_public(address)
