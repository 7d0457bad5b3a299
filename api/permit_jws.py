"""How is a permit written down so that anyone can check who said it, and when?"""

# A permit is a JWS in compact form (RFC 7515) signed with Ed25519 under `alg: EdDSA` (RFC 8037): RFC 9864 has a newer
# name for just that, which tokens of ours use, but permits are read by libraries of others, and few know it yet. A
# permit is short-lived, because a signature outlives a suspension: what it proves is how things stood at `iat`.

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.identity import key_id, public_key
from api.strict_json import JsonRefused, parse_json
from readiness.canonical import canonical_json
from readiness.commands import Choice
from readiness.keys import RegionKey
from readiness.permit import Permit
from readiness.values import Digest, Slug

ALGORITHM = "EdDSA"
PERMIT_TYPE = "permit+jwt"
"""Marks a permit, so that no permit passes for a token, and no token for a permit."""

MEDIA_TYPE = "application/jwt"

PERMIT_LIFETIME = timedelta(minutes=15)
"""How long a permit that nobody asks about again may be believed: the longest that a suspension can go unseen."""

CLOCK_SKEW_SECONDS = 60
"""How far ahead of our clock another process of ours may sign."""

LONGEST_PERMIT = 16_000
"""Characters of a permit: ten times what one with three conditions has."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]{1,1000}\.[A-Za-z0-9_-]{1,14000}\.[A-Za-z0-9_-]{86}")
_LATEST_NUMERIC_DATE = 253_402_300_799

NumericDate = Annotated[int, Field(ge=0, le=_LATEST_NUMERIC_DATE, strict=True)]


class PermitUnproven(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """What was shown is no permit of ours; the message is a sentence for the person who showed it."""


class PermitKeys(Protocol):
    """Where the keys lie with which permits are signed, now and until the last that was signed with them expires."""

    def signing(self) -> OKPKey:
        """Return the private key that signs now."""
        ...

    def published(self) -> tuple[OKPKey, ...]:
        """Return every key by which a permit may be believed, the signing one first; only public halves."""
        ...


class ConditionClaim(BaseModel):
    """A condition of the go that is not met yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    due_at: str
    missed: bool


class DecisionClaim(BaseModel):
    """The decision that the permit rests on: its version in the region's ledger, and the digest of its record."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int
    verdict: Choice
    at: str
    digest: Digest | None = None


class PermitClaims(BaseModel):
    """What a permit says; times in seconds since 1970, as JWTs have them, or in RFC 3339."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    iss: str
    sub: str
    """The flag that answers the same question: `launch.{product}`."""
    jti: Annotated[str, Field(description="The permit's name, the same in every copy: product/region/run.")]
    iat: NumericDate
    nbf: NumericDate
    exp: NumericDate
    product: Slug
    product_name: str
    region: Slug
    region_name: str
    run: Annotated[int, Field(ge=1, strict=True)]
    from_at: str
    decision: DecisionClaim
    policy: Digest
    tier: int
    conditions: tuple[ConditionClaim, ...] = ()

    @property
    def key(self) -> RegionKey:
        """The region launch that gave the permit."""
        return RegionKey(product=self.product, region=self.region, run=self.run)

    def require_issued_by(self, now: datetime) -> None:
        """Raise PermitUnproven where it is dated in the future."""
        if self.iat > now.timestamp() + CLOCK_SKEW_SECONDS:
            raise PermitUnproven("It is dated in the future.")


