"""While a dialog is open, toasts, what is said and focus belong to it, on every page."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage
from tests.browser.shop import HOST, HOST_NAME, MUG, SOFA, Server, joined, open_shop, toasted, until

PAGES: dict[str, tuple[str, str | None, Role]] = {
    "home": ("/", None, Role.VIEWER),
    "login": ("/login", None, Role.VIEWER),
    "watch": ("/watch/{room}", "ann", Role.VIEWER),
    "host": ("/host/{room}", HOST, Role.HOST),
    "ops": ("/ops", "ops", Role.ADMIN),
    "me": ("/me", "ann", Role.VIEWER),
}
# A sheet whose body is one big button: whatever misses the toast's button buys.
TOOLS = """async () => {
    const [script] = document.querySelectorAll('script[type=module]');
    const part = (path) => import(new URL(path, script.src));
    const { openSheet, toast } = await part('ui/sheet.js');
    const { say } = await part('ui/front.js');
    globalThis.taps = [];
    globalThis.sheet = (title) => openSheet(title, (leave) => {
        const buy = document.createElement('button');
        buy.textContent = `buy in ${title}`;
        buy.style.height = '100dvh';
        buy.onclick = () => taps.push(title);
        globalThis.leave = { ...globalThis.leave, [title]: leave };
        return buy;
    });
    globalThis.offer = () => toast('An offer', { forMs: 600_000,
        action: { label: 'Undo it', run: () => taps.push('toast') } });
    globalThis.say = say;
}"""
STEPS = {
    "a toast over a sheet": "sheet('one'); offer()",
    "a sheet opened under a toast": "offer(); sheet('one')",
    "a sheet over a sheet": "sheet('one'); offer(); sheet('two')",
    "a sheet closed again": "sheet('one'); sheet('two'); offer(); leave.two()",
    "a toast as the sheet fades": "sheet('one'); sheet('two'); leave.two(); offer()",
    "all sheets closed": "sheet('one'); offer(); leave.one()",
    "the browser closed the sheet": "sheet('one'); sheet('two').close(); offer()",
}


async def opened(server: Server, room: str, open_page: OpenPage, name: str) -> Page:
    path, user, role = PAGES[name]
    page: Page = await open_page(server.url + path.format(room=room), user, role, HOST_NAME)
    if name in ("watch", "host"):
        await joined(page)
    await until(page, "document.body.querySelector('main') !== null")
    await page.evaluate(TOOLS)
    return page


async def heard(page: Page) -> list[str]:
    """The texts of live regions as assistive technology gets them: what is inert is not there."""
    session = await page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def text(node: dict[str, Any]) -> str:
        own = node.get("name", {}).get("value", "") if not node.get("childIds") else ""
        return own + "".join(text(by_id[i]) for i in node.get("childIds", ()) if i in by_id)

    await session.detach()
    regions = [n for n in nodes if n.get("role", {}).get("value") == "status" and not n["ignored"]]
    return [words for words in map(text, regions) if words]


@pytest.mark.parametrize("name", PAGES)
async def test_a_toasts_button_takes_the_tap_and_what_is_said_is_heard_whatever_is_open(
    server: Server, room: str, open_page: OpenPage, name: str
) -> None:
    async with open_shop(server, room, MUG):
        page = await opened(server, room, open_page, name)
        for steps in STEPS.values():
            await page.evaluate(f"taps.length = 0; {steps}; null")
            await until(page, "!document.querySelector('.leaving')")
            button = page.get_by_role("button", name="Undo it")
            await expect(page.locator(".toast")).to_be_visible()
            box = await page.locator(".toast").bounding_box()
            assert box is not None
            await page.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)  # just beside it
            await button.click()
            assert await page.evaluate("taps") == ["toast"], steps
            await page.evaluate("document.querySelectorAll('dialog').forEach((d) => d.close())")
            await expect(page.locator("dialog")).to_have_count(0)
        for n, steps in enumerate(STEPS.values()):
            await page.evaluate(f"{steps}; say('Heard {n}.'); null")
            async with asyncio.timeout(60):
                while not any(f"Heard {n}." in words for words in await heard(page)):
                    # The page itself may have said something else since.
                    await page.evaluate(f"say('Heard {n}.'); null")
            await page.evaluate("document.querySelectorAll('dialog').forEach((d) => d.close())")
            await expect(page.locator("dialog")).to_have_count(0)


async def test_an_offer_is_taken_from_its_toast_while_the_shelf_is_open(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG, SOFA) as shop, shop.person("quick") as quick:
        await shop.host.pin("mug")
        sale = await shop.host.sale_open("mug", 5900, stock=1, per_user=2, hold_s=600)
        order = (await quick.buy(sale["sale"]))["order"]
        viewer = await joined(await open_page(shop.watch, "patient"))
        await viewer.locator(".pinned-card .buy").click()
        await toasted(viewer, "已排队")
        await viewer.locator(".shelf-button").click()
        await quick.cancel(order)

        await viewer.locator(".toast").get_by_role("button", name="我的订单").click()

        await expect(viewer.locator("dialog .orders .order")).to_have_attribute(
            "data-status", "held"
        )
        assert await viewer.evaluate("liveroom.state.orders.length") == 1


async def test_focus_stays_in_the_sheet_when_its_parts_are_drawn_anew(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG, SOFA) as shop:
        viewer = await joined(await open_page(shop.watch, "ann"))
        await viewer.locator(".shelf-button").click()
        await viewer.locator("dialog .shelf-list button").first.focus()
        await shop.host.shelf_remove("mug")
        await expect(viewer.locator("dialog .shelf-list > li")).to_have_count(1)
        await until(viewer, "document.activeElement.matches('dialog h2')")


async def test_focus_goes_back_to_the_sheet_below_though_its_opener_is_gone(
    server: Server, room: str, open_page: OpenPage
) -> None:
    page = await opened(server, room, open_page, "login")
    await page.evaluate("sheet('one').querySelector('.sheet-body button').focus(); sheet('two')")
    await page.evaluate("document.querySelector('dialog .sheet-body button').remove()")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(1)
    await until(page, "document.activeElement.closest('dialog') !== null")


async def test_shortcuts_rest_while_a_sheet_is_open_wherever_focus_is(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        console = await joined(await open_console(shop))
        await console.keyboard.press("?")
        await expect(console.locator("dialog")).to_be_visible()
        await console.evaluate("document.activeElement.blur()")
        await console.keyboard.press("1")
        await console.keyboard.press("Escape")
        await expect(console.locator("dialog")).to_have_count(0)
        await console.keyboard.press("c")
        await until(console, "document.activeElement.matches('.host-say input')")
        assert await console.evaluate("liveroom.state.room.pin") is None
