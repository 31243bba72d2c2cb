"""ui/repeat.js: what pages do again and again rests in hidden tabs and comes later after errors.

The browser's clock is held still and moved by hand.
"""

from playwright.async_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.shop import Server

BEGIN = """async (options) => {
    const [script] = document.querySelectorAll('script[type=module]');
    const { Repeat } = await import(new URL('ui/repeat.js', script.src));
    globalThis.hide = (hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    };
    globalThis.runs = [];
    globalThis.failing = false;
    const began = Date.now();
    globalThis.repeat = new Repeat(1000, () => {
        runs.push(Date.now() - began);
        if (failing) throw new Error('no answer');
    }, options).start({ now: true });
}"""


async def repeating(open_page: OpenPage, server: Server, **options: bool) -> Page:
    """A page in which a Repeat of one second has just begun, at a whole second."""
    page: Page = await open_page(f"{server.url}/login")
    await page.clock.install(time=0)
    await page.clock.pause_at(10)
    await page.evaluate(BEGIN, options)
    return page


async def runs(page: Page, after_ms: int) -> list[int]:
    """When it has run since the start, in ms, once `after_ms` more have passed.

    The clock goes by steps: a run is a promise, and the next timer is set when it is kept.
    """
    for _ in range(after_ms // 500):
        await page.clock.run_for(500)
    return await page.evaluate("runs")  # type: ignore[no-any-return]


async def test_it_runs_at_its_pace_until_it_is_stopped(open_page: OpenPage, server: Server) -> None:
    page = await repeating(open_page, server)
    assert await runs(page, 2000) == [0, 1000, 2000]
    await page.evaluate("repeat.stop()")
    assert await runs(page, 3000) == [0, 1000, 2000]


async def test_a_hidden_tab_rests_and_runs_at_once_when_it_is_seen_again(
    open_page: OpenPage, server: Server
) -> None:
    page = await repeating(open_page, server)
    await page.evaluate("hide(true)")
    assert await runs(page, 5000) == [0]
    await page.evaluate("hide(false)")
    assert await runs(page, 500) == [0, 5000]


async def test_necessary_timers_go_on_in_a_hidden_tab(open_page: OpenPage, server: Server) -> None:
    page = await repeating(open_page, server, hidden=True)
    await page.evaluate("hide(true)")
    assert await runs(page, 2000) == [0, 1000, 2000]


async def test_failures_make_the_next_runs_later_and_a_success_brings_the_pace_back(
    open_page: OpenPage, server: Server
) -> None:
    page = await repeating(open_page, server)
    await page.evaluate("failing = true")
    assert await runs(page, 7000) == [0, 1000, 3000, 7000]
    await page.evaluate("failing = false")
    assert await runs(page, 9000) == [0, 1000, 3000, 7000, 15_000, 16_000]


async def test_aligned_runs_come_on_the_second(open_page: OpenPage, server: Server) -> None:
    page: Page = await open_page(f"{server.url}/login")
    await page.clock.install(time=0)
    await page.clock.pause_at(10.3)
    await page.evaluate(BEGIN, {"aligned": True})
    for step in (700, 1000):
        await page.clock.run_for(step)
    assert await page.evaluate("runs") == [0, 700, 1700]
