"""The feed on the first page: rows with their reasons, on and on, less of this, what is seen."""

import json
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import LAMP, MUG, Server, open_shop, toasted, until
from tests.browser.test_pages_looks import LANGUAGES, _faults

SHIFT = """() => new Promise((resolve) => {
  let shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(shift), 200);
})"""
IN_ORDER = """() => {
  const boxes = [...document.querySelectorAll('.feed')].map((feed) =>
    [...feed.children].map((row) => row.firstElementChild.getBoundingClientRect()));
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.every((list) => list.every((box, n) => box.height > 40
    && list.every((other, m) => n === m || !over(box, other))));
}"""


async def publish(server: Server, author: str, count: int) -> None:
    """Notes of as many authors, public for a month."""
    at = int(time.time() * 1000) - 30 * 86_400_000
    records = sqlite3.connect(server.data / "records.sqlite3", timeout=30)
    for n in range(count):
        row: dict[str, Any] = {
            "note": f"{author}-{n}"[-24:], "author": f"{author}-{n}", "author_name": f"作者 {n}",
            "status": "public", "title": f"第 {n} 篇笔记 " + "很长的标题" * (n % 4), "text": "",
            "tags": json.dumps(["裤子"] if n % 2 else []), "goods": "[]", "rooms": "[]",
            "pictures": "[]", "created": at, "published": at,
            "changed": int(time.time() * 1000), "likes": n, "collects": 0, "comments": 0,
        }  # fmt: skip
        names = ", ".join(row)
        holes = ", ".join(f":{name}" for name in row)
        with records:
            records.execute(f"INSERT INTO notes ({names}) VALUES ({holes})", row)
    records.close()


async def rows_of(page: Page, count: int) -> None:
    await expect(page.locator(".feed-row").nth(count - 1)).to_be_attached()


async def test_the_feed_goes_on_says_why_and_shows_less_of_what_one_wants_less_of(
    server: Server, room: str, open_page: OpenPage, images: Path
) -> None:
    loved = f"host-{secrets.token_hex(3)}"
    author = f"a{secrets.token_hex(3)}"
    faults: list[str] = []
    async with (
        open_shop(server, room, MUG, LAMP, title="慢客厅", owner=loved, name="木木") as on,
        on.person("ann") as ann,
    ):
        await ann.follow()
        await publish(server, author, 45)
        page = await open_page(server.url, "ann", reduced_motion="reduce")
        live = page.locator(f'.feed-row[data-by="{loved}"]')
        rows = page.locator(".feed-row")
        while not await live.filter(has_text="你关注了").count() or await rows.count() < 20:
            await page.reload()  # what is new comes within moments; until then a page says so
            answered = page.locator(".feed-row, .feed-status:not(:empty)")
            await expect(answered.first).to_be_attached()
        await expect(live.locator(".feed-why")).to_have_text("你关注了 木木")
        await expect(live.locator("a").first).to_have_attribute("href", f"/watch/{room}?from=feed")

        # It goes on as one scrolls, in order, and nothing jumps.
        await rows_of(page, 20)
        await page.locator(".feed-row").nth(19).scroll_into_view_if_needed()
        await page.mouse.wheel(0, 4000)
        await rows_of(page, 40)
        ids = await page.locator(".feed-row").evaluate_all(
            "rows => rows.map((row) => row.dataset.id)"
        )
        assert len(ids) == len(set(ids))
        assert await page.evaluate(IN_ORDER)
        await page.evaluate("scrollTo(0, 0)")

        # What is seen is told: half of a row, for a second.
        seen = await page.evaluate(
            "() => performance.getEntriesByType('resource')"
            ".some(({ name }) => name.endsWith('/v1/feed/seen'))"
        )
        if not seen:
            async with page.expect_response("**/v1/feed/seen") as told:
                pass
            assert (await told.value).ok

        # Less of this, by keys alone.
        note = page.locator('.feed-row[data-kind="note"]').first
        by = await note.get_attribute("data-by")
        await note.locator("button").focus()
        await page.keyboard.press("Enter")
        sheet = page.locator("dialog.less-sheet")
        await expect(sheet).to_contain_text("为什么推荐给你")
        faults += [f"sheet: {fault}" for fault in await _faults(page)]
        await sheet.locator('[data-less="host"]').focus()
        await page.keyboard.press("Enter")
        await toasted(page, "好的，会少推荐")
        await expect(page.locator(f'.feed-row[data-by="{by}"]')).to_have_count(0)
        await page.goto(f"{server.url}/me")
        wish = page.locator(".me-less li")
        await expect(wish).to_contain_text("主播")
        await wish.get_by_role("button").click()
        await toasted(page, "已撤销")
        await expect(page.locator(".me-less")).to_contain_text("没有少看的内容")

        for name, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
            for locale in LANGUAGES:
                guest = await open_page(
                    server.url, viewport=viewport, locale=locale, reduced_motion="reduce"
                )
                await rows_of(guest, 10)
                assert await guest.evaluate(IN_ORDER)
                assert await guest.evaluate(SHIFT) < 0.1, (name, locale)
                faults += [f"{name} {locale}: {fault}" for fault in await _faults(guest)]
                if locale == LANGUAGES[0]:
                    await guest.screenshot(path=images / f"feed-{name}.png", full_page=True)
        await guest.locator(".feed-row button").first.click()
        await guest.locator("dialog.less-sheet [data-less]").first.click()
        await until(guest, "document.querySelector('dialog form') !== null")  # to sign in
    assert not faults, "\n".join(faults)
