"""One damaged room stops no other: each key of a room is damaged once, and a good room goes on.

All these rooms have one host, so whatever reads a host's rooms meets every damage too.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from server.features.outbox.letters import AllRooms
from server.house import HOUSE, keys_under, store_on
from server.protocol.roles import Role
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.receiver import Receiver, receiving
from tests.orders.shop import Shop, shop_on
from tests.running import running
from tests.stored import entries, stored
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # the worker starts on the test's loop

GARBAGE = b"\xc1\xff garbage"
HOST = "h"
FIRST = "before"
"""An ended room of the host with orders and everything else; the damaged rooms are its copies."""


async def no_longer_its_type(redis: Redis, key: str) -> None:
    """Something else lies under the key."""
    await redis.set(key, GARBAGE)


async def garbage_inside(redis: Redis, key: str) -> None:
    """Every value of the key is garbage, and its members too where these are what it holds."""
    kind = await redis.type(key)
    if kind == b"hash":
        for field in await redis.hkeys(key):
            await redis.hset(key, field, GARBAGE)
    elif kind == b"zset":
        await redis.zadd(key, {GARBAGE: 1})
    elif kind == b"stream":
        [(last, _)] = entries(await redis.xrevrange(key, count=1))
        place = int(last.split(b"-")[0])
        await redis.xadd(key, {b"e": GARBAGE}, id=f"{place + 1}-0")
    elif kind == b"string":
        await redis.set(key, GARBAGE)


async def fields_are_missing(redis: Redis, key: str) -> None:
    """Replace a hash by one unknown field."""
    if await redis.type(key) == b"hash":
        await redis.delete(key)
        await redis.hset(key, "unknown", GARBAGE)


DAMAGES: list[Callable[[Redis, str], Awaitable[None]]] = [
    no_longer_its_type,
    garbage_inside,
    fields_are_missing,
]


class Town:
    """A running worker, the good room, and a damaged one for every key."""

    def __init__(self, api: Api, good: Shop, receiver: Receiver, bad: list[str]) -> None:
        self.api, self.good, self.receiver, self.bad = api, good, receiver, bad

    async def get(self, path: str, role: Role = Role.HOST) -> Any:
        status, body = await self.api.send("GET", path, user=HOST, role=role)
        assert status == 200, (path, body)
        return body


async def a_full_room(store: RoomStore, settings: Settings) -> Shop:
    """A room in which all that is kept by order, coupon or sale was made, and it is over."""
    shop = shop_on(store, settings, FIRST)
    await shop.build()
    coupon = await shop.give_out()
    claim = await shop.claim("ann", coupon)
    sale = await shop.open(stock=3)
    await shop.pay(await shop.buy("ann", sale, claim=claim.claim))
    await shop.take_back(await shop.pay(await shop.buy("ben", sale)))
    await shop.buy("cat", sale)
    await shop.queue("eve", sale)
    await shop.open(sku="cup", starts_in_s=3600)
    await shop.run("phases.set", phase="ended", user=HOST)
    return shop


async def copy_room(shop: Shop, room: str) -> None:
    """Copy all keys of a room, and list the copy."""
    keys = shop.store.keys
    for name in HOUSE.room_keys:
        if (packed := await shop.redis.dump(keys.room(shop.id, name))) is not None:
            await shop.redis.restore(keys.room(room, name), 0, packed, replace=True)
    await list_room(shop, room)


async def list_room(shop: Shop, room: Any) -> None:
    await shop.redis.zadd(shop.store.keys.rooms, {room: 1000})
    await shop.redis.zadd(shop.store.keys.awake, {room: 1000})
    await shop.redis.zadd(shop.store.keys.host(HOST, "rooms"), {room: 1000})


@pytest.fixture(
    params=[
        DAMAGES[0],
        *(
            pytest.param(damage, marks=pytest.mark.torture("ten seconds of CPU more"))
            for damage in DAMAGES[1:]
        ),
    ],
    ids=lambda damage: damage.__name__,
)
async def town(
    request: pytest.FixtureRequest, make_settings: MakeSettings, redis: Redis, prefix: str
) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving(Receiver()))
        settings = make_settings(
            orders={"fair_window_ms": 0, "sweep_interval_ms": 10, "sweep_lap_s": 0.05},
            outbox={"url": receiver.url, "interval_s": 0.01},
            rooms={"presence_interval_s": 0.05},
            figures={"visits_interval_s": 0.05},
        )
        store = store_on(redis, keys_under(prefix))
        first = await a_full_room(store, settings)
        await list_room(first, FIRST)
        bad = []
        for name in HOUSE.room_keys:
            await copy_room(first, f"bad-{name}")
            await request.param(redis, store.keys.room(f"bad-{name}", name))
            bad.append(f"bad-{name}")
        for odd in (b"\xff\xfe", "nowhere"):  # no text; a room that is not there
            await list_room(first, odd)
        good = shop_on(store, settings, "good")
        await good.build(phase="scheduled")
        await redis.zadd(store.keys.rooms, {"good": 2000})
        await redis.zadd(store.keys.host(HOST, "rooms"), {"good": 2000})
        worker = await stack.enter_async_context(running(settings, "w1"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Town(Api(session, settings, worker.url), good, receiver, bad)


async def until(state: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await state():
            await asyncio.sleep(0.02)


@pytest.mark.long("each key of a room is damaged, and everything that goes over rooms is tried")
async def test_a_good_room_is_served_beside_rooms_with_any_key_damaged(town: Town) -> None:
    good, api = town.good, town.api

    # Lists
    listed = [room["room"] for room in await town.get("/v1/rooms")]
    assert listed[0] == "good"
    assert FIRST in listed
    page = await town.get(f"/v1/hosts/{HOST}")
    assert [room["room"] for room in page["rooms"]["scheduled"]] == ["good"]
    assert FIRST in [room["room"] for room in page["rooms"]["ended"]]
    streams: dict[str, Any] = {}
    for offset in range(0, len(town.bad) + 5, 20):
        for row in await town.get(f"/v1/hosts/{HOST}/streams?offset={offset}"):
            streams[row["room"]] = row
    assert streams["good"]["phase"] == "scheduled"
    assert streams[FIRST]["numbers"]["orders"] == 2

    # A fan group is named in all rooms of its host that can be written; the others are said.
    await api.send("PUT", f"/v1/hosts/{HOST}/group", {"title": "Fans"}, user=HOST)
    assert (await town.get("/v1/rooms/good"))["group"] == f"fans:{HOST}"

    # Sweeping, the start that is announced, the outbox
    token = api.token("ann", Role.VIEWER)
    assert (await api.send("POST", "/v1/rooms/good/live", {"phase": "live"}, user=HOST))[0] == 200
    sale = await good.open(stock=2)
    later = await good.open(sku="cup", starts_in_s=1)
    order = await good.buy("ann", sale)
    await good.lapse(order)

    async def lapsed() -> bool:
        return (await good.counters(sale)) == (2, 2, 0, 0)

    async def started() -> bool:
        return (await good.sale(later)).status == "open"

    async def announced() -> bool:
        return not await good.redis.exists(good.key("announcing"))

    for state in (lapsed, started, announced):
        await until(state)
    lines = len(await good.ledger())
    await town.receiver.until(lambda: len(town.receiver.numbers("good")) == lines)
    assert town.receiver.numbers("good") == list(range(1, lines + 1))
    assert town.receiver.numbers(FIRST)

    # Presence and visits
    async with api.session.ws_connect(
        f"{api.url}/v1/rooms/good/ws", protocols=("liveroom.v1.json",)
    ) as socket:
        await socket.send_str(json.dumps({"op": "join", "ref": 1, "token": token}))

        async def seen() -> bool:
            online = stored(await good.redis.hget(good.key("room"), "online") or b"0")
            facts = entries(await good.redis.xrange(good.key("timeline")))
            return online == b"1" and any(b"visits" in fact[b"e"] for _, fact in facts)

        await until(seen)

    # Figures, which look at the host's other rooms
    figures = await town.get("/v1/rooms/good/figures")
    assert figures["numbers"]["viewers"] == 1
    assert any(row["streams"] for row in figures["compared"].values())

    # What operators read and do
    boxes = await town.get("/v1/outbox", Role.ADMIN)
    assert set(boxes["unread"]) <= set(town.bad)
    await town.get("/v1/outbox/dead-letters", Role.ADMIN)
    status, _ = await api.send("POST", "/v1/outbox/replay", {}, user=HOST, role=Role.ADMIN)
    assert status == 200
    await town.get("/v1/ops", Role.ADMIN)
    assert isinstance(await AllRooms(good.store).replay(), dict)
