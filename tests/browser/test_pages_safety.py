"""What people write stays text; what only the browser may know stays in the browser."""

from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage, Problems, in_both
from tests.browser.shop import HOST, Server, joined, open_shop, token

PAYLOADS = [
    "<img src=x onerror=\"globalThis.pwned='img'\">",
    "<script>globalThis.pwned='script'</script>",
    '"><svg onload="globalThis.pwned=\'svg\'">',
    "{{constructor.constructor('globalThis.pwned=1')()}}",
    "javascript:globalThis.pwned='href'",
    "</textarea><iframe srcdoc='<script>top.pwned=1</script>'>",
]
NASTY = "<img src=x onerror=\"pwned='n'\">"  # short enough for a name
PRODUCT: dict[str, Any] = {
    "sku": "<b>sku</b>",
    "title": PAYLOADS[0],
    "price": 100,
    "currency": "CNY",
    "points": [PAYLOADS[1]],
    "flaws": [PAYLOADS[2]],
    "image": "/\"><script>globalThis.pwned='image'</script>",
    "url": '/" onclick="globalThis.pwned=\'url\'"',
}


async def test_markup_in_names_comments_products_titles_and_notices_stays_text(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with (
        open_shop(server, room, PRODUCT, title=PAYLOADS[0][:80]) as shop,
        shop.person("mallory", NASTY) as mallory,
    ):
        await shop.host.pin(PRODUCT["sku"])
        await shop.host.notice(PAYLOADS[1])
        sale = await shop.host.sale_open(PRODUCT["sku"], 100, 5, per_user=5, hold_s=600)
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "victim", name=NASTY))
        for text in PAYLOADS:
            await mallory.comment(text)
        await mallory.pay((await mallory.buy(sale["sale"]))["order"])
        await viewer.locator(".pinned-main").click()
        await expect(viewer.locator(".details .points")).to_contain_text(PAYLOADS[1])

        for page in (console, viewer):
            said = page.locator(".said")
            await expect(said).to_have_count(len(PAYLOADS))
            assert await said.all_inner_texts() == PAYLOADS
            await expect(page.locator(".name").first).to_have_text(NASTY)
            assert await page.evaluate("globalThis.pwned ?? null") is None
            assert await page.locator("img[onerror], [onload], [onclick], iframe").count() == 0
        await expect(viewer.locator(".notice")).to_have_text(PAYLOADS[1])
        await expect(viewer.locator(".room-title")).to_have_text(PAYLOADS[0][:80])


async def test_the_browser_itself_refuses_inline_script_and_markup_from_text(
    server: Server, open_page: OpenPage, problems: Problems
) -> None:
    page = await open_page(f"{server.url}/login")

    refused = await page.evaluate(
        """() => ['onclick', 'innerHTML', 'srcdoc'].map((sink) => {
            const box = document.createElement(sink === 'srcdoc' ? 'iframe' : 'div');
            document.body.append(box);
            try {
                if (sink === 'innerHTML') box.innerHTML = '<b>bold</b>';
                else box.setAttribute(sink, 'globalThis.pwned = 1');
                return false;
            } catch (error) {
                return error instanceof TypeError;
            }
        })"""
    )

    assert refused == [True, True, True]
    assert await page.evaluate("globalThis.pwned ?? null") is None
    assert problems  # the browser said so
    problems.clear()


@in_both
async def test_a_token_pasted_into_the_form_becomes_a_cookie_that_scripts_cannot_read(
    server: Server, room: str, open_page: OpenPage, browser: Browser
) -> None:
    async with open_shop(server, room) as shop:
        page = await open_page(f"{server.url}/login?next=/watch/{room}")
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))

        await page.get_by_label("访问令牌").fill(token("xiaoman", name="小满"))
        await page.get_by_role("button", name="登录", exact=True).click()
        await page.wait_for_url(shop.watch)
        await joined(page)

        assert await page.evaluate("liveroom.state.you") == {
            "user": "xiaoman",
            "name": "小满",
            "role": "viewer",
        }
        assert await page.evaluate("document.cookie") == ""
        (cookie,) = await page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        if browser.browser_type.name == "chromium":  # Firefox tells of no sockets
            assert sockets == [f"{server.url.replace('http', 'ws')}/v1/rooms/{room}/ws"]
        await page.get_by_label("评论", exact=True).fill("你好")
        await page.keyboard.press("Enter")
        await expect(page.locator(".said")).to_have_text("你好")


