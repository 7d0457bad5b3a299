"""Is a permit believed exactly where we signed it, whole and as a permit?"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from api.claims import TokenRefused
from api.identity import ALGORITHM as TOKEN_ALGORITHM
from api.identity import EmbeddedIssuer, RoleGrant, TokenVerifier, key_id, public_key
from api.permit_jws import PERMIT_TYPE, PermitDesk, PermitUnproven
from bootstrap.permit_keys import FixedKeys
from readiness.commands import Choice, Role
from readiness.permit import OpenCondition, Permit, PermitDecision
from tests.api.permit_house import ISSUER, new_desk, new_keys
from tests.effort import examples

NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)
DIGEST = "sha256:" + "0" * 64


SLUGS = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)


def permit(region: str = "emea", **changes: Any) -> Permit:
    """Return a permit with `changes`."""
    made = {
        "id": f"atlas-2/{region}/1",
        "product": "atlas-2",
        "product_name": "Atlas 2 „Über“",
        "region": region,
        "region_name": region.upper(),
        "run": 1,
        "from_at": NOW - timedelta(days=1),
        "decision": PermitDecision(version=17, verdict=Choice.GO, at=NOW - timedelta(days=3), digest=DIGEST),
        "policy": DIGEST,
        "tier": 1,
        "conditions": (),
        "ends_by": None,
    }
    return Permit.model_validate({**made, **changes})


DESK = new_desk()
SIGNED, _ = DESK.sign(permit(), at=NOW)


def encoded(value: object) -> str:
    """Return a part of a JWS."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def resigned(desk: PermitDesk, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a JWS that the key of `desk` has really signed, whatever it says."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    private: Any = desk.keys.signing().get_op_key("sign")
    return f"{signed}.{encoded(private.sign(signed.encode()))}"


def header_of(desk: PermitDesk, **changes: Any) -> dict[str, Any]:
    """Return the header of a permit with `changes`."""
    return {"alg": "EdDSA", "kid": key_id(desk.keys.signing()), "typ": PERMIT_TYPE, **changes}


def test_what_is_signed_is_read_again() -> None:
    """All that the permit says, with the moment of its signature and the end of its life."""
    claims = DESK.read(SIGNED)
    assert (claims.jti, claims.sub, claims.iss) == ("atlas-2/emea/1", "launch.atlas-2", ISSUER)
    assert (claims.iat, claims.exp) == (int(NOW.timestamp()), int(NOW.timestamp()) + 15 * 60)
    assert (claims.product_name, claims.decision.version, claims.decision.digest) == ("Atlas 2 „Über“", 17, DIGEST)
    assert claims.key.run == 1


def test_a_permit_expires_before_it_would_be_suspended_by_itself() -> None:
    """Nobody reads offline that a product may be sold after the moment at which that ends."""
    ends_by = NOW + timedelta(minutes=4, microseconds=500)
    owed = (OpenCondition(id="c-1", due_at=NOW - timedelta(days=7), missed=True),)
    _, claims = DESK.sign(permit(ends_by=ends_by, conditions=owed), at=NOW)
    assert claims.exp == int(ends_by.timestamp())
    assert claims.conditions[0].missed


@settings(max_examples=examples(400), deadline=None)
@given(place=st.integers(0, len(SIGNED) - 1), bit=st.integers(0, 6))
def test_a_permit_with_any_bit_flipped_is_refused(place: int, bit: int) -> None:
    """Also where lenient readers of base64 would read the same octets."""
    changed = SIGNED[:place] + chr(ord(SIGNED[place]) ^ (1 << bit)) + SIGNED[place + 1 :]
    with pytest.raises(PermitUnproven):
        DESK.read(changed)


@settings(max_examples=examples(100), deadline=None)
@given(text=st.one_of(st.text(max_size=300), st.from_regex(r"[\w-]{1,99}\.[\w-]{1,99}\.[\w-]{86}", fullmatch=True)))
def test_whatever_else_is_shown_is_refused_with_a_sentence(text: str) -> None:
    """Nothing that is pasted breaks the reader."""
    with pytest.raises(PermitUnproven) as refused:
        DESK.read(text)
    assert str(refused.value).endswith(".")


