"""Commands by POST: those of the sockets, with the same rights, rates and replies."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from server.access.auth import SESSION_COOKIE
from server.house import HOUSE, keys_under
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from server.store.room_store import RoomStore
from server.web.idempotency import HEADER
from tests.conftest import MakeSettings
from tests.features.owners import tag
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

COMMANDS = "/v1/rooms/r1/commands"
MUG = {"sku": "mug", "title": "Mug", "price": 8900, "currency": "CNY"}
SALE: dict[str, Any] = {"sku": "mug", "price": 7900, "stock": 9, "per_user": 9, "hold_s": 60}
ANN: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}


@pytest.fixture
def limits() -> dict[str, Any]:
    """Settings of the edge; tests parametrize it."""
    return {}


@pytest.fixture
def web_settings(make_settings: MakeSettings, limits: dict[str, Any]) -> Settings:
    return make_settings(edge=limits, orders={"fair_window_ms": 0})


@pytest.fixture
async def apis(web_settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    """Two workers of one store, with a live room r1 of h1 and a mug on its shelf."""
    async with (
        running(web_settings, "w1") as one,
        running(web_settings, "w2") as two,
        aiohttp.ClientSession() as session,
    ):
        first, second = Api(session, web_settings, one.url), Api(session, web_settings, two.url)
        assert (await first.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"}))[0] == 201
        assert (await told(first, "shelf.put", product=MUG))["t"] == "ok"
        assert (await told(first, "live.start"))["t"] == "ok"
        yield first, second


async def told(api: Api, op: str, ref: int = 1, who: Any = None, **fields: Any) -> Any:
    """The reply to a command of the host, or of `who`."""
    return (await api.send("POST", COMMANDS, {"op": op, "ref": ref} | fields, **(who or {})))[1]


async def test_a_sale_runs_by_post_over_any_worker_and_its_events_come_to_a_socket(
    apis: tuple[Api, Api], web_settings: Settings
) -> None:
    one, two = apis
    async with talk(two.url) as ann:
        await ann.join(one.token("ann", Role.VIEWER))
        sale = (await told(two, "sale.open", **SALE))["sale"]["sale"]
        reply = await told(one, "buy", 12, ANN, sale=sale, key="k1")
        assert (reply["t"], reply["ref"], reply["order"]["status"]) == ("ok", 12, "held")
        heard = await ann.hear(lambda m: m["t"] == "order")
        assert heard["order"]["order"] == reply["order"]["order"]
        paid = await told(two, "pay", 13, ANN, order=reply["order"]["order"])
        assert paid["order"]["status"] == "paid"
        source = {"params": {"source": "search:q1"}, **ANN}
        again = await told(one, "buy", 14, source, sale=sale, key="k2")
        assert again["order"]["source"] == {"kind": "search", "id": "q1"}


async def test_a_refusal_is_the_err_of_a_socket_with_a_status(
    apis: tuple[Api, Api], limits: dict[str, Any]
) -> None:
    api, _ = apis
    sale = (await told(api, "sale.open", **SALE | {"starts_in_s": 600}))["sale"]["sale"]
    root: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
    nobody = {"user": None}
    own = f"{SESSION_COOKIE}={api.token('ann', Role.VIEWER)}"
    evil = {"user": None, "headers": {"Cookie": own, "Origin": "https://evil.example"}}
    nameless = {"user": None, "headers": {"Cookie": own}}
    buy = {"op": "buy", "ref": 3, "sale": sale, "key": "k"}
    for status, code, ref, body, who in (
        (409, "not_started", 3, buy, ANN),
        (404, "not_found", 4, {"op": "pay", "ref": 4, "order": "o1"}, ANN),
        (403, "forbidden", 5, {"op": "live.end", "ref": 5}, ANN),
        (403, "forbidden", 6, {"op": "comment", "ref": 6, "text": "hi"}, nobody),
        (400, "bad_message", 7, {"op": "join", "ref": 7}, ANN),
        (400, "bad_message", 8, {"op": "dance", "ref": 8}, ANN),
        (400, "bad_message", 9, {"op": "buy", "ref": 9, "sails": 1}, ANN),
        (400, "bad_message", None, [1], ANN),
        (409, "conflict", 10, {"op": "live.start", "ref": 10}, root),
        (401, "bad_token", -1, buy, {"user": None, "headers": {"Authorization": "Bearer x"}}),
        (413, "too_long", -1, {"op": "comment", "ref": 1, "text": "x" * 20_000}, ANN),
        (403, "forbidden", -1, buy, evil),
        (403, "forbidden", -1, buy, nameless),
        (403, "forbidden", -1, buy, ANN | {"headers": {"Origin": "https://evil.example"}}),
    ):
        more = dict(who)
        if "headers" in more:
            more["headers"] = dict(more["headers"])
        got, said = await api.send("POST", COMMANDS, body, **more)
        if ref == -1:  # refused before its command was read, as any request
            assert (got, said["error"]["code"]) == (status, code), said
        else:
            assert (got, said["t"], said["code"], said.get("ref")) == (status, "err", code, ref)
    assert (await told(api, "buy", who=ANN, sale=sale, key="k"))["retry_ms"] > 0
    assert (await told(api, "ping", who=nobody))["now"] > 10**12
    nowhere = await api.send("POST", "/v1/rooms/nowhere/commands", buy, **ANN)
    assert (nowhere[0], nowhere[1]["code"]) == (404, "not_found")
    own_page = {"Cookie": own, "Origin": api.url}
    body = {"op": "comment", "ref": 1, "text": "from our own page"}
    assert (await api.send("POST", COMMANDS, body, user=None, headers=own_page))[0] == 200


@pytest.mark.parametrize("limits", [{"commands_burst": 5, "commands_per_s": 0.1}])
async def test_a_user_may_send_to_a_room_as_much_as_by_one_socket(apis: tuple[Api, Api]) -> None:
    api, _ = apis
    answers = [
        await api.send("POST", COMMANDS, {"op": "orders", "ref": 1}, **ANN) for _ in "123456"
    ]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[-1][1]["error"]["code"] == "rate_limited"
    assert (await told(api, "orders", who={"user": "ben", "role": Role.VIEWER}))["t"] == "ok"
    root = {"user": "root", "role": Role.ADMIN}  # another server has the rate of servers
    assert all([(await told(api, "slow", who=root, seconds=1))["t"] == "ok" for _ in range(8)])


@pytest.mark.parametrize("limits", [{"commands_in_flight_max": 1}])
async def test_a_user_has_so_many_commands_under_way(
    apis: tuple[Api, Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, _ = apis
    run, held, go = RoomStore.run_script, asyncio.Event(), asyncio.Event()

    async def slowly(self: RoomStore, name: str, *args: Any) -> Any:
        if name == "comments.add":
            held.set()
            await go.wait()
        return await run(self, name, *args)

    monkeypatch.setattr(RoomStore, "run_script", slowly)
    first = asyncio.create_task(told(api, "comment", who=ANN, text="one"))
    await held.wait()
    refused = await told(api, "orders", who=ANN)
    assert (refused["code"], refused["retry_ms"]) == ("rate_limited", 100)
    go.set()
    assert (await first)["t"] == "ok"
    assert (await told(api, "orders", who=ANN))["t"] == "ok"


ADDING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "comment": ({"text": "Hello there"}, ANN),
    "like": ({"n": 3}, ANN),
    "coupon.open": ({"title": "T", "quota": 5, "currency": "CNY", "amount": 100, "floor": 200}, {}),
    "lucky.open": ({"title": "T", "prizes": 1}, {}),
    "poll.open": ({"question": "Q?", "options": ["A", "B"]}, {}),
    "sale.open": (SALE, {}),
    "buy": ({"key": "k1"}, ANN),
}
"""Commands that add something each time -> their fields, and who sends them."""


async def test_what_adds_something_is_done_once_with_a_key(
    apis: tuple[Api, Api], redis: Redis, web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies at once at two workers, the answer lost, and one copy more: it is there once."""
    sale = (await told(apis[0], "sale.open", **SALE))["sale"]["sale"]
    keys = keys_under(web_settings.redis.key_prefix)
    run = RoomStore.run_script

    async def lost(self: RoomStore, name: str, room: str, args: Any, decoder: Any) -> Any:
        if args.get("step") == "keep":
            raise CommandError("unavailable", "The worker is gone.")
        return await run(self, name, room, args, decoder)

    async def size() -> list[int]:
        streams = [await redis.xlen(keys.room("r1", name)) for name in ("events", "ledger")]
        hearts = int(await redis.hget(keys.room("r1", "room"), "likes") or 0)
        return [*streams, await redis.llen(keys.room("r1", "recent")), hearts]

    for op, (fields, who) in ADDING.items():
        body = {"op": op, "ref": 1} | fields | ({"sale": sale} if op == "buy" else {})

        async def send(n: int, body: Any = body, who: Any = who, key: str = op) -> Any:
            more = dict(who) | {"headers": {HEADER: key}}
            return await apis[n % 2].send("POST", COMMANDS, body, **more)

        with monkeypatch.context() as crash:
            crash.setattr(RoomStore, "run_script", lost)
            crashed = await asyncio.gather(*map(send, range(4)))
            assert {status for status, _ in crashed} == {503}, crashed
        after = await size()
        answers = [await send(n) for n in range(3)]
        assert answers[0][0] == 200, answers[0]
        assert answers == [answers[0]] * 3, op
        assert await size() == after, f"`{op}` was done again"
        if op == "comment":
            shown = (await apis[0].send("GET", "/v1/rooms/r1"))[1]["comments"]
            assert [each["id"] for each in shown] == [answers[0][1]["id"]]
    assert (await size())[3] == 3, "hearts"


async def test_the_document_describes_each_command(apis: tuple[Api, Api]) -> None:
    _, document = await apis[0].send("GET", "/v1/openapi.json", user=None)
    operation = document["paths"]["/v1/rooms/{room}/commands"]["post"]
    said = operation["requestBody"]["content"]["application/json"]["schema"]
    ops = set(said["discriminator"]["mapping"])
    assert ops == {tag(kind) for kind in HOUSE.commands} - {"join"}
    assert "Idempotency-Key" in [each["name"] for each in operation["parameters"]]
