"""Parses URLs with several hosts (Sentinels, nodes of a Cluster), and the options of any URL."""

import difflib
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio.connection import parse_url

SENTINEL_PORT = 26379
REDIS_PORT = 6379
_LOGIN = ("username", "password")
_SENTINEL_LOGIN = tuple(f"sentinel_{name}" for name in _LOGIN)
_TLS_FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_TLS = (
    *_TLS_FILES,
    "ssl_ca_data",
    "ssl_cert_reqs",
    "ssl_check_hostname",
    "ssl_ciphers",
    "ssl_exclude_verify_flags",
    "ssl_include_verify_flags",
    "ssl_min_version",
    "ssl_password",
)
_CONNECTION = (
    "client_name",
    "health_check_interval",
    "max_connections",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_read_size",
    "socket_timeout",
    "timeout",
)
_OF_ONE_SERVER = ("db", *_LOGIN)


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """`redis+sentinel://[user:pass@]h1:p1,h2/service[/db][?sentinel_username=..&..password=..]`"""

    sentinels: list[tuple[str, int]]
    service: str
    db: int
    redis_login: dict[str, str]
    sentinel_login: dict[str, str]
    ssl: bool
    options: dict[str, Any]
    """Options of the connections to Redis; those about TLS also apply to the Sentinels."""

    @property
    def tls_options(self) -> dict[str, Any]:
        """Return the options about TLS."""
        return {name: value for name, value in self.options.items() if name in _TLS}


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """`redis+cluster://[user:pass@]h1:p1,h2:p2`: some of the nodes, which name the others."""

    nodes: list[tuple[str, int]]
    login: dict[str, str]
    ssl: bool
    options: dict[str, Any]


def url_options(url: str) -> dict[str, Any]:
    """Return the options after the `?` of any Redis URL, as arguments for redis-py's connections.

    Raises ValueError for an option that is unknown, does not fit this kind of URL, has an invalid
    value, or names a file that can't be read.
    """
    parts = urlsplit(url)
    _, _, topology = parts.scheme.partition("+")
    known = {*_CONNECTION, *_TLS}
    known |= {"sentinel": {*_SENTINEL_LOGIN}, "": {*_OF_ONE_SERVER}}.get(topology, set())
    given = parse_qs(parts.query, keep_blank_values=True)
    for name in given:
        _must_be_known(name, known, parts.scheme)
    own = {name: value for name, value in given.items() if name not in _SENTINEL_LOGIN}
    query = parts.query if own else ""
    options = {k: v for k, v in parse_url(f"redis://?{query}").items() if k in own}
    for name in _TLS_FILES:
        if name in options:
            _must_be_readable(name, str(options[name]))
    return options


def _must_be_known(name: str, known: set[str], scheme: str) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
        hint = f"; did you mean {close[0]}" if close else f"; it takes {', '.join(sorted(known))}"
        raise ValueError(f"its option {name!r} is not known{hint}")
    if name in _TLS and not scheme.startswith("rediss"):
        raise ValueError(f"its option {name} needs TLS: begin the URL with {_with_tls(scheme)}://")


def _with_tls(scheme: str) -> str:
    return "rediss" + scheme.removeprefix("redis") if scheme.startswith("redis") else "rediss"


def _must_be_readable(name: str, path: str) -> None:
    try:
        os.stat(path)  # noqa: PTH116 - checks only that the folder or file is there for us
        if not os.access(path, os.R_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise ValueError(f"its {name} = {path} can't be read: {error.strerror}") from None


def sentinel_address(url: str) -> SentinelAddress:
    """Parse a Sentinel URL. Raises ValueError that says what is wrong."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    if not hosts or not service:
        raise ValueError("it needs sentinels and a service, as in redis+sentinel://h1:26379/name")
    if db and not db.isdigit():
        raise ValueError(f"its database {db!r} is not a number")
    query = parse_qs(parts.query)
    return SentinelAddress(
        sentinels=_hosts(hosts, SENTINEL_PORT),
        service=unquote(service),
        db=int(db or 0),
        redis_login=_login(login),
        sentinel_login={
            name: query[f"sentinel_{name}"][0] for name in _LOGIN if f"sentinel_{name}" in query
        },
        ssl=parts.scheme.startswith("rediss"),
        options=url_options(url),
    )


def cluster_address(url: str) -> ClusterAddress:
    """Parse a Cluster URL. Raises ValueError that says what is wrong."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    if not hosts:
        raise ValueError("it needs a node, as in redis+cluster://h1:6379,h2:6379")
    if parts.path.strip("/") not in ("", "0"):
        raise ValueError(f"a Cluster has database 0 only, not {parts.path.strip('/')!r}")
    return ClusterAddress(
        _hosts(hosts, REDIS_PORT),
        _login(login),
        parts.scheme.startswith("rediss"),
        url_options(url),
    )


def _login(text: str) -> dict[str, str]:
    user, _, password = (unquote(part) for part in text.partition(":"))
    return {k: v for k, v in (("username", user), ("password", password)) if v}


def _hosts(text: str, default_port: int) -> list[tuple[str, int]]:
    return [_host_port(host, default_port) for host in text.split(",")]


def _host_port(text: str, default_port: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), default_port
    if not port.isdigit():
        raise ValueError(f"the port of {text!r} is not a number")
    return host.strip("[]"), int(port)
