"""A Redis that answers and takes no writes: what buyers, operators and balancers are told."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.house import keys_under, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.settings.sections import Redis as RedisSettings
from server.store import readiness, troubles
from server.store.client import AnyRedis, connect
from server.store.durability import FSYNC, Durability
from server.store.readiness import Readiness
from server.store.refusals import refusal_of, words_of
from server.store.troubles import Troubles
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import shop_on

SETTINGS = RedisSettings(connect_timeout_s=60, command_timeout_s=60)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is as good as another, and every question is asked anew."""
    monkeypatch.setattr(readiness, "ANSWER_S_MAX", 60.0)
    monkeypatch.setattr(readiness, "KEPT_S", 0.0)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    """A Redis of this test's own, which would save a snapshot if it were asked to."""
    async with RedisProcess(tmp_path / "redis", save="3600 1") as made:
        yield made


@pytest.fixture
async def redis(server: RedisProcess) -> AsyncIterator[AnyRedis]:
    """The client that a worker has."""
    client = connect(server.url, SETTINGS, Troubles())
    yield client
    await client.aclose()


async def fill(server: RedisProcess) -> None:
    await server.client.config_set("maxmemory", "1")


async def empty(server: RedisProcess) -> None:
    await server.client.config_set("maxmemory", "0")


async def demote(server: RedisProcess) -> None:
    await server.client.execute_command("REPLICAOF", "127.0.0.1", 1)


async def promote(server: RedisProcess) -> None:
    await server.client.execute_command("REPLICAOF", "NO", "ONE")


async def ask_for_replicas(server: RedisProcess) -> None:
    await server.client.config_set("min-replicas-to-write", "1")


async def ask_for_none(server: RedisProcess) -> None:
    await server.client.config_set("min-replicas-to-write", "0")


async def break_disk(server: RedisProcess) -> None:
    await asyncio.to_thread(shutil.rmtree, server.folder)
    await server.client.bgsave()
    async with asyncio.timeout(60):
        while (await server.info("persistence"))["rdb_last_bgsave_status"] != "err":
            await asyncio.sleep(0.02)


async def mend_disk(server: RedisProcess) -> None:
    await server.client.config_set("stop-writes-on-bgsave-error", "no")


Change = Callable[[RedisProcess], Awaitable[None]]
REFUSALS: list[tuple[str, Change, Change]] = [
    ("OOM", fill, empty),
    ("READONLY", demote, promote),
    ("NOREPLICAS", ask_for_replicas, ask_for_none),
    ("MISCONF", break_disk, mend_disk),
]


