"""Connects to a Redis by URL: a single server, the master that Sentinels name, or a Cluster."""

import logging
import os
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import RedisError

from server.settings import SettingsError
from server.settings.masking import mask_url
from server.settings.sections import Redis as RedisSettings
from server.store.addresses import (
    ClusterAddress,
    SentinelAddress,
    cluster_address,
    sentinel_address,
    url_options,
)
from server.store.cluster import Cluster, Node
from server.store.durability import Durability, NotDurable
from server.store.prompt import prompt
from server.store.redis_client import Client, Sentinels
from server.store.release import SUPPORTED, Release, Releases
from server.store.troubles import Troubles

log = logging.getLogger(__name__)

AnyRedis = Redis | Cluster

_HEALTH_CHECK_S = 15
# Sharded pub/sub came with Redis 7.0.
_SUPPORTED_IN_CLUSTERS = Releases(redis=(7, 0), valkey=SUPPORTED.valkey)
# Made once, because otherwise each new connection reads package metadata from disk, on the loop.
_DRIVER = DriverInfo()


def connect(url: str, settings: RedisSettings, troubles: Troubles | None = None) -> AnyRedis:
    """Make a client for `url` that returns bytes. It sends nothing before the first command.

    The client never repeats a failed command, except one that a replica refused (see
    `redis_client`). When all connections are busy a command waits for one, at most
    `command_timeout_s`. Close the client with `aclose()`. Programs that go on after a failure pass
    `troubles`, which logs it; others report it themselves.
    Raises SettingsError for a URL that can't be used.
    """
    scheme = url.partition("://")[0]
    try:
        match scheme:
            case "redis" | "rediss" | "unix":
                url_options(url)  # the pool accepts any option, and fails only at the first command
                pool = BlockingConnectionPool.from_url(url, **_pool_options(settings))
                return _client(pool, troubles)
            case "redis+sentinel" | "rediss+sentinel":
                return _sentinel_master(sentinel_address(url), settings, troubles)
            case "redis+cluster" | "rediss+cluster":
                return _cluster(cluster_address(url), settings, troubles)
    except ValueError as error:
        raise SettingsError(f"redis.url = {mask_url(url)} can't be used: {error}.") from None
    raise SettingsError(
        f"redis.url = {mask_url(url)} can't be used: it must start with redis://, rediss://, "
        "unix://, redis+sentinel:// or redis+cluster://."
    )


class RedisUnusable(Exception):
    """The Redis at the URL can't be used; the text says why."""


def _why(error: Exception) -> str:
    """Return the cause of an error, without the addresses that asyncio and redis-py add."""
    below = error if isinstance(error, OSError) else error.__context__
    if isinstance(below, ConnectionError | FileNotFoundError | PermissionError) and below.errno:
        return os.strerror(below.errno)
    return str(error).rstrip(".")


async def check(url: str, settings: RedisSettings) -> None:
    """Check, before a server starts, that it can use this Redis. Raises RedisUnusable.

    The Redis must be able to keep the promise of `redis.durability`. Its program and version are
    logged, and a warning if it may evict keys.
    """
    redis = connect(url, settings)
    try:
        promise = Durability.parse(settings.durability)
        infos = []
        for client in await _each(redis):
            infos.append(await client.info())
            await promise.check(client)
    except NotDurable as broken:
        raise RedisUnusable(f"The Redis at {mask_url(url)}: {broken}") from None
    except (RedisError, OSError) as error:
        why = _why(error)
        raise RedisUnusable(
            f"The Redis at {mask_url(url)} can't be used: {why}. Start it, or correct redis.url."
        ) from None
    finally:
        await redis.aclose()
    for info in infos:
        _check_info(mask_url(url), info, isinstance(redis, Cluster))
        if not promise.waits and _may_fork(info):
            log.warning(
                "The Redis at %s has replicas and min-replicas-to-write 0: cut off from them, it "
                "would go on taking orders that a failover loses. See docs/durability.md.",
                mask_url(url),
            )
    found = sorted({str(Release.told_by(info)) for info in infos})
    log.info("The Redis at %s is %s.", mask_url(url), " and ".join(found))


