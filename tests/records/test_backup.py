"""A backup brings back both stores: rooms in Redis, rooms that left, and the records."""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from server.cli.backup import bring_back, write_backup
from server.cli.main import main
from server.cli.manifest import BackupUnusable
from server.features.archive.tables import POSITIONS, ROOMS
from server.features.audits.all_rooms import AllRooms
from server.house import keys_under, records_of, store_on
from server.protocol.roles import Role
from server.records import dumping
from server.records.database import Database
from server.records.retired import PARTS, away_rooms, read_parts, snapshot_of
from server.rooms.data_version import VERSION, bring_up_to_date
from server.rooms.deleting import delete_room
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.folder_lock import FolderInUse
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from server.worker import Worker
from tests.conftest import MakeSettings
from tests.orders.shop import shop_on
from tests.records.evening import copy_all, shop_in
from tests.records.test_purchases import trade
from tests.records.test_retirement import ASKED, retirer_of
from tests.running import running
from tests.web.api import Api

SOLD = ("r1", "r2")
MakeOn = Callable[[Path, str, str], Settings]


@pytest.fixture
def settings_on(make_settings: MakeSettings) -> MakeOn:
    """Settings of a server on a data folder, a Redis (empty is the private one) and records."""

    def make(data: Path, redis: str, records: str) -> Settings:
        return make_settings(
            data={"dir": str(data)},
            redis={"url": redis},
            records={"url": records},
            orders={"fair_window_ms": 0},
        )

    return make


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    """The Redis of the server that is backed up."""
    async with EmbeddedRedis(tmp_path / "data", fsync=False) as made:
        yield made


@pytest.fixture
async def sold(
    embedded: EmbeddedRedis, records_url: str, settings_on: MakeOn
) -> AsyncIterator[tuple[RoomStore, Settings]]:
    """Two rooms with orders, of which `r2` has left Redis."""
    settings = settings_on(embedded.folder, embedded.url, records_url)
    redis = connect(embedded.url, settings.redis)
    store = store_on(redis, keys_under(settings.redis.key_prefix))
    await bring_up_to_date(store)
    for room in SOLD:
        await trade(await shop_in(store, settings, room))
    records = records_of(settings)
    await copy_all(store, records, settings)
    await retire(store, records, settings, "r2")
    await records.aclose()
    yield store, settings_on(embedded.folder, "", records_url)
    await redis.aclose()


