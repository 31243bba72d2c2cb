"""What follows an order: its address, parcel and moment, and the review of what came."""

import secrets
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import MUG, SOFA, Server, Shop, joined, open_shop, token
from tests.browser.test_pages_looks import LANGUAGES, SMALLEST, _faults

HOME = {
    "name": "陈小满", "country": "CN", "region": "浙江", "city": "杭州", "postcode": "310000",
    "lines": ["湖滨路 12 号"], "phone": "+86 138 0000 0000",
}  # fmt: skip
FLAWS = {"flaws": ["釉面有小气泡"], "points": ["手工拉坯"]}


async def _buy(shop: Shop, server: Server, user: str) -> dict[str, Any]:
    """Somebody with an address buys a pinned mug, and pays without saying where it goes."""
    await shop.host.request("pin", sku="mug")
    mug = await shop.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
    async with shop.person(user, "小满") as ann:
        order = await ann.pay((await ann.buy(mug["sale"], 2))["order"])
    await _send(server, user, "PUT", "/v1/me/addresses/home", HOME)
    return order


async def _send(server: Server, user: str, method: str, path: str, body: Any = None) -> Any:
    """A request of a user, and its answer."""
    headers = {"Authorization": f"Bearer {token(user, name='小满')}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, server.url + path, json=body) as response,
    ):
        assert response.ok, await response.text()
        return await response.json()


async def _reload_until(page: Page, wanted: str) -> None:
    """The records lag the room."""
    while not await page.locator(wanted).count():
        await page.reload()
        await expect(page.locator(".me-addresses")).to_be_visible()
        read = page.locator(".me-order, .me-orders .empty:not([hidden])")
        await expect(read.first).to_be_visible()