async def program(url: str, settings: RedisSettings) -> str:
    """Return the program at `url` with its version, such as `Redis 7.0.15`."""
    redis = connect(url, settings)
    try:
        return str(Release.told_by(await redis.info()))
    except (RedisError, OSError) as error:
        return f"unknown ({_why(error)})"
    finally:
        await redis.aclose()


async def _each(redis: AnyRedis) -> list[Redis]:
    """Return a client of each server that orders are written to."""
    if isinstance(redis, Cluster):
        return [redis.client_of(node) for node in await redis.primaries()]
    return [redis]


def _check_info(url: str, info: dict[str, Any], is_cluster: bool) -> None:
    release = Release.told_by(info)
    needed = _SUPPORTED_IN_CLUSTERS if is_cluster else SUPPORTED
    if not needed.include(release):
        raise RedisUnusable(f"The Redis at {url} is {release}; {needed} is needed.")
    if info.get("cluster_enabled") and not is_cluster:
        raise RedisUnusable(
            f"The Redis at {url} is a node of a Cluster: start redis.url with redis+cluster://."
        )
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        log.warning("The Redis at %s may evict keys: set maxmemory-policy noeviction.", url)


def _may_fork(info: dict[str, Any]) -> bool:
    """Whether a primary with replicas goes on writing when it is cut off from all of them."""
    # Redis tells how many replicas are good if it asks for some of them.
    return int(info.get("connected_slaves", 0)) > 0 and "min_slaves_good_slaves" not in info


def _client(pool: BlockingConnectionPool, troubles: Troubles | None) -> Client:
    client = Client.from_pool(prompt(pool))
    assert isinstance(client, Client)
    client.troubles = troubles
    return client


class SentinelMaster(Client):
    """The client of a master that Sentinels name. Closing it closes the Sentinels' clients too."""

    asked: Sentinels

    async def follow_sentinels(self) -> None:
        """Leave a master that the Sentinels have replaced. Raises MasterNotFoundError.

        Connections that work say nothing about it: a master that only the Sentinels lost goes on
        answering. New connections ask the Sentinels anyway.
        """
        pool: Any = self.connection_pool
        before = pool.master_address
        if await pool.get_master_address() != before:  # drops the idle connections
            pool.connection_class.primary.lost()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await self.asked.aclose()


class _WaitingSentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """A Sentinel pool that waits for a free connection, as the pool of a single Redis does."""


def _sentinel_master(
    address: SentinelAddress, settings: RedisSettings, troubles: Troubles | None
) -> Redis:
    common = _options(settings) | ({"ssl": True} if address.ssl else {}) | address.tls_options
    sentinel = Sentinels(  # type: ignore[no-untyped-call]
        address.sentinels, sentinel_kwargs={**common, **address.sentinel_login}
    )
    client: SentinelMaster = sentinel.master_for(
        address.service,
        redis_class=SentinelMaster,
        connection_pool_class=_WaitingSentinelPool,
        **(_pool_options(settings) | common | address.redis_login | address.options),
        db=address.db,
    )
    client.asked = sentinel
    client.troubles = troubles
    for asked in (client, *sentinel.sentinels):
        prompt(asked.connection_pool)
    return client


def _cluster(
    address: ClusterAddress, settings: RedisSettings, troubles: Troubles | None
) -> Cluster:
    options = _pool_options(settings) | address.login | address.options
    if address.ssl:
        options["connection_class"] = SSLConnection

    def connect_node(node: Node) -> Redis:
        pool = BlockingConnectionPool(host=node.host, port=node.port, **options)
        return _client(pool, troubles)

    seeds = [Node(host, port) for host, port in address.nodes]
    cluster = Cluster(seeds, connect_node, settings.command_timeout_s)
    cluster.troubles = troubles
    return cluster


def _pool_options(settings: RedisSettings) -> dict[str, Any]:
    return _options(settings) | {
        "max_connections": settings.connections_max,
        "timeout": settings.command_timeout_s,
    }


def _options(settings: RedisSettings) -> dict[str, Any]:
    return {
        "socket_timeout": settings.command_timeout_s,
        "socket_connect_timeout": settings.connect_timeout_s,
        "health_check_interval": _HEALTH_CHECK_S,
        # No retries: the script may have run although its answer was lost. The caller decides.
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "decode_responses": False,
        "protocol": 2,
        "driver_info": _DRIVER,
    }
