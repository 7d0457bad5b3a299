"""Who is asking, and how do we know?"""

# A token is a JWT signed with Ed25519. Its claims are `iss`, `aud`, `sub` (the person), `iat`, `auth_time`, `exp`,
# `jti` and `grants`: `[{"role": "sales_lead", "regions": ["emea"]}, {"role": "auditor", "regions": "*"}]`.

import hashlib
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api.claims import Claims, invalid
from readiness import roles
from readiness.commands import Role
from readiness.values import Identifier, Slug

EVERYWHERE: Literal["*"] = roles.EVERYWHERE
"""The region of a grant that covers every region, today's and those to come."""

ALGORITHM = "Ed25519"
"""EdDSA over Ed25519 by its fully specified name (RFC 9864 deprecates the vague `EdDSA`); nothing else is read."""

TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068, not a secret.
"""Marks an access token, so that no other JWT of ours (a permit, say) can pass for one."""

ISSUER = "urn:learn-then-launch:embedded"
AUDIENCE = "learn-then-launch"

TOKEN_LIFETIME = timedelta(hours=12)
"""How long a minted token lasts unless said: one working day."""

TOKENS_REMEMBERED = 4_096
"""Tokens whose signature is not checked again (0.3 ms each); their expiry always is."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]{1,700}\.[A-Za-z0-9_-]{1,12000}\.[A-Za-z0-9_-]{1,1400}")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """One role in one region, or in every region (`*`)."""

    role: Role
    region: str
    excluding: frozenset[str] = frozenset()
    """Of a role for every region: where it was withdrawn."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The authenticated person (or service) behind a request, with the roles that they hold: a token states
    some, others are granted or withdrawn."""

    person: str
    roles: tuple[RoleGrant, ...]
    token_id: str
    logged_in_at: datetime | None = None
    """When they last proved who they are; None for a program, which never does."""
    on_behalf_of: str | None = None
    """Who answers for a program: whoever made its key."""


class Verifier(Protocol):
    """Whatever turns a bearer token into an actor: the embedded issuer's keys here, an OIDC issuer's elsewhere."""

    async def verify(self, token: str) -> Actor:
        """Return who the token speaks for; raises TokenRefused where it proves nothing."""
        ...


class _GrantClaim(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    regions: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)] | Literal["*"]


class _Claims(Claims):
    sub: Identifier
    jti: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
    grants: Annotated[tuple[_GrantClaim, ...], Field(max_length=50)]

    def actor(self) -> Actor:
        roles = tuple(
            RoleGrant(role=grant.role, region=region)
            for grant in self.grants
            for region in ((EVERYWHERE,) if grant.regions == EVERYWHERE else sorted(set(grant.regions)))
        )
        return Actor(person=self.sub, roles=roles, token_id=self.jti, logged_in_at=self.logged_in_at)


class TokenVerifier:
    """Trusts tokens that one issuer signed for one audience with one of `keys` (several while they rotate)."""

    def __init__(
        self, keys: Iterable[OKPKey], *, clock: Clock, issuer: str = ISSUER, audience: str = AUDIENCE
    ) -> None:
        self._keys = {key_id(key): key for key in keys}
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._remembered: OrderedDict[bytes, tuple[_Claims, Actor]] = OrderedDict()

    async def verify(self, token: str) -> Actor:
        """Return who the token speaks for; raises TokenRefused where it proves nothing."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._remembered.get(digest)
        if known is None:
            claims = self._claims_of(token)
            self._check_standing(claims)
            actor = claims.actor()
            self._remembered[digest] = (claims, actor)
            if len(self._remembered) > TOKENS_REMEMBERED:
                self._remembered.popitem(last=False)
            return actor
        claims, actor = known
        self._remembered.move_to_end(digest)
        self._check_standing(claims)
        return actor

    def _claims_of(self, token: str) -> _Claims:
        if not _COMPACT.fullmatch(token):
            raise invalid("The token is not a signed JWT.")
        try:
            signed = jws.extract_compact(token.encode("ascii"))
            header = signed.headers()
            kid = header.get("kid")
            key = self._keys.get(kid) if isinstance(kid, str) else None
            if header.get("alg") != ALGORITHM:
                raise invalid(f"The token is not signed with {ALGORITHM}.")
            if header.get("typ") != TOKEN_TYPE:
                raise invalid("The token is not an access token.")
            if key is None:
                raise invalid("The token is signed with a key that is not known here.")
            if not jws.validate_compact(signed, key, algorithms=[ALGORITHM]):
                raise invalid("The token's signature does not fit.")
            return _Claims.read(signed.payload or b"")
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as fault:
            raise invalid("The token is not a signed JWT.") from fault

    def _check_standing(self, claims: Claims) -> None:
        claims.check(issuer=self._issuer, audience=self._audience, now=self._clock())


