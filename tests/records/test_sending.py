"""Sending, from the payment to the arrival, on both engines: addresses, parcels, moments."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest

from server.features.ledger import ledger
from server.house import keys_under, store_on
from server.protocol.roles import Role
from server.records.database import Database
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.records.bought import (
    ANN,
    BEN,
    HOME,
    M1,
    M2,
    OTHER,
    ROOT,
    buy,
    done,
    must_add_up,
    open_room,
    until,
)
from tests.records.evening import copy_all
from tests.records.test_retirement import retirer_of
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url, "archive_interval_s": 0.05}, orders={"fair_window_ms": 0}
    )


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


BOOK = "/v1/me/addresses/home"


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    """The rooms of this test."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


def parcel(*orders: dict[str, Any], tracking: str = "SF1", **more: Any) -> dict[str, Any]:
    named = [{"room": each["room"], "order": each["order"]} for each in orders]
    return {"carrier": "SF", "tracking": tracking, "orders": named} | more


async def test_an_order_goes_from_payment_to_arrival(api: Api, store: RoomStore) -> None:
    await open_room(api, "r1")
    await done(api, "PUT", "/v1/me/addresses/home", HOME, **ANN)
    order = await buy(api, "r1", address="home")
    path = f"/v1/rooms/r1/orders/{order['order']}"
    await done(api, "PUT", "/v1/me/addresses/home", HOME | {"city": "北京"}, **ANN)

    page = await until(api, "/v1/hosts/h1/to-send", lambda page: page["orders"])
    [waiting] = page["orders"]
    of_root = await done(api, "GET", "/v1/hosts/h1/to-send", **ROOT)
    assert "delivery" not in of_root["orders"][0], "the operator sends nothing"
    assert waiting["delivery"]["address"]["city"] == "景德镇", "it is frozen when it is paid"
    assert [(line["sku"], line["qty"]) for line in waiting["lines"]] == [("mug", 2), ("cup", 1)]
    seen = await done(api, "GET", f"{path}/delivery", **ANN)
    assert seen["delivery"] == waiting["delivery"]
    for nobody in (BEN, OTHER, M1, ROOT):
        await api.refused(404, "not_found", "GET", f"{path}/delivery", **nobody)

    async with talk(api.url, "r1") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        sent = await done(api, "POST", "/v1/hosts/h1/parcels", parcel(order))
        await ann.wait_for(lambda: any(m["t"] == "order" for m in ann.messages))
        told = [m for m in ann.messages if m["t"] == "order"][-1]["order"]
    [one] = told["parcels"]
    assert (one["parcel"], one["carrier"], one["tracking"]) == (sent["parcel"], "SF", "SF1")
    again = await done(api, "POST", "/v1/hosts/h1/parcels", parcel(order))
    assert again == sent, "the same again is the same as once"
    await api.refused(
        409, "conflict", "POST", "/v1/hosts/h1/parcels", parcel(order, tracking="SF2")
    )
    await until(api, "/v1/hosts/h1/to-send?state=sent", lambda page: page["orders"])
    delivered = f"/v1/hosts/h1/parcels/{one['parcel']}/delivered"
    came = await done(api, "POST", delivered, {})
    assert came["orders"][0]["parcels"][0]["delivered"] > 0
    assert await done(api, "POST", delivered, {}) == came
    await until(api, "/v1/hosts/h1/to-send?state=delivered", lambda page: page["orders"])
    mine = await until(
        api, "/v1/me/orders", lambda p: p["orders"][0]["order"].get("parcels"), **ANN
    )
    assert mine["orders"][0]["order"]["parcels"] == came["orders"][0]["parcels"]
    lines = [line async for chunk in ledger.read(store, "r1") for _, line in chunk]
    told = [(line.get("sent"), line.get("delivered")) for line in lines if "was" in line]
    assert told[-2:] == [(one["parcel"], None), (None, one["parcel"])], "the outbox tells both"
    assert not any("湖" in str(line) or "瓷都" in str(line) for line in lines), "and no address"
    await must_add_up(api.settings, "r1")


