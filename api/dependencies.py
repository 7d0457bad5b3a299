"""What does the front door need to be given?"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from api.identity import Actor, Clock, Verifier
from api.sending import Sender
from store.engine import Store

BODY_LIMIT = 1_048_576
"""Bytes of a JSON body: a plan of fifty regions has a twentieth of it, and a megabyte of reason is refused."""

UPLOAD_LIMIT = 536_870_912
"""Bytes of an import: ten times a file of a million completions."""

UPLOAD_PREFIX = "/v1/imports/"

Check = Callable[[], Awaitable[None]]
"""Returns where its part of the house answers, and raises where it does not."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What an operator may choose about the front door; sizes in bytes."""

    body_limit: int = BODY_LIMIT
    upload_limit: int = UPLOAD_LIMIT
    version: str = "0.1.0"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything that routes use, made once in `bootstrap` and never looked up elsewhere."""

    store: Store
    verifier: Verifier
    sender: Sender
    uploads: Path
    """Where files to import lie while they are loaded."""
    clock: Clock
    settings: ApiSettings = ApiSettings()
    checks: Mapping[str, Check] = field(default_factory=lambda: MappingProxyType({}))
    """What `/readyz` asks, by the name that it shows."""
    page_persona: Actor | None = None
    """Who a browser on this very machine is taken for on pages; None (always in production): nobody."""


def dependencies_of(request: Request) -> Dependencies:
    """Return what this application was made with."""
    dependencies: Dependencies = request.app.state.dependencies
    return dependencies


Deps = Annotated[Dependencies, Depends(dependencies_of)]
"""For routes: `deps: Deps`."""
