"""Web origins and host names: which page is our own, and which machine is this one.

An origin is scheme, host and port; the default port may be written or left out (RFC 6454).
"""

import ipaddress
import re
from typing import NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = r"(\[[0-9A-Fa-f:.]+\]|[^\s/@:\[\]?#\\]+)(?::(\d{0,5}))?"
_ORIGIN = re.compile(rf"(https?)://{_AUTHORITY}", re.IGNORECASE)
_HOST = re.compile(_AUTHORITY)


class Origin(NamedTuple):
    """A web origin in its one normal form."""

    scheme: str
    host: str
    port: int


def origin_of(text: str) -> Origin | None:
    """The origin that a header or a base URL names; None if it names none, as `null` does."""
    match = _ORIGIN.fullmatch(text.strip())
    if match is None:
        return None
    scheme = match[1].lower()
    return Origin(scheme, match[2].lower(), int(match[3] or _DEFAULT_PORTS[scheme]))


def host_name(host: str) -> str:
    """The name in a `Host` header, in lower case and without its port; empty if it has none."""
    match = _HOST.fullmatch(host.strip())
    return match[1].lower() if match else ""


def is_own_origin(origin: str, host: str, public_url: str = "") -> bool:
    """Whether `origin` is this server as the request's `Host` or `server.public_url` has it."""
    asked = origin_of(origin)
    if asked is None:
        return False
    # A proxy may speak TLS for us, so the scheme is not compared with our own; it only says which
    # port a `Host` without one means.
    return asked in (origin_of(f"{asked.scheme}://{host}"), origin_of(public_url))


def is_loopback_address(address: str) -> bool:
    """Whether an IP address, of a socket's peer for example, is this very machine."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def is_loopback_name(name: str) -> bool:
    """Whether a host name or address can only mean this very machine (RFC 6761 section 6.3)."""
    name = name.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_loopback_address(name.strip("[]"))


def base_url(host: str, port: int) -> str:
    """The URL of an address that a server listens on; IPv6 stands in brackets (RFC 3986)."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
