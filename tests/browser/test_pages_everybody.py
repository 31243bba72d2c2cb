"""The pages for hands, eyes and languages of all kinds: small phones, contrast themes, names in
scripts from right to left, and an owner offered to who comes as a stranger."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from server.protocol.roles import Role
from tests.browser.conftest import DESKTOP, OpenPage
from tests.browser.scene import evening
from tests.browser.shop import HOST, HOST_NAME, MUG, Server, joined, open_shop, until
from tests.browser.test_pages_looks import LANGUAGES, PAGES, SMALLEST, _settled, _too_wide_or_small

OTHER_LANGUAGE = pytest.mark.torture("a walk through all pages and sheets more")
# Words that people write, each with a mark at its end that a wrong direction would move.
NAME, TITLE, SAID, PRODUCT = "ليلى (٧)", "عطور الليل!", "כמה עולה?", "عطر ٥٠ مل!"
OUT_OF_PLACE = """(known) => {
    const rtl = /[\\u0590-\\u08ff]/, found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.data.replace(/\\u2068[^\\u2069]*\\u2069/g, '');
        const box = node.parentElement;
        if (!rtl.test(text) || box.closest('.only-aloud')) continue;
        const style = getComputedStyle(box);
        const apart = /isolate|plaintext/.test(style.unicodeBidi) && style.direction === 'rtl'
            && box.childNodes.length === 1;
        const whole = known.some((each) => each.startsWith(text.trim())); // or its first letters
        if (!apart || !whole) found.push(box.outerHTML.slice(0, 200));
    }
    return found;
}"""
SEEN = "(known) => known.filter((text) => document.body.textContent.includes(text))"


async def out_of_place(page: Page, *known: str) -> list[str]:
    """The places that show one of these without keeping it from its neighbours."""
    seen = await page.evaluate(SEEN, known)
    assert seen, f"{page.url} shows none of {known}"
    found: list[str] = await page.evaluate(OUT_OF_PLACE, known)
    return [f"{page.url}: {html}" for html in found]


async def test_words_from_right_to_left_do_not_reorder_their_neighbours(
    server: Server, room: str, open_page: OpenPage
) -> None:
    known: tuple[str, ...] = (NAME, TITLE, SAID, PRODUCT)
    host = {"user": "layla", "role": Role.HOST, "name": NAME}
    goods = MUG | {"title": PRODUCT, "points": [SAID, PRODUCT], "flaws": [SAID]}
    faults: list[str] = []

    async def look(page: Page) -> None:
        faults.extend(await out_of_place(page, *known))

    async with (
        open_shop(server, room, goods, title=TITLE, owner="layla", name=NAME) as shop,
        shop.person("bo", "ברוך 3") as bo,
    ):
        known = (*known, "ברוך 3")
        await shop.host.notice(SAID)
        await shop.host.pin("mug")
        sale = await shop.host.sale_open("mug", 5900, 9, per_user=3, hold_s=600)
        await shop.host.coupon_open(TITLE, 100, amount=2000, floor=5000)
        await shop.host.poll_open(SAID, [PRODUCT, TITLE])
        await bo.pay((await bo.buy(sale["sale"], 1))["order"])
        await bo.comment(SAID)
        await bo.ask("mug", SAID)
        viewer = await joined(await open_page(shop.watch, "sam", name=NAME))
        await expect(viewer.locator(".comment").first).to_be_visible()
        await look(viewer)
        for button in (".shelf-button", ".pinned-main", ".coupon-chip", ".host-open"):
            await viewer.locator(button).click()
            await expect(viewer.locator("dialog")).to_be_visible()
            await look(viewer)
            await viewer.keyboard.press("Escape")
            await expect(viewer.locator("dialog")).to_have_count(0)
        await viewer.locator(".follow").click()
        await until(viewer, "liveroom.state.mine.following")
        await viewer.locator(".follow").click()  # "Unfollow NAME?"
        await expect(viewer.locator("dialog")).to_be_visible()
        await look(viewer)
        await viewer.keyboard.press("Escape")
        await viewer.locator(".pinned-card .buy").click()
        await expect(viewer.locator(".buy-flow .ring")).to_be_visible()
        await look(viewer)
        console = await joined(await open_page(shop.console, **host, viewport=DESKTOP))
        await expect(console.locator(".host-order").first).to_be_visible()
        await look(console)
        for tab in ("互动", "分析", "管理"):
            await console.get_by_role("tab", name=tab).click()
            await look(console)
        await console.keyboard.press("s")
        await expect(console.locator("dialog")).to_be_visible()
        await look(console)
        home = await open_page(f"{server.url}/", **host)
        await expect(home.locator(".room").first).to_be_visible()
        await look(home)
        await home.locator(".account").click()
        await expect(home.locator("dialog")).to_be_visible()
        await look(home)
    assert not faults, "\n".join(faults)


async def test_a_field_takes_the_direction_of_what_is_written(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        page = await joined(await open_page(shop.watch, "sam"))
        field = page.get_by_label("评论", exact=True)
        await field.fill(SAID)
        assert await field.evaluate("(e) => getComputedStyle(e).direction") == "rtl"
        await field.fill("how much?")
        assert await field.evaluate("(e) => getComputedStyle(e).direction") == "ltr"


@pytest.mark.parametrize(
    "locale",
    [
        # Its words are the longest; test_pages_looks.py sees the others' pages at this size.
        each if each == "fr-FR" else pytest.param(each, marks=OTHER_LANGUAGE)
        for each in LANGUAGES
    ],
)
async def test_every_page_fits_a_small_phone_and_a_finger_in_every_language(
    server: Server, room: str, open_page: OpenPage, locale: str
) -> None:
    faults: list[str] = []

    async def look(page: Page, where: str) -> None:
        faults.extend(f"{where}: {fault}" for fault in await _too_wide_or_small(page))

    async with evening(server, room):
        for name, page_of in PAGES.items():
            who: dict[str, Any] = dict(page_of)
            url = server.url + who.pop("path").format(room=room)
            page = await open_page(url, **who, viewport=SMALLEST, locale=locale)
            await _settled(page, name)
            await look(page, name)
            if name == "watch":
                for button in (".shelf-button", ".pinned-main", ".coupon-chip", ".orders-button"):
                    await page.locator(button).click()
                    await expect(page.locator("dialog")).to_be_visible()
                    await look(page, f"watch {button}")
                    await page.keyboard.press("Escape")
                    await expect(page.locator("dialog")).to_have_count(0)
            if name == "host":
                for tab in ("talk", "numbers"):
                    await page.locator(f'[data-tab="{tab}"].tab').click()
                    await look(page, f"host {tab}")
                for view in await page.get_by_role("tab").all():
                    await view.click()
                    await look(page, f"host {await view.inner_text()}")
    assert not faults, "\n".join(faults)


async def test_what_is_chosen_shows_with_forced_colours_too(
    server: Server, room: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{server.url}/login", forced_colors="active", locale="en-GB")
    chosen, other = (
        page.locator(".chip", has_text=name).locator("span") for name in ("System", "Dark")
    )
    background = "(e) => getComputedStyle(e).backgroundColor"
    assert await chosen.evaluate(background) != await other.evaluate(background)


async def test_a_stranger_at_a_console_is_offered_to_go_on_as_its_owner(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        page = await open_page(shop.console, "other", Role.HOST, "Other", locale="en-GB")
        await expect(page.locator("[data-belongs]")).to_have_text(
            f"This room belongs to {HOST_NAME}."
        )
        await page.get_by_role("button", name=f"Continue as {HOST_NAME}").click()
        await joined(page)
        assert await page.evaluate("[liveroom.state.you.user, liveroom.state.you.role]") == [
            HOST,
            "host",
        ]
        assert await page.evaluate("liveroom.state.you.name") == HOST_NAME


async def test_a_user_who_signs_in_on_the_way_to_a_console_is_offered_its_owner(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        page = await open_page(f"{server.url}/login?next=/host/{room}", locale="en-GB")
        await page.get_by_role("button", name=f"Continue as {HOST_NAME}").click()
        await page.wait_for_url(shop.console)
        await joined(page)


async def test_a_scheduled_room_tells_how_many_reserved_and_a_live_one_how_many_watch(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with (
        open_shop(server, room, live=False) as shop,
        open_shop(server, f"{room}-on") as on,
        shop.person("ann") as ann,
        on.person("ben"),
    ):
        await ann.reserve()
        page = await open_page(f"{server.url}/", locale="en-GB")
        await expect(page.locator(f'.room:has([href="/watch/{room}"])')).to_contain_text(
            "1 reserved"
        )
        await expect(page.locator(f'.room:has([href="/watch/{room}-on"])')).to_contain_text(
            "watching"
        )


async def test_the_chip_of_a_coupon_tells_the_least_order_it_is_for(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop:
        await shop.host.coupon_open("新人券", 100, amount=2000, floor=19900)
        page = await joined(await open_page(shop.watch, "sam"))
        await expect(page.locator(".coupon-chip")).to_have_text("领取 满 ¥199 减 ¥20")