@settings(max_examples=examples(50), deadline=None)
@given(
    first=st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True), other=st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
)
def test_a_permit_of_one_region_never_passes_for_another(first: str, other: str) -> None:
    """It says its own region, and no part of one permit fits another."""
    mine, _ = DESK.sign(permit(first), at=NOW)
    theirs, _ = DESK.sign(permit(other), at=NOW)
    assert DESK.read(mine).region == first
    if first != other:
        (head, _, tail), (_, body, _) = mine.split("."), theirs.split(".")
        with pytest.raises(PermitUnproven):
            DESK.read(f"{head}.{body}.{tail}")


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "Ed25519"},
        {"alg": None},
        {"typ": "at+jwt"},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "another"},
        {"kid": None},
        {"crit": ["exp"]},
        {"b64": False},
        {"jwk": {}},
    ],
    ids=str,
)
def test_a_header_of_another_kind_is_refused(changes: dict[str, Any]) -> None:
    """Our own key under it does not help: a permit is one thing only."""
    claims = DESK.read(SIGNED).model_dump(mode="json")
    assert DESK.read(resigned(DESK, header_of(DESK), claims)).region == "emea"
    with pytest.raises(PermitUnproven):
        DESK.read(resigned(DESK, header_of(DESK, **changes), claims))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "urn:another"},
        {"jti": "atlas-2/apac/1"},
        {"jti": None},
        {"exp": None},
        {"exp": 1},
        {"exp": 1e99},
        {"iat": "now"},
        {"iat": -1},
        {"run": "1"},
        {"product": "../etc"},
        {"region": None},
        {"decision": {}},
    ],
    ids=str,
)
def test_claims_that_are_none_of_a_permit_are_refused(changes: dict[str, Any]) -> None:
    """Whatever was signed by mistake, or by an older version, says nothing."""
    claims = {**DESK.read(SIGNED).model_dump(mode="json"), **changes}
    with pytest.raises(PermitUnproven):
        DESK.read(resigned(DESK, header_of(DESK), claims))


def test_a_permit_from_the_future_is_refused() -> None:
    """A minute is a clock that runs ahead; more is not ours."""
    claims = DESK.read(SIGNED)
    claims.require_issued_by(NOW - timedelta(seconds=60))
    with pytest.raises(PermitUnproven, match="future"):
        claims.require_issued_by(NOW - timedelta(seconds=62))


def test_a_key_that_is_not_published_any_more_is_not_believed() -> None:
    """A permit that another key signed, and one by the same key once it is withdrawn."""
    kept = new_keys()
    with_old = PermitDesk(new_keys(kept.published()[0]), issuer=ISSUER)
    text, _ = PermitDesk(kept, issuer=ISSUER).sign(permit(), at=NOW)
    assert with_old.read(text).region == "emea"
    with pytest.raises(PermitUnproven, match="not published"):
        new_desk().read(text)


def test_what_is_published_says_nothing_secret() -> None:
    """Two keys, each with its thumbprint, and neither with its private half."""
    document = PermitDesk(new_keys(OKPKey.generate_key("Ed25519")), issuer=ISSUER).jwks()
    assert len(document["keys"]) == 2
    for key in document["keys"]:
        assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
        assert key["kid"] == key_id(OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key["x"]}))


async def test_a_permit_is_no_token_even_under_one_key() -> None:
    """Somebody gives both the same key: the type alone keeps a permit from opening the door."""
    key = DESK.keys.signing()
    verifier = TokenVerifier([public_key(key)], clock=lambda: NOW, issuer=ISSUER, audience="learn-then-launch")
    claims = {
        **DESK.read(SIGNED).model_dump(mode="json"),
        "sub": "ex-1",
        "aud": "learn-then-launch",
        "jti": "t-1",
        "grants": [{"role": "admin", "regions": "*"}],
    }
    for algorithm in ("EdDSA", TOKEN_ALGORITHM):
        with pytest.raises(TokenRefused):
            await verifier.verify(resigned(DESK, header_of(DESK, alg=algorithm), claims))
    with pytest.raises(TokenRefused):
        await verifier.verify(SIGNED)


def test_a_token_is_no_permit_even_under_one_key() -> None:
    """And the other way round: a token proves who somebody is, and no launch."""
    key = DESK.keys.signing()
    issuer = EmbeddedIssuer(key, clock=lambda: NOW, issuer=ISSUER)
    with pytest.raises(PermitUnproven):
        DESK.read(issuer.mint("ex-1", [RoleGrant(role=Role.EXECUTIVE, region="*")]))


def test_a_shared_secret_made_of_the_public_key_signs_nothing() -> None:
    """The oldest trick: HS256 with what everybody can read."""
    public = DESK.jwks()["keys"][0]
    secret = OctKey.import_key(public["x"] * 2)
    claims = DESK.read(SIGNED).model_dump(mode="json")
    forged = jwt.encode({"alg": "HS256", "kid": public["kid"], "typ": PERMIT_TYPE}, claims, secret)
    with pytest.raises(PermitUnproven):
        DESK.read(forged)


@pytest.mark.parametrize("document", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "OKP"}]}', "[]"])
def test_keys_of_the_environment_that_cannot_sign_are_refused_at_the_start(document: str) -> None:
    """With a sentence that repeats nothing of them."""
    with pytest.raises(Exception, match="LTL_PERMIT_KEYS") as refused:
        FixedKeys(document)
    assert type(refused.value).__name__ == "KeyFileUnusable"
