"""Does a token prove who is asking, and nothing else pass for one?"""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from starlette.testclient import TestClient

from api.claims import TokenRefused
from api.identity import (
    ALGORITHM,
    AUDIENCE,
    ISSUER,
    TOKEN_TYPE,
    Actor,
    EmbeddedIssuer,
    RoleGrant,
    key_id,
)
from readiness.commands import Role
from tests.api.door import NOON, SettableClock

KEY = OKPKey.generate_key("Ed25519")
OTHER = OKPKey.generate_key("Ed25519")
NOW = int(NOON.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "pm-7",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "t-1",
    "grants": [{"role": "product_manager", "regions": ["emea"]}],
}
HEADER = {"alg": ALGORITHM, "kid": key_id(KEY), "typ": TOKEN_TYPE}
ABSENT = object()


def segment(value: object) -> str:
    """Return a segment of a JWT holding `value`: bytes as they are, anything else as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(payload: object, header: dict[str, Any] | None = None, key: OKPKey = KEY) -> str:
    """Return a token over `payload` that is signed well, whatever its header says."""
    head = segment(HEADER if header is None else header)
    body = segment(payload)
    private = key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    signature = private.sign(f"{head}.{body}".encode())
    return f"{head}.{body}.{segment(signature)}"


def claims(**changes: object) -> str:
    """Return a token that is right but for `changes`; ABSENT leaves a claim out."""
    return signed({name: value for name, value in {**CLAIMS, **changes}.items() if value is not ABSENT})


def header(**changes: object) -> str:
    """Return a token whose header is right but for `changes`; ABSENT leaves a parameter out."""
    return signed(CLAIMS, {name: value for name, value in {**HEADER, **changes}.items() if value is not ABSENT})


def by_another_algorithm(key: Any, algorithm: str) -> str:
    """Return a token with our key's id, signed with `key` by `algorithm`."""
    return jwt.encode({**HEADER, "alg": algorithm}, dict(CLAIMS), key, algorithms=[algorithm], default_type=None)


def unsigned(algorithm: str) -> str:
    """Return a token without a signature that admits to it."""
    return f"{segment({**HEADER, 'alg': algorithm})}.{segment(CLAIMS)}."


GOOD = signed(CLAIMS)
HEAD, BODY, SIGNATURE = GOOD.split(".")
PUBLIC = KEY.as_dict(private=False)

