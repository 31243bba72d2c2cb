"""Networks that break WebSockets: the pages go on by HTTP, and come back when they can."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Route, expect

from server.protocol.roles import Role
from tests.browser.conftest import OpenPage
from tests.browser.shop import (
    HOST,
    LAMP,
    MUG,
    PATIENCE_S,
    Server,
    Shop,
    joined,
    open_shop,
    token,
    until,
)

CUT_AFTER_BYTES = 300
"""Less than the reply to a join: the socket opens, and breaks before it is of any use."""


class Network:
    """A proxy on a TCP port that does to WebSockets what `mode` says; HTTP passes."""

    def __init__(self, port: int, mode: str) -> None:
        self._port = port
        self.mode = mode
        self.upgrades = 0
        """Requests for a WebSocket that were seen."""
        self.tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a socket in a task that `close` ends."""
        task = asyncio.create_task(self.serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """End all sockets."""
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            is_upgrade = b"upgrade: websocket" in head.lower()
            self.upgrades += is_upgrade
            if is_upgrade and self.mode == "refuses":
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            elif is_upgrade and self.mode == "swallows":
                await reader.read()  # until the page gives up
            else:
                most = CUT_AFTER_BYTES if is_upgrade and self.mode == "cuts" else None
                await self._pass(head, reader, writer, most)

    async def _pass(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        most: int | None,
    ) -> None:
        """Pass bytes both ways until one side ends; back at most so many."""
        back, there = await asyncio.open_connection("127.0.0.1", self._port)
        # One request a connection, so that none hides an upgrade behind another.
        if b"upgrade: websocket" not in head.lower():
            head = head.replace(b"Connection: keep-alive", b"Connection: close")
        there.write(head)
        with contextlib.closing(there):
            forth = asyncio.create_task(_copy(reader, there, None))
            try:
                await asyncio.wait(
                    [forth, asyncio.create_task(_copy(back, writer, most))],
                    return_when="FIRST_COMPLETED",
                )
            finally:
                forth.cancel()


async def _copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, most: int | None
) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data if most is None else data[:most])
            await target.drain()
            if most is not None:
                most -= len(data)
                if most <= 0:
                    return


@asynccontextmanager
async def network(server: Server, mode: str) -> AsyncIterator[tuple[Network, Server]]:
    """The proxy, and the server as one reaches it through the proxy."""
    between = Network(int(server.url.rpartition(":")[2]), mode)
    listening = await asyncio.start_server(between.accept, "127.0.0.1", 0)
    through = Server(server._folder)
    through.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield between, through
    finally:
        listening.close()
        await between.close()


NOTE_BANNERS = """
    globalThis.banners = [];
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
            for (const node of addedNodes)
                if (node.matches?.('.banner')) banners.push(node.textContent);
    }).observe(document, { childList: true, subtree: true });
"""


@pytest.mark.parametrize("mode", ["refuses", "swallows", "cuts"])
async def test_buying_works_where_websockets_do_not_and_nothing_alarms(
    server: Server, room: str, open_page: OpenPage, mode: str
) -> None:
    async with (
        open_shop(server, room, MUG) as direct,
        network(server, mode) as (between, through),
    ):
        shop = Shop(through, room, direct.host)
        await direct.host.pin("mug")
        await direct.host.sale_open("mug", 5900, stock=5, per_user=5, hold_s=600)
        page = await open_page(shop.watch, "xiaoman", script=NOTE_BANNERS)
        await joined(page)
        await until(page, "liveroom.transport === 'http'")
        assert between.upgrades >= 1
        await page.locator(".pinned-card .buy").click()
        await expect(page.locator(".buy-flow")).to_contain_text("抢到了")
        await page.get_by_role("button", name="付款 ¥59").click()
        await expect(page.locator(".buy-flow")).to_contain_text("付款成功")
        await direct.host.notice("Still here")
        await until(page, "liveroom.state.room.notice === 'Still here'")
        assert await page.evaluate("banners") == []

        # The next page of this tab does not look for sockets first.
        seen = between.upgrades
        await page.reload()
        await joined(page)
        assert await page.evaluate("liveroom.transport") == "http"
        assert between.upgrades == seen


JOIN_AS_HOST = """
    async ([room, token]) => {
        const { Room } = await import("/static/liveroom.js");
        globalThis.asked = 0;
        globalThis.own = new Room({ room, token: () => { asked += 1; return token; } });
        await own.join();
    }
"""


async def test_commands_by_http_keep_their_order_and_outlive_a_token(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with (
        open_shop(server, room, MUG, LAMP),
        network(server, "refuses") as (_, through),
    ):
        page: Page = await open_page(f"{through.url}/login")
        await page.evaluate(JOIN_AS_HOST, [room, token(HOST, Role.HOST)])
        assert await page.evaluate("own.transport") == "http"
        refused = 0

        async def refuse_the_first(route: Route) -> None:
            nonlocal refused
            if refused:
                return await route.continue_()
            refused += 1
            said = {"code": "bad_token", "detail": "The token has expired."}
            return await route.fulfill(status=401, json=said)

        await page.route("**/commands", refuse_the_first)
        await page.evaluate("globalThis.pins = []; own.on('pin', (e) => pins.push(e.sku)); 0")
        skus = ["mug", "lamp"] * 5
        await page.evaluate("skus => Promise.all(skus.map(sku => own.send('pin', {sku})))", skus)
        await until(page, "pins.length === 10")
        assert await page.evaluate("pins") == skus
        assert refused == 1
        assert await page.evaluate("asked") == 2, "for the stream, and after the refusal"


async def pass_minutes(page: Page, shop: Shop, minutes: float) -> None:
    """Move the page's clock on, and let it hear something before it counts as silent."""
    for _ in range(int(minutes * 3)):
        await page.clock.fast_forward(20_000)
        text = secrets.token_hex(4)
        await shop.host.notice(text)
        await until(page, "text => liveroom.state.room.notice === text", text)


async def test_a_page_comes_back_to_the_websocket_when_the_network_lets_it(
    server: Server, room: str, open_page: OpenPage
) -> None:
    async with (
        open_shop(server, room, MUG) as direct,
        network(server, "refuses") as (between, through),
    ):
        shop = Shop(through, room, direct.host)
        page = await open_page(shop.watch, "xiaoman", script=NOTE_BANNERS)
        await joined(page)
        await until(page, "liveroom.transport === 'http'")
        await page.clock.install()
        await page.reload()
        await joined(page)
        await page.evaluate("globalThis.pins = []; liveroom.on('pin', (e) => pins.push(e.sku)); 0")
        await direct.host.pin("mug")
        await until(page, "pins.length === 1")
        seen = between.upgrades
        await pass_minutes(page, shop, 1.5)
        assert between.upgrades > seen, "a socket was not even tried"
        assert await page.evaluate("liveroom.transport") == "http"
        between.mode = "passes"
        # A jump of the clock may end a try that the machine had no time for; the next one comes.
        async with asyncio.timeout(PATIENCE_S):
            while await page.evaluate("liveroom.transport") == "http":
                await pass_minutes(page, shop, 1)
        await until(page, "liveroom.transport === 'websocket' && liveroom.status === 'joined'")
        await direct.host.unpin()
        await until(page, "pins.length === 2")
        assert await page.evaluate("pins") == ["mug", None]
        assert await page.evaluate("Object.keys(sessionStorage)") == []
