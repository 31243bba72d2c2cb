"""Finds the address of a client behind trusted proxies, and the name its rate is kept under."""

import ipaddress
from collections.abc import Iterable, Sequence

FORWARDED_FOR = "X-Forwarded-For"
_IPV6_PREFIX = 64
"""The part of an IPv6 address that one site has: its hosts choose the rest as they like."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ClientAddresses:
    """Believes `X-Forwarded-For` of the trusted proxies alone: addresses, and networks such as
    `10.0.0.0/8`."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(text, strict=False) for text in trusted]

    def is_trusted(self, address: str) -> bool:
        """Whether this is the address of a trusted proxy."""
        found = _parsed(address)
        return found is not None and any(
            found.version == network.version and found in network for network in self._trusted
        )

    def behind(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """Return the client's address; `forwarded_for` are the values of all such headers.

        Each proxy appends the address that it saw. So they are read from the end, for as long as
        the one who wrote them is trusted: what stands before, the client may have invented.
        """
        address = peer
        for said in reversed(",".join(forwarded_for).split(",")):
            if not self.is_trusted(address):
                break
            found = _parsed(_without_port(said.strip()))
            if found is None:
                break
            address = str(found)
        return address


def rate_name(address: str) -> str:
    """Return the name that an address' rate is kept under: itself, or the /64 network of IPv6."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return address if found is None else str(found)


def _parsed(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(text: str) -> str:
    """Some proxies write `192.0.2.7:4711` and `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
