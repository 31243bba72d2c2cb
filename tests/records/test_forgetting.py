"""A person who is forgotten is nowhere any more, and the money adds up as before."""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from server.access.auth import Identity
from server.features.books.audit import audit
from server.features.me.addresses import AddressBody, Addresses
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.comments.messages import Comment
from server.features.follows.messages import Follow
from server.features.phases.messages import LiveEnd
from server.features.purchases.tables import PURCHASES, REVENUE
from server.house import HOUSE
from server.protocol.roles import Role
from server.records.database import Database
from server.records.forgotten import FORGOTTEN, WAITING
from server.records.retired import read_parts
from server.records.schema import RECORDS
from server.rooms.forgetting import Forgetter, IsHost
from server.rooms.pseudonyms import Pseudonyms
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.features.owners import TALKING
from tests.features.stage import ANN, stage_of
from tests.features.test_every_feature import settings_of, story_of
from tests.records.test_retirement import content, end, retirer_of
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig

ZOE = Identity("zoë/42:7", "Zoë Quill", Role.VIEWER)
BEN = Identity("ben", "Ben", Role.VIEWER)


async def bytes_of(store: RoomStore, records: Database) -> bytes:
    """All that Redis and the records hold, snapshots unpacked."""
    found = []
    async for key in store.redis.scan_iter():
        kind = (await store.redis.type(key)).decode()
        match kind:
            case "hash":
                found.append((key, await store.redis.hgetall(key)))
            case "zset":
                found.append((key, await store.redis.zrange(key, 0, -1)))
            case "set":
                found.append((key, await store.redis.smembers(key)))
            case "list":
                found.append((key, await store.redis.lrange(key, 0, -1)))
            case "stream":
                found.append((key, await store.redis.xrange(key)))
            case "string":
                found.append((key, await store.redis.get(key)))
    async with records.reading() as connection:
        for table in RECORDS.sorted_tables:
            rows = (await connection.execute(select(table))).all()
            found.append((table.name.encode(), [tuple(row) for row in rows]))
            if table.name == "retired_parts":
                snapshots = {row.snapshot for row in rows}
    for snapshot in snapshots:
        async for part in read_parts(records, snapshot):
            found.append((part.key.encode(), part.items))
    return b"\n".join(flat(found))


def flat(value: Any) -> list[bytes]:
    """All texts and bytes in a value."""
    if isinstance(value, bytes | memoryview):
        return [bytes(value)]
    if isinstance(value, dict):
        return [each for pair in value.items() for each in flat(pair)]
    if isinstance(value, list | tuple | set):
        return [each for item in value for each in flat(item)]
    return [str(value).encode()]


def traces(of: bytes, who: Identity) -> list[bytes]:
    """Where somebody's id or name stands, with what is around it."""
    found = []
    for word in (who.user, who.name):
        pattern = rb"(?<![A-Za-z])" + re.escape(word.encode()) + rb"(?![a-z])"
        found += [of[max(0, m.start() - 60) : m.end() + 30] for m in re.finditer(pattern, of)]
    return found


def forgetter_of(here: Rig, records: Database, settings: Settings) -> Forgetter:
    """One that asks no feature whether a room must stay."""
    worker = here.worker
    retirer = retirer_of(
        here.store, records, settings, forgets=worker.forgets, shapes=HOUSE.people
    )

    async def retire(room: str) -> str:
        return (await retirer.retire(room, at_once=True)).why

    forgets_user = [f for each in worker.running.values() for f in each.forgets_user]
    return Forgetter(here.store, records, HOUSE.people, worker.forgets, forgets_user, retire)


async def archive(here: Rig) -> None:
    archiver = here.worker.running["archive"].it
    while (await archiver.copy_all())[1]:
        pass


def test_every_key_that_names_users_says_where() -> None:
    named = {
        key
        for feature in HOUSE.features.values()
        for key, meaning in {**feature.keys, **feature.host_keys}.items()
        if re.search(r"(?<!bytes in )<user>|[^<]user>|hash user ->|zset: user by|<user>/", meaning)
    }
    assert named == set(HOUSE.people) - {"moderators"}


@pytest.mark.parametrize("feature", TALKING)
@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_nothing_of_any_feature_names_the_person(
    make_settings: MakeSettings, records: Database, records_url: str, feature: str
) -> None:
    story = story_of(feature)
    own = getattr(story, "SETTINGS", {}) | {"records": {"url": records_url}}
    settings = settings_of(make_settings, own)
    async with stage_of(
        settings, scheduled=getattr(story, "SCHEDULED", False), deaf=False
    ) as stage:
        await story.tell(stage)
        store = stage.here.store
        await end(stage.here)
        await store.redis.hset(
            store.keys.room(ROOM, "room"), mapping={"phase": "ended", "selling": 0}
        )
    async with rig(settings, "w3") as here:
        await here.redis.zadd(here.store.keys.rooms, {ROOM: 1})
        await archive(here)
        before = await content(here.store)
        forgotten = await forgetter_of(here, records, settings).forget(ANN.user)
        assert forgotten.waiting == {}
        assert traces(await bytes_of(here.store, records), ANN) == []
        await here.store.must_be_here(ROOM)
        after = await content(here.store)
        assert {name: len(value) for name, value in _sized(after)} == {
            name: len(value) for name, value in _sized(before)
        }
        await archive(here)
        assert traces(await bytes_of(here.store, records), ANN) == []


def _sized(found: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in found.items() if isinstance(value, dict | list | set)]
