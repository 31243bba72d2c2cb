"""Requests with a key on a Cluster: those of a room in its slot, others with their sender."""

import aiohttp
import pytest

from server.settings import Settings
from server.web.idempotency import HEADER
from tests.running import Worker
from tests.web.api import Api

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed

MUG = {"sku": "mug", "title": "Mug", "price": 100, "currency": "CNY"}
SALE = {"sku": "mug", "price": 90, "stock": 3, "per_user": 2, "hold_s": 60}


async def test_copies_are_answered_alike_by_two_workers(
    workers: list[Worker], settings: Settings
) -> None:
    async with aiohttp.ClientSession() as session:
        one, two = (Api(session, settings, worker.url) for worker in workers)
        for n in range(6):  # over the slots of all nodes
            key, room = {HEADER: f"k{n}"}, f"/v1/rooms/keyed-{n}"
            made = {"room": f"keyed-{n}", "title": "x"}
            first, again = [
                await api.send("POST", "/v1/rooms", made, headers=dict(key)) for api in (one, two)
            ]
            assert first[0] == 201
            assert again == first
            await one.send("PUT", f"{room}/shelf/mug", MUG)
            sales = [
                await api.send("POST", f"{room}/sales", SALE, headers=dict(key))
                for api in (one, two)
            ]
            assert sales[0][0] == 201
            assert sales[1] == sales[0]
            await two.refused(
                422, "key_reused", "POST", f"{room}/sales", SALE | {"stock": 4}, headers=dict(key)
            )