async def test_what_cannot_be_sent_is_refused_and_nothing_changes(api: Api) -> None:
    await open_room(api, "r1")
    order, bens = await buy(api, "r1"), await buy(api, "r1", "ben")
    path, parcels = f"/v1/rooms/r1/orders/{order['order']}", "/v1/hosts/h1/parcels"
    mug = order["lines"][0]["sale"]

    async def refused(status: int, code: str, body: dict[str, Any], **who: Any) -> str:
        return await api.refused(status, code, "POST", parcels, body, **who)

    await refused(403, "forbidden", parcel(order), **OTHER)
    await refused(404, "not_found", parcel({"room": "r1", "order": "o0"}))
    await refused(404, "not_found", parcel({"room": "r2", "order": order["order"]}))
    assert "different buyers" in await refused(409, "conflict", parcel(order, bens))
    three = parcel(
        orders=[{"room": "r1", "order": order["order"], "lines": [{"sale": mug, "qty": 3}]}]
    )
    assert "2 are left" in await refused(409, "conflict", three)
    unsent = {"orders": parcel(order)["orders"]}
    await api.refused(409, "conflict", "POST", f"{parcels}/p0/delivered", unsent)
    await done(api, "POST", f"{path}/return-request", {"reason": "size"}, **ANN)
    assert "back" in await refused(409, "conflict", parcel(order))
    await done(api, "POST", f"{path}/return-answer", {"accept": True})
    assert "returned" in await refused(409, "conflict", parcel(order))
    await done(api, "POST", parcels, parcel(bens))
    taken = await refused(404, "not_found", parcel(order, tracking="SF9", instead="p0"))
    assert "no parcel" in taken
    [wrong] = (await done(api, "GET", f"/v1/rooms/r1/orders/{bens['order']}/delivery", **BEN))[
        "parcels"
    ]
    right = parcel(bens, tracking="SF2", instead=wrong["parcel"])
    fixed = await done(api, "POST", parcels, right)
    assert [p["tracking"] for p in fixed["orders"][0]["parcels"]] == ["SF2"]
    await must_add_up(api.settings, "r1")


async def test_each_seller_sends_and_sees_their_own_lines(api: Api) -> None:
    await open_room(api, "r1")
    await done(api, "PUT", "/v1/me/addresses/home", HOME, **ANN)
    order = await buy(api, "r1", merchants={"mug": "m1"}, address="home")
    delivery = f"/v1/rooms/r1/orders/{order['order']}/delivery"
    [of_m1] = (await until(api, "/v1/merchants/m1/to-send", lambda page: page["orders"], **M1))[
        "orders"
    ]
    [of_host] = (await done(api, "GET", "/v1/hosts/h1/to-send"))["orders"]

    assert [line["sku"] for line in of_m1["lines"]] == ["mug"]
    assert [line["sku"] for line in of_host["lines"]] == ["cup"]
    await api.refused(403, "forbidden", "GET", "/v1/merchants/m1/to-send", **M2)
    await api.refused(404, "not_found", "GET", delivery, **M2)
    await api.refused(403, "forbidden", "POST", "/v1/merchants/m2/parcels", parcel(order), **M2)
    await done(api, "POST", "/v1/merchants/m1/parcels", parcel(order), **M1)
    seen = await done(api, "GET", delivery, **M1)
    assert [each["merchant"] for each in seen["parcels"]] == ["m1"]
    assert "parcels" not in (await done(api, "GET", "/v1/hosts/h1/to-send"))["orders"][0]
    await done(api, "POST", "/v1/hosts/h1/parcels", parcel(order))
    all_of_it = await done(api, "GET", delivery, **ANN)
    assert [each.get("merchant", "") for each in all_of_it["parcels"]] == ["m1", ""]
    shown = await done(api, "GET", of_m1["moment"], **M1)
    assert [line["sku"] for line in shown["lines"]] == ["mug"]