async def test_a_guest_watches_and_is_asked_to_sign_in_when_buying(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(
        server, room, {"sku": "mug", "title": "杯", "price": 1, "currency": "CNY"}
    ) as shop:
        await shop.host.pin("mug")
        await shop.host.sale_open("mug", 1, 5, per_user=1, hold_s=600)
        page = await joined(await open_page(shop.watch))

        await page.locator(".pinned-card .buy").click()
        await expect(page.locator("dialog")).to_contain_text("登录后即可抢购和评论")
        await page.get_by_role("button", name="以观众身份进入").click()
        await expect(page.locator("dialog")).to_have_count(0)
        await joined(page)
        await page.locator(".pinned-card .buy").click()

        await expect(page.locator(".buy-flow")).to_contain_text("抢到了")


async def test_a_room_that_is_not_there_is_said_to_be_so_and_leads_back(
    server: Server, open_page: OpenPage
) -> None:
    page = await open_page(f"{server.url}/watch/nowhere")

    await expect(page.locator("h1")).to_have_text("没有这个直播间")
    await page.get_by_role("link", name="返回").click()
    await page.wait_for_url(f"{server.url}/")


async def test_a_room_that_cannot_be_drawn_takes_no_other_from_the_list(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room):
        async with aiohttp.ClientSession() as http, http.get(f"{server.url}/v1/rooms") as read:
            rooms = await read.json()
        soon = rooms[0] | {"room": "soon", "phase": "scheduled", "scheduled": 9e15}
        broken = rooms[0] | {"room": None, "title": None, "online": {}}
        page = await open_page("about:blank")
        answer = {"rooms": [broken, soon, *rooms], "next": None}
        await page.route("**/v1/rooms*", lambda route: route.fulfill(json=answer))
        await page.goto(server.url)
        await expect(page.locator(f"a[href='/watch/{room}']")).to_be_visible()
        await expect(page.locator("a[href='/watch/soon']")).to_be_visible()


async def test_an_embed_cannot_lead_the_page_away(
    server: Server, room: str, open_page: OpenPage
) -> None:
    mine = {"Authorization": f"Bearer {token(HOST, Role.HOST)}"}
    new = {"room": room, "title": "x", "embed_url": "/healthz"}
    async with aiohttp.ClientSession(server.url, headers=mine, raise_for_status=True) as http:
        await http.post("/v1/rooms", json=new)
        await http.post(f"/v1/rooms/{room}/live", json={"phase": "live"})
    page = await joined(await open_page(f"{server.url}/watch/{room}"))
    sandbox = await page.locator("iframe.stage-video").get_attribute("sandbox")
    assert set((sandbox or "").split()) == {
        "allow-scripts",
        "allow-same-origin",
        "allow-presentation",
        "allow-popups",
    }


async def test_the_console_is_for_the_host_and_lets_nobody_else_change_the_room(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room) as shop:
        page = await open_page(shop.console, "nosy")
        await expect(page.locator("main")).to_contain_text("请用主播身份登录")

        other = await joined(await open_page(shop.watch, "other-host", Role.HOST))
        refused = await other.evaluate(
            "liveroom.send('notice', {text: '我来了'}).catch(({code}) => code)"
        )
        assert refused == "forbidden"
        assert await other.evaluate("liveroom.state.room.host") == HOST


async def test_markup_in_questions_coupons_polls_draws_and_words_stays_text(
    server: Server, room: str, open_page: OpenPage, open_console: OpenPage
) -> None:
    async with open_shop(server, room, PRODUCT) as shop, shop.person("mallory", NASTY) as mallory:
        host = shop.host
        console = await joined(await open_console(shop))
        viewer = await joined(await open_page(shop.watch, "victim", name=NASTY))
        asked = await mallory.ask(PRODUCT["sku"], f"{NASTY} 能机洗吗？")
        await host.coupon_open(NASTY, 5, amount=5, floor=10, skus=[PRODUCT["sku"]])
        await host.poll_open(NASTY, [NASTY + "1", NASTY + "2"])
        await host.words_put([NASTY[:30]], "hold")
        await host.question_take(asked["question"]["question"])

        await expect(viewer.locator(".question-strip")).to_contain_text(NASTY)
        await expect(viewer.locator(".spot-title")).to_have_text(NASTY)
        await expect(viewer.locator(".poll-option").first).to_have_text(NASTY + "1")
        await viewer.locator(".coupon-chip").click()
        await expect(viewer.locator(".ticket")).to_contain_text(NASTY)
        await expect(viewer.locator(".ticket")).to_contain_text(PAYLOADS[0])
        await viewer.keyboard.press("Escape")
        await host.question_answer(asked["question"]["question"], PAYLOADS[1])
        await viewer.locator(".shelf-button").click()
        await viewer.locator("dialog .shelf-main").click()
        await expect(viewer.locator(".qa dd")).to_have_text(PAYLOADS[1])
        lucky = await host.lucky_open(NASTY, 1)
        await mallory.lucky_enter(lucky["lucky"])
        await host.lucky_draw(lucky["lucky"])
        await expect(viewer.locator(".winners")).to_have_text(NASTY)
        await console.get_by_role("tab", name="管理").click()
        await expect(console.locator(".name-chip")).to_contain_text([NASTY[:30]])
        await mallory.comment(NASTY)
        await expect(console.locator(".held")).to_contain_text(NASTY)
        await console.get_by_role("tab", name="互动").click()
        await expect(console.locator(".host-coupon")).to_contain_text(NASTY)
        await expect(console.locator(".winners")).to_have_text(NASTY)

        for page in (console, viewer):
            assert await page.evaluate("globalThis.pwned ?? null") is None
            assert await page.locator("img[onerror], [onload], [onclick], iframe").count() == 0


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/..//evil.example", "/"),
        ("/.//evil.example", "/"),
        ("/watch/tea/../..//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("//evil.example", "/"),
        ("javascript:globalThis.pwned=1", "/"),
        ("/ops?from=login#top", "/ops?from=login#top"),
    ],
)
async def test_signing_in_leads_to_a_path_of_this_server(
    server: Server, open_page: OpenPage, asked: str, path: str
) -> None:
    page = await open_page(f"{server.url}/login?next={quote(asked, safe='')}")
    await page.locator("input[name=token]").fill(token("ann", Role.VIEWER, "Ann"))
    async with page.expect_navigation():
        await page.locator("form button[type=submit]").click()
    assert page.url == server.url + path
