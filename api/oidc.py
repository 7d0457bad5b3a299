"""Who does the trusted OIDC issuer say is asking?"""

# OpenID Connect Core 1.0 with PKCE (RFC 7636), the issuer named in the answer (RFC 9207), and JWT access tokens. What
# an issuer signs counts only if it is signed by a key of its published set, by an algorithm for people with keys of
# their own: never `none`, never a shared secret.

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
import httpx2
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.claims import Claims, invalid
from api.identity import EVERYWHERE, Actor, Clock, RoleGrant
from api.strict_json import JsonRefused, parse_json
from readiness.commands import Role
from readiness.values import Identifier, Slug

ALGORITHMS: Mapping[str, tuple[type[Any], str | None]] = {
    "RS256": (RSAKey, None),
    "PS256": (RSAKey, None),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
}
"""What is read, by which kind of key and on which curve; anything else is refused, whatever the issuer advertises."""

REFETCH_AFTER = timedelta(minutes=1)
"""How soon keys are fetched again for one that is not known: nobody makes us hammer the issuer."""

KEYS_FRESH_FOR = timedelta(hours=1)
"""When keys are fetched again though all are known: so long a key that was taken back still counts."""

PATIENCE_SECONDS = 5.0
LARGEST_ANSWER = 1_048_576
_SHORTEST_RSA = 2_048


class IssuerAway(Exception):  # noqa: N818 - named as what is the case.
    """The issuer does not answer, or not as an issuer does."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Which issuer is trusted, as whom we speak to it, and how its claims are read."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uri: str
    audience: str
    """For whom an access token must be; never the client id, so that no ID token passes for one."""
    person_claim: str = "sub"
    roles_claim: str = "roles"
    """A path of names with dots: `realm_access.roles`."""
    roles: Mapping[str, str] | None = None
    """What each value of the claim means, `executive:emea` for example; None: the values are written so."""

    def __post_init__(self) -> None:
        for name in ("issuer", "redirect_uri"):
            _require_safe(getattr(self, name), name)
        if self.audience == self.client_id:
            raise ValueError("the audience must not be the client id: an ID token would pass for an access token")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who has logged in, with which roles, and when they proved who they are."""

    person: str
    roles: tuple[RoleGrant, ...]
    logged_in_at: datetime


class _Discovery(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Claims(Claims):
    model_config = ConfigDict(extra="allow")

    sub: Annotated[str, Field(min_length=1, max_length=255)]
    nonce: str | None = None
    azp: str | None = None
    jti: Annotated[str, Field(max_length=255)] | None = None


class _Person(BaseModel):
    person: Identifier


class _Grant(BaseModel):
    role: Role
    regions: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)]


