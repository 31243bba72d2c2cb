"""What hosts and merchants are owed, on the console and on the page of merchants."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import PATIENCE_S, SOFA, Server, joined, open_shop, token
from tests.browser.test_pages_looks import _faults


async def _ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token('root', Role.ADMIN)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{server.url}{path}", json=body) as response,
    ):
        assert response.status == 200, await response.text()
        return await response.json()


async def _stated(server: Server, owner: str) -> None:
    """Wait until an owner's order is in the records."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _ask(server, "GET", f"/v1/{owner}/statements"):
            await asyncio.sleep(0.1)


async def test_a_host_and_a_merchant_read_what_they_are_owed(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage, images: Path
) -> None:
    owner, merchant = f"h-{secrets.token_hex(3)}", f"m-{secrets.token_hex(3)}"
    faults: list[str] = []

    async def look(page: Page, name: str) -> None:
        await page.screenshot(path=images / f"statement-{name}.png", full_page=True)
        faults.extend(f"{name}: {fault}" for fault in await _faults(page))

    async with open_shop(server, room, SOFA, owner=owner) as shop, shop.person("ann") as ann:
        sale = await shop.host.sale_open("sofa", 99900, 9, per_user=3, hold_s=600)
        await ann.pay((await ann.buy(sale["sale"], 2))["order"])
        await _stated(server, f"hosts/{owner}")
        console = await joined(await open_console(shop, owner, reduced_motion="reduce"))
        await console.get_by_role("tab", name="分析").click()
        money = console.locator(".money")
        await expect(money.locator('[data-stage="pending"] .price').first).to_have_text("¥1,998")
        await expect(money.locator(".statement-entries .statement-row")).to_have_count(1)
        await money.scroll_into_view_if_needed()
        await look(console, "host")

    amounts = {"available": -1250, "held": 6600, "pending": 88800}
    entries = [
        {"account": f"merchant/{merchant}/{stage}", "currency": "CNY", "amount": amount}
        for stage, amount in amounts.items()
    ]
    rest = {"account": "platform/corrections", "currency": "CNY", "amount": 1250 - 6600 - 88800}
    reason = "包裹丢失，由平台承担"
    body = {"key": merchant, "reason": reason, "entries": [*entries, rest]}
    await _ask(server, "POST", "/v1/corrections", body)
    page = await open_page(
        f"{server.url}/merchant#statements", merchant, Role.HOST, "Nora", reduced_motion="reduce"
    )
    await expect(page.locator('[data-stage="available"] .price').first).to_have_text("-¥12.50")
    await expect(page.locator(".statement-debt")).to_contain_text("欠款 ¥12.50")
    await expect(page.locator(".statement-held")).to_contain_text("买家向银行提出争议，冻结 ¥66")
    await expect(page.locator(".statement-entries")).to_contain_text(reason)
    await look(page, "merchant")
    french = await open_page(
        f"{server.url}/merchant#statements", merchant, Role.HOST, "Nora", viewport=DESKTOP,
        color_scheme="dark", locale="fr-FR", reduced_motion="reduce",
    )  # fmt: skip
    await expect(french.locator(".statement-debt")).to_contain_text("dus")
    await expect(french.locator(".statement-held")).to_contain_text("auprès de leur banque")
    async with french.expect_download() as download:
        await french.locator(".money [download]").click()
    assert reason in Path(await (await download.value).path()).read_text("utf-8")
    await look(french, "merchant-desktop-dark")
    assert not faults, "\n".join(faults)
