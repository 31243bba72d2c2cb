"""Notes as people use them: written on a phone, read by everybody, and the way on to the room."""

import re
import secrets
from pathlib import Path
from typing import Any

from playwright.async_api import FilePayload, Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import HOST_NAME, LAMP, MUG, Server, open_shop, toasted
from tests.browser.test_pages_looks import SMALLEST, _faults, _too_wide_or_small
from tests.features.pictures.drawn import picture
from tests.web.test_sharing import Head

STILL: dict[str, Any] = {"reduced_motion": "reduce"}


def photo(name: str, width: int, height: int, kind: str = "JPEG") -> FilePayload:
    """A picture of the camera roll."""
    return {
        "name": name,
        "mimeType": f"image/{kind.lower()}",
        "buffer": picture(kind, (width, height)),
    }


async def write_note(page: Page) -> str:
    """Write a note with two pictures and a mug; return its address."""
    await page.locator("input[type=file]").set_input_files(
        [photo("one.jpg", 900, 1200), photo("two.png", 800, 600, "PNG")]
    )
    await expect(page.locator('.write-picture[data-state="sent"]')).to_have_count(2)
    await page.locator('[name="title"]').fill("青瓷杯用了三个月")
    await page.locator('[name="text"]').fill("釉面很润。\n\n缺点：杯口有点薄，要轻放。")
    await page.locator('[name="tags"]').fill("#青瓷 茶具 茶具")
    await page.locator('[data-do="choose-goods"]').click()
    await page.locator(".write-shelf label", has_text="马克杯").click()
    await page.locator("dialog .primary").click()
    await expect(page.locator(".write-goods li")).to_have_count(1)
    return page.url


