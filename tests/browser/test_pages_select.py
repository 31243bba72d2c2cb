"""The selection centre: a host finds, asks, picks and puts on a shelf; the merchant's offers."""

import asyncio
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page, expect

from server.background.clock import unix_ms
from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import Server, joined, open_shop, toasted, token
from tests.browser.test_pages_looks import SMALLEST, _faults, _too_wide_or_small

SHIRT = {
    "title": "亚麻衬衫",
    "tags": ["亚麻", "夏天"],
    "flaws": ["容易皱"],
    "points": ["透气"],
    "variants": [
        {"sku": "m", "price": 19900, "currency": "CNY", "options": {"尺码": "M"}, "stock": 40},
        {"sku": "l", "price": 20900, "currency": "CNY", "options": {"尺码": "L"}},
    ],
}
HAT = {
    "title": "Straw hat with a name that goes on for quite a while",
    "tags": ["夏天"],
    "variants": [{"sku": "hat", "price": 8800, "currency": "EUR"}],
}


HATS = {"goods": "hat", "commission": 3000, "open_to": "invited"}


async def _write(server: Server, merchant: str, **bodies: dict[str, Any]) -> None:
    """Write goods and offers as the merchant, by their paths with `__` for a slash."""
    headers = {"Authorization": f"Bearer {token(merchant, Role.HOST)}"}
    path = f"{server.url}/v1/merchants/{merchant}"
    async with aiohttp.ClientSession(headers=headers) as session:
        for what, body in bodies.items():
            async with session.put(f"{path}/{what.replace('__', '/')}", json=body) as response:
                assert response.status in (200, 201), await response.text()


async def _sell_granted_units(server: Server, console: Page, merchant: str, host: str) -> None:
    """A sale opens with no more units than the merchant granted, 4 asked for and 4 more; the form
    says how many."""
    grant = {"sku": "m", "host": host, "units": 4, "until": unix_ms() + 3_600_000}
    headers = {"Authorization": f"Bearer {token(merchant, Role.HOST)}"}
    path = f"{server.url}/v1/merchants/{merchant}/allotments"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(path, json=grant) as response,
    ):
        assert response.status == 201, await response.text()
    await (
        console.locator(".host-product", has_text="亚麻衬衫 · M")
        .locator('[data-do="sell"]')
        .click()
    )
    form = console.locator(".form-sheet")
    await expect(form.locator("[data-granted]")).to_contain_text("8 件")
    await form.get_by_label("库存").first.fill("9")
    await form.get_by_role("button", name="开抢").click()
    await expect(form.locator(".form-error")).to_contain_text("8 units are granted")
    await form.get_by_label("库存").first.fill("8")
    await form.get_by_role("button", name="开抢").click()
    await expect(form).to_have_count(0)