async def test_orders_of_one_buyer_in_two_rooms_go_in_one_parcel(api: Api) -> None:
    await open_room(api, "r1")
    await open_room(api, "r2")
    await done(api, "PUT", "/v1/me/addresses/home", HOME, **ANN)
    await done(api, "PUT", "/v1/me/addresses/work", HOME | {"city": "南昌"}, **ANN)
    first = await buy(api, "r1", address="home")
    second = await buy(api, "r2")
    bens = await buy(api, "r2", "ben")
    parcels, delivery = "/v1/hosts/h1/parcels", f"/v1/rooms/r2/orders/{second['order']}/delivery"

    refused = await api.refused(409, "conflict", "POST", parcels, parcel(first, bens))
    assert "different buyers" in refused
    await done(api, "PUT", delivery, {"written": HOME | {"city": "南昌"}}, **ANN)
    assert "addresses" in await api.refused(409, "conflict", "POST", parcels, parcel(first, second))
    await api.refused(409, "conflict", "PUT", delivery, {"address": "home"}, **ANN)
    third = await buy(api, "r1", "ann.2")
    fourth = await buy(api, "r2", "ann.2", deliver="shop-77")
    sent = await done(api, "POST", parcels, parcel(third, fourth))
    assert {each["room"] for each in sent["orders"]} == {"r1", "r2"}
    await until(api, "/v1/hosts/h1/to-send?state=sent", lambda page: len(page["orders"]) == 2)
    somebody = await api.refused(409, "conflict", "POST", parcels, parcel(bens))
    assert "different buyers" in somebody, "the number is of a parcel to another buyer"
    came = await done(api, "POST", f"{parcels}/{sent['parcel']}/delivered", {})
    assert all(each["parcels"][0]["delivered"] for each in came["orders"])


