"""Recognises variables that Kubernetes and Docker's links set for services near a container.

For a Service `liveroom-redis` these are LIVEROOM_REDIS_SERVICE_HOST, LIVEROOM_REDIS_SERVICE_PORT
and one more for each named port, LIVEROOM_REDIS_PORT=tcp://10.96.12.7:6379, and
LIVEROOM_REDIS_PORT_6379_TCP with its _PROTO, _PORT and _ADDR. They look like settings, and some
have the exact name of a setting.
"""

import re
from collections.abc import Iterator, Mapping

_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+:\d+")
_OF_A_PORT = re.compile(r"(.+)_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
_NAMED_PORT = re.compile(r"(.+)_SERVICE_PORT_\w+")


def service_variables(environ: Mapping[str, str]) -> set[str]:
    """Return the names of the variables in `environ` that hold the address of a service.

    A variable counts only together with the others of its service, so a mistyped setting is still
    reported.
    """
    services = {
        name.removesuffix("_SERVICE_HOST")
        for name in environ
        if name.endswith("_SERVICE_HOST") and name.removesuffix("_HOST") + "_PORT" in environ
    }
    services |= {
        match[1]
        for name in environ
        if (match := _OF_A_PORT.fullmatch(name)) and _is_address(environ, f"{match[1]}_PORT")
    }
    return {name for name in environ if not services.isdisjoint(_services_of(name, environ))}


def _services_of(name: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the services to which a variable with this name and value may belong.

    There may be two: A_SERVICE_PORT is the port of a Service `a` or the address of `a-service`.
    """
    for pattern in (_OF_A_PORT, _NAMED_PORT):
        if match := pattern.fullmatch(name):
            yield match[1]
    for ending in ("_SERVICE_HOST", "_SERVICE_PORT"):
        if name.endswith(ending):
            yield name.removesuffix(ending)
    # A number here is the setting server.port, even beside a Service `liveroom-server`.
    if name.endswith("_PORT") and _is_address(environ, name):
        yield name.removesuffix("_PORT")


def _is_address(environ: Mapping[str, str], name: str) -> bool:
    return _ADDRESS.fullmatch(environ.get(name, "")) is not None
