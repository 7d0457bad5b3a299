"""Where is the server that a command speaks to, and in whose name does it speak?"""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.installation import DEFAULT_DIRECTORY, Installation

if TYPE_CHECKING:
    from bootstrap.api_client import Api
    from readiness.commands import Role


_ADDRESS = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?")
_TOKEN = re.compile(r"[!-~]+")


class NotRunning(Exception):  # noqa: N818 - named as what is the case.
    """There is no server to speak to; the message says how to start one."""


class TokenMissing(Exception):  # noqa: N818 - named as what is the case.
    """A server elsewhere is named, but no token for it, or something that is none."""


def server_url(directory: Path) -> str:
    """Return where the server is: LTL_SERVER, or what runs on `directory`; raises NotRunning."""
    elsewhere = os.environ.get("LTL_SERVER")
    if elsewhere:
        if not _ADDRESS.fullmatch(elsewhere):
            raise NotRunning(f"LTL_SERVER is {elsewhere!r}; it takes an address such as http://127.0.0.1:8000.")
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
    if token and not _TOKEN.fullmatch(token):
        raise TokenMissing("LTL_TOKEN does not hold a token: that is one line of letters, digits and `-_.`.")
    from bootstrap.api_client import Api

    if token:
        return Api(url, token, on_wait=_say)
    from bootstrap.local_door import mint

    return Api(url, mint(directory.absolute(), person, roles), on_wait=_say)


def _say(why: str) -> None:
    # Not where programs read.
    print(why, file=sys.stderr, flush=True)
