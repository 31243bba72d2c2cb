"""Restricts sign-in as anybody, in development mode, to people at this machine."""

from collections.abc import Collection

from aiohttp import web

from server.access.origin import host_name, is_loopback_address, is_loopback_name

_THIS_HOST = ("0.0.0.0", "[::]")  # noqa: S104 - printed for `--host`; names only this machine
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def is_at_this_machine(request: web.BaseRequest, dev_hosts: Collection[str]) -> bool:
    """Whether a request came over loopback, under a name that means this machine.

    The name is checked because any web site may point a name of its own at 127.0.0.1 (DNS
    rebinding) and then call us as a page of "our" origin. Behind a proxy all requests come over
    loopback, perhaps with the name `127.0.0.1` too; there only the listed names count.
    """
    if not is_loopback_address(request.remote or ""):
        return False
    name = host_name(request.headers.get("Host", ""))
    if name in {host.lower() for host in dev_hosts}:
        return True
    means_here = is_loopback_name(name) or name in _THIS_HOST
    return means_here and not any(field in request.headers for field in _PASSED_ON)