async def retire(store: RoomStore, records: Database, settings: Settings, room: str) -> None:
    key = store.keys.room(room, "room")
    await store.redis.hset(key, mapping={"phase": "ended", "selling": "0"})
    await store.redis.hset(key, "ended", time.time_ns() // 1_000_000)
    assert (await retirer_of(store, records, settings).retire(room, at_once=True)).left


def other_records(request: pytest.FixtureRequest, records_url: str, tmp_path: Path) -> str:
    """Empty records of the same engine."""
    if records_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other' / 'records.sqlite3'}"
    return str(request.getfixturevalue("postgres").make_database())


async def answers(settings: Settings) -> dict[str, Any]:
    """What REST says of both rooms and of all orders, without the time of the reading."""
    async with running(settings, "w4") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        _, described = await api.send("GET", "/v1/openapi.json", user=None)
        paths = [
            path.replace("{room}", room) + ASKED.get(path, "")
            for path, methods in described["paths"].items()
            if "get" in methods
            and not path.endswith(("/stream", ".ics"))  # goes on; a stream without a time has none
            and re.findall(r"{(\w+)}", path) == ["room"]
            for room in SOLD
        ]
        found = {}
        for path in [*paths, "/v1/rooms", "/v1/orders"]:
            status, body = await api.send("GET", path, user="boss", role=Role.ADMIN)
            assert status == 200, (path, body)
            found[path] = re.sub(r"'(at_ms|now)': \d+", "", str(body))
        return found


async def differing(settings: Settings, away: Collection[str] = {"r2"}) -> dict[str, list[str]]:
    """What the audit of all rooms finds."""
    redis = connect(settings.redis.url, settings.redis)
    store = store_on(redis, keys_under(settings.redis.key_prefix))
    records = records_of(settings)
    try:
        found = [each async for each in AllRooms(store, records).found()]
        assert {each.room for each in found if each.away} == away
        assert {each.unread for each in found} == {""}
        return {each.room: list(each.differences) for each in found if each.differences}
    finally:
        await records.aclose()
        await redis.aclose()


@pytest.mark.blocking_allowed  # the start of a worker reads files
async def test_what_was_backed_up_comes_back_and_answers_the_same(
    sold: tuple[RoomStore, Settings],
    settings_on: MakeOn,
    embedded: EmbeddedRedis,
    records_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    store, settings = sold
    manifest = await write_backup(store, settings, tmp_path / "backup")
    told = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert told["redis"]["data_version"] == VERSION
    assert told["records"]["revisions"] == manifest.records.revisions != []
    before = await answers(settings_on(embedded.folder, embedded.url, records_url))

    url = other_records(request, records_url, tmp_path)
    data = tmp_path / "restored"
    await bring_back(settings_on(data, "", url), tmp_path / "backup")
    async with EmbeddedRedis(data, fsync=False) as redis:
        again = settings_on(data, redis.url, url)
        assert await differing(again) == {}
        assert await answers(again) == before


@pytest.mark.blocking_allowed  # the start of a worker reads files
async def test_what_came_between_the_two_copies_is_in_neither_store(
    sold: tuple[RoomStore, Settings],
    settings_on: MakeOn,
    records_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, settings = sold
    await shop_in(store, settings, "r3")  # without a ledger by then
    copy = dumping.dump

    async def copy_later(records: Database, target: Path) -> None:
        for room in ("r1", "r3"):
            shop = shop_on(store, settings, room)
            await shop.pay(await shop.buy("dan", await shop.open(10)))
        await copy_all(store, records, settings)
        await retire(store, records, settings, "r1")
        await copy(records, target)

    monkeypatch.setattr(dumping, "dump", copy_later)
    entries = await store.redis.xlen(store.keys.room("r1", "ledger"))
    await write_backup(store, settings, tmp_path / "backup")

    url = other_records(request, records_url, tmp_path)
    data = tmp_path / "restored"
    await bring_back(settings_on(data, "", url), tmp_path / "backup")
    async with EmbeddedRedis(data, fsync=False) as redis:
        again = settings_on(data, redis.url, url)
        assert await differing(again) == {}
        records = records_of(again)
        assert await away_rooms(records) == ["r2"]
        async with records.reading() as connection:
            held = await connection.execute(
                select(POSITIONS.c.life, POSITIONS.c.entries).where(POSITIONS.c.stream == "ledger")
            )
            counts = {row.life: row.entries for row in held}
        await records.aclose()
        assert counts[1] == entries


@pytest.mark.blocking_allowed  # the start of a worker reads files
async def test_rooms_made_or_deleted_and_people_forgotten_between_the_copies_are_in_both_or_neither(
    sold: tuple[RoomStore, Settings],
    settings_on: MakeOn,
    embedded: EmbeddedRedis,
    records_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, settings = sold
    serving = settings_on(embedded.folder, embedded.url, records_url)
    worker = await asyncio.to_thread(worker_on, store, serving)
    async with worker:
        store.restore = worker.store.restore
        for room in ("r5", "r6"):
            await left_settled(store, worker.records, settings, room)
        copy = dumping.dump

        async def copy_later(records: Database, target: Path) -> None:
            for room in ("r3", "r4"):  # made, and one of them has left by now
                await trade(await shop_in(store, settings, room))
            await copy_all(store, records, settings)
            await retire(store, records, settings, "r4")
            await delete_room(store, records, "r5", worker.deletes)
            await forget_in(worker, "zed", {"r6"})
            await copy(records, target)

        monkeypatch.setattr(dumping, "dump", copy_later)
        await write_backup(store, settings, tmp_path / "backup")

    url = other_records(request, records_url, tmp_path)
    data = tmp_path / "restored"
    _, still = await bring_back(settings_on(data, "", url), tmp_path / "backup")
    assert still == []
    async with EmbeddedRedis(data, fsync=False) as redis:
        again = settings_on(data, redis.url, url)
        assert await differing(again, {"r2", "r6"}) == {}
        records = records_of(again)
        async with records.reading() as connection:
            rooms = (await connection.scalars(select(ROOMS.c.room))).all()
            parts = (await connection.scalars(select(PARTS.c.room).distinct())).all()
        assert sorted(rooms) == ["r1", "r2", "r6"]
        assert sorted(parts) == ["r2", "r6"]
        assert await names(records, "r6", b"zed") is False
        await records.aclose()


async def left_settled(store: RoomStore, records: Database, settings: Settings, room: str) -> None:
    """Retire a room in which zed paid and nothing is due."""
    shop = await shop_in(store, settings, room)
    await shop.pay(await shop.buy("zed", await shop.open(10)))
    for lasts_seconds in ("due", "announcing"):
        await store.redis.delete(store.keys.room(room, lasts_seconds))
    await copy_all(store, records, settings)
    await retire(store, records, settings, room)


async def names(records: Database, room: str, user: bytes) -> bool:
    """Whether the newest snapshot of a room names somebody."""
    async with records.reading() as connection:
        snapshot = await snapshot_of(connection, room)
    parts = [part async for part in read_parts(records, snapshot)]
    assert parts
    return any(user in item for part in parts for item in part.items)


async def forget_in(worker: Worker, user: str, rooms: set[str]) -> None:
    """Forget somebody; only these rooms may leave for it."""
    forgotten = await worker.forgetter().forget(user)
    assert (set(forgotten.rooms), forgotten.waiting) == (rooms, {})


def worker_on(store: RoomStore, settings: Settings) -> Worker:
    return Worker(store.redis, settings, worker_id="w9", metrics=Metrics(), random=Random(1))


@pytest.mark.blocking_allowed  # the start of a worker reads files
@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_who_was_forgotten_after_an_older_backup_is_forgotten_again(
    sold: tuple[RoomStore, Settings],
    settings_on: MakeOn,
    embedded: EmbeddedRedis,
    records_url: str,
    tmp_path: Path,
) -> None:
    store, settings = sold
    serving = settings_on(embedded.folder, embedded.url, records_url)
    worker = await asyncio.to_thread(worker_on, store, serving)
    async with worker:
        store.restore = worker.store.restore
        await left_settled(store, worker.records, settings, "r6")
        await write_backup(store, settings, tmp_path / "older")
        await forget_in(worker, "zed", {"r6"})
    await write_backup(store, settings, tmp_path / "newer")
    target = settings_on(tmp_path / "restored", "", "")
    _, still = await bring_back(target, tmp_path / "older", tmp_path / "newer")
    assert still == []
    records = records_of(target)
    assert await names(records, "r6", b"zed") is False
    await records.aclose()


@pytest.mark.blocking_allowed  # the start of a worker reads files
@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_a_restored_redis_keeps_what_is_written_after(
    sold: tuple[RoomStore, Settings], settings_on: MakeOn, tmp_path: Path
) -> None:
    store, settings = sold
    await write_backup(store, settings, tmp_path / "backup")
    data = tmp_path / "restored"
    await bring_back(settings_on(data, "", ""), tmp_path / "backup")
    for expected in (None, b"1"):
        async with EmbeddedRedis(data) as embedded:
            redis = connect(embedded.url, settings.redis)
            assert await redis.get("later") == expected
            assert await redis.exists(store.keys.room("r1", "ledger"))
            await redis.set("later", 1)
            await redis.aclose()


@pytest.mark.blocking_allowed  # writes files
@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_what_can_not_be_restored_is_refused_before_anything_is_written(
    sold: tuple[RoomStore, Settings],
    settings_on: MakeOn,
    tmp_path: Path,
    embedded: EmbeddedRedis,
) -> None:
    store, settings = sold
    folder, data = tmp_path / "backup", tmp_path / "restored"
    target = settings_on(data, "", "")

    async def refused(why: str, to: Settings = target) -> None:
        with pytest.raises((BackupUnusable, FolderInUse), match=why):
            await bring_back(to, folder)
        assert not data.exists() or {each.name for each in data.iterdir()} <= {"lock"}

    await refused("There is no whole backup")
    await write_backup(store, settings, folder)
    with pytest.raises(BackupUnusable, match="is not empty"):
        await write_backup(store, settings, folder)
    await refused("is in use by another server", settings)
    await refused("redis.url names another", settings_on(data, embedded.url, ""))
    await refused("There are records at", settings_on(data, "", settings.records.url))
    await refused("records.url names postgresql", settings_on(data, "", "postgresql://u@h/d"))

    (data / "redis").mkdir(parents=True)
    (data / "redis" / "x").touch()
    with pytest.raises(BackupUnusable, match="holds a Redis already"):
        await bring_back(target, folder)
    (data / "redis" / "x").unlink()
    (data / "redis").rmdir()

    manifest = folder / "backup.json"
    whole = manifest.read_text()
    newer = json.loads(whole)
    newer["redis"]["data_version"] = VERSION + 1
    manifest.write_text(json.dumps(newer))
    await refused(f"data of version {VERSION + 1}")
    manifest.write_text(whole.replace('"form": 1', '"form": 2'))
    await refused("has form 2")
    manifest.write_text(whole)
    with (folder / "redis.rdb").open("ab") as file:
        file.write(b"x")
    await refused("redis.rdb of the backup in .* is not the one")


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_a_redis_by_url_is_left_to_its_own_means(
    sold: tuple[RoomStore, Settings],
    settings_on: MakeOn,
    embedded: EmbeddedRedis,
    records_url: str,
    tmp_path: Path,
) -> None:
    store, _ = sold
    by_url = settings_on(tmp_path / "elsewhere", embedded.url, records_url)
    manifest = await write_backup(store, by_url, tmp_path / "backup")
    assert manifest.redis is None
    assert sorted(each.name for each in (tmp_path / "backup").iterdir()) == [
        "backup.json",
        "forgotten.json",
        "records.sqlite3",
    ]


def test_the_commands_say_in_a_sentence_what_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command, said in (("backup", "There are no orders in"), ("restore", "There is no whole")):
        monkeypatch.setattr(sys, "argv", ["liveroom", command, "b"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith(f"liveroom: {said}")
