"""Coupons, polls and lucky draws, from the host's form to what each viewer sees."""

from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.shop import MUG, SOFA, Server, joined, open_shop, toasted, until


async def test_a_coupon_is_claimed_and_takes_its_worth_off_the_price(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, MUG) as shop:
        await shop.host.pin("sofa")
        await shop.host.sale_open("sofa", 99900, 9, per_user=2, hold_s=600)
        await shop.host.sale_open("mug", 5900, 9, per_user=2, hold_s=600)
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "xiaoman"))

        await console.get_by_role("tab", name="互动").click()
        await console.locator('[data-do="coupon"]').click()
        await console.get_by_label("券名").fill("新人券")
        await console.get_by_label("减多少").fill("20")
        await console.get_by_label("满多少可用").fill("20")
        await console.get_by_role("button", name="发券").last.click()
        await expect(console.locator(".form-error")).to_contain_text("要大于 ¥20")
        await console.get_by_label("满多少可用").fill("200")
        await console.get_by_text("关注的人", exact=True).click()
        await console.get_by_role("button", name="发券").last.click()

        await viewer.locator(".coupon-chip").click()
        await viewer.get_by_role("button", name="关注并领取").click()
        await toasted(viewer, "领到了")
        await expect(viewer.locator(".ticket")).to_contain_text("你有 1 张")
        await viewer.keyboard.press("Escape")
        assert await viewer.evaluate("liveroom.state.mine.following")
        await expect(viewer.locator(".pinned-card .after-coupon")).to_have_text("券后 ¥979")

        await viewer.locator(".shelf-button").click()
        await viewer.locator('dialog [data-sku="mug"] .shelf-main').click()
        await expect(viewer.locator(".coupon-choice")).to_contain_text("还差 ¥141")
        await viewer.keyboard.press("Escape")
        await expect(viewer.locator("dialog")).to_have_count(1)
        await viewer.keyboard.press("Escape")

        await viewer.locator(".pinned-main").click()
        await expect(viewer.locator(".coupon-total")).to_contain_text("¥979")
        await viewer.get_by_label("不用券").check()
        await expect(viewer.locator(".coupon-total .price")).to_have_text("¥999")
        await viewer.get_by_label("自动选最省的").check()
        await viewer.locator(".details .buy").click()
        await expect(viewer.locator(".order-off").last).to_contain_text("−¥20")
        await viewer.get_by_role("button", name="付款 ¥979").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("付款成功")
        await expect(console.locator("[data-counts]")).to_have_text("领 1 / 100 · 用 1")
        (order,) = await viewer.evaluate("liveroom.orders()")
        assert (order["total"], order["off"]) == (97900, 2000)
        await expect(viewer.locator(".pinned-card .after-coupon")).to_have_count(0)


async def test_two_viewers_vote_by_one_tap_and_all_see_the_bars(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        console = await joined(await open_console(shop))
        one = await joined(await open_page(shop.watch, "one"))
        two = await joined(await open_page(shop.watch, "two"))
        await console.get_by_role("tab", name="互动").click()
        await console.get_by_role("button", name="发起投票").click()
        await console.get_by_role("textbox", name="问题", exact=True).fill("下一件讲哪个颜色？")
        for n, option in enumerate(["燕麦白", "深灰", "焦糖"], 1):
            await console.get_by_label(f"选项 {n}").fill(option)
        await console.get_by_role("button", name="发起投票").last.click()

        for page, chosen in ((one, 0), (two, 1)):
            await page.locator(f'.poll-row[data-option="{chosen}"]').click()
            await expect(page.locator(".poll-row.mine")).to_have_attribute(
                "data-option", str(chosen)
            )
        for page in (one, two, console):
            rows = page.locator(".poll-row .poll-count")
            await expect(rows).to_have_text(["50%", "50%", "0%"])
        await expect(one.locator(".poll-row").nth(2)).to_be_disabled()

        await console.get_by_role("button", name="结束投票").click()
        await console.get_by_role("button", name="结束投票").last.click()
        await expect(one.locator(".spot-foot")).to_contain_text("投票结束 · 2 票")


async def test_a_lucky_draw_is_drawn_and_proved_in_the_viewers_own_browser(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with (
        open_shop(server, room) as shop,
        shop.person("ann", "安") as ann,
        shop.person("bo", "波") as bo,
    ):
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "xiaoman", name="小满"))
        await console.get_by_role("tab", name="互动").click()
        await console.get_by_role("button", name="发起抽奖").click()
        await console.get_by_label("奖品").fill("羊毛围巾")
        await console.get_by_label("几份").fill("2")
        await console.get_by_role("button", name="发起抽奖").last.click()
        await viewer.get_by_role("button", name="参加", exact=True).click()
        await expect(viewer.get_by_role("button", name="已参加")).to_be_disabled()
        lucky = await viewer.evaluate("liveroom.state.room.lucky.lucky")
        for person in (ann, bo):
            await person.lucky_enter(lucky)
        await expect(viewer.locator(".spot-foot")).to_contain_text("3 人参加")

        await console.get_by_role("button", name="开奖").click()
        await console.get_by_role("button", name="开奖").last.click()
        await expect(viewer.locator(".winners li")).to_have_count(2)
        winners = await viewer.locator(".winners li").all_inner_texts()
        assert await console.locator(".winners li").all_inner_texts() == [
            name.removesuffix("就是你！").strip() for name in winners
        ]
        await viewer.get_by_role("button", name="自己验证").click()
        await expect(viewer.locator(".check")).to_contain_text("结果属实")
        await expect(viewer.locator('.check-steps [data-holds="true"]')).to_have_count(3)
        await viewer.keyboard.press("Escape")

        # A draw that was tampered with is found out.
        await viewer.evaluate("liveroom.state.room.lucky.winners.reverse()")
        await until(viewer, "!document.querySelector('dialog')")
        await viewer.get_by_role("button", name="自己验证").click()
        await expect(viewer.locator(".check")).to_contain_text("对不上！")
