"""A network that dies is told of after three seconds, or at once, and so is its return.

The server is frozen (SIGSTOP): it answers nothing, and nothing is closed. The browser's clock is
moved by hand.
"""

import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage
from tests.browser.shop import HOST, HOST_NAME, MUG, Server, Shop, joined, open_shop, toasted, until

SILENT, OFFLINE, UNKNOWN = "网络没有反应", "没有网络", "还没收到结果，正在确认…"
BACK = "已重新连接"


class Frozen(Server):
    """A server that can be made to answer nothing for a while."""

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frozen]:
    running = Frozen(tmp_path_factory.mktemp("frozen") / "data")
    running.start()
    yield running
    running.thaw()
    running.stop()


@pytest.fixture
async def shop(own: Frozen) -> AsyncIterator[Shop]:
    async with open_shop(own, f"r-{secrets.token_hex(4)}", MUG) as shop:
        yield shop
        own.thaw()


async def still(page: Page) -> Page:
    """Hold the page's clock; from now on only `page.clock.run_for` moves it."""
    await page.clock.install()
    await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))
    return page


async def opened(open_page: OpenPage, shop: Shop, name: str) -> Page:
    """A page whose clock stands from the start, with all that it reads at first."""
    path, user, role = {
        "home": ("/", "ann", Role.VIEWER),
        "ops": ("/ops", "ops", Role.ADMIN),
        "watch": (f"/watch/{shop.room}", "ann", Role.VIEWER),
        "host": (f"/host/{shop.room}", HOST, Role.HOST),
        "login": ("/login", None, Role.VIEWER),
    }[name]
    page: Page = await open_page("about:blank")
    page = await open_page(shop.server.url + path, user, role, HOST_NAME)
    if name in ("watch", "host"):
        await joined(page)
    await until(page, "document.querySelector('main') !== null")
    return page


def banner(page: Page) -> str:
    return page.locator(".banner")


async def run(page: Page, ms: int) -> None:
    """Let the page's time go by in steps, so that what a timer begins can go on."""
    for _ in range(ms // 250):
        await page.clock.run_for(250)
