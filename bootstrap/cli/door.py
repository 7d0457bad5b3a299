"""Where is the server that a command speaks to, and in whose name does it speak?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.installation import DEFAULT_DIRECTORY, Installation

if TYPE_CHECKING:
    from bootstrap.api_client import Api
    from readiness.commands import Role


class NotRunning(Exception):  # noqa: N818 - named as what is the case.
    """There is no server to speak to; the message says how to start one."""


class TokenMissing(Exception):  # noqa: N818 - named as what is the case.
    """A server elsewhere is named, but no token for it."""


def server_url(directory: Path) -> str:
    """Return where the server is: LTL_SERVER, or what runs on `directory`; raises NotRunning."""
    elsewhere = os.environ.get("LTL_SERVER")
    if elsewhere:
        return elsewhere.rstrip("/")
    running = Installation(directory.absolute()).running()
    if running is None:
        named = "" if str(directory) == DEFAULT_DIRECTORY else f" --data {directory}"
        raise NotRunning(
            f"No server is running on {directory}. Start one with `ltl up{named}`; "
            "for one elsewhere set LTL_SERVER and LTL_TOKEN."
        )
    return running.url


def opened(directory: Path, person: str, *roles: "Role") -> "Api":
    """Return a client for `person` in `roles`, or for whoever LTL_TOKEN speaks for.

    Raises NotRunning, TokenMissing and `bootstrap.keys.KeyFileUnusable`.
    """
    url = server_url(directory)
    token = os.environ.get("LTL_TOKEN")
    if not token and os.environ.get("LTL_SERVER"):
        raise TokenMissing(f"LTL_SERVER names {url}; set LTL_TOKEN to a token that it trusts.")
    from bootstrap.api_client import Api

    if token:
        return Api(url, token)
    from bootstrap.local_door import mint

    return Api(url, mint(directory.absolute(), person, roles))