HOSTILE = {
    "nothing": "",
    "a word": "hunter2",
    "two segments": f"{HEAD}.{BODY}",
    "four segments": f"{GOOD}.{SIGNATURE}",
    "five segments, as if encrypted": ".".join([segment({"alg": "dir", "enc": "A256GCM"}), "a", "b", "c", "d"]),
    "a megabyte": f"{HEAD}.{'A' * 1_000_000}.{SIGNATURE}",
    "not ASCII": f"{HEAD}.{BODY}é.{SIGNATURE}",
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg nOnE with a signature": f"{segment({**HEADER, 'alg': 'nOnE'})}.{BODY}.{SIGNATURE}",
    "alg missing": header(alg=ABSENT),
    "alg a list": header(alg=[ALGORITHM]),
    "HS256 with the public key as secret": by_another_algorithm(OctKey.import_key(str(PUBLIC["x"])), "HS256"),
    "HS256 with the public PEM as secret": by_another_algorithm(
        OctKey.import_key(base64.urlsafe_b64encode(KEY.as_pem(private=False)).decode()), "HS256"
    ),
    "RS256 by somebody": by_another_algorithm(RSAKey.generate_key(2048), "RS256"),
    "ES256 by somebody": by_another_algorithm(ECKey.generate_key("P-256"), "ES256"),
    "another key under our id": signed(CLAIMS, HEADER, OTHER),
    "another key under its own id": signed(CLAIMS, {**HEADER, "kid": key_id(OTHER)}, OTHER),
    "another key that brings itself along": signed(CLAIMS, {**HEADER, "jwk": OTHER.as_dict(private=False)}, OTHER),
    "another key to be fetched": signed(CLAIMS, {**HEADER, "jku": "https://example.com/jwks"}, OTHER),
    "no kid": header(kid=ABSENT),
    "kid a path": header(kid="../../dev/null"),
    "kid a list": header(kid=[key_id(KEY)]),
    "a critical extension that nobody knows": header(crit=["b64", "magic"], magic=True),
    "an unencoded payload": header(crit=["b64"], b64=False),
    "an identity token": header(typ="JWT"),
    "no type": header(typ=ABSENT),
    "header not an object": f"{segment([])}.{BODY}.{SIGNATURE}",
    "header nested too deep": f"{segment(b'[' * 500)}.{BODY}.{SIGNATURE}",
    "signature missing": f"{HEAD}.{BODY}.",
    "signature cut": f"{HEAD}.{BODY}.{SIGNATURE[:-4]}",
    "signature turned over": f"{HEAD}.{BODY}.{SIGNATURE[::-1]}",
    "payload swapped": f"{HEAD}.{segment({**CLAIMS, 'sub': 'exec-1'})}.{SIGNATURE}",
    "payload a list": signed([CLAIMS]),
    "payload not JSON": signed(b"sub=pm-7"),
    "payload not UTF-8": signed(b"\xff\xfe"),
    "payload nested too deep": signed(b"[" * 8_000),
    "exp missing": claims(exp=ABSENT),
    "exp null": claims(exp=None),
    "exp a text": claims(exp=str(NOW + 600)),
    "exp NaN": claims(exp=float("nan")),
    "exp infinite": claims(exp=float("inf")),
    "exp true": claims(exp=True),
    "exp of 400 digits": claims(exp=10**400),
    "iat missing": claims(iat=ABSENT),
    "iat an hour ahead": claims(iat=NOW + 3_600),
    "nbf an hour ahead": claims(nbf=NOW + 3_600),
    "iss missing": claims(iss=ABSENT),
    "iss another": claims(iss="https://evil.example"),
    "iss a list": claims(iss=[ISSUER]),
    "aud missing": claims(aud=ABSENT),
    "in the name of another": claims(act={"sub": "pm-8"}),
    "aud another": claims(aud="payroll"),
    "aud a beginning of ours": claims(aud=AUDIENCE[:-1]),
    "sub missing": claims(sub=ABSENT),
    "sub empty": claims(sub=""),
    "sub a number": claims(sub=7),
    "sub with a line break": claims(sub="pm-7\n"),
    "sub a path": claims(sub="../pm-7"),
    "sub reversed by a mark": claims(sub="pm\u202e-7"),
    "sub of 200 characters": claims(sub="p" * 200),
    "jti missing": claims(jti=ABSENT),
    "jti with a space": claims(jti="t 1"),
    "grants missing": claims(grants=ABSENT),
    "grants a text": claims(grants="admin"),
    "grants by name": claims(grants={"admin": "*"}),
    "grant of a role that does not exist": claims(grants=[{"role": "root", "regions": "*"}]),
    "grant without regions": claims(grants=[{"role": "admin"}]),
    "grant for an empty list of regions": claims(grants=[{"role": "admin", "regions": []}]),
    "grant for a region that is none": claims(grants=[{"role": "admin", "regions": ["EMEA*"]}]),
    "grant with the star in a list": claims(grants=[{"role": "admin", "regions": ["*"]}]),
    "grant with a field nobody knows": claims(grants=[{"role": "admin", "regions": "*", "except": ["emea"]}]),
}


@pytest.fixture
def trusting(clock: SettableClock) -> EmbeddedIssuer:
    """The issuer whose key the hostile tokens are about."""
    return EmbeddedIssuer(KEY, clock=clock)


async def test_a_minted_token_says_who_and_by_which_roles(clock: SettableClock, trusting: EmbeddedIssuer) -> None:
    """A token names its person and exactly the roles that it was minted with."""
    grants = [
        RoleGrant(role=Role.SALES_LEAD, region="emea"),
        RoleGrant(role=Role.SALES_LEAD, region="apac"),
        RoleGrant(role=Role.AUDITOR, region="*"),
    ]
    actor = await trusting.verifier().verify(trusting.mint("sales-3", grants))
    assert (actor.person, set(actor.roles)) == ("sales-3", set(grants))
    assert actor.token_id


async def test_the_tokens_of_the_corpus_are_wrong_in_one_thing_only(trusting: EmbeddedIssuer) -> None:
    """The token that every hostile one differs from is itself accepted."""
    assert await trusting.verifier().verify(GOOD) == Actor(
        person="pm-7",
        roles=(RoleGrant(role=Role.PRODUCT_MANAGER, region="emea"),),
        token_id="t-1",
        logged_in_at=NOON,
    )


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_token_proves_nothing(token: str, trusting: EmbeddedIssuer) -> None:
    """A token that is forged, confused or incomplete is refused, with a sentence that does not repeat it."""
    with pytest.raises(TokenRefused) as refused:
        await trusting.verifier().verify(token)
    assert refused.value.kind == "token-invalid"
    assert refused.value.detail.endswith(".")
    assert len(refused.value.detail) < 120


