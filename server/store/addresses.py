"""The URLs that name several hosts: Sentinels, or nodes of a Cluster."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

SENTINEL_PORT = 26379
REDIS_PORT = 6379
_LOGIN = ("username", "password")


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """`redis+sentinel://[user:pass@]h1:p1,h2/service[/db][?sentinel_username=..&..password=..]`"""

    sentinels: list[tuple[str, int]]
    service: str
    db: int
    redis_login: dict[str, str]
    sentinel_login: dict[str, str]
    ssl: bool


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """`redis+cluster://[user:pass@]h1:p1,h2:p2`: some of the nodes; they know the others."""

    nodes: list[tuple[str, int]]
    login: dict[str, str]
    ssl: bool


def sentinel_address(url: str) -> SentinelAddress:
    """Read a Sentinel URL. Raises ValueError with what is wrong."""
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
    )


def cluster_address(url: str) -> ClusterAddress:
    """Read a Cluster URL. Raises ValueError with what is wrong."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    if not hosts:
        raise ValueError("it needs a node, as in redis+cluster://h1:6379,h2:6379")
    if parts.path.strip("/") not in ("", "0"):
        raise ValueError(f"a Cluster has database 0 only, not {parts.path.strip('/')!r}")
    return ClusterAddress(
        _hosts(hosts, REDIS_PORT), _login(login), parts.scheme.startswith("rediss")
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
