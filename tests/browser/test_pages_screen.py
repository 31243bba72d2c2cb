"""The viewer's screen: the face is not covered, comments are answered and pinned, links shared."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.scene import evening
from tests.browser.shop import MUG, SOFA, Server, at_rest, joined, open_shop, toasted, until
from tests.browser.test_pages_looks import _faults

SIZES = {360: 640, 390: 844, 768: 1024, 1280: 800}
KEYBOARD = {360: 360, 390: 508}
"""How high a phone's page is while its keyboard is there."""
# The middle half of the width, from a quarter of the height to the half: there is the face.
COVERED = """() => {
    const { left, top, width, height } =
        document.querySelector('.theatre').getBoundingClientRect();
    const found = new Set();
    for (let i = 0; i <= 12; i += 1) for (let j = 0; j <= 12; j += 1) {
        const x = left + width * (1 / 4 + i / 24);
        const y = top + height * (1 / 4 + j / 48) + (j < 6) - (j > 6);
        const at = document.elementFromPoint(x, y);
        if (!at?.closest('.stage, .shade') && !at?.matches('.theatre'))
            found.add(at?.outerHTML.slice(0, 90));
    }
    return [...found];
}"""
# All that there are, as while a picture plays in a browser that has picture-in-picture.
SHOW_CONTROLS = """() => {
    const controls = document.querySelector('.player-controls').cloneNode(true);
    for (const part of [controls, ...controls.children]) part.hidden = false;
    document.querySelector('.stage-controls').replaceChildren(controls);
}"""
TALK_PART = """() => document.querySelector('.talk').getBoundingClientRect().height
    / document.querySelector('.theatre').getBoundingClientRect().height"""
# Nothing that is said over the picture lies on something else that is.
OVERLAPPING = """() => {
    const names = ['.top', '.strips', '.stage-controls', '.talk', '.pinned', '.bar'];
    const boxes = names.map((name) => [name, document.querySelector(name).getBoundingClientRect()])
        .filter(([, box]) => box.height);
    return boxes.flatMap(([name, box], n) => boxes.slice(n + 1)
        .filter(([, other]) => box.bottom > other.top + 1 && other.bottom > box.top + 1)
        .map(([other]) => `${name} and ${other}`));
}"""


async def _wrong(page: Page, state: str) -> list[str]:
    await at_rest(page)
    found = [f"{state} covers the face: {html}" for html in await page.evaluate(COVERED)]
    found += [f"{state}: {pair} overlap" for pair in await page.evaluate(OVERLAPPING)]
    part = await page.evaluate(TALK_PART)
    return found + ([] if part <= 0.351 else [f"{state}: comments have {part:.0%} of the height"])


@pytest.mark.parametrize("width", SIZES)
async def test_whatever_is_open_the_face_stays_free_and_the_talk_has_a_third_of_the_height(
    server: Server, open_page: OpenPage, images: Path, width: int
) -> None:
    viewport = {"width": width, "height": SIZES[width]}
    wrong: list[str] = []

    async def look(page: Page, state: str) -> None:
        wrong.extend(await _wrong(page, f"{width} px, {state}"))
        await page.screenshot(path=images / f"screen-{state.replace(' ', '-')}-{width}.png")

    async with evening(server, f"evening-screen-{width}") as shop:
        # Somebody who follows nobody: a start elsewhere would be told in front of the picture.
        user = f"xiaoman-{width}"
        page = await joined(
            await open_page(
                shop.watch, user, name="小满", viewport=viewport, reduced_motion="reduce"
            )
        )
        await expect(page.locator(".spot-card")).to_be_visible()
        await expect(page.locator(".pinned-card .buy")).to_be_visible()
        await look(page, "sale and poll open")
        await page.get_by_role("button", name="关闭").first.click()
        said = await shop.host.comment("今晚下单的都是 48 小时内发货，退换运费我们出，放心买")
        await shop.host.comment_pin(said)
        await expect(page.locator(".pinned-comment")).to_be_visible()
        await look(page, "comment pinned")
        await page.get_by_label("评论", exact=True).fill("求链接 4 号")
        await page.keyboard.press("Enter")
        await expect(page.locator(".private-card")).to_be_visible()
        await look(page, "answer open")
        await page.locator(".private-close").click()
        await page.locator(".said", has_text="实物更好看").click()
        await page.locator('[data-do="answer"]').click()
        await expect(page.locator(".answering-now")).to_contain_text("@阿布")
        await expect(page.locator(".say")).to_be_focused()
        if width in KEYBOARD:
            await page.set_viewport_size({"width": width, "height": KEYBOARD[width]})
        await look(page, "answering")
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        await shop.host.unpin()
        await expect(page.locator(".pinned-card")).to_have_count(0)
        await shop.host.pin("oil")
        await expect(page.locator(".pinned-card")).to_contain_text("橄榄油")
        assert await page.locator(".pinned-card").evaluate("e => e.offsetHeight") < 80
        await look(page, "no sale")
        await shop.host.request("room.change", stream_url=f"{server.url}/no-such-stream.mp4")
        await page.locator(".player-controls").wait_for(state="attached")
        await page.evaluate(SHOW_CONTROLS)
        await look(page, "picture")
    assert not wrong, "\n".join(wrong)


