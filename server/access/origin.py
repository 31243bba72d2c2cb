"""Web origins and host names: recognises our own pages and this machine.

An origin is scheme, host and port; the default port may be omitted (RFC 6454).
"""

import ipaddress
import re
from typing import NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = r"(\[[0-9A-Fa-f:.]+\]|[^\s/@:\[\]?#\\]+)(?::(\d{0,5}))?"
_ORIGIN = re.compile(rf"(https?)://{_AUTHORITY}", re.IGNORECASE)
_HOST = re.compile(_AUTHORITY)


class Origin(NamedTuple):
    """A web origin in normal form."""

    scheme: str
    host: str
    port: int


def origin_of(text: str) -> Origin | None:
    """Parse the origin in a header or base URL; None if it has none, such as `null`."""
    match = _ORIGIN.fullmatch(text.strip())
    if match is None:
        return None
    scheme = match[1].lower()
    return Origin(scheme, match[2].lower(), int(match[3] or _DEFAULT_PORTS[scheme]))


def host_name(host: str) -> str:
    """Return the name in a `Host` header, in lower case and without port; empty if it has none."""
    match = _HOST.fullmatch(host.strip())
    return match[1].lower() if match else ""


def is_own_origin(origin: str, host: str, public_url: str = "") -> bool:
    """Whether `origin` is this server, by the request's `Host` or by `server.public_url`."""
    asked = origin_of(origin)
    if asked is None:
        return False
    # A proxy may add TLS, so the origin's scheme is not compared with ours; it only gives the
    # default port for a `Host` without one.
    return asked in (origin_of(f"{asked.scheme}://{host}"), origin_of(public_url))


def is_loopback_address(address: str) -> bool:
    """Whether an IP address, such as a socket's peer, is this machine."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def is_loopback_name(name: str) -> bool:
    """Whether a host name or address can only mean this machine (RFC 6761 section 6.3)."""
    name = name.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_loopback_address(name.strip("[]"))


def base_url(host: str, port: int) -> str:
    """Return the URL of a listening address; IPv6 is put in brackets (RFC 3986)."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
