"""Decides which addresses webhooks may connect to: an endpoint must not lead into our own networks.

The check is of the address that is connected to, each time a socket is made. So a name that leads
elsewhere the next time it is looked up, or a number in disguise, comes no further.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from server.protocol.codes import CommandError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_THIS_MACHINE = ("127.0.0.0/8", "::1/128")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses whose last 32 bits are an IPv4 address, to which a router may send (RFC 6052)."""


class ForbiddenAddress(OSError):
    """An endpoint is in a network into which webhooks must not lead."""


class Networks:
    """The networks that are public, and those that the settings allow beside them."""

    def __init__(self, allowed: Sequence[str], *, development: bool) -> None:
        names = (*allowed, *(_THIS_MACHINE if development else ()))
        self._allowed = [ipaddress.ip_network(name) for name in names]

    def must_be_allowed(self, address: str) -> None:
        """Raise ForbiddenAddress, with a sentence, if webhooks must not connect to an address."""
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
        if found.is_global and not found.is_multicast and not found.is_reserved:
            return
        if not any(found.version == each.version and found in each for each in self._allowed):
            raise ForbiddenAddress(
                f"{address} is in a private network, into which webhooks do not lead; "
                "webhooks.allowed_networks can allow it"
            )

    def checked_url(self, text: str, *, plain: bool) -> str:
        """Return a URL that may be posted to, by `plain` HTTP too. Raises CommandError.

        To which addresses a name leads is looked up at each connection, and not here.
        """
        try:
            url = URL(text)
            is_whole = bool(url.host and url.port)
        except ValueError:
            url, is_whole = URL(), False
        schemes = ("https", "http") if plain else ("https",)
        if url.scheme not in schemes or not is_whole or text != text.strip():
            raise CommandError("bad_message", "`url` must be whole, and begin with https://.")
        if url.user is not None or url.password is not None or url.fragment:
            raise CommandError(
                "bad_message",
                "`url` must have no user or password, for posts are signed instead, and no "
                "fragment, which is never sent.",
            )
        with contextlib.suppress(ValueError):  # then it is a name
            address = ipaddress.ip_address(str(url.host))
            try:
                self.must_be_allowed(str(address))
            except ForbiddenAddress as error:
                raise CommandError("forbidden", f"{error}.") from None
        return text

    def socket_to(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for an address that was looked up. Raises ForbiddenAddress."""
        family, kind, protocol, _, place = info
        self.must_be_allowed(str(place[0]))
        return socket.socket(family, kind, protocol)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if inside := address.ipv4_mapped or address.sixtofour:
            return inside
        if address in _TRANSLATED:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class Lookups(AbstractResolver):
    """Looks names up in threads of its own, one a name: a server of names that hangs keeps nobody
    waiting but the endpoint whose name it has."""

    def __init__(self, names_max: int) -> None:
        self._threads = ThreadPoolExecutor(names_max, thread_name_prefix="webhook name")
        self._under_way: dict[tuple[str, int, int], asyncio.Future[list[Any]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        key = host, port, int(family)
        found = self._under_way.get(key)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(
                self._threads, _addresses_of, host, port, int(family)
            )
            self._under_way[key] = found
            found.add_done_callback(lambda done: self._ended(key, done))
        return [
            ResolveResult(
                hostname=host, host=place[0], port=place[1], family=kind, proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in await asyncio.shield(found)
        ]  # fmt: skip

    def _ended(self, key: tuple[str, int, int], done: "asyncio.Future[list[Any]]") -> None:
        del self._under_way[key]
        if not done.cancelled():
            done.exception()  # whoever asked may have given up waiting

    async def close(self) -> None:
        """Leave what hangs alone."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses_of(host: str, port: int, family: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
