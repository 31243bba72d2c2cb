"""The shelf, the pin and the notice, from below."""

from typing import Any

import msgspec
import pytest

from server.features.shelf.messages import PinEvent, ShelfEvent
from server.house import HOUSE
from tests.store.script_room import ScriptRoom, product


async def put(room: ScriptRoom, *skus: str) -> None:
    for sku in skus:
        await room.run("shelf.put", product=product(sku), products_max=9)
    await room.published()


async def skus(room: ScriptRoom) -> list[str]:
    return [p["sku"] for p in (await room.run("room_load", recent_max=0))["shelf"]]


async def test_a_product_is_put_and_told_whole(live: ScriptRoom) -> None:
    tea = product("tea", points=["fresh"], flaws=[], image="/tea.jpg")
    [event] = await live.events("shelf.put", product=tea, products_max=9)
    assert event == {"t": "shelf", "put": tea, "total": 1, "seq": 2}
    assert (await live.stream())[-1] == ("2-0", event, "")
    assert (await live.run("room_load", recent_max=0))["shelf"] == [tea]
    assert msgspec.convert(event, ShelfEvent).put is not None


async def test_a_replaced_product_stays_where_it_stands(live: ScriptRoom) -> None:
    await put(live, "tea", "cup", "pot")
    await live.run("shelf.put", product=product("tea", price=5), products_max=3)
    shelf = (await live.run("room_load", recent_max=0))["shelf"]
    assert [(p["sku"], p["price"]) for p in shelf] == [("tea", 5), ("cup", 1990), ("pot", 1990)]


async def test_a_product_put_again_after_its_removal_goes_last(live: ScriptRoom) -> None:
    await put(live, "tea", "cup", "pot")
    await live.run("shelf.remove", sku="tea")
    await put(live, "arm", "tea")
    assert await skus(live) == ["cup", "pot", "arm", "tea"]


async def test_a_full_shelf_takes_no_more_but_lets_a_product_be_replaced(
    live: ScriptRoom,
) -> None:
    await put(live, "tea", "cup")
    refusal = await live.refused("shelf.put", product=product("pot"), products_max=2)
    assert refusal.code == "limit_reached"
    await live.run("shelf.put", product=product("cup"), products_max=2)


async def test_a_shelf_takes_so_many_bytes_and_may_always_shrink(live: ScriptRoom) -> None:
    big = product("tea", image="/" + "i" * 900)
    await live.run("shelf.put", product=big, products_max=9)
    await put(live, "cup")
    for more in (product("pot"), product("cup", image="/i")):
        refusal = await live.refused("shelf.put", product=more, products_max=9, bytes_max=1000)
        assert (refusal.code, "1000 bytes" in refusal.msg) == ("limit_reached", True)
    smaller = product("tea", image="/" + "i" * 899)
    await live.run("shelf.put", product=smaller, products_max=9, bytes_max=100)
    await live.run("shelf.put", product=product("tea"), products_max=9, bytes_max=1000)
    await live.run("shelf.put", product=product("pot"), products_max=9, bytes_max=1000)
    assert await skus(live) == ["tea", "cup", "pot"]


async def test_a_sku_may_be_any_text(live: ScriptRoom) -> None:
    odd = ["10", "2", "茶 壶", "a:b/c", "__proto__"]
    await put(live, *odd)
    assert await skus(live) == odd


async def test_a_removed_product_is_told_by_its_sku(live: ScriptRoom) -> None:
    await put(live, "tea", "cup")
    assert await live.events("shelf.remove", sku="tea") == [
        {"t": "shelf", "remove": "tea", "total": 1, "seq": 4}
    ]
    assert await skus(live) == ["cup"]


async def test_removing_the_pinned_product_unpins_it_first(live: ScriptRoom) -> None:
    await put(live, "tea")
    await live.run("shelf.pin", sku="tea")
    await live.published()
    assert await live.events("shelf.remove", sku="tea") == [
        {"t": "pin", "seq": 4},
        {"t": "shelf", "remove": "tea", "total": 0, "seq": 5},
    ]
    assert (await live.fields())["pin"] == ""


