"""How does whoever owns the data directory speak to its own server?"""

import math
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.identity import EVERYWHERE, TOKEN_LIFETIME, EmbeddedIssuer, RoleGrant
from bootstrap.api_client import PATIENCE, Api
from bootstrap.keys import signing_key
from readiness.commands import Role

MINTED_ANEW_AFTER = timedelta(minutes=5)
"""How old a token may get that is held for long: decisions ask for a login of the last minutes."""


class LocalDoor:
    """Opens the API as any person, because it can read the key in the data directory that tokens are signed with."""

    def __init__(self, url: str, directory: Path, *, patience: timedelta = PATIENCE) -> None:
        self._url = url
        self._directory = directory
        self._patience = patience

    def as_person(self, person: str, *roles: Role, regions: Iterable[str] = (EVERYWHERE,)) -> Api:
        """Return a client that speaks for `person` in `roles`, each for `regions`; close it when done."""
        named, token, minted_at = tuple(regions), "", -math.inf

        def fresh() -> str:
            nonlocal token, minted_at
            if time.monotonic() - minted_at > MINTED_ANEW_AFTER.total_seconds():
                token, minted_at = mint(self._directory, person, roles, named), time.monotonic()
            return token

        fresh()
        return Api(self._url, fresh, patience=self._patience)


def mint(
    directory: Path,
    person: str,
    roles: Iterable[Role],
    regions: Iterable[str] = (EVERYWHERE,),
    *,
    lifetime: timedelta = TOKEN_LIFETIME,
) -> str:
    """Return a token for `person` in each of `roles` for each of `regions`.

    Raises ValueError for an id or a region that is none, and `bootstrap.keys.KeyFileUnusable`.
    """
    issuer = EmbeddedIssuer(signing_key(directory), clock=lambda: datetime.now(UTC))
    named = tuple(regions)
    return issuer.mint(person, [RoleGrant(role, region) for role in roles for region in named], lifetime=lifetime)
