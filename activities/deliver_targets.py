"""May a webhook's address be reached from here, and at which addresses of the network?"""

# A name is looked up once for each connection, every address that it answers with is checked, and the connection goes
# to one of exactly these: a name that answers differently the next time (DNS rebinding) is not asked again.

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from readiness.addresses import is_public

LONGEST_URL = 2_000
RESOLVE_PATIENCE = timedelta(seconds=5)

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Answers with every address of a name, as text; raises OSError where there is none."""


class TargetRefused(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """A webhook may not be sent there; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection goes: to one of `addresses`, as the host of `url`."""

    url: httpx2.URL
    addresses: tuple[str, ...]


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """Return every address of `host`, in the order in which this machine would try them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Targets:
    """Lets through what lies in the open internet; with `allow_private` anything, over plain HTTP too."""

    def __init__(self, *, allow_private: bool = False, resolver: Resolve = resolve) -> None:
        self._allow_private = allow_private
        self._resolve = resolver

    def parsed(self, url: str) -> httpx2.URL:
        """Return a webhook's URL as it is connected to; raises TargetRefused for one that no webhook may have."""
        if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
            raise TargetRefused(f"A webhook's address has at most {LONGEST_URL:,} characters, all of them ASCII.")
        try:
            found = httpx2.URL(url)
            port = found.port
        except (httpx2.InvalidURL, ValueError):
            raise TargetRefused("The address is not a URL. Write it as https://receiver.example/path.") from None
        schemes = ("https", "http") if self._allow_private else ("https",)
        if found.scheme not in schemes:
            raise TargetRefused(
                "A webhook is sent over https only. Write its address so, as in https://receiver.example/path."
            )
        if not found.host or found.userinfo or found.fragment or port == 0:
            raise TargetRefused("The address needs a host, and takes neither a user, a password nor a fragment.")
        return found

    async def target(self, url: str) -> Target:
        """Return where `url` leads right now; raises TargetRefused where it may not be sent to.

        Raises OSError where the name is not known at the moment.
        """
        parsed = self.parsed(url)
        async with asyncio.timeout(RESOLVE_PATIENCE.total_seconds()):
            try:
                addresses = await self._resolve(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80))
            except UnicodeError:
                # Where a part of the name is longer than any name may be.
                addresses = ()
        if not addresses:
            raise OSError("the name has no address")
        if not self._allow_private and not all(map(is_public, addresses)):
            raise TargetRefused(
                "The address leads into a private network, or back to this machine. A webhook is sent to the open "
                "internet only, unless whoever runs the installation sets LTL_WEBHOOKS_PRIVATE."
            )
        return Target(parsed, addresses)
