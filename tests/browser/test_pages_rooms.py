"""Rooms that are made, changed, hidden, cancelled, and listed page after page."""

import base64
import secrets
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Route, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import (
    HOST_NAME,
    MUG,
    SOFA,
    Server,
    joined,
    open_shop,
    toasted,
    until,
)

COVER = "https://pictures.example/cover.png"
# A 1 x 1 picture in warm red.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGN4UBAAAAPUAaHYW1MdAAAAAElFTkSuQmCC"
)


def new_host() -> str:
    return f"host-{secrets.token_hex(3)}"


async def with_pictures(page: Page) -> Page:
    """Open the page anew, with covers of another site, which tests don't ask."""

    async def picture(route: Route) -> None:
        await route.fulfill(body=PNG, content_type="image/png")

    await page.route("https://pictures.example/**", picture)
    await page.reload()
    return page


async def pictured(page: Page, images: Path, name: str) -> None:
    """Take the page on a phone and on a desk; nothing is wider than the window."""
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        await until(page, "document.documentElement.scrollWidth <= innerWidth")
        await page.screenshot(path=images / f"rooms-{name}-{size}.png")


async def test_a_draft_is_made_with_an_earlier_shelf_filled_in_and_made_public(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    host = new_host()
    async with open_shop(server, room, MUG, SOFA, title="上一场", owner=host):
        page = await with_pictures(await open_page(server.url, host, Role.HOST, HOST_NAME))
        await page.get_by_role("button", name="开直播间").click()
        await page.get_by_label("直播标题").fill("周五晚上的慢客厅")
        await page.get_by_label("房间号").fill(f"{room}-2")
        await page.get_by_label("开播时间").fill("2090-05-01T20:00")
        await page.get_by_label("封面图片").fill(COVER)
        await page.get_by_label("沿用哪一场的货架").select_option(room)
        await page.get_by_text("草稿", exact=True).click()
        await pictured(page, images, "new")
        await page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        await page.get_by_role("button", name="创建", exact=True).click()
        await page.wait_for_url(f"**/host/{room}-2")
        await joined(page)
        await expect(page.locator(".nav .phase")).to_have_text("草稿")
        await expect(page.locator(".column-shelf")).to_contain_text("青瓷手作马克杯")

        guest = await open_page(f"{server.url}/watch/{room}-2", "ann")
        await expect(guest.locator(".invitation")).to_contain_text("还没公开")
        home = await with_pictures(await open_page(server.url, host, Role.HOST, HOST_NAME))
        mine = home.locator("section", has_text="草稿与演练")
        await expect(mine).to_contain_text("周五晚上的慢客厅")
        await until(home, "document.querySelector('.room .cover')?.naturalWidth === 1")
        await pictured(home, images, "hidden")

        await page.get_by_role("button", name="公开", exact=True).first.click()
        await page.get_by_role("dialog").get_by_role("button", name="公开", exact=True).click()
        await toasted(page, "已公开")
        await expect(page.locator(".nav .phase")).to_have_text("未开播")
        await guest.reload()
        await joined(guest)
        await expect(guest.locator(".waiting")).to_contain_text("5月1日")
        await expect(mine).to_be_hidden()


async def test_everybody_sees_what_the_host_changes(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage, images: Path
) -> None:
    host = new_host()
    async with open_shop(server, room, MUG, title="晚茶", live=False, owner=host) as shop:
        viewer = await joined(await with_pictures(await open_page(shop.watch, "ann")))
        console = await joined(await with_pictures(await open_console(shop, owner=host)))
        await console.get_by_role("tab", name="管理").click()
        await console.get_by_role("button", name="修改直播信息").click()
        await console.get_by_label("直播标题").fill("早茶")
        await console.get_by_label("开播时间").fill("2090-05-01T08:00")
        await console.get_by_label("封面图片").fill(COVER)
        await pictured(console, images, "edit")
        await console.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        await console.get_by_role("button", name="保存").click()
        await toasted(console, "已保存")

        await expect(viewer.locator(".room-title")).to_have_text("早茶")
        await expect(viewer.locator(".waiting")).to_contain_text("5月1日 08:00")
        await until(viewer, "document.querySelector('.stage .cover')?.naturalWidth === 1")
        await until(viewer, "document.title.startsWith('早茶')")
        await until(console, "document.querySelector('.nav-title').textContent === '早茶'")
        await pictured(viewer, images, "cover")
        await pictured(console, images, "details")


async def test_who_reserved_is_told_that_a_stream_is_cancelled(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage, images: Path
) -> None:
    host = new_host()
    async with (
        open_shop(server, room, MUG, owner=host) as now,
        open_shop(server, f"{room}-2", SOFA, title="明晚沙发", live=False, owner=host) as later,
    ):
        planner = await joined(await open_page(later.watch, "planner"))
        await planner.get_by_role("button", name="预约提醒").click()
        await expect(planner.locator(".waiting")).to_contain_text("1 人已预约")
        await planner.goto(now.watch)
        await joined(planner)
        inside = await joined(await open_page(later.watch, "ann", locale="fr-FR"))
        console = await joined(await open_console(later, owner=host))
        await console.get_by_role("tab", name="管理").click()

        await console.get_by_role("button", name="取消这场直播").click()
        await pictured(console, images, "cancel")
        await console.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        await console.get_by_role("button", name="不取消").click()
        await expect(console.locator(".nav .phase")).to_have_text("未开播")
        await expect(console.get_by_role("dialog")).to_have_count(0)
        await console.get_by_role("button", name="取消这场直播").click()
        await console.get_by_label("原因").fill("停电了")
        await console.get_by_role("dialog").get_by_role("button", name="取消这场直播").click()

        await toasted(planner, "取消了直播：明晚沙发（停电了）")
        await expect(console.locator(".nav .phase")).to_have_text("已取消")
        await expect(inside.locator(".stage")).to_contain_text("Ce direct est annulé : 停电了")
        await expect(inside.locator(".phase").first).to_have_text("Annulé")
        await expect(inside.locator(".waiting")).to_be_hidden()
        await pictured(inside, images, "cancelled")
        home = await open_page(server.url, "ann", locale="en-GB")
        card = home.locator(".room", has=home.locator(f'a[href*="{room}-2"]'))
        await expect(card).to_contain_text("Cancelled")


async def test_a_practice_says_so_and_its_orders_are_void(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    host = new_host()
    desk = await open_page(server.url, host, Role.HOST, HOST_NAME, viewport=DESKTOP)
    await desk.get_by_role("button", name="开直播间").click()
    await desk.get_by_label("直播标题").fill("试播")
    await desk.get_by_label("房间号").fill(room)
    await desk.get_by_text("演练", exact=True).click()
    await desk.get_by_role("button", name="创建", exact=True).click()
    await desk.wait_for_url(f"**/host/{room}")
    await joined(desk)
    await expect(desk.locator(".nav .phase")).to_have_text("演练 · 未开播")
    await desk.evaluate("liveroom.liveStart()")
    await desk.evaluate("product => liveroom.send('shelf.put', { product })", MUG)
    await desk.evaluate("liveroom.send('pin', { sku: 'mug' })")
    sale = "{ sku: 'mug', price: 4900, stock: 5, per_user: 1, hold_s: 600 }"
    await desk.evaluate(f"liveroom.send('sale.open', {sale})")

    buyer = await joined(await open_page(f"{server.url}/watch/{room}", "ann"))
    await expect(buyer.locator(".unlisted")).to_contain_text("订单无效")
    await buyer.locator(".pinned-card .buy").click()
    await expect(buyer.locator(".buy-flow")).to_contain_text("演练订单，无效")
    await pictured(buyer, images, "practice")
    await buyer.get_by_role("dialog").get_by_role("button", name="付款 ¥49").click()
    await expect(buyer.locator(".buy-flow")).to_contain_text("付款成功")
    await expect(buyer.locator(".buy-flow")).not_to_contain_text("商家会尽快发货")
    home = await open_page(server.url, "bob")
    await until(home, "document.querySelector('.home') !== null")
    await expect(home.locator(".room", has_text="试播")).to_have_count(0)


async def test_the_list_goes_on_until_every_room_is_there(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    def rows(first: int, count: int) -> list[dict[str, Any]]:
        about = {"host": "h", "host_name": "H", "phase": "scheduled", "created": 1}
        return [
            about | {"room": f"r{n}", "title": f"房间 {n}"} for n in range(first, first + count)
        ]

    async def answer(route: Route) -> None:
        is_next = "cursor=more" in route.request.url
        page = {"rooms": rows(48, 7), "next": None}
        await route.fulfill(json=page if is_next else {"rooms": rows(0, 48), "next": "more"})

    page = await open_page("about:blank")
    await page.route("**/v1/rooms?*", answer)
    await page.goto(server.url)
    more = page.get_by_role("button", name="更多直播间")
    await expect(page.locator(".room")).to_have_count(48)
    await more.scroll_into_view_if_needed()
    await pictured(page, images, "more")
    await more.click()
    await expect(page.locator(".room")).to_have_count(55)
    await expect(more).to_be_hidden()
