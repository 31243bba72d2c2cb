"""A shelf of many products: the pages show a part at first, and all of it to whoever looks."""

import asyncio
from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.shop import Server, joined, open_shop, until
from tests.browser.test_pages_looks import SMALLEST, _too_wide_or_small

MANY = 130


def product(n: int) -> dict[str, Any]:
    return {"sku": f"p{n:03}", "title": f"青瓷杯 {n:03}", "price": 8900 + n, "currency": "CNY"}


async def test_everybody_finds_each_product_of_a_long_shelf(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, *(product(n) for n in range(MANY))) as shop:
        await shop.host.pin("p120")
        await shop.host.sale_open("p110", 5900, stock=5, per_user=1, hold_s=600)
        viewer, console = await open_page(shop.watch, "xiaoman"), await open_console(shop)
        await asyncio.gather(joined(viewer), joined(console))
        assert await viewer.evaluate("liveroom.state.room.shelf.length") == 50
        await expect(viewer.locator(".pinned-card")).to_contain_text("青瓷杯 120")
        await viewer.locator(".shelf-button").click()
        sheet = viewer.locator("dialog")
        await expect(sheet).to_contain_text(f"{MANY}")
        await expect(sheet.locator('[data-sku="p110"] .buy')).to_be_visible()
        assert await sheet.locator('[data-sku="p110"] .number').count() == 0
        await sheet.get_by_label("搜索商品").fill("杯 099")
        await expect(sheet.locator(".shelf-row")).to_have_count(1)
        await expect(sheet.locator(".shelf-row")).to_contain_text("青瓷杯 099")
        await viewer.set_viewport_size(SMALLEST)
        faults = await _too_wide_or_small(viewer)
        await sheet.get_by_label("搜索商品").fill("")
        await sheet.locator('[data-do="all-products"]').click()
        await expect(sheet.locator(".shelf-row")).to_have_count(MANY)
        await expect(sheet.locator('[data-sku="p110"] .number')).to_have_text("111")
        assert not faults, "\n".join(faults)

        await until(console, f"liveroom.state.room.shelf.length === {MANY}")
        await expect(console.locator(".host-product")).to_have_count(100)
        await console.locator(".column-shelf").get_by_label("搜索商品").fill("p129")
        await expect(console.locator(".host-product")).to_have_count(1)
        await console.locator('.host-product [data-do="pin"]').click()
        await expect(viewer.locator(".pinned-card")).to_contain_text("青瓷杯 129")
