"""What does the front door need to be given?"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from activities.deliver_targets import Targets
from api.cursors import Holder
from api.identity import Actor, Clock, Verifier
from api.oidc import OidcIssuer
from api.permit_jws import PermitDesk
from api.persona import Persona
from api.pulses import Pulses
from api.seen import Observer
from api.sending import Sender
from api.throttle import Throttle
from store.engine import Store
from store.sealing import Box

BODY_LIMIT = 1_048_576
"""Bytes of a JSON body: a plan of fifty regions has a twentieth of it, and a megabyte of reason is refused."""

UPLOAD_LIMIT = 536_870_912
"""Bytes of an import: ten times a file of a million completions."""

LOGIN_AGE = timedelta(minutes=15)
SESSION_IDLE = timedelta(hours=1)
SESSION_LIFE = timedelta(hours=12)

UPLOAD_PREFIX = "/v1/imports/"

PAGE_UPLOAD_PREFIX = "/imports/"
"""Where a page sends its files; what is only read there counts as reading."""

Check = Callable[[], Awaitable[None]]
"""Returns where its part of the house answers, and raises where it does not."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What an operator may choose about the front door; sizes in bytes."""

    body_limit: int = BODY_LIMIT
    upload_limit: int = UPLOAD_LIMIT
    version: str = "0.1.0"
    trusted_proxies: str = ""
    """Addresses or networks, separated by commas, whose `X-Forwarded-For` says from where a request came."""
    login_age: timedelta = LOGIN_AGE
    """How old a login may be for a decision or the answer to a waiver."""
    session_idle: timedelta = SESSION_IDLE
    session_life: timedelta = SESSION_LIFE
    """How long a session lasts unused, and at most."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything that routes use, made once in `bootstrap` and never looked up elsewhere."""

    store: Store
    verifier: Verifier
    sender: Sender
    uploads: Path
    """Where files to import lie while they are loaded."""
    clock: Clock
    """By which logins are judged."""
    settings: ApiSettings = ApiSettings()
    checks: Mapping[str, Check] = field(default_factory=lambda: MappingProxyType({}))
    """What `/readyz` asks, by the name that it shows."""
    cursor_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """What cursors are sealed with; all web processes of an installation have the same."""
    throttle: Throttle | None = None
    """What counts requests; None: nobody does."""
    observers: tuple[Observer, ...] = ()
    """Who is told of each request once it was answered."""
    box: Box | None = None
    """What seals the secrets of webhooks; None where nothing needs it."""
    targets: Targets = field(default_factory=Targets)
    """Where webhooks may lead."""
    oidc: OidcIssuer | None = None
    """The issuer at which people log in; None where there is none but the embedded one."""
    page_persona: Actor | None = None
    """Who a browser on this very machine is taken for on pages; None (always in production): nobody."""
    personas: tuple[Persona, ...] = ()
    """Whom one may choose to be on this very machine; none (always in production): everybody proves who they are."""
    pulses: Pulses = field(default_factory=Pulses)
    """What open pages are told of."""
    workflows_seen_at: str | None = None
    """Where Temporal's own pages show the workflows of our namespace; None: nowhere that anybody told of."""
    ledger_keys: Sequence[Mapping[str, Any]] = ()
    """The public keys of the ledger, as a JWKS lists them."""

    def holder(self, actor: Actor) -> Holder:
        """Return what `actor`'s cursors are sealed with."""
        return Holder(self.cursor_key, actor.person)

    mails: bool = False
    """Whether people are told by mail."""
    permits: PermitDesk | None = None
    """Who signs permits and reads them; None: nobody, so that nothing may be sold."""


def dependencies_of(request: Request) -> Dependencies:
    """Return what this application was made with."""
    dependencies: Dependencies = request.app.state.dependencies
    return dependencies


async def _asked_for(request: Request) -> Dependencies:
    """Return them to a route: FastAPI would call a plain function in a thread, which takes longer than a query."""
    return dependencies_of(request)


Deps = Annotated[Dependencies, Depends(_asked_for)]
"""For routes: `deps: Deps`."""