async def test_a_comment_is_answered_with_its_authors_name_and_the_author_is_told(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        asker = await joined(await open_page(shop.watch, "asker", name="七七"))
        other = await joined(await open_page(shop.watch, "other", name="木木"))
        console = await joined(await open_console(shop))
        await asker.get_by_label("评论", exact=True).fill("釉面耐磨吗")
        await asker.keyboard.press("Enter")
        await expect(other.locator(".said")).to_have_text("釉面耐磨吗")

        # By the keyboard alone: into the talk, up to the comment, Enter.
        await other.locator(".comments-view").focus()
        await other.keyboard.press("ArrowUp")
        await other.keyboard.press("Enter")
        await other.locator('[data-do="answer"]').click()
        await expect(other.locator(".say")).to_be_focused()
        await other.keyboard.type("用了两年没花")
        await other.keyboard.press("Enter")

        answer = asker.locator(".comment", has_text="用了两年没花")
        await expect(answer.locator(".reply-to")).to_have_text("@七七")
        await expect(answer).to_have_class("comment dear")
        await expect(asker.locator('[role="status"]').first).to_contain_text("木木 回复你")
        assert await other.locator(".comment.dear", has_text="釉面").count() == 0

        row = console.locator("li.comment", has_text="用了两年没花")
        await row.hover()
        await row.get_by_role("button", name="置顶这条评论").click()
        for page in (asker, other):
            await expect(page.locator(".pinned-comment")).to_have_text("木木用了两年没花")
        await asker.locator(".pinned-comment").click()
        await expect(asker.locator(".pinned-comment")).to_have_attribute("aria-expanded", "true")
        await console.locator(".toast").get_by_role("button", name="取消置顶").click()
        await expect(asker.locator(".pinned-comment")).to_be_hidden()

        await shop.host.comment_remove(await asker.evaluate("liveroom.state.room.comments[0].id"))
        refused: dict[str, Any] = await asker.evaluate(
            "liveroom.comment('?', { replyTo: 'c-gone' }).catch(({ code }) => ({ code }))"
        )
        assert refused["code"] == "not_found"


async def test_a_room_is_shared_by_the_systems_sheet_or_by_a_link_and_a_code(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    system = "navigator.share = async (what) => { globalThis.shared = what; };"
    async with open_shop(server, room, SOFA, title="周五沙发") as shop:
        with_sheet = await joined(await open_page(shop.watch, "ann", script=system))
        await with_sheet.get_by_role("button", name="更多").click()
        await with_sheet.locator('[data-do="share"]').click()
        await until(with_sheet, "globalThis.shared !== undefined")
        shared = await with_sheet.evaluate("shared")
        assert shared["url"] == f"{shop.watch}?from=share%3Aann"
        assert "周五沙发" in shared["title"]

        page = await joined(
            await open_page(
                shop.watch,
                script="delete Navigator.prototype.share;",
                permissions=["clipboard-read", "clipboard-write"],
                reduced_motion="reduce",
            )
        )
        await page.get_by_role("button", name="更多").click()
        await page.locator('[data-do="share"]').click()
        await expect(page.locator(".qr")).to_be_visible()
        faults = await _faults(page)
        await page.screenshot(path=images / "sheet-share.png")
        await page.locator('[data-do="copy"]').click()
        await toasted(page, "链接已复制")
        assert await page.evaluate("navigator.clipboard.readText()") == f"{shop.watch}?from=share"
        assert not faults, "\n".join(faults)


async def test_a_price_of_nothing_says_free(server: Server, room: str, open_page: OpenPage) -> None:
    async with open_shop(server, room, MUG | {"price": 0}) as shop:
        await shop.host.pin("mug")
        page = await joined(await open_page(shop.watch, "ann", locale="en-GB"))
        await expect(page.locator(".pinned-card .price")).to_have_text("Free")
        await shop.host.sale_open("mug", 0, 5, per_user=1, hold_s=600)
        await page.locator(".pinned-card .buy").click()
        await page.get_by_role("button", name="Take it, free").click()
        await expect(page.locator(".buy-flow")).to_contain_text("Paid")
