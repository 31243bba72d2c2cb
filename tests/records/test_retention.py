"""Records end when their time is over, everywhere, and the rest stays true."""

import dataclasses
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from server.background.clock import DAY_MS, unix_ms
from server.features.asks.messages import Ask
from server.features.audits.all_rooms import AllRooms
from server.features.comments.messages import Comment
from server.features.figures.buyers import Buyers
from server.features.follows.messages import Follow
from server.features.me.addresses import AddressBody, Addresses
from server.features.me.tables import BOOKS
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd
from server.features.purchases.tables import PURCHASES, REVENUE
from server.features.ties.tables import TIES
from server.house import HOUSE, load_settings, store_on
from server.records.database import Database
from server.records.retention import TAKEN, taken_by_kind
from server.rooms.retaining import Kept, Retainer
from server.settings import Settings, SettingsError
from tests.conftest import MakeSettings
from tests.features.stage import stage_of
from tests.features.test_every_feature import settings_of
from tests.records.test_forgetting import BEN, ZOE, archive, bytes_of, traces
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig

SAID, ASKED, BY_HOST = "Tell me of the glaze", "Is it safe to wash?", "Good evening to you"
LATER = 40 * DAY_MS


@pytest.fixture
async def over(
    make_settings: MakeSettings, records_url: str, records: Database
) -> AsyncIterator[tuple[Rig, Settings]]:
    """A room that is over and archived: Ben and Zoe followed, spoke, asked, bought; so did the
    host speak."""
    keep = dict.fromkeys(("comments", "questions", "customers", "addresses", "dead_letters"), 30)
    limits = {f"keep_{kind}_days": days for kind, days in keep.items()}
    settings = settings_of(make_settings, {"records": {"url": records_url, **limits}})
    async with stage_of(settings, scheduled=False, deaf=False) as stage:
        sale = await stage.sale()
        await stage.here.do(Comment(ref=1, text=BY_HOST), HOST)
        for who in (BEN, ZOE):
            await stage.here.do(Follow(ref=1), who)
            await stage.here.do(Comment(ref=2, text=f"{SAID}, {who.name}"), who)
            await stage.here.do(Ask(ref=3, sku="mug", text=ASKED), who)
            buy = Buy(ref=4, key="k1", sale=sale.sale)
            bought = expect(OrderOk, await stage.here.do(buy, who))
            await stage.here.do(Pay(ref=5, order=bought.order.order), who)
        await stage.here.do(LiveEnd(ref=6), HOST)
    async with rig(settings, "w3") as here:
        await here.redis.zadd(here.store.keys.rooms, {ROOM: 1})
        # These last seconds, and keep the room. What a stream leaves its host is the host's.
        await here.redis.delete(here.key("announcing"), here.key("leaving"))
        await here.worker.running["archive"].it._round()
        await archive(here)
        yield here, settings


def retainer(here: Rig, *kinds: str, at: int = LATER) -> Retainer:
    """The worker's, as it is so much later; only of some kinds."""
    made = here.worker.retainer
    made._clock = lambda: unix_ms() + at
    made._keeps = [each for each in HOUSE.keeps if each.kind in kinds or not kinds]
    made._removals = [each for each in made._removals if each.kind in kinds or not kinds]
    return made


async def differing(here: Rig, records: Database) -> dict[str, Any]:
    rooms = AllRooms(store_on(here.redis, here.store.keys), records)
    found = [each async for each in rooms.found()]
    assert not any(each.unread for each in found)
    return {each.room: each.differences for each in found if each.differences}


async def rows(records: Database, asked: Any) -> list[tuple[Any, ...]]:
    async with records.reading() as connection:
        return sorted(tuple(row) for row in await connection.execute(asked))


