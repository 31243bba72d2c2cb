"""Who follows or reserves is told; the fan group is for its members, and sells to them."""

import secrets

from playwright.async_api import expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage
from tests.browser.shop import HOST_NAME, MUG, SOFA, Server, joined, open_shop, toasted


async def test_followers_and_reservers_are_led_to_the_room_that_goes_live(
    server: Server, room: str, open_page: OpenPage
) -> None:
    host = f"host-{secrets.token_hex(3)}"
    async with (
        open_shop(server, room, MUG, owner=host) as now,
        open_shop(server, f"{room}-2", SOFA, title="明晚沙发", live=False, owner=host) as next_one,
    ):
        fan = await joined(await open_page(now.watch, "fan"))
        await fan.get_by_role("button", name="关注", exact=True).click()
        await expect(fan.locator(".follow")).to_have_text("已关注")
        planner = await joined(await open_page(next_one.watch, "planner"))
        await expect(planner.locator(".preview")).to_contain_text("云朵布艺沙发")
        await planner.get_by_role("button", name="预约提醒").click()
        await expect(planner.locator(".waiting")).to_contain_text("1 人已预约")
        await planner.goto(now.watch)
        await joined(planner)

        await next_one.host.live_start()
        await toasted(fan, "开播了：明晚沙发")
        await toasted(planner, "开播了：明晚沙发")
        await planner.get_by_role("button", name="去看").click()
        await planner.wait_for_url(f"**/watch/{room}-2?from=reservation")
        await joined(planner)
        await expect(planner.locator(".phase").first).to_have_text("直播中")


async def test_a_fan_group_invites_admits_chats_and_sells_to_its_members(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    host = f"host-{secrets.token_hex(3)}"
    async with open_shop(server, room, MUG, owner=host) as shop:
        console = await joined(await open_console(shop, owner=host))
        await console.get_by_role("tab", name="管理").click()
        await console.get_by_role("button", name="建粉丝群").click()
        await console.get_by_label("群名").fill("慢客厅的朋友们")
        await console.get_by_role("button", name="保存").click()
        await expect(console.locator(".plans")).to_contain_text("慢客厅的朋友们")
        group = f"{server.url}/watch/fans:{host}"

        member = await open_page(group, "member", name="木木")
        await expect(member.locator(".invitation")).to_contain_text("这里只有群成员能进")
        await member.get_by_role("button", name="加入粉丝群").click()
        await joined(member)
        await expect(member.locator("body")).to_have_class("page-watch is-group")
        await expect(member.locator(".phase").first).to_have_text("粉丝群")
        await member.get_by_label("评论", exact=True).fill("大家好")
        await member.keyboard.press("Enter")
        await expect(member.locator(".said")).to_have_text("大家好")

        desk = await joined(
            await open_page(f"{server.url}/host/fans:{host}", host, Role.HOST, HOST_NAME)
        )
        await desk.evaluate("product => liveroom.send('shelf.put', { product })", MUG)
        await desk.evaluate("liveroom.send('pin', { sku: 'mug' })")
        await desk.evaluate(
            "liveroom.send('sale.open', "
            "{ sku: 'mug', price: 4900, stock: 5, per_user: 1, hold_s: 600 })"
        )
        await member.locator(".pinned-card .buy").click()
        await member.get_by_role("button", name="付款 ¥49").click()
        await expect(member.locator(".buy-flow")).to_contain_text("付款成功")
        (order,) = await member.evaluate("liveroom.orders()")
        assert order["group"] is True
        await member.keyboard.press("Escape")

        await member.get_by_role("button", name="主理人").first.click()
        await member.get_by_role("button", name="退出粉丝群").click()
        await member.get_by_role("button", name="退出粉丝群").last.click()
        await member.wait_for_url(f"{server.url}/")
        await member.goto(group)
        await expect(member.locator(".invitation")).to_contain_text("这里只有群成员能进")
