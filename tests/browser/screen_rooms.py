"""The rooms, goods and people that the screens of the table are about (screens.py)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from client_sim.rest import Rest
from server.background.clock import unix_ms
from server.protocol.roles import Role
from tests.browser.scene import evening
from tests.browser.shop import HOST_NAME, LAMP, MUG, SOFA, Server, Shop, open_shop, token
from tests.features.pictures.drawn import picture

FIRST = "screens"
"""How the ids of all of them begin."""
A_DAY_MS = 86_400_000
OWNER = "screens-host"
"""Whose rooms they are: rooms of other tests are not in these pictures."""
BUYER, BUYER_NAME = "screens-buyer", "小满"
MERCHANT = "screens-merchant"
GOODS = {
    "title": "亚麻衬衫，宽松版",
    "tags": ["亚麻", "夏天"],
    "points": ["透气"],
    "flaws": ["容易皱"],
    "variants": [
        {"sku": "m", "price": 19900, "currency": "CNY", "options": {"尺码": "M"}, "stock": 40},
        {"sku": "l", "price": 20900, "currency": "CNY", "options": {"尺码": "L"}, "stock": 0},
    ],
}
OFFER = {"goods": "shirt", "commission": 1500}
NOTE = {
    "title": "青瓷杯用了三个月，优点和缺点都说一说",
    "text": "釉面很润，握着不烫手。\n\n缺点：杯口有点薄，要轻放。",
    "tags": ["青瓷", "茶具"],
    "goods": [{"host": OWNER, "sku": "mug"}],
}

Furnish = Callable[[Shop], Awaitable[None]]


async def _draw_lots(shop: Shop) -> None:
    await shop.host.pin("mug")
    await shop.host.lucky_open("抽一只青瓷杯，祝大家周末愉快", 1)


async def _auction(shop: Shop) -> None:
    await shop.host.auction_open("lamp", 9900, 500, 3600, reserve=15000, hold_s=600)


async def _schedule(shop: Shop) -> None:
    await shop.host.room_change(scheduled=unix_ms() + A_DAY_MS)


async def _end(shop: Shop) -> None:
    await shop.host.pin("sofa")
    await shop.host.sale_open("sofa", 99900, 30, per_user=2, hold_s=600)
    await shop.host.comment("先看坐深：62 厘米，一米七的人能盘腿坐")
    await shop.host.pin("mug")
    await shop.host.live_end(selling=True)


async def _cancel(shop: Shop) -> None:
    await shop.host.live_cancel("停电了，改到周六晚上")


async def _break_the_picture(shop: Shop) -> None:
    await shop.host.room_change(stream_url=f"{shop.server.url}/no-such-stream.mp4")
    await shop.host.pin("mug")


async def _fill_the_shelf(shop: Shop) -> None:
    for n in range(25):
        await shop.host.shelf_put(MUG | {"sku": f"cup-{n}", "title": f"青瓷杯 {n + 1} 号"})


async def _leave(shop: Shop) -> None:
    """Nothing more happens there."""


ROOMS: dict[str, tuple[tuple[dict[str, object], ...], str, bool, Furnish]] = {
    # name: goods, title, whether it goes live, what happens there; the newest is shown first
    "quiet": ((), "第一次开播", True, _leave),
    "lots": ((MUG,), "周末抽奖", True, _draw_lots),
    "auction": ((LAMP,), "Lamps under the hammer", True, _auction),
    "soon": ((SOFA, MUG, LAMP), "明晚八点 沙发", False, _schedule),
    "replay": ((SOFA, MUG), "上周的慢客厅", True, _end),
    "cancelled": ((MUG,), "停电的晚上", False, _cancel),
    "broken": ((MUG,), "画面断了的晚上", True, _break_the_picture),
    "long": ((SOFA,), "一百件小物", True, _fill_the_shelf),
}


@asynccontextmanager
async def furnished(server: Server) -> AsyncIterator[dict[str, str]]:
    """All rooms and goods of the table; what its paths name: `{evening}`, `{soon}`, ..."""
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(evening(server, f"{FIRST}-evening", OWNER))
        await _buy(shop)
        names = {"evening": shop.room, "host": OWNER}
        for name, (goods, title, live, furnish) in ROOMS.items():
            room = f"{FIRST}-{name}"
            opened = open_shop(server, room, *goods, title=title, live=live, owner=OWNER)
            await furnish(await stack.enter_async_context(opened))
            names[name] = room
        async with Rest(server.url, token(OWNER, Role.HOST)) as rest:
            names["hidden"] = f"{FIRST}-hidden"
            draft = {"room": names["hidden"], "title": "还没想好", "draft": True}
            await rest.write("POST", "rooms", draft)
            names["group"] = await rest.open_group(OWNER, "慢客厅的朋友们", "followers")
        await _offer_goods(server)
        names["note"], names["draft"] = await _write_notes(server, names)
        names["topic"] = f"{FIRST}-winter"
        await _show_a_topic(server, names)
        yield names


async def _write_notes(server: Server, names: dict[str, str]) -> tuple[str, str]:
    """A note with pictures, goods, rooms and a comment; and a draft without anything."""
    headers = {"Authorization": f"Bearer {token(OWNER, Role.HOST, HOST_NAME)}"}
    async with aiohttp.ClientSession(server.url, headers=headers) as session:
        pictures = []
        for size in ((900, 1200), (1200, 900)):
            async with session.post("/v1/pictures", data=picture("JPEG", size)) as response:
                pictures.append((await response.json())["picture"])
        note = NOTE | {"pictures": pictures, "rooms": [names["soon"]], "status": "public"}
        ids = []
        for body in (note, {"title": "还没写完", "status": "draft"}):
            async with session.post("/v1/notes", json=body) as response:
                assert response.status == 201, await response.text()
                ids.append((await response.json())["note"])
        said = {"text": "求链接"}
        async with session.post(f"/v1/notes/{ids[0]}/comments", json=said) as response:
            assert response.status == 201, await response.text()
    return ids[0], ids[1]


async def _show_a_topic(server: Server, names: dict[str, str]) -> None:
    """A topic with a room that is on, one that comes, one to watch again, and a note."""
    things = [{"kind": "room", "id": names[name]} for name in ("evening", "soon", "replay")]
    things.append({"kind": "note", "id": names["note"]})
    topic = {"title": "冬天的客厅", "text": "十位主播，一个星期", "shown": True, "things": things}
    headers = {"Authorization": f"Bearer {token('screens-admin', Role.ADMIN)}"}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.put(f"/v1/topics/{names['topic']}", json=topic) as response,
    ):
        assert response.ok, await response.text()


async def _buy(shop: Shop) -> None:
    """Whoever buys has an order that is held, and one that is paid."""
    sales = {sale["sku"]: sale["sale"] for sale in shop.host.state.view["sales"]}
    async with shop.person(BUYER, BUYER_NAME) as buyer:
        await buyer.follow()
        await buyer.pay((await buyer.buy(sales["sofa"], 1))["order"])
        await buyer.buy(sales["sofa"], 1)


async def _offer_goods(server: Server) -> None:
    headers = {"Authorization": f"Bearer {token(MERCHANT, Role.HOST)}"}
    offer = OFFER | {"ends": unix_ms() + 30 * A_DAY_MS}
    path = f"{server.url}/v1/merchants/{MERCHANT}"
    async with aiohttp.ClientSession(headers=headers) as session:
        for what, body in (("goods/shirt", GOODS), ("offers/spring", offer)):
            async with session.put(f"{path}/{what}", json=body) as response:
                assert response.status in (200, 201), await response.text()
