"""Whatever is killed, and whenever, the archive holds each entry of each stream exactly once.

A copier runs in a process of its own and is killed with -9 at random moments, and so are Redis and
PostgreSQL, while entries go on being written.
"""

import asyncio
import contextlib
import random
import signal
import sys
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from server.house import keys_under, records_of, store_on
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.postgres import Postgres, program
from tests.records.test_archive import archived, archiver_of, copy_all, make_room

ROOMS = ("a", "b", "c")
COPIER = Path(__file__).parent / "copier.py"


class Copier:
    """The process that copies, and is killed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.records.copier",
            self._settings.redis.url, self._settings.redis.key_prefix, self._settings.records.url,
        )  # fmt: skip

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


async def write(store: RoomStore, rng: random.Random, written: dict[str, int]) -> None:
    """Append one entry to some room; what Redis did not answer may be there or not."""
    room = rng.choice(ROOMS)
    n = written[room] + 1
    try:
        await store.redis.xadd(store.keys.room(room, "ledger"), {"e": b"%d" % n}, id=f"{n}-0")
    except (RedisError, OSError) as error:
        if "equal or smaller" not in str(error):
            return  # it is tried again
    written[room] = n


@pytest.mark.parametrize(
    "engine",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.torture("kills the database, too")),
    ],
)
@pytest.mark.parametrize("seed", [1])
@pytest.mark.long("kills processes again and again")
async def test_each_entry_is_archived_once_whatever_is_killed(
    make_settings: MakeSettings, prefix: str, tmp_path: Path, engine: str, seed: int
) -> None:
    rng = random.Random(seed)
    async with contextlib.AsyncExitStack() as stack:
        redis_server = await stack.enter_async_context(RedisProcess(tmp_path / "redis"))
        postgres, url = None, f"sqlite:///{tmp_path / 'records.sqlite3'}"
        if engine == "postgresql":
            if program("initdb") is None:
                pytest.skip("PostgreSQL is missing: install Debian's postgresql.")
            postgres = Postgres(fsync="on", synchronous_commit="on", full_page_writes="on")
            await asyncio.to_thread(postgres.__enter__)
            stack.callback(postgres.__exit__)
            url = await asyncio.to_thread(postgres.make_database)
        settings = make_settings(
            redis={"url": redis_server.url, "command_timeout_s": 5}, records={"url": url}
        )
        redis = connect(settings.redis.url, settings.redis)
        stack.push_async_callback(redis.aclose)
        store = store_on(redis, keys_under(prefix))
        for room in ROOMS:
            await make_room(store, room)
        written = dict.fromkeys(ROOMS, 0)
        copiers = [Copier(settings), Copier(settings)]
        for copier in copiers:
            await copier.start()
            stack.push_async_callback(copier.kill)
        for _ in range(12):
            for _ in range(rng.randint(20, 200)):
                await write(store, rng, written)
            await asyncio.sleep(rng.random() * 0.2)  # so that it hits at another moment
            match rng.choice(["copier", "copier", "redis", "records"]):
                case "redis":
                    await redis_server.kill()
                    await redis_server.start()
                case "records" if postgres is not None:
                    await asyncio.to_thread(postgres.kill)
                    await asyncio.to_thread(postgres.start)
                case _:
                    copier = rng.choice(copiers)
                    await copier.kill()
                    await copier.start()
        for copier in copiers:
            await copier.kill()
        records = records_of(settings)
        stack.push_async_callback(records.aclose)
        await copy_all(archiver_of(store, records, settings, "last"))
        expected = [
            (room, "ledger", n, 0, b"%d" % n) for room in ROOMS for n in range(1, written[room] + 1)
        ]
        assert sorted(await archived(records)) == expected
