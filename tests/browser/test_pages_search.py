"""The search on the home page, with fingers, keys, eyes and ears of all kinds."""

import asyncio
import json
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage
from tests.browser.shop import HOST_NAME, LAMP, MUG, SOFA, Server, joined, open_shop
from tests.browser.test_pages_looks import LANGUAGES, _faults

TROUSERS = {
    "sku": "wide-leg", "title": "高腰垂感阔腿裤 显瘦显高", "price": 12900, "currency": "CNY",
    "points": ["梨形身材友好", "胯宽腿粗也能穿"], "flaws": ["偏长，小个子要改裤脚"],
}  # fmt: skip


async def copied(server: Server, query: str) -> None:
    """Wait until the records have what the query finds; they lag the rooms by a moment."""

    def find() -> list[object]:
        with urlopen(f"{server.url}/v1/search?q={query}") as answer:
            found: list[object] = json.load(answer)["results"]
            return found

    while not await asyncio.to_thread(find):
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_a_long_query_leads_to_the_product_and_says_that_a_search_did(
    server: Server, room: str, open_page: OpenPage, images: Path, size: str
) -> None:
    faults: list[str] = []
    async with open_shop(server, room, TROUSERS, MUG, SOFA, LAMP, title="秋季女装上新"):
        await copied(server, "wide-leg")
        for locale in LANGUAGES:
            page = await open_page(
                server.url, viewport=PHONE if size == "phone" else DESKTOP, locale=locale,
                reduced_motion="reduce",
            )  # fmt: skip
            await expect(page.locator(".room").first).to_be_visible()
            await page.locator("#search-box").fill("梨形身材适合的阔腿裤")
            first = page.locator(".result").first
            await expect(first.locator(".result-title")).to_have_text(TROUSERS["title"])
            await expect(first.locator("mark").first).to_be_visible()
            await expect(page.locator(".rooms").first).to_be_hidden()
            if locale == LANGUAGES[0]:
                await page.screenshot(path=images / f"search-{size}.png")
            faults += [f"{size} {locale}: {fault}" for fault in await _faults(page)]
        assert not faults, "\n".join(faults)
        await first.click()
        await page.wait_for_url(f"**/watch/{room}?from=search*")
        await joined(page)
        source = await page.evaluate(
            "import(document.querySelector('script[type=module]').src.replace('watch.js', "
            "'watch/address.js')).then((address) => address.source())"
        )
        assert (source["kind"], len(source["id"])) == ("search", 24)  # the mark of the search


async def test_keys_alone_search_choose_a_kind_and_open_what_was_found(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, TROUSERS, title="键盘专场"):
        await copied(server, HOST_NAME.split(" ", maxsplit=1)[0].replace("主理人", "Ana"))
        page = await open_page(server.url, viewport=DESKTOP)
        await page.locator("#search-box").focus()
        await page.keyboard.type("Ana")
        await page.keyboard.press("Enter")
        await expect(page.locator(".result[data-kind=host]").first).to_be_visible()
        await page.locator(".chip input[value=host]").focus()
        await page.keyboard.press("Space")
        await expect(page.locator(".result:not([data-kind=host])")).to_have_count(0)
        await page.keyboard.press("Tab")
        await expect(page.locator(".result").first).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/watch/*?from=search*")


async def test_the_address_keeps_the_query_and_an_empty_box_brings_the_rooms_back(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, TROUSERS, title="地址专场"):
        await copied(server, "wide-leg")
        page = await open_page(f"{server.url}/?q=wide-leg")
        await expect(page.locator(".result").first).to_be_visible()
        await page.locator("#search-box").fill("没有这种东西xyzzy")
        await expect(page.locator(".search-status")).to_have_text("没有找到，换个说法试试")
        await expect(page.locator(".result")).to_have_count(0)
        await page.locator("#search-box").fill("")
        await expect(page.locator(".room").first).to_be_visible()
        assert "q=" not in page.url
