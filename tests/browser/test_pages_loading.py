"""What a page asks for when it is opened: every module at once, each of them once, all packed. What
is seen before."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage, in_both
from tests.browser.shop import HOST, HOST_NAME, MUG, SOFA, Server, joined, open_shop, until

PAGES: dict[str, tuple[str, str | None, Role]] = {
    "home": ("/", None, Role.VIEWER),
    "login": ("/login", None, Role.VIEWER),
    "watch": ("/watch/{room}", None, Role.VIEWER),
    "host": ("/host/{room}", HOST, Role.HOST),
    "ops": ("/ops", "ops", Role.ADMIN),
    "me": ("/me", "ann", Role.VIEWER),
    "profile": (f"/h/{HOST}", None, Role.VIEWER),
}
# Chromium's "Slow 4G".
SLOW_4G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 180_000,
    "uploadThroughput": 84_375,
}
# When the shown product and a comment stand in the page, and when they can be used.
SEEN = """
    globalThis.seenMs = 0;
    globalThis.usedMs = 0;
    new MutationObserver(() => requestAnimationFrame(() => {
        const there = (parts) => parts.every((part) => document.querySelector(part));
        if (there(['.pinned-title', '.comment'])) globalThis.seenMs ||= performance.now();
        if (there(['main .pinned-card', 'main .comment'])) globalThis.usedMs ||= performance.now();
    })).observe(document, { childList: true, subtree: true });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
FILES = """() => performance.getEntriesByType('resource')
    .map(({ name }) => new URL(name).pathname).filter((path) => path.endsWith('.js'))"""
NAMED = """() => [...document.querySelectorAll('script[src], link[rel=modulepreload]')]
    .map((element) => new URL(element.src || element.href).pathname)"""


@in_both
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
        await until(page, "usedMs > 0")

        seen = await page.evaluate(f"Math.max(seenMs, {PAINTED}) / 1000")
        used = await page.evaluate("usedMs / 1000")
        record_property(
            "measured",
            f"/watch on a slow 4G: seen after {seen:.2f} s, used after {used:.2f} s, "
            f"{len(sizes)} requests, {sum(sizes):,} bytes",
        )
        assert sum(sizes) < 121_000
        assert "gzip .js" not in packed
        assert packed.count("br .js") > 30


POSTER = """(part) => ['--hue', '--x', '--y'].map((name) =>
    getComputedStyle(document.querySelector(part)).getPropertyValue(name))"""


async def test_the_first_view_waits_for_nothing_but_the_page_and_gives_way_to_the_room(
    server: Server, room: str, open_page: OpenPage
) -> None:
    may_go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_go_on.wait()
        await route.continue_()

    async with open_shop(server, room, SOFA) as shop:
        await shop.host.pin("sofa")
        await shop.host.comment("hello")
        page: Page = await open_page("about:blank#")
        await page.route("**/static/**", hold)
        await page.goto(shop.watch, wait_until="commit")
        for part in (".first-view .said", ".first-view .pinned-title", ".first-view .price"):
            await expect(page.locator(part)).to_be_visible()
        poster = await page.evaluate(POSTER, ".poster")
        assert await page.evaluate(
            "getComputedStyle(document.querySelector('.stage')).position"
        ) == ("absolute")

        may_go_on.set()
        await joined(page)
        assert await page.locator(".first-view").count() == 0
        await expect(page.locator("main .pinned-card")).to_be_visible()
        assert await page.evaluate(POSTER, ".poster") == poster
        await page.get_by_label("评论", exact=True).click()  # it can be used
