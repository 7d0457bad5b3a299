"""Is a hold told to a webhook and mailed to people by the whole product, once, and through a killed worker?"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from readiness.commands import Role
from tests.deliver_mailbox import Mailbox, mailbox
from tests.deliver_receiver import Receiver, receiving
from tests.stories.house import House, eventually
from tests.stories.scene import OWNER, Scene, new_key, sellers, settle_in

pytestmark = [pytest.mark.story, pytest.mark.temporal]

PRODUCT = "told"


@pytest.fixture
def mailed() -> Iterator[Mailbox]:
    """The mail server that the house sends through."""
    with mailbox() as box:
        yield box


@pytest.fixture
def telling(tmp_path: Path, mailed: Mailbox) -> Iterator[House]:
    """A house that may send to this machine, mails at any hour, and reminds from midnight on."""
    settings = {
        "LTL_WEBHOOKS_PRIVATE": "true",
        "LTL_SMTP_HOST": mailed.host,
        "LTL_SMTP_PORT": str(mailed.port),
        "LTL_SMTP_START_TLS": "false",
        "LTL_QUIET_BEGINS": "00:00",
        "LTL_QUIET_ENDS": "00:00",
        "LTL_DIGEST_AT": "00:00",
    }
    with House(tmp_path / "ltl", settings) as up:
        settle_in(up)
        yield up


def test_what_happens_is_told_once_to_each(telling: House, mailed: Mailbox) -> None:
    """A signed event to a webhook, a mail to the owner, one digest to each reminded; a killed worker doubles nothing
    that it had written down, and what it was cut off in comes again under the same id, byte for byte."""
    with receiving() as receiver:
        admin = telling.speak("admin-1", Role.ADMIN)
        hook = admin.ask("/v1/webhooks", {"url": receiver.url})
        scene = Scene(telling, PRODUCT, "north")
        scene.owner.ask("/v1/launches", scene.plan(), key=new_key())
        eventually(lambda: scene.readiness("north")["verdict"], lambda seen: seen == "not_ready")
        scene.executive.ask(scene.path("north", "hold"), {"reason": "The price list is wrong."})
        scene.enabler.ask(scene.path("north", "nudges"), {"people": sellers("north")[:2]})
        of_type = _by_type(receiver)
        eventually(lambda: sorted(of_type()), lambda seen: "launch.region.held" in seen and "launch.started" in seen)
        for got in receiver.received:
            Webhook(hook["secret"]).verify(got.body, got.headers)
            assert b"price list" not in got.body
        eventually(lambda: len(mailed.taken), lambda seen: seen >= 1)
        delivered = admin.read_all("/v1/deliveries", state="delivered")
        told_already = {each["event_id"] for each in delivered if each["channel"] == "webhook"}
        telling.kill_part("worker")
        eventually(
            lambda: admin.read_all("/v1/deliveries", state="pending"), lambda seen: seen == [], within=2 * _MINUTE
        )
        eventually(lambda: len(mailed.taken), lambda seen: seen >= 3, within=2 * _MINUTE)
        ids = Counter(got.headers["webhook-id"] for got in receiver.received)
        assert {each for each, times in ids.items() if times > 1} <= ids.keys() - told_already
        assert len({(got.headers["webhook-id"], got.body) for got in receiver.received}) == len(ids)
        told = sorted((mail["To"], mail["Subject"]) for mail in mailed.taken)
        held, *digests = [each for each in told if "Held" in each[1]] + [each for each in told if "ready" in each[1]]
        assert OWNER in held[0]
        assert len(digests) == 2
        assert len(told) == 3, told


_MINUTE = timedelta(minutes=1)


def _by_type(receiver: Receiver) -> Any:
    def types() -> dict[str, int]:
        import json

        counted: dict[str, int] = {}
        for got in receiver.received:
            name = json.loads(got.body)["type"]
            counted[name] = counted.get(name, 0) + 1
        return counted

    return types