class OidcIssuer:
    """Sends people to the issuer, and reads what it signs; also a verifier of its access tokens."""

    def __init__(self, settings: OidcSettings, *, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._turn = anyio.Lock()
        self._discovery: _Discovery | None = None
        self._keys: KeySet | None = None
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None

    @property
    def name(self) -> str:
        """The issuer as its tokens name it."""
        return self.settings.issuer

    async def login_url(
        self, *, state: str, nonce: str, verifier: str, max_age: timedelta, fresh: bool = False
    ) -> str:
        """Return where the browser is sent to log in; `fresh` asks for the password again. Raises IssuerAway."""
        from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]  # It has none.

        discovery = await self._discovered()
        async with AsyncOAuth2Client(
            self.settings.client_id,
            redirect_uri=self.settings.redirect_uri,
            scope="openid",
            code_challenge_method="S256",
        ) as client:
            # Asked for a maximal age, an issuer must say when the person logged in.
            asked: dict[str, Any] = {"nonce": nonce, "max_age": int(max_age.total_seconds())}
            if fresh:
                asked["prompt"] = "login"
            url, _ = client.create_authorization_url(
                discovery.authorization_endpoint, state=state, code_verifier=verifier, **asked
            )
        return str(url)

    async def logged_in(self, *, code: str, verifier: str, nonce: str, iss: str | None) -> LoggedIn:
        """Return who has logged in, for the code that came back; raises TokenRefused and IssuerAway."""
        from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]  # It has none.
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        discovery = await self._discovered()
        if iss != self.settings.issuer and (iss or discovery.authorization_response_iss_parameter_supported):
            raise invalid("The answer comes from another issuer.")
        methods = discovery.token_endpoint_auth_methods_supported
        basic = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        try:
            async with AsyncOAuth2Client(
                self.settings.client_id,
                self.settings.client_secret,
                token_endpoint_auth_method=basic if self.settings.client_secret else "none",
                redirect_uri=self.settings.redirect_uri,
                timeout=PATIENCE_SECONDS,
                follow_redirects=False,
                trust_env=False,
            ) as client:
                answer = await client.fetch_token(
                    discovery.token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except (AuthlibBaseError, ValueError) as refused:
            raise invalid("The issuer does not take the code that it gave.") from refused
        except httpx2.HTTPError as away:
            raise IssuerAway("the issuer's token endpoint does not answer") from away
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise invalid("The issuer gave no ID token.")
        claims = await self._signed_claims(token)
        self._check(claims, audience=self.settings.client_id)
        if len(claims.audiences) > 1 and claims.azp != self.settings.client_id:
            raise invalid("The ID token was made for another client.")
        if claims.azp not in (None, self.settings.client_id):
            raise invalid("The ID token was made for another client.")
        if claims.nonce is None or not secrets.compare_digest(claims.nonce.encode(), nonce.encode()):
            raise invalid("The ID token belongs to another login.")
        return self._read(claims)

    async def verify(self, token: str) -> Actor:
        """Return who an access token of the issuer speaks for; raises TokenRefused and IssuerAway."""
        claims = await self._signed_claims(token)
        self._check(claims, audience=self.settings.audience)
        who = self._read(claims)
        return Actor(who.person, who.roles, claims.jti or "oidc", logged_in_at=who.logged_in_at)

    def _read(self, claims: _Claims) -> LoggedIn:
        said = claims.model_dump()
        try:
            person = _Person.model_validate({"person": said.get(self.settings.person_claim)}).person
        except ValidationError as fault:
            raise invalid(f"The token's claim {self.settings.person_claim!r} names nobody.") from fault
        if person.startswith("service:"):
            raise invalid("A person of the issuer has an id that is kept for programs.")
        return LoggedIn(person, roles_of(said, self.settings), claims.logged_in_at)

    def _check(self, claims: Claims, *, audience: str) -> None:
        claims.check(issuer=self.settings.issuer, audience=audience, now=self._clock())

    async def _signed_claims(self, token: str) -> _Claims:
        discovery = await self._discovered()
        try:
            signed = jws.extract_compact(token.encode("ascii"))
            header = signed.headers()
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS or algorithm not in discovery.id_token_signing_alg_values_supported:
                raise invalid("The token is signed by an algorithm that is not taken here.")
            if "crit" in header or not (kid is None or isinstance(kid, str)):
                raise invalid("The token's header is not what it must be.")
            key = await self._key(kid, algorithm)
            if key is None:
                raise invalid("The token is signed with a key that the issuer does not publish.")
            if not jws.validate_compact(signed, key, algorithms=[algorithm]):
                raise invalid("The token's signature does not fit.")
            return _Claims.read(signed.payload or b"")
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as fault:
            raise invalid("The token is not a signed JWT.") from fault

    async def _key(self, kid: str | None, algorithm: str) -> Any | None:
        """Return the issuer's key of that id that fits the algorithm; without an id, the only one that fits."""
        for is_retried in (False, True):
            keys = await self._fetched_keys(again=is_retried)
            fitting = [key for key in keys.keys if _fits(key, algorithm) and kid in (None, key.kid)]
            if len(fitting) == 1:
                return fitting[0]
        return None

    async def _fetched_keys(self, *, again: bool) -> KeySet:
        discovery = await self._discovered()
        async with self._turn:
            now = self._clock()
            is_stale = self._fetched_at is None or now - self._fetched_at >= KEYS_FRESH_FOR
            may_try = self._tried_at is None or now - self._tried_at >= REFETCH_AFTER
            if self._keys is None or ((again or is_stale) and may_try):
                self._tried_at = now
                document = await _fetched(discovery.jwks_uri)
                try:
                    known = _known_kinds(document)
                    self._keys = KeySet.import_key_set(known) if known["keys"] else KeySet([])
                except (JoseError, ValueError, TypeError, KeyError) as fault:
                    raise IssuerAway("the issuer publishes no keys that can be read") from fault
                self._fetched_at = now
            return self._keys

    async def _discovered(self) -> _Discovery:
        async with self._turn:
            if self._discovery is None:
                where = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
                try:
                    found = _Discovery.model_validate(await _fetched(where))
                    for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                        _require_safe(address, "an address of the issuer")
                except ValueError as fault:
                    raise IssuerAway("the issuer does not describe itself as one") from fault
                if found.issuer != self.settings.issuer:
                    raise IssuerAway("what describes itself there is another issuer")
                self._discovery = found
            return self._discovery


def roles_of(claims: Mapping[str, Any], settings: OidcSettings) -> tuple[RoleGrant, ...]:
    """Return the roles that the claims give by the settings; what they do not know gives none.

    A value means `role` for every region, or `role:region,region`.
    """
    found: Any = claims
    for step in settings.roles_claim.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    said = [found] if isinstance(found, str) else found if isinstance(found, list | tuple) else []
    grants: list[RoleGrant] = []
    for value in said:
        meant = value if settings.roles is None else settings.roles.get(value) if isinstance(value, str) else None
        if not isinstance(meant, str):
            continue
        role, colon, where = meant.partition(":")
        try:
            if not colon or where == EVERYWHERE:
                grants.append(RoleGrant(Role(role), EVERYWHERE))
                continue
            grant = _Grant(role=Role(role), regions=tuple(where.split(",")))
        except ValueError:
            continue
        grants.extend(RoleGrant(grant.role, region) for region in grant.regions)
    return tuple(dict.fromkeys(grants))


def _fits(key: Any, algorithm: str) -> bool:
    kind, curve = ALGORITHMS[algorithm]
    told = key.as_dict(private=False)
    return (
        isinstance(key, kind)
        and (curve is None or told.get("crv") == curve)
        and told.get("use") in (None, "sig")
        and told.get("alg") in (None, algorithm)
        and not (isinstance(key, RSAKey) and key.public_key.key_size < _SHORTEST_RSA)
    )


def _known_kinds(document: Any) -> Any:
    """Return the key set without keys that are not read here: neither shared secrets nor short ones."""
    keys = [key for key in document["keys"] if isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"}]
    long_enough = [key for key in keys if key["kty"] != "RSA" or len(str(key.get("n", ""))) * 6 >= _SHORTEST_RSA]
    return {"keys": [key for key in long_enough if key.get("crv") in (None, "P-256", "Ed25519")]}


async def _fetched(address: str) -> Any:
    """Return the JSON document at `address`; raises IssuerAway. No redirect is followed."""
    limits = httpx2.Timeout(PATIENCE_SECONDS)
    try:
        async with (
            httpx2.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", address, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise IssuerAway(f"the issuer answers {answer.status_code}")
            body = bytearray()
            async for block in answer.aiter_bytes():
                body += block
                if len(body) > LARGEST_ANSWER:
                    raise IssuerAway("the issuer's answer is too large")
        return parse_json(bytes(body))
    except (httpx2.HTTPError, JsonRefused) as fault:
        raise IssuerAway("the issuer does not answer with a document") from fault


def _require_safe(address: str, what: str) -> None:
    parts = urlsplit(address)
    is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise ValueError(f"{what} must be an address with https")
