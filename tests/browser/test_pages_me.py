"""One's own page: orders of all rooms, ties, addresses, and signing out everywhere."""

import functools
import secrets
from pathlib import Path

from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.shop import LAMP, MUG, Server, Shop, open_shop, until
from tests.browser.test_pages_looks import SMALLEST, _faults, _too_wide_or_small

HOME = {
    "收货人": "陈小满",
    "电话": "+86 138 0000 0000",
    "街道和门牌": "湖滨路 12 号\n3 楼",
    "邮编": "310000",
    "城市": "杭州",
    "省 / 地区": "浙江",
    "国家代码（如 CN）": "cn",
}

MAKE_WEBHOOK = """(id) => fetch("/v1/webhooks", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id, url: "https://oms.example/" }),
}).then((answer) => answer.status)"""


async def test_my_page_shows_orders_of_all_rooms_and_what_i_have(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    user = f"ann-{secrets.token_hex(3)}"
    first, second = f"r-{secrets.token_hex(4)}", f"r-{secrets.token_hex(4)}"
    soon = f"r-{secrets.token_hex(4)}"
    async with (
        open_shop(server, first, MUG, title="第一场") as one,
        open_shop(server, second, LAMP, title="A second evening with a rather long name") as two,
        open_shop(server, soon, title="明晚八点", live=False) as three,
    ):
        coupon = await one.host.coupon_open("新人券", 100, amount=2000, floor=19900, lasts_s=1800)
        mug = await one.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
        lamp = await two.host.sale_open("lamp", 14900, 9, per_user=3, hold_s=600)
        async with one.person(user) as ann:
            await ann.pay((await ann.buy(mug["sale"], 2))["order"])
            await ann.request("follow")
            await ann.request("coupon.claim", coupon=coupon["coupon"], key="c")
        async with two.person(user) as ann:
            await ann.buy(lamp["sale"])
        async with three.person(user) as ann:
            await ann.request("reserve")

        page = await open_page(f"{server.url}/me", user, name="小满", reduced_motion="reduce")
        while await page.locator(".me-order").count() < 2:  # the records lag the rooms
            await page.reload()
            await expect(page.locator(".me-follows")).to_be_visible()
        newest = page.locator(".me-order").first
        await expect(newest).to_contain_text("待付款")
        await expect(newest).to_contain_text("Paper lamp")
        leads = newest.get_by_role("link")
        await expect(leads.first).to_have_attribute("href", f"/watch/{second}")
        await expect(newest.locator('[data-do="pay"]')).to_have_attribute(
            "href", f"/watch/{second}"
        )
        await expect(page.locator(".me-order").nth(1)).to_contain_text("已付款")

        async def all_is_copied() -> None:
            while await page.locator(".me-follows li, .me-reservations li").count() < 2:
                await page.reload()
                await expect(page.locator(".me-follows")).to_be_visible()

        await all_is_copied()
        await expect(page.locator(".me-reservations")).to_contain_text("明晚八点")
        await expect(page.locator(".me-coupons")).to_contain_text("新人券")

        await page.locator('[data-do="add-address"]').click()
        for label, text in HOME.items():
            await page.get_by_label(label).fill(text)
        faults = [f"sheet: {fault}" for fault in await _faults(page)]
        await page.screenshot(path=images / "sheet-address.png")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator(".me-addresses li")).to_contain_text("湖滨路 12 号, 3 楼")
        await expect(page.locator(".me-addresses li")).to_contain_text("CN")
        await page.screenshot(path=images / "me-whole-phone.png", full_page=True)
        faults += await _faults(page)
        await page.set_viewport_size(SMALLEST)
        faults += await _too_wide_or_small(page)
        await page.set_viewport_size(DESKTOP)
        await page.screenshot(path=images / "me-whole-desktop.png", full_page=True)
        faults += await _faults(page)
        assert not faults, "\n".join(faults)

        await page.locator('[data-do="remove"]').click()
        await page.locator(".sure-sheet .primary").click()
        await expect(page.locator(".me-addresses li")).to_have_count(0)


async def test_signing_out_everywhere_ends_the_other_devices(
    server: Server, open_page: OpenPage
) -> None:
    user = f"ann-{secrets.token_hex(3)}"
    async with open_shop(server, f"r-{secrets.token_hex(4)}", MUG) as shop:
        other = await open_page(shop.watch, user)
        await until(other, "globalThis.liveroom?.status === 'joined'")
        page = await open_page(f"{server.url}/me", user)
        await page.locator('[data-do="everywhere"]').click()
        await page.locator(".sure-sheet .primary").click()

        await expect(page.locator(".me-signin")).to_be_visible()
        await until(other, "globalThis.liveroom?.state?.you?.role === 'guest'")
        await other.goto(f"{server.url}/me")
        await expect(other.locator(".me-signin")).to_be_visible()


async def _bought(shop: Shop) -> None:
    """Ann asks for the mug and buys two."""
    mug = await shop.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
    async with shop.person("ann", "小满") as ann:
        await ann.ask("mug")
        await ann.pay((await ann.buy(mug["sale"], 2))["order"])


async def _overall_is(page: Page, cells: list[str]) -> None:
    """Look at the figures again and again, until the first goods are these."""
    goods = page.locator('.overall [data-table="goods"] tbody tr').first.locator("td")
    while True:
        await page.get_by_role("tab", name="互动").click()
        await page.get_by_role("tab", name="分析").click()
        await expect(page.locator(".overall dt").first).to_be_visible()
        if (await goods.all_text_contents())[: len(cells)] == cells:
            return


async def test_the_console_shows_goods_and_customers_of_all_streams(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    owner = f"host-{secrets.token_hex(3)}"
    mine = functools.partial(open_shop, server, owner=owner, name="Nora")
    async with mine(f"r-{secrets.token_hex(4)}", MUG) as earlier:
        await _bought(earlier)
    async with mine(f"r-{secrets.token_hex(4)}", MUG) as shop:
        await _bought(shop)
        page = await open_page(
            shop.console,
            owner,
            Role.HOST,
            "Nora",
            viewport=DESKTOP,
            reduced_motion="reduce",
        )
        await until(page, "globalThis.liveroom?.status === 'joined'")
        await _overall_is(page, ["2", "4"])  # of two streams, four units
        await expect(page.locator('.overall [data-table="customers"]')).to_contain_text("小满")
        await expect(page.locator(".overall")).to_contain_text("¥236")
        await page.locator(".overall").scroll_into_view_if_needed()
        await page.screenshot(path=images / "host-overall.png")
        faults = await _faults(page)
        assert not faults, "\n".join(faults)

        admin = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
        row = admin.locator(f'.revenue tr[data-host="{owner}"]')
        await expect(row).to_contain_text("¥236")
        name = f"oms-{secrets.token_hex(3)}"
        made = await admin.evaluate(MAKE_WEBHOOK, name)
        assert made == 201
        await expect(admin.locator(f'.webhooks [data-webhook="{name}"]')).to_contain_text("正常")