async def test_a_note_is_written_on_a_phone_read_by_a_guest_and_leads_to_the_room(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    host = f"host-{secrets.token_hex(3)}"
    faults: list[str] = []

    async def look(page: Any, name: str) -> None:
        for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
            await page.set_viewport_size(viewport)
            await page.screenshot(path=images / f"{name}-{size}.png")
            faults.extend(f"{name} {size}: {fault}" for fault in await _faults(page))
        await page.set_viewport_size(SMALLEST)
        faults.extend(f"{name} 360: {fault}" for fault in await _too_wide_or_small(page))
        await page.set_viewport_size(PHONE)

    async with open_shop(server, room, MUG, LAMP, owner=host, name=HOST_NAME):
        author = {"user": host, "role": Role.HOST, "name": HOST_NAME} | STILL
        page = await open_page(f"{server.url}/write", **author)
        await page.locator('[data-do="publish"]').click()
        await expect(page.locator(".form-error").last).to_contain_text("标题")
        await write_note(page)
        await page.locator('[data-do="later"]').first.click()  # the second is the cover now
        await look(page, "write")
        await page.locator('[data-do="preview"]').click()
        await expect(page.locator("dialog .note-title")).to_contain_text("青瓷杯")
        await page.keyboard.press("Escape")
        await page.locator('[data-do="draft"]').click()
        await toasted(page, "草稿已保存")
        await page.reload()
        await expect(page.locator('[name="title"]')).to_have_value("青瓷杯用了三个月")
        await expect(page.locator('.write-picture[data-state="sent"]')).to_have_count(2)
        await page.locator('[data-do="publish"]').click()
        await page.wait_for_url(re.compile("/note/"))
        url = page.url

        guest = await open_page(url, **STILL)
        await expect(guest.locator(".note-title")).to_contain_text("青瓷杯")
        await expect(guest.locator(".slide")).to_have_count(2)
        await expect(guest.locator(".slide-count")).to_have_text("1/2")
        await guest.locator(".slides").focus()
        await guest.keyboard.press("ArrowRight")
        await expect(guest.locator(".slide-count")).to_have_text("2/2")
        note = url.rpartition("/")[2]
        goods = guest.locator('[data-section="goods"] .note-goods')
        await expect(goods).to_contain_text("89")
        to_room = goods.locator("a")
        await expect(to_room).to_have_attribute("href", f"/watch/{room}?from=note%3A{note}")
        await guest.locator('[data-do="like"]').click()
        await expect(guest.locator("dialog")).to_contain_text("登录后可以点赞")
        await guest.keyboard.press("Escape")
        await look(guest, "note")
        head = Head(await (await guest.request.get(url)).text())
        assert head.title.startswith("青瓷杯用了三个月")
        assert re.fullmatch(rf"{server.url}/pictures/p[0-9a-f]+/small", head.properties["og:image"])

        # French has the longest words.
        for path in (f"/note/{note}", f"/write?note={note}"):
            french = {"viewport": SMALLEST, "locale": "fr-FR"} | author
            small = await open_page(server.url + path, **french)
            await expect(small.locator('[data-section="goods"] .note-goods')).to_have_count(1)
            faults.extend(f"{path} fr: {fault}" for fault in await _too_wide_or_small(small))

        reader = await open_page(url, "ann", name="小满", **STILL)
        for what in ("like", "collect"):
            button = reader.locator(f'[data-do="{what}"]')
            await button.click()
            await expect(button).to_have_attribute("aria-pressed", "true")
        await reader.locator('[data-do="say"]').click()
        await reader.locator(".note-box").fill("求链接")
        await reader.locator(".note-form button").click()
        await expect(reader.locator(".note-comment").first).to_contain_text("求链接")
        await expect(reader.locator(".note-answer")).to_contain_text("马克杯")
        await reader.reload()
        await expect(reader.locator('[data-do="like"]')).to_have_attribute("aria-pressed", "true")
        await expect(reader.locator(".note-comment").first).to_contain_text("求链接")

        faults += [f"reader: {fault}" for fault in await _faults(reader)]
        await reader.locator('[data-do="report"]').click()
        await expect(reader.locator("dialog")).to_contain_text("举报")
        faults += [f"report: {fault}" for fault in await _faults(reader)]
        await reader.keyboard.press("Escape")
        await reader.locator('[data-do="remove-comment"]').click()
        await reader.locator("dialog .primary").click()
        await expect(reader.locator(".note-comment")).to_have_count(0)

        await page.locator('[data-do="remove"]').click()
        await page.locator("dialog .primary").click()
        await page.wait_for_url(f"{server.url}/")
        await guest.reload()
        await expect(guest.locator(".empty")).to_contain_text("不在了")
    assert not faults, "\n".join(faults)


async def test_what_is_wrong_with_a_picture_is_said_and_can_be_mended(
    server: Server, open_page: OpenPage
) -> None:
    page = await open_page(f"{server.url}/write", "ann", name="小满", **STILL)
    files = page.locator("input[type=file]")
    await files.set_input_files([{"name": "list.txt", "mimeType": "text/plain", "buffer": b"milk"}])
    await expect(page.locator(".write-part .form-error")).to_contain_text("list.txt")
    svg = {"name": "a.png", "mimeType": "image/png", "buffer": b"<svg><script/></svg>"}
    await files.set_input_files([FilePayload(**svg)])  # type: ignore[typeddict-item]
    await expect(page.locator('.write-picture[data-state="failed"]')).to_have_count(1)
    await expect(page.locator(".write-part .form-error")).to_contain_text("JPEG")
    await page.locator('[name="title"]').fill("x")
    await page.locator('[data-do="publish"]').click()
    await expect(page.locator(".write > .form-error")).to_contain_text("重试或移除")
    await page.locator('[data-do="take-out"]').click()
    await files.set_input_files([photo(f"{n}.jpg", 40, 40) for n in range(20)])
    await expect(page.locator('.write-picture[data-state="sent"]')).to_have_count(18)
    await expect(page.locator('[data-do="add-pictures"]')).to_have_count(0)