@pytest.mark.parametrize("script", ["shelf.remove", "shelf.pin"])
async def test_a_product_that_is_not_on_the_shelf_is_not_found(
    live: ScriptRoom, script: str
) -> None:
    assert (await live.refused(script, sku="gone")).code == "not_found"


async def test_a_pin_is_told_and_the_same_pin_again_is_no_news(live: ScriptRoom) -> None:
    await put(live, "tea")
    assert await live.events("shelf.pin", sku="tea") == [{"t": "pin", "sku": "tea", "seq": 3}]
    assert await live.tell("shelf.pin", sku="tea") == []
    assert (await live.fields())["pin"] == "tea"


async def test_unpinning_is_told_as_null_and_only_when_something_was_pinned(
    live: ScriptRoom,
) -> None:
    assert await live.tell("shelf.pin", sku="") == []
    await put(live, "tea")
    await live.run("shelf.pin", sku="tea")
    await live.published()
    [event] = await live.events("shelf.pin", sku="")
    wire = msgspec.json.encode(msgspec.convert(event, HOUSE.shape.events))
    assert msgspec.json.decode(wire) == {"t": "pin", "seq": 4, "sku": None}
    assert isinstance(msgspec.convert(event, HOUSE.shape.events), PinEvent)


async def test_a_notice_is_kept_and_told_until_the_next_one(live: ScriptRoom) -> None:
    assert await live.events("notices.put", text="满减 🎉") == [
        {"t": "notice", "text": "满减 🎉", "seq": 2}
    ]
    assert (await live.fields())["notice"] == "满减 🎉"
    assert await live.events("notices.put", text="") == [{"t": "notice", "text": "", "seq": 3}]
    assert (await live.fields())["notice"] == ""


async def test_of_a_merchants_goods_a_host_changes_only_the_points(live: ScriptRoom) -> None:
    flawed = product("acme:tea", flaws=["chipped"], proofs=[{"label": "C", "number": "1"}])
    mine = flawed | {"merchant": "acme", "goods": "tea", "points": ["fresh"]}
    await live.run("shelf.put", product=mine, products_max=9)

    changes: list[dict[str, Any]] = [
        {"price": 1},
        {"title": "Better tea"},
        {"flaws": []},
        {"flaws": ["chipped", "old"]},
        {"proofs": [{"label": "C", "number": "2"}]},
        {"image": "/other.jpg"},
    ]
    for other in changes:
        refused = await live.refused("shelf.put", product=flawed | other, products_max=9)
        assert (refused.code, f"`{next(iter(other))}`" in refused.msg) == ("forbidden", True)
    assert (await live.run("room_load", recent_max=0))["shelf"] == [mine]

    await live.run("shelf.put", product=flawed | {"points": ["my favourite"]}, products_max=9)
    shelf = (await live.run("room_load", recent_max=0))["shelf"]
    assert shelf == [mine | {"points": ["my favourite"]}]


async def test_a_product_takes_its_terms_along_when_it_leaves(live: ScriptRoom) -> None:
    await put(live, "m1:tea", "m1:cup")
    for key in ("terms", "picked"):
        await live.redis.hset(live.key(key), mapping={"m1:tea": b"\x80", "m1:cup": b"\x80"})
    await live.run("shelf.remove", sku="m1:tea")
    for key in ("terms", "picked"):
        assert list(await live.redis.hgetall(live.key(key))) == [b"m1:cup"], key


async def test_a_variant_that_is_no_more_leaves_with_what_the_shop_wrote_of_it(
    live: ScriptRoom,
) -> None:
    theirs = product("m1:tea-s") | {"merchant": "m1", "goods": "tea"}
    await live.run("shelf.put", product=theirs, meta="of the shop", products_max=9)
    renewed: dict[str, Any] = {"terms": {}, "picked": {}, "merchant": "m1", "goods": "tea"}
    done = await live.run(
        "offers.pick", products=[], skus=["m1:tea-l"], products_max=9, points_max=10, **renewed
    )
    assert done == {"skus": []}
    assert await skus(live) == []
    assert await live.redis.hgetall(live.key("metas")) == {}
