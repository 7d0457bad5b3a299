"""From where did a request come, as far as that can be known?"""

import ipaddress
import re
from functools import cache

from starlette.requests import Request

from api.dependencies import dependencies_of
from api.identity import Actor
from store.commands import Origin

_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def origin_of(request: Request, actor: Actor) -> Origin:
    """Return what the command log keeps of where a request came from."""
    return Origin(
        request_id=str(getattr(request.state, "request_id", "")) or None,
        address=address_of(request),
        token_id=actor.token_id,
        authenticated_at=actor.logged_in_at,
        on_behalf_of=actor.on_behalf_of,
    )


def address_of(request: Request) -> str | None:
    """Return the address of whoever asked: the peer's, or what trusted proxies say of whom they speak for.

    Each trusted proxy adds the address that it was asked from; the last one that is no trusted proxy is the client.
    """
    peer = request.client.host if request.client is not None else None
    trusted = _networks(dependencies_of(request).settings.trusted_proxies)
    named = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    address = _plain(peer)
    for each in reversed(named):
        if address is None or not _is_within(address, trusted):
            break
        before = _plain(each.strip())
        if before is None:
            break
        address = before
    return address


def is_local(request: Request) -> bool:
    """Say whether the browser is on this machine and asked for this machine by name.

    The name matters: a page elsewhere can point its own name at 127.0.0.1 (DNS rebinding) and read our answers.
    """
    try:
        near = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        near = False
    return near and re.sub(r":\d+\Z", "", request.headers.get("host", "").lower()) in _LOOPBACK_HOSTS


def _plain(address: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address((address or "").strip("[]")))
    except ValueError:
        return None


def _is_within(address: str, networks: tuple[_Network, ...]) -> bool:
    return any(ipaddress.ip_address(address) in network for network in networks)


@cache
def _networks(trusted: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(each.strip(), strict=False) for each in trusted.split(",") if each.strip())