class TrustedIssuers:
    """Has each token verified by whoever it says that it comes from, if they are trusted; they check that it does."""

    def __init__(self, verifiers: Mapping[str, Verifier]) -> None:
        self._verifiers = dict(verifiers)

    async def verify(self, token: str) -> Actor:
        """Return who the token speaks for; raises TokenRefused where it proves nothing."""
        if not _COMPACT.fullmatch(token):
            raise invalid("The token is not a signed JWT.")
        try:
            claims = json.loads(jws.extract_compact(token.encode("ascii")).payload or b"")
            issuer = claims.get("iss")
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
            raise invalid("The token is not a signed JWT.") from fault
        verifier = self._verifiers.get(issuer) if isinstance(issuer, str) else None
        if verifier is None:
            raise invalid("The token comes from an issuer that is not trusted here.")
        return await verifier.verify(token)


class EmbeddedIssuer:
    """Mints tokens with the key of this installation; production trusts an OIDC issuer instead."""

    def __init__(self, key: OKPKey, *, clock: Clock, issuer: str = ISSUER, audience: str = AUDIENCE) -> None:
        self._key = key
        self._clock = clock
        self._issuer = issuer
        self._audience = audience

    def mint(self, person: str, grants: Iterable[RoleGrant], *, lifetime: timedelta = TOKEN_LIFETIME) -> str:
        """Return a token for `person` with exactly `grants`; raises ValueError for an id or region that is none."""
        if lifetime <= timedelta(0):
            raise ValueError("a token lasts for some time")
        issued_at = int(self._clock().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": TypeAdapter[str](Identifier).validate_python(person),
            "iat": issued_at,
            "auth_time": issued_at,
            "exp": issued_at + max(1, int(lifetime.total_seconds())),
            "jti": secrets.token_urlsafe(16),
            "grants": _grant_claims(grants),
        }
        header = {"alg": ALGORITHM, "kid": key_id(self._key), "typ": TOKEN_TYPE}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM], default_type=None)

    def verifier(self) -> TokenVerifier:
        """Return the verifier that trusts this issuer alone."""
        return TokenVerifier([public_key(self._key)], clock=self._clock, issuer=self._issuer, audience=self._audience)


def key_id(key: OKPKey) -> str:
    """Return the thumbprint of a key (RFC 7638), by which tokens name it."""
    return key.thumbprint()


def public_key(key: OKPKey) -> OKPKey:
    """Return the half of a signing key that may be shown."""
    return OKPKey.import_key(key.as_dict(private=False))


def _grant_claims(grants: Iterable[RoleGrant]) -> list[dict[str, object]]:
    regions_of: dict[Role, set[str]] = {}
    for grant in grants:
        region = grant.region if grant.region == EVERYWHERE else TypeAdapter[str](Slug).validate_python(grant.region)
        regions_of.setdefault(grant.role, set()).add(region)
    return [
        {"role": role.value, "regions": EVERYWHERE if EVERYWHERE in regions else sorted(regions)}
        for role, regions in regions_of.items()
    ]
