"""A network that dies is told of after three seconds, or at once, and so is its return.

The server is frozen (SIGSTOP): it answers nothing, and nothing is closed. The browser's clock is
moved by hand.
"""

import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
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


@pytest_asyncio.fixture(loop_scope="session")
async def shop(own: Frozen) -> AsyncIterator[Shop]:
    async with open_shop(own, f"r-{secrets.token_hex(4)}", MUG) as shop:
        yield shop
        own.thaw()


PLACES: dict[str, tuple[str, str | None, Role]] = {
    "home": ("/", "ann", Role.VIEWER),
    "ops": ("/ops", "ops", Role.ADMIN),
    "watch": ("/watch/{room}", "ann", Role.VIEWER),
    "host": ("/host/{room}", HOST, Role.HOST),
    "login": ("/login", None, Role.VIEWER),
    "me": ("/me", "ann", Role.VIEWER),
}
READS = ["home", "ops", "watch", "host"]
"""The pages that read by themselves; on /login nothing is on its way that could be late."""


COUNT_REQUESTS = """
    globalThis.asked = 0;
    const fetchIt = globalThis.fetch;
    globalThis.fetch = (...args) => {
        asked += 1;
        return fetchIt(...args).finally(() => { asked -= 1; });
    };
"""
PAUSE_AHEAD_MS = 5000
"""How far a page's clock jumps when it is paused: a busy machine must get there before it."""


async def opened(open_page: OpenPage, shop: Shop, name: str) -> Page:
    """A page that waits for no answer, on a clock that only `pass_ms` moves from now on."""
    path, user, role = PLACES[name]
    url = shop.server.url + path.format(room=shop.room)
    page: Page = await open_page(url, user, role, HOST_NAME, COUNT_REQUESTS)
    await page.clock.install()
    await page.reload()
    if name in ("watch", "host"):
        await joined(page)
    await until(page, "document.querySelector('main') !== null")
    now_ms = await page.evaluate("Date.now()")
    await page.clock.pause_at((now_ms + PAUSE_AHEAD_MS) / 1000)  # Playwright takes seconds
    await until(page, "asked === 0")
    return page


