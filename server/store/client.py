"""Connects to a Redis by its URL: one server, or the master that Sentinels name."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.settings import SettingsError
from server.settings.sections import Redis as RedisSettings

_HEALTH_CHECK_S = 15
_SENTINEL_PORT = 26379


def connect(url: str, settings: RedisSettings) -> Redis:
    """A client for `url`, which answers bytes. Nothing is sent before the first command.

    A command that fails is never sent again behind the caller's back. When all connections are
    busy a command waits for one, at most `command_timeout_s`. Close it with `aclose()`.
    Raises SettingsError for a URL that can't be used.
    """
    scheme = url.partition("://")[0]
    try:
        match scheme:
            case "redis" | "rediss" | "unix":
                pool = BlockingConnectionPool.from_url(
                    url,
                    max_connections=settings.connections_max,
                    timeout=settings.command_timeout_s,
                    **_options(settings),
                )
                return Redis.from_pool(pool)
            case "redis+sentinel" | "rediss+sentinel":
                return _sentinel_master(_parse_sentinel(urlsplit(url)), settings)
    except ValueError as error:
        raise SettingsError(f"redis.url = {mask_url(url)} can't be used: {error}.") from None
    raise SettingsError(
        f"redis.url = {mask_url(url)} can't be used: it must start with redis://, rediss://, "
        "unix:// or redis+sentinel://."
    )


def mask_url(url: str) -> str:
    """The URL without its passwords, fit for logs."""
    head, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    if at:
        user = credentials.partition(":")[0]
        authority = f"{user}:***@{hosts}"
    path, question, query = path.partition("?")
    if "password" in query:
        query = "***"
    return f"{head}{mark}{authority}{slash}{path}{question}{query}"


@dataclass(frozen=True, slots=True)
class _SentinelAddress:
    sentinels: list[tuple[str, int]]
    service: str
    db: int
    redis_login: dict[str, str]
    sentinel_login: dict[str, str]
    ssl: bool


class _SentinelMaster(Redis):
    """The client of a master whose address the Sentinels know, closed together with theirs."""

    sentinel: Sentinel

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await self.sentinel.aclose()


def _sentinel_master(address: _SentinelAddress, settings: RedisSettings) -> Redis:
    common = _options(settings) | ({"ssl": True} if address.ssl else {})
    sentinel = Sentinel(
        address.sentinels,
        sentinel_kwargs={**common, **address.sentinel_login},
        **common,
        **address.redis_login,
        db=address.db,
    )
    client = sentinel.master_for(
        address.service, redis_class=_SentinelMaster, max_connections=settings.connections_max
    )
    client.sentinel = sentinel
    return client


def _options(settings: RedisSettings) -> dict[str, Any]:
    return {
        "socket_timeout": settings.command_timeout_s,
        "socket_connect_timeout": settings.connect_timeout_s,
        "health_check_interval": _HEALTH_CHECK_S,
        # A lost answer doesn't mean the script didn't run: whoever sent it decides.
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "decode_responses": False,
        "protocol": 2,
    }


def _parse_sentinel(parts: SplitResult) -> _SentinelAddress:
    login, _, hosts = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    if not hosts or not service:
        raise ValueError("it needs sentinels and a service, as in redis+sentinel://h1:26379/name")
    if db and not db.isdigit():
        raise ValueError(f"its database {db!r} is not a number")
    user, _, password = (unquote(part) for part in login.partition(":"))
    query = parse_qs(parts.query)
    asked = {name: query[f"sentinel_{name}"][0] for name in _LOGIN if f"sentinel_{name}" in query}
    return _SentinelAddress(
        sentinels=[_host_port(host) for host in hosts.split(",")],
        service=unquote(service),
        db=int(db or 0),
        redis_login={k: v for k, v in (("username", user), ("password", password)) if v},
        sentinel_login=asked,
        ssl=parts.scheme.startswith("rediss"),
    )


_LOGIN = ("username", "password")


def _host_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), _SENTINEL_PORT
    if not port.isdigit():
        raise ValueError(f"the port of {text!r} is not a number")
    return host.strip("[]"), int(port)
