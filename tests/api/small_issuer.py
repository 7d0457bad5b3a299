"""Which OIDC issuer do tests log in at, and what may it be made to say?"""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "ltl-web", "a secret of the tests"


@cache
def rsa_key(use: str) -> RSAKey:
    """Return the key for that use, `issuing` or `forging`, found once for all tests of a process: it takes long."""
    return RSAKey.generate_key(2048, {"kid": "key-1", "use": "sig"} if use == "issuing" else None)


@dataclass
class SmallIssuer:
    """An issuer at which everybody is `ex-1` at once; a test may change what it signs, and how."""

    url: str = ""
    now: Callable[[], float] = time.time
    key: RSAKey = field(default_factory=lambda: rsa_key("issuing"))
    published: list[RSAKey] | None = None
    """What it publishes instead of its key."""
    said: dict[str, Any] = field(default_factory=dict)
    """Claims of the ID token that a test changes; None leaves one out."""
    sign: Callable[["SmallIssuer", dict[str, Any]], str] | None = None
    """How it signs instead."""
    iss: str | None = None
    """The issuer that it names in its answer to the browser instead of itself."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, in order."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def claims(self, nonce: str) -> dict[str, Any]:
        """Return what its ID token says."""
        now = int(self.now())
        right = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "ex-1",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": nonce,
            "roles": ["executive:emea"],
        }
        return {name: value for name, value in {**right, **self.said}.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, key: Any = None, **header: Any) -> str:
        """Return a token over `claims`."""
        head = {"alg": "RS256", "kid": "key-1", "typ": "JWT", **header}
        return jwt.encode(head, claims, key or self.key, algorithms=[head["alg"]], default_type=None)

    def app(self) -> Starlette:
        """Return the issuer as an application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._described),
                Route("/jwks", self._keys),
                Route("/authorize", self._authorized),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _described(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                # HS256 is advertised and still not taken.
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _keys(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        keys = [self.key] if self.published is None else self.published
        return JSONResponse({"keys": [key.as_dict(private=False) for key in keys]})

    async def _authorized(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert (query["client_id"], query["response_type"], query["scope"]) == (CLIENT_ID, "code", "openid")
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.iss or self.url}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert request.headers["authorization"] == f"Basic {basic}"
        asked = self.codes.pop(form["code"], None)
        verifier = hashlib.sha256(form["code_verifier"].encode()).digest()
        proven = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != proven or asked["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        claims = self.claims(asked["nonce"])
        token = self.sign(self, claims) if self.sign is not None else self.signed(claims)
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "id_token": token})


def segment(value: Any) -> str:
    """Return a segment of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(issuer: SmallIssuer, claims: dict[str, Any]) -> str:
    """Return a token that admits to having no signature."""
    return f"{segment({'alg': 'none', 'kid': 'key-1'})}.{segment(claims)}."


def by_shared_secret(secret: str) -> Callable[[SmallIssuer, dict[str, Any]], str]:
    """Return a way of signing by HS256, with the client's secret or with the public key taken for one."""

    def sign(issuer: SmallIssuer, claims: dict[str, Any]) -> str:
        shared = issuer.key.as_pem(private=False) if secret == "the public key" else secret.encode()
        said = f"{segment({'alg': 'HS256', 'kid': 'key-1'})}.{segment(claims)}"
        mac = hmac.new(shared, said.encode(), "sha256").digest()
        return f"{said}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    return sign


def by_another_key(*, kid: str) -> Callable[[SmallIssuer, dict[str, Any]], str]:
    """Return a way of signing with a key that the issuer does not publish, under the id `kid`."""
    return lambda issuer, claims: issuer.signed(claims, key=rsa_key("forging"), kid=kid)


@contextmanager
def running(issuer: SmallIssuer) -> Iterator[SmallIssuer]:
    """Serve `issuer` on this machine over real HTTP."""
    listening = socket.create_server(("127.0.0.1", 0))
    issuer.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(issuer.app(), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def short_key() -> RSAKey:
    """Return a key that is too short to be trusted, and may still be published by somebody careless."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RSAKey.generate_key(1024, {"kid": "key-1"})
