"""A person who is forgotten is nowhere any more, and the money adds up as before."""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from server.access.auth import Identity
from server.features.audits.all_rooms import AllRooms
from server.features.books.audit import audit
from server.features.circles.group_ids import group_id
from server.features.comments.messages import Comment
from server.features.follows.messages import Follow
from server.features.groups.groups import GroupBody
from server.features.me.addresses import AddressBody, Addresses
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd
from server.features.purchases.tables import PURCHASES, REVENUE
from server.features.reviews.reviews import ReviewBody, Reviews
from server.features.reviews.settings import ReviewSettings
from server.features.sending.deliveries import Deliveries, DeliveryBody
from server.house import HOUSE, store_on
from server.protocol.codes import RESYNC
from server.protocol.joining import Last
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.records.database import Database
from server.records.forgotten import FORGOTTEN, LATELY, WAITING
from server.records.retired import read_parts
from server.records.schema import RECORDS
from server.rooms.deleting import delete_room
from server.rooms.forgetting import Forgetter, HostsStill
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


async def value_of(store: RoomStore, key: bytes) -> Any:
    """What a key holds."""
    redis = store.redis
    match (await redis.type(key)).decode():
        case "hash":
            return await redis.hgetall(key)
        case "zset":
            return await redis.zrange(key, 0, -1)
        case "set":
            return await redis.smembers(key)
        case "list":
            return await redis.lrange(key, 0, -1)
        case "stream":
            return await redis.xrange(key)
        case _:
            return await redis.get(key)


async def bytes_of(store: RoomStore, records: Database) -> bytes:
    """All that Redis and the records hold, snapshots unpacked."""
    keys = store.redis.scan_iter(match=f"{store.keys.prefix}:*")
    found: list[Any] = [(key, await value_of(store, key)) async for key in keys]
    async with records.reading() as connection:
        for table in (t for t in RECORDS.sorted_tables if t is not LATELY):  # what restores read
            rows = (await connection.execute(select(table))).all()
            if table.name == "retired_parts":  # deflated, and read as they are below
                snapshots = {row.snapshot for row in rows}
            else:
                found.append((table.name.encode(), [tuple(row) for row in rows]))
    for snapshot in snapshots:
        found += [(part.key, part.items) async for part in read_parts(records, snapshot)]
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
    retirer = retirer_of(here.store, records, settings, forgets=worker.forgets, shapes=HOUSE.people)

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
        await end(stage.here)
    async with rig(settings, "w3") as here:
        await here.redis.zadd(here.store.keys.rooms, {ROOM: 1})
        async for key in here.redis.scan_iter(match=f"{here.store.keys.prefix}:*:room"):
            await here.redis.hset(key, mapping={"phase": "ended", "selling": 0})
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
        group = group_id(HOST.user)
        if await here.redis.exists(here.store.keys.room(group, "room")):
            await delete_room(here.store, records, group, here.worker.deletes)
        forgotten = await forgetter_of(here, records, settings).forget(HOST.user)
        assert forgotten.waiting == {}
        assert traces(await bytes_of(here.store, records), HOST) == []


def _sized(found: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in found.items() if isinstance(value, dict | list | set)]


@pytest.fixture
async def sold(
    make_settings: MakeSettings, records_url: str
) -> AsyncIterator[tuple[Rig, Settings]]:
    """A live room in which Ben and Zoe follow, speak, and each buy and pay a mug."""
    settings = settings_of(make_settings, {"records": {"url": records_url}})
    async with stage_of(settings, scheduled=False, deaf=False) as stage:
        sale = await stage.sale()
        for who in (BEN, ZOE):
            await stage.here.do(Follow(ref=1), who)
            await stage.here.do(Comment(ref=2, text=f"I am {who.name}"), who)
            buy = Buy(ref=3, key="k1", sale=sale.sale)
            bought = expect(OrderOk, await stage.here.do(buy, who))
            await stage.here.do(Pay(ref=4, order=bought.order.order), who)
    async with rig(settings, "w3") as here:
        await here.redis.zadd(here.store.keys.rooms, {ROOM: 1})
        await here.redis.delete(here.key("announcing"))  # it lasts seconds, and keeps the room
        yield here, settings


async def revenue(records: Database) -> list[Any]:
    async with records.reading() as connection:
        return [tuple(row) for row in await connection.execute(select(REVENUE))]


async def buyers(records: Database) -> dict[str, tuple[str, int]]:
    async with records.reading() as connection:
        rows = await connection.execute(select(PURCHASES))
        return {row.user: (row.name, row.total) for row in rows}


