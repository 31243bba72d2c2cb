"""Servers that drain, restart and are replaced, under people who buy."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from websockets.exceptions import WebSocketException

from server.protocol.joining import Last
from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.running import running
from tests.server.conftest import OpenShop, Serve, Token
from tests.server.talk import Gone, Talk, talk


@pytest.mark.long("starts and replaces whole servers")
async def test_a_restart_keeps_rooms_orders_and_places(
    serve: Serve, shop: OpenShop, token: Token
) -> None:
    first = await serve()
    sale = await shop(first.url).open()
    async with talk(first.url) as ann:
        joined = await ann.join(token("ann"))
        order = (await ann.ask("buy", sale=sale, key="k1"))["order"]
        await shop(first.url).send("PUT", "/v1/rooms/r1/pin", {"sku": "mug"})
        await ann.hear(lambda m: m["t"] == "pin")
        first.process.send_signal(signal.SIGTERM)
        bye = await ann.hear(lambda m: m["t"] == "bye")
        assert await ann.end() == bye["code"] == 4000
        assert bye["reconnect_ms"] > 0
    assert await first.end() == 0

    second = await serve()
    async with talk(second.url) as ann:
        last = {"epoch": joined["epoch"], "seq": joined["seq"]}
        again = await ann.join(token("ann"), last=last)
        same = await ann.ask("buy", sale=sale, key="k1")

    assert again["epoch"] == joined["epoch"]
    assert again["missed"][-1]["t"] == "pin"
    assert [m["seq"] for m in again["missed"]] == list(range(joined["seq"] + 1, again["seq"] + 1))
    assert [o["order"] for o in again["orders"]] == [order["order"]]
    assert same["order"]["order"] == order["order"]
    assert again["room"]["sales"][0]["left"] == 999


async def test_accepted_commands_are_answered_before_the_goodbye(
    make_settings: MakeSettings, shop: OpenShop, token: Token, tmp_path: Path
) -> None:
    async with RedisProcess(tmp_path / "redis") as redis:
        settings = make_settings(redis={"url": redis.url}, orders={"fair_window_ms": 0})
        async with running(settings, "w1") as worker, talk(worker.url) as ann:
            sale = await shop(worker.url).open()
            await ann.join(token("ann"))

            assert redis._process is not None
            redis._process.send_signal(signal.SIGSTOP)
            accepted = [await ann.tell("buy", sale=sale, key=f"k{n}") for n in range(10)]
            await ann.ask("ping")  # now the worker has read them
            worker.drain()
            await ann.ask("ping")  # and that it is to go away
            reply = await ann.ask("like")
            redis._process.send_signal(signal.SIGCONT)
            bye = await ann.hear(lambda m: m["t"] == "bye")
            await ann.end()

            assert reply["code"] == "unavailable"
            assert [ann.replies[ref]["t"] for ref in accepted] == ["ok"] * 10
            assert bye["code"] == ann.closed_with == 4000
            assert ann.messages[-1] == bye


class Buyer:
    """Somebody who buys on and on, wherever the server sends them."""

    def __init__(self, name: str, url: str, token: str, sale: str) -> None:
        self.name, self._url, self._token, self._sale = name, url, token, sale
        self.seqs: list[int] = []
        self.bought: dict[str, str] = {}
        self.gaps = 0
        self.stays = 0
        self.stop = False
        self._last: Last | None = None

    async def live(self) -> None:
        while not self.stop:
            try:
                async with talk(self._url) as client:
                    await self._stay(client)
            except (OSError, Gone, WebSocketException):
                await asyncio.sleep(0.05)

    async def _stay(self, client: Talk) -> None:
        last = (
            {}
            if self._last is None
            else {"last": {"epoch": self._last.epoch, "seq": self._last.seq}}
        )
        joined = await client.join(self._token, **last)
        if joined["t"] != "ok":
            return
        self.stays += 1
        self.gaps += joined.get("gap", False)
        missed = [m["seq"] for m in joined.get("missed", [])]
        self.seqs += missed
        start = joined["seq"]
        try:
            while not self.stop and client.closed_with is None:
                key = f"{self.name}-{len(self.bought)}"
                reply = await client.ask("buy", sale=self._sale, key=key)
                if reply["t"] == "ok":
                    self.bought[key] = reply["order"]["order"]
                else:
                    assert reply["code"] in ("unavailable", "rate_limited"), reply
                await asyncio.sleep(0.01)
        finally:
            self.seqs += client.seqs
            seq = self.seqs[-1] if client.seqs else start
            self._last = Last(joined["epoch"], max(seq, start))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(200):
        while not true():
            await asyncio.sleep(0.05)


@pytest.mark.long("starts and replaces whole servers")
async def test_a_rolling_restart_loses_no_event_and_no_order(
    serve: Serve, shop: OpenShop, token: Token
) -> None:
    served = await serve(
        *("--workers", "2"),
        LIVEROOM_EDGE_COMMANDS_PER_S="200",
        LIVEROOM_SERVER_DRAIN_S="60",
        LIVEROOM_ORDERS_ORDERS_PER_USER_MAX="100000",  # a slow restart takes more than the default
        LIVEROOM_ORDERS_OWN_ORDERS_MAX="100000",
    )
    sale = await shop(served.url).open(stock=100_000)
    buyers = [Buyer(f"b{n}", served.url, token(f"b{n}"), sale) for n in range(8)]

    async def host() -> int:
        said = 0
        while not all(buyer.stop for buyer in buyers):
            try:
                await shop(served.url).send(
                    "PUT", "/v1/rooms/r1/pin", {"sku": "mug" if said % 2 else None}
                )
                said += 1
            except (OSError, AssertionError, aiohttp.ClientError):
                pass
            await asyncio.sleep(0.02)
        return said

    async with asyncio.TaskGroup() as group:
        for buyer in buyers:
            group.create_task(buyer.live())
        hosting = group.create_task(host())
        await until(lambda: all(buyer.bought for buyer in buyers))
        served.process.send_signal(signal.SIGHUP)
        await until(lambda: all(buyer.stays > 1 for buyer in buyers))
        went_on = {buyer.name: len(buyer.bought) for buyer in buyers}
        await until(lambda: all(len(b.bought) > went_on[b.name] for b in buyers))
        for buyer in buyers:
            buyer.stop = True

    assert hosting.result() > 0
    for buyer in buyers:
        assert buyer.gaps == 0
        assert buyer.seqs == list(range(buyer.seqs[0], buyer.seqs[0] + len(buyer.seqs)))
        async with talk(served.url) as client:
            orders = (await client.join(token(buyer.name)))["orders"]
        assert set(buyer.bought.values()) <= {order["order"] for order in orders}
        assert len(set(buyer.bought.values())) == len(buyer.bought)
