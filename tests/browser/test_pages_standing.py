"""Buying as in a shop: variants, a cart, a price that falls, and the console that does it."""

import asyncio

from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import MUG, Server, at_rest, joined, open_shop, toasted
from tests.browser.test_pages_looks import AXE, SERIOUS, SMALL_TARGETS, TOO_WIDE

SHIRT = {"title": "亚麻衬衫", "price": 29900, "currency": "CNY", "goods": "shirt"}
SHIRTS = [
    SHIRT | {"sku": f"shirt-{size}", "options": {"尺码": size, "颜色": "白"}} for size in ("S", "M")
]


async def looks_right(page: Page) -> None:
    """What is open is for everybody, fits a phone, and is large enough for a finger."""
    await at_rest(page)  # a colour on its way is no contrast
    await page.evaluate(AXE)
    assert await page.evaluate(SERIOUS) == []
    assert await page.evaluate(TOO_WIDE) == []
    assert await page.evaluate(SMALL_TARGETS) == []


async def test_a_size_is_chosen_put_in_the_cart_and_bought_with_something_else(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, *SHIRTS, MUG) as shop, shop.person("quick") as quick:
        early = await joined(await open_page(shop.watch, "early", viewport=DESKTOP))
        rows = early.locator(".shelf-row")
        await expect(rows.nth(0)).to_contain_text("S · 白")
        await expect(rows.nth(1)).to_contain_text("M · 白")
        await rows.nth(0).locator(".shelf-main").click()
        await expect(early.locator(".variants .gone").first).to_contain_text("暂未开抢")
        small = await shop.host.sale_open("shirt-S", 29900, 1, kind="standing")
        await shop.host.sale_open("shirt-M", 29900, 5, per_user=3, kind="standing")
        await shop.host.sale_open("mug", 5900, 5, kind="standing")
        await quick.buy(small["sale"])
        await shop.host.pin("shirt-S")
        viewer = await joined(await open_page(shop.watch, "xiaoman"))

        await viewer.locator(".pinned-main").click()
        sheet = viewer.locator(".details-sheet")
        await expect(sheet.locator(".variants .gone")).to_contain_text("S")
        await expect(sheet.locator('[data-do="add-to-cart"]')).to_be_hidden()
        await sheet.locator(".variants label", has_text="M").click()
        await expect(sheet.locator(".buy")).to_have_text("购买")
        await sheet.get_by_role("button", name="加一件").click()
        await expect(sheet.locator(".buy")).to_have_text("购买 2 件")
        await looks_right(viewer)
        await sheet.locator('[data-do="add-to-cart"]').click()
        await toasted(viewer, "已加入购物车")
        await sheet.get_by_role("button", name="关闭").click()
        await shop.host.pin("mug")
        await expect(viewer.locator(".pinned-card")).to_contain_text("¥59")
        await viewer.locator(".pinned-main").click()
        await sheet.locator('[data-do="add-to-cart"]').click()
        await sheet.locator('[data-do="cart"]').click()

        cart = viewer.locator(".cart-sheet")
        await expect(cart.locator(".cart-line")).to_have_count(2)
        await expect(cart.locator(".cart-line").first).to_contain_text("M · 白")
        await looks_right(viewer)
        await cart.get_by_role("button", name="一起买 ¥657").click()
        await viewer.get_by_role("button", name="付款 ¥657").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("付款成功")
        [order] = [o for o in await viewer.evaluate("liveroom.state.orders") if o["total"] == 65700]
        assert [line["qty"] for line in order["lines"]] == [2, 1]


async def test_the_host_lets_a_product_stand_lowers_its_price_and_restocks_what_was_wanted(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    sku = f"vase-{room}"  # which this host has sold nowhere for less
    async with open_shop(server, room, MUG | {"sku": sku}) as shop:
        await shop.host.pin(sku)
        console, viewer = await open_console(shop), await open_page(shop.watch, "xiaoman")
        await asyncio.gather(joined(console), joined(viewer))

        await console.locator('.host-product [data-do="sell"]').click()
        await console.get_by_label("孤品").check(force=True)
        await expect(console.get_by_label("付款保留")).to_have_value("86400")
        await expect(console.get_by_label("持续")).to_be_hidden()
        await console.get_by_label("卖价").fill("80")
        await console.get_by_role("button", name="开抢", exact=True).click()
        await expect(viewer.locator(".pinned-card .buy")).to_have_text("购买")
        await expect(viewer.locator(".pinned-card .was")).to_have_count(0)

        await console.locator('.host-sale [data-do="price"]').click()
        await console.get_by_label("价格").fill("60")
        await console.get_by_role("button", name="改价", exact=True).last.click()
        await expect(viewer.locator(".pinned-card .price").first).to_have_text("¥60")
        await expect(viewer.locator(".pinned-card .was")).to_contain_text("¥80")

        await viewer.locator(".pinned-card .buy").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("抢到了")
        async with shop.person("ann") as ann, shop.person("ben") as ben:
            sale = ann.state.view["sales"][0]["sale"]
            for late in (ann, ben):
                await late.waitlist(sale)
        await console.locator('.host-sale [data-do="restock"]').click()
        await expect(console.locator("[data-unmet]")).to_have_text("还有 2 人想要")
        await expect(console.get_by_label("增加件数")).to_have_value("2")