async def send_and_review(here: Rig, records: Database) -> None:
    """Zoe says where her order goes, and names herself in her review."""
    [order, *_] = (await here.worker.running["orders"].it.orders_of(ROOM, [ZOE.user]))[ZOE.user]
    assert order.status == "paid"
    deliveries = Deliveries(records)
    await deliveries.put(order, DeliveryBody(address="home"), "")
    await deliveries.aclose()
    reviews = Reviews(records, ReviewSettings(), here.worker.running["rules"].it)
    pictures = (f"https://pics.example/{ZOE.user}",)
    review = ReviewBody(5, f"{ZOE.name} likes it.", pictures)
    await reviews.put(order, HOST.user, order.lines[0].sale, review)


async def test_the_money_stays_true_and_one_pseudonym_is_everywhere(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = sold
    await here.worker.running["archive"].it._round()  # its projections are whole from here on
    address = AddressBody(name=ZOE.name, country="FR", city="Limoges", lines=["1 rue du Four"])
    await Addresses(records, 5).put(ZOE.user, "home", address)
    await send_and_review(here, records)
    await here.worker.sign_outs.sign_out(ZOE.user)
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    money, before = await revenue(records), await buyers(records)
    audited = await audit(here.store, ROOM)
    assert before.keys() == {ZOE.user, BEN.user}
    assert len(traces(await bytes_of(here.store, records), ZOE)) > 10

    forgotten = await here.worker.forgetter().forget(ZOE.user)

    assert forgotten == ([ROOM], {})
    assert traces(await bytes_of(here.store, records), ZOE) == []
    assert await audit(here.store, ROOM) == audited
    assert audited.differences == []
    assert await revenue(records) == money
    after = await buyers(records)
    [pseudonym] = after.keys() - {BEN.user}
    assert re.fullmatch("gone-[0-9a-f]{12}", pseudonym)
    assert after == {BEN.user: before[BEN.user], pseudonym: (pseudonym, before[ZOE.user][1])}
    followers = here.store.keys.host(HOST.user, "followers")
    assert await here.redis.hkeys(followers) == [BEN.user.encode(), pseudonym.encode()]
    assert await _who_is_kept(records) == ([], [])


async def _who_is_kept(records: Database) -> tuple[list[Any], list[Any]]:
    async with records.reading() as connection:
        forgotten = (await connection.execute(select(FORGOTTEN))).all()
        waiting = (await connection.execute(select(WAITING))).all()
        return [tuple(row) for row in forgotten], [tuple(row) for row in waiting]


async def test_the_archive_goes_on_where_it_was_when_the_room_comes_back(
    sold: tuple[Rig, Settings], records: Database, caplog: pytest.LogCaptureFixture
) -> None:
    here, _ = sold
    await here.do(LiveEnd(ref=9), HOST)
    last = msgspec.msgpack.encode({"k": "follow", "user": ZOE.user, "on": False, "at": 1})
    await here.redis.xadd(here.key("timeline"), {"e": last})
    await archive(here)
    await here.worker.forgetter().forget(ZOE.user)
    await here.store.must_be_here(ROOM)
    archiver = here.worker.running["archive"].it
    archiver._forget()
    assert await archiver.copy_all() == (0, False)
    assert "Redis has lost" not in caplog.text
    assert traces(await bytes_of(here.store, records), ZOE) == []


async def test_a_hot_room_waits_and_is_done_when_it_leaves(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = sold
    await archive(here)
    forgotten = await here.worker.forgetter().forget(ZOE.user)
    assert forgotten == ([], {ROOM: "it has not ended"})
    assert traces(await bytes_of(here.store, records), ZOE) != []
    [(user, pseudonym, _)], [_] = await _who_is_kept(records)
    assert user == ZOE.user
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    assert (await here.worker.retirer.retire(ROOM, at_once=True)).left
    assert traces(await bytes_of(here.store, records), ZOE) == []
    assert pseudonym in await buyers(records)
    assert await _who_is_kept(records) == ([], [])


async def test_a_room_that_left_before_comes_back_is_rewritten_and_leaves(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = sold
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    assert (await here.worker.retirer.retire(ROOM, at_once=True)).left
    assert await here.worker.forgetter().forget(ZOE.user) == ([ROOM], {})
    assert traces(await bytes_of(here.store, records), ZOE) == []
    assert await here.redis.hexists(here.store.keys.room(ROOM, "room"), "left")
    assert (await audit(here.store, ROOM)).differences == []


async def test_a_process_that_died_when_the_room_had_left_is_made_up_for(
    sold: tuple[Rig, Settings], records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = sold
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    retirer = here.worker.retirer

    async def dies(*_: Any) -> None:
        raise OSError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(retirer, "_forget", dies)
        with pytest.raises(OSError, match="no more"):
            await here.worker.forgetter().forget(ZOE.user)
    assert traces(await bytes_of(here.store, records), ZOE) != []
    await retirer._round()
    assert traces(await bytes_of(here.store, records), ZOE) == []
    assert await _who_is_kept(records) == ([], [])


async def test_a_worker_that_has_the_room_open_shows_nobody_who_is_forgotten(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    async with rig(settings, "w4") as there:
        inside, left = [await there.join(user, role=Role.GUEST) for user in ("g1", "g2")]
        there.leave(left)
        assert traces(str(inside.joined["room"]).encode(), ZOE) != []

        assert await here.worker.forgetter().forget(ZOE.user) == ([ROOM], {})
        await inside.until_closed()
        last = Last(epoch=inside.joined["epoch"], seq=inside.joined["seq"])
        again = await there.join("g1", role=Role.GUEST, last=last)

        assert inside.closed_with is RESYNC
        assert traces(str(again.joined).encode(), ZOE) == []
        assert again.joined["missed"] == []


async def test_somebody_who_must_be_forgotten_since_the_room_was_packed_is_not_left_in_it(
    sold: tuple[Rig, Settings], records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = sold
    await archive(here)
    await here.worker.forgetter().forget(ZOE.user)
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)

    async def nobody(*_: Any) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr("server.rooms.retiring.people_in", nobody)
        outcome = await here.worker.retirer.retire(ROOM, at_once=True)
    assert (outcome.left, outcome.why[:8]) == (False, "somebody")
    assert await here.redis.hexists(here.store.keys.room(ROOM, "room"), "left") is False


async def test_a_host_whose_rooms_are_not_over_is_refused_and_nothing_is_changed(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = sold
    await archive(here)
    await here.worker.directory.create(HOST, RoomCreate(room="r2", title="Tomorrow"))
    await here.groups.put(HOST, HOST.user, GroupBody("Tea people", "all"))
    group = group_id(HOST.user)
    with pytest.raises(HostsStill) as refused:
        await here.worker.forgetter().forget(HOST.user)
    assert f"{ROOM} (live), r2 (scheduled); end or cancel them" in str(refused.value)
    assert f"a fan group, whose id names them: {group}; delete it" in str(refused.value)
    assert await _who_is_kept(records) == ([], [])


async def test_a_host_leaves_while_rooms_orders_and_money_stay(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = sold
    await here.worker.running["archive"].it._round()
    await here.do(Comment(ref=8, text="Good night"), HOST)
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    money, before = await revenue(records), await buyers(records)

    forgotten = await here.worker.forgetter().forget(HOST.user)

    assert forgotten == ([ROOM], {})
    assert traces(await bytes_of(here.store, records), HOST) == []
    assert await buyers(records) == before
    changed = [[each for each in row if each != HOST.user] for row in money]
    [pseudonym] = {each for row in await revenue(records) for each in row} - {
        each for row in money for each in row
    }
    assert [
        [each for each in row if each != pseudonym] for row in await revenue(records)
    ] == changed
    rooms = AllRooms(store_on(here.redis, here.store.keys), records)
    assert [each.differences async for each in rooms.found()] == [[]]
    await here.store.must_be_here(ROOM)
    view = await here.worker.directory.read(ROOM)
    assert (view.host, view.host_name) == (pseudonym, pseudonym)
    await archive(here)
    assert traces(await bytes_of(here.store, records), HOST) == []
    followers = here.store.keys.host(pseudonym, "followers")
    assert set(await here.redis.hkeys(followers)) == {BEN.user.encode(), ZOE.user.encode()}


def test_an_id_that_means_something_else_elsewhere_is_left_there() -> None:
    people = Pseudonyms({"mug": "gone-1"}, HOUSE.people)
    pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
    line = {"user": "mug", "name": "Ann", "lines": [{"sku": "mug", "title": "mug"}]}
    assert unpack(people.body(pack(line))) == line | {"user": "gone-1", "name": "gone-1"}
    ask = {"user": "ben", "sku": "mug", "by": "mug"}
    assert people.body(pack(ask)) == pack(ask)
    assert people._text("asked", b"mug/ben") == b"mug/ben"
    assert people._text("asked", b"mug/mug") == b"mug/gone-1"
    assert people._text("shelf", b"mug") == b"mug"
    assert people._text("once", b"claim/3:mug/k/3:mug/x") == b"claim/6:gone-1/k/3:mug/x"
    assert people._text("once", b"restock/3:mug/k") == b"restock/3:mug/k"
