"""By the keyboard and by ear: focus stays where one works, and what is new is said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, in_both
from tests.browser.shop import MUG, SOFA, Server, Shop, joined, open_shop, until
from tests.browser.test_pages_front import heard

TABS = 12
"""More than there is to reach in a small form, so that it is gone around."""
FOCUSED = "document.activeElement.closest('[data-sale]')?.dataset.sale"


async def _hears(page: Page, words: str) -> None:
    said: list[str] = []
    while not any(words in each for each in said):
        said = await heard(page)


@asynccontextmanager
async def two_sales(server: Server, room: str) -> AsyncIterator[Shop]:
    """Open a shop with two standing sales, so that a row has another beside it."""
    async with open_shop(server, room, MUG, SOFA) as shop:
        for sku in ("mug", "sofa"):
            await shop.host.sale_open(sku, 5900, 9, per_user=1, hold_s=600, kind="standing")
        yield shop


@in_both
async def test_focus_stays_in_a_form_escape_closes_it_and_focus_is_where_it_was(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with two_sales(server, room) as shop:
        console = await joined(await open_console(shop))
        button = console.locator('.host-sale [data-do="restock"]').last
        await button.focus()
        await console.keyboard.press("Enter")
        await expect(console.locator("#field-add")).to_be_focused()
        for _ in range(TABS):
            await console.keyboard.press("Tab")
            assert not await console.evaluate(
                "document.activeElement.closest('main, .nav') !== null"
            )
        await console.keyboard.press("Escape")
        await expect(console.locator("dialog")).to_have_count(0)
        # Firefox has its own buttons in the round: the page may be the one that has no focus.
        assert await button.evaluate("element => document.activeElement === element")


async def test_focus_goes_on_at_a_sale_that_is_drawn_anew_with_its_price(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with two_sales(server, room) as shop:
        console = await joined(await open_console(shop))
        button = console.locator('.host-sale [data-do="price"]').last
        await button.focus()
        sale = await console.evaluate(FOCUSED)
        await button.evaluate("element => { globalThis.before = element; }")
        await console.keyboard.press("Enter")
        await console.keyboard.type("49")
        await console.keyboard.press("Enter")
        await expect(console.locator(f'[data-sale="{sale}"] .price')).to_contain_text("49")
        await until(console, "!before.isConnected")
        await until(console, f"{FOCUSED} === '{sale}'")
        await expect(console.locator(".toast")).to_contain_text("已改价为")


async def test_a_host_hears_of_orders_and_questions_and_a_viewer_hears_the_answer(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        mug = await shop.host.sale_open("mug", 5900, 9, per_user=1, hold_s=600)
        console = await joined(await open_console(shop))
        await expect(console.locator(".host-orders .empty")).to_be_visible()
        viewer = await joined(await open_page(shop.watch, "ann", name="小满"))
        async with shop.person("ben", "阿布") as ben:
            await ben.buy(mug["sale"], 1)
        await _hears(console, "1 个新订单")
        await viewer.get_by_label("评论", exact=True).fill("釉面会不会掉色？")
        await viewer.keyboard.press("Enter")
        await _hears(console, "釉面会不会掉色？")
        await console.get_by_role("tab", name="互动").click()
        await console.locator('[data-do="take"]').click()
        await console.get_by_label("记下答案").fill("高温烧的，不掉")
        await console.keyboard.press("Enter")
        await _hears(viewer, "高温烧的，不掉")


@pytest.mark.parametrize("viewport", [{"width": 360, "height": 640}, {"width": 390, "height": 844}])
async def test_on_a_phone_buying_and_the_feed_are_near_and_the_plus_leads_to_a_note(
    server: Server, room: str, open_page: OpenPage, viewport: dict[str, int]
) -> None:
    async with (
        open_shop(server, room, MUG | {"points": ["一"] * 6, "flaws": ["二"] * 3}) as shop,
        open_shop(server, f"{room}-soon", MUG, title="明晚", live=False),
    ):
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
        viewer = await joined(await open_page(shop.watch, "ann", viewport=viewport))
        await viewer.locator(".pinned-main").click()
        for name in ("buy", "plain"):
            button = viewer.locator(f".details .sale-doing .{name}")
            await expect(button).to_be_in_viewport(ratio=1)
        await viewer.locator(".details-sheet [data-do=report]").last.scroll_into_view_if_needed()
        await expect(viewer.locator(".details .buy")).to_be_in_viewport(ratio=1)

        home = await open_page(server.url, "ann", viewport=viewport)
        row = home.locator('[data-section="scheduled"] .room').first
        await expect(row).to_be_visible()
        assert await row.evaluate("element => element.offsetHeight") <= 100
        await home.get_by_role("link", name="写笔记").click()
        await home.wait_for_url("**/write")
        guest = await open_page(server.url, viewport=viewport)
        await expect(guest.locator('[data-section="scheduled"] .room').first).to_be_visible()
        await expect(guest.get_by_role("link", name="写笔记")).to_have_count(0)
