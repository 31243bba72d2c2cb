"""Who asks is answered: with the product to buy, or by the host, or by what was answered before."""

from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.shop import LAMP, MUG, SOFA, Server, joined, open_shop, toasted


async def test_a_viewer_asks_for_the_link_and_buys_from_the_card_only_they_see(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, MUG, LAMP) as shop:
        await shop.host.pin("sofa")
        await shop.host.sale_open("mug", 5900, 9, per_user=2, hold_s=600)
        console = await joined(await open_console(shop))
        other = await joined(await open_page(shop.watch, "onlooker"))
        viewer = await joined(await open_page(shop.watch, "xiaoman", name="小满"))

        await viewer.get_by_label("评论", exact=True).fill("求链接 2 号")
        await viewer.keyboard.press("Enter")
        card = viewer.locator(".private-card")
        await expect(card).to_contain_text("青瓷手作马克杯")
        await card.get_by_role("button", name="立即抢").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("抢到了")
        await viewer.get_by_role("button", name="付款 ¥59").click()
        await expect(viewer.locator(".buy-flow")).to_contain_text("付款成功")
        await viewer.keyboard.press("Escape")
        await card.get_by_role("button", name="关闭").click()
        await expect(card).to_have_count(0)

        await viewer.locator(".pinned-main").click()
        await viewer.locator('[data-do="ask-link"]').click()
        await toasted(viewer, "链接给你了")
        await viewer.keyboard.press("Escape")
        await expect(card).to_contain_text("云朵布艺沙发")

        await expect(console.locator('.ask[data-sku="mug"]')).to_contain_text("1 次")
        await expect(console.locator('.ask[data-sku="sofa"]')).to_contain_text("1 次")
        await expect(other.locator(".said")).to_have_text(["求链接 2 号"])
        await expect(other.locator(".private-card")).to_have_count(0)


async def test_a_question_is_taken_shown_answered_and_offered_to_the_next_who_asks(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, MUG) as shop:
        await shop.host.pin("sofa")
        console = await joined(await open_console(shop))
        asker = await joined(await open_page(shop.watch, "asker", name="阿布"))
        later = await joined(await open_page(shop.watch, "later"))

        await asker.locator(".pinned-main").click()
        await asker.get_by_label("你的问题").fill("坐深是多少厘米？")
        await asker.keyboard.press("Enter")
        await toasted(asker, "主播会看到")
        await asker.keyboard.press("Escape")

        await expect(console.locator("#tab-engage .view-badge")).to_have_text("1")
        await console.keyboard.press("q")
        strip = later.locator(".question-strip")
        await expect(strip).to_contain_text("坐深是多少厘米？")
        await expect(strip).to_contain_text("云朵布艺沙发")
        await console.keyboard.press("q")
        await expect(console.get_by_label("记下答案")).to_be_focused()
        await console.keyboard.type("62 厘米，能盘腿")
        await console.keyboard.press("Enter")

        await expect(strip).to_be_hidden()
        await expect(asker.locator(".private-card")).to_contain_text("62 厘米，能盘腿")
        await expect(console.locator(".question")).to_have_count(0)
        await later.locator(".pinned-main").click()
        await expect(later.locator(".qa dd")).to_have_text("62 厘米，能盘腿")
        await later.get_by_label("你的问题").fill("坐深是多少厘米")
        await later.keyboard.press("Enter")
        await toasted(later, "62 厘米，能盘腿")
        await later.keyboard.press("Escape")
        await expect(later.locator(".private-card")).to_contain_text("62 厘米，能盘腿")


async def test_an_answer_about_the_earlier_version_is_given_again_with_one_button(
    server: Server, room: str, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop, shop.person("abu", "阿布") as asker:
        asked = (await asker.ask("mug", "能机洗吗？"))["question"]
        await shop.host.question_answer(asked["question"], "上层可以")
        newer = {**MUG, "sku": "mug-2", "replaces": "mug"}
        await shop.host.request("shelf.put", product=newer)
        assert "question" in await asker.ask("mug-2", "能机洗吗？")

        console = await joined(await open_console(shop))
        await console.locator("#tab-engage").click()
        row = console.locator(".question")
        await expect(row).to_contain_text("旧款的回答：上层可以")
        await row.get_by_role("button", name="照这样回答").click()
        await expect(row).to_have_count(0)
        again = await asker.ask("mug-2", "能机洗吗？")
        assert [each["answer"] for each in again["answers"]] == ["上层可以"]


async def test_the_sheet_and_the_sale_answer_who_asks_and_the_host_sees_it(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    proof = {"label": "GIA", "number": "2141", "url": "https://gia.test/2141"}
    async with open_shop(server, room, {**MUG, "proofs": [proof]}, LAMP) as shop:
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 4900, 9, per_user=2, hold_s=600)
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "xiaoman", name="小满"))
        said = viewer.get_by_label("评论", exact=True)
        cards = viewer.locator(".private-card")

        await said.fill("有证书吗")
        await viewer.keyboard.press("Enter")
        await expect(cards.get_by_role("link", name="GIA 2141")).to_have_attribute(
            "href", proof["url"]
        )
        await said.fill("两件有优惠吗")
        await viewer.keyboard.press("Enter")
        await expect(cards.last).to_contain_text("两件 ¥98")

        await console.locator("#tab-engage").click()
        await expect(console.locator(".question").first).to_contain_text("自动回答")
        await viewer.locator(".pinned-main").click()
        await expect(viewer.locator(".details .proofs a")).to_have_text("GIA 2141")
