"""Browsers read frames that are compressed by the frames before them."""

from contextlib import AsyncExitStack

from playwright.async_api import Page

from server.hub.shared_window import SHARED_FROM
from tests.browser.conftest import OpenPage, in_both
from tests.browser.shop import MUG, Server, joined, open_shop, token, until

AGREED = """
    ([room, token]) => new Promise((resolve) => {
        const socket = new WebSocket(`/v1/rooms/${room}/ws`, "liveroom.v1.json");
        socket.onopen = () => { resolve(socket.extensions); socket.close(); };
    })
"""
TEXT = "{} 号喜欢这个杯子，想问问还有没有蓝色的"
SAID = "comments => liveroom.state.room.comments.map((c) => c.text).slice(-comments)"


@in_both
async def test_a_full_room_is_read_by_the_window(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(server, room, MUG) as shop, AsyncExitStack() as stack:
        people = [await stack.enter_async_context(shop.person(f"u{n}")) for n in range(SHARED_FROM)]
        early = TEXT.format("不知几")
        await people[0].comment(early)
        async for event in people[1].events():
            if event.get("text") == early:  # in a frame that the page does not get
                break
        page: Page = await joined(await open_page(shop.watch, "xiaoman"))
        agreed = await page.evaluate(AGREED, [room, token("xiaoman")])
        assert "permessage-deflate" in agreed
        assert "server_no_context_takeover" not in agreed

        said = []
        for n, person in enumerate(people):
            said.append(TEXT.format(n))
            await person.comment(said[-1])
            if n == SHARED_FROM // 2:  # it alone is told this, between
                await page.evaluate("liveroom.send('like', {})")
        await until(page, "n => liveroom.state.room.comments.length >= n", len(said))
        assert await page.evaluate(SAID, len(said)) == said
        assert await page.evaluate("liveroom.status") == "joined"
