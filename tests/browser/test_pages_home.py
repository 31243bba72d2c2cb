"""The home page and a host's page: whom one follows first, reminders, what can be watched again."""

import secrets
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import LAMP, MUG, SOFA, Server, open_shop, toasted, until
from tests.browser.test_pages_looks import _faults

TOMORROW_MS = 4_000_000_000_000


async def test_home_shows_followed_hosts_first_reminds_and_leads_to_replays(
    server: Server, room: str, open_page: OpenPage
) -> None:
    loved, other = (f"host-{secrets.token_hex(3)}" for _ in range(2))
    async with (
        open_shop(server, room, MUG, title="关注的人", owner=loved) as on,
        open_shop(server, f"{room}-2", MUG, title="别人", owner=other) as busy,
        open_shop(server, f"{room}-3", SOFA, title="明晚", owner=loved, live=False) as later,
        open_shop(server, f"{room}-4", LAMP, title="看过的", owner=other) as over,
        busy.person("crowd"),
    ):
        await later.host.request("room.change", scheduled=TOMORROW_MS)
        await over.host.live_end()
        async with on.person("ann") as ann:
            await ann.follow()

        page = await open_page(server.url, "ann")
        live = page.locator('[data-section="live"] .room')
        ours = live.filter(has=page.locator(f'a[href^="/watch/{room}"]'))
        await expect(ours.first).to_be_visible()
        while not await ours.locator(".followed").count():
            await page.reload()  # who is followed comes from the archive, about a second late
            await expect(ours.first).to_be_visible()
        await expect(ours.first).to_contain_text("关注的人")
        await expect(ours.first.locator(".followed")).to_be_visible()
        await expect(ours.nth(1)).to_contain_text("别人")
        replay = page.locator('[data-section="again"] .room', has_text="看过的")
        await expect(replay.locator(".room-play")).to_be_visible()

        soon = page.locator('[data-section="scheduled"] .room', has_text="明晚")
        await soon.get_by_role("button").click()
        await toasted(page, "已预约")
        await expect(soon.get_by_role("button")).to_have_attribute("aria-pressed", "true")
        calendar = await soon.locator('[data-do="calendar"]').get_attribute("href")
        answer = await page.request.get(f"{server.url}{calendar}")
        assert "DTSTART:20961002T070640Z" in await answer.text()
        await until(page, f"document.querySelector('a[href=\"/h/{loved}\"]') !== null")
        await soon.get_by_role("button").click()
        await toasted(page, "已取消预约")


async def test_a_hosts_page_has_streams_goods_reviews_and_group_and_is_usable(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    host = f"host-{secrets.token_hex(3)}"
    faults: list[str] = []
    async with (
        open_shop(server, room, SOFA, MUG, title="慢客厅", owner=host, name="Ana") as now,
        open_shop(server, f"{room}-2", SOFA, title="明晚", owner=host, live=False),
        open_shop(server, f"{room}-3", LAMP, title="上周", owner=host) as over,
    ):
        await over.host.live_end()
        url = f"{server.url}/h/{host}"
        page = await open_page(url, "ann", reduced_motion="reduce")
        for name, title in (("live", "慢客厅"), ("scheduled", "明晚"), ("again", "上周")):
            await expect(page.locator(f'[data-section="{name}"]')).to_contain_text(title)
        await expect(page.locator(".profile-goods li")).to_have_count(2)
        await expect(page.locator(".product-reviews")).to_contain_text("还没有评价")
        await page.get_by_role("button", name="关注", exact=True).click()
        await toasted(page, "已关注")
        await expect(page.locator(".profile-words")).to_contain_text("1 人关注")
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            await page.set_viewport_size(viewport)
            await page.screenshot(path=images / f"profile-{size}.png")
            faults += [f"{size}: {fault}" for fault in await _faults(page)]

        watching = await open_page(now.watch, "ann")
        await watching.get_by_role("button", name="Ana").click()
        await watching.get_by_role("link", name="主播主页").click()
        await watching.wait_for_url(url)
        lost = await open_page(f"{server.url}/h/nobody-here")
        await expect(lost.locator(".empty")).to_contain_text("没有这位主播")
    assert not faults, "\n".join(faults)
