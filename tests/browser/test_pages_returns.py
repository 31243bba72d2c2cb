"""A buyer gives one of two mugs back from /me; the host reads why, and answers in the console."""

import secrets
from pathlib import Path

from playwright.async_api import expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import HOST, HOST_NAME, MUG, Server, open_shop, until
from tests.browser.test_pages_looks import _faults


async def test_a_buyer_asks_to_give_a_unit_back_and_the_host_answers(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    user = f"ann-{secrets.token_hex(3)}"
    async with open_shop(server, f"r-{secrets.token_hex(4)}", MUG) as shop:
        mug = await shop.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
        async with shop.person(user, "小满") as ann:
            await ann.pay((await ann.buy(mug["sale"], 2))["order"])

        page = await open_page(f"{server.url}/me", user, name="小满", reduced_motion="reduce")
        while not await page.locator('[data-do="ask-return"]').count():  # the records lag the room
            await page.reload()
            await expect(page.locator(".me-addresses")).to_be_visible()
        await page.locator('[data-do="ask-return"]').click()
        await page.get_by_role("spinbutton").fill("0")
        await page.get_by_role("button", name="提交申请").click()
        await expect(page.locator(".form-error")).to_have_text("请至少选一件")
        await page.get_by_role("spinbutton").fill("1")
        await page.get_by_text("有破损").click()
        await page.get_by_label("想对商家说的话").fill("盒子是破的")
        faults = [f"the form: {fault}" for fault in await _faults(page)]
        await page.screenshot(path=images / "sheet-return.png")
        await page.get_by_role("button", name="提交申请").click()
        request = page.locator(".return-request")
        await expect(request).to_contain_text("退货申请中")
        await expect(page.locator('[data-do="withdraw-return"]')).to_be_visible()
        faults += [f"/me: {fault}" for fault in await _faults(page)]
        await page.screenshot(path=images / "me-return.png")

        console = await open_page(
            shop.console, HOST, Role.HOST, HOST_NAME, viewport=DESKTOP, reduced_motion="reduce"
        )
        await until(console, "globalThis.liveroom?.status === 'joined'")
        await expect(console.locator(".return-request")).to_contain_text("盒子是破的")
        await console.locator(".return-request").scroll_into_view_if_needed()
        faults += [f"the console: {fault}" for fault in await _faults(console)]
        await console.screenshot(path=images / "host-return.png")
        await console.locator('[data-do="decline-return"]').click()
        await console.get_by_role("button", name="拒绝").last.click()
        await expect(console.locator("dialog")).to_be_visible()  # it wants a reason
        await console.keyboard.press("Escape")
        await console.locator('[data-do="accept-return"]').click()
        await console.get_by_text("重新上架").click()
        await console.locator("dialog").get_by_role("button", name="同意退货").click()
        await expect(console.locator("dialog")).to_have_count(0)
        await expect(console.locator(".return-request")).to_have_attribute(
            "data-status", "accepted"
        )

        await page.reload()
        await expect(request).to_contain_text("已同意退货")
        await expect(page.locator(".order-back")).to_contain_text("59")
        assert not faults, "\n".join(faults)
