"""The evening from note to order in the browser: read, reserved, watched, asked, bought, told."""

import secrets
import time
from pathlib import Path
from random import Random
from typing import Any

from playwright.async_api import Page, expect

from client_sim.drawing import draw_vessel
from client_sim.rest import Rest
from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import LAMP, MUG, Server, joined, open_shop, token
from tests.browser.test_pages_insights import _until_shown
from tests.browser.test_pages_looks import LANGUAGES, SMALLEST, _faults, _too_wide_or_small

STILL: dict[str, Any] = {"reduced_motion": "reduce"}
DAY_MS = 86_400_000
WIDEST = {"width": 1920, "height": 1080}


async def written(server: Server, owner: str, room: str) -> str:
    """Publish a note about a mug and a room; its id."""
    async with Rest(server.url, token(owner, Role.HOST, "Ana")) as rest:
        drawn = await rest.send_bytes("pictures", draw_vessel(Random("mug"), 300, 400))
        note = await rest.write(
            "POST",
            "notes",
            {
                "title": "青瓷杯用了三个月",
                "text": "釉面很润。\n\n缺点：杯口有点薄，要轻放。",
                "tags": ["青瓷", "茶具"],
                "pictures": [drawn["picture"]],
                "goods": [{"host": owner, "sku": "mug"}],
                "rooms": [room],
                "status": "public",
            },
        )
        plain = {"title": "台灯的三档亮度", "text": "最亮一档费电。", "tags": ["灯"]}
        await rest.write("POST", "notes", plain | {"status": "public"})
        in_a_day = {"scheduled": round(time.time() * 1000) + DAY_MS}
        await rest.write("PATCH", f"rooms/{room}", in_a_day)
    id_: str = note["note"]
    return id_


async def test_a_note_brings_a_person_to_the_room_to_an_order_and_the_host_sees_it(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    owner, room = f"host-{secrets.token_hex(3)}", f"r-{secrets.token_hex(4)}"
    faults: list[str] = []

    async def seen(page: Page, step: str) -> None:
        await page.screenshot(path=images / f"from-note-{step}.png")
        faults.extend(f"{step}: {fault}" for fault in await _faults(page))

    async with open_shop(server, room, MUG, LAMP, owner=owner, name="Ana", live=False) as shop:
        note = await written(server, owner, room)
        ann: dict[str, Any] = {"user": "ann", "name": "小满", "viewport": PHONE} | STILL
        phone = await open_page(f"{server.url}/note/{note}", **ann)
        coming = phone.locator('.note-room[data-phase="scheduled"]')
        await coming.locator('[data-do="reserve"]').click()
        reserved = coming.locator('[data-do="reserve"]')
        await expect(reserved).to_have_attribute("aria-pressed", "true")
        await phone.locator('[data-do="collect"]').click()
        await seen(phone, "1-reserve")

        # The next day.
        await shop.host.live_start()
        sale = await shop.host.sale_open("mug", 5900, 9, per_user=2, hold_s=600)
        await shop.host.pin("lamp")
        live = phone.locator('.note-room[data-phase="live"]')
        while not await live.count():  # rooms of an author are kept for two seconds
            await phone.reload()
            await expect(phone.locator(".note-room")).to_be_visible()
        await seen(phone, "2-live")
        await live.locator(".primary").click()
        await joined(phone)
        await phone.get_by_label("评论", exact=True).fill("求链接 1 号")
        await phone.keyboard.press("Enter")
        card = phone.locator(".private-card")
        await expect(card).to_contain_text("青瓷手作马克杯")
        await seen(phone, "3-link")
        await card.get_by_role("button", name="立即抢").click()
        await expect(phone.locator(".buy-flow")).to_contain_text("抢到了")
        await seen(phone, "4-bought")
        await phone.get_by_role("button", name="付款 ¥59").click()
        await expect(phone.locator(".buy-flow")).to_contain_text("付款成功")
        await seen(phone, "5-paid")
        async with Rest(server.url, token(owner, Role.HOST)) as rest:
            [order] = await rest.orders(room)
        assert order["source"] == {"kind": "note", "id": note}
        assert order["lines"][0]["sale"] == sale["sale"]

        console = await open_page(shop.console, owner, Role.HOST, "Ana", viewport=DESKTOP, **STILL)
        await joined(console)
        await _until_shown(console, "notes", "1 人中 1 人买了")
        row = console.locator('[data-part="notes"] li')
        await expect(row).to_contain_text("青瓷杯用了三个月")
        await expect(row).to_contain_text("买家：小满")
        await row.evaluate("it => it.scrollIntoView()")  # it is drawn anew now and then
        await seen(console, "6-host")
    assert not faults, "\n".join(faults)


async def test_the_page_of_a_person_has_their_notes_by_tag_and_what_they_collected_for_themselves(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    owner, room = f"host-{secrets.token_hex(3)}", f"r-{secrets.token_hex(4)}"
    faults: list[str] = []
    async with open_shop(server, room, MUG, owner=owner, name="Ana", live=False):
        note = await written(server, owner, room)
        async with Rest(server.url, token(owner, Role.HOST)) as rest:
            await rest.write("PUT", f"notes/{note}/collect")
        url = f"{server.url}/h/{owner}"
        # Who shares a title is told apart by its options, as on the shelf.
        option = """(sku) => { globalThis.fetch = ((real) => async (...asked) => {
            const answer = await real(...asked);
            if (!String(asked[0]?.url ?? asked[0]).includes('/shelf')) return answer;
            const page = await answer.json();
            page.products.forEach((product) => { product.options = { 颜色: '月白' }; });
            return Response.json(page);
        })(globalThis.fetch); }"""
        guest = await open_page(url, script=f"({option})()", **STILL)
        notes = guest.locator('[data-section="notes"] .note-card')
        await expect(notes).to_have_count(2)
        await expect(guest.locator(".profile-options")).to_have_text("月白")
        await expect(guest.locator('[data-section="collected"]')).to_have_count(0)
        await guest.locator(".profile-tags").get_by_text("#灯").click()
        await expect(notes).to_have_count(1)
        await expect(notes).to_contain_text("台灯的三档亮度")
        await guest.locator(".profile-tags").get_by_text("全部").click()
        await expect(notes).to_have_count(2)
        for size, viewport in (("phone", PHONE), ("desktop", DESKTOP), ("wide", WIDEST)):
            await guest.set_viewport_size(viewport)
            await guest.screenshot(path=images / f"profile-notes-{size}.png")
            faults += [f"{size}: {fault}" for fault in await _faults(guest)]
        for locale in LANGUAGES:
            own = await open_page(
                url, owner, Role.HOST, "Ana", viewport=SMALLEST, locale=locale, **STILL
            )
            await expect(own.locator('[data-section="collected"] .note-card')).to_have_count(1)
            faults += [f"{locale}: {fault}" for fault in await _too_wide_or_small(own)]

        # Who never hosted has a page, too, once they wrote something.
        writer = f"writer-{secrets.token_hex(3)}"
        async with Rest(server.url, token(writer, name="小满")) as rest:
            plain = {"title": "窗边的茶", "text": "慢慢喝。", "status": "public"}
            await rest.write("POST", "notes", plain)
        page = await open_page(f"{server.url}/h/{writer}", **STILL)
        await expect(page.locator(".profile-name")).to_have_text("小满")
        await expect(page.locator('[data-section="notes"] .note-card')).to_have_count(1)
    assert not faults, "\n".join(faults)
