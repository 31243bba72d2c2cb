"""A room in the middle of an evening, for pictures and for everything that looks at whole pages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.browser.shop import HOST, LAMP, MUG, SOFA, Server, Shop, open_shop

SCARF = {
    "sku": "scarf",
    "title": "美利奴羊毛围巾 雾灰",
    "price": 25900,
    "currency": "CNY",
    "points": ["17.5 微米，贴脖子不扎"],
    "flaws": ["要手洗，平铺晾干"],
}
OIL = {
    "sku": "oil",
    "title": "初榨橄榄油 500ml",
    "price": 12800,
    "currency": "CNY",
    "points": ["酸度 0.3%，批次可查"],
}
NEIGHBOURS = {
    "kiln": ("窑口直送：青瓷茶器", True),
    "paper": ("Paper lamps, slowly", True),
    "wool": ("周三晚八点 羊毛专场", False),
}
TALK = (
    ("一口甜", "沙发坐着会塌吗？"),
    ("北岸", "求链接 1 号"),
    ("Léa", "la couleur est superbe"),
    ("阿布", "上周买的灰色到了，实物更好看"),
    ("Nora", "how much is the lamp? link please"),
    ("七七", "深灰什么时候补货"),
    ("木木", "主播讲缺点这点很加分"),
    ("南方的雪", "抢到了！！"),
)


@asynccontextmanager
async def street(server: Server) -> AsyncIterator[None]:
    """Some more rooms, for the list."""
    async with AsyncExitStack() as stack:
        for room, (title, live) in NEIGHBOURS.items():
            await stack.enter_async_context(open_shop(server, room, title=title, live=live))
        yield


@asynccontextmanager
async def evening(server: Server, room: str, owner: str = HOST) -> AsyncIterator[Shop]:
    """Live, with a shelf, a sale half sold, talk, a notice, hearts, a question and a poll."""
    async with (
        AsyncExitStack() as stack,
        open_shop(server, room, SOFA, MUG, LAMP, SCARF, OIL, owner=owner) as shop,
    ):
        host = shop.host
        await host.notice("今晚全场包邮，48 小时内发货")
        await host.pin("sofa")
        sofa = await host.sale_open("sofa", 99900, 30, per_user=2, hold_s=600, lasts_s=900)
        mug = await host.sale_open("mug", 5900, 3, per_user=3, hold_s=600)
        await host.sale_open("lamp", 14900, 20, per_user=1, hold_s=90, starts_in_s=600)
        await host.coupon_open("新人券", 100, amount=2000, floor=19900, lasts_s=1800)
        poll = await host.poll_open("下一件讲哪个颜色？", ["燕麦白", "深灰", "焦糖"])
        for i, (name, text) in enumerate(TALK):
            person = await stack.enter_async_context(shop.person(f"u{i}", name))
            order = await person.buy(sofa["sale"], 2)
            if i % 3:
                await person.pay(order["order"])
            if i == 0:
                await person.pay((await person.buy(mug["sale"], 3))["order"])
            await person.like(21)
            await person.comment(text)
            await person.vote(poll["poll"], (1, 1, 0, 1, 2, 1, 0, 1)[i])
            asked = (await person.ask("sofa", "深灰色掉色吗？能机洗吗？"))["question"]
        await host.question_take(asked["question"])
        await host.comment("浅色真的不耐脏，家里有猫选深灰，别冲动")
        yield shop
