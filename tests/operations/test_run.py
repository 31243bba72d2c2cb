"""A server runs and sells: what we ship for Prometheus and Grafana asks for what it tells."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client_sim.client import RoomClient
from server.protocol.roles import Role
from server.settings import Settings
from tests.operations.prometheus_server import PROGRAM, Prometheus, prometheus
from tests.operations.queries import OF_PROMETHEUS, faults, queries, told_by, with_recorded
from tests.operations.shipped import documents, rules
from tests.server.conftest import Serve, serve
from tests.test_metrics_pages import expressions, ours
from tests.web.api import Api
from tests.webhooks.receiver import Receiver, receiving

__all__ = ["serve"]
pytestmark = [
    pytest.mark.blocking_allowed,
    pytest.mark.long("a server as a process, and Prometheus beside it"),
]
QUICK = {
    "LIVEROOM_ORDERS_FAIR_WINDOW_MS": "0",
    "LIVEROOM_RECORDS_ARCHIVE_INTERVAL_S": "0.05",
    "LIVEROOM_WEBHOOKS_INTERVAL_S": "0.05",
}


async def sell(api: Api, receiver: Receiver) -> str:
    """A room sells one mug, and an endpoint is told of it; what is scraped then."""
    admin: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
    hook = {"id": "oms", "url": receiver.url}
    made = (await api.send("POST", "/v1/webhooks", hook, **admin))[1]
    receiver.secrets = [made["secret"]]
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
    mug = {"sku": "mug", "title": "Mug", "price": 100, "currency": "CNY"}
    await api.send("PUT", "/v1/rooms/r1/shelf/mug", mug)
    await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
    terms = {"sku": "mug", "price": 100, "stock": 5, "per_user": 5, "hold_s": 60}
    sale = (await api.send("POST", "/v1/rooms/r1/sales", terms))[1]["sale"]
    async with RoomClient(api.url, "r1", api.token("ann", Role.VIEWER)) as ann:
        await ann.pay((await ann.buy(sale))["order"])
        await receiver.until(lambda: any(each["type"] == "order.paid" for each in receiver.taken))
        async with api.session.get(f"{api.url}/metrics") as answer:
            return await answer.text()


async def answers(asked: Prometheus) -> None:
    """Every rule is good and no alert is about to fire, and every panel has something to draw."""
    seen = await asked.until(lambda found: all(rule["health"] == "ok" for rule in found))
    assert {rule["name"] for rule in seen} == {r.get("alert") or r["record"] for r in rules()}
    active = {rule["name"] for rule in seen if rule.get("state", "inactive") != "inactive"}
    of_time = {r["alert"] for r in rules() if "alert" in r and "_seconds" in r["expr"]}
    assert active - of_time == set()  # a machine may be slow, and nothing else may be amiss
    for query in expressions():
        text = query.replace("$job", ".*").replace("$__rate_interval", "1m")
        found = await asked.ask("query", query=text)
        assert found is not None
        assert found["result"] or any(name in query for name in OF_PROMETHEUS), query


async def test_every_query_that_we_ship_is_answered_by_a_run(
    serve: Serve, settings: Settings, tmp_path: Path
) -> None:
    served = await serve(**QUICK)
    async with receiving(Receiver()) as receiver, aiohttp.ClientSession() as session:
        text = await sell(Api(session, settings, served.url), receiver)

        known = with_recorded(told_by(text))
        assert [fault for query in queries() for fault in faults(query, known)] == []
        told = {re.sub(r"_(bucket|count|sum)$", "", name) for name in known}
        assert set(ours()) - told == set()

        if PROGRAM is None:
            pytest.skip("prometheus is not installed")
        [compose] = documents("compose")
        flags = compose["services"]["prometheus"]["command"]
        async with prometheus(flags, served.url.removeprefix("http://"), tmp_path) as asked:
            # A rate needs two readings.
            rate = "rate(liveroom_joins_total[1m])"
            while not ((await asked.ask("query", query=rate)) or {"result": []})["result"]:
                await asyncio.sleep(0.1)
            await answers(asked)

            served.process.send_signal(signal.SIGTERM)
            assert await served.end() == 0
            down = {"LiveroomDown"}
            await asked.until(
                lambda found: down == {rule["name"] for rule in found if rule.get("alerts")} & down
            )
