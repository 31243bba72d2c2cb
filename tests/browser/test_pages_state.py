"""liveroom.js keeps the room the server has, in both encodings, through cuts and restarts."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused
from tests.browser.conftest import OpenPage
from tests.browser.shop import LAMP, MUG, SOFA, Server, Shop, joined, open_shop, until

LONG_LIVED = """async ([room, encoding]) => {
    const { Room } = await import('/static/liveroom.js');
    globalThis.long = new Room({ room, encoding });
    await long.join();
}"""
# What a client sees that joins now, beside what the long-lived one has folded from events.
COMPARE = """async (encoding) => {
    const { Room } = await import('/static/liveroom.js');
    const fresh = new Room({ room: long.state.room.room, encoding });
    const { seq } = await fresh.join();
    const quiet = ({ online, viewers, ...room }) => room; // its own join changes these two
    const sorted = (_, value) => value?.constructor !== Object ? value
        : Object.fromEntries(Object.entries(value).sort());
    const claims = ({ mine }) => [...mine.claims].sort((a, b) => (a.claim < b.claim ? -1 : 1));
    const told = (state) => ({ ...quiet(state.room), claims: claims(state) });
    const text = (state) => JSON.stringify([told(state), state.seq], sorted);
    // Each has a socket of its own: one of them may be some events behind.
    for (let i = 0; i < 1000 && text(long.state) !== text(fresh.state); i += 1) {
        await new Promise((done) => setTimeout(done, 20));
    }
    const both = [told(long.state), told(fresh.state), long.state.seq, fresh.state.seq];
    fresh.close();
    return both;
}"""


class Evening:
    """Things that may happen in a room, one drawn after the other; refusals are part of life."""

    def __init__(self, rng: random.Random, shop: Shop, buyer: RoomClient) -> None:
        self.rng, self.host, self.buyer = rng, shop.host, buyer
        self.said: list[str] = ["none-yet"]
        self.asked: list[str] = ["none-yet"]

    async def something(self) -> None:
        happen = self.rng.choice(
            [
                *[self.talk, self.talk, self.buy, self.buy, self.settle, self.shelf, self.sale],
                *[self.say, self.ask, self.answer, self.coupon, self.coupon, self.round, self.join],
            ]
        )
        with contextlib.suppress(CommandRefused):
            await happen()

    def _sale(self) -> str:
        sales = self.host.state.view["sales"]
        return str(self.rng.choice(sales)["sale"]) if sales else "none-yet"

    async def talk(self) -> None:
        self.said.append(await self.buyer.comment(f"有 {self.rng.randrange(99)} 码吗"))
        await self.buyer.like(self.rng.randrange(1, 9))

    async def buy(self) -> None:
        free = [it["claim"] for it in self.buyer.state.mine["claims"] if not it.get("order")]
        claim = self.rng.choice([None, *free])
        await self.buyer.buy(self._sale(), self.rng.randrange(1, 3), claim=claim)

    async def settle(self) -> None:
        for order in (await self.buyer.orders())[:1]:
            await self.rng.choice([self.buyer.pay, self.buyer.cancel])(order["order"])

    async def shelf(self) -> None:
        sku = self.rng.choice(["sofa", "mug", "lamp"])
        price = self.rng.randrange(100)
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.host.pin(sku),
                self.host.unpin,
                lambda: self.host.shelf_put({**self.rng.choice([SOFA, MUG, LAMP]), "price": price}),
                lambda: self.host.shelf_remove(sku),
            ]
        )
        await change()

    async def sale(self) -> None:
        sku, stock = self.rng.choice(["sofa", "mug", "lamp"]), self.rng.randrange(1, 4)
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.host.sale_open(sku, 5, stock, per_user=3, hold_s=600),
                lambda: self.host.sale_restock(self._sale(), stock),
                lambda: self.host.sale_stock(self._sale(), stock + 1),
                lambda: self.host.sale_close(self._sale()),
            ]
        )
        await change()

    async def ask(self) -> None:
        text = self.rng.choice(["", "坐深多少厘米", "能机洗吗"])
        self.asked += [
            question["question"]
            for question in [(await self.buyer.ask("sofa", text)).get("question")]
            if question
        ]

    async def answer(self) -> None:
        question = self.rng.choice(self.asked)
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.host.question_take(question),
                lambda: self.host.question_answer(question, f"答 {self.rng.randrange(9)}"),
                lambda: self.host.question_drop(question),
            ]
        )
        await change()

    async def coupon(self) -> None:
        known = [it["coupon"] for it in self.host.state.view["coupons"]] or ["none-yet"]
        coupon = self.rng.choice(known)
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.host.coupon_open("券", 3, amount=2, floor=3, per_user=2),
                lambda: self.host.coupon_close(coupon),
                lambda: self.buyer.coupon_claim(coupon),
                lambda: self.buyer.coupon_claim(coupon),
            ]
        )
        await change()

    async def round(self) -> None:
        poll = (self.host.state.view["poll"] or {}).get("poll", "none-yet")
        lucky = (self.host.state.view["lucky"] or {}).get("lucky", "none-yet")
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.host.poll_open("哪个", ["白", "灰", f"{self.rng.randrange(99)} 号"]),
                lambda: self.host.poll_close(poll),
                lambda: self.buyer.vote(poll, self.rng.randrange(3)),
                lambda: self.host.lucky_open("围巾", 1),
                lambda: self.buyer.lucky_enter(lucky),
                lambda: self.host.lucky_draw(lucky),
            ]
        )
        await change()

    async def join(self) -> None:
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.buyer.follow(on=self.rng.random() < 0.5),
                lambda: self.host.selling(on=self.rng.random() < 0.5),
                lambda: self.host.rules(followers_only=self.rng.random() < 0.3),
            ]
        )
        await change()

    async def say(self) -> None:
        change: Callable[[], Awaitable[object]] = self.rng.choice(
            [
                lambda: self.host.notice(self.rng.choice(["", "今晚包邮"])),
                lambda: self.host.comment_remove(self.rng.choice(self.said)),
                lambda: self.host.mute("ann", self.rng.choice([0, 60])),
                lambda: self.host.slow(0),
            ]
        )
        await change()


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_the_folded_state_equals_the_servers_snapshot_after_any_events(
    server: Server, room: str, open_page: OpenPage, encoding: str
) -> None:
    rng = random.Random(f"pages {encoding}")
    async with open_shop(server, room, SOFA, MUG) as shop, shop.person("ann") as buyer:
        page: Page = await open_page(f"{server.url}/login", "ann")
        await page.evaluate(LONG_LIVED, [room, encoding])
        evening = Evening(rng, shop, buyer)
        for step in range(84):
            await evening.something()
            if step % 12 == 11:
                folded, fresh, seq, fresh_seq = await page.evaluate(COMPARE, encoding)
                assert seq == fresh_seq
                assert folded == fresh


async def test_after_a_restart_of_the_server_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, room: str, open_page: OpenPage
) -> None:
    server = Server(tmp_path / "data")
    await asyncio.to_thread(server.start)
    try:
        async with open_shop(server, room, MUG) as shop, shop.person("talker") as talker:
            await shop.host.pin("mug")
            sale = await shop.host.sale_open("mug", 5900, stock=5, per_user=2, hold_s=600)
            viewer = await joined(await open_page(shop.watch, "xiaoman"))
            await viewer.evaluate(
                "() => { globalThis.heard = [];liveroom.on('sale', ({ seq }) => heard.push(seq)); }"
            )
            await talker.comment("重启之前")
            await viewer.locator(".pinned-card .buy").click()
            await expect(viewer.locator(".buy-flow")).to_contain_text("抢到了")

            await asyncio.to_thread(server.kill)
            await expect(viewer.locator(".banner")).to_contain_text("正在重连")
            await asyncio.to_thread(server.start)
            await joined(viewer)
            await talker.comment("重启之后")
            await shop.host.sale_restock(sale["sale"], 3)

            await until(viewer, "liveroom.state.room.sales[0].allocated === 8")
            await expect(viewer.locator(".banner")).to_be_hidden()
            rows = viewer.locator(".talk .said")
            await expect(rows.filter(has_text="重启之后")).to_have_count(1)
            assert await rows.all_inner_texts() == ["重启之前", "重启之后"]
            assert len(set(await viewer.evaluate("heard"))) == len(await viewer.evaluate("heard"))
            await viewer.get_by_role("button", name="付款 ¥59").click()
            await expect(viewer.locator(".buy-flow")).to_contain_text("付款成功")
            assert len(await viewer.evaluate("liveroom.orders()")) == 1
    finally:
        await asyncio.to_thread(server.stop)


KEEP_SOCKETS = """
    const Real = WebSocket;
    globalThis.sockets = [];
    globalThis.WebSocket = class extends Real {
        constructor(...args) {
            super(...args);
            sockets.push(this);
        }
    };
"""


async def test_a_viewer_who_was_away_is_told_each_missed_event_once(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, MUG) as shop:
        page: Page = await open_page(f"{server.url}/login", script=KEEP_SOCKETS)
        await page.evaluate(LONG_LIVED, [room, "json"])
        await page.evaluate("() => { globalThis.pins = []; long.on('pin', e => pins.push(e.sku)) }")
        await shop.host.pin("mug")
        await until(page, "pins.length === 1")

        # What comes after this is not heard: the page only learns of it when it comes back.
        await page.evaluate("() => { sockets[0].onmessage = null }")
        await shop.host.pin("sofa")
        await shop.host.unpin()
        await shop.host.pin("mug")
        await page.evaluate("() => sockets[0].close()")
        await until(page, "sockets.length === 2 && long.status === 'joined'")

        assert await page.evaluate("pins") == ["mug", "sofa", None, "mug"]
        folded, fresh, _, _ = await page.evaluate(COMPARE, "json")
        assert folded == fresh