@dataclass(frozen=True, slots=True)
class PermitDesk:
    """Signs permits, and reads those that are shown to it."""

    keys: PermitKeys
    issuer: str
    lifetime: timedelta = PERMIT_LIFETIME

    def sign(self, permit: Permit, *, at: datetime) -> tuple[str, PermitClaims]:
        """Return `permit`, which stood at `at`, as a JWS, and what it says."""
        claims = claims_of(permit, issuer=self.issuer, lifetime=self.lifetime, at=at)
        key = self.keys.signing()
        header = {"alg": ALGORITHM, "kid": key_id(key), "typ": PERMIT_TYPE}
        signed = f"{_encoded(canonical_json(header))}.{_encoded(canonical_json(claims.model_dump(mode='json')))}"
        private = key.get_op_key("sign")
        if not isinstance(private, Ed25519PrivateKey):
            raise TypeError("permits are signed with Ed25519")
        return f"{signed}.{_encoded(private.sign(signed.encode('ascii')))}", claims

    def read(self, text: str) -> PermitClaims:
        """Return what a permit of ours says, also one that has expired; raises PermitUnproven for anything else."""
        claims = self._proven(text)
        if claims.iss != self.issuer:
            raise PermitUnproven("It was issued by somebody else.")
        if claims.jti != f"{claims.product}/{claims.region}/{claims.run}" or claims.exp < claims.iat:
            raise PermitUnproven("It contradicts itself.")
        return claims

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        return {
            "keys": [
                {
                    **public_key(key).as_dict(private=False),
                    "kid": key_id(key),
                    "use": "sig",
                    "alg": ALGORITHM,
                }
                for key in self.keys.published()
            ]
        }

    def _proven(self, text: str) -> PermitClaims:
        if len(text) > LONGEST_PERMIT or not _COMPACT.fullmatch(text):
            raise PermitUnproven("It is not a signed permit: three parts in base64url with dots between them.")
        head, body, tail = text.split(".")
        header = _object(head)
        if header.get("alg") != ALGORITHM:
            raise PermitUnproven(f"It is not signed with {ALGORITHM}.")
        if header.get("typ") != PERMIT_TYPE or header.keys() - {"alg", "kid", "typ"}:
            raise PermitUnproven("It is not a permit, but something else that was signed.")
        key = next((key for key in self.keys.published() if key_id(key) == header.get("kid")), None)
        if key is None:
            raise PermitUnproven(
                "It is signed with a key that is not published here: it is old, was withdrawn, or is not ours."
            )
        public = key.get_op_key("verify")
        if not isinstance(public, Ed25519PublicKey):
            raise PermitUnproven("It is signed with a key of another kind.")
        try:
            public.verify(_decoded(tail), f"{head}.{body}".encode("ascii"))
        except InvalidSignature:
            raise PermitUnproven("Its signature does not fit: it was changed, or is not ours.") from None
        try:
            return PermitClaims.model_validate(_object(body))
        except ValidationError:
            raise PermitUnproven("It does not say what a permit says.") from None


def claims_of(permit: Permit, *, issuer: str, lifetime: timedelta, at: datetime) -> PermitClaims:
    """Return what is signed of a permit that stood at `at`; it expires before it would be suspended by itself."""
    ends_at = at + lifetime if permit.ends_by is None else min(at + lifetime, permit.ends_by)
    issued_at = int(at.timestamp())
    return PermitClaims(
        iss=issuer,
        sub=f"launch.{permit.product}",
        jti=permit.id,
        iat=issued_at,
        nbf=int(permit.from_at.timestamp()),
        exp=max(int(ends_at.timestamp()), issued_at),
        product=permit.product,
        product_name=permit.product_name,
        region=permit.region,
        region_name=permit.region_name,
        run=permit.run,
        from_at=moment_said(permit.from_at),
        decision=DecisionClaim(
            version=permit.decision.version,
            verdict=permit.decision.verdict,
            at=moment_said(permit.decision.at),
            digest=permit.decision.digest,
        ),
        policy=permit.policy,
        tier=permit.tier,
        conditions=tuple(
            ConditionClaim(id=each.id, due_at=moment_said(each.due_at), missed=each.missed)
            for each in permit.conditions
        ),
    )


def moment_said(moment: datetime) -> str:
    """Return a moment in RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    """Return the octets that `text` stands for; raises PermitUnproven where another text would stand for them too."""
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        octets = b""
    if _encoded(octets) != text:
        raise PermitUnproven("It is not a signed permit: a part of it is no base64url.")
    return octets


def _object(text: str) -> Mapping[str, Any]:
    try:
        read = parse_json(_decoded(text))
    except JsonRefused:
        raise PermitUnproven("It is not a signed permit: a part of it is no JSON.") from None
    if not isinstance(read, dict):
        raise PermitUnproven("It is not a signed permit: a part of it is no JSON object.")
    return read
