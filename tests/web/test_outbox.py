"""The outboxes of all rooms over REST, for operators alone."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from server.house import keys_under, store_on
from server.protocol.roles import Role
from server.settings import Settings
from tests.orders.shop import Shop, shop_on
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its store when it starts

ADMIN: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
PATHS = [
    ("GET", "/v1/outbox", None),
    ("GET", "/v1/outbox/dead-letters", None),
    ("POST", "/v1/outbox/replay", {}),
    ("POST", "/v1/outbox/skip", {"room": "r1", "place": "2-0"}),
]


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, settings, worker.url)


@pytest.fixture
async def shops(redis: Redis, prefix: str, settings: Settings) -> list[Shop]:
    """Two rooms with three lines each: of r1 one is given up, r2 is stuck at its second."""
    store = store_on(redis, keys_under(prefix))
    made = [shop_on(store, settings, room) for room in ("r1", "r2")]
    for shop in made:
        await shop.build()
        for sku in ("tea", "cup", "wine"):
            await shop.open(sku=sku)
    one, two = made
    letter = {"place": "2-0", "why": "answered 500", "at": 7}
    await redis.hset(one.key("dead_letters"), "2-0", one.packed(letter))
    await redis.hset(one.key("outbox"), mapping={"told": "3-0", "dead": 1})
    written = (await two.ledger())[1]["at"]
    stuck: dict[Any, Any] = {"told": "1-0", "tries": 4, "again_at": 9, "stuck": "2-0"}
    stuck["why"] = "answered 422"
    await redis.hset(two.key("outbox"), mapping=stuck | {"head_at": written})
    return made


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.HOST])
async def test_the_outboxes_are_for_operators(
    api: Api, method: str, path: str, body: object, role: Role
) -> None:
    await api.refused(403, "forbidden", method, path, body, user="h", role=role)


async def test_waiting_entries_are_summed_and_the_rooms_that_lag_are_named(
    api: Api, shops: list[Shop]
) -> None:
    _, seen = await api.send("GET", "/v1/outbox", **ADMIN)
    assert (seen["lines_waiting"], seen["dead_letters"], seen["unread"]) == (2, 1, [])
    rooms = {room["room"]: room for room in seen["rooms"]}
    assert seen["rooms"][0]["room"] == "r2"
    assert (rooms["r2"]["lines_waiting"], rooms["r2"]["tries"]) == (2, 4)
    assert rooms["r1"]["dead_letters"] == 1
    assert seen["lag_s"] == rooms["r2"]["lag_s"] >= 0


async def test_dead_letters_are_listed_and_told_again(api: Api, shops: list[Shop]) -> None:
    letter = {"room": "r1", "place": "2-0", "why": "answered 500", "at": 7}
    _, listed = await api.send("GET", "/v1/outbox/dead-letters", **ADMIN)
    assert listed == {"letters": [letter], "total": 1, "unread": []}

    _, none = await api.send(
        "POST", "/v1/outbox/replay", {"room": "r1", "places": ["1-0"]}, **ADMIN
    )
    assert none == {"replayed": {"r1": 0}, "unread": []}
    _, again = await api.send("POST", "/v1/outbox/replay", {}, **ADMIN)
    assert again == {"replayed": {"r1": 1}, "unread": []}
    body = {"places": ["2-0"]}
    await api.refused(400, "bad_message", "POST", "/v1/outbox/replay", body, **ADMIN)


async def test_a_room_that_is_stuck_can_be_helped(api: Api, shops: list[Shop]) -> None:
    _, seen = await api.send("GET", "/v1/outbox", **ADMIN)
    body = {"room": "r2", "place": seen["rooms"][0]["stuck_at"]}
    assert await api.send("POST", "/v1/outbox/skip", body, **ADMIN) == (204, "")
    why = await api.refused(409, "conflict", "POST", "/v1/outbox/skip", body, **ADMIN)
    assert why == "The room is not stuck at the entry `2-0`: no post of it failed."
    _, listed = await api.send("GET", "/v1/outbox/dead-letters", **ADMIN)
    assert [each["room"] for each in listed["letters"]] == ["r1", "r2"]