def _sell_elsewhere(server: Server, merchant: str, owner: str) -> None:
    """340 orders of the shirt in another host's room; a dozen of the buyers are the owner's."""
    life = secrets.randbelow(10**9) + 10**9
    sold = (life, merchant, "shirt", "other", 340, 310, 400, 12)
    buyers = [(life, merchant, f"u{n}", "other") for n in range(12)]
    buyers += [(life + 1, "", f"u{n}", owner) for n in range(30)]
    with closing(sqlite3.connect(server._folder / "records.sqlite3", timeout=30)) as records:
        records.execute("INSERT INTO sold_goods VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sold)
        records.executemany("INSERT INTO goods_buyers VALUES (?, ?, ?, ?)", buyers)
        records.commit()


async def test_a_host_picks_what_a_merchant_offers_and_puts_it_on_a_shelf(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    merchant, owner = f"m-{secrets.token_hex(3)}", f"host-{secrets.token_hex(3)}"
    faults: list[str] = []

    async def look(page: Page, name: str) -> None:
        await page.screenshot(path=images / f"select-{name}.png", full_page=True)
        faults.extend(f"{name}: {fault}" for fault in await _faults(page))

    hats = HATS | {"ends": unix_ms() + 7 * 86_400_000}
    await _write(server, merchant, goods__shirt=SHIRT, goods__hat=HAT, offers__hats=hats)
    shop = await open_page(
        f"{server.url}/merchant#offers", merchant, Role.HOST, "Nora", reduced_motion="reduce"
    )
    await expect(shop.locator("[data-offer]")).to_have_count(1)
    await shop.locator('[data-do="new-offer"]').click()
    await shop.locator("#field-goods").select_option("shirt")
    await shop.get_by_label("佣金（%）").fill("20")
    await shop.get_by_label("主播最多降价（%）").fill("10")
    await look(shop, "offer-form")
    await shop.get_by_role("button", name="保存").click()
    await toasted(shop, "已保存")
    await expect(shop.locator("[data-offer]")).to_have_count(2)

    await asyncio.to_thread(_sell_elsewhere, server, merchant, owner)
    room = f"r-{secrets.token_hex(4)}"
    async with open_shop(server, room, owner=owner, name="Lin", title="今晚的直播") as stream:
        page = await open_page(
            f"{server.url}/select", owner, Role.HOST, "Lin", reduced_motion="reduce"
        )
        suggested = page.get_by_role("region", name="适合你的").locator(".offer").first
        await expect(suggested).to_contain_text("你的 30 位买家里有 12 位在别处买过这个商家")
        await look(page, "suggested")
        await page.get_by_placeholder("搜索商品、标签").fill(merchant)
        await expect(page.get_by_text("没有找到")).to_be_visible()
        await page.get_by_placeholder("搜索商品、标签").fill("夏天")
        found = page.locator(".filters ~ .offers")
        mine = found.locator(f'.offer[data-merchant="{merchant}"]')
        await expect(mine).to_have_count(2)
        shirt, hat = mine.filter(has_text="亚麻衬衫"), mine.filter(has_text="Straw hat")
        await expect(shirt).to_contain_text("佣金 20%")
        await expect(shirt).to_contain_text("注意：容易皱")
        await expect(shirt.locator(".sample")).to_have_text(
            "其他直播间 1 场： 付款率 91.2%（340 单） · 退货率 3%（310 单）"
        )
        await expect(hat).to_contain_text("还没有在其他直播间卖过")
        await expect(hat).to_contain_text("仅限邀请")
        await look(page, "phone")
        await page.set_viewport_size(SMALLEST)
        faults += await _too_wide_or_small(page)

        await hat.locator('[data-do="ask"]').click()
        await page.get_by_label("留言（可不填）").fill("下周有一场草帽专场")
        await page.get_by_role("button", name="发送").click()
        await toasted(page, "已发给商家")
        await shirt.locator('[data-do="pick"]').click()
        await page.locator(f'[data-room="{room}"]').click()
        await toasted(page, "已上架 2 个规格")
        await page.get_by_role("tab", name="我的选品").click()
        await expect(page.locator("[data-pick]")).to_contain_text("佣金 20%")
        await look(page, "picks")
        await page.locator('[data-pick] [data-do="units"]').click()
        await page.locator("#field-sku").fill("m")
        await page.locator("#field-units").fill("4")
        await page.get_by_role("button", name="发送").click()
        await toasted(page, "已发给商家")

        await shop.reload()
        row = shop.locator("[data-offer]").filter(has_text="亚麻衬衫")
        await expect(row).to_contain_text("1 位主播已选")
        await row.locator('[data-do="change"]').click()
        await shop.get_by_label("佣金（%）").fill("25")
        await shop.get_by_role("button", name="保存").click()
        await toasted(shop, "已保存")
        await look(shop, "merchant-offers")
        await shop.get_by_role("tab", name="申请与邀请").click()
        wish = shop.locator("[data-request]").filter(has_text="申请 4 件 m")
        await wish.locator('[data-do="accept"]').click()
        await expect(shop.locator("dialog")).to_contain_text("同意后从库存中配给 4 件")
        await look(shop, "merchant-grants")
        await shop.locator("dialog [type=submit]").click()
        await expect(wish).to_contain_text("已同意")
        hats = shop.locator("[data-request]").filter(has_text="下周有一场草帽专场")
        await hats.locator('[data-do="accept"]').click()
        await shop.get_by_label("回复（可不填）").fill("欢迎！")
        await shop.locator("dialog [type=submit]").click()
        await expect(
            shop.locator("[data-request]").filter(has_text="下周有一场草帽专场")
        ).to_contain_text("已同意")
        await look(shop, "merchant-requests")
        await shop.get_by_role("tab", name="已配额").click()
        await expect(shop.locator("[data-allotment]")).to_contain_text("共 4 件，可用 4 件")
        await look(shop, "merchant-allotments")

        await page.reload()
        await expect(page.locator(".pick-newer")).to_contain_text("佣金 25%")
        await page.locator('[data-do="renew"]').click()
        await expect(page.locator(".pick-newer")).to_have_count(0)
        await page.get_by_role("tab", name="申请与邀请").click()
        await expect(page.locator("[data-request]").filter(has_text="欢迎！")).to_be_visible()
        await look(page, "requests")
        await page.get_by_role("tab", name="我的配额").click()
        await expect(page.locator("[data-allotment]")).to_contain_text("可用 4 件")
        await look(page, "allotments")

        wide = await open_page(
            f"{server.url}/select",
            owner,
            Role.HOST,
            "Lin",
            viewport=DESKTOP,
            color_scheme="dark",
            locale="fr-FR",
            reduced_motion="reduce",
        )
        suggested = wide.get_by_role("region", name="Pour vous").locator(".offer").first
        await expect(suggested).to_contain_text("choisis : 1 sur 1")
        await expect(suggested).to_contain_text("30 % de commission")
        await look(wide, "desktop-dark")

        await _write(server, merchant, goods__shirt=SHIRT | {"flaws": ["容易皱", "偏小"]})
        console = await joined(
            await open_page(
                stream.console, owner, Role.HOST, "Lin", viewport=DESKTOP, reduced_motion="reduce"
            )
        )
        note = console.locator(".picked-note")
        await expect(note).to_contain_text("商家更新了“亚麻衬衫”")
        await look(console, "console")
        await note.locator("button").click()
        await expect(note).to_have_count(0)
        await (
            console.locator(".host-product", has_text="亚麻衬衫 · L")
            .get_by_role("button", name="修改")
            .click()
        )
        await expect(console.locator(".form-sheet")).to_contain_text("只能改卖点")
        await console.get_by_label("卖点").fill("透气\n我自己也在穿")
        await console.get_by_role("button", name="保存").click()
        await expect(console.locator(".form-sheet")).to_have_count(0)
        await _sell_granted_units(server, console, merchant, owner)
    assert not faults, "\n".join(faults)
