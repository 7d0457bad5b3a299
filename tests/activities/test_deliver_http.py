"""Does a webhook get what it can verify, and nothing that leads back into our own network?"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook, WebhookVerificationError

from activities.deliver_http import WebhookSender, signed
from activities.deliver_targets import TargetRefused, Targets
from readiness.delivering import Fate, Tried
from readiness.telling import cloud_event
from store.webhooks import new_secret
from tests.deliver_certificates import proving
from tests.deliver_receiver import Receiver, Resolver, receiving

PUBLIC = "93.184.215.14"
BODY = cloud_event(
    "atlas-2/emea/1/17",
    "launch.region.held",
    source="https://launch.example",
    subject="atlas-2/emea",
    at=datetime(2027, 1, 1, tzinfo=UTC),
    about={"product": "atlas-2", "region": "emea", "run": 1, "version": 17, "cause": "person"},
)
LOCAL = WebhookSender(Targets(allow_private=True))


async def sent(receiver: Receiver, *secrets: str, sender: WebhookSender = LOCAL) -> Tried:
    """Send the event to the receiver."""
    now = datetime.now(UTC)
    return await sender.send(receiver.url, BODY, id_="atlas-2/emea/1/17", secrets=secrets or (new_secret(),), now=now)


async def test_a_receiver_verifies_what_it_gets_with_either_of_two_secrets() -> None:
    """The library of Standard Webhooks accepts each signature, and refuses another secret and another body."""
    old, new = new_secret(), new_secret()
    with receiving() as receiver:
        tried = await sent(receiver, new, old)
    assert (tried.fate, tried.status) == (Fate.ACCEPTED, 204)
    (got,) = receiver.received
    for secret in (old, new):
        assert Webhook(secret).verify(got.body, got.headers)["type"] == "launch.region.held"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(got.body.replace(b"emea", b"apac"), got.headers)


async def test_a_receiver_reads_a_cloud_event() -> None:
    """The library of CloudEvents parses the body in structured mode, with every attribute."""
    with receiving() as receiver:
        await sent(receiver)
    (got,) = receiver.received
    message = HTTPMessage(got.headers, got.body)
    event = from_structured(message, JSONFormat(), CloudEvent)
    assert (event.get_id(), event.get_type()) == ("atlas-2/emea/1/17", "launch.region.held")
    assert (event.get_subject(), event.get_source()) == ("atlas-2/emea", "https://launch.example")
    assert event.get_time() == datetime(2027, 1, 1, tzinfo=UTC)
    said = event.get_data()
    assert isinstance(said, dict)
    assert said["cause"] == "person"


async def test_every_try_sends_the_same_id_and_the_same_bytes() -> None:
    """A receiver knows a double by its id, although each try is signed at its own time."""
    with receiving(500, 200) as receiver:
        secret = new_secret()
        assert (await sent(receiver, secret)).fate is Fate.FAILED
        assert (await sent(receiver, secret)).fate is Fate.ACCEPTED
    first, second = receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


@pytest.mark.parametrize(
    ("status", "fate"),
    [(200, Fate.ACCEPTED), (299, Fate.ACCEPTED), (410, Fate.GONE), (404, Fate.FAILED), (500, Fate.FAILED)],
)
async def test_a_status_says_what_becomes_of_it(status: int, fate: Fate) -> None:
    """2xx took it, 410 wants nothing more, everything else did not take it."""
    with receiving(status) as receiver:
        tried = await sent(receiver)
    assert (tried.fate, tried.status) == (fate, status)


async def test_no_redirect_is_followed() -> None:
    """Where a receiver points is not where an admin said."""
    with receiving() as elsewhere, receiving((302, {"Location": elsewhere.url})) as receiver:
        tried = await sent(receiver)
    assert (tried.fate, elsewhere.received) == (Fate.FAILED, [])
    assert "redirect" in tried.detail


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_may_ask_for_a_pause(status: int) -> None:
    """Retry-After is read in seconds and as a date, and nonsense in it is no pause."""
    until = datetime.now(UTC) + timedelta(hours=1)
    said = ("3600", format_datetime(until, usegmt=True), "soon")
    with receiving(*((status, {"Retry-After": each}) for each in said)) as receiver:
        asked = [(await sent(receiver)).retry_after for _ in said]
    assert asked[0] == timedelta(hours=1)
    assert asked[1] is not None
    assert timedelta(minutes=58) < asked[1] <= timedelta(hours=1)
    assert asked[2] is None


async def test_nobody_listening_is_a_failed_try_and_no_error() -> None:
    """What is out there never breaks what is in here."""
    with receiving() as receiver:
        pass
    tried = await sent(receiver)
    assert (tried.fate, tried.detail) == (Fate.FAILED, "No connection was made.")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2852039166/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://0.0.0.0/",
    ],
)
async def test_no_spelling_of_a_private_address_is_let_through(url: str) -> None:
    """It is the address that is checked, as the resolver answers it, and not how it was written."""
    with pytest.raises(TargetRefused, match=r"private network|not a URL"):
        await Targets().target(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/",
        "ftp://receiver.example/",
        "https://user:secret@receiver.example/",
        "https://receiver.example/#part",
        "https:///nowhere",
        "file:///etc/passwd",
        "https://receiver.example/" + "x" * 2_000,
        "https://receiver.example/\r\nHost: elsewhere",
        "not a url",
        "",
    ],
)
async def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    """Only https, only a host, and nothing that could be taken for something else."""
    with pytest.raises(TargetRefused):
        await Targets(resolver=Resolver([PUBLIC])).target(url)


@pytest.mark.parametrize("url", ["https://" + "a" * 70 + ".example/", "https://.example/", "https://a..b/"])
async def test_a_name_that_cannot_be_one_is_a_failed_try(url: str) -> None:
    """Whatever a resolver makes of it, it never breaks what is in here."""
    with pytest.raises((OSError, TargetRefused)):
        await Targets().target(url)
    sender = WebhookSender(Targets())
    tried = await sender.send(url, BODY, id_="1", secrets=(new_secret(),), now=datetime.now(UTC))
    assert tried.fate in {Fate.FAILED, Fate.REFUSED}


async def test_one_private_address_among_public_ones_refuses_all() -> None:
    """Which of them a connection would take is not left to chance."""
    with pytest.raises(TargetRefused):
        await Targets(resolver=Resolver([PUBLIC, "127.0.0.1"])).target("https://receiver.example/")


async def test_a_name_that_turns_private_between_two_answers_is_never_connected_to() -> None:
    """DNS rebinding: public as it was subscribed, loopback as it is sent; the receiver there hears nothing."""
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    targets = Targets(resolver=resolver)
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        url = f"https://rebinding.example:{port}"
        assert (await targets.target(url)).addresses == (PUBLIC,)
        now = datetime.now(UTC)
        tried = await WebhookSender(targets).send(url, BODY, id_="1", secrets=(new_secret(),), now=now)
    assert (tried.fate, receiver.received) == (Fate.REFUSED, [])
    # Each connection asks once, and goes to what that answer was.
    assert resolver.asked == 2


async def test_a_connection_goes_to_the_address_that_was_checked_under_the_name_that_was_given() -> None:
    """The Host header names the receiver, although nobody but our resolver knows that name."""
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        url = f"http://receiver.example:{port}/hook"
        sender = WebhookSender(Targets(allow_private=True, resolver=Resolver(["127.0.0.1"])))
        tried = await sender.send(url, BODY, id_="1", secrets=(new_secret(),), now=datetime.now(UTC))
    assert tried.fate is Fate.ACCEPTED
    assert receiver.received[0].headers["host"] == f"receiver.example:{port}"


async def test_a_certificate_must_prove_the_name_and_not_the_address(tmp_path: Path) -> None:
    """The connection goes to a bare address, yet a server that cannot prove the receiver's name gets nothing."""
    serving, trusting = proving("receiver.example", tmp_path)
    with receiving(tls=serving) as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        targets = Targets(allow_private=True, resolver=Resolver(["127.0.0.1"]))
        sender = WebhookSender(targets, tls=trusting)
        fates = [
            (await sender.send(url, BODY, id_="1", secrets=(new_secret(),), now=datetime.now(UTC)))
            for url in (f"https://receiver.example:{port}/", f"https://other.example:{port}/")
        ]
    assert [each.fate for each in fates] == [Fate.ACCEPTED, Fate.FAILED]
    assert fates[1].detail == "Its certificate does not prove its name."
    assert len(receiver.received) == 1


async def test_an_answer_that_never_ends_is_broken_off() -> None:
    """A receiver that drips holds a place for no longer than one that says nothing."""
    sender = WebhookSender(Targets(allow_private=True), patience=timedelta(milliseconds=500))
    with receiving(200, drips=True) as receiver:
        began = datetime.now(UTC)
        tried = await sent(receiver, sender=sender)
    assert (tried.fate, tried.detail) == (Fate.FAILED, "It did not answer in time.")
    assert datetime.now(UTC) - began < timedelta(seconds=10)


def test_one_signature_stands_for_each_secret() -> None:
    """Two secrets are two signatures, one space between them."""
    headers = signed("1", BODY, (new_secret(), new_secret()), datetime.now(UTC))
    assert [each[:3] for each in headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]
