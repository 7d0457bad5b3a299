"""Do the libraries of Standard Webhooks and CloudEvents for Node take what we send?"""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from activities.deliver_http import WebhookSender
from activities.deliver_targets import Targets
from readiness.delivering import Fate
from readiness.events import HoldCause, RegionHeld
from readiness.keys import RegionKey
from readiness.telling import public_event
from store.webhooks import new_secret
from tests.deliver_receiver import Received, receiving

AT = datetime(2027, 1, 4, 9, tzinfo=UTC)
KEY = RegionKey(product="atlas-2", region="emea", run=1)


async def delivered(*secrets: str) -> Received:
    """Return a hold as a receiver gets it."""
    public = public_event(KEY, 17, RegionHeld(at=AT, cause=HoldCause.PERSON), source="https://launch.example")
    assert public is not None
    with receiving() as receiver:
        sender = WebhookSender(Targets(allow_private=True))
        now = datetime.now(UTC)
        tried = await sender.send(receiver.url, public.body, id_=public.id, secrets=secrets, now=now)
    assert tried.fate is Fate.ACCEPTED
    (got,) = receiver.received
    return got


def read_by_node(folder: Path, got: Received, secrets: tuple[str, ...], body: str | None = None) -> Any:
    """Return what the libraries made of it."""
    asked = {"secrets": secrets, "headers": got.headers, "body": body or got.body.decode()}
    done = subprocess.run(
        ("node", "deliver.mjs"),
        cwd=folder,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_node_verifies_with_either_secret_and_refuses_another(node_directory: Path) -> None:
    """Both active secrets verify, a third does not."""
    old, new = new_secret(), new_secret()
    got = await delivered(new, old)
    assert read_by_node(node_directory, got, (new, old, new_secret()))["verified"] == [
        "atlas-2/emea/1/17",
        "atlas-2/emea/1/17",
        "WebhookVerificationError",
    ]


async def test_node_refuses_a_body_that_was_changed(node_directory: Path) -> None:
    """One changed word is enough."""
    secret = new_secret()
    got = await delivered(secret)
    changed = got.body.decode().replace("person", "clock")
    assert read_by_node(node_directory, got, (secret,), changed)["verified"] == ["WebhookVerificationError"]


async def test_node_parses_a_valid_cloud_event(node_directory: Path) -> None:
    """Every attribute arrives, and the library finds the event valid."""
    secret = new_secret()
    seen = read_by_node(node_directory, await delivered(secret), (secret,))
    assert (seen["id"], seen["type"]) == ("atlas-2/emea/1/17", "launch.region.held")
    assert (seen["source"], seen["subject"]) == ("https://launch.example", "atlas-2/emea")
    assert seen["time"].startswith("2027-01-04T09:00:00")
    assert seen["dataschema"] == "urn:learn-then-launch:schema:launch.region.held:1"
    named = {"product": "atlas-2", "region": "emea", "run": 1, "version": 17}
    assert seen["data"] == {**named, "cause": "person", "criteria": [], "review_at": None}
