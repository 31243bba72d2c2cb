"""A worker with records on both engines, as merchants meet it over HTTP."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.merchants.stall import Stall
from tests.records.conftest import (
    postgres,
    postgres_with_tables,
    records,
    records_settings,
    records_url,
)
from tests.running import running

__all__ = [
    "postgres",
    "postgres_with_tables",
    "records",
    "records_settings",
    "records_url",
]


@pytest.fixture(autouse=True)
def loop_is_not_blocked() -> None:
    """A worker reads its scripts when it starts."""


@pytest.fixture
async def stall(records_settings: Settings) -> AsyncIterator[Stall]:
    """The merchant m1, whose owner is o1 and staff s1, beside a merchant m2."""
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        stall = Stall(session, records_settings, worker.url)
        for merchant in ("m1", "m2"):
            path = f"/v1/merchants/{merchant}"
            await stall.got(200, "PUT", path, {"name": merchant}, user="a", role=Role.ADMIN)
        await stall.got(200, "PUT", "/v1/merchants/m1/members/o1", {"role": "owner"})
        await stall.got(200, "PUT", "/v1/merchants/m1/members/s1", {}, user="o1", role=Role.VIEWER)
        yield stall
