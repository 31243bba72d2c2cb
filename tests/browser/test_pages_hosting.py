"""A host streams from a phone, by a plan, with a team; viewers see nothing of how."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from server.protocol.roles import Role
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.shop import (
    HOST,
    HOST_NAME,
    MUG,
    PATIENCE_S,
    SOFA,
    Server,
    Shop,
    joined,
    open_shop,
    toasted,
    until,
)
from tests.browser.test_pages_looks import _faults

HEARD = """
    globalThis.notes = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
        notes.push(this.frequency.value);
        return start.call(this, at);
    };
    Object.defineProperty(navigator, 'vibrate', { value: (p) => notes.push(p) });
"""
"""What is played and shaken."""


async def _planned(shop: Shop, titles: list[str]) -> None:
    """Wait until the server has this plan: a row that was let go stands there before it knows."""
    async with asyncio.timeout(PATIENCE_S):
        while [each["title"] for each in await shop.host.rundown()] != titles:
            await asyncio.sleep(0.03)


async def test_a_stream_is_run_from_a_phone_with_one_hand(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    faults: list[str] = []
    async with open_shop(server, room, SOFA, MUG, live=False) as shop:
        await shop.host.moderator_add("mo")
        who = {"user": HOST, "role": Role.HOST, "name": HOST_NAME}
        phone = await joined(
            await open_page(shop.console, **who, viewport=PHONE, reduced_motion="reduce")
        )
        viewer = await joined(await open_page(shop.watch, "ann", name="Ann"))
        await expect(phone.locator(".account")).to_be_visible()
        await phone.get_by_role("button", name="开播", exact=True).click()
        await expect(phone.locator(".phone")).to_be_visible()

        await phone.locator('.phone [data-do="phone-next"]').click()
        await until(viewer, "liveroom.state.room.pin === 'sofa'")
        await phone.locator('.phone [data-do="phone-next"]').click()
        await until(viewer, "liveroom.state.room.pin === 'mug'")
        await phone.locator('.phone [data-do="phone-sale"]').click()
        await phone.locator("dialog").get_by_label("库存").fill("3")
        await phone.get_by_role("button", name="开抢", exact=True).click()
        await until(viewer, "liveroom.state.room.sales[0]?.left === 3")
        await phone.locator('.phone [data-do="phone-restock"]').click()
        await phone.get_by_role("button", name="补货", exact=True).last.click()
        await until(viewer, "liveroom.state.room.sales[0].left === 13")

        async with shop.person("mo", "Mo") as mo, shop.person("ben", "Ben") as ben:
            await ben.ask("mug", "Is it dishwasher safe?")
            await mo.prompt_send("louder please")
            await ben.comment("求链接")
            await expect(phone.locator(".prompt-newest")).to_contain_text("louder please")
            await phone.screenshot(path=images / "host-phone-portrait.png")
            faults += await _faults(phone)
            await phone.set_viewport_size({"width": 844, "height": 390})
            await phone.screenshot(path=images / "host-phone-landscape.png")
            faults += await _faults(phone)
            await phone.set_viewport_size({"width": 390, "height": 844})
            await phone.locator('.prompt-newest [data-do="seen"]').click()
            await expect(phone.locator(".prompt-newest")).to_be_hidden()

            await phone.locator('.phone [data-do="phone-answer"]').click()
            await phone.get_by_label("写一条回答").fill("Yes, below 60°")
            await phone.get_by_label("存为常用回答").check()
            await phone.locator('dialog [type="submit"]').click()
            await until(viewer, "liveroom.state.room.answers[0]?.answer === 'Yes, below 60°'")
            await phone.locator(".phone-talk .comment", has_text="求链接").click()
            await phone.locator('dialog [data-do="phone-quick.answer"]').click()
            await phone.locator("dialog .quick-chips button", has_text="below 60°").click()
            await until(
                viewer,
                "liveroom.state.room.comments.some(({ reply }) => reply?.name === 'Ben')",
            )
        await phone.locator('.phone [data-do="phone-sale"]').click()
        await phone.get_by_role("button", name="结束抢购", exact=True).last.click()
        await until(viewer, "liveroom.state.room.sales[0].status === 'closed'")
        assert "louder" not in await viewer.content()
    assert not faults, "\n".join(faults)


async def test_a_plan_is_made_put_in_order_and_done(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage, images: Path
) -> None:
    rows = ".rundown-words bdi"
    async with open_shop(server, room, SOFA, MUG) as shop:
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "ann", name="Ann"))
        await console.locator('[data-do="plan"]').click()
        await console.locator('dialog [data-kind="poll"]').click()
        await console.get_by_role("textbox", name="问题", exact=True).fill("Blue or red?")
        await console.get_by_label("选项 1").fill("Blue")
        await console.get_by_label("选项 2").fill("Red")
        await console.get_by_role("button", name="保存", exact=True).click()
        await expect(console.locator(rows)).to_have_count(1)
        await expect(console.locator("dialog")).to_have_count(0)  # the page is inert until then
        await shop.host.rundown_put("note", "Drink")
        await shop.host.rundown_put("product", "Mug", does={"sku": "mug"})
        await expect(console.locator(rows)).to_have_text(["Blue or red?", "Drink", "Mug"])

        handle = console.locator('.rundown-item:has-text("Mug") .drag-handle')
        await handle.press("ArrowUp")
        await expect(console.locator(rows)).to_have_text(["Blue or red?", "Mug", "Drink"])
        await expect(handle).to_be_focused()
        await expect(console.locator(".only-aloud").first).to_contain_text("第 2 位")
        await handle.press("ArrowUp")
        await expect(console.locator(rows)).to_have_text(["Mug", "Blue or red?", "Drink"])
        await console.locator('.rundown-item:has-text("Drink") .drag-handle').drag_to(
            console.locator(".rundown-item").first, target_position={"x": 40, "y": 2}
        )
        await expect(console.locator(rows)).to_have_text(["Drink", "Mug", "Blue or red?"])
        await _planned(shop, ["Drink", "Mug", "Blue or red?"])

        await expect(console.locator(".is-next")).to_contain_text("Drink")
        await console.locator('.is-next [data-do="item"]').click()
        await expect(console.locator(".is-next")).to_contain_text("Mug")
        await console.locator('.is-next [data-do="item"]').click()
        await until(viewer, "liveroom.state.room.pin === 'mug'")
        await console.locator('.is-next [data-do="item"]').click()
        await until(viewer, "liveroom.state.room.poll?.question === 'Blue or red?'")
        await console.screenshot(path=images / "host-rundown.png")
        assert not await _faults(console)
        assert "Drink" not in await viewer.content()


async def test_the_shelf_is_put_in_order_by_hand_and_edited_as_a_table(
    server: Server, room: str, open_console: OpenPage, images: Path
) -> None:
    async with open_shop(server, room, SOFA, MUG) as shop:
        console = await joined(await open_console(shop))
        await console.locator('[data-handle="mug"]').press("ArrowUp")
        await until(console, "liveroom.state.room.shelf[0].sku === 'mug'")

        await console.locator('[data-do="bulk"]').click()
        table = console.get_by_label("商品，一行一件")
        await expect(table).to_have_value("sku,title,price,currency,stock\n"
            f"mug,{MUG['title']},89,CNY,\nsofa,{SOFA['title']},1299,CNY,")  # fmt: skip
        await table.fill("sku\ttitle\tprice\tstock\nmug\t\t79\t\n\tBowl\t12.5\t\nsofa\t\t\t5")
        await console.get_by_role("button", name="全部保存").click()
        await expect(console.locator(".bulk-wrong li")).to_have_count(1)
        await expect(console.locator(".bulk-wrong")).to_contain_text("Row 3 (`sofa`)")
        await console.screenshot(path=images / "host-table.png")
        assert not await _faults(console)
        await table.fill("sku\ttitle\tprice\nmug\t\t79\n\tBowl\t12.5")
        await console.get_by_role("button", name="全部保存").click()
        await toasted(console, "新增 1 件，修改 1 件")
        await until(console, "liveroom.state.room.shelf.map(({ price }) => price).join() === "
            "'7900,129900,1250'")  # fmt: skip


async def test_practice_is_one_press_and_can_not_be_mistaken(
    server: Server, room: str, open_console: OpenPage
) -> None:
    async with open_shop(server, room, SOFA, live=False) as shop:
        await shop.host.rundown_put("note", "Drink")
        console = await joined(await open_console(shop))
        await expect(console.locator(".practice-band")).to_be_hidden()
        await console.locator('.nav [data-do="practise"]').click()
        await console.get_by_role("button", name="演练一场").last.click()
        await console.wait_for_url("**/host/practice-*")
        await joined(console)
        await expect(console.locator(".practice-band")).to_contain_text("订单无效")
        await expect(console.locator(".rundown-words")).to_contain_text("Drink")
        assert not await _faults(console)
        await console.get_by_role("link", name="回到正式直播间").click()
        await console.wait_for_url(f"**/host/{room}")


async def test_sound_and_vibration_are_asked_for_and_rest_for_who_wants_calm(
    server: Server, room: str, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        sale = await shop.host.sale_open("mug", 5900, stock=5, per_user=3, hold_s=600)
        console = await joined(await open_console(shop, script=HEARD))
        calm = await joined(await open_console(shop, script=HEARD, reduced_motion="reduce"))
        for page in (console, calm):
            await expect(page.locator(".stock-words").first).to_be_attached()
            assert await page.evaluate("notes.length") == 0
            await page.get_by_role("tab", name="管理").click()
            await page.get_by_label("振动", exact=True).check()
            await page.get_by_label("提示音", exact=True).check()
            await page.evaluate("notes.length = 0")
        async with shop.person("ben") as ben:
            await ben.buy(sale["sale"], 3)
        for page in (console, calm):
            await until(page, "notes.includes(390)")  # the last units
            await until(page, "notes.includes(880)")  # an order
        assert await console.evaluate("notes.some(Array.isArray)")
        assert not await calm.evaluate("notes.some(Array.isArray)")


async def test_times_are_shown_and_typed_in_the_rooms_zone(
    server: Server, room: str, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG, live=False) as shop:
        await shop.host.request("room.change", time_zone="Asia/Tokyo")
        console = await joined(await open_console(shop, timezone_id="America/New_York"))
        await console.locator('[data-do="plan"]').click()
        await console.locator('dialog [data-kind="note"]').click()
        await console.get_by_label("写给自己").fill("Hello")
        await console.get_by_label("固定时间（Asia/Tokyo").fill("2027-01-02T20:00")
        await console.get_by_role("button", name="保存", exact=True).click()
        await expect(console.locator(".rundown-time")).to_have_text("20:00")
        [item] = await shop.host.rundown()
        assert item["at"] == 1_798_887_600_000
        await shop.host.request("room.change", time_zone="Europe/Paris")
        await expect(console.locator(".rundown-time")).to_have_text("12:00")
        await console.locator(".rundown-item .icon-button").nth(1).click()
        await console.get_by_label("固定时间（Europe/Paris").fill("2027-03-28T02:30")
        await console.get_by_role("button", name="保存", exact=True).click()
        await expect(console.locator(".form-error")).to_contain_text("时钟拨快了")


async def test_who_bought_is_told_beside_a_pinned_comment(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop, shop.person("ben", "Ben") as ben:
        said = await shop.host.comment("Ships tomorrow")
        await shop.host.request("comment.pin", id=said)
        sale = await shop.host.sale_open("mug", 5900, stock=5, per_user=3, hold_s=600)
        viewer = await joined(await open_page(shop.watch, "ann", name="Ann"))
        pinned = viewer.locator(".pinned-comment")
        await expect(pinned).to_contain_text("Ships tomorrow")
        order = await ben.buy(sale["sale"])
        await ben.request("pay", order=order["order"])
        await expect(viewer.locator(".ticker")).not_to_be_empty()
        box, ticker = [
            await viewer.locator(each).bounding_box() for each in (".pinned-comment", ".ticker")
        ]
        assert box is not None
        assert ticker is not None
        assert ticker["y"] >= box["y"] + box["height"]
