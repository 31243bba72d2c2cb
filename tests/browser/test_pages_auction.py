"""An auction, from the host's form to the order of whoever wins it."""

from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.shop import MUG, Server, joined, open_shop, toasted, until


async def test_the_highest_bidder_wins_at_what_the_next_makes_it_pay(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "xiaoman"))
        rival = await joined(await open_page(shop.watch, "ana"))

        await console.get_by_role("tab", name="互动").click()
        await console.locator('[data-do="auction"]').click()
        await console.get_by_label("起拍价").fill("50")
        await console.get_by_label("加价幅度").fill("5")
        await console.get_by_label("保留价").fill("60")
        await console.get_by_label("持续").fill("600")
        await console.get_by_label("反超时间").fill("1")
        await console.get_by_role("button", name="开拍卖").last.click()

        card = viewer.locator(".auction")
        await expect(card).to_contain_text("还没人出价")
        await card.locator('[data-do="bid"]').click()
        await viewer.get_by_label("你的最高价").fill("49")
        await viewer.get_by_role("button", name="出价", exact=True).click()
        assert await viewer.locator("input:invalid").count() == 1, "the browser says so itself"
        await viewer.get_by_label("你的最高价").fill("200")
        await viewer.get_by_role("button", name="出价", exact=True).click()
        await toasted(viewer, "你领先")
        await expect(card).to_contain_text("你领先，最高出到 ¥200")
        await expect(card).to_contain_text("已到保留价")

        await rival.locator('.auction [data-do="bid"]').click()
        await rival.get_by_label("你的最高价").fill("100")
        await rival.get_by_role("button", name="出价", exact=True).click()
        await toasted(rival, "马上被超过了，现价 ¥105")
        await expect(rival.locator(".auction")).to_contain_text("你被超过了")
        await expect(console.locator(".auction-bidders li")).to_have_count(2)
        await expect(console.locator(".auction-bidders .mine")).to_contain_text("¥105")
        assert "200" not in await console.locator("main, body").first.inner_text()

        await console.locator('[data-do="hammer"]').click()
        await console.get_by_role("button", name="提醒落槌").last.click()
        await expect(card).to_contain_text("你以 ¥105 拍到了")
        await expect(rival.locator(".auction")).to_contain_text("以 ¥105 拍得")
        await expect(card).not_to_contain_text("会延时")
        box = console.get_by_role("tabpanel")
        await expect(box).to_contain_text("以 ¥105 拍得")
        await expect(box).not_to_contain_text("领先")
        await expect(box).to_contain_text("保留价 ¥60")
        await toasted(viewer, "请尽快付款")
        (order,) = await viewer.evaluate("liveroom.orders()")
        assert (order["total"], order["status"]) == (10500, "held")

        await viewer.evaluate(f"liveroom.cancel('{order['order']}')")
        await toasted(rival, "前一位没付款")
        await until(rival, "liveroom.state.orders.length === 1")
        assert (await rival.evaluate("liveroom.orders()"))[0]["total"] == 6000


async def test_a_cancelled_auction_says_why(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "xiaoman"))
        await console.evaluate(
            "liveroom.auctionOpen({sku: 'mug', opening: 100, increment: 10,"
            " hold_s: 60, lasts_s: 60})"
        )
        await console.get_by_role("tab", name="互动").click()
        await console.locator('[data-do="cancel-auction"]').click()
        await console.get_by_label("原因").fill("杯子碎了")
        await console.get_by_role("button", name="取消拍卖").last.click()
        await expect(viewer.locator(".auction")).to_contain_text("已取消：杯子碎了")
