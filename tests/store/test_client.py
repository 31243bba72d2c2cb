"""Connecting to a Redis by its URL."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import ConnectionError as RedisConnectionError

from loadtest.fanout.ready import free_port
from server.settings import SettingsError
from server.settings.sections import Redis as RedisSettings
from server.store import redis_program
from server.store.client import RedisUnusable, _check_info, check, connect
from server.store.cluster import key_of
from server.store.embedded import EmbeddedRedis
from server.store.redis_client import Sentinels
from server.store.redis_program import RedisProgram
from tests.orders.redis_process import RedisProcess
from tests.programs import PROGRAMS, name_of

SETTINGS = RedisSettings(connect_timeout_s=30, command_timeout_s=30)


@asynccontextmanager
async def redis_process(*arguments: str) -> AsyncIterator[None]:
    """A redis-server of this test, which says that it is ready."""
    program = await redis_program.find()
    child = await asyncio.create_subprocess_exec(
        program.path, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        while b"eady to accept" not in (line := await child.stdout.readline()):
            # A Sentinel doesn't say that it is ready; this is the last line before it is.
            if b"+monitor" in line:
                break
            assert line, "redis-server ended"
        yield
    finally:
        child.terminate()
        await child.communicate()


async def test_answers_are_bytes(redis: Redis, prefix: str) -> None:
    await redis.set(f"{prefix}:a", "é")

    assert await redis.get(f"{prefix}:a") == "é".encode()


async def test_a_tcp_url_with_a_password_and_a_database_connects(tmp_path: Path) -> None:
    port = free_port()
    async with redis_process(
        *("--port", str(port), "--bind", "127.0.0.1", "--save", ""),
        *("--dir", str(tmp_path), "--requirepass", "hush"),
    ):
        redis = connect(f"redis://:hush@127.0.0.1:{port}/3", SETTINGS)
        assert await redis.ping()
        assert (await redis.client_info())["db"] == 3
        await redis.aclose()


async def test_a_sentinel_names_the_master(tmp_path: Path) -> None:
    port, sentinel_port = free_port(), free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"port {sentinel_port}\nbind 127.0.0.1\nsentinel monitor rooms 127.0.0.1 {port} 1\n"
    )
    async with (
        redis_process(
            *("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path))
        ),
        redis_process(str(config), "--sentinel"),
    ):
        redis = connect(f"redis+sentinel://127.0.0.1:{sentinel_port}/rooms/2", SETTINGS)
        await redis.set("a", "1")
        assert await redis.get("a") == b"1"
        assert (await redis.client_info())["db"] == 2
        await redis.aclose()


async def test_a_command_that_fails_is_not_sent_again() -> None:
    asked = 0

    async def lose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while data := await reader.read(1000):
            if b"INCR" in data:
                asked += 1
                break
            writer.write(b"+PONG\r\n" * data.count(b"PING") + b"+OK\r\n" * data.count(b"SETINFO"))
        writer.close()

    async with await asyncio.start_server(lose, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        redis = connect(f"redis://127.0.0.1:{port}", SETTINGS)
        with pytest.raises(RedisConnectionError):
            await redis.incr("a")
        await redis.aclose()

    assert asked == 1


async def test_a_busy_client_waits_for_a_connection_instead_of_failing(
    redis_server: EmbeddedRedis, prefix: str
) -> None:
    redis = connect(redis_server.url, RedisSettings(connections_max=2))

    counted = await asyncio.gather(*(redis.incr(f"{prefix}:n") for _ in range(50)))

    assert sorted(counted) == list(range(1, 51))
    await redis.aclose()


@pytest.mark.parametrize("turns", range(0, 60, 2))
async def test_a_task_that_is_cancelled_while_it_connects_ends(
    turns: int, redis_server: EmbeddedRedis
) -> None:
    redis = connect(redis_server.url, SETTINGS)

    async def ask_and_stay() -> None:
        await redis.ping()
        await asyncio.Event().wait()

    task = asyncio.create_task(ask_and_stay())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=60)

    assert task.cancelled()
    await redis.aclose()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://host", "it must start with redis://"),
        ("redis+sentinel://host:1", "needs sentinels and a service"),
        ("redis+sentinel://host:x/service", "the port of 'host:x' is not a number"),
        ("redis+sentinel://host:1/service/x", "database 'x' is not a number"),
        ("rediss://h?ssl_ca_cert=/ca.pem", "'ssl_ca_cert' is not known; did you mean ssl_ca_certs"),
        ("rediss+sentinel://h/s?ssl_ca_cert=/ca.pem", "did you mean ssl_ca_certs"),
        ("rediss+cluster://h?ssl_ca_cert=/ca.pem", "did you mean ssl_ca_certs"),
        ("redis+sentinel://h/s?sentinel_pasword=p", "did you mean sentinel_password"),
        ("redis+cluster://h?zzz=1", "'zzz' is not known; it takes client_name"),
        ("redis+cluster://h?db=1", "'db' is not known"),
        ("redis://h?retry_on_timeout=1", "'retry_on_timeout' is not known"),
        ("redis://h?decode_responses=1", "'decode_responses' is not known"),
        ("redis://h?ssl_ca_certs=/ca.pem", "needs TLS: begin the URL with rediss://"),
        ("redis+cluster://h?ssl_ca_certs=/", r"begin the URL with rediss\+cluster://"),
        ("rediss://h?ssl_ca_certs=/no/ca.pem", "ssl_ca_certs = /no/ca.pem can't be read: No such"),
        ("rediss+cluster://h?ssl_certfile=/no", "ssl_certfile = /no can't be read: No such file"),
        ("redis+sentinel://h/s?socket_timeout=x", "Invalid value for 'socket_timeout'"),
    ],
)
def test_a_url_that_can_not_be_used_is_a_sentence(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        connect(url, SETTINGS)


async def test_a_redis_that_is_not_there_is_a_sentence_without_the_password() -> None:
    said = r"redis://:\*\*\*@127\.0\.0\.1:\d+ can't be used: Connection refused\. Start it"
    with pytest.raises(RedisUnusable, match=said):
        await check(f"redis://:hush@127.0.0.1:{free_port()}", SETTINGS)


async def test_sentinels_that_are_not_there_are_one_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, two = free_port(), free_port()
    url = f"redis+sentinel://:hush@127.0.0.1:{one},127.0.0.1:{two}/shop?sentinel_password=hush"

    with pytest.raises(RedisUnusable) as refused:
        await check(url, SETTINGS)

    said = str(refused.value)
    assert "none of the Sentinels 127.0.0.1:" in said
    assert "names a primary of `shop` that is up (Error 111 connecting to 127.0.0.1:" in said
    assert "hush" not in said
    assert "<" not in said
    assert "\n" not in said
    assert caplog.text == ""


class Told(Sentinels):
    """Sentinels that answer by their place in the list; None does not answer."""

    def __init__(self, *answers: tuple[int, str] | None) -> None:
        places = [("127.0.0.1", n + 1) for n in range(len(answers))]
        super().__init__(places)  # type: ignore[no-untyped-call]
        self.answers = list(answers)

    async def _ask(self, sentinel: Any, service_name: str) -> dict[str, Any]:
        answer = self.answers[self.sentinels.index(sentinel)]
        if answer is None:
            raise RedisConnectionError("cut off")
        epoch, host = answer
        good = {"is_master": True, "is_sdown": False, "is_odown": False, "num-other-sentinels": 2}
        return {"config-epoch": epoch, "ip": host, "port": "6379", **good}


async def test_the_newest_failover_that_a_sentinel_knows_counts_and_is_never_taken_back() -> None:
    old, new = (1, "old"), (2, "new")
    told = Told(old, new, new)  # the first is cut off from the others, and answers first
    assert await told.discover_master("rooms") == ("new", 6379)
    told.answers = [old, None, None]
    with pytest.raises(MasterNotFoundError, match="names a primary of `rooms` that is up"):
        await told.discover_master("rooms")
    told.answers = [None, None, new]
    assert await told.discover_master("rooms") == ("new", 6379)
    assert await Told(old, None, None).discover_master("rooms") == ("old", 6379)


async def test_a_service_that_the_sentinels_do_not_know_is_one_sentence(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor rooms 127.0.0.1 1 1\n")
    async with redis_process(str(config), "--sentinel"):
        said = f"none of the Sentinels 127.0.0.1:{port} names a primary of `shop` that is up."
        with pytest.raises(RedisUnusable, match=said):
            await check(f"redis+sentinel://127.0.0.1:{port}/shop", SETTINGS)


async def test_a_redis_that_may_lose_orders_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    async with redis_process(
        *("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)),
        *("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"),
    ):
        with pytest.raises(RedisUnusable, match="does not sync each write: set appendonly yes"):
            await check(f"redis://127.0.0.1:{port}", SETTINGS)
        memory = SETTINGS.model_copy(update={"durability": "memory"})
        await check(f"redis://127.0.0.1:{port}", memory)

    assert "may evict keys" in caplog.text


@pytest.mark.parametrize("wanted", [0, 1])
async def test_a_primary_that_would_sell_without_its_replicas_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, wanted: int
) -> None:
    async with RedisProcess(tmp_path / "p") as primary:
        await check(primary.url, SETTINGS)
        assert "min-replicas-to-write" not in caplog.text, "it has no replicas"
        async with RedisProcess(tmp_path / "r", replicaof=primary) as replica:
            await replica.wait_for_sync(primary)
            await primary.client.config_set("min-replicas-to-write", wanted)
            await check(primary.url, SETTINGS)

    assert ("min-replicas-to-write 0" in caplog.text) is (wanted == 0)


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
async def test_which_program_answers_at_the_url_is_logged(
    program: RedisProgram, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "server.store.client")

    async with RedisProcess(tmp_path, program=program) as redis:
        await check(redis.url, SETTINGS)

    assert f"The Redis at {redis.url} is {program.release}." in caplog.text


async def test_one_that_is_too_old_is_refused_by_its_name_and_version() -> None:
    with pytest.raises(
        RedisUnusable, match=r"is Redis 5\.0\.7; Redis 6\.2 or Valkey 7\.2 or newer"
    ):
        _check_info("redis://old", {"redis_version": "5.0.7"}, is_cluster=False)
    with pytest.raises(
        RedisUnusable, match=r"is Redis 6\.2\.14; Redis 7\.0 or Valkey 7\.2 or newer"
    ):
        _check_info("redis://old", {"redis_version": "6.2.14"}, is_cluster=True)


async def test_a_safe_redis_is_used_without_a_warning(
    synced_redis: EmbeddedRedis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    await check(synced_redis.url, SETTINGS)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("GET", "k"), "k"),
        (("XGROUP CREATE", "k", "outbox", "0"), "k"),
        (("XREADGROUP", "GROUP", "outbox", "w1", "COUNT", 10, b"STREAMS", "k", ">"), "k"),
        (("XREAD", "COUNT", 1, "STREAMS", "k", "0"), "k"),
        (("EVALSHA", "sha", 1, "k", b"args"), "k"),
        (("TIME",), None),
    ],
)
def test_a_command_for_a_cluster_goes_where_its_key_is(
    words: tuple[object, ...], key: str | None
) -> None:
    assert key_of(words) == key
