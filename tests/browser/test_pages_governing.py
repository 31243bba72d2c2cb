"""What may be said, by whom; what a host steers by; what stays when the stream is over."""

import asyncio
from typing import Any

from playwright.async_api import Page, expect

from client_sim.rest import Rest
from server.protocol.roles import Role
from tests.browser.conftest import OpenPage
from tests.browser.shop import (
    HOST,
    HOST_NAME,
    MUG,
    PATIENCE_S,
    SOFA,
    Server,
    joined,
    open_shop,
    toasted,
    token,
    until,
)


async def _say(page: Page, text: str) -> None:
    await page.get_by_label("评论", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def test_words_review_shadow_and_moderators_are_run_from_the_console(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        console = await joined(await open_console(shop))
        loud = await joined(await open_page(shop.watch, "loud", name="阿吵"))
        other = await joined(await open_page(shop.watch, "other"))
        await console.get_by_role("tab", name="管理").click()
        words = console.get_by_label("添加，用逗号分开")
        await words.nth(0).fill("加微信")
        await words.nth(0).press("Enter")
        await words.nth(1).fill("假货")
        await words.nth(1).press("Enter")
        await expect(console.locator(".name-chip")).to_have_text(["加微信", "假货"])

        await _say(loud, "加 微 信 便宜卖")
        await toasted(loud, "没有通过")
        await loud.get_by_label("评论", exact=True).fill("")
        await _say(loud, "是不是假货")
        await toasted(loud, "等主播看过")
        held = console.locator(".held")
        await expect(held).to_contain_text("是不是假货")
        await expect(console.locator("#tab-manage .view-badge")).to_have_text("1")
        await held.locator('[data-do="pass"]').click()
        await expect(other.locator(".said")).to_have_text(["是不是假货"])
        await expect(held).to_have_count(0)

        row = console.locator(".comment", has_text="是不是假货")
        await row.hover()
        await row.get_by_role("button", name="禁言").click()
        await console.get_by_role("button", name="悄悄禁言").click()
        await toasted(console, "别人看不到了")
        await expect(console.locator(".name-chip", has_text="loud")).to_contain_text("悄悄禁言")
        await _say(loud, "只有我自己看得到")
        await expect(loud.locator(".said").last).to_have_text("只有我自己看得到")
        await expect(console.locator(".comment .ask-tag")).to_have_text("悄悄禁言")
        await _say(other, "我说完了")
        await expect(other.locator(".said").last).to_have_text("我说完了")
        assert "只有我自己看得到" not in await other.locator(".said").all_inner_texts()

        await console.get_by_label("用户 ID").fill("other")
        await console.get_by_label("用户 ID").press("Enter")
        await expect(console.locator(".name-chip", has_text="other")).to_have_count(1)
        deputy = await open_page(shop.console, "other")
        await joined(deputy)
        await expect(deputy.locator(".console")).to_be_visible()
        await console.get_by_role("button", name="刷新").click()
        await expect(console.locator(".log")).to_contain_text("改敏感词")


async def _numbers(server: Server, room: str, **expected: Any) -> dict[str, Any]:
    """The room's numbers over REST, once these are as expected: asks are recorded in batches."""
    async with (
        Rest(server.url, token(HOST, Role.HOST, HOST_NAME)) as rest,
        asyncio.timeout(PATIENCE_S),
    ):
        while True:
            numbers: dict[str, Any] = (await rest.read(f"rooms/{room}/figures"))["numbers"]
            if expected.items() <= numbers.items():
                return numbers
            await asyncio.sleep(0.1)


async def test_the_figures_shown_are_the_servers_and_the_replay_still_sells(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, MUG) as shop, shop.person("ann", "安") as ann:
        await shop.host.pin("sofa")
        sale = await shop.host.sale_open("sofa", 99900, 9, per_user=3, hold_s=600)
        await ann.pay((await ann.buy(sale["sale"], 2))["order"])
        await ann.ask("mug")
        await _numbers(server, room, asks=1)
        await shop.host.pin("mug")
        await shop.host.comment("杯子能进微波炉")
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(f"{shop.watch}?from=note:n42", "nora"))

        await console.get_by_role("tab", name="分析").click()
        cell = '[data-figure="{}"] .figure-value'
        await expect(console.locator(cell.format("viewers"))).to_have_text("2")
        numbers = await _numbers(server, room, viewers=2)
        assert (numbers["gmv_gross"], numbers["orders"], numbers["asks"]) == ({"CNY": 199800}, 1, 1)
        for name, text in {
            "gmv_gross": "¥1,998",
            "average_order": "¥1,998",
            "orders": "1",
            "units": "2",
            "asks_unpinned": "1",
            "conversion": "50%",
        }.items():
            await expect(console.locator(cell.format(name)).first).to_have_text(text)
        await expect(console.locator('[data-table="products"] tbody')).to_contain_text("云朵布艺")

        await console.get_by_role("button", name="下播").click()
        await console.get_by_label("看回放的人还能接着买").check()
        await console.locator("dialog").get_by_role("button", name="下播").click()
        await expect(console.locator(".summary")).to_contain_text("¥1,998")

        await expect(viewer.locator(".replay")).to_be_visible()
        await viewer.locator('.replay-mark[data-sku="mug"]').click()
        await expect(viewer.locator(".replay-shown")).to_contain_text("青瓷手作马克杯")
        await expect(viewer.locator(".replay-said")).to_contain_text("杯子能进微波炉")
        await viewer.locator('.replay-mark[data-sku="sofa"]').click()
        await expect(viewer.locator(".replay-shown")).to_contain_text("云朵布艺沙发")
        await viewer.locator(".replay-shown .buy").click()
        await viewer.get_by_role("button", name="付款 ¥999").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("付款成功")
        (order,) = await viewer.evaluate("liveroom.orders()")
        assert (order["replay"], order["source"]) == (True, {"kind": "note", "id": "n42"})
        await console.keyboard.press("Escape")
        await expect(console.locator(cell.format("replay_orders"))).to_have_text("1")
        await until(console, "!document.querySelector('dialog')")
