"""What a page asks for when it is opened: every module at once, each of them once, all packed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage
from tests.browser.shop import HOST, HOST_NAME, MUG, SOFA, Server, joined, open_shop, until

PAGES: dict[str, tuple[str, str | None, Role]] = {
    "home": ("/", None, Role.VIEWER),
    "login": ("/login", None, Role.VIEWER),
    "watch": ("/watch/{room}", None, Role.VIEWER),
    "host": ("/host/{room}", HOST, Role.HOST),
    "ops": ("/ops", "ops", Role.ADMIN),
    "me": ("/me", "ann", Role.VIEWER),
}
# Chromium's "Slow 4G".
SLOW_4G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 180_000,
    "uploadThroughput": 84_375,
}
SEEN = """
    globalThis.seenMs = 0;
    new MutationObserver(() => {
        const there = ['.pinned-card', '.comment'].every((part) => document.querySelector(part));
        if (seenMs || !there) return;
        requestAnimationFrame(() => { globalThis.seenMs ||= performance.now(); });
    }).observe(document, { childList: true, subtree: true });
"""
FILES = """() => performance.getEntriesByType('resource')
    .map(({ name }) => new URL(name).pathname).filter((path) => path.endsWith('.js'))"""
NAMED = """() => [...document.querySelectorAll('script[src], link[rel=modulepreload]')]
    .map((element) => new URL(element.src || element.href).pathname)"""


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_names_every_module_that_the_browser_loads_and_loads_each_once(
    server: Server, room: str, open_page: OpenPage, name: str
) -> None:
    path, user, role = PAGES[name]
    async with open_shop(server, room, MUG):
        url = server.url + path.format(room=room)
        page: Page = await open_page(url, user, role, HOST_NAME)
        await until(page, "document.querySelector('main') !== null")
        loaded: list[str] = await page.evaluate(FILES)

        assert len(loaded) == len(set(loaded))
        assert set(loaded) == set(await page.evaluate(NAMED))


async def test_the_first_view_on_a_slow_network_is_measured_and_its_bytes_are_bounded(
    server: Server, room: str, open_page: OpenPage, record_property: Callable[[str, object], None]
) -> None:
    async with open_shop(server, room, SOFA) as shop:
        await shop.host.pin("sofa")
        await shop.host.comment("hello")
        page: Page = await open_page("about:blank#", script=SEEN)
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", SLOW_4G)
        sizes: list[int] = []
        packed: list[str] = []
        session.on("Network.loadingFinished", lambda e: sizes.append(int(e["encodedDataLength"])))
        page.on(
            "response",
            lambda r: packed.append(
                f"{r.headers.get('content-encoding')} {Path(r.url).suffix or '.html'}"
            ),
        )
        await page.goto(shop.watch)
        await joined(page)
        await until(page, "seenMs > 0")

        seen_s = round(await page.evaluate("seenMs")) / 1000
        record_property(
            "measured",
            f"/watch on a slow 4G: something to see after {seen_s} s, {len(sizes)} requests, "
            f"{sum(sizes):,} bytes",
        )
        assert sum(sizes) < 116_000
        assert "gzip .js" not in packed
        assert packed.count("br .js") > 30
