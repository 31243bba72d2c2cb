"""The receiver of docs/integrate.md, its very text, as a process of its own: a server tells it."""

import asyncio
import contextlib
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from loadtest.fanout.ready import free_port
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api
from tests.webhooks.receiver import Receiver, receiving

PAGE = Path(__file__).parents[2] / "docs" / "integrate.md"
BLOCK = re.compile(r"```python\n(# receiver\.py\n.*?)```", re.DOTALL)
ADMIN: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
MUG = {"sku": "mug", "title": "Mug", "price": 8900, "currency": "CNY"}
SALE: dict[str, Any] = {"sku": "mug", "price": 7900, "stock": 99, "per_user": 9, "hold_s": 60}

pytestmark = pytest.mark.blocking_allowed  # a worker starts on the test's loop


class Shop:
    """The shop's own system: the receiver, with its database and secret."""

    def __init__(self, folder: Path) -> None:
        [code] = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        self._file = folder / "receiver.py"
        self._file.write_text(code, encoding="utf-8")
        self._database = folder / "shop.sqlite3"
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        self.secrets = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let the receiver run; it is killed at the end."""
        names = {"SECRETS": self.secrets, "DATABASE": str(self._database), "PORT": str(self._port)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(self._file), env=os.environ | names,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not await self._answers():
                assert process.returncode is None
            yield
        finally:
            process.kill()
            await process.wait()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            await asyncio.sleep(0.01)
            return False
        writer.close()
        return True

    def rows(self, what: str) -> list[Any]:
        """What stands in its database."""
        with contextlib.closing(sqlite3.connect(self._database)) as database:
            return database.execute(what).fetchall()

    async def has(self, orders: dict[str, str]) -> None:
        """Wait until it knows these orders in these states."""
        while dict(self.rows("SELECT id, status FROM orders")) != orders:
            await asyncio.sleep(0.02)


class Server:
    """A server with a live room, by REST."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.orders: dict[str, str] = {}
        """Each order's status, as its buyer was told."""
        self._sale = ""

    async def open(self) -> None:
        """Make the room and its sale."""
        await self.api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        await self.do("shelf.put", product=MUG)
        await self.do("live.start")
        self._sale = (await self.do("sale.open", **SALE))["sale"]["sale"]

    async def do(self, op: str, user: str = "h1", **fields: Any) -> Any:
        """A command, and its reply."""
        role = Role.HOST if user == "h1" else Role.VIEWER
        body = {"op": op, "ref": 1} | fields
        status, reply = await self.api.send(
            "POST", "/v1/rooms/r1/commands", body, user=user, role=role
        )
        assert status == 200, reply
        return reply

    async def trade(self, buyer: str) -> None:
        """One pays, one gives back what was paid, one cancels."""
        for n, after in enumerate((["pay"], ["pay", "order.return"], ["cancel"])):
            bought = await self.do("buy", buyer, sale=self._sale, key=f"{buyer}{n}")
            order = bought["order"]["order"]
            for op in after:
                done = await self.do(op, "h1" if op == "order.return" else buyer, order=order)
                self.orders[order] = done["order"]["status"]

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """An admin's request, and its answer."""
        status, answer = await self.api.send(method, f"/v1/webhooks{path}", body, **ADMIN)
        assert status < 300, answer
        return answer


class Recording(Receiver):
    """Takes each post, and keeps its very bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[tuple[dict[str, str], bytes]] = []

    @property
    def orders(self) -> dict[str, str]:
        """Each order's status, by the events as they came."""
        of_orders = (each["data"]["order"] for each in self.taken if "order" in each["data"])
        return {order["order"]: order["status"] for order in of_orders}

    async def handle(self, request: web.Request) -> web.Response:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature", "Content-Type")
        headers = {name: request.headers[name] for name in names}
        self.raw.append((headers, await request.read()))
        return await super().handle(request)


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        orders={"fair_window_ms": 0},
        records={"archive_interval_s": 0.05},
        webhooks={"interval_s": 0.02, "retry_s": 0.05, "retry_max_s": 0.1},
    )


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Server]:
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Server(Api(session, settings, worker.url))
        await made.open()
        yield made


async def test_the_receiver_of_the_page_ends_with_the_truth_whatever_happens_on_the_way(
    server: Server, tmp_path: Path
) -> None:
    shop, chance = Shop(tmp_path), Random(3)
    recording = Recording()
    async with receiving(recording):
        made = await server.admin("POST", "", {"id": "oms", "url": recording.url})
        shop.secrets = made["secret"]
        recording.secrets = [made["secret"]]
        await server.trade("ann")
        await recording.until(lambda: recording.orders == server.orders)

        async with shop.open(), aiohttp.ClientSession() as session:
            # What comes twice and in no order, as by a queue in between.
            mixed = recording.raw * 2
            chance.shuffle(mixed)
            for headers, body in mixed:
                async with session.post(shop.url, data=body, headers=headers) as answer:
                    assert answer.status == 204
            await shop.has(server.orders)
            paid = [o for o, status in server.orders.items() if status != "cancelled"]
            assert sorted(shop.rows("SELECT id FROM to_ship")) == sorted((o,) for o in paid)
            headers, body = recording.raw[0]
            async with session.post(shop.url, data=body + b" ", headers=headers) as answer:
                assert answer.status == 401

    # It is away while people buy, and nothing is lost.
    await server.admin("PATCH", "/oms", {"url": shop.url})
    await server.trade("ben")
    while not (await server.admin("GET", "/oms"))["behind"]["failing"]:
        await asyncio.sleep(0.02)
    async with shop.open():
        await shop.has(server.orders)
    await server.trade("cai")
    rotated = await server.admin("POST", "/oms/rotate", {"overlap_s": 3600})
    async with shop.open():  # still with the old secret
        await shop.has(server.orders)
    shop.secrets = rotated["secret"]
    seen = shop.rows("SELECT count(*) FROM seen")
    async with shop.open():  # with the new one, and told everything once more
        await server.trade("dan")
        await server.admin("POST", "/oms/replay", {"since": 0})
        await shop.has(server.orders)
        while (await server.admin("GET", "/oms"))["behind"]["lines"]:
            await asyncio.sleep(0.02)
        assert shop.rows("SELECT count(*) FROM seen") > seen
        assert (await server.admin("POST", "/oms/test"))["status"] == 204
    await shop.has(server.orders)
    assert len(shop.rows("SELECT id FROM to_ship")) == 8


def test_the_receiver_is_short_enough_to_be_read() -> None:
    [code] = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(code.splitlines()) <= 65
