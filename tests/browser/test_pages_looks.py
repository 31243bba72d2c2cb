"""Every page, phone and desktop, light and dark, Chinese and English: whole, usable, pictured."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.scene import evening, street
from tests.browser.shop import (
    HOST,
    HOST_NAME,
    LAMP,
    MUG,
    SOFA,
    Server,
    at_rest,
    joined,
    open_shop,
    until,
)

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
SMALLEST = {"width": 360, "height": 640}
SIZES = {"phone": PHONE, "desktop": DESKTOP}
LOCALES = {"light": "zh-CN", "dark": "en-GB"}
LANGUAGES = ("zh-CN", "en-GB", "fr-FR")
# Both layouts and both themes, once each: an audit takes a second.
AUDITED = {("phone", "light"), ("desktop", "dark")}
SERIOUS = """async () => (await axe.run(document, { preload: false })).violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((n) => n.html).join(' | ')}`)"""
TOO_WIDE = """() => document.documentElement.scrollWidth > innerWidth
    ? [...document.querySelectorAll('body *')]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 3).map((e) => e.outerHTML.slice(0, 120))
    : []"""
# A finger's 44 px on a phone; a mouse on a desk hits less.
SMALL_TARGETS = """() => [...document.querySelectorAll('button, a[href], select, '
        + 'label:has(> input), summary, [role=tab], input:not([type=radio], [type=checkbox])')]
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => e.checkVisibility() && box.height > 0)
    .filter(([, box]) => innerWidth < 960
        ? Math.min(box.width, box.height) < 43.9 : box.height < 36)
    .map(([e, box]) => `${box.width} x ${box.height}: ${e.outerHTML.slice(0, 120)}`)"""
# The browser gives all of these one colour: each needs a line, or to opt out with the theme's own.
PLAIN = """() => [...document.querySelectorAll('button, a.button, .chip span, .stock-bar, '
        + '.stock-bar i, .poll-bar, .histogram-bar, .sheet')]
    .filter((e) => e.checkVisibility() && !e.matches('.host-open, .shelf-main, .pinned-main, '
        + '.private-main, .send, .text-link, .brand'))
    .filter((e) => !parseFloat(getComputedStyle(e).borderTopWidth)
        && getComputedStyle(e).forcedColorAdjust !== 'none')
    .map((e) => e.outerHTML.slice(0, 120))"""

FORCED = """() => matchMedia('(forced-colors: active)').matches
  && [...document.styleSheets].some((sheet) => sheet.href?.includes('forced-colors'))"""
"""The stylesheet for it is the last that a page loads."""

PAGES: dict[str, dict[str, Any]] = {
    "home": {"path": "/", "user": HOST, "role": Role.HOST, "name": HOST_NAME},
    "watch": {"path": "/watch/{room}", "user": "xiaoman", "name": "小满"},
    "host": {"path": "/host/{room}", "user": HOST, "role": Role.HOST, "name": HOST_NAME},
    "ops": {"path": "/ops", "user": "ops", "role": Role.ADMIN, "name": "Ops"},
    "login": {"path": "/login", "user": None},
    "me": {"path": "/me", "user": "u0", "name": "阿布"},
    "profile": {"path": f"/h/{HOST}", "user": "xiaoman", "name": "小满"},
    "merchant": {"path": "/merchant", "user": HOST, "role": Role.HOST, "name": HOST_NAME},
    "select": {"path": "/select", "user": HOST, "role": Role.HOST, "name": HOST_NAME},
}


async def _settled(page: Page, name: str) -> None:
    """Wait until the page shows what it is about."""
    if name in ("watch", "host"):
        await joined(page)
        await expect(page.locator(".comment").first).to_be_attached()
    if name == "host" and await page.locator(".column-middle").is_visible():
        await expect(page.locator(".chart-line").first).to_be_attached()
    if name == "home":
        await expect(page.locator(".room").first).to_be_visible()
    if name == "profile":
        await expect(page.locator(".profile-goods .thumb").first).to_be_visible()
        await expect(page.locator(".review-sum")).not_to_be_empty()
    if name == "me":
        await expect(page.locator(".me-order").first).to_be_visible()
    if name == "merchant":
        await expect(page.locator(".goods-row, .empty").first).to_be_visible()
    if name == "select":
        await expect(page.locator(".filters")).to_be_visible()
    if name == "ops":
        await expect(page.locator("tbody tr").first).to_be_visible()


async def _faults(page: Page) -> list[str]:
    await at_rest(page)
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(SERIOUS)
    return found + await _too_wide_or_small(page)


async def _too_wide_or_small(page: Page) -> list[str]:
    found = [f"too wide: {html}" for html in await page.evaluate(TOO_WIDE)]
    return found + [f"hard to hit: {html}" for html in await page.evaluate(SMALL_TARGETS)]


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_whole_and_usable_in_every_size_theme_and_language_and_forced_colours(
    server: Server, open_page: OpenPage, images: Path, name: str
) -> None:
    who = dict(PAGES[name])
    faults: list[str] = []
    room = f"evening-{name}"  # its poster has the same colours in every run
    async with evening(server, room), street(server) if name == "home" else nullcontext():
        url = server.url + who.pop("path").format(room=room)
        for theme, locale in LOCALES.items():
            for size, viewport in SIZES.items():
                page = await open_page(
                    url,
                    **who,
                    viewport=viewport,
                    color_scheme=theme,
                    locale=locale,
                    reduced_motion="reduce",
                )
                await _settled(page, name)
                await page.screenshot(path=images / f"{name}-{size}-{theme}.png")
                where = f"{name} {size} {theme}"
                if (size, theme) in AUDITED:
                    faults += [f"{where}: {fault}" for fault in await _faults(page)]
                if size == "phone":
                    await page.set_viewport_size(SMALLEST)
                    faults += [f"{where}, 360 px: {f}" for f in await _too_wide_or_small(page)]
                    await page.set_viewport_size(viewport)
                if theme == "light":
                    await page.emulate_media(forced_colors="active")
                    await page.wait_for_function(FORCED)
                    await at_rest(page)
                    faults += [f"{where}, forced: {html}" for html in await page.evaluate(PLAIN)]
    assert not faults, "\n".join(faults)


async def test_the_sheets_are_usable_too(
    server: Server, open_page: OpenPage, open_console: OpenPage, images: Path
) -> None:
    faults: list[str] = []

    async def look(page: Page, name: str) -> None:
        await expect(page.locator("dialog")).to_be_visible()
        await page.screenshot(path=images / f"{name}.png")
        faults.extend(f"{name}: {fault}" for fault in await _faults(page))
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)

    async with evening(server, "evening-sheets") as shop:
        viewer = await joined(
            await open_page(shop.watch, "xiaoman", name="小满", reduced_motion="reduce")
        )
        await viewer.locator(".shelf-button").click()
        await look(viewer, "sheet-shelf")
        await viewer.locator(".pinned-main").click()
        await look(viewer, "sheet-product")
        await viewer.locator(".pinned-card .buy").click()
        await expect(viewer.locator(".buy-flow .ring")).to_be_visible()
        await look(viewer, "sheet-buy")
        await viewer.locator(".orders-button").click()
        await look(viewer, "sheet-orders")
        console = await joined(
            await open_console(shop, color_scheme="dark", reduced_motion="reduce")
        )
        await console.keyboard.press("s")
        await look(console, "sheet-sale")
        await console.keyboard.press("?")
        await look(console, "sheet-shortcuts")
        await console.locator(".column-middle").evaluate("column => column.scrollTo(0, 9999)")
        await console.get_by_role("button", name="看表格").first.click()
        await expect(console.locator(".chart-table").first).to_contain_text("¥10,167")
        await console.screenshot(path=images / "host-charts.png")
        await shop.host.live_end()
        await expect(console.locator(".summary")).to_contain_text("卖得最好")
        await look(console, "sheet-summary")
    assert not faults, "\n".join(faults)


async def test_the_community_page_is_whole_and_usable(
    server: Server, open_page: OpenPage, open_console: OpenPage, images: Path
) -> None:
    faults: list[str] = []
    still = {"reduced_motion": "reduce"}

    async def look(page: Page, name: str) -> None:
        await page.screenshot(path=images / f"{name}.png")
        faults.extend(f"{name}: {fault}" for fault in await _faults(page))

    async with evening(server, "evening-social") as shop, shop.person("bo", "北岸") as bo:
        viewer = await joined(await open_page(shop.watch, "xiaoman", name="小满", **still))
        await viewer.locator(".poll-row").nth(1).click()
        await viewer.get_by_label("评论", exact=True).fill("求链接 4 号")
        await viewer.keyboard.press("Enter")
        await expect(viewer.locator(".private-card")).to_contain_text("围巾")
        await look(viewer, "watch-asked")
        await viewer.locator(".coupon-chip").click()
        await viewer.get_by_role("button", name="领取", exact=True).click()
        await expect(viewer.locator(".ticket")).to_contain_text("你有 1 张")
        await look(viewer, "sheet-coupons")
        await viewer.keyboard.press("Escape")
        console = await joined(await open_console(shop, **still))
        await console.get_by_role("tab", name="互动").click()
        await look(console, "host-engage")
        await console.get_by_role("tab", name="分析").click()
        await expect(console.locator('[data-figure="gmv_gross"] .figure-value')).to_have_text(
            "¥10,167"
        )
        await look(console, "host-figures")
        await console.get_by_role("tab", name="管理").click()
        await console.locator('[data-do="group"]').click()
        await console.get_by_role("button", name="保存").click()
        await look(console, "host-manage")
        lucky = await shop.host.lucky_open("抽一条雾灰羊毛围巾", 1)
        await bo.lucky_enter(lucky["lucky"])
        await shop.host.lucky_draw(lucky["lucky"])
        await viewer.get_by_role("button", name="自己验证").click()
        await expect(viewer.locator(".check")).to_contain_text("结果属实")
        await look(viewer, "sheet-check")
        await viewer.keyboard.press("Escape")
        await viewer.evaluate("liveroom.groupJoin()")
        stranger = await open_page(f"{server.url}/watch/fans:{HOST}", "stranger", **still)
        await expect(stranger.locator(".invitation")).to_be_visible()
        await look(stranger, "watch-invitation")
        await viewer.goto(f"{server.url}/watch/fans:{HOST}")
        await joined(viewer)
        await viewer.get_by_label("评论", exact=True).fill("明晚的沙发会先在群里开吗？")
        await viewer.keyboard.press("Enter")
        await expect(viewer.locator(".said").first).to_be_visible()
        await look(viewer, "watch-group")
        await shop.host.live_end(selling=True)
        await viewer.goto(shop.watch)
        await expect(viewer.locator(".replay-shown .buy")).to_be_visible()
        await look(viewer, "watch-replay")
    async with open_shop(server, "tomorrow", SOFA, MUG, LAMP, title="明晚八点 沙发", live=False):
        early = await joined(await open_page(f"{server.url}/watch/tomorrow", "xiaoman", **still))
        await early.get_by_role("button", name="预约提醒").click()
        await expect(early.locator(".waiting")).to_contain_text("1 人已预约")
        await look(early, "watch-waiting")
    assert not faults, "\n".join(faults)


async def test_language_and_appearance_can_be_switched_and_stay(
    server: Server, room: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{server.url}/login", locale="de-DE")
    await expect(page.locator("h1")).to_have_text("Sign in to Liveroom")
    await page.get_by_text("Français").click()
    await expect(page.locator("h1")).to_have_text("Se connecter à Liveroom")
    assert await page.evaluate("document.documentElement.lang") == "fr"

    await page.get_by_text("中文").click()
    await expect(page.locator("h1")).to_have_text("登录直播间")
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_text("深色").click()
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.reload()

    await expect(page.locator("h1")).to_have_text("登录直播间")
    assert dark != light
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


async def test_a_host_runs_the_show_from_the_keyboard(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with evening(server, room) as shop:
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch))
        await console.keyboard.press("2")
        await expect(viewer.locator(".pinned-card")).to_contain_text("青瓷")
        await expect(viewer.locator(".pinned-card .buy")).to_have_text("抢光了")
        await until(console, "liveroom.state.room.pin === 'mug'")
        await console.keyboard.press("r")
        await console.keyboard.type("7")
        await console.keyboard.press("Enter")
        await expect(viewer.locator(".pinned-card .stock-left")).to_have_text("剩 7")
        await expect(viewer.locator(".pinned-card .buy")).to_have_text("立即抢")
        await expect(console.locator("dialog")).to_have_count(0)
        await console.keyboard.press("0")
        await expect(viewer.locator(".pinned-card")).to_have_count(0)
        await console.keyboard.press("n")
        await console.keyboard.type("最后十分钟")
        await console.keyboard.press("Enter")
        await expect(viewer.locator(".notice")).to_have_text("最后十分钟")
        await console.get_by_role("button", name="下播").click()
        await console.locator("dialog").get_by_role("button", name="下播").click()
        await expect(console.locator(".summary")).to_contain_text("成交额")
        await expect(viewer.locator(".phase")).to_have_text("已结束")
