"""Comments on notes that wait or are reported, from the note's page to who judges them."""

import secrets
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from client_sim.rest import Rest
from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import MUG, Server, open_shop, toasted, token
from tests.browser.test_pages_looks import SMALLEST, _faults, _too_wide_or_small

STILL: dict[str, Any] = {"reduced_motion": "reduce"}
BAD = "加我领奖品"


async def _publish(server: Server, author: str, **more: Any) -> str:
    """A public note of a host."""
    body = {"title": "青瓷杯用了三个月", "text": "釉面很润。", "status": "public"} | more
    async with Rest(server.url, token(author, Role.HOST, author)) as rest:
        return str((await rest.write("POST", "notes", body))["note"])


async def _say(page: Page, text: str) -> None:
    await page.locator(".note-box").fill(text)
    await page.locator(".note-form button").click()
    await expect(page.locator(".note-comment", has_text=text)).to_have_count(1)


async def _decide(page: Page, row: str, act: str) -> None:
    """Do something about a row of what waits; it is gone then."""
    shown = page.locator(".note-desk-row", has_text=row)
    await shown.locator(f'[data-do="{act}"]').click()
    await expect(shown).to_have_count(0)


async def test_a_reported_comment_is_taken_away_in_the_queue_and_its_writer_reads_why(
    server: Server, open_page: OpenPage, images: Path
) -> None:
    author = f"host-{secrets.token_hex(3)}"
    url = f"{server.url}/note/{await _publish(server, author)}"
    mallory = await open_page(url, f"mallory-{secrets.token_hex(3)}", name="Mallory", **STILL)
    await _say(mallory, BAD)
    reader = await open_page(url, "ann", name="小满", viewport=PHONE, **STILL)
    comment = reader.locator(".note-comment", has_text=BAD)
    await comment.locator('[data-do="report-comment"]').click()
    await expect(reader.locator("dialog")).to_contain_text(BAD)
    faults = await _faults(reader)
    await reader.locator("label.chip", has_text="欺诈").click()
    await reader.locator('dialog [name="text"]').fill("在骗钱")
    await reader.locator('dialog [type="submit"]').click()
    await toasted(reader, "已收到举报")

    mine = await open_page(f"{server.url}/me", author, Role.HOST, name=author, **STILL)
    row = mine.locator(".note-desk-row", has_text=BAD)
    await expect(row).to_contain_text("在骗钱")
    await mine.screenshot(path=images / "me-note-desk.png")
    faults += await _faults(mine)
    await _decide(mine, BAD, "dismiss")

    ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
    thing = ops.locator(".reports [data-thing]", has_text=BAD)
    await expect(thing.locator('[data-do="look"]')).to_have_attribute(
        "href", url.removeprefix(server.url)
    )
    await thing.locator('[data-do="settle"]').click()
    await ops.locator("label.chip", has_text="撤下").click()
    await ops.locator('dialog [name="reason"]').fill("是广告")
    await ops.locator('dialog [type="submit"]').click()
    await expect(thing).to_have_count(0)

    await reader.reload()
    await expect(reader.locator(".note-title")).to_be_visible()
    await expect(comment).to_have_count(0)
    await mallory.reload()
    fate = mallory.locator(".note-comment", has_text=BAD)
    await expect(fate).to_contain_text("已被平台撤下，只有你能看到: 是广告")
    faults += await _faults(mallory)
    await mallory.goto(f"{server.url}/me")
    await expect(mallory.locator(".me-wrote")).to_contain_text("是广告")
    faults += await _faults(mallory)
    assert not faults, "\n".join(faults)


async def test_what_waits_is_shown_by_the_notes_author_and_the_operator(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    word, author = f"w{secrets.token_hex(4)}", f"host-{secrets.token_hex(3)}"
    async with Rest(server.url, token("ops", Role.ADMIN)) as rest:
        await rest.write("PUT", "words", {"words": [word], "action": "hold", "why": "resellers"})
    url = f"{server.url}/note/{await _publish(server, author)}"
    held = await _publish(server, author, title=f"找 {word}")
    ben = await open_page(url, f"ben-{secrets.token_hex(3)}", name="Ben", **STILL)
    for n in ("一", "二"):
        await _say(ben, f"{word} {n}")
        await expect(ben.locator(".note-fate").first).to_contain_text("审核中")
    await expect(ben.locator(".note-talk h3")).to_contain_text("0")

    async with open_shop(server, room, MUG, owner=author, name=author):
        console = await open_page(
            f"{server.url}/host/{room}", author, Role.HOST, name=author, viewport=DESKTOP, **STILL
        )
        await console.get_by_role("tab", name="管理").click()
        await console.locator('[data-waits="notes"]').click()
        await expect(console.locator(".note-desk-row")).to_have_count(2)
        await console.screenshot(path=images / "host-note-desk.png")
        faults = await _faults(console)
        await _decide(console, f"{word} 一", "show")
        await _decide(console, f"{word} 二", "take_away")

    ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN, viewport=DESKTOP)
    waiting = ops.locator(".held-words [data-held]", has_text=word)
    await expect(waiting).to_have_count(1)
    await waiting.scroll_into_view_if_needed()
    await ops.screenshot(path=images / "ops-held.png")
    faults += await _faults(ops)
    await waiting.locator('[data-do="show"]').click()
    await expect(waiting).to_have_count(0)
    guest = await open_page(f"{server.url}/note/{held}", **STILL)
    await expect(guest.locator(".note-title")).to_contain_text(word)

    await ben.reload()
    await expect(ben.locator(".note-comment", has_text=f"{word} 二")).to_contain_text(
        "已被笔记作者撤下"
    )
    await expect(ben.locator(".note-fate")).to_have_count(1)
    small = {"viewport": SMALLEST, "locale": "fr-FR"} | STILL
    french = await open_page(f"{server.url}/me", author, Role.HOST, name=author, **small)
    await expect(french.locator(".me-account")).to_be_visible()
    faults += await _too_wide_or_small(french)
    assert not faults, "\n".join(faults)
