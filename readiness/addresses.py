"""Is an address one that the whole world has, or does it lead back into somebody's own network?"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""Prefixes behind which a translator reaches an IPv4 address, written in the last four bytes (RFC 6052, RFC 8215)."""

_COMPATIBLE = IPv6Network("::/96")
"""Old spelling of IPv4 addresses in IPv6 (RFC 4291, 2.5.5.1)."""

_SITE_LOCAL = IPv6Network("fec0::/10")


def is_public(address: str) -> bool:
    """Say whether `address`, as a resolver answers it, is one of the open internet.

    False for what is private, loopback, link-local, shared, multicast, reserved or unspecified, for the same hidden
    in an IPv6 address, for any tunnel whose other end is not known, and for what is no address at all.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.scope_id is not None or found.sixtofour is not None or found.teredo is not None:
            return False
        hidden = _hidden(found)
        if hidden is not None:
            return _is_open(hidden)
    return _is_open(found)


def _hidden(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address only wraps."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    closed = (
        not address.is_global,
        address.is_private,
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_reserved,
        address.is_unspecified,
        isinstance(address, IPv6Address) and address in _SITE_LOCAL,
    )
    return not any(closed)