async def test_a_csv_is_taken_row_by_row(api: Api) -> None:
    await open_room(api, "r1")
    await done(api, "PUT", "/v1/me/addresses/home", HOME | {"name": "=Ann"}, **ANN)
    anns, bens = await buy(api, "r1", address="home"), await buy(api, "r1", "ben")
    await until(api, "/v1/hosts/h1/to-send", lambda page: len(page["orders"]) == 2)
    status, text = await api.send("GET", "/v1/hosts/h1/to-send.csv")
    assert status == 200
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert [(row["sku"], row["name"]) for row in rows][:2] == [("mug", "'=Ann"), ("cup", "'=Ann")]
    numbers = ["SF1", "SF1", "1.23E+12", "=1+1"]
    for row, number in zip(rows, numbers, strict=True):
        row |= {"carrier": "SF", "tracking": number}
    rows.append(rows[0] | {"order": "o0", "tracking": "SF7", "delivered": "yes"})

    def file(encoding: str) -> bytes:
        made = io.StringIO()
        writer = csv.DictWriter(made, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        return made.getvalue().encode(encoding)

    async def take(body: bytes) -> tuple[int, Any]:
        headers = {"Content-Type": "text/csv"}
        return await api.send("POST", "/v1/hosts/h1/parcels/import", data=body, headers=headers)

    for bad in (file("gb18030"), b"a,b\n1,2\n", b"room,order,x\nr1,o0,1\n", b'room,"order\n'):
        status, body = await take(bad)
        assert (status, body["error"]["code"]) == (400, "bad_message"), body
    for encoding in ("utf-8-sig", "utf-16"):
        status, body = await take(file(encoding))
        assert (status, body["rows"], body["sent"], body["refused"]) == (200, 5, 2, 3), body
        assert [each["row"] for each in body["errors"]] == [4, 5, 6]
    left = await until(api, "/v1/hosts/h1/to-send", lambda page: len(page["orders"]) == 1)
    assert left["orders"][0]["order"] == bens["order"]
    assert (await done(api, "GET", f"/v1/rooms/r1/orders/{anns['order']}/delivery", **ANN))[
        "parcels"
    ][0]["tracking"] == "SF1"
    status, body = await take(f"room,order,delivered\nr1,{anns['order']},yes\n".encode())
    assert (body["delivered"], body["errors"]) == (1, [])


async def test_each_order_keeps_its_moment(api: Api) -> None:
    await open_room(api, "r1")
    order = await buy(api, "r1")
    path = f"/v1/rooms/r1/orders/{order['order']}/moment"
    better = {"sku": "mug", "title": "Mug", "price": 9900, "currency": "CNY", "flaws": []}
    await done(api, "PUT", "/v1/rooms/r1/shelf/mug", better)
    await done(api, "PUT", "/v1/rooms/r1/pin", {"sku": "cup"})

    moment = await done(api, "GET", path, **ANN)
    assert moment["pin"]["sku"] == "mug"
    assert moment["lines"][0]["product"]["flaws"] == ["a small dot"]
    assert (moment["lines"][0]["product"]["price"], moment["lines"][0]["price"]) == (8900, 7900)
    assert (moment["lines"][0]["pinned"], "pinned" in moment["lines"][1]) == (True, False)
    assert moment["replay"] == f"/watch/r1?at={moment['second']}"
    for allowed in ({}, ROOT):
        assert await done(api, "GET", path, **allowed) == moment
    for nobody in (BEN, OTHER, M1):
        await api.refused(404, "not_found", "GET", path, **nobody)
    [listed] = (await until(api, "/v1/me/orders", lambda page: page["orders"], **ANN))["orders"]
    assert listed["moment"] == path


async def test_a_moment_outlasts_its_room_in_redis(
    api: Api, store: RoomStore, records: Database
) -> None:
    await open_room(api, "r1")
    order = await buy(api, "r1")
    path = f"/v1/rooms/r1/orders/{order['order']}"
    moment = await done(api, "GET", f"{path}/moment", **ANN)
    await done(api, "POST", "/v1/rooms/r1/live", {"phase": "ended"})
    await copy_all(store, records, api.settings)
    outcome = await retirer_of(store, records, api.settings).retire("r1", at_once=True)
    assert outcome.left, outcome

    assert await done(api, "GET", f"{path}/moment", **ANN) == moment
    sent = await done(api, "POST", "/v1/hosts/h1/parcels", parcel(order))
    assert sent["orders"][0]["parcels"], "and what was bought there can still be sent"
    await must_add_up(api.settings, "r1")


async def test_who_pays_says_where_it_goes_or_is_asked_later(api: Api) -> None:
    await open_room(api, "r1")
    headers = {"Authorization": f"Bearer {token_with_reference(api.settings)}"}
    async with talk(api.url, "r1") as viewer:
        joined = await viewer.join(headers["Authorization"].removeprefix("Bearer "))
        sale = joined["room"]["sales"][0]["sale"]
        order = (await viewer.ask("buy", key="k", sale=sale))["order"]["order"]
        unknown = await viewer.ask("pay", order=order, address="home")
        both = await viewer.ask("pay", order=order, address="home", deliver="x")
        assert (unknown["code"], both["code"]) == ("not_found", "bad_message")
        assert (await viewer.ask("orders"))["orders"][0]["status"] == "held", "nothing was charged"
        assert (await viewer.ask("pay", order=order))["order"]["status"] == "paid"
    delivery = f"/v1/rooms/r1/orders/{order}/delivery"
    seen = await done(api, "GET", delivery, user=None, headers=headers)
    assert seen["delivery"]["deliver"] == "客户 77"
    asked = f"/v1/me/deliveries?orders={order}"
    assert len((await done(api, "GET", asked, user=None, headers=headers))["deliveries"]) == 1
    assert (await done(api, "GET", asked, **BEN))["deliveries"] == []
    bens = await buy(api, "r1", "ben")
    of_ben = f"/v1/rooms/r1/orders/{bens['order']}/delivery"
    for wrong, words in (
        (HOME | {"region": ""}, "`region` is missing"),
        (HOME | {"country": "ZZ"}, "no country ZZ"),
        (HOME | {"postcode": "1"}, "6 digits"),
        (HOME | {"phone": "call me"}, "`phone`"),
    ):
        put = {"written": wrong}
        assert words in await api.refused(400, "bad_message", "PUT", of_ben, put, **BEN)
        put_in_book = await api.refused(400, "bad_message", "PUT", BOOK, wrong, **BEN)
        assert words in put_in_book
    await done(api, "PUT", of_ben, {"written": HOME}, **BEN)
    await done(api, "PUT", of_ben, {"written": HOME}, **BEN)
    await api.refused(409, "conflict", "PUT", of_ben, {"deliver": "elsewhere"}, **BEN)


def token_with_reference(settings: Settings) -> str:
    """A token of a shop that knows where its customer lives."""
    assert settings.jwt.secret is not None
    claims = {"sub": "cleo", "deliver": "客户 77", "exp": 4_102_444_800}
    return jwt.encode(claims, settings.jwt.secret.get_secret_value(), algorithm="HS256")
