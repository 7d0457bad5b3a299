"""Do `jose` and the OpenFeature client of Node take our permits and flags as they are?"""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import OKPKey

from api.identity import EmbeddedIssuer, RoleGrant
from api.permit_jws import PermitDesk
from readiness.commands import Role
from store.engine import open_store
from tests.api.door import SettableClock, new_issuer
from tests.api.permit_house import ISSUER, launched, new_desk, new_keys, permit_app, served
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import Clock, Desk

PERMIT = "/v1/launches/atlas-2/regions/emea/permit"
PATIENCE = 60


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a store of this test's own."""
    clock = Clock()
    store = open_store(store_url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


@pytest.fixture
def permits() -> PermitDesk:
    """Who signs permits."""
    return new_desk()


@pytest.fixture
def issuer() -> EmbeddedIssuer:
    """Who mints tokens."""
    return new_issuer(SettableClock())


@pytest.fixture
def token(issuer: EmbeddedIssuer) -> str:
    """The token of a shop of EMEA."""
    return issuer.mint("shop", [RoleGrant(role=Role.SERVICE, region="emea")])


@pytest.fixture
def address(desk: Desk, issuer: EmbeddedIssuer, permits: PermitDesk) -> Iterator[str]:
    """Where the API is."""
    with served(permit_app(desk, issuer, SettableClock(), permits)) as where:
        yield where


def verified(node_directory: Path, address: str, *texts: str, at: datetime) -> list[Any]:
    """Return what `jose` makes of permits at a moment."""
    done = subprocess.run(
        ("node", "permit_jose.mjs", f"{address}/.well-known/jwks.json", ISSUER, *texts),
        cwd=node_directory,
        env={**os.environ, "AT": at.isoformat()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    told: list[Any] = json.loads(done.stdout)
    return told


def test_jose_verifies_what_we_sign_and_nothing_else(
    desk: Desk, address: str, token: str, permits: PermitDesk, node_directory: Path
) -> None:
    """By the published keys alone: whole, in time, of our issuer and with our key."""
    launched(desk)
    answer = requests.get(
        f"{address}{PERMIT}",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/jwt"},
        timeout=PATIENCE,
    )
    text = answer.text
    with desk.store.reading() as tx:
        from store.permits import permit_in

        found = permit_in(tx, "atlas-2", "emea", at=LAUNCH_AT)
    assert found is not None
    stranger, _ = PermitDesk(new_keys(OKPKey.generate_key("Ed25519")), issuer=ISSUER).sign(
        found.found,  # type: ignore[arg-type]  # It stands, so it is a permit.
        at=LAUNCH_AT,
    )
    head, body, tail = text.split(".")
    changed = f"{head}.{body[:-2]}{'A' if body[-2] != 'A' else 'B'}{body[-1]}.{tail}"
    told = verified(node_directory, address, text, changed, stranger, at=LAUNCH_AT + timedelta(minutes=14))
    assert [each["verified"] for each in told] == [True, False, False]
    assert told[0]["claims"] == permits.read(text).model_dump(mode="json")
    assert told[0]["header"]["typ"] == "permit+jwt"
    assert told[1]["code"] == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"
    assert told[2]["code"] == "ERR_JWKS_NO_MATCHING_KEY"
    (late,) = verified(node_directory, address, text, at=LAUNCH_AT + timedelta(minutes=15))
    assert (late["verified"], late["code"]) == (False, "ERR_JWT_EXPIRED")
    (early,) = verified(node_directory, address, text, at=LAUNCH_AT - timedelta(minutes=1))
    assert early["verified"] is False


def test_the_openfeature_client_of_node_is_told_true_and_false(
    desk: Desk, address: str, token: str, node_directory: Path
) -> None:
    """One client, asked again after each event: false, true, false again, and its default wherever nobody knows."""
    client = subprocess.Popen(
        ("node", "ofrep.mjs", address),
        cwd=node_directory,
        env={**os.environ, "TOKEN": token},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    assert client.stdout is not None

    def asked(**question: str) -> Any:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(json.dumps({"flag": "launch.atlas-2", "targetingKey": "shop-17", **question}) + "\n")
        client.stdin.flush()
        return json.loads(client.stdout.readline())

    try:
        key = desk.with_go()
        assert asked(region="emea")["value"] is False
        desk.clock.now = LAUNCH_AT
        desk.launch(key)
        told = asked(region="emea")
        assert (told["value"], told["variant"], told["reason"]) == (True, "permitted", "TARGETING_MATCH")
        assert told["flagMetadata"]["permit"] == "atlas-2/emea/1"
        assert asked(region="apac")["errorCode"] == "FLAG_NOT_FOUND"
        assert asked(region="emea", flag="launch.nothing")["errorCode"] == "FLAG_NOT_FOUND"
        assert asked()["errorCode"] == "INVALID_CONTEXT"
        assert asked(region="emea", targetingKey="")["errorCode"] == "TARGETING_KEY_MISSING"
        desk.accepted(key, desk.ask(key, "revoke_permit", "ex-1", Role.EXECUTIVE))
        told = asked(region="emea")
        assert (told["value"], told["flagMetadata"]["standing"]) == (False, "revoked")
    finally:
        client.stdin.close()
        client.wait(PATIENCE)
        client.stdout.close()
    assert client.returncode == 0


def test_without_a_token_the_openfeature_client_of_node_answers_its_default(
    desk: Desk, address: str, node_directory: Path
) -> None:
    """Nobody is let in, so nothing may be sold."""
    launched(desk)
    done = subprocess.run(
        ("node", "ofrep.mjs", address),
        cwd=node_directory,
        env={**os.environ, "TOKEN": "nothing"},
        input=json.dumps({"flag": "launch.atlas-2", "targetingKey": "shop-17", "region": "emea"}) + "\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    told = json.loads(done.stdout)
    assert (told["value"], told["errorCode"]) == (False, "GENERAL")