@pytest.mark.parametrize(("code", "spoil", "mend"), REFUSALS, ids=[r[0] for r in REFUSALS])
async def test_while_writes_are_refused_buyers_the_log_and_readyz_are_told_why(
    code: str,
    spoil: Change,
    mend: Change,
    server: RedisProcess,
    redis: AnyRedis,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = await asyncio.to_thread(store_on, redis, keys_under("t"))
    ready = Readiness(redis, store.keys, Durability("memory"), answer_s_max=60)
    shop = shop_on(store, settings, "r1")
    await shop.build()
    sale = await shop.open(stock=5)
    assert await ready.why_not() == ""

    await spoil(server)
    for n in range(3):
        with pytest.raises(CommandError) as refused:
            await shop.buy(f"u{n}", sale)
        assert refused.value.code == "unavailable"
        assert f"({code} " in refused.value.msg
        assert refused.value.msg.endswith("nothing was written.")
    assert (await ready.why_not()).startswith(f"Redis takes no writes: {code} ")
    await mend(server)

    assert await ready.why_not() == ""
    await shop.buy("ann", sale)
    assert await shop.counters(sale) == (5, 4, 1, 0)
    told = [record.getMessage() for record in caplog.records if "Redis: " in record.getMessage()]
    assert len(told) == len(set(told))
    assert any(line.startswith(f"Redis: {code} ") for line in told)
    assert "@user_script" not in caplog.text


async def test_a_promise_that_is_no_longer_kept_is_told(
    server: RedisProcess, redis: AnyRedis
) -> None:
    ready = Readiness(redis, keys_under("t"), FSYNC, answer_s_max=60)
    assert await ready.why_not() == ""

    await server.client.config_set("appendfsync", "everysec")

    assert "does not sync each write: set appendfsync always" in await ready.why_not()


async def test_a_replica_that_confirms_nothing_is_told(
    server: RedisProcess, redis: AnyRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "COPIES_MS_MAX", 100)
    async with RedisProcess(tmp_path / "replica", replicaof=server) as replica:
        await replica.wait_for_sync(server)
        ready = Readiness(redis, keys_under("t"), Durability.parse("replicas:1"), answer_s_max=60)
        async with asyncio.timeout(60):
            while await ready.why_not():
                pass

        await replica.client.execute_command("REPLICAOF", "NO", "ONE")

        assert "redis.durability = replicas:1 is not kept" in await ready.why_not()


async def test_however_many_ask_one_write_answers(
    server: RedisProcess, redis: AnyRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_S", 60.0)
    ready = Readiness(redis, keys_under("t"), FSYNC, answer_s_max=60)
    before = (await server.info("commandstats")).get("cmdstat_set", {"calls": 0})["calls"]

    await asyncio.gather(*(ready.why_not() for _ in range(50)))
    await ready.why_not()

    assert (await server.info("commandstats"))["cmdstat_set"]["calls"] == before + 1


async def test_of_a_redis_that_is_away_no_address_is_told(server: RedisProcess) -> None:
    redis = connect(server.url, SETTINGS)
    await server.kill()

    assert await Readiness(redis, keys_under("t"), FSYNC).why_not() == "Redis does not answer."
    await redis.aclose()


# Redis' words


@pytest.mark.parametrize(
    ("said", "words", "code"),
    [
        (
            (
                "OOM command not allowed when used memory > 'maxmemory'. script: "
                "0123456789abcdef0123456789abcdef01234567, on @user_script:12."
            ),
            "OOM command not allowed when used memory > 'maxmemory'",
            "OOM",
        ),
        (
            (
                "Error running script (call to f_0123456789abcdef): @user_script:9: "
                "@user_script: 9: -READONLY You can't write against a read only replica."
            ),
            "READONLY You can't write against a read only replica",
            "READONLY",
        ),
        ("MISCONF Redis is configured to save\r\nsnapshots.", "MISCONF Redis is", "MISCONF"),
        ("AUTH failed for redis://:hush@10.0.0.5", "AUTH failed for redis://:***@10.0.0.5", ""),
        ("ERR OOM is only a word here", "ERR OOM is only a word here", ""),
    ],
)
def test_redis_words_are_its_own_without_places_and_secrets(
    said: str, words: str, code: str
) -> None:
    assert words_of(ResponseError(said)).startswith(words)
    assert refusal_of(ResponseError(said)) == code
    assert "script" not in words_of(ResponseError(said))


def test_redis_6_says_err_and_means_what_the_script_met() -> None:
    said = "Error running script (call to f_01ab): @user_script:1: @user_script: 1: -OOM command."

    assert refusal_of(ResponseError(said, status_code="ERR")) == "OOM"


async def test_each_cause_is_logged_once_and_then_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "REPEAT_S", 0.05)
    noted = Troubles()

    for _ in range(4):
        noted.note(ResponseError("OOM full"))
    noted.note(ResponseError("MISCONF disk"))
    async with asyncio.timeout(60):
        while len(caplog.records) < 3:
            await asyncio.sleep(0.01)

    assert [record.getMessage() for record in caplog.records] == [
        "Redis: OOM full.",
        "Redis: MISCONF disk.",
        "Redis: OOM full (3 times more in 0 s).",
    ]
    assert all(record.levelno == logging.WARNING for record in caplog.records)


async def test_no_more_causes_are_counted_than_a_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    noted = Troubles()

    for n in range(troubles.CAUSES_MAX * 3):
        noted.note(ResponseError(f"ERR {n}"))

    assert len(caplog.records) == troubles.CAUSES_MAX + 1


async def test_a_command_that_fails_is_logged_whoever_sent_it(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.set("t:text", "x")

    with pytest.raises(ResponseError):
        await redis.hgetall("t:text")

    assert "Redis: WRONGTYPE Operation against a key" in caplog.text