def test_the_corpus_is_large_enough() -> None:
    """There are at least forty hostile tokens, all different."""
    assert len(set(HOSTILE.values())) == len(HOSTILE) >= 40


async def test_a_token_ends_at_its_expiry_even_if_it_was_seen_before(
    clock: SettableClock, trusting: EmbeddedIssuer
) -> None:
    """A token counts until the second before its expiry and not at it, although its signature is remembered."""
    verifier = trusting.verifier()
    clock.advance(timedelta(seconds=599))
    await verifier.verify(GOOD)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(GOOD)
    assert refused.value.kind == "token-expired"


async def test_a_clock_a_minute_behind_the_issuer_is_forgiven(trusting: EmbeddedIssuer) -> None:
    """A token from up to sixty seconds ahead counts; one from further ahead does not."""
    await trusting.verifier().verify(claims(iat=NOW + 60))
    with pytest.raises(TokenRefused):
        await trusting.verifier().verify(claims(iat=NOW + 61))


@pytest.mark.parametrize("person", ["", "pm 7", "../pm-7", "p" * 129])
def test_a_token_is_minted_for_a_person_id_only(person: str, trusting: EmbeddedIssuer) -> None:
    """No token is minted for something that no person is called."""
    with pytest.raises(ValueError, match="String should"):
        trusting.mint(person, [])


def test_a_token_is_not_minted_for_a_region_that_is_none(trusting: EmbeddedIssuer) -> None:
    """No token is minted for something that no region is called."""
    with pytest.raises(ValueError, match="pattern"):
        trusting.mint("pm-7", [RoleGrant(role=Role.ADMIN, region="EMEA ")])


@pytest.mark.parametrize("name", ["alg none", "HS256 with the public key as secret", "exp missing"])
def test_the_door_answers_a_hostile_token_with_401(name: str, client: TestClient) -> None:
    """Whoever comes with a token that proves nothing is told so, and how to come instead."""
    answer = client.get("/v1/launches", headers={"Authorization": f"Bearer {HOSTILE[name]}"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/token-invalid"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="learn-then-launch", error="invalid_token"')


@pytest.mark.parametrize("stated", ["Basic cG06Nw==", "Bearer", "Bearer a b", f"Token {GOOD}", GOOD, "Bearer  "])
def test_only_a_bearer_token_is_looked_at(stated: str, client: TestClient) -> None:
    """Another scheme, or no token behind the scheme, is a 401 of its own."""
    answer = client.get("/v1/launches", headers={"Authorization": stated})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-invalid")


def test_two_authorization_headers_are_none(client: TestClient, manager: dict[str, str]) -> None:
    """A request that states two tokens is refused, even if each were good."""
    stated = manager["Authorization"]
    answer = client.get("/v1/launches", headers=[("Authorization", stated), ("Authorization", stated)])
    assert answer.status_code == 401


def test_who_comes_without_a_token_is_asked_for_one(client: TestClient) -> None:
    """A request without a token is a 401 that says what to send."""
    answer = client.get("/v1/launches")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="learn-then-launch"'


def test_an_expired_token_is_told_apart(client: TestClient, clock: SettableClock, manager: dict[str, str]) -> None:
    """Whose token has run out is told so, since asking for a new one helps."""
    clock.advance(timedelta(hours=13))
    answer = client.get("/v1/launches", headers=manager)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-expired")


def test_the_scheme_is_read_in_any_case(client: TestClient, manager: dict[str, str]) -> None:
    """The scheme's name is not case-sensitive, as RFC 9110 has it."""
    stated = manager["Authorization"].replace("Bearer", "bEARER")
    assert client.get("/v1/launches", headers={"Authorization": stated}).status_code == 200


def test_the_signature_is_checked_by_the_library_that_signs() -> None:
    """A token of ours is a plain JWS, which any library with the public key can verify."""
    public = OKPKey.import_key(PUBLIC)
    assert jws.deserialize_compact(GOOD, public, algorithms=[ALGORITHM]).payload == json.dumps(CLAIMS).encode()