async def test_what_was_said_and_asked_ends_everywhere_and_the_money_stays(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = over
    revenue, purchases = (
        await rows(records, select(REVENUE)),
        await rows(records, select(PURCHASES)),
    )
    ties = await rows(records, select(TIES))
    held = await bytes_of(here.store, records)
    assert all(held.count(words.encode()) for words in (SAID, ASKED, BY_HOST))
    entries = await here.redis.xlen(here.key("timeline"))

    one = retainer(here, "comments", "questions")
    assert [each for each in await one.kept() if each.kind in ("comments", "questions")] == [
        Kept("comments", 30, 1),
        Kept("questions", 30, 1),
    ]
    await one._round()

    held = await bytes_of(here.store, records)
    assert [words for words in (SAID, ASKED, BY_HOST) if words.encode() in held] == []
    assert {each.due for each in await one.kept()} == {0}
    assert await rows(records, select(REVENUE)) == revenue
    assert await rows(records, select(PURCHASES)) == purchases
    assert await rows(records, select(TIES)) == ties
    assert await differing(here, records) == {}
    await here.store.must_be_here(ROOM)
    assert await here.redis.xlen(here.key("timeline")) == entries
    archiver = here.worker.running["archive"].it
    archiver._forget()
    assert await archiver.copy_all() == (0, False), "the archive goes on where it was"


async def test_customers_become_strangers_but_go_on_following(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = over
    await Buyers(here.store).settle(HOST.user)
    revenue, ties = await rows(records, select(REVENUE)), await rows(records, select(TIES))
    totals = await rows(records, select(PURCHASES.c.order, PURCHASES.c.status, PURCHASES.c.total))

    await retainer(here, "customers")._round()

    buyers = await rows(records, select(PURCHASES.c.user, PURCHASES.c.name))
    assert all(re.fullmatch("gone-[0-9a-f]{12}", user) and user == name for user, name in buyers)
    assert len({user for user, _ in buyers}) == 2
    assert await rows(records, select(REVENUE)) == revenue
    assert await rows(records, select(TIES)) == ties
    asked = select(PURCHASES.c.order, PURCHASES.c.status, PURCHASES.c.total)
    assert await rows(records, asked) == totals
    assert await differing(here, records) == {}
    assert await here.redis.hlen(here.store.keys.host(HOST.user, "buyers")) == 0
    followers = await here.redis.hkeys(here.store.keys.host(HOST.user, "followers"))
    assert set(followers) == {BEN.user.encode(), ZOE.user.encode()}
    held = await bytes_of(here.store, records)
    left = {bytes(each) for each in traces(held, ZOE) if b"follow" not in each}
    assert not [each for each in left if b"order" in each]
    assert await rows(records, select(TAKEN.c.kind, TAKEN.c.secret)) == [("customers", "")]


@pytest.mark.parametrize("dies_in", ["_note_away", "_drop_older"])
async def test_whoever_dies_halfway_is_followed_by_another(
    over: tuple[Rig, Settings],
    records: Database,
    monkeypatch: pytest.MonkeyPatch,
    dies_in: str,
) -> None:
    here, _ = over
    one = retainer(here)

    async def dies(*_: Any) -> None:
        raise OSError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(here.worker.retirer, dies_in, dies)
        await one._round()
    assert await rows(records, select(TAKEN.c.at).where(TAKEN.c.at > 0)) == []
    one._troubles.works(ROOM)
    await one._round()  # it may wait for the archive, which then follows the room
    archiver = here.worker.running["archive"].it
    while (await archiver.copy_awake())[0]:
        pass
    await archiver.copy_awake()
    await one._round()
    held = await bytes_of(here.store, records)
    assert [words for words in (SAID, ASKED, BY_HOST) if words.encode() in held] == []
    assert len(await rows(records, select(PURCHASES.c.user).distinct())) == 2
    assert await differing(here, records) == {}


async def test_a_room_within_its_time_and_one_that_must_stay_keep_all(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = over
    early = retainer(here, at=29 * DAY_MS)
    await early._round()
    assert SAID.encode() in await bytes_of(here.store, records)
    await here.redis.zadd(here.key("holds"), {"o1": 2**53})
    late = retainer(here)
    await late._round()
    assert SAID.encode() in await bytes_of(here.store, records)
    await here.redis.delete(here.key("holds"))
    await late._round()
    assert SAID.encode() not in await bytes_of(here.store, records)


async def test_orders_end_with_their_whole_room_and_the_audit_says_so(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = over
    one = retainer(here, "orders")
    [keeping] = one._keeps
    one._keeps = [dataclasses.replace(keeping, days=lambda _: 35)]
    await one._round()
    assert await rows(records, select(PURCHASES)) == []
    assert await here.redis.exists(here.key("room")) == 0
    assert await differing(here, records) == {}
    async with records.reading() as connection:
        assert await taken_by_kind(connection) == {"orders": 1}


async def test_addresses_that_nobody_used_end(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = over
    address = AddressBody(name="N", country="FR", city="Limoges", lines=["1 rue du Four"])
    for user in ("idle", ZOE.user, "new"):
        await Addresses(records, 5).put(user, "home", address)
    async with records.writing() as connection:  # Zoe bought since, the new one wrote it just now
        long_ago = unix_ms() - 31 * DAY_MS
        old = update(BOOKS).where(BOOKS.c.user != "new").values(changed=long_ago)
        await connection.execute(old)
    one = retainer(here, "addresses", at=0)
    assert Kept("addresses", 30, 1) in await one.kept()
    await one._round()
    assert await rows(records, select(BOOKS.c.user)) == [("new",), (ZOE.user,)]


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_old_dead_letters_end_and_let_their_room_leave(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, _ = over
    now = unix_ms()
    for place, days in (("1-0", 31), ("2-0", 29)):
        letter = {"place": place, "why": "no", "at": now - days * DAY_MS}
        packed = msgspec.msgpack.encode(letter)
        await here.redis.hset(here.key("dead_letters"), place, packed)
    await here.store.wake([ROOM])
    one = retainer(here, "dead_letters", at=0)
    assert Kept("dead_letters", 30, 1) in await one.kept()
    await one._round()
    assert await here.redis.hkeys(here.key("dead_letters")) == [b"2-0"]


async def test_only_one_worker_at_a_time_ends_records(
    over: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = over
    async with rig(settings, "w4") as other:
        first, second = retainer(here, "comments"), retainer(other, "comments")
        assert await first._hold_lease()
        await second._round()
        assert SAID.encode() in await bytes_of(here.store, records)


def test_money_is_kept_longest() -> None:
    flags = {"records.keep_orders_days": 30, "records.keep_comments_days": 31}
    with pytest.raises(SettingsError, match="keep orders longest"):
        HOUSE.check(load_settings(None, flags))
    HOUSE.check(load_settings(None, flags | {"records.keep_orders_days": 31}))


def test_each_kind_names_what_there_is() -> None:
    """A kind of fact or a key that is renamed would be kept for ever."""
    for keeping in HOUSE.keeps:
        assert set(keeping.facts) | set(keeping.spares) <= set(HOUSE.facts.kinds)
        assert {*keeping.keys, *keeping.rows} <= set(HOUSE.room_keys)
    assert len({each.kind for each in HOUSE.keeps}) == len(HOUSE.keeps)


def test_by_default_everything_is_kept_for_ever() -> None:
    settings = load_settings()
    assert {each.days(settings) for each in HOUSE.keeps} == {0}
