"""Connects to a Redis by its URL: one server, or the master that Sentinels name."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import RedisError

from server.masking import mask_url
from server.settings import SettingsError
from server.settings.sections import Redis as RedisSettings
from server.store.redis_program import VERSION_MIN

log = logging.getLogger(__name__)

_HEALTH_CHECK_S = 15
_SENTINEL_PORT = 26379
# Made once: otherwise each new connection reads the package's metadata from disk, on the loop.
_DRIVER = DriverInfo()


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


class RedisUnusable(Exception):
    """The Redis at the URL can't be used; the text says why."""


async def check(url: str, settings: RedisSettings) -> None:
    """Ask a Redis whether it can carry a server, before one starts. Raises RedisUnusable.

    What could lose orders without stopping a server is logged as a warning.
    """
    redis = connect(url, settings)
    try:
        info = await redis.info()
    except RedisError as error:
        raise RedisUnusable(
            f"The Redis at {mask_url(url)} can't be used: {error}. Start it, or correct redis.url."
        ) from None
    finally:
        await redis.aclose()
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION_MIN:
        raise RedisUnusable(f"The Redis at {mask_url(url)} is {version}; 6.2 or newer is needed.")
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        log.warning(
            "The Redis at %s may evict keys: set maxmemory-policy noeviction.", mask_url(url)
        )
    if settings.durability != "memory" and not info.get("aof_enabled"):
        log.warning(
            "The Redis at %s keeps no append-only file: orders may be lost with it "
            "(set appendonly yes and appendfsync always).",
            mask_url(url),
        )


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

    asked: Sentinel

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await self.asked.aclose()


def _sentinel_master(address: _SentinelAddress, settings: RedisSettings) -> Redis:
    common = _options(settings) | ({"ssl": True} if address.ssl else {})
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        address.sentinels,
        sentinel_kwargs={**common, **address.sentinel_login},
        **common,
        **address.redis_login,
        db=address.db,
    )
    client: _SentinelMaster = sentinel.master_for(
        address.service, redis_class=_SentinelMaster, max_connections=settings.connections_max
    )
    client.asked = sentinel
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
        "driver_info": _DRIVER,
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
