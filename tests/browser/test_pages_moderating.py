"""Reports from the viewer page to console and /ops; words and reviews of all rooms on /ops."""

import secrets
from typing import Any

import aiohttp
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import MUG, Server, joined, open_shop, toasted, token
from tests.browser.test_pages_looks import _faults

BAD = "加我领奖品"


async def _send_report(page: Page, why: str, text: str) -> None:
    await page.locator("label.chip", has_text=why).click()
    await page.locator('dialog [name="text"]').fill(text)
    await page.locator('dialog [type="submit"]').click()
    await toasted(page, "已收到举报")
    await expect(page.locator("dialog")).to_have_count(0)


async def test_what_a_viewer_reports_is_settled_at_the_desk_and_on_ops(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    faults: list[str] = []
    async with open_shop(server, room, MUG) as shop, shop.person("mallory", "Mallory") as mallory:
        viewer = await joined(await open_page(shop.watch, "ann", name="Ann"))
        console = await joined(await open_console(shop))
        await mallory.comment(BAD)
        await viewer.locator(".comment", has_text=BAD).click(button="right")
        await expect(viewer.locator("dialog")).to_be_visible()
        faults += await _faults(viewer)
        await _send_report(viewer, "欺诈", "在骗钱")
        await viewer.get_by_role("button", name="更多").click()
        await viewer.locator('dialog [data-do="report"]').click()
        await viewer.locator('dialog [name="what"]').select_option("room/")
        ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
        await expect(ops.locator(".reports [data-thing]", has_text=BAD)).to_have_count(1)
        await _send_report(viewer, "垃圾广告", "")

        await console.get_by_role("tab", name="管理").click()
        report = console.locator(".held", has_text=BAD)
        await expect(report).to_contain_text("在骗钱")
        await expect(report).to_contain_text("欺诈 ×1")
        faults += await _faults(console)
        await report.locator('[data-do="dismiss"]').click()
        await expect(report).to_have_count(0)

        title = "周末的慢客厅"  # it came while the page was open
        await expect(ops.locator(".reports [data-thing]", has_text=title).first).to_be_visible()
        await ops.locator('.reports [name="room"]').fill(room)
        await ops.keyboard.press("Enter")
        things = ops.locator(".reports [data-thing]")
        await expect(things).to_have_count(2)
        waiting = await ops.locator(".reports > .fine").first.inner_text()
        await things.filter(has_text=BAD).locator('[data-do="who"]').click()
        await expect(ops.locator("dialog")).to_contain_text("ann")
        await ops.keyboard.press("Escape")
        await expect(ops.locator("dialog")).to_have_count(0)
        await things.filter(has_text=BAD).locator('[data-do="settle"]').click()
        await ops.locator("label.chip", has_text="撤下").click()
        faults += await _faults(ops)
        await ops.locator('dialog [type="submit"]').click()
        await expect(things).to_have_count(1)
        await expect(ops.locator(".reports > .fine").first).not_to_have_text(waiting, timeout=2000)
        await expect(viewer.locator(".comment", has_text=BAD)).to_have_count(0)
    assert not faults, "\n".join(faults)


async def test_the_operator_puts_words_and_hides_reviews(
    server: Server, room: str, open_page: OpenPage
) -> None:
    word = f"w{secrets.token_hex(4)}"
    buyer = f"u{secrets.token_hex(4)}"
    async with open_shop(server, room, MUG) as shop, shop.person(buyer, "Bo") as person:
        sale = await shop.host.sale_open("mug", 100, 5, per_user=5, hold_s=600)
        order = await person.pay((await person.buy(sale["sale"]))["order"])
        text = f"review {secrets.token_hex(4)}"
        await _review(server, buyer, room, order, text)

        ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
        review = ops.locator(".server-reviews .review", has_text=text)
        await review.locator('[data-do="hide"]').click()
        await ops.locator('dialog [name="reason"]').fill("an insult")
        await ops.locator('dialog [type="submit"]').click()
        await expect(review).to_have_count(0)
        await ops.locator(".server-reviews label.chip", has_text="隐藏的").click()
        await expect(review).to_contain_text("an insult")
        await review.locator('[data-do="show"]').click()
        await expect(review).to_have_count(0)

        await ops.locator('[data-do="add-word"]').click()
        await ops.locator('dialog [name="words"]').fill(f"{word}\n{word}b")
        await ops.locator('dialog [name="why"]').fill("a test")
        await ops.locator('dialog [type="submit"]').click()
        rows = ops.locator(".server-words [data-word]", has_text=word)
        await expect(rows).to_have_count(2)
        await rows.first.get_by_role("button").click()
        await expect(rows).to_have_count(1)
        await rows.first.get_by_role("button").click()
        await expect(rows).to_have_count(0)

        log = ops.locator(".moderation-log")
        await log.locator('[name="by"]').fill("ops")
        await log.locator('[type="submit"]').click()
        await expect(log).to_contain_text("隐藏评价")
        await expect(log).to_contain_text(word)
        faults = await _faults(ops)
        assert not faults, "\n".join(faults)


async def _review(server: Server, user: str, room: str, order: dict[str, Any], text: str) -> None:
    path = f"/v1/rooms/{room}/orders/{order['order']}/reviews/{order['lines'][0]['sale']}"
    headers = {"Authorization": f"Bearer {token(user)}"}
    body = {"stars": 1, "text": text}
    async with (
        aiohttp.ClientSession() as http,
        http.put(server.url + path, json=body, headers=headers) as response,
    ):
        assert response.status == 200
