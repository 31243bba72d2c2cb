"""The rooms, goods and people that the screens of the table are about (screens.py)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from client_sim.rest import Rest
from server.background.clock import unix_ms
from server.protocol.roles import Role
from tests.browser.scene import evening
from tests.browser.screen_things import offer_goods, send, show_a_topic, write_notes
from tests.browser.shop import HOST_NAME, LAMP, MUG, SOFA, Server, Shop, open_shop, token

FIRST = "screens"
"""How the ids of all of them begin."""
A_DAY_MS = 86_400_000
OWNER = "screens-host"
"""Whose rooms they are: rooms of other tests are not in these pictures."""
BUYER, BUYER_NAME = "screens-buyer", "小满"
RETURNING = "screens-returning"
HOME = {"name": "陈小满", "country": "CN", "region": "浙江", "city": "杭州", "postcode": "310000",
        "lines": ["湖滨路 12 号"], "phone": "+86 138 0000 0000"}  # fmt: skip

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
    await shop.host.sale_open("cup-1", 8900, 20, per_user=5, hold_s=1800, kind="standing")


async def _leave(shop: Shop) -> None:
    """Nothing more happens there."""


ROOMS: dict[str, tuple[tuple[dict[str, object], ...], str, bool, Furnish]] = {
    # name: goods, title, whether it goes live, what happens there; the newest is shown first
    "quiet": ((), "第一次开播", True, _leave),
    "lots": ((MUG,), "周末抽奖", True, _draw_lots),
    "auction": ((LAMP, MUG), "Lamps under the hammer", True, _auction),
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
        await _give_back(shop, server)
        names = {"evening": shop.room, "host": OWNER}
        for name, (goods, title, live, furnish) in ROOMS.items():
            room = f"{FIRST}-{name}"
            opened = open_shop(server, room, *goods, title=title, live=live, owner=OWNER)
            await furnish(await stack.enter_async_context(opened))
            names[name] = room
        async with Rest(server.url, token(OWNER, Role.HOST, HOST_NAME)) as rest:
            names["hidden"] = f"{FIRST}-hidden"
            draft = {"room": names["hidden"], "title": "还没想好", "draft": True}
            await rest.write("POST", "rooms", draft)
            names["group"] = await rest.open_group(OWNER, "慢客厅的朋友们", "followers")
        await offer_goods(server, OWNER)
        names |= await write_notes(server, OWNER, names["soon"])
        names["topic"] = await show_a_topic(server, names)
        await _ask_for_staff(shop, server, names["note"])
        yield names


async def _buy(shop: Shop) -> None:
    """Whoever buys has an order that is held, and one that is paid."""
    sales = {sale["sku"]: sale["sale"] for sale in shop.host.state.view["sales"]}
    async with shop.person(BUYER, BUYER_NAME) as buyer:
        await buyer.follow()
        await buyer.pay((await buyer.buy(sales["sofa"], 1))["order"])
        await buyer.buy(sales["sofa"], 1)


async def _give_back(shop: Shop, server: Server) -> None:
    """Somebody with an address bought one, reviewed it, and wants to give it back."""
    sofa = next(each["sale"] for each in shop.host.state.view["sales"] if each["sku"] == "sofa")
    await send(server, RETURNING, "PUT", "/v1/me/addresses/home", HOME)
    async with shop.person(RETURNING, "陈小满") as buyer:
        order = (await buyer.pay((await buyer.buy(sofa, 1))["order"]))["order"]
    path = f"/v1/rooms/{shop.room}/orders/{order}"
    said = {"stars": 3, "text": "坐着舒服，但比图片里颜色深"}
    await send(server, RETURNING, "PUT", f"{path}/reviews/{sofa}", said)
    asked = {"reason": "not_as_shown", "note": "颜色比图片深很多"}
    await send(server, RETURNING, "POST", f"{path}/return-request", asked)


async def _ask_for_staff(shop: Shop, server: Server, note: str) -> None:
    """What waits for the staff: a plan, a line on the host's screen, reports, a held comment."""
    await shop.host.rundown_put("product", "先讲沙发的坐深", lasts_s=300, does={"sku": "sofa"})
    await shop.host.rundown_put("note", "喝水，看一眼问题", lasts_s=60)
    await shop.host.prompt_send("声音有点小")
    for text in ("48 小时内发货", "Every colour is back on Saturday, at eight in the evening"):
        await shop.host.request("quick_reply.save", text=text)
    said = shop.host.state.view["comments"][0]["id"]
    async with shop.person(RETURNING, "陈小满") as member:
        await member.follow()
        await member.group_join()
    async with shop.person("screens-reporter", "阿布") as reporter:
        await reporter.report("comment", "spam", said, "一直刷屏")
    report = {"kind": "counterfeit", "text": "图片不是她拍的"}
    await send(server, "screens-reporter", "POST", f"/v1/notes/{note}/reports", report)
