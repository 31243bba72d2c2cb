"""Errors in a browser reach the operator: the type and the place, and nothing else."""

import json
from typing import Any

from playwright.async_api import Page, Route, expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage, Problems
from tests.browser.shop import MUG, Server, joined, open_shop, until

KEEP_BEACONS = """
    globalThis.beacons = [];
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, body) => {
        body.text().then((text) => beacons.push(text));
        return send(url, body);
    };
"""
SECRET = "hush-hush"
FAIL = {
    "error": f"void liveroom.on('change', () => {{ throw new TypeError('{SECRET} of 小满'); }})",
    "rejection": "void liveroom.send('pin', { sku: 'hush-hush' })",
    "policy": "try { document.body.innerHTML = '<b>hush-hush</b>'; } catch { /* forbidden */ }",
}


async def reports(page: Page, kind: str) -> list[dict[str, Any]]:
    """Wait for the page's reports of one kind, and return them."""
    await until(page, "kind => beacons.some((text) => JSON.parse(text).kind === kind)", kind)
    texts: list[str] = await page.evaluate("beacons")
    assert SECRET not in "".join(texts)
    return [found for text in texts if (found := json.loads(text))["kind"] == kind]


async def test_errors_of_a_page_are_told_by_type_and_place_and_shown_on_ops(
    server: Server, room: str, open_page: OpenPage, problems: Problems
) -> None:
    async with open_shop(server, room, MUG) as shop:
        url = f"{shop.watch}?from=note:{SECRET}"
        page = await joined(await open_page(url, "小满", script=KEEP_BEACONS))
        for failure in FAIL.values():
            await page.evaluate(failure)
        await shop.host.pin("mug")

        for kind, name in (("error", "TypeError"), ("rejection", "LiveroomError")):
            (report, *_) = await reports(page, kind)
            assert set(report) == {"page", "kind", "name", "at"}
            assert (report["page"], report["name"]) == ("watch", name)
            assert report["at"][0].startswith("liveroom.js:")
        (violation, *_) = await reports(page, "policy")
        assert violation["name"] == "require-trusted-types-for"

        ops = await open_page(f"{server.url}/ops", "ops", Role.ADMIN)
        shown = ops.locator(".page-errors")
        await expect(shown).to_contain_text("TypeError")
        await expect(shown).to_contain_text("liveroom.js:")
        await expect(shown).not_to_contain_text(SECRET)
    problems.clear()


async def test_the_same_error_again_and_again_is_reported_once(
    server: Server, room: str, open_page: OpenPage, problems: Problems
) -> None:
    async with open_shop(server, room, MUG) as shop:
        page = await joined(await open_page(shop.watch, script=KEEP_BEACONS))
        await page.evaluate(FAIL["error"])
        for sku in ("mug", None) * 5:
            await (shop.host.pin(sku) if sku else shop.host.unpin())
        await until(page, "liveroom.state.room.pin === null")
        assert len(await reports(page, "error")) == 1
    problems.clear()


async def test_a_script_that_does_not_come_is_reported(
    server: Server, open_page: OpenPage, problems: Problems
) -> None:
    page: Page = await open_page(f"{server.url}/login", script=KEEP_BEACONS)

    async def lose(route: Route) -> None:
        await route.abort()

    await page.route("**/ui/prefs.js", lose)
    await page.reload()
    lost = {place for report in await reports(page, "load") for place in report["at"]}
    assert lost & {"ui/prefs.js", "login.js"}
    problems.clear()


async def test_errors_in_scripts_of_others_are_not_ours(
    server: Server, open_page: OpenPage, problems: Problems
) -> None:
    page: Page = await open_page(f"{server.url}/login", script=KEEP_BEACONS)
    await page.evaluate(
        """() => {
            const error = new TypeError('theirs');
            error.stack = 'TypeError: theirs\\n    at f (chrome-extension://abc/content.js:1:2)';
            reportError(error);
            globalThis.liveroomDone = true;
        }"""
    )
    await until(page, "globalThis.liveroomDone")
    assert await page.evaluate("beacons") == []
    problems.clear()
