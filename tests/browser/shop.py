"""A server in a process of its own, rooms on it, and the people who use its pages."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Locator, Page
from playwright.async_api import Error as PlaywrightError

from client_sim.client import Options, RoomClient
from client_sim.rest import Rest
from client_sim.tokens import mint
from server.protocol.roles import Role
from tests.conftest import JWT_SECRET

PATIENCE_S = 90
"""How long anything that must come may take, however busy the machine is."""
MOVES_NO_MORE = """!document.getAnimations().some((it) =>
    it.playState === 'running' && it.effect.getComputedTiming().endTime !== Infinity)"""
STEADY = Options(
    join_s_max=60, reply_s_max=60, retry_s_max=120, backoff_s_min=0.1, backoff_s_max=0.5
)
KEEP_TOASTS = """
    globalThis.toasts = [];
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
            for (const node of addedNodes)
                if (node.matches?.('.toast')) toasts.push(node.textContent);
    }).observe(document, { childList: true, subtree: true });
"""
HOST = "hostess"
HOST_NAME = "主理人 Ana"
SOFA = {
    "sku": "sofa",
    "title": "云朵布艺沙发 双人位",
    "price": 129900,
    "currency": "CNY",
    "points": ["羊羔绒面料，可拆洗", "坐深 62 cm，能窝着看电影"],
    "flaws": ["浅色不耐脏，家有猫请选深灰"],
}
MUG = {"sku": "mug", "title": "青瓷手作马克杯 350ml", "price": 8900, "currency": "CNY"}
LAMP = {
    "sku": "lamp",
    "title": "Paper lamp, warm light",
    "price": 19950,
    "currency": "CNY",
    "flaws": ["The cable is only 1.5 m"],
}


PATIENT = {
    "LIVEROOM_EDGE_JOIN_S_MAX": "60",
    "LIVEROOM_REDIS_COMMAND_TIMEOUT_S": "60",
    "LIVEROOM_ORDERS_OFFER_HOLD_S": "600",
}


class Server:
    """`liveroom serve` as people run it; can be stopped and started again on the same port."""

    def __init__(self, folder: Path, **limits: str) -> None:
        self._folder = folder
        self._limits = limits
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self._folder

    def start(self) -> None:
        """Start, and wait until it says where it is."""
        port = self.url.rpartition(":")[2] or "0"
        env = {name: value for name, value in os.environ.items() if "LIVEROOM" not in name}
        command = [sys.executable, "-m", "server", "serve", "--port", port]
        log = self._folder.with_suffix(".log")
        with log.open("a") as errors:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(self._folder)],
                env=env | PATIENT | {"LIVEROOM_JWT_SECRET": JWT_SECRET} | self._limits,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("Liveroom is at "):
            self.kill()
            raise RuntimeError(f"The server did not start: {log.read_text()[-2000:]}")
        self.url = line.split()[-1]

    def stop(self) -> None:
        """SIGTERM, and wait."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def kill(self) -> None:
        """kill -9: no goodbye to anybody."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()


def token(user: str, role: Role = Role.VIEWER, name: str = "") -> str:
    """A token of the servers started here."""
    return mint(JWT_SECRET, user, name or user, role)


@dataclass
class Shop:
    """One room of a server, and its host's own connection."""

    server: Server
    room: str
    host: RoomClient

    @property
    def watch(self) -> str:
        """The viewer page."""
        return f"{self.server.url}/watch/{self.room}"

    @property
    def console(self) -> str:
        """The host console."""
        return f"{self.server.url}/host/{self.room}"

    def person(self, user: str, name: str = "", source: dict[str, str] | None = None) -> RoomClient:
        """Somebody with a client of their own instead of a page, who came from a source."""
        own = token(user, name=name)
        return RoomClient(self.server.url, self.room, own, options=STEADY, source=source)


@asynccontextmanager
async def open_shop(
    server: Server,
    room: str,
    *products: dict[str, Any],
    title: str = "周末的慢客厅 沙发专场",
    live: bool = True,
    owner: str = HOST,
    name: str = HOST_NAME,
) -> AsyncIterator[Shop]:
    """A room of `owner` with a shelf, live unless said otherwise."""
    host_token = token(owner, Role.HOST, name)
    async with Rest(server.url, host_token) as rest:
        await rest.create(room, title)
    async with RoomClient(server.url, room, host_token, options=STEADY) as host:
        for product in products:
            await host.shelf_put(product)
        if live:
            await host.live_start()
        yield Shop(server, room, host)


async def sign_in(
    context: BrowserContext, url: str, user: str, role: Role = Role.VIEWER, name: str = ""
) -> None:
    """Exchange a token for the cookie, the way the pages do."""
    response = await context.request.post(
        f"{url}/v1/session", data={"token": token(user, role, name)}
    )
    assert response.ok, await response.text()


async def joined(page: Page) -> Page:
    """Wait until the page's room is joined."""
    await until(page, "globalThis.liveroom?.status === 'joined'")
    return page


async def toasted(page: Page, text: str) -> None:
    """Wait until a toast said this; it may be gone again."""
    await until(page, "text => toasts.some((toast) => toast.includes(text))", text)


async def fill_anew(field: Locator, text: str) -> None:
    """Write over what a field holds: in Firefox `fill` alone would add to a number."""
    await field.clear()
    await field.fill(text)


async def until(page: Page, condition: str, arg: Any = None) -> None:
    """Wait until a JavaScript expression is true in the page.

    Asked again and again: Playwright's own wait needs `eval`, which our pages forbid.
    """
    async with asyncio.timeout(PATIENCE_S):
        while not await _holds(page, condition, arg):
            await asyncio.sleep(0.03)


async def at_rest(page: Page) -> None:
    """Wait until nothing on the page is on its way to a new place, size or colour."""
    await until(page, MOVES_NO_MORE)


async def _holds(page: Page, condition: str, arg: Any) -> bool:
    try:
        return bool(await page.evaluate(condition, arg))
    except PlaywrightError as error:
        if "navigat" not in error.message:
            raise
        return False  # the page is on its way to another one: ask that
