"""The private Redis, against the real programs: those on PATH and the one in the wheel."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.settings.sections import Redis as RedisSettings
from server.store import redis_program
from server.store.client import connect
from server.store.embedded import EmbeddedRedis, EmbeddedRedisError
from server.store.folder_lock import FolderInUse
from server.store.redis_program import NoRedisProgram, RedisProgram
from tests.programs import PROGRAMS, name_of

pytestmark = pytest.mark.long("starts, kills and fills servers of their own")

Client = Callable[[EmbeddedRedis], AbstractAsyncContextManager[Redis]]

every_program = pytest.mark.parametrize("program", PROGRAMS, ids=name_of)


@pytest.fixture
def client() -> Client:
    """A client of the Redis under test."""

    @asynccontextmanager
    async def of(embedded: EmbeddedRedis) -> AsyncIterator[Redis]:
        redis = connect(embedded.url, RedisSettings())
        assert isinstance(redis, Redis)
        yield redis
        await redis.aclose()

    return of


async def gone(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended.set)
    try:
        async with asyncio.timeout(60):
            await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


@every_program
async def test_data_survive_a_restart(
    program: RedisProgram, tmp_path: Path, client: Client
) -> None:
    async with (
        EmbeddedRedis(tmp_path, server_path=str(program.path)) as first,
        client(first) as redis,
    ):
        await redis.set("order", "paid")

    async with (
        EmbeddedRedis(tmp_path, server_path=str(program.path)) as second,
        client(second) as redis,
    ):
        assert await redis.get("order") == b"paid"


@every_program
async def test_a_killed_child_comes_back_with_its_data(
    program: RedisProgram, tmp_path: Path, client: Client
) -> None:
    async with EmbeddedRedis(tmp_path, server_path=str(program.path)) as embedded:
        async with client(embedded) as redis:
            await redis.set("order", "paid")
            killed = embedded.pid

            os.kill(killed, signal.SIGKILL)
            async with asyncio.timeout(60):
                await embedded.restarted.wait()

        assert embedded.pid != killed
        async with client(embedded) as redis:
            assert await redis.get("order") == b"paid"


async def test_only_its_owner_reaches_it(tmp_path: Path, client: Client) -> None:
    async with EmbeddedRedis(tmp_path) as embedded, client(embedded) as redis:
        assert (await redis.config_get("port"))["port"] == "0"
        assert stat.S_IMODE(embedded.socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(embedded.socket.stat().st_mode) == 0o700


async def test_writes_are_on_disk_before_they_are_answered(tmp_path: Path, client: Client) -> None:
    async with EmbeddedRedis(tmp_path) as embedded, client(embedded) as redis:
        kept = await redis.config_get("append*", "maxmemory-policy")

    assert kept["appendonly"] == "yes"
    assert kept["appendfsync"] == "always"
    assert kept["maxmemory-policy"] == "noeviction"


async def test_a_second_server_on_the_folder_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path):
        with pytest.raises(FolderInUse, match=rf"in use .*process {os.getpid()}.*--data-dir"):
            async with EmbeddedRedis(tmp_path):
                pass


async def test_it_is_gone_when_its_context_ends(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path) as embedded:
        pid = embedded.pid

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not embedded.socket.exists()


PARENT = """
import asyncio, pathlib, sys
from server.store.embedded import EmbeddedRedis
async def main():
    async with EmbeddedRedis(pathlib.Path(sys.argv[1])) as embedded:
        print(embedded.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())

    parent.kill()
    await parent.wait()

    await gone(pid)


@asynccontextmanager
async def left_behind(embedded: EmbeddedRedis) -> AsyncIterator[asyncio.subprocess.Process]:
    """A redis-server as a server killed in the middle leaves it, where no kernel ends it."""
    embedded.home.mkdir()
    program = await redis_program.find()
    orphan = await asyncio.create_subprocess_exec(
        program.path, *embedded._arguments(), stdout=asyncio.subprocess.PIPE
    )
    assert orphan.stdout is not None
    try:
        while b"ready to accept" not in await orphan.stdout.readline():
            pass
        yield orphan
    finally:
        if orphan.returncode is None:
            orphan.kill()
        await orphan.wait()


async def test_one_that_was_left_behind_is_stopped_first(tmp_path: Path, client: Client) -> None:
    embedded = EmbeddedRedis(tmp_path)

    async with left_behind(embedded) as orphan, embedded, client(embedded) as redis:
        assert await redis.ping()
        async with asyncio.timeout(60):
            assert await orphan.wait() == 0


async def test_one_that_was_left_behind_and_hangs_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.embedded._STOP_S_MAX", 0.1)
    embedded = EmbeddedRedis(tmp_path)

    async with left_behind(embedded) as orphan:
        orphan.send_signal(signal.SIGSTOP)

        async with embedded, asyncio.timeout(60):
            assert await orphan.wait() == -signal.SIGKILL


async def test_a_deep_folder_gets_a_short_socket_of_its_own(tmp_path: Path, client: Client) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)

    async with EmbeddedRedis(deep) as embedded, client(embedded) as redis:
        assert await redis.ping()
        assert len(str(embedded.socket)) <= 100
        assert stat.S_IMODE(embedded.socket.parent.stat().st_mode) == 0o700
        assert (deep / "redis" / "redis.log").exists()
    assert not embedded.socket.parent.exists()


async def test_damaged_data_stop_the_start_with_what_redis_says(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_bytes(b"this is not a log of commands\r\n")

    with pytest.raises(EmbeddedRedisError, match=r"ended with status 1 .*Bad file format"):
        await EmbeddedRedis(tmp_path).__aenter__()


async def test_a_failed_start_frees_the_folder(tmp_path: Path, client: Client) -> None:
    with pytest.raises(NoRedisProgram):
        await EmbeddedRedis(tmp_path, server_path="/bin/true").__aenter__()

    async with EmbeddedRedis(tmp_path) as embedded, client(embedded) as redis:
        assert await redis.ping()


async def test_a_program_that_is_no_redis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRedisProgram, match="is not a redis-server"):
        await EmbeddedRedis(tmp_path, server_path="/bin/true").__aenter__()
    with pytest.raises(NoRedisProgram, match=r"Can't run /nowhere/redis-server.*server_path"):
        await EmbeddedRedis(tmp_path, server_path="/nowhere/redis-server").__aenter__()


async def test_without_any_program_the_person_learns_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_program, "_on_path", list)
    monkeypatch.setattr(redis_program, "_in_wheel", lambda: None)

    with pytest.raises(
        NoRedisProgram, match=r"Redis 6\.2 or Valkey 7\.2 or newer.*Install one .*--redis-url"
    ):
        await EmbeddedRedis(tmp_path).__aenter__()


@every_program
async def test_the_start_is_logged_with_program_and_version(
    program: RedisProgram, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "server.store.embedded")

    async with EmbeddedRedis(tmp_path, server_path=str(program.path)) as embedded:
        pid = embedded.pid

    assert f"The private {program.release} runs: {program.path}, process {pid}." in caplog.text


async def test_a_folder_that_can_not_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(EmbeddedRedisError, match=r"Can't use the data folder .*--data-dir"):
        await EmbeddedRedis(tmp_path / "file" / "data").__aenter__()