async def pass_ms(page: Page, ms: int) -> None:
    """Let time go by in steps: what a timer begins may set the next one."""
    for _ in range(ms // 250):
        await page.clock.run_for(250)


@pytest.mark.parametrize("name", READS)
async def test_silence_is_told_after_three_seconds_and_so_is_its_end(
    own: Frozen, shop: Shop, open_page: OpenPage, name: str
) -> None:
    page = await opened(open_page, shop, name)
    line = page.locator(".banner")
    hears = name in ("watch", "host")
    if hears:  # on a busy machine what came last is a while ago
        await shop.host.notice("Still here")
        await until(page, "liveroom.state.room.notice === 'Still here'")
    own.freeze()
    await pass_ms(page, 2000)
    await expect(line).to_have_count(0)
    # Where nothing comes unasked, a page notices when it next reads: every five seconds at most.
    await pass_ms(page, 2000 if hears else 8500)
    await expect(line).to_contain_text(SILENT)
    if hears:
        assert await page.evaluate("liveroom.status") == "joined"

    own.thaw()
    await toasted(page, BACK)
    await expect(line).to_have_count(0)


@pytest.mark.parametrize("name", PLACES)
async def test_going_offline_and_coming_back_is_told_at_once(
    shop: Shop, open_page: OpenPage, name: str
) -> None:
    page = await opened(open_page, shop, name)
    await page.context.set_offline(True)
    await expect(page.locator(".banner")).to_contain_text(OFFLINE)
    await page.context.set_offline(False)
    await toasted(page, BACK)
    await expect(page.locator(".banner")).to_have_count(0)


async def test_the_line_stands_in_front_of_an_open_sheet(shop: Shop, open_page: OpenPage) -> None:
    page = await opened(open_page, shop, "watch")
    await page.locator(".shelf-button").click()
    await page.context.set_offline(True)
    await expect(page.locator("dialog .banner")).to_contain_text(OFFLINE)
    await page.context.set_offline(False)


async def test_a_quiet_room_is_not_called_silent(shop: Shop, open_page: OpenPage) -> None:
    page = await opened(open_page, shop, "watch")
    for _ in range(60):
        await page.clock.run_for(500)
        await until(page, "liveroom.status === 'joined'")
    assert not any(SILENT in toast for toast in await page.evaluate("toasts"))
    await expect(page.locator(".banner")).to_have_count(0)


async def test_a_room_that_stays_silent_is_joined_anew(
    own: Frozen, shop: Shop, open_page: OpenPage
) -> None:
    page = await opened(open_page, shop, "watch")
    own.freeze()
    await pass_ms(page, 16_000)
    await expect(page.locator(".banner")).to_contain_text("正在重连")
    own.thaw()
    await page.clock.resume()
    await toasted(page, BACK)
    await joined(page)


async def test_a_buy_without_an_answer_is_called_unknown_until_its_one_answer_comes(
    own: Frozen, shop: Shop, open_page: OpenPage
) -> None:
    await shop.host.pin("mug")
    await shop.host.sale_open("mug", 5900, stock=5, per_user=5, hold_s=600)
    page = await opened(open_page, shop, "watch")
    await page.clock.run_for(500)
    own.freeze()
    await page.locator(".pinned-card .buy").click()
    sheet = page.locator(".buy-flow")
    await expect(sheet).to_contain_text("正在锁定…")
    await pass_ms(page, 3500)
    await expect(sheet).to_contain_text(UNKNOWN)
    await pass_ms(page, 130_000)  # past every bound of the library: it is asked again and again
    await expect(sheet).to_contain_text(UNKNOWN)

    own.thaw()
    await page.clock.resume()
    await expect(sheet).to_contain_text("抢到了！")
    await joined(page)
    assert await page.evaluate("liveroom.state.orders.map(({ lines }) => lines[0].qty)") == [1]


async def test_a_payment_without_an_answer_is_unknown_and_then_found_paid(
    own: Frozen, shop: Shop, open_page: OpenPage
) -> None:
    await shop.host.pin("mug")
    await shop.host.sale_open("mug", 5900, stock=5, per_user=5, hold_s=3600)
    page = await opened(open_page, shop, "watch")
    await page.clock.run_for(500)
    await page.locator(".pinned-card .buy").click()
    await expect(page.locator(".buy-flow")).to_contain_text("抢到了！")
    own.freeze()
    await page.locator("[data-do=pay]").click()
    await pass_ms(page, 20_000)
    await toasted(page, UNKNOWN)

    own.thaw()
    await page.clock.resume()
    await expect(page.locator(".buy-flow")).to_have_attribute("data-status", "paid")


@pytest.mark.parametrize("name", ["watch", "host"])
async def test_no_command_without_an_answer_is_called_failed(
    own: Frozen, shop: Shop, open_page: OpenPage, name: str
) -> None:
    page = await opened(open_page, shop, name)
    own.freeze()
    if name == "watch":
        await page.locator(".follow").click()
    else:
        await page.keyboard.press("1")
    await pass_ms(page, 20_000)
    await toasted(page, UNKNOWN)
    # A machine that stalls may have cut the connection before the server froze.
    assert len([said for said in await page.evaluate("toasts") if said != BACK]) == 1


async def test_a_command_that_could_not_be_sent_is_called_so(
    own: Frozen, shop: Shop, open_page: OpenPage
) -> None:
    page = await opened(open_page, shop, "watch")
    own.freeze()
    await pass_ms(page, 16_000)
    await page.locator(".say").fill("hello")
    await page.keyboard.press("Enter")
    await toasted(page, "网络断开，稍后再试")
    await expect(page.locator(".say")).to_have_value("hello")


async def test_a_change_by_rest_without_an_answer_is_unknown_too(
    shop: Shop, open_page: OpenPage
) -> None:
    page = await opened(open_page, shop, "login")
    await page.locator("#token-field").fill("some token")
    await page.context.set_offline(True)
    await page.keyboard.press("Enter")
    await expect(page.locator(".form-error")).to_contain_text(UNKNOWN)
    await page.context.set_offline(False)
