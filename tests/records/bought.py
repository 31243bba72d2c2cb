"""Rooms over REST in which orders are paid: what happens to them afterwards begins here."""

import asyncio
from typing import Any

from msgspec import msgpack

from server.features.books.audit import audit
from server.house import keys_under, store_on
from server.protocol.roles import Role
from server.settings import Settings
from server.store.client import connect
from tests.server.talk import talk
from tests.stored import stored
from tests.web.api import Api

ANN: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}
BEN: dict[str, Any] = {"user": "ben", "role": Role.VIEWER}
M1: dict[str, Any] = {"user": "m1", "role": Role.MERCHANT}
M2: dict[str, Any] = {"user": "m2", "role": Role.MERCHANT}
OTHER: dict[str, Any] = {"user": "h2", "role": Role.HOST}
ROOT: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
HOME = {
    "name": "Ann", "country": "CN", "region": "江西", "city": "景德镇", "lines": ["瓷都大道 1 号"],
}  # fmt: skip
PRODUCTS: dict[str, dict[str, Any]] = {
    "mug": {"points": ["thin"], "flaws": ["a small dot"]},
    "cup": {},
}


async def open_room(api: Api, room: str) -> None:
    """A live room of h1 in which mug (pinned) and cup are on sale."""
    await done(api, "POST", "/v1/rooms", {"room": room, "title": f"T {room}"})
    for sku, more in PRODUCTS.items():
        product = {"sku": sku, "title": sku.title(), "price": 8900, "currency": "CNY"} | more
        await done(api, "PUT", f"/v1/rooms/{room}/shelf/{sku}", product)
    await done(api, "POST", f"/v1/rooms/{room}/live", {"phase": "live"})
    await done(api, "PUT", f"/v1/rooms/{room}/pin", {"sku": "mug"})
    for sku in PRODUCTS:
        sale = {"sku": sku, "price": 7900, "stock": 20, "per_user": 9, "hold_s": 60}
        await done(api, "POST", f"/v1/rooms/{room}/sales", sale)


async def done(api: Api, method: str, path: str, body: Any = None, **who: Any) -> Any:
    status, answer = await api.send(method, path, body, **who)
    assert status < 300, answer
    return answer


async def buy(
    api: Api, room: str, user: str = "ann", *, merchants: dict[str, str] | None = None, **pay: Any
) -> dict[str, Any]:
    """An order of two mugs and a cup, paid. `merchants`: who owns the goods, by sku."""
    async with talk(api.url, room) as viewer:
        joined = await viewer.join(api.token(user, Role.VIEWER))
        lines = [
            {"sale": sale["sale"], "qty": 2 if sale["sku"] == "mug" else 1}
            for sale in joined["room"]["sales"]
        ]
        order = (await viewer.ask("buy", key="k", lines=lines))["order"]
        if merchants:
            await own_lines(api.settings, room, order["order"], merchants)
        paid = await viewer.ask("pay", order=order["order"], **pay)
        assert paid["t"] == "ok", paid
        return dict(paid["order"])


async def own_lines(settings: Settings, room: str, order: str, merchants: dict[str, str]) -> None:
    """Say in a held order whose goods its lines are, as a sale with terms does."""
    redis = connect(settings.redis.url, settings.redis)
    key = keys_under(settings.redis.key_prefix).room(room, "orders")
    row = msgpack.decode(stored(await redis.hget(key, order)))
    for line in row["lines"]:
        line["merchant"] = merchants.get(line["sku"], "")
        line["goods"] = line["sku"] if line["merchant"] else ""
    await redis.hset(key, order, msgpack.encode(row))
    await redis.aclose()


async def must_add_up(settings: Settings, room: str) -> None:
    """The ledger says what the room has."""
    redis = connect(settings.redis.url, settings.redis)
    found = await audit(store_on(redis, keys_under(settings.redis.key_prefix)), room)
    await redis.aclose()
    assert found.differences == []


async def until(api: Api, path: str, true: Any, **who: Any) -> Any:
    """The answer, once the archive has come so far."""
    while True:
        body = await done(api, "GET", path, **who)
        if true(body):
            return body
        await asyncio.sleep(0.02)
