"""From the host's click to the viewer's paid order, in two browsers."""

import asyncio
import re

from playwright.async_api import expect

from tests.browser.conftest import OpenPage, in_both
from tests.browser.shop import MUG, SOFA, Server, fill_anew, joined, open_shop, toasted, until


@in_both
async def test_a_sale_goes_from_the_hosts_click_to_the_viewers_paid_order(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, MUG, live=False) as shop:
        console, viewer = await open_console(shop), await open_page(shop.watch, "xiaoman")
        await asyncio.gather(joined(console), joined(viewer))

        await console.get_by_role("button", name="开播", exact=True).click()
        await console.locator('[data-sku="sofa"] [data-do="pin"]').click()
        await expect(viewer.locator(".pinned-card")).to_contain_text("云朵布艺沙发")
        await expect(viewer.locator(".pinned-card")).to_contain_text("浅色不耐脏")
        await console.locator('[data-sku="sofa"] [data-do="sell"]').click()
        await fill_anew(console.get_by_label("卖价"), "999.5")
        await fill_anew(console.get_by_label("库存"), "3")
        await console.get_by_role("button", name="开抢", exact=True).click()

        buy = viewer.locator(".pinned-card .buy")
        await expect(buy).to_have_text("立即抢")
        await expect(viewer.locator(".pinned-card .price").first).to_have_text("¥999.50")
        await buy.click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("抢到了")
        await expect(viewer.locator(".pinned-card .stock-words")).to_contain_text("剩 2待付 1")
        await viewer.get_by_role("button", name="付款 ¥999.50").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("付款成功")

        await expect(viewer.locator(".pinned-card .stock-words")).to_contain_text("剩 2已售 1")
        await expect(console.locator(".host-sale .stock-words")).to_contain_text("剩 2已售 1")
        await expect(console.locator('[data-tile="gmv"]')).to_contain_text("¥999.50")
        await expect(console.locator(".host-order")).to_have_count(1)
        await expect(console.locator(".host-order")).to_contain_text("已付款")

        await console.get_by_role("button", name="退货退款: xiaoman").click()
        await console.get_by_role("button", name="退货退款", exact=True).click()
        await expect(console.locator(".host-order")).to_contain_text("已退货")
        await expect(viewer.locator(".pinned-card .stock-words")).to_contain_text("剩 3已售 0")


async def test_the_host_lowers_the_stock_of_a_sale(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 5900, stock=5, per_user=1, hold_s=600)
        console, viewer = await open_console(shop), await open_page(shop.watch, "xiaoman")
        await asyncio.gather(joined(console), joined(viewer))
        await viewer.locator(".pinned-card .buy").click()
        await expect(console.locator(".host-sale .stock-words")).to_contain_text("剩 4待付 1")

        await console.locator('.host-sale [data-do="stock"]').click()
        stock = console.get_by_label("总件数")
        await expect(stock).to_have_value("5")
        await expect(stock).to_have_attribute("min", "1")
        await stock.fill("3")
        await console.get_by_role("button", name="改库存", exact=True).last.click()

        await expect(console.locator(".host-sale .stock-words")).to_contain_text("剩 2待付 1")
        await expect(viewer.locator(".pinned-card .stock-words")).to_contain_text("剩 2待付 1")
        await until(viewer, "liveroom.state.room.sales[0].allocated === 3")


async def test_a_hold_that_is_given_back_returns_to_the_stock(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 5900, stock=2, per_user=1, hold_s=600)
        viewer = await joined(await open_page(shop.watch, "afu"))

        await viewer.locator(".pinned-card .buy").click()
        await viewer.get_by_role("button", name="不要了").click()

        await expect(viewer.locator(".buy-flow")).to_contain_text("已取消")
        await expect(viewer.locator(".pinned-card .stock-words")).to_contain_text("剩 2")


async def test_sold_out_says_what_may_come_back_and_offers_the_waitlist(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop, shop.person("quick") as quick:
        await shop.host.pin("mug")
        sale = await shop.host.sale_open("mug", 5900, stock=1, per_user=1, hold_s=600)
        order = await quick.buy(sale["sale"])
        viewer = await joined(await open_page(shop.watch, "patient"))

        button = viewer.locator(".pinned-card .buy")
        await expect(button).to_have_text("排队等放出")
        await expect(viewer.locator(".pinned-card")).to_contain_text("1 件待付款，可能放出")

        await button.click()
        await toasted(viewer, "已排队，第 1 位")

        await quick.cancel(order["order"])
        await toasted(viewer, "轮到你了")
        await viewer.get_by_role("button", name="我的订单").last.click()
        await viewer.get_by_role("button", name="付款 ¥59").click()
        await expect(viewer.locator("dialog .order")).to_contain_text("已付款")
        await expect(button).to_have_text("抢光了")
        await expect(button).to_be_disabled()


async def test_the_countdown_runs_on_the_servers_clock_when_the_phones_is_wrong(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 5900, stock=5, per_user=1, hold_s=600, starts_in_s=3000)
        an_hour_off = "const now = Date.now; Date.now = () => now() + 3_600_000;"
        viewer = await joined(await open_page(shop.watch, "late", script=an_hour_off))

        digits = viewer.locator(".pinned-card .countdown .digits")
        first = await digits.inner_text()
        assert re.fullmatch(r"50:00|4\d:\d\d", first), first
        await until(
            viewer,
            "before => document.querySelector('.pinned-card .digits').textContent < before",
            first,
        )
        await expect(viewer.locator(".pinned-card .buy")).to_be_disabled()


async def test_a_buy_whose_answer_was_lost_makes_one_order(
    server: Server, room: str, open_page: OpenPage
) -> None:
    cut_after_the_first_buy = """
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
          send.call(this, data);
          if (data.includes('"op":"buy"') && !globalThis.wasCut) {
            globalThis.wasCut = true;
            this.onmessage = null;  // the answer never arrives
            this.close();
          }
        };
    """
    async with open_shop(server, room, MUG) as shop:
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 5900, stock=9, per_user=5, hold_s=600)
        viewer = await joined(
            await open_page(shop.watch, "unlucky", script=cut_after_the_first_buy)
        )

        await viewer.locator(".pinned-card .buy").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("抢到了")

        assert await viewer.evaluate("globalThis.wasCut")
        assert len(await viewer.evaluate("liveroom.orders()")) == 1
        await until(viewer, "liveroom.state.room.sales[0].held === 1")