async def test_an_order_is_sent_looked_into_and_reviewed(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    user, owner = f"ann-{secrets.token_hex(3)}", f"host-{secrets.token_hex(3)}"
    faults: list[str] = []
    async with open_shop(server, f"r-{secrets.token_hex(4)}", MUG | FLAWS, owner=owner) as shop:
        await _buy(shop, server, user)
        page = await open_page(
            f"{server.url}/me", user, name="小满", viewport=SMALLEST, reduced_motion="reduce"
        )
        await _reload_until(page, '[data-do="say-where"]')
        await page.locator('[data-do="say-where"]').click()
        await expect(page.get_by_role("button", name="寄到这里")).to_be_visible()
        faults += [f"where: {fault}" for fault in await _faults(page)]
        await page.screenshot(path=images / "sheet-delivery.png")
        await page.get_by_role("button", name="寄到这里").click()
        await expect(page.locator(".delivery")).to_contain_text("湖滨路 12 号")
        await page.locator('[data-do="moment"]').click()
        await expect(page.locator(".moment-shown")).to_contain_text("釉面有小气泡")
        await expect(page.locator(".moment .badge")).to_have_text("讲解中")
        faults += [f"moment: {fault}" for fault in await _faults(page)]
        await page.screenshot(path=images / "sheet-moment.png")
        await page.keyboard.press("Escape")
        await page.locator('[data-do="review"]').click()
        await page.locator('label:has(input[value="4"])').click()
        await page.get_by_label("想说的话").fill("釉色很润，比想象中小一点")
        await page.screenshot(path=images / "sheet-review.png")
        faults += [f"review: {fault}" for fault in await _faults(page)]
        await page.get_by_role("button", name="发布").click()
        await expect(page.locator(".me-order .review")).to_contain_text("釉色很润")

        console = await open_page(
            shop.console, owner, Role.HOST, "Nora", viewport=DESKTOP, reduced_motion="reduce"
        )
        rows = console.locator(".to-send-row")
        while not await rows.count():  # the list is of the records, which come a moment later
            await console.reload()
            await joined(console)
            await console.get_by_role("tab", name="发货").click()
            none = console.locator(".sending > .fine:not([hidden])")
            await expect(rows.or_(none).first).to_be_attached()
        await expect(rows).to_contain_text("湖滨路 12 号")
        await console.locator(".to-send-row input").check()
        faults += [f"console: {fault}" for fault in await _faults(console)]
        await console.screenshot(path=images / "host-sending.png")
        await console.locator('[data-do="send-parcel"]').click()
        await console.get_by_label("快递公司").fill("顺丰")
        await console.get_by_label("运单号").fill("SF1234567890")
        await console.locator("dialog").get_by_role("button", name="发货").click()
        await expect(console.locator(".to-send-row")).to_have_count(0)
        await console.locator('[data-do="answer-review"]').click()
        await console.get_by_label("只能回复一次").fill("谢谢，口径 8 厘米，已补充到说明里。")
        await console.locator("dialog").get_by_role("button", name="回复").click()
        await expect(console.locator(".review-answer")).to_contain_text("口径 8 厘米")

        async with console.expect_file_chooser() as choosing:
            await console.locator('[data-do="take-csv"]').click()
        rows = f"room,order,delivered\n{shop.room},o0,yes\n".encode()
        chosen = {"name": "parcels.csv", "mimeType": "text/csv", "buffer": rows}
        await (await choosing.value).set_files([chosen])
        await expect(console.locator(".import-answer")).to_contain_text("第 2 行")

        await _reload_until(page, ".parcel")
        await expect(page.locator(".parcel")).to_contain_text("SF1234567890")
        await page.locator(".parcel").scroll_into_view_if_needed()
        faults += [f"/me: {fault}" for fault in await _faults(page)]
        await page.screenshot(path=images / "me-parcel.png")
        assert not faults, "\n".join(faults)


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_a_products_sheet_tells_what_buyers_say_in_every_language(
    server: Server, open_page: OpenPage, images: Path, locale: str
) -> None:
    user, owner = f"ann-{secrets.token_hex(3)}", f"host-{secrets.token_hex(3)}"
    room = f"r-{secrets.token_hex(4)}"
    async with open_shop(server, room, MUG, SOFA, owner=owner) as shop:
        mine = await _buy(shop, server, user)
        place = f"/v1/rooms/{room}/orders/{mine['order']}/reviews/{mine['lines'][0]['sale']}"
        said = {"stars": 4, "text": "釉色很润，比想象中小一点"}
        await _send(server, user, "PUT", place, said)
        page = await open_page(
            shop.watch, "ben", name="Ben", locale=locale, viewport=SMALLEST,
            reduced_motion="reduce",
        )  # fmt: skip
        await joined(page)
        async with shop.person(user, "小满") as ann:
            await ann.comment("我买了，很喜欢")
        await expect(page.locator('.author-badge[data-badge="bought"]')).to_be_visible()
        await page.locator(".pinned-main").click()
        await expect(page.locator(".product-reviews .review")).to_contain_text("釉色很润")
        await page.locator(".product-reviews").scroll_into_view_if_needed()
        faults = await _faults(page)
        await page.screenshot(path=images / f"sheet-reviews-{locale[:2]}.png")
        await page.keyboard.press("Escape")
        await page.screenshot(path=images / f"watch-badges-{locale[:2]}.png")
        me = await open_page(
            f"{server.url}/me", user, name="小满", locale=locale, viewport=SMALLEST,
            reduced_motion="reduce",
        )  # fmt: skip
        await _reload_until(me, '[data-do="say-where"]')
        faults += [f"/me: {fault}" for fault in await _faults(me)]
        await me.screenshot(path=images / f"me-asked-{locale[:2]}.png", full_page=True)
        console = await open_page(
            shop.console, owner, Role.HOST, "Nora", locale=locale, viewport=SMALLEST,
            reduced_motion="reduce",
        )  # fmt: skip
        await joined(console)
        await console.locator('[data-tab="numbers"]').click()
        await console.locator("#tab-sending").click()
        await expect(console.locator(".to-send-row")).to_be_visible()
        faults += [f"console: {fault}" for fault in await _faults(console)]
        await console.screenshot(path=images / f"host-sending-{locale[:2]}.png")
        assert not faults, "\n".join(faults)
