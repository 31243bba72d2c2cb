"""What a shop writes on tokens and products reaches it with each order, and nobody else."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import msgpack
import pytest
from redis.asyncio import Redis

from server.access.auth import BadToken, TokenVerifier
from server.features.ledger.ledger import read
from server.house import keys_under, store_on
from server.protocol.roles import Role
from server.rooms.pseudonyms import Pseudonyms
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_rest import MUG, SALE

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

USERS, MUGS = '{"tier":"gold"}', "erp-4711/龙井"
SECRETS = ("gold", "erp-4711")


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(orders={"fair_window_ms": 0})


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A live room in which a mug with a `meta` is on sale, one unit a buyer."""
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, settings, worker.url)
        await made.send("POST", "/v1/rooms", {"room": "r1", "title": "T"})
        put = await made.send("PUT", "/v1/rooms/r1/shelf/mug", MUG | {"meta": MUGS})
        assert put[0] == 200
        # Who changes the product without knowing of it does not take it away.
        await made.send("PUT", "/v1/rooms/r1/shelf/mug", MUG)
        await made.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
        yield made


def signed(settings: Settings, **claims: Any) -> str:
    assert settings.jwt.secret is not None
    whole = {"exp": time.time() + 3600, "iat": time.time()} | claims
    return jwt.encode(whole, settings.jwt.secret.get_secret_value())


async def ledger_of(settings: Settings) -> list[dict[str, Any]]:
    async with Redis.from_url(settings.redis.url) as redis:
        store = store_on(redis, keys_under(settings.redis.key_prefix))
        return [line async for chunk in read(store, "r1") for _, line in chunk]


async def test_metas_reach_the_ledger_and_the_exports_and_no_viewer(
    api: Api, settings: Settings
) -> None:
    one = SALE | {"stock": 1}
    sale = (await api.send("POST", "/v1/rooms/r1/sales", one))[1]["sale"]
    ann = signed(settings, sub="ann", meta=USERS)
    cy = signed(settings, sub="cy", meta="cy's")
    async with (
        talk(api.url) as buyer, talk(api.url) as waiting, talk(api.url) as guest,
        talk(api.url) as host,
    ):  # fmt: skip
        await guest.join()
        await host.join(api.token("h1", Role.HOST))
        await waiting.join(cy)
        joined = await buyer.join(ann)
        order = (await buyer.ask("buy", key="k", sale=sale))["order"]
        assert (await waiting.ask("waitlist", sale=sale))["place"] == 1
        await buyer.ask("cancel", order=order["order"])
        offered = await waiting.hear(lambda message: message["t"] == "order")
        shown = [
            joined, order, *buyer.messages, *guest.messages, *host.messages, *waiting.messages
        ]  # fmt: skip
    paths = ("/v1/rooms/r1", "/v1/rooms/r1/shelf", "/v1/rooms/r1/sales", "/v1/rooms")
    shown += [(await api.send("GET", path, user=None))[1] for path in paths]
    assert not [secret for secret in SECRETS if secret in str(shown)]
    assert "cy's" not in str(shown)

    lines = [line for line in await ledger_of(settings) if line["k"] == "order"]
    firsts = {line["order"]["order"]: line for line in lines if "was" not in line}
    assert firsts[order["order"]]["meta"] == USERS
    assert firsts[offered["order"]["order"]]["meta"] == "cy's"
    assert [line["metas"] for line in firsts.values()] == [[MUGS], [MUGS]]
    assert not [line for line in lines if "was" in line and {"meta", "metas"} & set(line)]

    _, csv = await api.send("GET", "/v1/rooms/r1/orders.csv")
    header, first, *_ = csv.splitlines()
    assert header.endswith("practice,meta,line_meta,auction")
    assert MUGS in first


async def test_without_metas_a_ledger_line_is_what_it_was(api: Api, settings: Settings) -> None:
    assert (await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG | {"meta": ""}))[0] == 200
    sale = (await api.send("POST", "/v1/rooms/r1/sales", SALE))[1]["sale"]
    async with talk(api.url) as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        await ann.ask("buy", key="k", sale=sale)
    [line] = [line for line in await ledger_of(settings) if line["k"] == "order"]
    assert set(line) == {"k", "at", "order"}


@pytest.mark.parametrize("meta", ["x" * 1025, "龙" * 342, 7, None, {"a": 1}, "\ud83d"])
async def test_a_meta_that_is_no_text_of_a_kilobyte_is_refused(
    meta: Any, api: Api, settings: Settings
) -> None:
    with pytest.raises(BadToken, match="`meta` must be a text of at most 1024 bytes"):
        TokenVerifier(settings).verify(signed(settings, sub="u1", meta=meta))
    if meta is not None and meta != "\ud83d":
        status, _ = await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG | {"meta": meta})
        assert status in (400, 413)


def test_a_forgotten_user_takes_along_what_the_shop_wrote_about_them() -> None:
    order = {"order": "o1", "user": "ann", "name": "Ann", "lines": []}
    line = {"k": "order", "at": 1, "meta": USERS, "metas": [MUGS], "order": order}
    wish = {"user": "ann", "name": "Ann", "meta": USERS, "qty": 1}
    other = line | {"order": order | {"user": "ben"}}
    people = Pseudonyms({"ann": "gone-1"}, {})
    kept = msgpack.unpackb(people.body(msgpack.packb([line, wish, other])))
    assert [each["meta"] for each in kept] == ["", "", USERS]
    assert kept[0]["metas"] == [MUGS]
